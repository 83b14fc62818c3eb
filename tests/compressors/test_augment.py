"""Images shifted, turned, scaled and mirrored."""

import pytest
import torch

from compressors.augment import Augmentation, augment
from profiler.errors import BadInput


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def point(row, column, height=9, width=9, count=200):
    images = torch.zeros(count, 1, height, width)
    images[:, :, row, column] = 1
    return images


def where(images):
    """(row, column) of the brightest pixel of each image."""
    flat = images.flatten(1).argmax(1)
    return {(int(place) // images.shape[3], int(place) % images.shape[3]) for place in flat}


def test_nothing_asked_nothing_changed():
    images = torch.rand(2, 3, 4, 5)
    assert augment(images, Augmentation(), seeded()) is images


def test_shift_moves_by_whole_pixels_up_to_its_limit():
    moved = augment(point(4, 3), Augmentation(shift=2), seeded())
    assert where(moved) == {(row, column) for row in range(2, 7) for column in range(1, 6)}
    assert moved.amax((1, 2, 3)).min() > 0.999  # not smeared over its neighbours


def test_shift_repeats_the_edge():
    images = torch.full((50, 1, 4, 4), 7.0)
    assert augment(images, Augmentation(shift=3), seeded()).allclose(images)


def test_flip_mirrors_half_of_the_images():
    moved = augment(point(1, 2), Augmentation(flip=True), seeded())
    assert where(moved) == {(1, 2), (1, 6)}
    assert 60 < sum(image[0, 1, 6] > 0.9 for image in moved) < 140


def test_rotation_turns_about_the_centre_and_keeps_distances():
    # A point 6 right of the centre of a 21×41 image: turned by up to 90° it stays 6 pixels away.
    moved = augment(point(10, 26, 21, 41), Augmentation(rotate=90), seeded())
    distances = [((row - 10) ** 2 + (column - 20) ** 2) ** 0.5 for row, column in where(moved)]
    assert min(distances) > 5
    assert max(distances) < 7
    rows = {row for row, _ in where(moved)}
    assert min(rows) <= 5
    assert max(rows) >= 15


def test_scale_moves_points_from_the_centre():
    moved = augment(point(10, 30, 21, 41), Augmentation(scale=0.2), seeded())
    columns = {column for _, column in where(moved)}
    assert min(columns) in (28, 29)  # 10 · 0.8 = 8 from column 20
    assert max(columns) in (31, 32)


def test_the_seed_decides():
    images = torch.rand(8, 1, 9, 9, generator=seeded(5))
    how = Augmentation(shift=2, rotate=10, scale=0.1, flip=True)
    assert augment(images, how, seeded(1)).equal(augment(images, how, seeded(1)))
    assert not augment(images, how, seeded(1)).equal(augment(images, how, seeded(2)))


def test_inputs_that_are_no_images():
    with pytest.raises(BadInput, match="Inputs of 784"):
        augment(torch.zeros(2, 784), Augmentation(shift=1), seeded())
