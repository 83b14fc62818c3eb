"""Caffe's layers by type: here the fully connected one, normalisation and activations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import onnx_ir as ir

from profiler.formats.caffe_graph import Shape, Step, axis_of, count, fixed
from profiler.formats.caffe_net import LARGEST, Layer, written
from profiler.formats.caffe_spatial import convolution, crop, deconvolution, local_response_norm, pooling
from profiler.formats.caffe_text import Fault
from profiler.formats.caffe_values import concat, eltwise, flatten, permute, power, reshape, reshaped, slices, split

INNER_PRODUCT = "num_output bias_term weight_filler bias_filler axis transpose"
SCALE = "axis num_axes filler bias_term bias_filler"


def inner_product(s: Step) -> ir.Value:
    """All axes from `axis` on are one vector; the weight is (T, C), or (C, T) when it says `transpose`."""
    p, x = s.settings("inner_product_param", INNER_PRODUCT), s.x
    shape = s.shape(x)
    axis, outputs, turned = axis_of(shape, p.integer("axis", 1)), p.integer("num_output", 0), p.flag("transpose", False)
    if not 0 < outputs <= LARGEST:
        raise Fault(f"it needs a num_output from 1 on, and has {outputs}.")
    if axis == 0:
        raise Fault("it takes a whole batch as one vector.")
    inputs = count(shape[axis:])
    weight = s.weight("weight", (inputs, outputs) if turned else (outputs, inputs), None)
    bias = s.weight("bias", (outputs,), 0.0) if p.flag("bias_term", True) else None
    if axis == 1:
        flat = x if len(shape) == 2 else s.node("Flatten", [x], (shape[0], inputs), suffix=".flatten", axis=1)
        given = [flat, weight] if bias is None else [flat, weight, bias]
        return s.node("Gemm", given, (shape[0], outputs), transB=int(not turned))
    if axis < len(shape) - 1:
        x = reshaped(s, x, (*shape[:axis], inputs), ".flatten")
    if not turned:
        weight = s.node("Transpose", [weight], (inputs, outputs), suffix=".transpose", perm=[1, 0])
    result = s.node("MatMul", [x, weight], (*shape[:axis], outputs))
    return result if bias is None else s.node("Add", [result, bias], s.shape(result), suffix=".add")


def batch_norm(s: Step, scale: Step | None = None) -> ir.Value:
    """(x − μ) / √(σ² + ε); μ and σ² are stored as sums with the factor to divide them by.

    A Scale layer right behind it becomes part of the node, as ONNX and every runtime have it.
    """
    p, x = s.settings("batch_norm_param", "use_global_stats moving_average_fraction eps"), s.x
    shape = s.shape(x)
    if len(shape) < 2:
        raise Fault(f"it normalises a blob of {written(shape)}, which has no channels.")
    if not p.flag("use_global_stats", True):
        raise Fault("it normalises by each batch’s own mean.", "Set its use_global_stats to true.")
    channels = fixed(shape[1])
    mean, variance, factor = s.next_blob((channels,)), s.next_blob((channels,)), s.next_blob((1,))
    divisor = float(factor.values()[0]) if factor is not None else 1.0
    where = scale or s
    gamma = where.weight("weight", (channels,), 1.0) if scale else _constant(s, "weight", channels, 1.0)
    with_beta = scale is not None and scale.settings("scale_param", SCALE).flag("bias_term", False)
    beta = where.weight("bias", (channels,), 0.0) if with_beta else _constant(where, "bias", channels, 0.0)
    stored: list[ir.Value] = []
    for role, blob, start in (("running_mean", mean, 0.0), ("running_var", variance, 1.0)):
        if blob is None:
            stored.append(_constant(s, role, channels, start))
        elif divisor == 1:
            stored.append(s.initializer(role, blob.tensor("", (channels,))))
        else:
            values = blob.values() / np.float32(divisor) if divisor else np.zeros(channels, np.float32)
            stored.append(s.initializer(role, ir.Tensor(values)))
    return s.node("BatchNormalization", [x, gamma, beta, *stored], shape, epsilon=p.number("eps", 1e-5))


def _constant(s: Step, role: str, length: int, value: float) -> ir.Value:
    return s.initializer(role, ir.Tensor(np.full(length, value, np.float32)))


def scales_channels(layer: Layer) -> bool:
    """A Scale layer that multiplies each channel by a stored number."""
    p = layer.settings.message("scale_param")
    return len(layer.bottoms) == 1 and p.integer("axis", 1) == 1 and p.integer("num_axes", 1) == 1


def scale(s: Step) -> ir.Value:
    """Times a stored number for each place along some axes, or times a second blob; plus others where it says so."""
    p = s.settings("scale_param", SCALE)
    x, factor, covered, spread = _operand(s, p.integer("axis", 1), p.integer("num_axes", 1), "weight", 1.0)
    result = s.node("Mul", [x, factor], s.shape(x))
    if not p.flag("bias_term", False):
        return result
    blob = tuple(fixed(size) for size in covered)
    shift = s.weight("bias", blob, 0.0, as_shape=(*blob, *spread))
    return s.node("Add", [result, shift], s.shape(x), suffix=".add")


def bias(s: Step) -> ir.Value:
    """Plus a stored number for each place along some axes, or plus a second blob."""
    p = s.settings("bias_param", "axis num_axes filler")
    x, shift, _, _ = _operand(s, p.integer("axis", 1), p.integer("num_axes", 1), "bias", 0.0)
    return s.node("Add", [x, shift], s.shape(x))


def _operand(
    s: Step, axis: int, axes: int, role: str, fill: float
) -> tuple[ir.Value, ir.Value, Shape, tuple[int, ...]]:
    """What is multiplied or added to what: the weight or the second blob, the axes it covers, and the 1s behind them.

    ONNX lines shapes up at their ends, Caffe where it is told to.
    """
    if len(s.layer.bottoms) not in (1, 2) or len(s.layer.tops) != 1:
        raise Fault(f"it reads {len(s.layer.bottoms)} blobs and makes {len(s.layer.tops)}.")
    x, shape = s.bottoms[0], s.shape(s.bottoms[0])
    start = axis_of(shape, axis)
    if len(s.bottoms) == 2:
        covered = s.shape(s.bottoms[1])
        stop = start + len(covered)
    else:
        stop = len(shape) if axes == -1 else start + axes
        covered = shape[start : max(start, stop)]
    spread = (1,) * len(shape[stop:])
    if not start <= stop <= len(shape) or shape[start:stop] != covered:
        raise Fault(f"it covers {written(covered)} of {written(shape)} from axis {start} on.")
    if len(s.bottoms) == 1:
        blob = tuple(fixed(size) for size in covered)
        return x, s.weight(role, blob, fill, as_shape=(*blob, *spread)), covered, spread
    operand = s.bottoms[1]
    if spread:
        added = s.whole(range(len(covered), len(covered) + len(spread)), ".axes")
        operand = s.node("Unsqueeze", [operand, added], (*covered, *spread), suffix=".unsqueeze")
    return x, operand, covered, spread


def relu(s: Step) -> ir.Value:
    slope = s.settings("relu_param", "negative_slope engine").number("negative_slope", 0.0)
    if slope:
        return s.node("LeakyRelu", [s.x], s.shape(s.x), alpha=slope)
    return s.node("Relu", [s.x], s.shape(s.x))


def prelu(s: Step) -> ir.Value:
    """x, or x times the channel's own slope where x is negative (He et al. 2015)."""
    p, x = s.settings("prelu_param", "filler channel_shared"), s.x
    shape = s.shape(x)
    if len(shape) < 2:
        raise Fault(f"it works on a blob of {written(shape)}, which has no channels.")
    slopes = 1 if p.flag("channel_shared", False) else fixed(shape[1])
    slope = s.weight("weight", (slopes,), 0.25, as_shape=(slopes, *(1 for _ in shape[2:])))
    return s.node("PRelu", [x, slope], shape)


