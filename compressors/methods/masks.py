"""Which weights go: pure array maths on magnitudes. A mask is True where a weight is removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from profiler.progress import Job, Progress, scaled

PART = 1 << 22  # weights handled between two signs of progress
SAMPLE = 1 << 18


def at_most(weights: np.ndarray, threshold: float) -> np.ndarray:
    """Mask of the weights whose magnitude is at most `threshold`, which is first rounded to the weights' own type."""
    return np.abs(weights) <= weights.dtype.type(threshold)


def smallest(weights: Sequence[np.ndarray], count: int) -> Job[list[np.ndarray]]:
    """Masks of exactly the `count` smallest magnitudes over all arrays together.

    Equal magnitudes go in order: the first array's first, each row-major. A NaN is never small. Raises ValueError
    when `count` is not between 0 and the number of weights. Takes little memory beside the masks: arrays may be
    hundreds of megabytes in a mapped file.
    """
    total = sum(array.size for array in weights)
    if not 0 <= count <= total:
        raise ValueError(f"{count} of {total} weights.")
    masks = [np.zeros(array.shape, bool) for array in weights]
    if count == 0:
        return masks
    edge = yield from scaled(_edge(weights, count), 0.0, 0.5)
    left, done = count, 0
    places = [(array.reshape(-1), mask.reshape(-1)) for array, mask in zip(weights, masks, strict=True)]
    for take in (_less, _equal):  # what is below the edge goes, then of what is equal as many as are still wanted
        for array, mask in places:
            for part in _parts(array.size):
                found = np.flatnonzero(take(np.abs(array[part]), edge))[:left]
                mask[part.start + found] = True
                left, done = left - found.size, done + min(PART, array.size)
                yield Progress(min(1.0, 0.5 + done / (4 * total)), "Finding the smallest weights")
    return masks


def _edge(weights: Sequence[np.ndarray], count: int) -> Job[Any]:
    """The magnitude of the `count`-th smallest, exactly: a sample says about where, and only that part is sorted."""
    low, high = _bracket(weights, count)
    below, done, total = 0, 0, sum(array.size for array in weights)
    between: list[np.ndarray] = []
    for array in weights:
        for part in _parts(array.size):
            magnitudes = np.abs(array.reshape(-1)[part])
            below += int(np.count_nonzero(magnitudes < low))
            between.append(magnitudes[(magnitudes >= low) & (magnitudes <= high)])
            done += magnitudes.size
            yield Progress(done / total, "Finding the smallest weights")
    inside = np.concatenate(between)
    if not below < count <= below + inside.size:  # the sample misled, or only NaNs are left
        inside, below = np.concatenate([np.abs(array).reshape(-1) for array in weights]), 0
    return np.partition(inside, count - below - 1)[count - below - 1]


def _bracket(weights: Sequence[np.ndarray], count: int) -> tuple[float, float]:
    """Two magnitudes between which the `count`-th smallest lies, almost surely: all of them when they are few."""
    total = sum(array.size for array in weights)
    if total <= PART:
        return 0.0, np.inf
    step = total // SAMPLE
    sample = np.sort(np.concatenate([np.abs(array.reshape(-1)[::step]) for array in weights]))
    place, margin = count * sample.size // total, sample.size // 100
    low = sample[place - margin] if place > margin else 0.0
    return float(low), float(sample[place + margin]) if place + margin < sample.size else np.inf


def _parts(size: int) -> list[slice]:
    return [slice(start, min(start + PART, size)) for start in range(0, size, PART)]


def _less(magnitudes: np.ndarray, edge: Any) -> np.ndarray:
    """NaN is above every number."""
    return ~np.isnan(magnitudes) if np.isnan(edge) else magnitudes < edge


def _equal(magnitudes: np.ndarray, edge: Any) -> np.ndarray:
    return np.isnan(magnitudes) if np.isnan(edge) else magnitudes == edge


def count_of(share: float, size: int) -> int:
    """How many of `size` weights a share stands for: the nearest whole number, halves up."""
    return min(size, int(share * size + 0.5))


def without(weights: np.ndarray, removed: np.ndarray) -> np.ndarray:
    """The weights with the removed ones +0.0, never −0.0: a packed file keeps every bit pattern that is not 0."""
    return np.where(removed, weights.dtype.type(0), weights)
