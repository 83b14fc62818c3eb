"""One-dimensional k-means: a codebook of at most k values, and the nearest of them for every weight, exactly.

Lloyd's steps run over the sorted cells with running sums, so one takes k look-ups and not a pass over the weights:
hundreds of them cost milliseconds. The weights are read twice, to count them and to give each its value.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# numpy's searchsorted is only partly typed.

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from compressors.compiled import compiled
from compressors.sharing import starts
from compressors.sharing.cells import Cells, cells_of, parts
from profiler.progress import Job, Progress, scaled

START: Mapping[str, Callable[[Cells, int], np.ndarray]] = {
    "optimal": starts.optimal,
    "linear": starts.linear,
    "density": starts.density,
    "quantile": starts.quantile,
}
STEPS = 1000  # of Lloyd's, at most
MOST = 1 << 16  # values in a codebook


@dataclass(frozen=True, eq=False)
class Shared:
    """`codebook[indices]` are the shared weights. Where zeros were kept, value 0 of the codebook is +0.0, theirs.

    `codebook` has the weights' own type and rises, but for that zero; `indices` (uint8 or uint16) has the weights'
    shape; `mse` is the mean squared error over all weights that were shared.
    """

    codebook: np.ndarray
    indices: np.ndarray
    mse: float
    zero: bool

    @property
    def values(self) -> np.ndarray:
        """The weights, each replaced by its value."""
        return self.codebook[self.indices]


def cluster(
    weights: np.ndarray, k: int, start: str = "optimal", *, keep_zeros: bool = True, mantissa: int = 52
) -> Job[Shared]:
    """Share at most k values among `weights` (floats, any shape).

    `keep_zeros`: exact zeros stay zero and are no part of the k values. `mantissa`: bits of mantissa to which values
    are rounded. Weights with at most k distinct values keep them to the last bit (unless they are rounded). Raises
    ValueError: NaN or infinite weights, k outside 1 to 65,536, an unknown start.
    """
    if start not in START:
        raise ValueError(f"no start is called “{start}”")
    if not 1 <= k <= MOST:
        raise ValueError(f"{k} values: a codebook has 1 to {MOST:,}")
    cells = yield from scaled(cells_of(weights, skip_zeros=keep_zeros), 0.0, 0.4)
    yield Progress(0.4, "Placing the shared values")
    centres = centres_of(cells, k, start)
    codebook = np.unique(rounded(centres.astype(weights.dtype), mantissa))
    return (yield from scaled(assigned(weights, codebook, keep_zeros=keep_zeros), 0.5, 1.0))


def centres_of(cells: Cells, k: int, start: str) -> np.ndarray:
    """At most k rising centres: a local optimum from this start. Empty for no cells."""
    if cells.means.size <= k and (cells.exact or not cells.means.size):
        return cells.means
    centres = np.unique(START[start](cells, k))
    return _lloyd(cells.means, cells.counts.astype(np.float64), _filled(cells, centres, k), STEPS)


def _filled(cells: Cells, centres: np.ndarray, k: int) -> np.ndarray:
    """A start that fell together (many equal weights) gets the values it lacks from the farthest cells."""
    while centres.size < min(k, cells.means.size):
        near = np.searchsorted((centres[1:] + centres[:-1]) / 2, cells.means)
        loss = cells.counts * np.square(cells.means - centres[near])
        worst = int(loss.argmax())
        if not loss[worst] > 0:
            break
        centres = np.unique(np.append(centres, cells.means[worst]))
    return centres


def assigned(weights: np.ndarray, codebook: np.ndarray, *, keep_zeros: bool = True) -> Job[Shared]:
    """The nearest value of a rising codebook for each weight; halfway between two, the lower one."""
    lead = int(keep_zeros and not bool(np.all(weights)))
    size = codebook.size + lead
    indices = np.zeros(weights.size, np.uint8 if size <= 256 else np.uint16 if size <= 65536 else np.uint32)
    edges = _midpoints(codebook)
    done, error, shared = 0, 0.0, 0
    for part in parts(weights):
        into = indices[done : done + part.size]
        values = part.astype(np.float64)
        some, count = _assign(values, codebook.astype(np.float64), edges, bool(lead), into)
        error, shared, done = error + some, shared + count, done + part.size
        yield Progress(done / weights.size, "Giving each weight its value")
    first = np.zeros(lead, codebook.dtype)
    return Shared(np.concatenate([first, codebook]), indices.reshape(weights.shape), error / max(1, shared), bool(lead))


def _midpoints(codebook: np.ndarray) -> np.ndarray:
    wide = codebook.astype(np.float64)
    return (wide[1:] + wide[:-1]) / 2


def rounded(values: np.ndarray, mantissa: int) -> np.ndarray:
    """Floats to so many bits of mantissa (the leading one not counted), to the nearest, halves to even."""
    if mantissa >= np.finfo(values.dtype).nmant or not values.size:
        return values
    share, exponent = np.frexp(values.astype(np.float64))
    step = 2.0 ** (mantissa + 1)
    return np.ldexp(np.round(share * step) / step, exponent).astype(values.dtype)


@compiled
def _lloyd(means: np.ndarray, counts: np.ndarray, centres: np.ndarray, steps: int) -> np.ndarray:
    """Until nothing moves to another group, or so many steps. A group left empty keeps its centre."""
    m, k = means.size, centres.size
    total, first = np.zeros(m + 1), np.zeros(m + 1)
    for i in range(m):
        total[i + 1] = total[i] + counts[i]
        first[i + 1] = first[i] + counts[i] * means[i]
    centres = centres.copy()
    edges = np.zeros(k + 1, np.int64)
    edges[k] = m
    for _ in range(steps):
        moved = False
        for g in range(1, k):
            edge = np.searchsorted(means, (centres[g - 1] + centres[g]) / 2, side="right")
            if edge != edges[g]:
                moved = True
            edges[g] = edge
        for g in range(k):
            mass = total[edges[g + 1]] - total[edges[g]]
            if mass > 0:
                centres[g] = (first[edges[g + 1]] - first[edges[g]]) / mass
        if not moved:
            break
    return centres


@compiled
def _assign(
    part: np.ndarray, codebook: np.ndarray, edges: np.ndarray, keep_zeros: bool, indices: np.ndarray
) -> tuple[float, int]:
    """Fill `indices`; returns the squared error and how many weights it is of.

    A table over 4096 even steps of the range says where to begin to look.
    """
    steps = 4096
    k = codebook.size
    low, high = (edges[0], edges[-1]) if k > 1 else (0.0, 0.0)
    scale = steps / (high - low) if high > low else 0.0
    table = np.zeros(steps + 1, np.int64)
    at = 0
    for i in range(steps + 1):
        while at < k - 1 and edges[at] < low + (i - 1) / max(scale, 1e-300):  # a step early: rounding may not skip one
            at += 1
        table[i] = at
    lead = 1 if keep_zeros else 0
    error, shared = 0.0, 0
    for i in range(part.size):
        value = part[i]
        if keep_zeros and value == 0.0:
            indices[i] = 0
            continue
        if value <= low or k == 1:
            index = 0
        elif value > high:
            index = k - 1
        else:
            index = table[int((value - low) * scale)]
            while index < k - 1 and value > edges[index]:
                index += 1
        indices[i] = index + lead
        error += (value - codebook[index]) ** 2
        shared += 1
    return error, shared
