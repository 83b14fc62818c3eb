"""A sparse matrix as version 0 stores it: values, counts and gaps (compressed sparse rows) of bit patterns.

Values are unsigned words, the bits of whatever they stand for: −0.0 and NaN are words like any other, and only the
word 0 is left out. The columns of a row are strictly increasing, so each is stored as its gap, the number of zeros
before it since the last value of the row: small numbers, which deflate well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BLOCK = 1 << 22  # words handled together


@dataclass(frozen=True, eq=False)
class Sparse:
    """`values`: the words that are not 0, row by row; `counts`: how many each row has; `gaps`: zeros before each."""

    values: np.ndarray
    counts: np.ndarray
    gaps: np.ndarray


def rows_of(shape: tuple[int, ...]) -> int:
    """A tensor is the matrix of its first axis by all the others; a single number is one row."""
    return shape[0] if shape else 1


def to_words(sparse: Sparse, size: int) -> np.ndarray:
    """All `size` words of the matrix. Raises ValueError when rows, counts and gaps do not fit together."""
    rows = sparse.counts.size
    if not size or not rows or size % rows:
        raise ValueError("its rows do not fit its size")
    width, done, stop = size // rows, 0, 0
    words = np.zeros(size, sparse.values.dtype)
    step = max(1, BLOCK // width)
    for row in range(0, rows, step):  # a few rows at a time: places take eight bytes each
        counts = sparse.counts[row : row + step].astype(np.int64)
        stop = done + int(counts.sum())
        if stop > sparse.values.size:
            break
        words[row * width + _places(counts, sparse.gaps[done:stop], width)] = sparse.values[done:stop]
        done = stop
    if done != sparse.values.size or stop != done:
        raise ValueError("the counts of its rows do not add up")
    return words


def _places(counts: np.ndarray, gaps: np.ndarray, width: int) -> np.ndarray:
    """Where the values of some rows lie, from the first of these rows on."""
    ends = np.cumsum(gaps, dtype=np.int64) + np.arange(1, gaps.size + 1)
    first = _firsts(counts)
    before = np.zeros(counts.size, np.int64)  # what the rows before have added up to
    before[counts > 0] = np.where(first > 0, ends[first - 1], 0)
    columns = ends - np.repeat(before, counts) - 1
    if columns.size and int(columns.max()) >= width:
        raise ValueError("a value lies outside its row")
    return columns + np.repeat(np.arange(counts.size) * width, counts)


def _firsts(counts: np.ndarray) -> np.ndarray:
    """Where the first value of each row that has one lies among all values."""
    return (np.cumsum(counts) - counts)[counts > 0]
