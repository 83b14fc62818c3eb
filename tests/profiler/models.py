"""Networks as other programs write them, made with onnx.helper: for every opset, with functions, with loops."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def stored(name, values, dtype=np.float32):
    return numpy_helper.from_array(np.asarray(values, dtype), name)


def with_setting(opset, since, op, reads, makes, name, setting, value):
    """A node whose setting is an attribute before opset `since`, and a stored input from then on."""
    if opset < since:
        return helper.make_node(op, reads, [makes], name=name, **{setting: value}), []
    tensor = stored(f"{name}.{setting}", value, np.float32 if isinstance(value, float) else np.int64)
    return helper.make_node(op, [*reads, tensor.name], [makes], name=name), [tensor]


def opset_network(opset):
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


def function(name, nodes, inputs, outputs, *, opset=17, attributes=()):
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("f", 1)]
    return helper.make_function("f", name, inputs, outputs, nodes, imports, list(attributes))


def call(name, callee, *inputs):
    return helper.make_node(callee, list(inputs), [f"{name}_out"], name=name, domain="f")


def model(nodes, functions, weights, *, shape=(1, 3, 8, 8)):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    y = helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, ["a", "b", "c", "d"][: len(shape)])
    stored = [onnx.numpy_helper.from_array(values, name) for name, values in weights.items()]
    graph = helper.make_graph(nodes, "g", [x], [y], stored)
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8, functions=functions)


BLOCK = function(
    "Block",
    [
        helper.make_node("Conv", ["x", "w"], ["c"], name="conv"),
        helper.make_node("Relu", ["c"], ["y"]),
    ],
    ["x", "w"],
    ["y"],
)
PAIR = function(
    "Pair", [call("first", "Block", "x", "w"), call("second", "Block", "first_out", "w")], ["x", "w"], ["second_out"]
)
W = np.random.default_rng(0).standard_normal((3, 3, 1, 1)).astype(np.float32)


def nested_functions():
    """A function that calls another twice, and that other one called once more."""
    return model([call("a", "Pair", "x", "w"), call("b", "Block", "a_out", "v")], [BLOCK, PAIR], {"w": W, "v": W})


def scan(axis):
    """Seven slices of (2, 4), each times (4, 5) and added to the state."""
    body = helper.make_graph(
        [
            helper.make_node("MatMul", ["slice", "w"], ["product"]),
            helper.make_node("Add", ["state", "product"], ["next"]),
            helper.make_node("Identity", ["next"], ["kept"]),
        ],
        "body",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("state", "slice")],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("next", "kept")],
    )
    node = helper.make_node(
        "Scan", ["start", "x"], ["last", "all"], body=body, num_scan_inputs=1, scan_input_axes=[axis]
    )
    shape = [2, 4]
    shape.insert(axis if axis >= 0 else 2, 7)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    start = helper.make_tensor_value_info("start", TensorProto.FLOAT, [2, 5])
    last = helper.make_tensor_value_info("last", TensorProto.FLOAT, [2, 5])
    w = onnx.numpy_helper.from_array(np.ones((4, 5), np.float32), "w")
    graph = helper.make_graph([node], "g", [start, x], [last], [w])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def residual_network():
    """conv → relu → conv + shortcut → mean → fc."""
    rng = np.random.default_rng(0)

    def weight(name, *shape):
        return numpy_helper.from_array(rng.standard_normal(shape).astype(np.float32), name)

    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["c1"], name="conv1", pads=[1] * 4),
        helper.make_node("Relu", ["c1"], ["r"], name="relu"),
        helper.make_node("Conv", ["r", "w2"], ["c2"], name="conv2", pads=[1] * 4),
        helper.make_node("Add", ["c2", "r"], ["s"], name="add"),
        helper.make_node("GlobalAveragePool", ["s"], ["p"], name="pool"),
        helper.make_node("Flatten", ["p"], ["f"], name="flatten"),
        helper.make_node("MatMul", ["f", "w3"], ["y"], name="fc"),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 5])
    weights = [weight("w1", 4, 3, 3, 3), weight("b1", 4), weight("w2", 4, 4, 3, 3), weight("w3", 4, 5)]
    graph = helper.make_graph(nodes, "g", [x], [y], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
