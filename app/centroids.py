"""Shared values and the weights that take them, from a layer's cells: nothing here reads a weight.

A worker counts a layer into cells once (`compressors.sharing.cells`) and finds centroids on them; the window gets some
thousand of these cells, on which a dragged centroid's members are counted anew with every move of the hand.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# numpy's searchsorted and reduceat are only partly typed.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST = 4096  # cells that a window gets: a count over them takes some 100 µs
DRAGGED = 32  # centroids that can be told apart and taken hold of; more are ticks


@dataclass(frozen=True, eq=False)
class Spread:
    """Weights that are not zero in rising cells: their mean, how many, and the mean of their squares. And the zeros."""

    means: np.ndarray
    counts: np.ndarray
    zeros: int

    @property
    def size(self) -> int:
        return int(self.counts.sum()) + self.zeros

    def above(self, threshold: float, *, keep_zeros: bool = True) -> Spread:
        """What is left once weights up to this magnitude are zero; with zeros as a cell among others if they aren't
        kept apart."""
        stays = np.abs(self.means) > threshold
        zeros = self.zeros + int(self.counts[~stays].sum())
        means, counts = self.means[stays], self.counts[stays]
        if keep_zeros or not zeros:
            return Spread(means, counts, zeros)
        at = int(np.searchsorted(means, 0.0))
        return Spread(np.insert(means, at, 0.0), np.insert(counts, at, zeros), 0)

    def plain(self) -> dict[str, Any]:
        return {"means": self.means.tolist(), "counts": self.counts.tolist(), "zeros": self.zeros}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Spread:
        return cls(np.array(plain["means"], np.float64), np.array(plain["counts"], np.int64), int(plain["zeros"]))


@dataclass(frozen=True)
class Sharing:
    """Rising `values`, how many weights take each, the mean squared error, and the entropy of the choice in bits."""

    values: tuple[float, ...]
    counts: tuple[int, ...]
    error: float
    bits: float


def thinned(spread: Spread, most: int = MOST) -> Spread:
    """At most so many cells: half of the cuts at equal counts, half at equal distances. Counts and means stay exact."""
    if spread.means.size <= most:
        return spread
    total = np.cumsum(spread.counts)
    by_count = np.searchsorted(total, np.linspace(0, total[-1], most // 2 + 1)[:-1], side="right")
    low, high = spread.means[0], spread.means[-1]
    by_distance = np.searchsorted(spread.means, np.linspace(low, high, most // 2)[:-1])
    starts = np.unique(np.concatenate([[0], by_count, by_distance]))
    starts = starts[starts < spread.means.size]
    counts = np.add.reduceat(spread.counts, starts)
    means = np.add.reduceat(spread.means * spread.counts, starts) / counts
    return Spread(means, counts, spread.zeros)


def sharing(spread: Spread, values: Sequence[float] | np.ndarray) -> Sharing:
    """Each cell goes to the nearest value; halfway between two, to the lower one."""
    rising = np.unique(np.asarray(values, np.float64))
    if not rising.size or not spread.means.size:
        return Sharing(tuple(rising.tolist()), (0,) * rising.size, 0.0, 0.0)
    edges = (rising[1:] + rising[:-1]) / 2
    bounds = np.concatenate([[0], np.searchsorted(spread.means, edges, side="right"), [spread.means.size]])
    running = np.concatenate([[0], np.cumsum(spread.counts)])
    counts = running[bounds[1:]] - running[bounds[:-1]]
    nearest = rising[np.repeat(np.arange(rising.size), np.diff(bounds))]
    members = max(1, int(counts.sum()))
    error = float((spread.counts * np.square(spread.means - nearest)).sum()) / members
    return Sharing(tuple(rising.tolist()), tuple(counts.tolist()), error, entropy(counts))


def entropy(counts: np.ndarray) -> float:
    """Bits that an ideal code takes to say which one: Σ −p·log2(p)."""
    there = counts[counts > 0].astype(np.float64)
    if there.size < 2:
        return 0.0
    return float((there * np.log2(there.sum() / there)).sum() / there.sum())


def moved(values: Sequence[float], place: int, to: float) -> tuple[float, ...]:
    """The values with one of them moved, but never past its neighbours: they stay in order."""
    rising = sorted(values)
    low = rising[place - 1] if place else -np.inf
    high = rising[place + 1] if place + 1 < len(rising) else np.inf
    low, high = np.nextafter(low, np.inf), np.nextafter(high, -np.inf)
    rising[place] = float(min(max(to, low), high))
    return tuple(rising)
