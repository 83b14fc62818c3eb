"""Caffe's layers that slide over pictures: convolution, deconvolution, pooling, local response normalisation, crop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import onnx_ir as ir

from profiler.formats.caffe_graph import Shape, Step, axis_of, fixed
from profiler.formats.caffe_net import LARGEST, written
from profiler.formats.caffe_text import Fault, Message

WINDOW = "pad pad_h pad_w kernel_size kernel_h kernel_w stride stride_h stride_w dilation"
CONVOLUTION = f"{WINDOW} num_output bias_term group axis weight_filler bias_filler engine force_nd_im2col"
POOLING = f"{WINDOW} pool global_pooling engine round_mode ceil_mode"
LRN = "local_size alpha beta norm_region k engine"


class Window(NamedTuple):
    """How a layer slides, each by axis."""

    kernel: list[int]
    stride: list[int]
    pad: list[int]
    dilation: list[int]

    def extents(self) -> list[int]:
        return [d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True)]


def convolution(s: Step) -> ir.Value:
    """H' = ⌊(H + 2z − e) / Δ⌋ + 1, e = dilation · (d − 1) + 1; the weight is (T, C/groups, d, d)."""

    def slid(size: int, extent: int, step: int, margin: int) -> int:
        if size + 2 * margin < extent:
            raise Fault(f"its window of {extent} is larger than its padded input of {size + 2 * margin}.")
        return (size + 2 * margin - extent) // step + 1

    return _convolved(s, "Conv", slid)


def deconvolution(s: Step) -> ir.Value:
    """A convolution’s backward pass: H' = Δ · (H − 1) + e − 2z; the weight is (C, T/groups, d, d)."""

    def slid(size: int, extent: int, step: int, margin: int) -> int:
        if step * (size - 1) + extent <= 2 * margin:
            raise Fault(f"its padding of {margin} is larger than its result.")
        return step * (size - 1) + extent - 2 * margin

    return _convolved(s, "ConvTranspose", slid)


