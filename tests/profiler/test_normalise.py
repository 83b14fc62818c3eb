"""Normalising: the same answers, fewer sizes baked in."""

import numpy as np
import onnxruntime as ort
import pytest

from profiler.network import save
from profiler.normalise import normalised


def run(network, path, x):
    save(network, path)
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


def draw(*shape):
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


def test_an_exporters_network(make, tmp_path):
    network = make(
        "g (float[1,3,8,8] x) => (float[1,10] y) {"
        " shape = Constant <value = int64[2] {1, -1}> ()"
        " c = Conv <kernel_shape = [3,3]> (x, w)  s = Add (c, b)  r = Relu (s)  f = Reshape (r, shape)"
        " y = MatMul (f, v) }",
        w=draw(8, 3, 3, 3), b=draw(8, 1, 1), v=draw(288, 10),
    )  # fmt: skip
    tidy = normalised(network)
    assert [node.op_type for node in tidy.model.graph] == ["Conv", "Relu", "Flatten", "MatMul"]
    assert [node.name for node in tidy.model.graph] == ["Conv_1", "Relu_3", "Reshape_4", "MatMul_5"]
    assert tidy.inputs["x"] == ("N", 3, 8, 8)
    assert "shape" not in tidy.weights()
    x = draw(1, 3, 8, 8)
    before, after = run(network, tmp_path / "a.onnx", x), run(tidy, tmp_path / "b.onnx", x)
    np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-5)
    assert run(tidy, tmp_path / "b.onnx", draw(5, 3, 8, 8)).shape == (5, 10)
    assert next(node.op_type for node in network.model.graph) == "Constant"


def test_a_batch_that_is_baked_in_stays(make):
    """The Reshape to (1, 2, 8) is no Flatten: with two images it would mix them."""
    network = make("g (float[1,16] x) => (float[1,2,8] y) { y = Reshape (x, shape) }", shape=np.array([1, 2, 8]))
    assert normalised(network).inputs["x"] == (1, 16)
    assert [node.op_type for node in normalised(network).model.graph] == ["Reshape"]


@pytest.mark.parametrize(
    ("target", "becomes"),
    [([1, 24], "Flatten"), ([0, -1], "Flatten"), ([-1, 24], "Flatten"), ([2, 12], "Reshape"), ([-1, 8], "Reshape")],
)
def test_which_reshapes_flatten(make, target, becomes):
    network = make("g (float[1,2,3,4] x) => (float[a,b] y) { y = Reshape (x, shape) }", shape=np.array(target))
    assert [node.op_type for node in normalised(network).model.graph] == [becomes]


def test_an_add_that_is_no_bias_stays(make):
    """Shaped (8,), it goes along the picture's last axis, not along the filters."""
    network = make(
        "g (float[1,3,8,8] x) => (float[1,8,8,8] y) { c = Conv (x, w)  y = Add (c, b) }", w=draw(8, 3, 1, 1), b=draw(8)
    )
    assert [node.op_type for node in normalised(network).model.graph] == ["Conv", "Add"]


def test_a_convolution_that_is_read_twice_keeps_its_add(make):
    network = make(
        "g (float[1,3,8,8] x) => (float[1,8,8,8] y) { c = Conv (x, w)  a = Add (c, b)  y = Mul (a, c) }",
        w=draw(8, 3, 1, 1),
        b=draw(8, 1, 1),
    )
    assert [node.op_type for node in normalised(network).model.graph] == ["Conv", "Add", "Mul"]


def test_one_tensor_as_the_bias_of_two(make, tmp_path):
    network = make(
        "g (float[1,3,4,4] x) => (float[1,3,4,4] y) {"
        " c = Conv (x, w)  a = Add (c, b)  d = Conv (a, w)  y = Add (b, d) }",
        w=draw(3, 3, 1, 1), b=draw(1, 3, 1, 1),
    )  # fmt: skip
    tidy = normalised(network)
    assert [node.op_type for node in tidy.model.graph] == ["Conv", "Conv"]
    x = draw(1, 3, 4, 4)
    np.testing.assert_allclose(
        run(tidy, tmp_path / "b.onnx", x), run(network, tmp_path / "a.onnx", x), rtol=1e-5, atol=1e-5
    )
