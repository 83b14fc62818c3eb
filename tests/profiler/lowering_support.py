"""What the tests of lowering share: run both, hold them against each other, bit by bit."""

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime as ort

from profiler import shapes
from profiler.opset import IR_OF_OPSET, lowering

X = np.random.default_rng(7).standard_normal((2, 3, 6, 8)).astype(np.float32)
RANDOM = np.random.default_rng(8)


def run(network, feeds):
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    proto = ir.to_proto(network.model)
    session = ort.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


def same(network, opset, feeds=None, close=False):
    """Lower it, check it, run both; returns the lowered network."""
    feeds = {"x": X} if feeds is None else feeds
    made = lowering(network, opset, IR_OF_OPSET[opset])
    assert made.network.opset == opset
    assert made.network.model.ir_version <= IR_OF_OPSET[opset]
    onnx.checker.check_model(ir.to_proto(made.network.model), full_check=True)
    for before, after in zip(run(network, feeds), run(made.network, feeds), strict=True):
        assert (before.shape, before.dtype) == (after.shape, after.dtype)
        if close:
            np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6)
        else:
            assert before.tobytes() == after.tobytes()
    return made


def axes(*values):
    return np.array(values, np.int64)


SHAPE = "float[2,3,6,8] x"


def written(make, opset, body, stored, shape=SHAPE):
    return make(f"g ({shape}) => (float[a,b,c,d] y) {{ {body} }}", opset=opset, **stored)


def free_outputs(network):
    """The text gives outputs four axes; what they really have is inferred, or is the input's shape."""
    for value in network.model.graph.outputs:
        value.shape = None
    shapes.infer(network.model)
    for value in network.model.graph.outputs:
        value.shape = value.shape if value.shape is not None else ir.Shape(X.shape)
    return network
