"""What operators cost, by hand."""

import numpy as np
import pytest

from profiler import formats, zoo
from profiler.breakdown import breakdown
from profiler.errors import BadInput
from profiler.layer import Layer
from profiler.network import save
from profiler.operators import COSTS


def f(*shape):
    return np.ones(shape, np.float32)


@pytest.mark.parametrize(
    ("layer", "kind", "macs", "bias_adds"),
    [
        # 16 filters of 3·3·3, at 8·8 places
        (Layer("Conv", ((1, 3, 10, 10), (16, 3, 3, 3)), ((1, 16, 8, 8),), (False, True)), "conv", 16 * 64 * 27, 0),
        # depthwise: each of 16 filters sees one channel
        (
            Layer("Conv", ((1, 16, 8, 8), (16, 1, 3, 3), (16,)), ((1, 16, 6, 6),), (False, True, True)),
            "conv",
            16 * 36 * 9,
            576,
        ),
        # each of 4·5·5 inputs meets 6 filters of 2·2
        (Layer("ConvTranspose", ((1, 4, 5, 5), (4, 6, 2, 2)), ((1, 6, 10, 10),), (False, True)), "conv", 100 * 24, 0),
        (Layer("Gemm", ((2, 30), (10, 30), (10,)), ((2, 10),), (False, True, True), {"transB": 1}), "fc", 600, 20),
        (Layer("Gemm", ((30, 2), (30, 10)), ((2, 10),), (False, True), {"transA": 1}), "fc", 600, 0),
        (Layer("MatMul", ((1, 7, 64), (64, 32)), ((1, 7, 32),), (False, True)), "fc", 7 * 64 * 32, 0),
        # two activations: eight heads of (5, 16) times (16, 5)
        (Layer("MatMul", ((8, 5, 16), (8, 16, 5)), ((8, 5, 5),), (False, False)), "other", 8 * 5 * 5 * 16, 0),
        # 3 steps, batch 2: the input (4) and the state (5) each meet four gates of 5
        (
            Layer("LSTM", ((3, 2, 4), (1, 20, 4), (1, 20, 5), (1, 40)), ((3, 1, 2, 5),), (False, True, True, True)),
            "other",
            6 * (80 + 100),
            6 * 40,
        ),
        (Layer("Relu", ((1, 8),), ((1, 8),), (False,)), "other", 0, 0),
        (Layer("Conv", (None, (16, 3, 3, 3)), (None,), (False, True)), "conv", None, None),
    ],
)
def test_work(layer, kind, macs, bias_adds):
    assert COSTS[layer.op](layer) == (kind, macs, bias_adds)


def test_dilation_and_strides_count_on_the_output(make):
    """(17 + 2·2 − (3−1)·2 − 1)/2 + 1 = 9; 9·9·4 outputs of 2·9 products."""
    network = make(
        "g (float[N,2,17,17] x) => (float[N,4,H,W] y) {"
        " y = Conv <kernel_shape = [3,3], dilations = [2,2], strides = [2,2], pads = [2,2,2,2]> (x, w, b) }",
        w=f(4, 2, 3, 3),
        b=f(4),
    )
    (layer,) = breakdown(network).layers
    assert layer.output_shape == (1, 4, 9, 9)
    assert (layer.params, layer.macs, layer.bias_adds) == (76, 9 * 9 * 4 * 18, 324)
    assert layer.geometry == {
        "kernel": (3, 3), "strides": (2, 2), "dilations": (2, 2), "pads": (2, 2, 2, 2), "groups": (1,),
    }  # fmt: skip


@pytest.mark.parametrize(("auto", "pads"), [("SAME_UPPER", (0, 0, 1, 1)), ("SAME_LOWER", (1, 1, 0, 0))])
def test_auto_pad_is_written_out(make, auto, pads):
    """8 values at stride 2 give 4; (4−1)·2 + 3 − 8 = 1 to pad."""
    text = f'g (float[1,1,8,8] x) => (float[1,1,H,W] y) {{ y = Conv <auto_pad = "{auto}", strides = [2,2]> (x, w) }}'
    (layer,) = breakdown(make(text, w=f(1, 1, 3, 3))).layers
    assert layer.output_shape == (1, 1, 4, 4)
    assert layer.geometry["pads"] == pads


