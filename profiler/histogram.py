"""How a weight's values are spread: enough to draw them, and to turn a threshold into a share without the weight."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

BINS = 161  # odd, so that zero stands in the middle of one
POINTS = 1024  # at equal shares, and again at equal distances
CHUNK = 1 << 20
TINY = 1e-30  # all values closer to 0 are drawn as 0
DROPPED_BITS = 13  # of a float32's 23 mantissa bits: magnitudes are told apart to one part in 1024
MAGNITUDE = np.uint32(0x7FFFFFFF)  # everything but the sign


@dataclass(frozen=True)
class WeightHistogram:
    """The values of one weight. `edges` bound equal bins symmetric about 0, `counts` are the values in each.

    `below[i]` is exactly how many values have a magnitude of at most `magnitudes[i]`; both ascend, from 0 (the zeros)
    to the largest magnitude (all). In between, counts are interpolated.
    """

    weight: str
    layer: str
    size: int
    zeros: int
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    magnitudes: tuple[float, ...]
    below: tuple[int, ...]

    def share_below(self, threshold: float) -> float:
        """The share (0 to 1) of values with a magnitude of at most `threshold`."""
        if not self.size or threshold < 0:
            return 0.0
        after = bisect_right(self.magnitudes, threshold)
        if after == len(self.magnitudes):
            return 1.0
        left, right = self.magnitudes[after - 1], self.magnitudes[after]
        part = (threshold - left) / (right - left)
        return (self.below[after - 1] + part * (self.below[after] - self.below[after - 1])) / self.size

    def threshold_for(self, share: float) -> float:
        """The smallest threshold at which `share` of the values are below: the other way round."""
        wanted = min(max(share, 0.0), 1.0) * self.size
        at = bisect_left(self.below, wanted)
        if at == 0 or not self.size:
            return self.magnitudes[0]
        at = min(at, len(self.below) - 1)
        low, high = self.below[at - 1], self.below[at]
        part = (wanted - low) / (high - low)
        return self.magnitudes[at - 1] + part * (self.magnitudes[at] - self.magnitudes[at - 1])


def weight_histogram(array: np.ndarray, weight: str, layer: str) -> WeightHistogram:
    """Count a weight's values, in chunks. Values that are not numbers count as the largest magnitude."""
    fine, zeros, largest = _fine_counts(array)
    reach = largest if largest > TINY else 1.0
    edges = np.linspace(-reach, reach, BINS + 1)
    counts = sum((_display(chunk, reach) for chunk in _chunks(array)), np.zeros(BINS, np.int64))
    magnitudes, below = _points(fine, zeros, largest, array.size)
    return WeightHistogram(
        weight=weight,
        layer=layer,
        size=int(array.size),
        zeros=zeros,
        edges=tuple(edges.tolist()),
        counts=tuple(counts.tolist()),
        magnitudes=magnitudes,
        below=below,
    )


def _display(chunk: np.ndarray, reach: float) -> np.ndarray:
    """Values in each of the equal bins from −reach to reach. Changes `chunk`."""
    chunk *= np.float32(BINS / (2 * reach))
    chunk += np.float32(BINS / 2)
    return np.bincount(np.clip(chunk.astype(np.intp), 0, BINS - 1), minlength=BINS)


def _chunks(array: np.ndarray) -> Iterator[np.ndarray]:
    """The values as aligned float32, some at a time; infinities and the like as the largest number there is."""
    flat = array.reshape(-1)
    top = float(np.finfo(np.float32).max)
    for start in range(0, flat.size, CHUNK):
        chunk = np.array(flat[start : start + CHUNK], np.float32)
        yield chunk if np.isfinite(chunk).all() else np.nan_to_num(chunk, nan=top, posinf=top, neginf=-top)


def _fine_counts(array: np.ndarray) -> tuple[np.ndarray, int, float]:
    """Values by magnitude, finely; the zeros; the largest magnitude.

    The bits of a float, less its sign, ascend with its magnitude: bins are made of bits.
    """
    fine = np.zeros(1 << (31 - DROPPED_BITS), np.int64)
    zeros, largest = 0, 0
    for chunk in _chunks(array):
        bits = chunk.view(np.uint32) & MAGNITUDE
        largest = max(largest, int(bits.max()))
        fine += np.bincount(bits >> np.uint32(DROPPED_BITS), minlength=fine.size)
        zeros += chunk.size - int(np.count_nonzero(chunk))
    return fine, zeros, float(np.uint32(largest).view(np.float32))


def _points(fine: np.ndarray, zeros: int, largest: float, size: int) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """The magnitudes at which the count is kept, and the counts: finest where most values lie, both sides of a step."""
    total = np.cumsum(fine)
    tops = (((np.arange(fine.size, dtype=np.uint32) + 1) << np.uint32(DROPPED_BITS)) - 1).view(np.float32)
    used = np.flatnonzero(fine)
    shares = np.searchsorted(total, np.linspace(0, size, POINTS + 1)[1:])
    distances = np.searchsorted(tops, np.linspace(0, largest, POINTS + 1)[1:-1].astype(np.float32))
    last = int(used[-1]) if used.size else 0
    chosen = np.unique(np.concatenate([shares, shares - 1, distances]))
    chosen = chosen[(chosen >= 0) & (chosen < last)]
    pairs = {0.0: zeros, **{float(tops[at]): int(total[at]) for at in chosen}, largest: size}
    ordered = sorted((magnitude, count) for magnitude, count in pairs.items() if count >= zeros)
    return tuple(m for m, _ in ordered), tuple(c for _, c in ordered)
