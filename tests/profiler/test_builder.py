"""What the builder's blocks compute, against their formulas."""

import numpy as np
import onnxruntime as ort
import pytest

from profiler.breakdown import breakdown
from profiler.builder import Builder
from profiler.network import save


@pytest.fixture
def computed(tmp_path):
    """`computed(shape, lambda b, x: …, values)`: what a network of that one block answers."""

    def call(make, values):
        b = Builder("one", values.shape[1:])
        network = b.network(make(b, b.input))
        save(network, tmp_path / "one.onnx")
        session = ort.InferenceSession(str(tmp_path / "one.onnx"), providers=["CPUExecutionProvider"])
        (answer,) = session.run(None, {"input": values.astype(np.float32)})
        (declared,) = network.model.graph.outputs
        assert list(declared.shape)[1:] == list(answer.shape[1:])
        return answer

    return call


def test_activations(computed):
    """relu6: min(max(x, 0), 6); hard sigmoid: min(max(x/6 + 1/2, 0), 1); hard swish: x times that."""
    x = np.array([[-4.0, -3.0, -1.5, 0.0, 1.5, 3.0, 7.0]])
    gate = np.array([[0, 0, 0.25, 0.5, 0.75, 1, 1]])
    np.testing.assert_allclose(computed(lambda b, v: b.relu6("r", v), x), [[0, 0, 0, 0, 1.5, 3, 6]])
    np.testing.assert_allclose(computed(lambda b, v: b.hard_sigmoid("s", v), x), gate, atol=1e-6)
    np.testing.assert_allclose(computed(lambda b, v: b.hard_swish("h", v), x), x * gate, atol=1e-6)


def test_maxout(computed):
    """Two units of three pieces: channels 0, 2, 4 make the first unit, 1, 3, 5 the second."""
    x = np.array([[1, 9, 5, 2, 3, 4], [-1, -7, -2, -8, -3, -9]])
    np.testing.assert_array_equal(computed(lambda b, v: b.maxout("m", v, 3), x), [[5, 9], [-1, -7]])


def test_average_of_what_hangs_over(computed):
    """Windows of three at stride two over 1, 2, 3, 4 cover 1–3 and 3–4."""
    x = np.broadcast_to(np.array([1.0, 2.0, 3.0, 4.0]), (1, 1, 4, 4))
    found = computed(lambda b, v: b.average_pool("p", v, kernel=3, stride=2, ceil=True), x)
    np.testing.assert_allclose(found[0, 0], [[2, 3.5], [2, 3.5]])


def test_one_sided_padding(computed):
    """Padded below and to the right, a kernel of ones counts pixels: 4 inside, 2 at the edges, 1 in the corner."""

    def count(b, x):
        weight = b.constant("w", (1, 1, 2, 2), 1.0)
        return b.node("Conv", "c", [x, weight], pads=[0, 0, 1, 1])

    found = computed(count, np.ones((1, 1, 2, 2)))
    np.testing.assert_array_equal(found[0, 0], [[4, 2], [2, 1]])
    b = Builder("padded", (1, 4, 4))
    (layer,) = breakdown(b.network(b.conv("c", b.input, 1, kernel=3, stride=2, pad=(0, 0, 1, 1)))).layers
    assert (layer.output_shape, layer.geometry["pads"]) == ((1, 1, 2, 2), (0, 0, 1, 1))


def test_settings_are_no_weights_and_are_shared():
    b = Builder("settings", (4,))
    network = b.network(b.relu6("second", b.relu6("first", b.input)))
    assert b.setting(6.0) is b.setting(6.0)
    assert b.setting((0, 1)) is not b.setting((1, 0))
    assert not network.weights()
    assert [layer.op for layer in breakdown(network).layers] == ["Clip", "Clip"]
    assert breakdown(network).totals().params == 0
