"""Where k-means starts. In one dimension Lloyd's steps only walk to the nearest optimum, so the start decides.

`linear`, `density` are Han, Mao and Dally's (“Deep Compression”, ICLR 2016, §3.1); `quantile` is the means of groups of
equal count; `optimal` solves the problem itself by dynamic programming, on cells placed as Panter and Dite (1951)
space an ideal quantizer's levels: evenly along the integral of the density's cube root.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# numpy's searchsorted is only partly typed.

from __future__ import annotations

import numpy as np

from compressors.compiled import compiled
from compressors.sharing.cells import Cells

MERGED = 8192
"""Cells that dynamic programming runs over: 32 a cluster at k = 256. It takes MERGED·log₂(MERGED)·k steps."""
LARGEST = 1024
"""Above so many clusters, `optimal` starts from Panter and Dite's spacing itself, which is optimal in the limit."""


def linear(cells: Cells, k: int) -> np.ndarray:
    """k values evenly from the smallest to the largest weight: large weights are few, and keep values of their own."""
    return np.linspace(cells.low, cells.high, k) if k > 1 else np.array([(cells.low + cells.high) / 2])


def density(cells: Cells, k: int) -> np.ndarray:
    """k values at even steps of the cumulative distribution, both ends among them."""
    steps = np.linspace(0, 1, k) if k > 1 else np.array([0.5])
    total = np.cumsum(cells.counts)
    places = np.searchsorted(total, steps * total[-1])
    return cells.means[np.minimum(places, cells.means.size - 1)]


def quantile(cells: Cells, k: int) -> np.ndarray:
    """The means of k groups of equal count (a cell is in one group)."""
    total = np.cumsum(cells.counts)
    middle = total - cells.counts / 2
    return _means(cells, np.minimum((middle * k / total[-1]).astype(np.int64), k - 1))


def spaced(cells: Cells, k: int) -> np.ndarray:
    """k groups with about as much of ∫ density^⅓ each."""
    return _means(cells, _groups(cells, k))


def optimal(cells: Cells, k: int) -> np.ndarray:
    """The best k values for the merged cells, by dynamic programming."""
    if k > LARGEST:
        return spaced(cells, k)
    if cells.means.size > MERGED:
        cells = _merged(cells, MERGED)
    centred = cells.means - np.median(cells.means)  # running sums of squares cancel less
    edges = _partition(centred, cells.counts.astype(np.float64), min(k, cells.means.size))
    groups = np.zeros(cells.means.size, np.int64)
    groups[edges[1:]] = 1
    return _means(cells, np.cumsum(groups))


def _groups(cells: Cells, k: int) -> np.ndarray:
    """Each cell's group, 0 to k − 1, in order."""
    middles = (cells.means[1:] + cells.means[:-1]) / 2
    widths = np.diff(np.concatenate([[cells.low], middles, [cells.high]]))
    weight = np.cbrt(cells.counts * np.square(np.maximum(widths, 0)))
    # A weight far out would take nearly all of the integral: so an eighth of the groups goes by count.
    weight = 7 * weight / max(float(weight.sum()), 1e-300) + cells.counts / cells.counts.sum()
    total = np.cumsum(weight)
    return np.minimum(((total - weight / 2) * k / total[-1]).astype(np.int64), k - 1)


def _merged(cells: Cells, k: int) -> Cells:
    groups = _groups(cells, k)
    counts = np.bincount(groups, cells.counts, k)
    there = counts > 0
    means = np.bincount(groups, cells.counts * cells.means, k)[there] / counts[there]
    return Cells(means, counts[there].astype(np.int64), cells.low, cells.high, exact=False)


def _means(cells: Cells, groups: np.ndarray) -> np.ndarray:
    counts = np.bincount(groups, cells.counts)
    there = counts > 0
    return np.bincount(groups, cells.counts * cells.means)[there] / counts[there]


@compiled
def _partition(means: np.ndarray, counts: np.ndarray, k: int) -> np.ndarray:
    """The first cell of each of k groups, so that Σ count·(mean − group's mean)² is least.

    Dynamic programming over “the first j cells in g groups”. The best last group's start never moves back as j grows
    (the cost is concave Monge), so each layer is found by halving: O(k·m·log m) for m cells.
    """
    m = means.size
    total, first, second = np.zeros(m + 1), np.zeros(m + 1), np.zeros(m + 1)
    for i in range(m):
        total[i + 1] = total[i] + counts[i]
        first[i + 1] = first[i] + counts[i] * means[i]
        second[i + 1] = second[i] + counts[i] * means[i] * means[i]
    before, now = np.zeros(m + 1), np.zeros(m + 1)
    for j in range(1, m + 1):
        before[j] = second[j] - first[j] * first[j] / total[j]
    starts = np.zeros((k, m + 1), np.int32)
    stack = np.zeros((128, 4), np.int64)
    for g in range(1, k):
        stack[0] = g + 1, m, g, m - 1  # of the first j cells, j from … to …, the last group starts from … to …
        depth = 1
        while depth > 0:
            depth -= 1
            j_low, j_high, s_low, s_high = stack[depth]
            if j_low > j_high:
                continue
            j = (j_low + j_high) // 2
            best, where = np.inf, s_low
            for s in range(s_low, min(j - 1, s_high) + 1):
                mass, moment = total[j] - total[s], first[j] - first[s]
                cost = before[s] + (second[j] - second[s]) - moment * moment / mass
                if cost < best:
                    best, where = cost, s
            now[j] = best
            starts[g, j] = where
            stack[depth] = j_low, j - 1, s_low, where
            stack[depth + 1] = j + 1, j_high, where, s_high
            depth += 2
        before, now = now, before
    edges = np.zeros(k, np.int64)
    j = m
    for g in range(k - 1, 0, -1):
        j = starts[g, j]
        edges[g] = j
    return edges
