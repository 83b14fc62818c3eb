"""Caffe files as people have them: two that belong together, written for training, damaged, hostile."""

import contextlib
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiler import formats
from profiler.breakdown import breakdown
from profiler.errors import BadInput
from profiler.formats.caffe import random_weights, read_caffe
from profiler.mapped import MappedTensor
from profiler.wire import encoded, head

DIMS = "dim: 1 dim: 3 dim: 8 dim: 8"
CONV = """layer {
  name: "conv1"  # the first one
  type: "Convolution" bottom: "data" top: "conv1"
  convolution_param { num_output: 4 kernel_size: 3 }
}
"""
FULL = """layer {
  name: "fc" type: "InnerProduct" bottom: "conv1" top: "fc"
  inner_product_param { num_output: 2 }
}
"""
KERNEL, BIAS = np.arange(108, dtype=np.float32).reshape(4, 3, 3, 3), np.arange(4, dtype=np.float32)
MATRIX = np.arange(2 * 144, dtype=np.float32).reshape(2, 144)
WEIGHTS = {"conv1": [KERNEL, BIAS], "fc": [MATRIX, np.zeros(2, np.float32)]}


def refusal(path: Path) -> str:
    with pytest.raises(BadInput) as raised:
        read_caffe(path)
    return str(raised.value)


def ops(path: Path) -> list[tuple[str, str]]:
    return [(node.name or "", node.op_type) for node in read_caffe(path).model.graph]


# Two files


def test_weights_beside_the_prototxt_and_the_other_way_round(caffe):
    path = caffe(CONV + FULL, DIMS, **WEIGHTS)
    for given_path in (path, path.with_suffix(".caffemodel")):
        network = formats.read(given_path)
        assert network.name == "written"
        assert network.path == given_path
        assert random_weights(network) == ()
        np.testing.assert_array_equal(network.weight("conv1.weight"), KERNEL)
        np.testing.assert_array_equal(network.weight("fc.weight"), MATRIX)
        assert isinstance(network.model.graph.initializers["fc.weight"].const_value, MappedTensor)


def test_without_weights_they_are_random_and_it_says_so(caffe):
    network = read_caffe(caffe(CONV + FULL, DIMS))
    assert random_weights(network) == ("conv1", "fc")
    assert 0.5 < network.weight("conv1.weight").std() / np.sqrt(2 / 27) < 1.5
    assert not network.weight("conv1.bias").any()


def test_a_layer_that_the_caffemodel_does_not_have(caffe):
    assert random_weights(read_caffe(caffe(CONV + FULL, DIMS, conv1=WEIGHTS["conv1"]))) == ("fc",)


def test_deploy_and_the_one_caffemodel(caffe, tmp_path):
    """As the model zoo has them: deploy.prototxt, train_val.prototxt, solver.prototxt, NAME.caffemodel."""
    caffe(CONV + FULL, DIMS, **WEIGHTS)
    (tmp_path / "net.caffemodel").rename(tmp_path / "bvlc_net.caffemodel")
    (tmp_path / "net.prototxt").rename(tmp_path / "deploy.prototxt")
    (tmp_path / "train_val.prototxt").write_text("nothing")
    for name in ("deploy.prototxt", "bvlc_net.caffemodel"):
        assert random_weights(read_caffe(tmp_path / name)) == ()


def test_a_caffemodel_of_another_prototxt_is_left_alone(caffe, tmp_path):
    caffe(CONV + FULL, DIMS, stem="other", **WEIGHTS)
    assert random_weights(read_caffe(caffe(CONV, DIMS, stem="mine"))) == ("conv1",)


def test_a_caffemodel_alone(caffe, tmp_path):
    path = caffe(CONV, DIMS, **WEIGHTS)
    path.rename(tmp_path / "a.prototxt")
    (tmp_path / "b.prototxt").write_text("x")
    weights = path.with_suffix(".caffemodel")
    assert "is not clear: “a.prototxt”, “b.prototxt”. Put the right one beside it as “net.prototxt”." in refusal(
        weights
    )
    (tmp_path / "a.prototxt").unlink()
    (tmp_path / "b.prototxt").unlink()
    assert "the layers are in a prototxt, and there is none beside it" in refusal(weights)
    assert "There is no file" in refusal(tmp_path / "no.caffemodel")


