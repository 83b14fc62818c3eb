"""Weights as sorted cells: how many lie in each, and their mean. What k-means in one dimension needs to know of them.

A few weights are their own cells. Many are counted into 2²¹ bins whose width follows the magnitude: a bin holds the
floats whose first 21 bits are alike (sign, exponent and 12 bits of mantissa), so one weight that lies far
out costs the others no precision, as it does with bins of one width.
"""

# pyright: reportUnknownMemberType=false
# numpy's sort is only partly typed.

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from compressors.compiled import compiled
from profiler.progress import Job, Progress

FEW = 1 << 17  # weights up to which every distinct one is a cell
PART = 1 << 22  # weights handled between two signs of progress
SHIFT = 11
BINS = 1 << (32 - SHIFT)


@dataclass(frozen=True, eq=False)
class Cells:
    """`means` rise strictly; `counts` weights (int64) lie about each. `low` and `high` are the weights' own ends."""

    means: np.ndarray
    counts: np.ndarray
    low: float
    high: float
    exact: bool
    """Every cell is one distinct value."""


def parts(weights: np.ndarray) -> Iterator[np.ndarray]:
    """One-dimensional pieces, each a contiguous copy: weights may be a mapped file of hundreds of megabytes."""
    flat = weights.reshape(-1)
    for start in range(0, flat.size, PART):
        yield np.array(flat[start : start + PART])


def cells_of(weights: np.ndarray, *, skip_zeros: bool) -> Job[Cells]:
    """The cells of all weights, or of all that are not zero. Raises ValueError when one is NaN or infinite."""
    if weights.size <= FEW:
        yield Progress(0.0, "Sorting the weights")
        return _distinct(weights.reshape(-1), skip_zeros)
    counts, sums = np.zeros(BINS, np.int64), np.zeros(BINS, np.float64)
    ends, done = np.array([np.inf, -np.inf]), 0
    for part in parts(weights):
        if not _count(part.astype(np.float32, copy=False), skip_zeros, counts, sums, ends):
            raise ValueError("a weight is not a finite number")
        done += part.size
        yield Progress(done / weights.size, "Counting the weights")
    there = counts > 0
    return Cells(sums[there] / counts[there], counts[there], float(ends[0]), float(ends[1]), exact=False)


def _distinct(weights: np.ndarray, skip_zeros: bool) -> Cells:
    values = weights.astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("a weight is not a finite number")
    means, counts = np.unique(values[values != 0] if skip_zeros else values, return_counts=True)
    low, high = (float(means[0]), float(means[-1])) if means.size else (0.0, 0.0)
    return Cells(means, counts.astype(np.int64), low, high, exact=True)


@compiled
def _count(part: np.ndarray, skip_zeros: bool, counts: np.ndarray, sums: np.ndarray, ends: np.ndarray) -> bool:
    """Add a part to the bins. False: a weight is not finite."""
    bits = part.view(np.int32)
    low, high = ends[0], ends[1]
    for i in range(part.size):
        value = np.float64(part[i])
        word = np.int64(bits[i])
        if (word >> 23) & 0xFF == 0xFF:
            return False
        if value == 0.0 and skip_zeros:
            continue
        # The order of floats is that of their bits, turned around below zero.
        key = (word + 0x80000000) if word >= 0 else (0x7FFFFFFF - (word & 0x7FFFFFFF))
        counts[key >> SHIFT] += 1
        sums[key >> SHIFT] += value
        low, high = min(low, value), max(high, value)
    ends[0], ends[1] = low, high
    return True