@pytest.mark.parametrize(("ceil", "size"), [(0, 2), (1, 3)])
def test_pools_round_as_the_graph_says(make, ceil, size):
    """(6 − 3)/2 + 1 = 2.5."""
    text = (
        "g (float[1,1,6,6] x) => (float[1,1,H,W] y) {"
        f" y = MaxPool <kernel_shape = [3,3], strides = [2,2], ceil_mode = {ceil}> (x) }}"
    )
    (layer,) = breakdown(make(text)).layers
    assert layer.output_shape == (1, 1, size, size)
    assert layer.geometry["ceil"] == (ceil,)


def test_batch_norm_counts_all_four_in_other(make):
    network = make(
        "g (float[1,8,4,4] x) => (float[1,8,4,4] y) { y = BatchNormalization (x, s, b, m, v) }",
        s=f(8), b=f(8), m=f(8), v=f(8),
    )  # fmt: skip
    assert breakdown(network).totals("other").params == 32
    assert breakdown(network).totals("other").macs == 0


def test_weights_behind_dequantize_transpose_and_cast(make):
    """The integers count as elements and as bytes; scale and zero point do not."""
    network = make(
        "g (float[2,6] x) => (float[2,4] y) {"
        " d = DequantizeLinear (q, scale, zero)  t = Transpose <perm = [1,0]> (d)  h = MatMul (x, t)"
        " c = Cast <to = 1> (half)  y = Add (h, c) }",
        q=np.ones((4, 6), np.int8), scale=np.float32(0.5).reshape(()), zero=np.int8(0).reshape(()),
        half=np.ones(4, np.float16),
    )  # fmt: skip
    layers = {layer.op: layer for layer in breakdown(network).layers}
    product = layers["MatMul"]
    assert (product.kind, product.params, product.weight_bytes, product.macs) == ("fc", 24, 24, 2 * 4 * 6)
    assert (product.weight, product.weight_shape) == ("q", (6, 4))
    assert (layers["Add"].params, layers["Add"].weight_bytes) == (4, 8)
    assert (layers["DequantizeLinear"].params, layers["DequantizeLinear"].activation_bytes) == (0, 0)


def test_a_shared_tensor_counts_once(make):
    network = make(
        "g (float[2,4] x) => (float[2,4] y) { h = MatMul (x, w)  y = MatMul (h, w) }",
        w=f(4, 4),
    )
    first, second = breakdown(network).layers
    assert (first.params, second.params) == (16, 0)
    assert (first.macs, second.macs) == (32, 32)
    assert second.weight == "w"


def test_constants_count_and_lone_numbers_do_not(make):
    """A Constant is a weight as an initializer is; the 3 of x + 3, and the limits of a Clip, are no weights."""
    network = make(
        "g (float[1,2] x) => (float[1,2] y) {"
        " w = Constant <value = float[2,2] {1, 2, 3, 4}> ()  three = Constant <value_float = 3.0> ()"
        " h = MatMul (x, w)  s = Add (h, three)  c = Clip (s, low, high)  d = Div (c, one)  y = Mul (d, scale) }",
        low=np.float32(0).reshape(()), high=np.float32(6).reshape(()), scale=f(2), one=f(1),
    )  # fmt: skip
    counted = breakdown(network)
    assert [layer.op for layer in counted.layers] == ["MatMul", "Add", "Clip", "Div", "Mul"]
    assert [layer.params for layer in counted.layers] == [4, 0, 0, 0, 2]
    assert network.weight(counted.layers[0].weight).tolist() == [[1, 2], [3, 4]]


def test_an_embedding_counts_and_integers_do_not(make):
    network = make(
        "g (int64[1,5] i) => (float[1,15] y) { e = Gather (table, i)  y = Reshape (e, shape) }",
        table=f(100, 3),
        shape=np.array([1, 15]),
    )
    assert [layer.params for layer in breakdown(network).layers] == [300, 0]