def test_weights_of_another_network(caffe):
    assert "“net.caffemodel” has no weights for any of its layers" in refusal(caffe(CONV, DIMS, other=[KERNEL]))
    turned = {"conv1": [KERNEL.reshape(3, 4, 3, 3), BIAS]}
    message = refusal(caffe(CONV, DIMS, **turned))
    assert (
        "Layer “conv1” (Convolution, line 2): its weights are 3 × 4 × 3 × 3, and 4 × 3 × 3 × 3 are needed." in message
    )
    assert "it needs more blobs of weights than are stored: 1" in refusal(caffe(CONV, DIMS, conv1=[KERNEL]))
    assert "it needs fewer blobs of weights than are stored" in refusal(caffe(CONV, DIMS, conv1=[KERNEL, BIAS, BIAS]))


# Written for training

TRAIN = """
name: "LeNet"
layer {
  name: "mnist" type: "Data" top: "data" top: "label" include { phase: TRAIN }
  transform_param { crop_size: 5 } data_param { source: "a" batch_size: 64 backend: LMDB }
}
layer {
  name: "mnist" type: "Data" top: "data" top: "label" include { phase: TEST }
  transform_param { crop_size: 8 mirror: false } data_param { source: "b" batch_size: 100 backend: LMDB }
}
layer { name: "noise" type: "Dropout" bottom: "data" top: "data" include { phase: TRAIN } }
%s
layer { name: "help" type: "InnerProduct" bottom: "conv1" top: "help" inner_product_param { num_output: 2 } }
layer { name: "loss1" type: "SoftmaxWithLoss" bottom: "help" bottom: "label" top: "loss1" loss_weight: 0.3 }
layer { name: "right" type: "Accuracy" bottom: "fc" bottom: "label" top: "right" include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "fc" bottom: "label" top: "loss" }
"""


def test_a_network_written_for_training(caffe):
    """Its test phase, without labels: the pictures come in, the loss becomes the softmax in it, helpers go."""
    network = read_caffe(caffe(TRAIN % (CONV + FULL)))
    assert network.inputs == {"data": ("N", 3, 8, 8)}
    assert [node.name for node in network.model.graph] == ["conv1", "fc.flatten", "fc", "loss"]
    assert [value.name for value in network.model.graph.outputs] == ["loss"]
    assert random_weights(network) == ("conv1", "fc")


def test_without_a_crop_the_size_of_the_pictures_is_not_known(caffe):
    text = (TRAIN % (CONV + FULL)).replace("crop_size: 8", "")
    assert "“mnist” (Data, line 7) takes its pictures from a database" in refusal(caffe(text))
    assert "Give the deploy.prototxt" in refusal(caffe(text))


def test_stages(caffe):
    """One file for all uses, as DIGITS writes it."""
    text = """
layer { name: "a" type: "ReLU" bottom: "data" top: "a" include { stage: "train" } }
layer { name: "b" type: "TanH" bottom: "data" top: "b" include { stage: "deploy" } }
layer { name: "c" type: "Sigmoid" bottom: "b" top: "c" exclude { stage: "deploy" } }
layer { name: "d" type: "Softmax" bottom: "b" top: "d" include { phase: TEST not_stage: "val" } }"""
    assert ops(caffe(text, DIMS)) == [("b", "Tanh"), ("d", "Softmax")]


def test_what_is_silenced_is_no_output(caffe):
    text = """
layer { name: "s" type: "Slice" bottom: "data" top: "a" top: "b" top: "c" }
layer { name: "q" type: "Silence" bottom: "b" }
layer { name: "r" type: "ReLU" bottom: "c" top: "d" }"""
    assert [value.name for value in read_caffe(caffe(text, DIMS)).model.graph.outputs] == ["a", "d"]


