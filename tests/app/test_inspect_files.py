"""`inspect` on files that others wrote: several inputs, open sizes, loops and functions."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.profiler.models import nested_functions, scan


@pytest.fixture
def two_inputs(tmp_path):
    """Pictures of any size, and five numbers beside each."""
    nodes = [
        helper.make_node("Conv", ["image", "w"], ["c"], name="conv"),
        helper.make_node("GlobalAveragePool", ["c"], ["p"], name="pool"),
        helper.make_node("Flatten", ["p"], ["f"], name="flatten"),
        helper.make_node("Concat", ["f", "facts"], ["y"], name="join", axis=1),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, "H", "W"])
    facts = helper.make_tensor_value_info("facts", TensorProto.FLOAT, ["N", "K"])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", "M"])
    weight = numpy_helper.from_array(np.ones((8, 3, 3, 3), np.float32), "w")
    graph = helper.make_graph(nodes, "g", [image, facts], [y], [weight])
    path = tmp_path / "two.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def test_open_sizes_are_asked_for_one_by_one(run, two_inputs):
    status, out, err = run("inspect", str(two_inputs))
    assert (status, out) == (2, "")
    assert "--input 1x3x224x224" in err
    status, _, err = run("inspect", str(two_inputs), "--input", "1x3x10x10")
    assert status == 2
    assert "“facts” has open sizes" in err
    assert "--input facts=1x3" in err


def test_several_inputs_are_given_by_name(answer, two_inputs):
    """8·8·8 results of 27 products; eight numbers and five."""
    found = answer("inspect", str(two_inputs), "--input", "image=1x3x10x10", "--input", "facts=1x5")
    assert found["totals"]["macs"] == 8 * 64 * 27
    assert found["layers"][-1]["output_shape"] == [1, 13]


def test_a_loop_says_how_it_was_counted(run, answer, tmp_path):
    path = tmp_path / "scan.onnx"
    onnx.save(scan(0), path)
    note = "7 turns of 40 MACs and 0 bias additions."
    assert answer("inspect", str(path))["layers"][0]["note"] == note
    assert f"Scan_0: {note}" in run("inspect", str(path))[1]


def test_functions_are_shown_by_the_names_of_their_calls(run, tmp_path):
    path = tmp_path / "functions.onnx"
    path.write_bytes(nested_functions().SerializeToString())
    status, out, _ = run("inspect", str(path))
    assert status == 0
    assert "a/first/conv" in out