def elu(s: Step) -> ir.Value:
    return s.node("Elu", [s.x], s.shape(s.x), alpha=s.settings("elu_param", "alpha").number("alpha", 1.0))


def clipped_relu(s: Step) -> ir.Value:
    return s.node("Clip", [s.x, s.number(0.0, ".min"), s.number(6.0, ".max")], s.shape(s.x))


def plain(op: str, settings: str = "") -> Callable[[Step], ir.Value]:
    """One ONNX operator that needs no settings; the layer's own ones only say where Caffe runs it."""

    def translate(s: Step) -> ir.Value:
        if settings:
            s.settings(settings, "engine")
        return s.node(op, [s.x], s.shape(s.x))

    return translate


def softmax(s: Step) -> ir.Value:
    axis = axis_of(s.shape(s.x), s.settings("softmax_param", "axis engine").integer("axis", 1))
    fixed(s.shape(s.x)[axis])
    return s.node("Softmax", [s.x], s.shape(s.x), axis=axis)


def dropout(s: Step) -> ir.Value:
    """Nothing, once a network is trained; the node is kept because training needs it."""
    p = s.settings("dropout_param", "dropout_ratio scale_train")
    rate = p.number("dropout_ratio", 0.5)
    if not 0 <= rate < 1:
        raise Fault(f"its dropout_ratio of {rate:g} is not between 0 and 1.")
    if not p.flag("scale_train", True):
        return s.node("Mul", [s.x, s.number(1 - rate, ".kept")], s.shape(s.x))
    return s.node("Dropout", [s.x, s.number(rate, ".ratio")], s.shape(s.x))


LAYERS: Mapping[str, Callable[[Step], ir.Value | Sequence[ir.Value]]] = {
    "AbsVal": plain("Abs"),
    "BNLL": plain("Softplus"),
    "BatchNorm": batch_norm,
    "Bias": bias,
    "Concat": concat,
    "Convolution": convolution,
    "ConvolutionDepthwise": convolution,
    "Crop": crop,
    "Deconvolution": deconvolution,
    "DepthwiseConvolution": convolution,
    "Dropout": dropout,
    "ELU": elu,
    "Eltwise": eltwise,
    "Flatten": flatten,
    "InnerProduct": inner_product,
    "LRN": local_response_norm,
    "PReLU": prelu,
    "Permute": permute,
    "Pooling": pooling,
    "Power": power,
    "ReLU": relu,
    "ReLU6": clipped_relu,
    "Reshape": reshape,
    "Scale": scale,
    "Sigmoid": plain("Sigmoid", "sigmoid_param"),
    "Slice": slices,
    "Softmax": softmax,
    "Split": split,
    "TanH": plain("Tanh", "tanh_param"),
}
