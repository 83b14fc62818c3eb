"""Networks of one node, and whether lifting them gives what ONNX Runtime gives."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper

from compressors.lift import lift
from profiler.formats import read

onnxruntime.set_default_logger_severity(4)


def model_of(op, x, constants, attributes, opset, outputs=1):
    """One node: `x` is its first input; `constants` its others, None for one left out."""
    names = ["x", *(f"c{n}" if value is not None else "" for n, value in enumerate(constants))]
    node = helper.make_node(op, names, [f"y{n}" for n in range(outputs)], name="the_node", **attributes)
    held = [
        numpy_helper.from_array(np.asarray(value), f"c{n}") for n, value in enumerate(constants) if value is not None
    ]
    kind = helper.np_dtype_to_tensor_dtype(x.dtype)
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info("x", kind, x.shape)],
        [helper.make_tensor_value_info(f"y{n}", onnx.TensorProto.UNDEFINED, None) for n in range(outputs)],
        held,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    for output in model.graph.output:
        output.ClearField("type")
    return onnx.shape_inference.infer_shapes(model)


def by_onnx_runtime(model, x):
    """What it makes of the model's first input. Raises its own errors where it can't run the model."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})


def lifted(model, x, folder: Path):
    path = folder / "one.onnx"
    onnx.save(model, path)
    with torch.no_grad():
        found = lift(read(path))(torch.from_numpy(x))
    return [np.asarray(value) for value in (found if isinstance(found, tuple) else (found,))]


def assert_alike(found, expected):
    """Same shapes and types, and every difference at most 1e-4 of the largest value."""
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.shape == theirs.shape
        assert ours.dtype == theirs.dtype
        finite = theirs[np.isfinite(theirs)]
        scale = float(np.abs(finite).max()) if finite.size else 1.0
        assert np.allclose(ours, theirs, rtol=1e-4, atol=1e-4 * scale, equal_nan=True), np.abs(ours - theirs).max()


def compare(model, x, folder: Path):
    assert_alike(lifted(model, x, folder), by_onnx_runtime(model, x))
