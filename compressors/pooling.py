"""Pooling with ONNX's rules, which torch's own covers only in part: uneven pads, sizes rounded up, dilated averages."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# torch is only partly typed; what comes out of it is checked by the tests.

import itertools
import math
from collections.abc import Callable, Iterator, Sequence

import torch
import torch.nn.functional as F

from compressors.operator_settings import Settings
from compressors.padding import Window, spread

Tensor = torch.Tensor

MAX_POOLS = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
AVERAGE_POOLS = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


class Places:
    """Every place a window takes on an input of these sizes: the pads it needs, and how many places there are."""

    def __init__(self, s: Settings, sizes: Sequence[int]) -> None:
        self.window = window = Window(s, s.integers("kernel_shape"))
        self.rank = len(sizes)
        self.pads = window.pads(sizes)
        self.reaches = window.reaches()
        up = bool(s.integer("ceil_mode")) and not window.auto.startswith("SAME")
        self.counts = [self._count(axis, size, up) for axis, size in enumerate(sizes)]
        # What lies behind the last window is cut off, what the last window reaches beyond the pads is added.
        ends = zip(self.counts, window.strides, self.reaches, self.pads[: self.rank], sizes, strict=True)
        self.after = [(n - 1) * stride + reach - before - size for n, stride, reach, before, size in ends]

    def _count(self, axis: int, size: int, up: bool) -> int:
        before, after, stride = self.pads[axis], self.pads[self.rank + axis], self.window.strides[axis]
        room = size + before + after - self.reaches[axis]
        if not up:
            return room // stride + 1
        count = -(-room // stride) + 1
        # A window that would begin in the padding behind the input is left out.
        return count - 1 if (count - 1) * stride >= size + before else count

    def spread(self, x: Tensor, value: float) -> Tensor:
        """The input, as much of it as windows see."""
        return spread(x, [*self.pads[: self.rank], *self.after], value)

    def parts(self, x: Tensor) -> Iterator[Tensor]:
        """For each place in the kernel, what lies under it as the window moves over `spread`’s result."""
        window = self.window
        for place in itertools.product(*map(range, window.kernel)):
            ranges = zip(place, window.dilations, window.strides, self.counts, strict=True)
            cuts = [slice(at * d, at * d + (n - 1) * stride + 1, stride) for at, d, stride, n in ranges]
            yield x[(..., *cuts)]

    def total(self, x: Tensor) -> Tensor:
        """The sum under each window."""
        window = self.window
        if set(window.dilations) == {1} and self.rank in AVERAGE_POOLS:
            mean = AVERAGE_POOLS[self.rank](x, window.kernel, window.strides)
            return mean * math.prod(window.kernel)
        parts = self.parts(x)
        total = next(parts).clone()
        for part in parts:
            total = total + part
        return total


def max_pool(s: Settings, x: Tensor) -> Tensor:
    """Padding never wins: it counts as minus infinity."""
    window = Window(s, s.integers("kernel_shape"))
    pad = _inside(window)
    if pad is not None and x.is_floating_point() and not s.integer("ceil_mode"):
        return MAX_POOLS[len(pad)](x, window.kernel, window.strides, pad, window.dilations)
    places = Places(s, x.shape[2:])
    if x.is_floating_point() and places.rank in MAX_POOLS:
        return MAX_POOLS[places.rank](places.spread(x, -torch.inf), window.kernel, window.strides, 0, window.dilations)
    lowest = -torch.inf if x.is_floating_point() else torch.iinfo(x.dtype).min
    return torch.stack(list(places.parts(places.spread(x, lowest)))).amax(0)


def average_pool(s: Settings, x: Tensor) -> Tensor:
    """Padding counts in the mean only where `count_include_pad` says so; what lies beyond it never does."""
    window = Window(s, s.integers("kernel_shape"))
    counted = bool(s.integer("count_include_pad"))
    pad = _inside(window)
    if pad is not None and not s.integer("ceil_mode") and set(window.dilations) == {1}:
        return AVERAGE_POOLS[len(pad)](x, window.kernel, window.strides, pad, False, counted)
    places = Places(s, x.shape[2:])
    ones = torch.ones((1, 1, *x.shape[2:]), dtype=x.dtype, device=x.device)
    if counted:
        edges = [*places.pads[: places.rank], *map(min, places.pads[places.rank :], places.after)]
        ones = spread(ones, edges, 1.0)
        rest = [after - edge for after, edge in zip(places.after, edges[places.rank :], strict=True)]
        ones = spread(ones, [*[0] * places.rank, *rest])
    else:
        ones = places.spread(ones, 0.0)
    return places.total(places.spread(x, 0.0)) / places.total(ones)


def lp_pool(s: Settings, x: Tensor) -> Tensor:
    """The p-norm under each window."""
    p, places = s.number("p", 2), Places(s, x.shape[2:])
    return places.total(places.spread(x.abs() ** p, 0.0)) ** (1 / p)


def global_pool(how: Callable[..., Tensor]) -> Callable[[Settings, Tensor], Tensor]:
    """A reduction over all axes behind the channels."""
    return lambda _, x: how(x, tuple(range(2, x.dim())), True)


def global_lp_pool(s: Settings, x: Tensor) -> Tensor:
    p = s.number("p", 2)
    return (x.abs() ** p).sum(tuple(range(2, x.dim())), True) ** (1 / p)


def _inside(window: Window) -> tuple[int, ...] | None:
    """Padding that torch's pools take: the same on both sides, and at most half the kernel."""
    pad = window.static()
    fits = pad is not None and len(pad) in MAX_POOLS
    return pad if pad and fits and all(2 * p <= k for p, k in zip(pad, window.kernel, strict=True)) else None
