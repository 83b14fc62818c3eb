"""How large a tensor will be when packed, from counts alone: drawn hollow while a threshold is being dragged.

Assumptions, for trained floats: the zeros lie anywhere (so a place takes the entropy of “zero or not”), mantissa bits
are noise, and what stays after the smallest are gone has the fewer exponents the less stays. That part is fitted on
normal and Laplace weights, between which trained layers lie. Within 5 % for trained layers from some thousand weights
on, 10 % where they are shared; rows and columns of different density come out smaller.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

VALUE_BYTES: Mapping[str, float] = {"float32": 3.35, "float16": 1.67, "bfloat16": 1.4, "float64": 7.35}
"""Bytes that one value takes when all stay; whole numbers are taken to be noise."""
FEWER_EXPONENTS = 0.27  # bytes less for each tenth part that stays
LEAST_SHARE = 0.01  # below this share, exponents get no fewer
ENTRY = 4  # bytes: one tensor's entry in the table
CODE_TABLES = 70  # bytes: what learning the exponents' frequencies costs


SAVED_BITS: Sequence[float] = (0.0, 0.0, 0.2, 0.35, 0.44, 0.48)
"""Bits that a shared value’s index takes less than 2^bits equally likely ones would: k-means gives the tails fewer
members. Between those of normal and of Laplace weights; the last stands for all larger numbers of bits."""


def estimate(
    kept: int,
    total: int,
    shape: Sequence[int],
    dtype: str = "float32",
    *,
    bits: int | None = None,
    shared: int | None = None,
    index_bits: float | None = None,
    codebooks: int = 1,
) -> float:
    """Predicted bytes in the `.nbz` file of a tensor of `total` values, `kept` of which are not zero.

    `shape` is the tensor's (its first axis makes the rows); `dtype` is numpy's name; `bits`: the values that are not
    zero share 2^bits ones, or `shared` of them where that is another number, in each of so many `codebooks`.
    `index_bits`: the entropy of which of them a weight has, in bits, where it is known. Raises ValueError when `kept`
    is not between 0 and `total`.
    """
    if not 0 <= kept <= total:
        raise ValueError(f"{kept} of {total} values.")
    del shape  # places are coded through all rows
    share = kept / total if total else 0.0
    index = total * _bits_of_places(share) / 8
    if kept and (bits is not None or shared is not None):
        count = min(kept, shared if shared is not None else 2 ** (bits or 0))
        each = _index_bits(count, bits) if index_bits is None else index_bits
        return index + kept * each / 8 + codebooks * _codebook_bytes(count, dtype) + ENTRY
    return index + kept * _value_bytes(dtype, share) + min(CODE_TABLES, 1.5 * kept) + ENTRY


def _index_bits(count: int, bits: int | None) -> float:
    """Bits that saying one of so many values takes, found by k-means."""
    whole = bits is not None and count == 2**bits
    less = SAVED_BITS[min(bits or 0, len(SAVED_BITS) - 1)] if whole else 0.0
    return max(0.0, math.log2(count) - less)


def _codebook_bytes(count: int, dtype: str) -> float:
    """Its values are said by the gaps between them: the more there are, the shorter."""
    return count * max(4.0, 8 * _width(dtype) - 5 - math.log2(count)) / 8


def _value_bytes(dtype: str, share: float) -> float:
    if dtype not in VALUE_BYTES:
        return _width(dtype)
    return VALUE_BYTES[dtype] + FEWER_EXPONENTS * math.log10(max(share, LEAST_SHARE))


def _width(dtype: str) -> float:
    """Bytes of a value, by the digits of its type’s name."""
    return float("".join(sign for sign in dtype if sign.isdigit()) or 8) / 8


def _bits_of_places(share: float) -> float:
    """Entropy of "zero or not" for each place: Σ −p·log2(p)."""
    return sum(-p * math.log2(p) for p in (share, 1 - share) if p > 0)
