"""Resize and Upsample, as ONNX defines them: along one axis after the other, each output a sum of few inputs."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# torch is only partly typed; what comes out of it is checked by the tests.

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from compressors.operator_settings import Settings, axes_of, listed

Tensor = torch.Tensor
Numbers = Tensor | Sequence[int] | None


@dataclass(frozen=True)
class Way:
    """How an output's place becomes a place in the input, and which inputs around it count (ONNX's Resize-19)."""

    mode: str
    coordinates: str
    nearest: str = "round_prefer_floor"
    cubic: float = -0.75
    antialias: bool = False
    exclude_outside: bool = False
    beyond: float = 0.0


@dataclass(frozen=True)
class Axis:
    """One axis: its size before and after, the scale between them, and the part of it that is looked at."""

    before: int
    after: int
    scale: float
    roi: tuple[float, float] = (0.0, 1.0)


def resize(s: Settings, x: Tensor, *given: Any) -> Tensor:
    """Inputs after x are scales in opset 10; roi, scales and sizes since, each of which may be left out."""
    if s.opset < 11:
        return _resized(_of_old(s), x, _by_scales(x, range(x.dim()), given[0], None))
    way = Way(
        s.text("mode", "nearest"),
        s.text("coordinate_transformation_mode", "half_pixel"),
        s.text("nearest_mode", "round_prefer_floor"),
        s.number("cubic_coeff_a", -0.75),
        bool(s.integer("antialias")),
        bool(s.integer("exclude_outside")),
        s.number("extrapolation_value", 0.0),
    )
    roi, scales, sizes = (*given, None, None, None)[:3]
    axes = axes_of(s, None, x.dim()) or list(range(x.dim()))
    part = numbers_of(roi)
    if sizes is not None and len(sizes):
        policy = s.text("keep_aspect_ratio_policy", "stretch")
        return _resized(way, x, _by_sizes(x, axes, listed(sizes) or [], policy, part))
    return _resized(way, x, _by_scales(x, axes, scales, part))


def upsample(s: Settings, x: Tensor, scales: Any = None) -> Tensor:
    """What Resize was until opset 9: places are divided by the scale, and rounded down."""
    factors = s.values["scales"] if scales is None else scales
    return _resized(_of_old(s), x, _by_scales(x, range(x.dim()), factors, None))


def _of_old(s: Settings) -> Way:
    return Way(s.text("mode", "nearest"), "asymmetric", "floor" if s.opset < 10 else "simple")


def numbers_of(values: Any) -> list[float]:
    """Real numbers that came as a tensor, an array, a list, or not at all."""
    if values is None:
        return []
    return [float(value) for value in (values.flatten().tolist() if hasattr(values, "flatten") else values)]


def _by_scales(x: Tensor, axes: Sequence[int], scales: Any, roi: list[float] | None) -> dict[int, Axis]:
    pairs = zip(axes, numbers_of(scales), strict=True)
    found = {axis: Axis(x.shape[axis], math.floor(x.shape[axis] * scale), scale) for axis, scale in pairs}
    return _looked_at(found, roi)


def _by_sizes(x: Tensor, axes: list[int], sizes: list[int], policy: str, roi: list[float] | None) -> dict[int, Axis]:
    # 0 stands for a batch of whatever size comes.
    wanted = {axis: size or x.shape[axis] for axis, size in zip(axes, sizes, strict=True)}
    scales = {axis: size / x.shape[axis] for axis, size in wanted.items()}
    if policy == "stretch":
        return _looked_at({axis: Axis(x.shape[axis], wanted[axis], scales[axis]) for axis in axes}, roi)
    scale = min(scales.values()) if policy == "not_larger" else max(scales.values())
    return _looked_at({axis: Axis(x.shape[axis], int(scale * x.shape[axis] + 0.5), scale) for axis in axes}, roi)


def _looked_at(axes: dict[int, Axis], roi: list[float] | None) -> dict[int, Axis]:
    if not roi:
        return axes
    pairs = zip(axes.items(), roi[: len(axes)], roi[len(axes) :], strict=True)
    return {number: replace(axis, roi=(start, end)) for (number, axis), start, end in pairs}


def _resized(way: Way, x: Tensor, axes: dict[int, Axis]) -> Tensor:
    outside: list[Tensor] = []
    for number, axis in axes.items():
        crops = way.coordinates == "tf_crop_and_resize"
        if axis.after == axis.before and axis.scale == 1 and not (crops and axis.roi != (0.0, 1.0)):
            continue
        shape = [1] * x.dim()
        shape[number] = axis.after
        places = source_places(way, axis)
        x = _along(x, number, *taps(way, axis, places))
        if crops:
            beyond = torch.from_numpy((places < 0) | (places > axis.before - 1)).to(x.device)
            outside.append(beyond.reshape(shape))
    for beyond in outside:
        x = torch.where(beyond, torch.full((), way.beyond, dtype=x.dtype, device=x.device), x)
    return x


def _along(x: Tensor, axis: int, index: np.ndarray, weights: np.ndarray) -> Tensor:
    """Σ over taps of weight · input, along one axis."""
    shape = [1] * x.dim()
    shape[axis] = index.shape[1]
    total: Tensor | None = None
    for places, factors in zip(index, weights, strict=True):
        taken = x.index_select(axis, torch.from_numpy(places).to(x.device))
        if len(index) == 1:
            return taken
        part = taken * torch.from_numpy(factors).to(x).reshape(shape)
        total = part if total is None else total + part
    assert total is not None
    return total


def source_places(way: Way, axis: Axis) -> np.ndarray:
    """Where in the input each output lies, in single precision as runtimes work it out: it decides which is nearest."""
    x = np.arange(axis.after, dtype=np.float32)
    scale, half, last = np.float32(axis.scale), np.float32(0.5), np.float32(axis.before - 1)
    match way.coordinates:
        case "asymmetric":
            return x / scale
        case "align_corners":
            return np.zeros_like(x) if axis.after == 1 else x * last / np.float32(axis.after - 1)
        case "pytorch_half_pixel" if axis.after == 1:
            return np.zeros_like(x)
        case "tf_half_pixel_for_nn":
            return (x + half) / scale
        case "tf_crop_and_resize":
            start, end = (np.float32(place) for place in axis.roi)
            if axis.after == 1:
                return np.full_like(x, half * (start + end) * last)
            return start * last + x * (end - start) * last / np.float32(axis.after - 1)
        case "half_pixel_symmetric":
            shift = np.float32(axis.before / 2 * (1 - axis.after / (axis.scale * axis.before)))
            return shift + (x + half) / scale - half
        case _:
            return (x + half) / scale - half


def taps(way: Way, axis: Axis, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each output (second axis) the inputs that count and by how much (first axis), indices within the input."""
    if way.mode == "nearest":
        near = _nearest(way.nearest, places, axis.scale)
        return np.clip(near, 0, axis.before - 1)[None].astype(np.int64), np.ones((1, axis.after), np.float32)
    shrunk = min(axis.scale, 1.0) if way.antialias else 1.0
    reach = 1 if way.mode == "linear" else 2
    start = math.floor(-reach / shrunk) + 1
    offsets = np.arange(start, 2 - start)[:, None] if way.antialias else np.arange(1 - reach, reach + 1)[:, None]
    floor = np.floor(places)
    distance = np.abs(offsets - (places - floor).astype(np.float64)) * shrunk
    weights = np.clip(1 - distance, 0, 1) if way.mode == "linear" else _cubic(distance, way.cubic)
    index = floor.astype(np.int64) + offsets
    if way.exclude_outside:
        weights = np.where((index < 0) | (index >= axis.before), 0, weights)
    if way.exclude_outside or way.antialias:
        weights = weights / weights.sum(0)
    return np.clip(index, 0, axis.before - 1), weights.astype(np.float32)


def _nearest(how: str, places: np.ndarray, scale: float) -> np.ndarray:
    match how:
        case "floor":
            return np.floor(places)
        case "ceil":
            return np.ceil(places)
        case "round_prefer_ceil":
            return np.floor(places + np.float32(0.5))
        case "simple":  # opset 10: the next below, or above where the axis shrinks
            return np.ceil(places) if scale < 1 else np.floor(places)
        case _:
            return np.ceil(places - np.float32(0.5))


def _cubic(distance: np.ndarray, a: float) -> np.ndarray:
    """Keys, “Cubic convolution interpolation for digital image processing”, 1981, equation 4."""
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0))
