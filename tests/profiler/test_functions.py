"""Models that bring functions along."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import helper

from profiler import formats
from profiler.breakdown import breakdown
from profiler.errors import BadInput
from profiler.network import save
from profiler.normalise import normalised
from tests.profiler.models import W, call, function, model, nested_functions


@pytest.fixture
def nested(tmp_path):
    path = tmp_path / "nested.onnx"
    proto = nested_functions()
    onnx.checker.check_model(proto, full_check=True)
    path.write_bytes(proto.SerializeToString())
    return path


def test_a_call_counts_as_what_it_does_under_its_name(nested):
    """Each 1 × 1 convolution: 3·64·3. The kernel that two calls read is stored once."""
    layers = breakdown(formats.read(nested)).layers
    assert [layer.name for layer in layers] == [
        "a/first/conv", "a/first/Relu_1", "a/second/conv", "a/second/Relu_1", "b/conv", "b/Relu_1",
    ]  # fmt: skip
    assert [layer.macs for layer in layers] == [576, 0] * 3
    assert [layer.params for layer in layers] == [9, 0, 0, 0, 9, 0]
    assert layers[0].feeds == ("a/first/Relu_1",)


def test_normalised_without_functions_gives_the_same(nested, tmp_path):
    tidy = normalised(formats.read(nested))
    assert not tidy.model.functions
    assert [layer.name for layer in breakdown(tidy).layers] == [
        layer.name for layer in breakdown(formats.read(nested)).layers
    ]
    save(tidy, tmp_path / "tidy.onnx")
    x = np.random.default_rng(1).standard_normal((1, 3, 8, 8)).astype(np.float32)
    results = [
        ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
        for path in (nested, tmp_path / "tidy.onnx")
    ]
    np.testing.assert_allclose(results[1], results[0], rtol=1e-6)


def test_an_unchanged_file_keeps_its_functions(nested, tmp_path):
    save(formats.read(nested), tmp_path / "copy.onnx")
    assert (tmp_path / "copy.onnx").read_bytes() == nested.read_bytes()


def test_attributes_of_a_call_reach_inside(tmp_path):
    """The call's stride of 2 leaves 4 × 4 of 8 × 8."""
    conv = helper.make_node("Conv", ["x", "w"], ["y"], name="conv")
    reference = conv.attribute.add()
    reference.name, reference.ref_attr_name, reference.type = "strides", "steps", onnx.AttributeProto.INTS
    node = helper.make_node("Strided", ["x", "w"], ["out"], name="s", domain="f", steps=[2, 2])
    proto = model([node], [function("Strided", [conv], ["x", "w"], ["y"], attributes=["steps"])], {"w": W})
    (tmp_path / "n.onnx").write_bytes(proto.SerializeToString())
    (layer,) = breakdown(formats.read(tmp_path / "n.onnx")).layers
    assert (layer.name, layer.output_shape, layer.macs) == ("s/conv", (1, 3, 4, 4), 144)


def test_a_function_written_for_another_opset(tmp_path):
    """It counts; a rewrite leaves the call alone, because the operators inside may mean something else."""
    other = function("Old", [helper.make_node("Conv", ["x", "w"], ["y"], name="conv")], ["x", "w"], ["y"], opset=11)
    (tmp_path / "n.onnx").write_bytes(model([call("a", "Old", "x", "w")], [other], {"w": W}).SerializeToString())
    network = formats.read(tmp_path / "n.onnx")
    assert [(layer.name, layer.macs) for layer in breakdown(network).layers] == [("a/conv", 576)]
    assert [node.op_type for node in normalised(network).model.graph] == ["Old"]


def test_weights_inside_a_function_count_once_and_stay_in_the_file(tmp_path):
    """A Constant in its body, large enough to be mapped."""
    values = np.arange(64 * 32, dtype=np.float32).reshape(64, 32)
    constant = helper.make_node("Constant", [], ["w"], value=onnx.numpy_helper.from_array(values))
    body = [constant, helper.make_node("MatMul", ["x", "w"], ["y"], name="fc")]
    dense = function("Dense", body, ["x"], ["y"])
    nodes = [call("a", "Dense", "x"), call("b", "Dense", "x"), helper.make_node("Add", ["a_out", "b_out"], ["y"])]
    (tmp_path / "n.onnx").write_bytes(model(nodes, [dense], {}, shape=(1, 64)).SerializeToString())
    counted = breakdown(formats.read(tmp_path / "n.onnx"))
    assert [(layer.name, layer.params) for layer in counted.layers] == [("a/fc", 2048), ("b/fc", 0), ("Add_2", 0)]
    assert counted.totals("fc").macs == 2 * 2048


def test_a_name_that_is_no_text_is_refused(nested):
    nested.write_bytes(nested.read_bytes().replace(b"Block", b"Bl\xffck"))
    with pytest.raises(BadInput, match="name that is no text"):
        formats.read(nested)


def test_functions_in_a_circle_are_refused(tmp_path):
    a = function("A", [call("in_a", "B", "x")], ["x"], ["in_a_out"])
    b = function("B", [call("in_b", "A", "x")], ["x"], ["in_b_out"])
    (tmp_path / "n.onnx").write_bytes(model([call("n", "A", "x")], [a, b], {}).SerializeToString())
    with pytest.raises(BadInput, match=r"call each other in a circle.*“A”, “B”"):
        breakdown(formats.read(tmp_path / "n.onnx"))


def test_functions_that_unfold_without_end_are_refused(tmp_path):
    """Thirty functions, each calling the next twice: a billion nodes from two kilobytes."""
    chain = [
        function(f"F{i}", [call("p", f"F{i + 1}", "x"), call("q", f"F{i + 1}", "p_out")], ["x"], ["q_out"])
        for i in range(30)
    ]
    chain.append(function("F30", [helper.make_node("Relu", ["x"], ["y"])], ["x"], ["y"]))
    (tmp_path / "n.onnx").write_bytes(model([call("n", "F0", "x")], chain, {}).SerializeToString())
    with pytest.raises(BadInput, match=r"unfold to more than can be looked at.*3,221,225,471 nodes"):
        breakdown(formats.read(tmp_path / "n.onnx"))