@pytest.mark.parametrize(
    "declared",
    [
        'input: "data" input_dim: 1 input_dim: 3 input_dim: 8 input_dim: 8',
        'input: "data" input_shape { dim: 1 dim: 3 dim: 8 dim: 8 }',
        'input: "data" input_shape { dim: [1, 3, 8, 8] };',
        'layer { name: "in" type: "Input" top: "data" input_param: < shape: < dim: 1, dim: 3, dim: 0x8 dim: 8 > > }',
        "layer { name: 'in' type: 'Mem' 'oryData' top: 'd\\x61ta' top: 'label'"
        " memory_data_param { batch_size: 1 channels: 3 height: 8 width: 8 } }",
        'layer { type: "DummyData" top: "data" dummy_data_param { num: 1 channels: 3 height: 8 width: 8 } }',
    ],
)
def test_ways_to_say_what_goes_in(declared, caffe):
    assert read_caffe(caffe(declared + "\n" + CONV)).inputs == {"data": ("N", 3, 8, 8)}


def test_a_batch_that_a_layer_mixes_is_kept(caffe):
    text = 'layer { name: "r" type: "Reshape" bottom: "data" top: "r" reshape_param { shape { dim: 2 dim: -1 } } }'
    network = read_caffe(caffe(text, "dim: 4 dim: 3 dim: 8 dim: 8"))
    assert network.inputs == {"data": (4, 3, 8, 8)}
    assert breakdown(network).layers[0].output_shape == (2, 384)
    text = text.replace("dim: 2 dim: -1", "dim: -1 dim: 192")
    assert read_caffe(caffe(text, "dim: 4 dim: 3 dim: 8 dim: 8")).inputs == {"data": ("N", 3, 8, 8)}


def test_two_inputs(caffe):
    text = """input: "a" input: "b" input_dim: [2, 3, 4, 4, 2, 3, 4, 4] # one behind the other
layer { name: "sum" type: "Eltwise" bottom: "a" bottom: "b" top: "a" }"""
    network = read_caffe(caffe(text))
    assert network.inputs == {"a": ("N", 3, 4, 4), "b": ("N", 3, 4, 4)}
    assert [value.name for value in network.model.graph.outputs] == ["sum"]


def test_shared_weights_are_stored_once(caffe):
    shared = 'param { name: "w" } param { name: "b" }'
    text = CONV.replace("top:", f"{shared} top:") + CONV.replace("top:", f"{shared} top:").replace("conv1", "conv2")
    network = read_caffe(caffe(text, DIMS))
    assert list(network.weights()) == ["conv1.weight", "conv1.bias"]
    assert breakdown(network).totals().params == 112
    message = refusal(caffe(text.replace("num_output: 4", "num_output: 5", 1), DIMS))
    assert "it shares “w” with a layer whose weights have another size" in message


def test_names_that_meet_twice_stay_apart(caffe):
    text = CONV + CONV.replace('"conv1" top: "conv1"', '"x"').replace('top: "conv1"', 'top: "y"')
    assert ops(caffe(text, DIMS)) == [("conv1", "Conv"), ("conv1_2", "Conv")]


