"""Operators whose meaning moved: written so that the older opset says the same."""

from __future__ import annotations

from math import prod

import numpy as np
import onnx_ir as ir

from profiler import shapes
from profiler.lowering.change import Change, Refused
from profiler.lowering.moved import positive


def softmax(change: Change) -> None:
    """Softmax, LogSoftmax and Hardmax before 13 work over their axis and all behind it, taken together.

    Over the last axis that is the same; another one is brought to the end and back.
    """
    axis, rank = change.whole("axis", -1), change.rank()
    if not rank:
        if axis != -1:
            raise Refused(f"axis = {axis}, of an input whose rank is not known")
        change.set("axis", -1)
        return
    axis %= rank
    alone = all(change.size(each) == 1 for each in range(axis + 1, rank))
    if alone:
        change.set("axis", axis)
        return
    order = [each for each in range(rank) if each != axis] + [axis]
    back = [order.index(each) for each in range(rank)]
    first = change.made("Transpose", [change.input(0)], {"perm": order}, what="before")
    main = change.made(change.node.op_type, [first.outputs[0]], {"axis": rank - 1}, what="last_axis")
    last = change.made("Transpose", [main.outputs[0]], {"perm": back}, what="after")
    name = change.node.name
    change.replace([first, main, last])
    main.name = name


def shape_part(change: Change) -> None:
    """Shape before 15 gives all sizes: take the part that is wanted."""
    if "start" not in change.node.attributes and "end" not in change.node.attributes:
        return
    start, end = change.whole("start"), change.whole("end", np.iinfo(np.int64).max)
    whole = change.made("Shape", [change.input(0)], what="all")
    whole.outputs[0].type = ir.TensorType(ir.DataType.INT64)
    bounds = [change.stored(what, np.array([value], np.int64)) for what, value in (("start", start), ("end", end))]
    axis = change.stored("axis", np.array([0], np.int64))
    change.replace([whole, change.made("Slice", [whole.outputs[0], *bounds, axis])])


def reshape_zero(change: Change) -> None:
    """Reshape before 14 copies a size where it reads 0; with `allowzero` a 0 is an empty axis."""
    if change.whole("allowzero"):
        wanted = change.needed(1, "the sizes, one of which may be 0,")
        if wanted is not None and (wanted == 0).any():
            raise Refused("an empty axis (allowzero = 1)")
    change.drop("allowzero")


def batch_norm(change: Change) -> None:
    """BatchNormalization before 14 tells training by its outputs."""
    if change.whole("training_mode"):
        raise Refused("training_mode = 1")
    change.drop("training_mode")
    spare = [value for value in change.node.outputs[1:] if value.uses() or value.is_graph_output()]
    if spare:
        raise Refused(f"its output “{spare[0].name}”")
    change.node.resize_outputs(1)


def grid_sample(change: Change) -> None:
    """GridSample before 20: pictures only, and other words for the same modes."""
    if change.rank() != 4:
        raise Refused("an input that is no batch of pictures")
    mode = change.text("mode", "linear")
    change.set("mode", {"linear": "bilinear", "cubic": "bicubic"}.get(mode, mode))


def roi_align(change: Change) -> None:
    """RoiAlign before 16 has no half-pixel offset."""
    mode = change.text("coordinate_transformation_mode", "half_pixel")
    if mode != "output_half_pixel":
        raise Refused(f"coordinate_transformation_mode = {mode}")
    change.drop("coordinate_transformation_mode")


def cast_like(change: Change) -> None:
    """CastLike before 15: a Cast to the type that is known."""
    like = change.input(1)
    if like is None or like.dtype is None:
        raise Refused("a type that is not known")
    change.replace([change.made("Cast", [change.input(0)], {"to": like.dtype.value})])


def gemm_without_c(change: Change) -> None:
    """Gemm before 11 must be given something to add: nothing."""
    if change.input(2) is None:
        x = change.input(0)
        if x is None or x.dtype is None:
            raise Refused("a type that is not known")
        change.put_input(2, change.stored("zero", np.zeros(1, x.dtype.numpy())))


def scatter_elements(change: Change) -> None:
    """ScatterElements before 11 was called Scatter, and counted from the front only."""
    indices = change.needed(1, "its indices, which may count from the back,")
    if indices is not None and (indices < 0).any():
        raise Refused("an index from the back")
    axis = positive(change, [change.whole("axis")])[0]
    change.replace([change.made("Scatter", list(change.node.inputs), {"axis": axis})])


