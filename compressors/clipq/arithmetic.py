"""What CLIP-Q does to a layer's weights in every minibatch: clip, partition, quantise. Plain array maths.

Tung and Mori, “CLIP-Q: Deep Network Compression Learning by In-Parallel Pruning-Quantization”, CVPR 2018, §3.1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from compressors.compiled import compiled
from compressors.methods.masks import count_of

FEWEST_BITS, MOST_BITS = 2, 16
CODEBOOK_VALUE = 32  # bits of a shared value
LOW_BITS = 15  # of the 31 bits of a magnitude: a clip point is found in two passes of 2¹⁶ and 2¹⁵ counters
HIGHS = 1 << 16


class Setting(NamedTuple):
    """(p, b) of a layer: the share of its weights that is zero, and 2^b values for all of them, zero among these."""

    share: float
    bits: int


@dataclass(frozen=True, eq=False)
class Quantised:
    """A layer's weights after the three steps, in `values` (shape, type and memory order of what was given).

    What lies strictly between `low` and `high` (c− and c+ of the paper) is +0.0. `edges_below` and `edges_above` are
    the bounds of the intervals on either side, rising; `levels` the means of those that have members, rising, and
    `members` how many weights each has. A side without weights has no edges, and its clip point is infinite.
    """

    values: np.ndarray
    low: float
    high: float
    edges_below: np.ndarray
    edges_above: np.ndarray
    levels: np.ndarray
    members: np.ndarray

    @property
    def zeros(self) -> int:
        return self.values.size - int(self.members.sum())

    @property
    def bits(self) -> float:
        """What an ideal code without memory needs for the layer: Σ −log2 of each weight's frequency, and a codebook."""
        counts = np.append(self.members, self.zeros).astype(np.float64)
        there = counts[counts > 0]
        return float((there * np.log2(self.values.size / there)).sum()) + CODEBOOK_VALUE * self.levels.size


def quantised(weights: np.ndarray, share: float, bits: int) -> Quantised:
    """Clip, partition and quantise the weights of one layer, in single precision.

    share: how many become zero, 0 to less than 1: this share of the positive weights, the smallest, and this share of
    the negative ones. Weights that are exactly zero already count as part of it. A clip point is a number, so weights
    that equal it stay together: then fewer go. bits: 2^bits − 1 intervals of equal width outside the clip interval,
    divided between the two sides by their lengths, at least one each. Every weight takes the mean of its interval.
    Raises ValueError for weights that are not finite, and for settings outside their ranges.
    """
    if not 0 <= share < 1 or not FEWEST_BITS <= bits <= MOST_BITS:
        raise ValueError(f"it takes a share below 1 and 2 to 16 bits, not {share:g} and {bits}")
    flat = weights.ravel(order="K").astype(np.float32, copy=False)
    words = flat.view(np.uint32)
    counts, largest = np.zeros(2 * HIGHS, np.int32), np.zeros(2, np.uint32)
    if not _count(words, counts, largest):
        raise ValueError("a weight is not a finite number")
    (high, low), (most_above, most_below) = _clip_points(words, counts, share), largest.view(np.float32).tolist()
    intervals = _divided(2**bits - 1, most_below - low, most_above - high)
    edges_below, edges_above = _edges(low, most_below, intervals[0]), _edges(high, most_above, intervals[1])
    place = np.empty(flat.size, np.int32)
    sums, members = np.zeros(sum(intervals)), np.zeros(sum(intervals), np.int64)
    _partition(flat, edges_below, edges_above, place, sums, members)
    means = (sums / np.maximum(members, 1)).astype(weights.dtype)
    values = np.empty_like(weights, subok=False)
    values.ravel(order="K")[:] = np.append(means, means.dtype.type(0))[place]
    return Quantised(
        values, -low, high, -edges_below[::-1], edges_above, means[members > 0], members[members > 0]
    )  # fmt: skip


