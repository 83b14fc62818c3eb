"""What of a network is not zero: the same tensors that are counted as parameters, wherever the file keeps them."""

import numpy as np
import onnx_ir as ir
from onnx import TensorProto, helper, numpy_helper

from app.networks import nonzero
from profiler.breakdown import breakdown
from profiler.network import Network


def network(*, constant: bool) -> Network:
    """Two convolutions with one kernel of 2·1·3·3, four of its values zero, and x + 3, whose 3 is no parameter."""
    values = np.arange(18, dtype=np.float32).reshape(2, 1, 3, 3)
    values[0, 0, 0, :] = 0
    values[1, 0, 2, 2] = 0
    kernel, three = numpy_helper.from_array(values, "w"), numpy_helper.from_array(np.float32(3), "three")
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], name="first", pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["x", "w"], ["b"], name="second", pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["a", "b"], ["c"], name="add"),
        helper.make_node("Add", ["c", "three"], ["y"], name="three more"),
    ]
    stored = [] if constant else [kernel, three]
    if constant:
        made = [helper.make_node("Constant", [], [t.name], name=f"make {t.name}", value=t) for t in (kernel, three)]
        nodes = [*made, *nodes]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 4, 4])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2, 4, 4])
    graph = helper.make_graph(nodes, "g", [x], [y], initializer=stored)
    return Network.from_model(ir.from_proto(helper.make_model(graph)), name="two")


def test_a_kernel_used_twice_counts_once_and_a_lone_number_does_not():
    assert nonzero(network(constant=False)) == (14, {"first": 14})
    assert breakdown(network(constant=False)).totals().params == 18


def test_weights_in_constant_nodes_are_counted_as_well():
    assert nonzero(network(constant=True)) == (14, {"first": 14})
