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

import numpy as np
import onnx_ir as ir
import torch
import torch.nn.functional as F

from compressors.operator_settings import Settings, axes_of, listed

Tensor = torch.Tensor
Numbers = Tensor | Sequence[int] | None


def reshape(s: Settings, x: Tensor, shape: Numbers) -> Tensor:
    """0 keeps the input's size, −1 takes what is left."""
    keep = not s.integer("allowzero")
    sizes = listed(shape) or []
    return x.reshape([x.shape[axis] if size == 0 and keep else size for axis, size in enumerate(sizes)])


def flatten(s: Settings, x: Tensor) -> Tensor:
    axis = s.integer("axis", 1)
    axis += x.dim() if axis < 0 else 0
    return x.reshape(math.prod(x.shape[:axis]), math.prod(x.shape[axis:]))


def squeeze(s: Settings, x: Tensor, axes: Numbers = None) -> Tensor:
    chosen = axes_of(s, axes, x.dim())
    return x.squeeze() if chosen is None else x.squeeze(tuple(chosen))


def unsqueeze(s: Settings, x: Tensor, axes: Numbers = None) -> Tensor:
    count = len(axes) if axes is not None else len(s.integers("axes"))
    for axis in sorted(axes_of(s, axes, x.dim() + count) or []):
        x = x.unsqueeze(axis)
    return x


def transpose(s: Settings, x: Tensor) -> Tensor:
    return x.permute(s.integers("perm", list(reversed(range(x.dim())))))


def slices(
    s: Settings, x: Tensor, starts: Numbers = None, ends: Numbers = None, axes: Numbers = None, steps: Numbers = None
) -> Tensor:
    first = listed(starts) if starts is not None else s.integers("starts")
    last = listed(ends) if ends is not None else s.integers("ends")
    chosen = axes_of(s, axes, x.dim()) or list(range(len(first or [])))
    strides = listed(steps) or [1] * len(chosen)
    for start, end, axis, step in zip(first or [], last or [], chosen, strides, strict=True):
        places = _cut(x.shape[axis], start, end, step)
        if step > 0:
            x = x.narrow(axis, places.start, max(places.stop - places.start, 0))
            x = x[(slice(None),) * axis + (slice(None, None, step),)] if step > 1 else x
        else:
            x = x.index_select(axis, torch.tensor(list(places), dtype=torch.long, device=x.device))
    return x


def _cut(size: int, start: int, end: int, step: int) -> range:
    """The places that are kept. A start outside is moved to the nearest place, unlike in Python."""
    start, end = (place + size if place < 0 else place for place in (start, end))
    if step > 0:
        return range(min(max(start, 0), size), min(max(end, 0), size), step)
    return range(min(max(start, 0), size - 1), min(max(end, -1), size - 1), step)


def split(s: Settings, x: Tensor, sizes: Numbers = None) -> tuple[Tensor, ...]:
    """Without sizes: as many equal parts as the node has outputs, the last ones smaller or empty."""
    axis = s.integer("axis")
    given = listed(sizes) if sizes is not None else (s.integers("split") if "split" in s else None)
    if given is None:
        whole, parts = x.shape[axis], s.integer("num_outputs", 1)
        each = -(-whole // parts)
        given = [max(min(each, whole - each * part), 0) for part in range(parts)]
    return torch.split(x, given, axis)


def pad(s: Settings, x: Tensor, pads: Numbers = None, value: Any = None, axes: Numbers = None) -> Tensor:
    """Negative pads cut. Other modes than constant fetch what they repeat, axis by axis."""
    sizes = listed(pads) if pads is not None else s.integers("pads")
    chosen = axes_of(s, axes, x.dim()) or list(range(x.dim()))
    pairs = dict(zip(chosen, zip(sizes or [], (sizes or [])[len(chosen) :], strict=False), strict=True))
    mode = s.text("mode", "constant")
    if mode == "constant":
        flat = [size for axis in reversed(range(x.dim())) for size in pairs.get(axis, (0, 0))]
        return F.pad(x, flat, value=scalar(value, s.number("value", 0.0)))
    for axis, (before, after) in pairs.items():
        if before or after:
            places = fetched(mode, x.shape[axis], before, after)
            x = x.index_select(axis, torch.tensor(places, dtype=torch.long, device=x.device))
    return x


def fetched(mode: str, size: int, before: int, after: int) -> list[int]:
    """For each place of a padded axis, from which place of the axis it is taken: mirrored, repeated or from behind."""
    places = range(-before, size + after)
    if mode == "edge":
        return [min(max(place, 0), size - 1) for place in places]
    if mode == "wrap":
        return [place % size for place in places]
    period = max(2 * (size - 1), 1)
    return [period - place % period if place % period >= size else place % period for place in places]


def scalar(value: Any, default: float) -> float:
    if value is None:
        return default
    if isinstance(value, Tensor):
        return value.flatten()[0].item()
    return value[0] if isinstance(value, Sequence) else value


def torch_type(number: int) -> torch.dtype:
    """ONNX's number of a type in torch's words."""
    return torch.from_numpy(np.zeros(1, ir.DataType(number).numpy())).dtype


def tile(s: Settings, x: Tensor, repeats: Numbers) -> Tensor:
    return x.repeat(listed(repeats) or [])


def constant_of_shape(s: Settings, shape: Numbers) -> Tensor:
    value = s.array("value")
    filled = torch.zeros(1) if value is None else torch.from_numpy(value)
    return filled.flatten()[0].expand(listed(shape) or []).clone()


def shape_of(s: Settings, x: Tensor) -> Tensor:
    start = s.integer("start")
    return torch.tensor(x.shape[start : s.integer("end", x.dim())], dtype=torch.int64)


def expand(s: Settings, x: Tensor, shape: Numbers) -> Tensor:
    return x.expand(torch.broadcast_shapes(x.shape, torch.Size(listed(shape) or [])))


def depth_to_space(s: Settings, x: Tensor) -> Tensor:
    size = s.integer("blocksize")
    if s.text("mode", "DCR") == "CRD":
        return F.pixel_shuffle(x, size)
    n, c, h, w = x.shape
    parts = x.reshape(n, size, size, c // size**2, h, w).permute(0, 3, 4, 1, 5, 2)
    return parts.reshape(n, c // size**2, h * size, w * size)


def space_to_depth(s: Settings, x: Tensor) -> Tensor:
    size = s.integer("blocksize")
    n, c, h, w = x.shape
    parts = x.reshape(n, c, h // size, size, w // size, size)
    parts = parts.permute(0, 1, 3, 5, 2, 4) if s.text("mode", "DCR") == "CRD" else parts.permute(0, 3, 5, 1, 2, 4)
    return parts.reshape(n, c * size**2, h // size, w // size)
