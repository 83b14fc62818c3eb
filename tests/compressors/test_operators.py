"""Every operator that can be lifted does what ONNX Runtime does."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, numpy_helper

from compressors.lift import lift
from profiler.errors import BadInput
from profiler.formats import read
from tests.compressors.one_node import compare, model_of

torch.set_num_threads(1)

I = np.int64  # noqa: E741
RANDOM = np.random.default_rng(3)


def normal(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


IMAGE = normal(2, 4, 7, 6)
FLAT = normal(3, 5)
POSITIVE = np.abs(normal(2, 3, 4)) + 0.1

CASES = [
    # operator, input, constants, attributes, opset
    ("Abs", FLAT, [], {}, 13),
    ("Add", IMAGE, [normal(4, 1, 1)], {}, 13),
    ("AveragePool", IMAGE, [], {"kernel_shape": [3, 2], "strides": [2, 2]}, 13),
    ("AveragePool", IMAGE, [], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}, 13),
    ("AveragePool", IMAGE, [], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}, 13),
    ("AveragePool", IMAGE, [], {"kernel_shape": [3, 3], "pads": [0, 1, 2, 1], "strides": [2, 2]}, 13),
    ("AveragePool", IMAGE, [], {"kernel_shape": [3, 3], "auto_pad": "SAME_UPPER", "strides": [2, 2]}, 13),
    ("BatchNormalization", IMAGE, [normal(4), normal(4), normal(4), np.abs(normal(4))], {"epsilon": 1e-3}, 13),
    ("Cast", np.array([1.7, -1.7], np.float32), [], {"to": TensorProto.INT64}, 13),
    ("Ceil", FLAT, [], {}, 13),
    ("Clip", FLAT, [np.float32(-0.5), np.float32(0.3)], {}, 13),
    ("Clip", FLAT, [None, np.float32(0.3)], {}, 13),
    ("Clip", FLAT, [], {"min": 0.0, "max": 6.0}, 6),
    ("Concat", FLAT, [normal(3, 2)], {"axis": 1}, 13),
    ("Conv", IMAGE, [normal(6, 4, 3, 3), normal(6)], {"pads": [1, 1, 1, 1]}, 13),
    ("Conv", IMAGE, [normal(6, 2, 3, 3)], {"group": 2, "strides": [2, 1]}, 13),
    ("Conv", IMAGE, [normal(5, 4, 3, 2)], {"pads": [0, 1, 2, 0], "dilations": [2, 1]}, 13),
    ("Conv", IMAGE, [normal(5, 4, 3, 3)], {"auto_pad": "SAME_UPPER", "strides": [2, 2]}, 13),
    ("Conv", IMAGE, [normal(5, 4, 2, 2)], {"auto_pad": "SAME_LOWER"}, 13),
    ("Conv", normal(2, 3, 9), [normal(4, 3, 3)], {"pads": [1, 1]}, 13),
    ("ConvTranspose", IMAGE, [normal(4, 3, 3, 3), normal(3)], {"strides": [2, 2], "pads": [1, 1, 1, 1]}, 13),
    ("ConvTranspose", IMAGE, [normal(4, 3, 2, 2)], {"group": 2, "strides": [3, 3], "output_padding": [1, 1]}, 13),
    ("DepthToSpace", normal(1, 8, 2, 3), [], {"blocksize": 2}, 13),
    ("DepthToSpace", normal(1, 8, 2, 3), [], {"blocksize": 2, "mode": "CRD"}, 13),
    ("Div", FLAT, [np.float32(3)], {}, 13),
    ("Div", np.array([7, -7], I), [np.array([2, 2], I)], {}, 13),
    ("Dropout", FLAT, [], {}, 13),
    ("Elu", FLAT, [], {"alpha": 0.7}, 13),
    ("Equal", np.array([1, 2], I), [np.array([1, 3], I)], {}, 13),
    ("Erf", FLAT, [], {}, 13),
    ("Exp", FLAT, [], {}, 13),
    ("Expand", normal(3, 1), [np.array([2, 1, 4], I)], {}, 13),
    ("Flatten", IMAGE, [], {}, 13),
    ("Flatten", IMAGE, [], {"axis": 2}, 13),
    ("Floor", FLAT, [], {}, 13),
    ("Gather", FLAT, [np.array([2, 0], I)], {"axis": 1}, 13),
    ("Gather", FLAT, [np.array(-1, I)], {}, 13),
    ("Gelu", FLAT, [], {}, 20),
    ("Gelu", FLAT, [], {"approximate": "tanh"}, 20),
    ("Gemm", FLAT, [normal(4, 5), normal(4)], {"transB": 1}, 13),
    ("Gemm", FLAT, [normal(5, 4), normal(4)], {}, 13),
    ("Gemm", FLAT, [normal(5, 4), normal(3, 4)], {"alpha": 0.5, "beta": 2.0}, 13),
    ("Gemm", FLAT, [normal(3, 4)], {"transA": 1}, 13),
    ("GlobalAveragePool", IMAGE, [], {}, 13),
    ("GlobalMaxPool", IMAGE, [], {}, 13),
    ("HardSigmoid", FLAT, [], {"alpha": 0.3, "beta": 0.4}, 13),
    ("HardSwish", FLAT, [], {}, 14),
    ("Identity", FLAT, [], {}, 13),
    ("InstanceNormalization", IMAGE, [normal(4), normal(4)], {"epsilon": 1e-2}, 13),
    ("LRN", IMAGE, [], {"size": 3, "alpha": 0.5, "beta": 0.6, "bias": 1.5}, 13),
    ("LayerNormalization", IMAGE, [normal(6), normal(6)], {}, 17),
    ("LeakyRelu", FLAT, [], {"alpha": 0.2}, 13),
    ("Log", POSITIVE, [], {}, 13),
    ("LogSoftmax", POSITIVE, [], {"axis": 1}, 13),
    ("LogSoftmax", POSITIVE, [], {}, 11),
    ("MatMul", FLAT, [normal(5, 2)], {}, 13),
    ("MatMul", normal(2, 3, 5), [normal(2, 5, 2)], {}, 13),
    ("Max", FLAT, [normal(3, 5), normal(5)], {}, 13),
    ("MaxPool", IMAGE, [], {"kernel_shape": [3, 2], "strides": [2, 2], "ceil_mode": 1}, 13),
    ("MaxPool", IMAGE, [], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "dilations": [2, 1]}, 13),
    ("MaxPool", IMAGE, [], {"kernel_shape": [2, 2], "pads": [0, 0, 1, 1], "strides": [2, 2]}, 13),
    ("MaxPool", IMAGE, [], {"kernel_shape": [3, 3], "auto_pad": "SAME_LOWER", "strides": [2, 2]}, 13),
    ("Min", FLAT, [normal(3, 5)], {}, 13),
    ("Mish", FLAT, [], {}, 18),
    ("Mul", FLAT, [normal(5)], {}, 13),
    ("Neg", FLAT, [], {}, 13),
    ("Not", np.array([True, False]), [], {}, 13),
    ("PRelu", IMAGE, [normal(4, 1, 1)], {}, 13),
    ("Pad", IMAGE, [np.array([0, 0, 1, 2, 0, 1, 3, 0], I), np.float32(0.5)], {}, 13),
    ("Pad", IMAGE, [np.array([0, 0, 1, 2, 0, 0, 3, 0], I)], {"mode": "reflect"}, 13),
    ("Pad", IMAGE, [np.array([0, 0, 1, 2, 0, 0, 3, 0], I)], {"mode": "edge"}, 13),
    ("Pow", POSITIVE, [np.float32(2.5)], {}, 13),
    ("Reciprocal", POSITIVE, [], {}, 13),
    ("ReduceMax", POSITIVE, [], {"axes": [1], "keepdims": 0}, 13),
    ("ReduceMean", POSITIVE, [], {"axes": [-1, 1]}, 13),
    ("ReduceMean", POSITIVE, [np.array([1], I)], {"keepdims": 0}, 18),
    ("ReduceMin", POSITIVE, [], {}, 13),
    ("ReduceSum", POSITIVE, [np.array([2], I)], {}, 13),
    ("Relu", FLAT, [], {}, 13),
    ("Reshape", IMAGE, [np.array([0, -1, 3], I)], {}, 13),
    ("Resize", IMAGE, [None, np.array([1, 1, 2, 2], np.float32)],
     {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}, 13),
    ("Resize", IMAGE, [None, None, np.array([2, 4, 14, 18], I)], {"mode": "linear"}, 13),
    ("Resize", IMAGE, [None, None, np.array([2, 4, 13, 11], I)],
     {"mode": "linear", "coordinate_transformation_mode": "align_corners"}, 13),
    ("Selu", FLAT, [], {}, 13),
    ("Shape", IMAGE, [], {}, 13),
    ("Shape", IMAGE, [], {"start": 1, "end": -1}, 15),
    ("Sigmoid", FLAT, [], {}, 13),
    ("Slice", IMAGE, [np.array([1, 0], I), np.array([3, 2**40], I), np.array([1, 3], I), np.array([1, 2], I)], {}, 13),
    ("Slice", IMAGE, [np.array([-1], I), np.array([-(2**40)], I), np.array([2], I), np.array([-2], I)], {}, 13),
    ("Slice", IMAGE, [], {"starts": [1], "ends": [-1], "axes": [2]}, 9),
    ("Softmax", POSITIVE, [], {}, 13),
    ("Softmax", POSITIVE, [], {}, 11),
    ("Softplus", FLAT, [], {}, 13),
    ("Sqrt", POSITIVE, [], {}, 13),
    ("Squeeze", normal(1, 3, 1), [np.array([2], I)], {}, 13),
    ("Squeeze", normal(1, 3, 1), [], {}, 13),
    ("Sub", FLAT, [normal(5)], {}, 13),
    ("Sum", FLAT, [normal(5), normal(3, 1)], {}, 13),
    ("Tanh", FLAT, [], {}, 13),
    ("Transpose", POSITIVE, [], {"perm": [2, 0, 1]}, 13),
    ("Transpose", POSITIVE, [], {}, 13),
    ("Unsqueeze", FLAT, [np.array([0, -1], I)], {}, 13),
    ("Where", np.array([True, False]), [normal(2), normal(2)], {}, 13),
    ("ConstantOfShape", np.array([2, 3], I), [], {"value": numpy_helper.from_array(np.array([7], I))}, 13),
    ("Range", np.array(1, I), [np.array(9, I), np.array(3, I)], {}, 13),
]  # fmt: skip


@pytest.mark.parametrize(("op", "x", "constants", "attributes", "opset"), CASES, ids=lambda case: str(case)[:20])
def test_as_onnx_runtime(op, x, constants, attributes, opset, tmp_path):
    compare(model_of(op, x, constants, attributes, opset), x, tmp_path)


@pytest.mark.parametrize(
    ("x", "constants", "attributes", "opset"),
    [(IMAGE, [np.array([1, 3], I)], {"axis": 1}, 13), (normal(4, 2), [], {"split": [1, 3]}, 11)],
)
def test_split(x, constants, attributes, opset, tmp_path):
    compare(model_of("Split", x, constants, attributes, opset, outputs=2), x, tmp_path)


def test_split_into_equal_parts(tmp_path):
    compare(model_of("Split", normal(6, 2), [], {}, 13, outputs=3), normal(6, 2), tmp_path)


@pytest.mark.parametrize("op", ["DFT", "Unique", "MaxUnpool"])
def test_other_operators_are_named(op, tmp_path):
    onnx.save(model_of(op, FLAT, [], {}, 17), tmp_path / "one.onnx")
    network = read(tmp_path / "one.onnx")
    with pytest.raises(BadInput, match=f"{op} can’t be trained.*the_node"):
        lift(network)
