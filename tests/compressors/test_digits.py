"""The bundled digits: real, split once, and told apart."""

import numpy as np
import pytest

import assets
from compressors.data import open_data


@pytest.fixture(scope="module")
def digits():
    return open_data("digits")


def test_sizes_are_the_documented_ones(digits):
    assert dict(digits.sizes) == {"train": 7000, "validation": 1000, "test": 2000}
    assert digits.classes == tuple("0123456789")


def test_no_image_is_in_two_splits(digits):
    of = {name: {image.tobytes() for image in digits.split(name).images[:]} for name in digits.sizes}
    assert [len(images) for images in of.values()] == [7000, 1000, 2000]  # none twice in one split either
    assert not of["train"] & of["test"]
    assert not of["train"] & of["validation"]
    assert not of["validation"] & of["test"]


def test_every_class_is_split_in_proportion(digits):
    counts = np.array([np.bincount(digits.split(name).labels, minlength=10) for name in digits.sizes])
    shares = counts / counts.sum(axis=0)
    assert np.abs(shares - np.array([[0.7], [0.1], [0.2]])).max() < 0.005


def test_images_are_upright_white_on_black(digits):
    test = digits.split("test")
    images = test.images[:]
    assert images.shape == (2000, 28, 28, 1)
    assert images.dtype == np.uint8
    assert images[:, 0].max() == 0  # MNIST centres a 20×20 digit in 28×28
    ones, zeros = images[test.labels == 1], images[test.labels == 0]
    # A nought has a hole where a one has its stroke.
    assert ones[:, 13:15, 13:15].mean() > 150
    assert zeros[:, 13:15, 13:15].mean() < 50


def test_an_unknown_split_is_refused(digits):
    from profiler.errors import BadInput

    with pytest.raises(BadInput, match="train, validation, test"):
        digits.split("holdout")


def test_the_notice_names_source_and_licence():
    text = assets.path("data/NOTICE").read_text()
    for words in ("Juan Cazala", "MIT License", "LeCun", "Cortes", "Burges"):
        assert words in text
