"""One small network, written for every opset there is from 7 on: it opens and counts the same."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from profiler import formats
from profiler.breakdown import breakdown
from profiler.formats.onnx import read_onnx
from profiler.network import Network, save

OLDEST, NEWEST = 7, onnx.defs.onnx_opset_version()


def stored(name, values, dtype=np.float32):
    return numpy_helper.from_array(np.asarray(values, dtype), name)


def with_setting(opset, since, op, reads, makes, name, setting, value):
    """A node whose setting is an attribute before opset `since`, and a stored input from then on."""
    if opset < since:
        return helper.make_node(op, reads, [makes], name=name, **{setting: value}), []
    tensor = stored(f"{name}.{setting}", value, np.float32 if isinstance(value, float) else np.int64)
    return helper.make_node(op, [*reads, tensor.name], [makes], name=name), [tensor]


def written_for(opset):
    """Padding, a convolution with a bias, normalisation, pooling, a depthwise convolution, means, two FC layers."""
    weights = [
        stored("conv.weight", np.ones((8, 3, 3, 3))),
        stored("conv.bias", np.ones(8)),
        *(stored(f"norm.{part}", np.ones(8)) for part in ("scale", "shift", "mean", "variance")),
        stored("depthwise.weight", np.ones((8, 1, 3, 3))),
        stored("fc1.weight", np.ones((5, 8))),
        stored("fc1.bias", np.ones(5)),
        stored("fc2.weight", np.ones((5, 4))),
        stored("shape", [-1, 5], np.int64),
    ]
    pad, more = with_setting(opset, 11, "Pad", ["x"], "padded", "pad", "pads", [0, 0, 1, 1, 0, 0, 1, 1])
    mean, also = with_setting(opset, 18, "ReduceMean", ["twice"], "mean", "mean", "axes", [2, 3])
    drop, ratio = with_setting(opset, 12, "Dropout", ["activated"], "kept", "drop", "ratio", 0.5)
    clip = (
        helper.make_node("Clip", ["normal"], ["clipped"], name="clip", min=0.0, max=6.0)
        if opset < 11
        else helper.make_node("Clip", ["normal", "low", "high"], ["clipped"], name="clip")
    )
    limits = [] if opset < 11 else [stored("low", 0.0), stored("high", 6.0)]
    nodes = [
        pad,
        helper.make_node("Conv", ["padded", "conv.weight", "conv.bias"], ["c"], name="conv", kernel_shape=[3, 3]),
        helper.make_node("BatchNormalization", ["c", *(w.name for w in weights[2:6])], ["normal"], name="norm"),
        clip,
        helper.make_node("MaxPool", ["clipped"], ["pooled"], name="pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Conv", ["pooled", "depthwise.weight"], ["d"], name="depthwise", group=8, pads=[1] * 4),
        helper.make_node("Concat", ["d", "pooled"], ["both"], name="concat", axis=1),
        helper.make_node("Add", ["d", "pooled"], ["twice"], name="add"),
        mean,
        helper.make_node("Flatten", ["mean"], ["flat"], name="flatten"),
        helper.make_node("Gemm", ["flat", "fc1.weight", "fc1.bias"], ["h"], name="fc1", transB=1),
        helper.make_node("Relu", ["h"], ["activated"], name="relu"),
        drop,
        helper.make_node("Reshape", ["kept", "shape"], ["r"], name="reshape"),
        helper.make_node("MatMul", ["r", "fc2.weight"], ["m"], name="fc2"),
        helper.make_node("Softmax", ["m"], ["y"], name="softmax", axis=1),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 16, 16])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 4])
    both = helper.make_tensor_value_info("both", TensorProto.FLOAT, ["N", 16, 8, 8])
    imports = [helper.make_opsetid("", opset)]
    version = helper.find_min_ir_version_for(imports)
    tensors = [*weights, *more, *also, *ratio, *limits]
    listed = [helper.make_tensor_value_info(t.name, t.data_type, t.dims) for t in tensors if version < 4]
    graph = helper.make_graph(nodes, "g", [x, *listed], [y, both], tensors)
    return helper.make_model(graph, opset_imports=imports, ir_version=version)


@pytest.mark.parametrize("opset", range(OLDEST, NEWEST + 1))
def test_every_opset_counts_the_same(opset, tmp_path):
    """By hand: 16·16·8·27 and 8·8·8·9 MACs, 8·5 and 5·4; parameters 216 + 8, 32, 72, 45, 20."""
    proto = written_for(opset)
    onnx.checker.check_model(proto)
    (tmp_path / "n.onnx").write_bytes(proto.SerializeToString())
    network = formats.read(tmp_path / "n.onnx")
    counted = breakdown(network)
    assert network.opset == opset
    assert counted.unknown_ops == ()
    layers = {layer.name: layer for layer in counted.layers}
    assert {name: layer.macs for name, layer in layers.items() if layer.macs} == {
        "conv": 55296, "depthwise": 4608, "fc1": 40, "fc2": 20,
    }  # fmt: skip
    assert {name: layer.params for name, layer in layers.items() if layer.params} == {
        "conv": 224, "norm": 32, "depthwise": 72, "fc1": 45, "fc2": 20,
    }  # fmt: skip
    assert layers["pad"].output_shape == (1, 3, 18, 18)
    assert layers["mean"].output_shape == (1, 8, 1, 1)
    assert layers["concat"].activation_bytes == 4 * 16 * 64
    assert all(layer.activation_bytes for layer in counted.layers)
    model = network.edit()
    model.producer_name = "changed"  # so that saving writes the graph anew
    save(Network.from_model(model, name="again"), tmp_path / "again.onnx")
    onnx.checker.check_model(str(tmp_path / "again.onnx"), full_check=True)
    assert breakdown(read_onnx(tmp_path / "again.onnx")).totals() == counted.totals()


def test_an_opset_newer_than_the_onnx_package_knows(tmp_path):
    """Counted as by the newest rules there are."""
    proto = written_for(NEWEST)
    proto.opset_import[0].version = NEWEST + 5
    (tmp_path / "n.onnx").write_bytes(proto.SerializeToString())
    network = formats.read(tmp_path / "n.onnx")
    assert network.opset == NEWEST + 5
    assert breakdown(network).totals().macs == 55296 + 4608 + 60
