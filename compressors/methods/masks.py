"""Which weights go: pure array maths on magnitudes. A mask is True where a weight is removed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def at_most(weights: np.ndarray, threshold: float) -> np.ndarray:
    """Mask of the weights whose magnitude is at most `threshold`, which is first rounded to the weights' own type."""
    return np.abs(weights) <= weights.dtype.type(threshold)


def smallest(weights: Sequence[np.ndarray], count: int) -> list[np.ndarray]:
    """Masks of exactly the `count` smallest magnitudes over all arrays together.

    Equal magnitudes go in order: the first array's first, each row-major. A NaN is never small. Raises ValueError
    when `count` is not between 0 and the number of weights.
    """
    sizes = [array.size for array in weights]
    if not 0 <= count <= sum(sizes):
        raise ValueError(f"{count} of {sum(sizes)} weights.")
    if count == 0:
        return [np.zeros(array.shape, bool) for array in weights]
    magnitudes = np.concatenate([np.abs(array).ravel() for array in weights])
    removed = _smallest_of(magnitudes, count)
    parts = np.split(removed, np.cumsum(sizes)[:-1])
    return [part.reshape(array.shape) for part, array in zip(parts, weights, strict=True)]


def _smallest_of(magnitudes: np.ndarray, count: int) -> np.ndarray:
    edge = np.partition(magnitudes, count - 1)[count - 1]
    if np.isnan(edge):  # only NaNs are left to choose from: order decides
        removed = ~np.isnan(magnitudes)
        ties = np.flatnonzero(~removed)
    else:
        removed = magnitudes < edge
        ties = np.flatnonzero(magnitudes == edge)
    removed[ties[: count - int(np.count_nonzero(removed))]] = True
    return removed


def count_of(share: float, size: int) -> int:
    """How many of `size` weights a share stands for: the nearest whole number, halves up."""
    return min(size, int(share * size + 0.5))


def without(weights: np.ndarray, removed: np.ndarray) -> np.ndarray:
    """The weights with the removed ones +0.0, never −0.0: a packed file keeps every bit pattern that is not 0."""
    return np.where(removed, weights.dtype.type(0), weights)
