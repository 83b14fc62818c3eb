"""From pixels to the input tensor, step by step."""

import numpy as np
import pytest

from compressors.data.data_set import Split
from compressors.data.prepare import Prepared, output_labels, prepare, to_tensor
from profiler.errors import BadInput
from profiler.input_recipe import InputRecipe

RED = np.array([[[[255, 0, 0]]]], np.uint8)  # 1×1×1×3


def test_scale_mean_and_std_per_channel():
    recipe = InputRecipe(scale=1 / 255, mean=(0.5, 0.25, 0.0), std=(0.5, 1.0, 2.0))
    tensor = prepare(np.array([[[[255, 51, 102]]]], np.uint8), recipe, (1, 3, 1, 1))
    assert tensor.dtype == np.float32
    # (1 − 0.5)/0.5, (0.2 − 0.25)/1, 0.4/2
    assert tensor.reshape(-1) == pytest.approx([1.0, -0.05, 0.2], abs=1e-6)


@pytest.mark.parametrize(
    ("colour", "channels", "expected"),
    [("rgb", 3, [255, 0, 0]), ("bgr", 3, [0, 0, 255]), ("grey", 1, [255 * 0.299])],
)
def test_colours(colour, channels, expected):
    tensor = prepare(RED, InputRecipe(colour=colour, scale=1.0), (1, channels, 1, 1))
    assert tensor.reshape(-1) == pytest.approx(expected, rel=1e-6)


def test_grey_becomes_colour_by_repeating():
    tensor = prepare(np.full((2, 1, 1, 1), 9, np.uint8), InputRecipe(scale=1.0), ("N", 3, 1, 1))
    assert tensor.tolist() == [[[[9.0]]] * 3] * 2


def test_layout():
    image = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    last = prepare(image, InputRecipe(scale=1.0, layout="NHWC"), (1, 2, 2, 3))
    first = prepare(image, InputRecipe(scale=1.0), (1, 3, 2, 2))
    assert np.array_equal(last, image)
    assert first[0, 1].tolist() == [[1, 4], [7, 10]]


def test_shorter_side_then_centre_crop():
    # 4 high, 8 wide, brightness by column in pairs; shorter side to 2: 2×4; centre 2×2 is columns 1 and 2.
    image = np.repeat(np.array([0, 0, 80, 80, 160, 160, 240, 240], np.uint8), 4).reshape(8, 4).T[None, :, :, None]
    tensor = prepare(image, InputRecipe(resize=2, colour="grey", scale=1.0), (1, 1, 2, 2))
    left, right = tensor[0, 0, 0]
    assert 60 < left < 100
    assert 140 < right < 180


def test_crop_without_resize_is_exact():
    image = np.arange(16, dtype=np.uint8).reshape(1, 4, 4, 1)
    tensor = prepare(image, InputRecipe(crop=(2, 2), colour="grey", scale=1.0), (1, 1, 2, 2))
    assert tensor[0, 0].tolist() == [[5, 6], [9, 10]]


def test_another_size_is_resized_straight():
    images = [np.full((5, 7, 1), 40, np.uint8), np.full((9, 3, 3), 200, np.uint8)]
    tensor = prepare(images, InputRecipe(scale=1.0), (None, 3, 4, 6))
    assert tensor.shape == (2, 3, 4, 6)
    assert (tensor[0] == 40).all()
    assert (tensor[1] == 200).all()


def test_a_flat_input():
    image = np.arange(12, dtype=np.uint8).reshape(1, 3, 4, 1)
    tensor = prepare(image, InputRecipe(colour="grey", scale=1.0), ("N", 12))
    assert tensor.tolist() == [list(range(12))]


@pytest.mark.parametrize(
    ("recipe", "shape", "says"),
    [
        (InputRecipe(colour="grey"), (1, 3, 1, 1), "takes 3 channels.*grey"),
        (InputRecipe(), (1, 1, 1, 1), "takes 1 channels.*rgb"),
        (InputRecipe(), (1, 3, "H", "W"), "1×3×H×W"),
        (InputRecipe(crop=(2, 2)), (1, 3, 2, 2), "crop of 2×2"),
        (InputRecipe(mean=(0.1, 0.2)), (1, 3, 1, 1), "`mean` has 2 numbers"),
        (InputRecipe(), (1, 784), "3×1×1, but the network takes 784"),
    ],
)
def test_what_does_not_fit(recipe, shape, says):
    with pytest.raises(BadInput, match=says):
        prepare(RED, recipe, shape)


def test_to_tensor_is_all_of_it_in_order(monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (600, 2, 2, 1), np.uint8)
    split = Split(images, np.zeros(600, np.int64), ("a", "b"))
    recipe = InputRecipe(colour="grey", scale=1.0)
    whole = to_tensor(split, recipe, (1, 1, 2, 2))
    assert np.array_equal(whole, images.transpose(0, 3, 1, 2))
    monkeypatch.setattr("compressors.data.prepare.IN_MEMORY", 100)
    lazy = to_tensor(split, recipe, (1, 1, 2, 2))
    assert isinstance(lazy, Prepared)
    assert len(lazy) == 600
    assert np.array_equal(lazy[np.array([5, 3])], whole[[5, 3]])


def split_of(*classes):
    return Split(np.zeros((len(classes), 1, 1, 1), np.uint8), np.arange(len(classes)), classes)


def test_labels_follow_the_recipes_names():
    recipe = InputRecipe(classes=("dog", "bird", "cat"))
    assert output_labels(split_of("cat", "dog"), recipe, 3).tolist() == [2, 0]
    assert output_labels(split_of("0", "1"), InputRecipe(), 2).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("classes", "recipe", "says"),
    [
        (("0", "1"), InputRecipe(), "2 classes.*10 outputs"),
        (("0", "1"), InputRecipe(classes=("cat", "dog")), "2 classes.*10 outputs"),
        (("cat", "fish"), InputRecipe(classes=("cat", "dog")), "class “fish”"),
    ],
)
def test_classes_that_do_not_fit(classes, recipe, says):
    with pytest.raises(BadInput, match=says):
        output_labels(split_of(*classes), recipe, 10)
