"""Padding and pooling with ONNX's rules, which torch's own cover only in part."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportUnknownParameterType=false
# torch is only partly typed; what comes out of it is checked by the tests.

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from compressors.operator_settings import Settings


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
        return spread(x, self.pads(x.shape[2:]), value)

    def reaches(self) -> list[int]:
        """From a kernel’s first input to the one behind its last."""
        return [(k - 1) * d + 1 for k, d in zip(self.kernel, self.dilations, strict=True)]


def spread(x: torch.Tensor, pads: Sequence[int], value: float = 0.0) -> torch.Tensor:
    """The input with this much before each of its last axes, then after each; negative sizes cut."""
    rank = len(pads) // 2
    pairs = [size for axis in reversed(range(rank)) for size in (pads[axis], pads[rank + axis])]
    return F.pad(x, pairs, value=value) if any(pairs) else x


class Pad(nn.Module):
    """The padding in front of a convolution whose two sides differ."""

    def __init__(self, window: Window) -> None:
        super().__init__()
        self.window = window

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.window.padded(x, 0.0)


class Crop(nn.Module):
    """What makes a transposed convolution without padding the size it should be: its padding is cut off again.

    Extra is the output padding, which the convolution already has; `wanted` are the output’s sizes, if they are given.
    """

    def __init__(self, window: Window, extra: Sequence[int], wanted: Sequence[int] | None) -> None:
        super().__init__()
        self.window, self.extra, self.wanted = window, tuple(extra), None if wanted is None else tuple(wanted)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        window = self.window
        if self.wanted is None and not window.auto.startswith("SAME"):
            return spread(x, [-size for size in (window.fixed if window.auto == "NOTSET" else [])])
        if self.wanted is None:  # input size times stride, where the kernel reaches that far
            parts = zip(window.reaches(), window.strides, self.extra, strict=True)
            totals = [max(reach - stride + extra, 0) for reach, stride, extra in parts]
        else:
            totals = [size - wanted for size, wanted in zip(x.shape[2:], self.wanted, strict=True)]
        halves = [total // 2 for total in totals]
        others = [total - half for total, half in zip(totals, halves, strict=True)]
        before, after = (halves, others) if window.auto == "SAME_UPPER" else (others, halves)
        return spread(x, [-size for size in (*before, *after)])
