"""Padding and pooling with ONNX's rules, which torch's own cover only in part."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportUnknownParameterType=false
# torch is only partly typed; what comes out of it is checked by the tests.

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from compressors.operator_settings import Settings

MAX_POOLS = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
AVERAGE_POOLS = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


class Window:
    """Where a kernel moves: its size, strides, dilations and pads over the last axes, as a node's attributes say."""

    def __init__(self, settings: Settings, kernel: Sequence[int]) -> None:
        ones = [1] * len(kernel)
        self.kernel = list(kernel)
        self.strides = settings.integers("strides", ones)
        self.dilations = settings.integers("dilations", ones)
        self.auto = settings.text("auto_pad", "NOTSET")
        self.fixed = settings.integers("pads", [0] * 2 * len(kernel))

    def static(self) -> tuple[int, ...] | None:
        """Padding equal on both sides of each axis whatever the input's size, or None."""
        rank = len(self.kernel)
        if self.auto == "VALID":
            return (0,) * rank
        if self.auto == "NOTSET":
            return tuple(self.fixed[:rank]) if self.fixed[:rank] == self.fixed[rank:] else None
        reach = [(k - 1) * d for k, d in zip(self.kernel, self.dilations, strict=True)]
        same = all(stride == 1 for stride in self.strides) and all(size % 2 == 0 for size in reach)
        return tuple(size // 2 for size in reach) if same else None

    def pads(self, sizes: Sequence[int]) -> list[int]:
        """Pads before each axis, then after each, for an input of these sizes."""
        if not self.auto.startswith("SAME"):
            return list(self.static() or ()) * 2 or self.fixed
        totals = [
            max((-(-size // stride) - 1) * stride + (k - 1) * d + 1 - size, 0)
            for size, stride, k, d in zip(sizes, self.strides, self.kernel, self.dilations, strict=True)
        ]
        less = [total // 2 for total in totals]
        more = [total - half for total, half in zip(totals, less, strict=True)]
        return [*less, *more] if self.auto == "SAME_UPPER" else [*more, *less]

    def padded(self, x: torch.Tensor, value: float) -> torch.Tensor:
        """The input with its padding written out."""
        pads = self.pads(x.shape[2:])
        rank = len(self.kernel)
        pairs = [size for axis in reversed(range(rank)) for size in (pads[axis], pads[rank + axis])]
        return F.pad(x, pairs, value=value)


class Pad(nn.Module):
    """The padding in front of a convolution whose two sides differ."""

    def __init__(self, window: Window) -> None:
        super().__init__()
        self.window = window

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.window.padded(x, 0.0)


def max_pool(s: Settings, x: torch.Tensor) -> torch.Tensor:
    """Padding never wins: it counts as minus infinity."""
    window = Window(s, s.integers("kernel_shape"))
    pad = _inside(window)
    if pad is None:
        x, pad = window.padded(x, -torch.inf), (0,) * len(window.kernel)
    pool = MAX_POOLS[len(window.kernel)]
    ceil = bool(s.integer("ceil_mode"))
    return pool(x, window.kernel, window.strides, pad, window.dilations, ceil)


def average_pool(s: Settings, x: torch.Tensor) -> torch.Tensor:
    """Padding counts in the mean only where `count_include_pad` says so."""
    window = Window(s, s.integers("kernel_shape"))
    pool = AVERAGE_POOLS[len(window.kernel)]
    ceil, counted = bool(s.integer("ceil_mode")), bool(s.integer("count_include_pad"))
    pad = _inside(window)
    if pad is not None:
        return pool(x, window.kernel, window.strides, pad, ceil, counted)
    none = (0,) * len(window.kernel)
    mean = pool(window.padded(x, 0.0), window.kernel, window.strides, none, ceil, True)
    if counted:
        return mean
    return mean / pool(window.padded(torch.ones_like(x), 0.0), window.kernel, window.strides, none, ceil, True)


def _inside(window: Window) -> tuple[int, ...] | None:
    """Padding that torch's pools take: the same on both sides, and at most half the kernel."""
    pad = window.static()
    return pad if pad and all(2 * p <= k for p, k in zip(pad, window.kernel, strict=True)) else None
