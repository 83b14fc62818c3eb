"""In what numbers a device likes channels: latency against their number, measured on it.

Runtimes work on channels in blocks, 8 or 16 with vector instructions, more on a GPU; a convolution of 45 channels can
take longer than one of 48. So a cut to numbers that the device does not like can be slower than no cut.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from profiler.builder import Builder
from profiler.network import Network
from profiler.progress import Job, Progress, scaled

COUNTS = (32, 40, 44, 45, 46, 47, 48, 52, 56, 60, 62, 63, 64)
"""Odd numbers, and multiples of 2, 4, 8 and 16: several of each, so that one outlier decides nothing."""

BLOCKS = (1, 2, 4, 8, 16)
LAYERS, SIZE = 6, 28
NEAR = 1.06
"""A block is good enough when an operation in it costs at most this many times what it costs in the best one."""

Curve = tuple[tuple[int, float], ...]
"""(channels, milliseconds)."""


@dataclass(frozen=True)
class Blocks:
    """What was measured, and the smallest block that is nearly as fast an operation as the best."""

    curve: Curve
    block: int
    cost: dict[int, float]  # block → picoseconds an operation (multiply and add), the median over its counts


def conv_chain(channels: int) -> Network:
    """Six 3 × 3 convolutions, each from `channels` to as many, on 28 × 28, with ReLU; random weights."""
    b = Builder(f"{channels} channels", (channels, SIZE, SIZE))
    x = b.input
    for number in range(1, LAYERS + 1):
        x = b.relu(f"relu{number}", b.conv(f"conv{number}", x, channels, kernel=3, pad=1))
    return b.network(x)


def operations(channels: int) -> int:
    """Multiply-accumulates of `conv_chain`."""
    return LAYERS * SIZE * SIZE * 9 * channels * channels


def measured(measure: Callable[[Network], Job[float]], counts: Sequence[int] = COUNTS) -> Job[Blocks]:
    """The curve on the device behind `measure`, and its block.

    Each count is measured twice, once on the way up and once on the way down, and the shorter time counts: whatever
    else the device did then made the other longer.
    """
    curve: dict[int, float] = {}
    order = [*counts, *reversed(counts)]
    for number, count in enumerate(order):
        start, stop = number / len(order), (number + 1) / len(order)
        yield Progress(start, f"Measuring {count} channels, to find the block that the device likes")
        ms = yield from scaled(measure(conv_chain(count)), start, stop)
        curve[count] = min(ms, curve.get(count, ms))
    return liked(tuple(curve.items()))


def liked(curve: Curve) -> Blocks:
    """The smallest block whose multiples cost nearly as little an operation as the best block's."""
    cost: dict[int, float] = {}
    for block in BLOCKS:
        exact = [ms * 1e9 / operations(count) for count, ms in curve if _largest_block(count) == block]
        if exact:
            cost[block] = float(np.median(exact))
    best = min(cost.values())
    # A block is liked when all its multiples are fast: its own, and those of every larger block.
    good = [block for block in cost if all(value <= NEAR * best for each, value in cost.items() if each >= block)]
    return Blocks(curve, min(good, default=max(cost)), cost)


def _largest_block(count: int) -> int:
    return max(block for block in BLOCKS if count % block == 0)