def _convolved(s: Step, op: str, slid: Callable[[int, int, int, int], int]) -> ir.Value:
    p, x = s.settings("convolution_param", CONVOLUTION), s.x
    shape = s.shape(x)
    if len(shape) < 3 or p.integer("axis", 1) not in (1, 1 - len(shape)):
        raise Fault(f"it works on axis {p.integer('axis', 1)} of a blob of {written(shape)}.")
    channels, filters = fixed(shape[1]), p.integer("num_output", 0)
    groups = channels if s.layer.type == "ConvolutionDepthwise" else p.integer("group", 1)
    if not 0 < filters <= LARGEST:
        raise Fault(f"it needs a num_output from 1 on, and has {filters}.")
    if groups < 1 or channels % groups or filters % groups:
        raise Fault(f"{channels} channels and {filters} filters cannot be split into {groups} groups.")
    w = _window(p, len(shape) - 2)
    sides = zip(map(fixed, shape[2:]), w.extents(), w.stride, w.pad, strict=True)
    sizes = [slid(*side) for side in sides]
    first, second = (filters, channels) if op == "Conv" else (channels, filters)
    inputs = [x, s.weight("weight", (first, second // groups, *w.kernel), None)]
    if p.flag("bias_term", True):
        inputs.append(s.weight("bias", (filters,), 0.0))
    slides: dict[str, Any] = {"kernel_shape": w.kernel, "strides": w.stride, "pads": w.pad * 2, "dilations": w.dilation}
    return s.node(op, inputs, (shape[0], filters, *sizes), group=groups, **slides)


def _window(p: Message, axes: int) -> Window:
    kernel = _by_axis(p, "kernel_size", ("kernel_h", "kernel_w"), axes, None, 1)
    stride = _by_axis(p, "stride", ("stride_h", "stride_w"), axes, 1, 1)
    pad = _by_axis(p, "pad", ("pad_h", "pad_w"), axes, 0, 0)
    return Window(kernel, stride, pad, _by_axis(p, "dilation", (), axes, 1, 1))


def _by_axis(p: Message, name: str, apart: tuple[str, ...], axes: int, default: int | None, smallest: int) -> list[int]:
    """A setting given once for all axes, once for each, or for height and width by their own names."""
    values = p.integers(name)
    if any(part in p for part in apart):
        if values or axes != 2:
            raise Fault(f"it gives “{name}” and {apart[0]}, {apart[1]}, or has not two axes.")
        values = [p.integer(part, 0 if default is None else default) for part in apart]
    if not values and default is not None:
        values = [default]
    if len(values) not in (1, axes):
        raise Fault(f"it gives “{name}” {len(values)} times for {axes} axes.")
    if any(not smallest <= value <= LARGEST for value in values):
        raise Fault(f"its “{name}” of {written(tuple(values))} is not possible.")
    return values * axes if len(values) == 1 else values


def pooling(s: Step) -> ir.Value:
    """Largest or mean value of a window. Sizes are rounded up: H' = ⌈(H + 2z − d) / Δ⌉ + 1.

    The last window must begin inside the picture or the padding before it. A mean counts the padding, never what a
    window has beyond it: ONNX's own two ways of counting, each where it comes to the same.
    """
    p, x = s.settings("pooling_param", POOLING), s.x
    shape = s.shape(x)
    how = p.choice("pool", {"MAX": 0, "AVE": 1, "STOCHASTIC": 2})
    if how == "STOCHASTIC":
        raise Fault("stochastic pooling has no equal in ONNX.")
    if len(shape) != 4:
        raise Fault(f"it pools a blob of {written(shape)}, which is no picture.")
    if p.flag("global_pooling", False):
        op = "GlobalMaxPool" if how == "MAX" else "GlobalAveragePool"
        return s.node(op, [x], (*shape[:2], 1, 1))
    w = _window(p, 2)
    if max(w.dilation) > 1:
        raise Fault("its window has holes, which Caffe itself does not know.")
    if any(z >= k for z, k in zip(w.pad, w.kernel, strict=True)):
        raise Fault("its padding is not smaller than its window.")
    up = p.choice("round_mode", {"CEIL": 0, "FLOOR": 1}) == "CEIL" and p.flag("ceil_mode", True)
    size = [fixed(side) for side in shape[2:]]
    out = [_pooled(*side, clip=any(w.pad), up=up) for side in zip(size, w.kernel, w.stride, w.pad, strict=True)]
    return _pool(s, how, x, (*shape[:2], *out), w, up=up)


def _pooled(size: int, kernel: int, stride: int, pad: int, *, clip: bool, up: bool) -> int:
    room = size + 2 * pad - kernel
    out = (-(-room // stride) if up else room // stride) + 1
    if clip and (out - 1) * stride >= size + pad:
        out -= 1
    if out < 1:
        raise Fault(f"its window of {kernel} is larger than its padded input of {size + 2 * pad}.")
    if (out - 1) * stride >= size + pad:
        raise Fault("its last window lies outside the picture.", "Make its kernel at least as large as its stride.")
    return out


def _pool(s: Step, how: str, x: ir.Value, shape: Shape, window: Window, *, up: bool) -> ir.Value:
    """The pooling node. Where rounding alone does not give Caffe's size, the end gets padding of its own."""
    kernel, stride, pad, _ = window
    sides = list(zip(map(fixed, s.shape(x)[2:]), map(fixed, shape[2:]), kernel, stride, pad, strict=True))
    # How far the last window reaches beyond the padding; less than nothing when it stops before its end.
    beyond = [(out - 1) * step + k - size - 2 * z for size, out, k, step, z in sides]
    if how == "AVE" and any(pad) and max(beyond) > 0:
        x, pad = _padded(s, x, pad), [0, 0]
        sides = [(size + 2 * z, out, k, step, 0) for size, out, k, step, z in sides]
    counts, room = any(pad), [size + 2 * z - k for size, _, k, _, z in sides]
    steps = [(free, out - 1, step) for free, (_, out, _, step, _) in zip(room, sides, strict=True)]
    rounded_up = up and min(room) >= 0 and all(-(-free // step) == last for free, last, step in steps)
    pads = pad * 2
    if not rounded_up and any(free // step != last for free, last, step in steps):
        pads = [*pad, *(max(0, z + over) for z, over in zip(pad, beyond, strict=True))]
    attributes: dict[str, Any] = {"kernel_shape": kernel, "strides": stride, "pads": pads}
    if how == "MAX":
        return s.node("MaxPool", [x], shape, **attributes, ceil_mode=int(rounded_up))
    # Where padding counts and sizes are rounded up, ONNX Runtime divides by the whole window, whatever lies in it. By
    # now no such window reaches beyond the padding, and both ways of rounding come to the same.
    ceil = int(rounded_up and not counts)
    return s.node("AveragePool", [x], shape, **attributes, ceil_mode=ceil, count_include_pad=int(counts))


def _padded(s: Step, x: ir.Value, pad: list[int]) -> ir.Value:
    shape = s.shape(x)
    amounts = s.whole([0, 0, *pad, 0, 0, *pad], ".pads")
    sizes = [fixed(size) + 2 * z for size, z in zip(shape[2:], pad, strict=True)]
    return s.node("Pad", [x, amounts], (*shape[:2], *sizes), suffix=".pad", mode="constant")


def local_response_norm(s: Step) -> ir.Value:
    """x / (k + α/n · Σx²)^β over n channels; within a channel over a square of n · n, where k is always 1."""
    p, x = s.settings("lrn_param", LRN), s.x
    shape = s.shape(x)
    size, alpha, beta = p.integer("local_size", 5), p.number("alpha", 1.0), p.number("beta", 0.75)
    if not 0 < size <= LARGEST or size % 2 == 0:
        raise Fault(f"its local_size of {size} is not odd.")
    if len(shape) != 4:
        raise Fault(f"it normalises a blob of {written(shape)}, which is no picture.")
    region = p.choice("norm_region", {"ACROSS_CHANNELS": 0, "WITHIN_CHANNEL": 1})
    if region == "ACROSS_CHANNELS":
        return s.node("LRN", [x], shape, size=size, alpha=alpha, beta=beta, bias=p.number("k", 1.0))
    margin = (size - 1) // 2
    squared = s.node("Mul", [x, x], shape, suffix=".square")
    square: dict[str, Any] = {"kernel_shape": [size] * 2, "strides": [1, 1], "pads": [margin] * 4}
    mean = s.node("AveragePool", [squared], shape, suffix=".mean", count_include_pad=1, **square)
    scaled = s.node("Mul", [mean, s.number(alpha, ".alpha")], shape, suffix=".scale")
    shifted = s.node("Add", [scaled, s.number(1.0, ".one")], shape, suffix=".shift")
    divisor = s.node("Pow", [shifted, s.number(beta, ".beta")], shape, suffix=".power")
    return s.node("Div", [x, divisor], shape)


def crop(s: Step) -> ir.Value:
    """The first blob, cut to the second one's size from `axis` on, `offset` values from the start."""
    p = s.settings("crop_param", "axis offset")
    if len(s.bottoms) != 2:
        raise Fault(f"it reads {len(s.bottoms)} blobs, where two are expected.")
    x, like = s.bottoms
    shape, wanted = s.shape(x), s.shape(like)
    axis, offsets = axis_of(shape, p.integer("axis", 2)), p.integers("offset")
    if axis == 0 or len(wanted) != len(shape):
        raise Fault(f"it cuts {written(shape)} to {written(wanted)}.")
    axes = range(axis, len(shape))
    offsets = offsets * len(axes) if len(offsets) == 1 else offsets or [0] * len(axes)
    ends = [offset + fixed(wanted[at]) for offset, at in zip(offsets, axes, strict=False)]
    fits = all(offset >= 0 and end <= fixed(shape[at]) for offset, end, at in zip(offsets, ends, axes, strict=False))
    if len(offsets) != len(axes) or not fits:
        raise Fault(f"it cuts {written(shape)} to {written(wanted)} at {written(tuple(offsets))}.")
    cut = [s.whole(values, suffix) for values, suffix in ((offsets, ".starts"), (ends, ".ends"), (axes, ".axes"))]
    return s.node("Slice", [x, *cut], (*shape[:axis], *(wanted[at] for at in axes)))
