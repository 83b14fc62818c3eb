"""Operators that move, cut and pad values without computing new ones, as functions of settings and inputs.

Integer inputs that a file keeps as constants (shapes, axes, sizes) arrive as lists, all others as tensors.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportUnknownParameterType=false
# torch is only partly typed; what comes out of it is checked by the tests.
# ruff: noqa: ARG001 - every function of the table takes the settings and all inputs, used or not

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from compressors.operator_settings import Settings

Tensor = torch.Tensor
Numbers = Tensor | Sequence[int] | None


def listed(numbers: Numbers) -> list[int] | None:
    """Whole numbers that came as a tensor or a list."""
    if numbers is None:
        return None
    found = numbers.flatten().tolist() if isinstance(numbers, Tensor) else numbers
    return [int(number) for number in found]


def axes_of(s: Settings, given: Numbers) -> list[int] | None:
    """Axes are an attribute in older opsets and an input in newer ones."""
    if given is not None:
        return listed(given)
    return s.integers("axes") if "axes" in s else None


def reshape(s: Settings, x: Tensor, shape: Numbers) -> Tensor:
    """0 keeps the input's size, −1 takes what is left."""
    keep = not s.integer("allowzero")
    sizes = listed(shape) or []
    return x.reshape([x.shape[axis] if size == 0 and keep else size for axis, size in enumerate(sizes)])


def flatten(s: Settings, x: Tensor) -> Tensor:
    axis = s.integer("axis", 1) % (x.dim() + 1)
    return x.reshape(math.prod(x.shape[:axis]), -1)


def squeeze(s: Settings, x: Tensor, axes: Numbers = None) -> Tensor:
    chosen = axes_of(s, axes)
    return x.squeeze() if chosen is None else x.squeeze(tuple(chosen))


def unsqueeze(s: Settings, x: Tensor, axes: Numbers = None) -> Tensor:
    chosen = axes_of(s, axes) or []
    rank = x.dim() + len(chosen)
    for axis in sorted(axis % rank for axis in chosen):
        x = x.unsqueeze(axis)
    return x


def transpose(s: Settings, x: Tensor) -> Tensor:
    return x.permute(s.integers("perm", list(reversed(range(x.dim())))))


def gather(s: Settings, x: Tensor, index: Numbers) -> Tensor:
    axis = s.integer("axis") % x.dim()
    where = index if isinstance(index, Tensor) else torch.tensor(index)
    taken = x.index_select(axis, where.flatten().long() % x.shape[axis])
    return taken.reshape([*x.shape[:axis], *where.shape, *x.shape[axis + 1 :]])


def slices(
    s: Settings, x: Tensor, starts: Numbers = None, ends: Numbers = None, axes: Numbers = None, steps: Numbers = None
) -> Tensor:
    first = listed(starts) if starts is not None else s.integers("starts")
    last = listed(ends) if ends is not None else s.integers("ends")
    chosen = axes_of(s, axes) or list(range(len(first or [])))
    strides = listed(steps) or [1] * len(chosen)
    for start, end, axis, step in zip(first or [], last or [], chosen, strides, strict=True):
        places = range(x.shape[axis])[start:end:step]
        if step > 0:
            x = x.narrow(axis, places.start, max(places.stop - places.start, 0))
            x = x[(slice(None),) * (axis % x.dim()) + (slice(None, None, step),)]
        else:
            x = x.index_select(axis, torch.tensor(list(places), dtype=torch.long))
    return x


def split(s: Settings, x: Tensor, sizes: Numbers = None) -> tuple[Tensor, ...]:
    axis = s.integer("axis")
    given = listed(sizes) if sizes is not None else (s.integers("split") if "split" in s else None)
    if given is not None:
        return torch.split(x, given, axis)
    # As many equal parts as the node has outputs, the last one smaller.
    return torch.split(x, -(-x.shape[axis] // s.integer("num_outputs", 1)), axis)


def pad(s: Settings, x: Tensor, pads: Numbers = None, value: Any = None, axes: Numbers = None) -> Tensor:
    sizes = listed(pads) if pads is not None else s.integers("pads")
    chosen = [axis % x.dim() for axis in (listed(axes) or range(x.dim()))]
    half = len(chosen)
    before = dict(zip(chosen, (sizes or [])[:half], strict=True))
    after = dict(zip(chosen, (sizes or [])[half:], strict=True))
    pairs = [size for axis in reversed(range(x.dim())) for size in (before.get(axis, 0), after.get(axis, 0))]
    mode = {"constant": "constant", "reflect": "reflect", "edge": "replicate"}[s.text("mode", "constant")]
    if mode == "constant":
        return F.pad(x, pairs, value=scalar(value, s.number("value", 0.0)))
    # torch reflects and repeats only the last axes of a batch; the first two are never padded so.
    return F.pad(x, pairs[: 2 * (x.dim() - 2)], mode)


def scalar(value: Any, default: float) -> float:
    if value is None:
        return default
    if isinstance(value, Tensor):
        return float(value.flatten()[0])
    return float(value[0] if isinstance(value, Sequence) else value)


def resize(s: Settings, x: Tensor, roi: Any = None, scales: Any = None, sizes: Numbers = None) -> Tensor:
    """Enlarging or shrinking the last axes by the modes that torch knows."""
    target = listed(sizes)
    if not target:
        factors: list[float] = scales.tolist() if isinstance(scales, Tensor) else list(scales)
        target = [math.floor(size * factor) for size, factor in zip(x.shape, factors, strict=True)]
    mode, where = s.text("mode", "nearest"), s.text("coordinate_transformation_mode", "half_pixel")
    if mode == "nearest":
        exact = where.startswith("half_pixel") and s.text("nearest_mode", "round_prefer_floor").startswith("round")
        return F.interpolate(x, target[2:], mode="nearest-exact" if exact else "nearest")
    smooth = {("linear", 3): "linear", ("linear", 4): "bilinear", ("linear", 5): "trilinear"}
    kind = smooth.get((mode, x.dim()), "bicubic")
    return F.interpolate(x, target[2:], mode=kind, align_corners=where == "align_corners")


def constant_of_shape(s: Settings, shape: Numbers) -> Tensor:
    value = s.array("value")
    filled = torch.zeros(1) if value is None else torch.from_numpy(value)
    return filled.flatten()[0].expand(listed(shape) or []).clone()


def shape_of(s: Settings, x: Tensor) -> Tensor:
    start = s.integer("start")
    return torch.tensor(x.shape[start : s.integer("end", x.dim())])


def expand(s: Settings, x: Tensor, shape: Numbers) -> Tensor:
    return x.expand(torch.broadcast_shapes(x.shape, torch.Size(listed(shape) or [])))


def depth_to_space(s: Settings, x: Tensor) -> Tensor:
    size = s.integer("blocksize")
    if s.text("mode", "DCR") == "CRD":
        return F.pixel_shuffle(x, size)
    n, c, h, w = x.shape
    parts = x.reshape(n, size, size, c // size**2, h, w).permute(0, 3, 4, 1, 5, 2)
    return parts.reshape(n, c // size**2, h * size, w * size)
