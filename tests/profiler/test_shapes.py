"""Shapes that the graph itself computes while it runs."""

import numpy as np
import pytest

from profiler.breakdown import breakdown
from profiler.plumbing import settled


def i64(*values):
    return np.array(values, np.int64)


def test_a_reshape_to_computed_sizes(make):
    """As exporters write x.reshape(x.shape[0], -1, 4): Shape, Gather, Unsqueeze, Concat."""
    network = make(
        "g (float[N,6,4] x) => (float[a,b,c] y) {"
        " s = Shape (x)  n = Gather (s, zero)  u = Unsqueeze (n, first)  t = Concat <axis = 0> (u, rest)"
        " r = Reshape (x, t)  y = MatMul (r, w) }",
        zero=np.array(0), first=i64(0), rest=i64(-1, 4), w=np.zeros((4, 5), np.float32),
    )  # fmt: skip
    layer = breakdown(network).layers[-1]
    assert layer.output_shape == (1, 6, 5)
    assert layer.macs == 6 * 5 * 4


def test_an_expand_that_onnx_gives_up_on(make):
    """A class token repeated for each image: the size goes through ConstantOfShape, Equal and Where."""
    network = make(
        "g (float[N,6,4] x) => (float[a,b,c] y) {"
        " s = Shape (x)  n = Gather (s, zero)  u = Unsqueeze (n, first)  t = Concat <axis = 0> (u, minus, minus)"
        " ones = ConstantOfShape <value = int64[1] {1}> (three)  m = Mul (ones, minus)  e = Equal (t, m)"
        " z = Where (e, ones, t)  k = Expand (token, z)  h = Concat <axis = 1> (k, x)  y = MatMul (h, w) }",
        zero=np.array(0), first=i64(0), minus=i64(-1), three=i64(3), token=np.zeros((1, 1, 4), np.float32),
        w=np.zeros((4, 5), np.float32),
    )  # fmt: skip
    counted = breakdown(network)
    assert counted.layers[-1].output_shape == (1, 7, 5)
    assert counted.unknown_ops == ()
    assert counted.totals().params == 4 + 20


@pytest.mark.parametrize(
    "nodes",
    [
        "k = ConstantOfShape (many)  y = Expand (x, k)",
        "k = Range (zero, most, one)  y = Expand (x, k)",
        "k = Range (zero, most, zero)  y = Expand (x, k)",
        "k = Tile (many, many)  y = Expand (x, k)",
    ],
)
def test_a_few_numbers_do_not_ask_for_terabytes(make, nodes):
    network = make(
        f"g (float[2] x) => (float[a] y) {{ {nodes} }}",
        many=i64(1 << 20, 1 << 20), zero=np.array(0), one=np.array(1), most=np.array(1 << 50),
    )  # fmt: skip
    assert settled(network.edit()) is None
    assert breakdown(network).layers[-1].name


def test_what_depends_on_values_stays_unknown(make):
    network = make("g (float[2,3] x) => (int64[2,n] y) { y = NonZero (x) }")
    assert breakdown(network).layers[0].activation_bytes is None


def test_binding_a_size_behind_an_operator_of_ones_own(make):
    """Nothing follows through it, and nothing is refused: the output keeps what the file said."""
    network = make("g (float[N,3,H,W] x) => (float[N,10] y) { h = own.Head (x)  y = Relu (h) }")
    bound = network.with_input_shapes({"": (1, 3, 8, 8)})
    assert bound.inputs["x"] == ("N", 3, 8, 8)
    assert bound.model.graph.outputs[0].shape[1] == 10