def test_operators_outside_the_table_are_unknown(make):
    network = make(
        "g (float[2,4] x) => (float[2,4] y) {"
        ' e = Einsum <equation = "ij,jk,kl->il"> (x, w, w)  d = Det (w)  f = own.Thing (e, d)  y = Relu (f) }',
        w=f(4, 4),
    )
    counted = breakdown(network)
    assert counted.unknown_ops == ("Einsum", "Det", "own::Thing")
    assert [layer.macs for layer in counted.layers] == [None, None, None, 0]
    assert [layer.params for layer in counted.layers] == [16, None, None, 0]
    assert counted.totals().macs == 0


def test_unknown_shapes_make_a_known_operator_unknown(make):
    network = make(
        "g (float[1,3,8,8] x) => (float[a,b,c,d] y) { o = own.Crop (x)  y = Conv (o, w) }",
        w=f(4, 3, 3, 3),
    )
    _, conv = breakdown(network).layers
    assert (conv.params, conv.macs, conv.activation_bytes) == (108, None, None)
    assert breakdown(network).unknown_ops == ("own::Crop", "Conv")


def test_an_open_batch_is_one_and_names_are_given(make):
    network = make("g (float[B,4] x) => (float[B,2] y) { h = Gemm (x, w)  y = Relu (h) }", w=f(4, 2))
    counted = breakdown(network)
    assert [layer.name for layer in counted.layers] == ["Gemm_0", "Relu_1"]
    assert counted.inputs == {"x": (1, 4)}
    assert counted.layers[1].output_shape == (1, 2)


def test_a_given_batch_multiplies(make):
    network = make("g (float[B,4] x) => (float[B,2] y) { y = Gemm (x, w) }", w=f(4, 2))
    assert breakdown(network.with_input_shapes({"": (5, 4)})).totals().macs == 5 * 8


def test_open_sizes_are_asked_for(make):
    network = make("g (float[N,3,H,W] image) => (float[N,8,A,B] y) { y = Conv (image, w) }", w=f(8, 3, 3, 3))
    with pytest.raises(BadInput, match=r"“image” has open sizes.*N × 3 × H × W.*--input 1x3x224x224"):
        breakdown(network)
    bound = network.with_input_shapes({"image": (1, 3, 10, 12)})
    assert breakdown(bound).totals().macs == 8 * 8 * 10 * 27
    assert bound.inputs["image"] == ("N", 3, 10, 12)


def test_a_second_input_is_named_in_the_hint(make):
    network = make("g (float[1,2] a, float[1,K] b) => (float[1,L] y) { y = Concat <axis = 1> (a, b) }")
    with pytest.raises(BadInput, match=r"--input b=1x3"):
        breakdown(network)


def test_several_inputs_and_initializers_listed_as_inputs(make):
    """Old exporters list the weights among the inputs."""
    network = make("g (float[1,4] x, float[4,2] w) => (float[1,2] y) { y = MatMul (x, w) }", w=f(4, 2))
    assert dict(network.inputs) == {"x": (1, 4)}
    assert breakdown(network).totals("fc").params == 8


@pytest.mark.parametrize("name", ["LeNet-5", "ResNet-20", "SqueezeNet-1.1", "MobileNet-v3-small"])
def test_a_file_counts_as_the_network_it_was_written_from(name, tmp_path):
    """A file is counted from its own message where that is enough, a network that was built from its graph."""
    network = zoo.build(name)
    save(network, tmp_path / f"{network.name}.onnx")
    assert breakdown(formats.read(tmp_path / f"{network.name}.onnx")) == breakdown(network)


def test_a_hint_takes_a_batch_for_one(make):
    network = make("g (float[B,4] x, float[2,batch,8] s) => (float[B,4] y) { y = Relu (x) }")
    with pytest.raises(BadInput, match=r"--input s=2x1x8"):
        breakdown(network)