# Damaged and hostile


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "It is empty"),
        ("   \n", "It is empty"),
        ("\0\1\2", "It is not a text"),
        ("version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("net: 'train_val.prototxt' base_lr: 0.01", "There is no layer in it"),
        ("layer", "It is cut short: nothing follows “layer” in line 1"),
        ("layer {\n name: 'a'", "It is cut short: “layer”, opened in line 1, is not closed"),
        ("layer {\n type: 'a", "Line 2: “'a” cannot be read"),
        ("layer { } }", "Line 1: “}” stands where a name should"),
        ("layer { name 'a' }", "Line 1: a colon or a brace is missing behind “name”"),
        ("layer { name: } }", "Line 1: “name” has no value"),
        ("layer: 3", "Line 1: “layer” must be followed by settings in braces"),
        ("layer { name: { } }", "Line 1: “name” must be a single value"),
        ("layer { name: 'a' \n name: 'b' }", "Line 2 gives “name” a second time"),
        ("a { " * 100, "Line 1: more than 32 pairs of braces are open"),
        ("a { " * 100_000, "Line 1: more than 32 pairs of braces are open"),
        ("a: 1 " * 150_000, "too many values"),
        ("a: 1 " * 1_000_000, "more than 4,194,304 bytes"),
        ("layer { type: 'ReLU' } layers { type: RELU }", "Caffe’s new form and its old one"),
        ("layers { layer { name: 'a' type: 'conv' } }", "written in Caffe’s oldest form"),
        ("layer { name: 'a' type: 'ReLU' bottom: 'data' top: 'a' }", "It does not say what goes in"),
        ("input: 'data' layer { name: 'a' type: 'ReLU' }", "names 1 inputs and gives the sizes of 0"),
        (
            "input: 'data' input_dim: 1 input_dim: -3 layer { }",
            "The sizes of its input “data”, 1 × -3, are not possible",
        ),
        ("input: 'data' input_dim: 65536 input_dim: 65536 layer { }", "65536 × 65536, are not possible"),
    ],
)
def test_no_prototxt(caffe, text, words):
    message = refusal(caffe(text))
    assert message.startswith("“net.prototxt” could not be opened. ")
    assert words in message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("Convolution", "DetectionOutput"), "(DetectionOutput, line 2): its type “DetectionOutput” is not known"),
        (('type: "Convolution"', ""), "Layer “conv1” (line 2): it has no type"),
        (('bottom: "data"', 'bottom: "nowhere"'), "it reads “nowhere”, which no layer before it makes"),
        (('bottom: "data"', 'bottom: "conv1"'), "it reads “conv1”, which no layer before it makes"),
        (('bottom: "data"', 'bottom: "data" bottom: "data"'), "it reads 2 and makes 1 blobs"),
        (("num_output: 4", ""), "it needs a num_output from 1 on, and has 0"),
        (("num_output: 4", "num_output: 99999999999999999999999999"), "Line 5: “num_output” must be a whole number"),
        (("num_output: 4", "num_output: 2147483647"), "larger than a blob can be"),
        (("num_output: 4", "num_output: 6 group: 2"), "3 channels and 6 filters cannot be split into 2 groups"),
        (("kernel_size: 3", "kernel_size: 9"), "its window of 9 is larger than its padded input of 8"),
        (("kernel_size: 3", "kernel_size: 2147483647"), "its window of 2147483647 is larger"),
        (("kernel_size: 3", "kernel_size: 0"), "its “kernel_size” of 0 is not possible"),
        (("kernel_size: 3", ""), "it gives “kernel_size” 0 times for 2 axes"),
        (("kernel_size: 3", "kernel_size: 3 kernel_size: 3 kernel_size: 3"), "“kernel_size” 3 times for 2 axes"),
        (("kernel_size: 3", "kernel_size: 3 pad: 1000000000"), "larger than a blob can be"),
        (("kernel_size: 3", "kernel_size: 3 stride: 0"), "its “stride” of 0 is not possible"),
        (("kernel_size: 3", "kernel_size: 3 stride: -1"), "its “stride” of -1 is not possible"),
        (("kernel_size: 3", "kernel_size: three"), "Line 5: “kernel_size” must be a whole number, not “three”"),
        (("kernel_size: 3", "kernel_size: 3 bias_term: 7"), "“bias_term” must be true or false"),
        (("kernel_size: 3", "kernel_size: 3 holes: 2"), "its setting “holes” in line 5 is not known"),
    ],
)
def test_a_layer_that_cannot_be(caffe, change, words):
    message = refusal(caffe(CONV.replace(*change), DIMS))
    assert words in message
    assert "line 2" in message
    assert "conv1" in message


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (
            "type: 'Pooling' pooling_param { pool: STOCHASTIC kernel_size: 2 }",
            "stochastic pooling has no equal",
        ),
        ("type: 'Pooling' pooling_param { kernel_size: 2 pad: 2 }", "its padding is not smaller than its window"),
        ("type: 'Pooling' pooling_param { pool: 7 kernel_size: 2 }", "“pool” must be MAX or AVE or STOCHASTIC"),
        ("type: 'LRN' lrn_param { local_size: 4 }", "its local_size of 4 is not odd"),
        ("type: 'InnerProduct' inner_product_param { num_output: 2 axis: 7 }", "works on axis 7 of a blob with 4 axes"),
        ("type: 'InnerProduct' inner_product_param { num_output: 2 axis: 0 }", "takes a whole batch as one vector"),
        ("type: 'BatchNorm' batch_norm_param { use_global_stats: false }", "by each batch’s own mean"),
        ("type: 'Dropout' dropout_param { dropout_ratio: 1 }", "is not between 0 and 1"),
        ("type: 'Scale' scale_param { axis: 1 num_axes: 9 }", "it covers"),
        ("type: 'Reshape' reshape_param { shape { dim: 0 dim: 5 dim: -1 } }", "values do not fit"),
        ("type: 'Reshape' reshape_param { shape { dim: 0 dim: -1 dim: -1 } }", "the sizes 0 × -1 × -1"),
        ("type: 'Power' power_param { power: 1e999 }", "“power” must be a number"),
        ("type: 'Slice' slice_param { slice_point: 2 }", "it cuts 3 values into 1 parts at 2"),
        ("type: 'Eltwise'", "it joins 1 × 3 × 8 × 8"),
        ("type: 'Crop'", "it reads 1 blobs, where two are expected"),
        ("type: 'Permute' permute_param { order: 5 }", "into the order"),
        ("type: 'Flatten' flatten_param { axis: 3 end_axis: 1 }", "it joins the axes 3 to 1"),
    ],
)
def test_settings_that_do_not_fit(caffe, layer, words):
    message = refusal(caffe(f"layer {{ name: 'x' bottom: 'data' top: 'x' {layer} }}", DIMS))
    assert words.replace("1 × 3", "N × 3") in message
    assert "Layer “x” (" in message


