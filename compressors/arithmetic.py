"""Operators that work element by element or over some axes, as functions of settings and inputs."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# torch is only partly typed; what comes out of it is checked by the tests.
# ruff: noqa: ARG001 - every function of the table takes the settings and all inputs, used or not

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from compressors.operator_settings import Settings, axes_of
from compressors.shaping import Numbers, scalar, torch_type

Tensor = torch.Tensor


def clip(s: Settings, x: Tensor, low: Any = None, high: Any = None) -> Tensor:
    bottom = scalar(low, s.number("min", -math.inf))
    top = scalar(high, s.number("max", math.inf))
    if not x.is_floating_point():
        ends = torch.iinfo(x.dtype)
        bottom, top = int(max(bottom, ends.min)), int(min(top, ends.max))
    return torch.clamp(torch.clamp(x, min=bottom), max=top)


def along(how: Callable[..., Tensor]) -> Callable[[Settings, Tensor], Tensor]:
    """From opset 13 along one axis; before, over all axes from `axis` on."""

    def normalised(s: Settings, x: Tensor) -> Tensor:
        if s.opset >= 13:
            return how(x, s.integer("axis", -1))
        return how(_rows(x, s.integer("axis", 1)), -1).reshape(x.shape)

    return normalised


def hardmax(s: Settings, x: Tensor) -> Tensor:
    """1 where the largest value lies, the first of equals; 0 elsewhere."""
    if s.opset >= 13:
        axis = s.integer("axis", -1)
        return torch.zeros_like(x).scatter(axis, x.argmax(axis, keepdim=True), 1.0)
    rows = _rows(x, s.integer("axis", 1))
    return torch.zeros_like(rows).scatter(-1, rows.argmax(-1, keepdim=True), 1.0).reshape(x.shape)


def _rows(x: Tensor, axis: int) -> Tensor:
    axis += x.dim() if axis < 0 else 0
    return x.reshape(math.prod(x.shape[:axis]), math.prod(x.shape[axis:]))


def reduce(how: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A reduction over some axes, or over all where none are named."""

    def reduced(s: Settings, x: Tensor, axes: Numbers = None) -> Tensor:
        chosen = axes_of(s, axes, x.dim())
        if not chosen and s.integer("noop_with_empty_axes"):
            chosen = None
            return how(x.unsqueeze(0), (0,), False)
        return how(x, tuple(chosen or range(x.dim())), bool(s.integer("keepdims", 1)))

    return reduced


def extreme(how: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Of booleans, true counts as more than false; over axes of no size, what any value beats."""

    def found(x: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:
        if x.dtype == torch.bool:
            return how(x.to(torch.uint8), axes, keep).bool() if x.numel() else _empty(x, axes, keep, how is torch.amin)
        if x.numel():
            return how(x, axes, keep)
        if x.is_floating_point():
            return _empty(x, axes, keep, math.inf if how is torch.amin else -math.inf)
        ends = torch.iinfo(x.dtype)
        return _empty(x, axes, keep, ends.max if how is torch.amin else ends.min)

    return found


def _empty(x: Tensor, axes: tuple[int, ...], keep: bool, value: float) -> Tensor:
    return torch.full(x.float().sum(axes, keep).shape, value, dtype=x.dtype, device=x.device)


def product(x: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:
    for axis in sorted(axes, reverse=True):
        x = x.prod(axis, keep, dtype=x.dtype)
    return x


def over_all(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """Sum, Max and Min take any number of inputs."""

    def folded(s: Settings, first: Tensor, *rest: Tensor) -> Tensor:
        for other in rest:
            first = function(first, other)
        return first

    return folded


def divide(s: Settings, x: Tensor, y: Tensor) -> Tensor:
    """Whole numbers are divided as in C: towards zero."""
    whole = not (x.is_floating_point() or y.is_floating_point())
    return torch.div(x, y, rounding_mode="trunc") if whole else x / y


def gemm(s: Settings, x: Tensor, w: Tensor, b: Tensor | None = None) -> Tensor:
    left = x.t() if s.integer("transA") else x
    right = w.t() if s.integer("transB") else w
    product = s.number("alpha", 1.0) * (left @ right)
    return product if b is None else product + s.number("beta", 1.0) * b


def cast(s: Settings, x: Tensor) -> Tensor:
    return cast_to(x, torch_type(s.integer("to")))


def cast_to(x: Tensor, dtype: torch.dtype) -> Tensor:
    return x.to(dtype)


def power(s: Settings, x: Tensor, exponent: Tensor) -> Tensor:
    return torch.pow(x, exponent).to(x.dtype)


def arange(s: Settings, start: Tensor, end: Tensor, step: Tensor) -> Tensor:
    return torch.arange(start.item(), end.item(), step.item(), dtype=start.dtype, device=start.device)


def hard_sigmoid(s: Settings, x: Tensor) -> Tensor:
    return torch.clamp(s.number("alpha", 0.2) * x + s.number("beta", 0.5), 0, 1)


def elu(s: Settings, x: Tensor) -> Tensor:
    return F.elu(x, s.number("alpha", 1.0))


def selu(s: Settings, x: Tensor) -> Tensor:
    """Klambauer and others, “Self-normalizing neural networks”, 2017; the defaults are the standard's."""
    alpha, gamma = s.number("alpha", 1.67326319217681884765625), s.number("gamma", 1.05070102214813232421875)
    return gamma * F.elu(x, alpha)


def shrink(s: Settings, x: Tensor) -> Tensor:
    bias, end = s.number("bias", 0.0), s.number("lambd", 0.5)
    return torch.where(x < -end, x + bias, torch.where(x > end, x - bias, torch.zeros_like(x))).to(x.dtype)


def is_inf(s: Settings, x: Tensor) -> Tensor:
    up, down = s.integer("detect_positive", 1), s.integer("detect_negative", 1)
    return (torch.isposinf(x) & bool(up)) | (torch.isneginf(x) & bool(down))
