"""Caffe's layers that only compute with values or move them: arithmetic, joining, cutting, new shapes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod

import onnx_ir as ir

from profiler.formats.caffe_graph import Shape, Step, axis_of, count, fixed
from profiler.formats.caffe_net import LARGEST, written
from profiler.formats.caffe_text import Fault

MOST_PARTS = 128  # whose sizes shape inference still sees


def power(s: Step) -> ir.Value:
    """(shift + scale · x)^power, each part where it changes something."""
    p, x = s.settings("power_param", "power scale shift"), s.x
    parts = [
        (op, value, suffix)
        for op, value, suffix, nothing in (
            ("Mul", p.number("scale", 1.0), ".scale", 1.0),
            ("Add", p.number("shift", 0.0), ".shift", 0.0),
            ("Pow", p.number("power", 1.0), ".power", 1.0),
        )
        if value != nothing
    ]
    if not parts:
        return s.node("Identity", [x], s.shape(x))
    for place, (op, value, suffix) in enumerate(parts, 1):
        last = place == len(parts)
        x = s.node(op, [x, s.number(value, f"{suffix}_by")], s.shape(x), suffix="" if last else suffix)
    return x


def eltwise(s: Step) -> ir.Value:
    """Sum, product or largest of blobs of one shape; a sum may weigh each."""
    p = s.settings("eltwise_param", "operation coeff stable_prod_grad")
    how, factors = p.choice("operation", {"SUM": 1, "PROD": 0, "MAX": 2}), p.numbers("coeff")
    values, shape = list(s.bottoms), s.shape(s.bottoms[0]) if s.bottoms else ()
    if len(values) < 2 or any(s.shape(value) != shape for value in values):
        raise Fault(f"it joins {' and '.join(written(s.shape(value)) for value in values[:4]) or 'nothing'}.")
    if factors and (how != "SUM" or len(factors) != len(values)):
        raise Fault(f"it gives {len(factors)} coefficients for {len(values)} blobs.")
    if factors == [1.0, -1.0]:
        return s.node("Sub", values, shape)
    for place, factor in enumerate(factors):
        if factor != 1:
            by = s.number(factor, f".coeff{place}")
            values[place] = s.node("Mul", [values[place], by], shape, suffix=f".scale{place}")
    while how == "PROD" and len(values) > 2:
        values[:2] = [s.node("Mul", values[:2], shape, suffix=f".times{len(values)}")]
    return s.node({"PROD": "Mul", "SUM": "Add" if len(values) == 2 else "Sum", "MAX": "Max"}[how], values, shape)


def concat(s: Step) -> ir.Value:
    p = s.settings("concat_param", "axis concat_dim")
    shapes = [s.shape(value) for value in s.bottoms]
    if not shapes:
        raise Fault("it joins nothing.")
    axis = axis_of(shapes[0], p.integer("axis", p.integer("concat_dim", 1)))
    if any(shape[:axis] + shape[axis + 1 :] != shapes[0][:axis] + shapes[0][axis + 1 :] for shape in shapes):
        raise Fault(f"it joins {', '.join(written(shape) for shape in shapes[:4])} along axis {axis}.")
    length = sum(fixed(shape[axis]) for shape in shapes)
    return s.node("Concat", s.bottoms, (*shapes[0][:axis], length, *shapes[0][axis + 1 :]), axis=axis)


def slices(s: Step) -> Sequence[ir.Value]:
    """Cut along an axis at the points given, or into equal parts."""
    p = s.settings("slice_param", "axis slice_dim slice_point")
    if len(s.bottoms) != 1 or not 0 < len(s.layer.tops) <= MOST_PARTS:
        raise Fault(f"it cuts {len(s.bottoms)} blobs into {len(s.layer.tops)}.")
    x, points, parts = s.bottoms[0], p.integers("slice_point"), len(s.layer.tops)
    shape = s.shape(x)
    axis = axis_of(shape, p.integer("axis", p.integer("slice_dim", 1)))
    length = fixed(shape[axis])
    edges = [0, *points, length] if points else [length * part // parts for part in range(parts + 1)]
    sizes = [stop - start for start, stop in pairwise(edges)]
    if len(sizes) != parts or min(sizes) < 1 or (not points and length % parts):
        at = f" at {written(tuple(points))}" if points else ""
        raise Fault(f"it cuts {length} values into {parts} parts{at}.")
    if parts == 1:
        return [x]
    made = [(*shape[:axis], size, *shape[axis + 1 :]) for size in sizes]
    return s.graph.nodes("Split", s.name, [x, s.whole(sizes, ".sizes")], made, axis=axis)


def split(s: Step) -> Sequence[ir.Value]:
    """The same blob under several names: nothing to compute."""
    if len(s.bottoms) != 1:
        raise Fault(f"it reads {len(s.bottoms)} blobs, where one is expected.")
    return [s.bottoms[0]] * len(s.layer.tops)


def flatten(s: Step) -> ir.Value:
    p, x = s.settings("flatten_param", "axis end_axis"), s.x
    shape = s.shape(x)
    first, last = axis_of(shape, p.integer("axis", 1)), axis_of(shape, p.integer("end_axis", -1))
    if last < first:
        raise Fault(f"it joins the axes {first} to {last}.")
    joined = (*shape[:first], count(shape[first : last + 1]), *shape[last + 1 :])
    if first == 1 and len(joined) == 2:
        return s.node("Flatten", [x], joined, axis=1)
    return reshaped(s, x, joined, "")


def reshape(s: Step) -> ir.Value:
    """New sizes for the axes from `axis` on, `num_axes` of them: 0 keeps a size, −1 is what is left."""
    p, x = s.settings("reshape_param", "shape axis num_axes"), s.x
    shape, wanted = s.shape(x), p.message("shape").integers("dim")
    first = p.integer("axis", 0)
    first = first if first >= 0 else len(shape) + 1 + first
    last = len(shape) if p.integer("num_axes", -1) == -1 else first + p.integer("num_axes", -1)
    if not 0 <= first <= last <= len(shape) or any(size < -1 or size > LARGEST for size in wanted):
        raise Fault(f"it gives {written(shape)} the sizes {written(tuple(wanted))} from axis {first} on.")
    inner = shape[first:last]
    if any(size == 0 and place >= len(inner) for place, size in enumerate(wanted)) or wanted.count(-1) > 1:
        raise Fault(f"it gives {written(shape)} the sizes {written(tuple(wanted))} from axis {first} on.")
    sizes: list[int | str] = [inner[place] if size == 0 else size for place, size in enumerate(wanted)]
    result = _with_rest(shape, (*shape[:first], *sizes, *shape[last:]))
    if len(result) == 2 and len(shape) >= 2 and result[0] == shape[0]:
        return s.node("Flatten", [x], result, axis=1)
    return reshaped(s, x, result, "")


def _with_rest(shape: Shape, wanted: Shape) -> Shape:
    """`wanted` with its −1 worked out. An open batch stays where it is, or it cannot be open."""
    if wanted[:1] == (-1,) and prod(fixed(size) for size in wanted[1:]) == prod(fixed(size) for size in shape[1:]):
        return (shape[0], *wanted[1:])
    kept = int(wanted[:1] == shape[:1])
    total, known = count(shape[kept:]), prod(fixed(size) for size in wanted[kept:] if size != -1)
    if total % known or (total != known and -1 not in wanted):
        raise Fault(f"{written(shape)} values do not fit {written(wanted)}.")
    return tuple(total // known if size == -1 else size for size in wanted)


def permute(s: Step) -> ir.Value:
    x, order = s.x, s.settings("permute_param", "order").integers("order")
    shape = s.shape(x)
    order += [axis for axis in range(len(shape)) if axis not in order]
    if sorted(order) != list(range(len(shape))):
        raise Fault(f"it puts {len(shape)} axes into the order {written(tuple(order))}.")
    if order[0] != 0:
        fixed(shape[0])
    return s.node("Transpose", [x], tuple(shape[axis] for axis in order), perm=order)


def reshaped(s: Step, x: ir.Value, shape: Shape, suffix: str) -> ir.Value:
    """The same values in another shape; an open batch comes first in both."""
    sizes = [0 if isinstance(size, str) else size for size in shape]
    return s.node("Reshape", [x, s.whole(sizes, f"{suffix or '.reshape'}.shape")], shape, suffix=suffix)