def test_a_caffemodel_cut_short(caffe):
    path = caffe(CONV + FULL, DIMS, **WEIGHTS)
    weights = path.with_suffix(".caffemodel")
    content = weights.read_bytes()
    for kept in (0.2, 0.5, 0.9):
        weights.write_bytes(content[: int(len(content) * kept)])
        message = refusal(path)
        assert message.startswith("“net.caffemodel” could not be opened. It is cut short")
    weights.write_bytes(b"")
    assert "It is empty" in refusal(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hello, this is text\n" * 20, "not a Caffe file"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5"),
        (head(100, 60) + bytes(60), "It is not a Caffe file"),
        (b"\xa2\x06\x02\x0a\x00" * 150_000, "too many parts"),
    ],
)
def test_no_caffemodel(caffe, content, words):
    path = caffe(CONV, DIMS)
    path.with_suffix(".caffemodel").write_bytes(content)
    message = refusal(path)
    assert "“net.caffemodel” could not be opened." in message
    assert words in message


def layer_of(blob: bytes) -> bytes:
    inner = b"\x0a\x05conv1" + head(7, len(blob)) + blob
    return head(100, len(inner)) + inner


@pytest.mark.parametrize(
    ("blob", "words"),
    [
        # 2^29 values of four bytes in a file of a few dozen
        (head(7, 7) + head(1, 5) + encoded(1 << 29) + head(5, 8) + bytes(8), "It claims 536870912 values for blob 0"),
        (head(7, 12) + head(1, 10) + b"\xff" * 9 + b"\x01" + head(5, 8) + bytes(8), "and 2 are there"),
        (head(7, 3) + head(1, 1) + b"\x02" + head(5, 7) + bytes(7), "It claims 2 values"),
        (head(7, 3) + head(1, 1) + b"\x02" + b"\x2d" + bytes(4) + b"\x2d" + bytes(4), "value by value"),
        (head(7, 42) + head(1, 40) + b"\x01" * 40 + head(5, 4) + bytes(4), "more than 32 axes"),
        (head(7, 3) + head(1, 1) + b"\x00", "It has no values"),
    ],
)
def test_a_blob_that_claims_what_is_not_there(caffe, blob, words):
    path = caffe(CONV, DIMS)
    path.with_suffix(".caffemodel").write_bytes(layer_of(blob))
    message = refusal(path)
    assert words in message
    assert "layer “conv1”" in message or "axes" in words


def test_a_weight_in_pieces_is_joined(caffe):
    """Protobuf lets a packed field come in several runs."""
    raw = KERNEL.tobytes()
    shape = head(7, 6) + head(1, 4) + b"\x04\x03\x03\x03"
    pieces = shape + head(5, 32) + raw[:32] + head(5, len(raw) - 32) + raw[32:]
    bias = head(5, 16) + BIAS.tobytes() + head(7, 3) + head(1, 1) + b"\x04"
    inner = b"\x0a\x05conv1" + head(7, len(pieces)) + pieces + head(7, len(bias)) + bias
    path = caffe(CONV, DIMS)
    path.with_suffix(".caffemodel").write_bytes(head(100, len(inner)) + inner)
    network = read_caffe(path)
    np.testing.assert_array_equal(network.weight("conv1.weight"), KERNEL)
    np.testing.assert_array_equal(network.weight("conv1.bias"), BIAS)


