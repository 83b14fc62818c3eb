"""Every built-in network, layer by layer, against onnx-tool: another program that counts ONNX graphs.

It reads the same graph, so what it holds is our counting, not the networks themselves: published figures hold those.
Its “MACs” of a convolution or Gemm are multiply-accumulates and one addition an output for the bias: our MACs + bias.
Its parameters are the initializers' elements, as ours are. Pooling, normalisation, LRN and elementwise operators cost
something there and nothing here, by convention: they are left out of the comparison.
"""

import numpy as np
import onnx
import pytest

from profiler import zoo
from profiler.breakdown import breakdown
from profiler.serial import skeleton

onnx_tool = pytest.importorskip("onnx_tool")


@pytest.fixture
def count(monkeypatch):
    """A network's onnx-tool graph, profiled. Its weights are zeros without memory: counting needs only their shapes."""
    from onnx_tool import tensor as of_onnx_tool

    read = of_onnx_tool.tensorproto2ndarray

    def light(proto):
        if proto.data_location == onnx.TensorProto.EXTERNAL:
            return np.broadcast_to(np.float32(0), tuple(proto.dims))
        return read(proto)

    monkeypatch.setattr(of_onnx_tool, "tensorproto2ndarray", light)
    monkeypatch.setattr(of_onnx_tool.Tensor, "sparsity_search", lambda self: setattr(self, "sparsity", None))

    def profiled(network, input_shape):
        data, _ = skeleton(network.model)
        graph = onnx_tool.Model(onnx.ModelProto.FromString(data)).graph
        graph.graph_reorder_nodes()
        graph.shape_infer({"input": np.zeros((1, *input_shape), np.float32)})
        graph.profile()
        return graph

    return profiled


@pytest.mark.parametrize("name", zoo.ZOO)
def test_onnx_tool_counts_the_same(name, count):
    network = zoo.build(name)
    ours, theirs = breakdown(network), count(network, zoo.entry(name).input_shape)
    for layer in ours.layers:
        node = theirs.nodemap[layer.name]
        assert node.op_type == layer.op
        assert node.params == layer.params, layer.name
        assert tuple(node.outshape) == layer.output_shape, layer.name
        if layer.kind != "other":
            assert layer.macs is not None
            assert layer.bias_adds is not None
            assert node.macs[0] == layer.macs + layer.bias_adds, layer.name
    assert theirs.params == ours.totals().params
    weighted = [node for node in theirs.nodemap.values() if node.op_type in ("Conv", "Gemm")]
    assert sum(node.macs[0] for node in weighted) == ours.totals().macs + ours.totals().bias_adds
