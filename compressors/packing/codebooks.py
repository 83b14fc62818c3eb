"""The distinct words of a tensor: found without sorting it, in the order of their values, and coded as a list."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportArgumentType=false
# numpy’s whole numbers stand for Python’s: what is compiled knows only int64.

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from compressors.compiled import compiled

MOST = 65534  # words in a codebook: symbols are 1 to so many, in 16 bits
TABLE = 1 << 18
LARGEST_NUMBER = 1 << 62

Order = Literal["float", "signed", "unsigned"]
"""How bits stand for values: sign and magnitude, two's complement, or magnitude alone."""


@dataclass(frozen=True, eq=False)
class Codebook:
    """Distinct words, rising by value; the first `negatives` have their sign bit set."""

    words: np.ndarray
    negatives: int


@dataclass(frozen=True, eq=False)
class Magnitudes:
    """A codebook as numbers: both signs' magnitudes from zero on, without the `shift` low bits that are always 0."""

    negative: np.ndarray
    positive: np.ndarray
    shift: int


def order_of(type_name: str) -> Order:
    """By ONNX's name of the type."""
    if type_name.startswith("UINT") or type_name == "BOOL":
        return "unsigned"
    return "signed" if type_name.startswith("INT") else "float"


def codebook_of(words: np.ndarray, order: Order, *, with_zero: bool) -> Codebook | None:
    """The distinct words (but word 0, unless `with_zero`), or None where they are more than a codebook holds."""
    table, used = np.zeros(TABLE, np.uint64), np.zeros(TABLE, np.bool_)
    found = _distinct(words, table, used, MOST, with_zero)
    if found < 0:
        return None
    return _ordered(table[used].astype(words.dtype), order)


def symbols_of(words: np.ndarray, codebook: Codebook, *, with_zero: bool) -> np.ndarray:
    """For each word its place in the codebook, from 1 (uint16); 0 for word 0, unless `with_zero`."""
    table, places = np.zeros(TABLE, np.uint64), np.zeros(TABLE, np.uint16)
    symbols = np.zeros(words.size, np.uint16)
    _look_up(words, codebook.words.astype(np.uint64), table, places, symbols, with_zero)
    return symbols


def _ordered(words: np.ndarray, order: Order) -> Codebook:
    top = words.dtype.type(1 << (8 * words.itemsize - 1))
    negative = (words & top) != 0 if order != "unsigned" else np.zeros(words.size, bool)
    below, above = np.sort(words[negative]), np.sort(words[~negative])
    if order == "float":
        below = below[::-1]
    return Codebook(np.concatenate([below, above]), below.size)


def magnitudes_of(codebook: Codebook, order: Order) -> Magnitudes | None:
    """None where a magnitude is too large to be coded (2⁶² or more: some words of eight bytes)."""
    words = codebook.words.astype(np.uint64)
    bits = 8 * codebook.words.itemsize
    below, above = words[: codebook.negatives][::-1], words[codebook.negatives :]
    if order == "float":
        below = below & np.uint64((1 << (bits - 1)) - 1)
    elif order == "signed":
        below = (~below + np.uint64(1)) & np.uint64((1 << bits) - 1)
    together = int(np.bitwise_or.reduce(np.concatenate([below, above]), initial=np.uint64(0)))
    shift = (together & -together).bit_length() - 1 if together else 0
    if together >> shift >= LARGEST_NUMBER:
        return None
    return Magnitudes((below >> np.uint64(shift)).astype(np.int64), (above >> np.uint64(shift)).astype(np.int64), shift)


def codebook_from(found: Magnitudes, order: Order, dtype: np.dtype[np.unsignedinteger]) -> Codebook:
    """Raises ValueError when a magnitude does not fit the type."""
    bits = 8 * dtype.itemsize
    below, above = (_shifted(numbers, found.shift, bits) for numbers in (found.negative, found.positive))
    if order == "float":
        below = below | np.uint64(1 << (bits - 1))
    elif order == "signed":
        below = (~below + np.uint64(1)) & np.uint64((1 << bits) - 1)
    return Codebook(np.concatenate([below[::-1], above]).astype(dtype), below.size)


def _shifted(numbers: np.ndarray, shift: int, bits: int) -> np.ndarray:
    if numbers.size and (int(numbers.max()) << shift) >= 1 << bits:
        raise ValueError("its codebook has a value that its type does not")
    return numbers.astype(np.uint64) << np.uint64(shift)


def to_gaps(numbers: np.ndarray) -> np.ndarray:
    """A rising list as its first number and what lies between one and the next."""
    return np.diff(numbers, prepend=-1) - 1


def from_gaps(gaps: np.ndarray) -> np.ndarray:
    """Raises ValueError where the sum leaves 63 bits."""
    if gaps.size and float(gaps.astype(np.float64).sum()) >= LARGEST_NUMBER:
        raise ValueError("its codebook has a value that its type does not")
    return np.cumsum(gaps + 1) - 1


@compiled
def _distinct(words: np.ndarray, table: np.ndarray, used: np.ndarray, most: int, with_zero: bool) -> int:
    """Fill a hash table with the distinct words; their number, or −1 beyond `most`."""
    found = 0
    for i in range(words.size):
        word = np.uint64(words[i])
        if word == 0 and not with_zero:
            continue
        at = np.int64((word * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(46))
        while used[at] and table[at] != word:
            at = (at + 1) & 0x3FFFF
        if not used[at]:
            if found == most:
                return -1
            used[at] = True
            table[at] = word
            found += 1
    return found


@compiled
def _look_up(
    words: np.ndarray, codebook: np.ndarray, table: np.ndarray, places: np.ndarray, symbols: np.ndarray, with_zero: bool
) -> None:
    for i in range(codebook.size):
        at = np.int64((codebook[i] * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(46))
        while places[at]:
            at = (at + 1) & 0x3FFFF
        table[at] = codebook[i]
        places[at] = i + 1
    for i in range(words.size):
        word = np.uint64(words[i])
        if word == 0 and not with_zero:
            continue
        at = np.int64((word * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(46))
        while table[at] != word or places[at] == 0:
            at = (at + 1) & 0x3FFFF
        symbols[i] = places[at]