def test_opening_takes_no_memory_for_weights(caffe):
    """8 MB of weights: none of them is read."""
    text = FULL.replace("num_output: 2", "num_output: 65536").replace('"conv1"', '"data"')
    path = caffe(text, "dim: 1 dim: 32", fc=[np.ones((65536, 32), np.float32), np.ones(65536, np.float32)])
    read_caffe(path)
    tracemalloc.start()
    network = read_caffe(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert network.weights()["fc.weight"][0] == (65536, 32)
    assert peak < 1 << 20


# Mutations

GOOD = (
    'name: "m" input: "data" input_shape { dim: 2 dim: 4 dim: 7 dim: 7 }\n'
    'layer { name: "c" type: "Convolution" bottom: "data" top: "c" convolution_param { num_output: 4 kernel_size: 3'
    " pad: 1 stride: 2 group: 2 } }\n"
    'layer { name: "b" type: "BatchNorm" bottom: "c" top: "c" }\n'
    'layer { name: "s" type: "Scale" bottom: "c" top: "c" scale_param { bias_term: true } }\n'
    'layer { name: "r" type: "ReLU" bottom: "c" top: "c" relu_param { negative_slope: 0.1 } }\n'
    'layer { name: "p" type: "Pooling" bottom: "c" top: "p" pooling_param { pool: AVE kernel_size: 3 pad: 1 } }\n'
    'layer { name: "x" type: "Slice" bottom: "p" top: "y" top: "z" slice_param { slice_point: 2 } }\n'
    'layer { name: "k" type: "Concat" bottom: "z" bottom: "y" top: "k" }\n'
    'layer { name: "e" type: "Eltwise" bottom: "k" bottom: "p" top: "e" eltwise_param { coeff: 1 coeff: -2 } }\n'
    'layer { name: "q" type: "Reshape" bottom: "e" top: "q" reshape_param { shape { dim: 0 dim: -1 dim: 4 } } }\n'
    'layer { name: "f" type: "InnerProduct" bottom: "q" top: "f" inner_product_param { num_output: 3 } }\n'
    'layer { name: "o" type: "Softmax" bottom: "f" top: "o" }\n'
)
GOOD_WEIGHTS = {
    "c": [np.ones((4, 2, 3, 3), np.float32), np.ones(4, np.float32)],
    "b": [np.ones(4, np.float32), np.ones(4, np.float32), np.ones(1, np.float32)],
    "s": [np.ones(4, np.float32), np.ones(4, np.float32)],
    "f": [np.ones((3, 64), np.float32), np.ones(3, np.float32)],
}
WORDS = ["-1", "0", "1", "3", "2147483647", "99999999999", "1e38", "{", "}", "[", ":", '"', "#", "\n", '"c"', '"data"']
WORDS += ["axis: 2", "bottom: ", "top: ", "include { phase: TRAIN }", "dim: 0", 'type: "Crop"', 'type: "Data"', "\\"]


def test_the_good_one_is_good(caffe):
    network = read_caffe(caffe(GOOD, **GOOD_WEIGHTS))
    assert random_weights(network) == ()
    assert breakdown(network).unknown_ops == ()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_prototxt_is_read_or_refused(caffe, data):
    text = GOOD
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        stop = min(len(text), at + data.draw(st.integers(0, 12)))
        text = text[:at] + data.draw(st.sampled_from(WORDS) | st.text(max_size=3)) + text[stop:]
    path = caffe(GOOD, **GOOD_WEIGHTS)
    path.write_text(text, encoding="utf-8", errors="replace", newline="")
    tracemalloc.start()
    with contextlib.suppress(BadInput):
        breakdown(read_caffe(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_caffemodel_is_read_or_refused(caffe, data):
    path = caffe(GOOD, **GOOD_WEIGHTS)
    weights = path.with_suffix(".caffemodel")
    content = bytearray(weights.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    weights.write_bytes(bytes(content) + b"\n")
    with contextlib.suppress(BadInput):
        network = read_caffe(path)
        for name, (shape, _) in network.weights().items():
            assert network.weight(name).shape == shape
