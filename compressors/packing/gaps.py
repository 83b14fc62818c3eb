"""Places of values as numbers of zeros before each: compressed sparse rows, and Han's relative index."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportArgumentType=false
# numpy’s whole numbers stand for Python’s: what is compiled knows only int64.

from __future__ import annotations

import numpy as np

from compressors.compiled import compiled


def to_rows(symbols: np.ndarray, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """(values in each row, zeros before each value since the one before it in its row or the row's start)."""
    counts, gaps = np.zeros(symbols.size // columns, np.int64), np.zeros(int(np.count_nonzero(symbols)), np.int64)
    _to_rows(symbols, columns, counts, gaps)
    return counts, gaps


def from_rows(counts: np.ndarray, gaps: np.ndarray, symbols: np.ndarray, columns: int) -> None:
    """Put a 1 where a value is. Raises ValueError when a gap leads out of its row."""
    if not _from_rows(counts, gaps, symbols, columns):
        raise ValueError("a value lies outside its row")


def to_relative(symbols: np.ndarray, bits: int) -> np.ndarray:
    """Zeros before each value, through all rows; 2^bits − 1 stands for so many zeros and no value: a filler."""
    filler = (1 << bits) - 1
    zeros = np.diff(np.flatnonzero(symbols), prepend=-1) - 1
    gaps = np.full(int((zeros // filler).sum()) + zeros.size, filler, np.int64)
    gaps[np.cumsum(zeros // filler + 1) - 1] = zeros % filler
    return gaps


def from_relative(gaps: np.ndarray, bits: int, symbols: np.ndarray) -> None:
    """Raises ValueError when they lead beyond the end."""
    filler = (1 << bits) - 1
    ends = np.cumsum(np.where(gaps == filler, filler, gaps + 1))
    places = ends[gaps != filler] - 1
    if ends.size and int(ends[-1]) > symbols.size:
        raise ValueError("a value lies outside the tensor")
    symbols[places] = 1


@compiled
def _to_rows(symbols: np.ndarray, columns: int, counts: np.ndarray, gaps: np.ndarray) -> None:
    done = 0
    for row in range(counts.size):
        zeros = 0
        for i in range(row * columns, (row + 1) * columns):
            if symbols[i] == 0:
                zeros += 1
                continue
            counts[row] += 1
            gaps[done] = zeros
            zeros = 0
            done += 1


@compiled
def _from_rows(counts: np.ndarray, gaps: np.ndarray, symbols: np.ndarray, columns: int) -> bool:
    done = 0
    for row in range(counts.size):
        column = -1
        for _ in range(counts[row]):
            column += gaps[done] + 1
            if gaps[done] < 0 or column >= columns:
                return False
            symbols[row * columns + column] = 1
            done += 1
    return True