def _clip_points(words: np.ndarray, counts: np.ndarray, share: float) -> tuple[float, float]:
    """The smallest positive weight that stays, and the smallest magnitude of a negative one; infinite for none."""
    sides = counts[:HIGHS], counts[HIGHS:]
    sizes = [int(side.sum()) for side in sides]
    zeros = words.size - sum(sizes)
    part = share if not zeros else max(0.0, (share * words.size - zeros) / max(1, sum(sizes)))
    # Where all go, the last stands for infinity, so that there is a rank to look for.
    goes = [count_of(part, size) for size in sizes]
    found = [_bucket(side, min(rank, size - 1)) for side, rank, size in zip(sides, goes, sizes, strict=True)]
    lows = np.zeros((2, 1 << LOW_BITS), np.int32)
    _count_low(words, found[0][0], HIGHS + found[1][0], lows)
    points = [(high << LOW_BITS) | _bucket(lows[side], rank)[0] for side, (high, rank) in enumerate(found)]
    magnitudes = np.array(points, np.uint32).view(np.float32).tolist()
    above, below = (
        point if rank < size else math.inf for point, rank, size in zip(magnitudes, goes, sizes, strict=True)
    )
    return above, below


def _bucket(counts: np.ndarray, rank: int) -> tuple[int, int]:
    """The first counter at which more than `rank` have been counted, and the rank within it."""
    before = np.cumsum(counts)
    place = int(np.searchsorted(before, rank, side="right"))
    return (place, rank - int(before[place - 1]) if place else rank) if place < counts.size else (0, 0)


def _divided(most: int, below: float, above: float) -> tuple[int, int]:
    """How many of the intervals are on the negative and on the positive side, whose lengths these are.

    A length of −∞: no weight is left on that side, and the other has them all.
    """
    if math.inf in (-below, -above):
        return (0 if below == -math.inf else most, 0 if above == -math.inf else most)
    count = math.floor(most * below / (below + above) + 0.5) if below + above else most // 2
    count = min(max(count, 1), most - 1)
    return count, most - count


def _edges(start: float, stop: float, count: int) -> np.ndarray:
    """The bounds of `count` intervals of equal width, as magnitudes; none where there is no interval."""
    return np.linspace(start, stop, count + 1) if count else np.empty(0)


# --------------------------------------------------------------------------- passes over the weights


@compiled
def _count(words: np.ndarray, counts: np.ndarray, largest: np.ndarray) -> bool:
    """Count the floats that are not zero by sign and the upper bits of their magnitude. False: one is not finite.

    `largest`: the greatest magnitude’s bits, of positive and of negative ones. Magnitudes’ bits rise as they do.
    """
    for word in words:
        magnitude = word & np.uint32(0x7FFFFFFF)
        if magnitude >= np.uint32(0x7F800000):
            return False
        if magnitude:
            counts[word >> np.uint32(LOW_BITS)] += 1
            side = word >> np.uint32(31)
            if magnitude > largest[side]:
                largest[side] = magnitude
    return True


@compiled
def _count_low(words: np.ndarray, first: int, second: int, counts: np.ndarray) -> None:
    """Count the lower bits of the floats whose upper bits are these."""
    one, two, lows = np.uint32(first), np.uint32(second), np.uint32((1 << LOW_BITS) - 1)
    for word in words:
        high = word >> np.uint32(LOW_BITS)
        if high == one:
            if word & np.uint32(0x7FFFFFFF):
                counts[0, word & lows] += 1
        elif high == two and word & np.uint32(0x7FFFFFFF):
            counts[1, word & lows] += 1


@compiled
def _partition(
    flat: np.ndarray, below: np.ndarray, above: np.ndarray, place: np.ndarray, sums: np.ndarray, members: np.ndarray
) -> None:
    """Find each weight’s interval, counted from the most negative one; clipped weights get the number after the last.

    The largest magnitude of a side belongs to its last interval.
    """
    count_below, count_above = max(0, below.size - 1), max(0, above.size - 1)
    low, high = (below[0] if count_below else np.inf), (above[0] if count_above else np.inf)
    per_below = count_below / (below[-1] - low) if count_below and below[-1] > low else 0.0
    per_above = count_above / (above[-1] - high) if count_above and above[-1] > high else 0.0
    for index in range(flat.size):
        value = float(flat[index])
        if value >= high and value > 0:
            number = count_below + min(int((value - high) * per_above), count_above - 1)
        elif -value >= low and value < 0:
            number = count_below - 1 - min(int((-value - low) * per_below), count_below - 1)
        else:
            place[index] = sums.size
            continue
        place[index] = number
        sums[number] += value
        members[number] += 1
