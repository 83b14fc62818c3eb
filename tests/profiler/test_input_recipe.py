"""Where a network's input recipe comes from, and what is wrong with one."""

import pytest

from profiler import formats, zoo
from profiler.errors import BadInput
from profiler.formats.input_recipe_file import guessed, read_recipe
from profiler.input_recipe import InputRecipe
from profiler.network import save

CAFFE = """
resize = 256
crop = [227, 227]
colour = "bgr"
scale = 1
mean = [104, 117.0, 123]
classes = ["cat", "dog"]
"""


def test_a_file_is_read(tmp_path):
    path = tmp_path / "r.toml"
    path.write_text(CAFFE)
    assert read_recipe(path) == InputRecipe(
        resize=256, crop=(227, 227), colour="bgr", scale=1.0, mean=(104.0, 117.0, 123.0), classes=("cat", "dog"),
        source="--preprocess",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mean = ", "must be a TOML file"),
        ("average = [1.0]", "unknown key, “average”"),
        ('colour = "pink"', "colour"),
        ("crop = [224]", "crop"),
        ('mean = "grey"', "mean"),
        ("mean = [1.0, 2.0]", "“mean” has 2 numbers"),
        ("std = [0.0]", "“std” has a 0"),
        ("resize = 0", "whole numbers from 1"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, words):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(BadInput) as raised:
        read_recipe(path)
    assert "“bad.toml” could not be read." in str(raised.value)
    assert words in str(raised.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(BadInput, match="Check the path"):
        formats.read("zoo:LeNet-5", preprocess=tmp_path / "no.toml")


def test_which_recipe_wins(tmp_path):
    """--preprocess before the file beside it, before the metadata, before the guess."""
    network = tmp_path / "net.onnx"
    save(zoo.build("LeNet-5"), network)
    assert formats.read(network).input_recipe == zoo.build("LeNet-5").input_recipe
    (tmp_path / "net.toml").write_text("resize = 32")
    assert formats.read(network).input_recipe == InputRecipe(resize=32, source="net.toml")
    (tmp_path / "net.onnx.toml").write_text("resize = 64")
    assert formats.read(network).input_recipe == InputRecipe(resize=64, source="net.onnx.toml")
    (tmp_path / "other.toml").write_text("resize = 96")
    found = formats.read(network, preprocess=tmp_path / "other.toml").input_recipe
    assert found == InputRecipe(resize=96, source="--preprocess")


def test_a_compression_recipe_of_the_same_name_is_no_input_recipe(tmp_path):
    network = tmp_path / "net.onnx"
    save(zoo.build("LeNet-5"), network)
    (tmp_path / "net.toml").write_text('[[step]]\nmethod = "magnitude_pruning"\n')
    assert formats.read(network).input_recipe == zoo.build("LeNet-5").input_recipe


@pytest.mark.parametrize(
    ("shape", "colour", "layout"),
    [
        (("N", 3, 224, 224), "rgb", "NCHW"),
        ((1, 1, 28, 28), "grey", "NCHW"),
        (("N", 224, 224, 3), "rgb", "NHWC"),
        ((1, 28, 28, 1), "grey", "NHWC"),
        ((1, 3, 3, 3), "rgb", "NCHW"),
    ],
)
def test_the_guess(shape, colour, layout):
    assert guessed({"x": shape}) == InputRecipe(colour=colour, layout=layout, source="guessed")


@pytest.mark.parametrize("inputs", [{}, {"x": (1, 10)}, {"x": (1, 12, 8, 8)}, {"x": ("…",)}])
def test_no_image_no_guess(inputs):
    assert guessed(inputs) is None


def test_a_guess_does_not_change_the_file(tmp_path, make_proto):
    path = tmp_path / "plain.onnx"
    path.write_bytes(make_proto("g (float[1,3,8,8] x) => (float[1,3,8,8] y) { y = Relu (x) }").SerializeToString())
    network = formats.read(path)
    assert network.input_recipe == InputRecipe()
    save(network, tmp_path / "copy.onnx")
    assert (tmp_path / "copy.onnx").read_bytes() == path.read_bytes()


def test_sizes_can_be_bound_while_reading(tmp_path, make_proto):
    path = tmp_path / "open.onnx"
    path.write_bytes(make_proto("g (float[N,3,H,W] x) => (float[N,3,H,W] y) { y = Relu (x) }").SerializeToString())
    assert formats.read(path).open_sizes() == {"x": ("N", 3, "H", "W")}
    assert formats.read(path, input_shapes={"": (1, 3, 8, 9)}).inputs["x"] == ("N", 3, 8, 9)


def test_a_network_of_caffe_s_is_fed_as_caffe_fed_it(tmp_path):
    """bvlc_googlenet: mean_value 104, 117, 123 of 0 to 255, blue first; lenet_train_test: scale 0.00390625."""
    colour = tmp_path / "colour.prototxt"
    layer = 'layer { name: "a" type: "ReLU" bottom: "data" top: "a" }'
    colour.write_text(f'input: "data" input_dim: 1 input_dim: 3 input_dim: 8 input_dim: 8 {layer}')
    recipe = formats.read(colour).input_recipe
    assert (recipe.colour, recipe.scale, recipe.mean) == ("bgr", 1.0, (104.0, 117.0, 123.0))
    assert recipe.source == "guessed"
    grey = tmp_path / "grey.prototxt"
    grey.write_text(f'input: "data" input_dim: 1 input_dim: 1 input_dim: 8 input_dim: 8 {layer}')
    recipe = formats.read(grey).input_recipe
    assert (recipe.colour, recipe.scale) == ("grey", 0.00390625)