def depth_to_space(change: Change) -> None:
    """DepthToSpace before 11 knows one order; the other is a Reshape, a Transpose and a Reshape."""
    if change.text("mode", "DCR") == "DCR":
        change.drop("mode")
        return
    x, block = change.input(0), change.whole("blocksize")
    sizes = None if x is None else list(shapes.dims(x.shape))
    if sizes is None or len(sizes) != 4 or any(isinstance(size, str) for size in sizes[1:]):
        raise Refused("mode = CRD, of sizes that are not known")
    channels, height, width = (int(size) for size in sizes[1:])
    deep = channels // block**2
    taken = np.array([-1, deep, block, block, height, width], np.int64)
    put = np.array([-1, deep, height * block, width * block], np.int64)
    first = change.made("Reshape", [x, change.stored("taken", taken)], what="apart")
    middle = change.made("Transpose", [first.outputs[0]], {"perm": [0, 1, 4, 2, 5, 3]}, what="order")
    change.replace([first, middle, change.made("Reshape", [middle.outputs[0], change.stored("put", put)])])


def per_tensor(change: Change) -> None:
    """QuantizeLinear and DequantizeLinear before 13 have one scale."""
    scale = change.input(1)
    sizes = shapes.known(scale)
    if sizes is None or prod(sizes) != 1:
        raise Refused("a scale for each channel")
    change.drop("axis")


def pool_rounding(change: Change) -> None:
    """Pooling before 10 rounds its size down; a maximum over more padding is the same, a mean is not."""
    auto = change.text("auto_pad", "NOTSET")
    if not change.whole("ceil_mode") or auto.startswith("SAME"):  # which rounds up anyway
        change.drop("ceil_mode")
        return
    x, y = change.input(0), change.node.outputs[0]
    kernel = change.wholes("kernel_shape") or []
    inner, outer = shapes.dims(x.shape if x is not None else None)[2:], shapes.dims(y.shape)[2:]
    if len(inner) != len(kernel) or any(isinstance(size, str) for size in (*inner, *outer)):
        raise Refused("ceil_mode = 1, of sizes that are not known")
    axes = len(kernel)
    strides = change.wholes("strides") or [1] * axes
    pads = change.wholes("pads") or [0] * (2 * axes)
    more = [
        max(0, (int(out) - 1) * stride + size - int(length) - pads[axis] - pads[axes + axis])
        for axis, (length, out, stride, size) in enumerate(zip(inner, outer, strides, kernel, strict=True))
    ]
    if any(more) and change.node.op_type != "MaxPool":
        raise Refused("ceil_mode = 1")
    if any(pads[axes + axis] + extra >= kernel[axis] for axis, extra in enumerate(more)):
        raise Refused("ceil_mode = 1 with so much padding")
    change.set("pads", pads[:axes] + [pads[axes + axis] + extra for axis, extra in enumerate(more)])
    change.drop("ceil_mode")
    change.drop("auto_pad")


def pool_windows(change: Change) -> None:
    """Pooling before 22 does not say that a window may not begin in the padding behind the picture.

    Where the rounding up makes one that does, the size is the one rounded down.
    """
    kernel = change.wholes("kernel_shape") or []
    axes = len(kernel)
    strides = change.wholes("strides") or [1] * axes
    dilations = change.wholes("dilations") or [1] * axes
    pads = change.wholes("pads") or [0] * (2 * axes)
    spans = [dilation * (size - 1) + 1 for dilation, size in zip(dilations, kernel, strict=True)]
    begins_inside = all(pads[axes + axis] + strides[axis] <= span for axis, span in enumerate(spans))
    if not change.whole("ceil_mode") or begins_inside:
        return
    x, y = change.input(0), change.node.outputs[0]
    inner, outer = shapes.dims(x.shape if x is not None else None)[2:], shapes.dims(y.shape)[2:]
    if len(inner) != len(kernel) or any(isinstance(size, str) for size in (*inner, *outer)):
        raise Refused("ceil_mode = 1 with padding, of sizes that are not known")
    up, down = list[int](), list[int]()
    for axis, (length, span) in enumerate(zip(inner, spans, strict=True)):
        room = int(length) + pads[axis] + pads[axes + axis] - span
        up.append(-(-room // strides[axis]) + 1)
        down.append(room // strides[axis] + 1)
    if up == [int(size) for size in outer]:
        return
    if down != [int(size) for size in outer]:
        raise Refused("ceil_mode = 1, with a window that would begin in the padding")
    change.drop("ceil_mode")


def mod_kind(change: Change) -> None:
    """Mod before 28: of whole numbers as Python has it, of others as C has it."""
    x = change.input(0)
    if x is None or x.dtype is None:
        raise Refused("a type that is not known")
    if x.dtype.is_floating_point() != bool(change.whole("fmod")):
        raise Refused(f"fmod = {change.whole('fmod')}, of values of type {x.dtype.name.lower()}")


def chance(_: Change) -> None:
    raise Refused("what it draws would differ")
