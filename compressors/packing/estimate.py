"""How large a tensor will be when packed, from counts alone: drawn hollow while a threshold is being dragged.

Assumptions, for trained floats: the zeros lie anywhere in a row (so a gap has the entropy of a geometric law, and a
row's count about that of a normal one), mantissa bits are noise, and what stays after the smallest are gone has the
fewer exponents the less stays. That part is fitted on normal and Laplace weights, between which trained layers lie.
Within 5 % for trained layers from some thousand weights on; weights that repeat (shared ones) come out far smaller.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

VALUE_BYTES: Mapping[str, float] = {"float32": 3.35, "float16": 1.67, "bfloat16": 1.4, "float64": 7.35}
"""Bytes that one value takes when all stay; whole numbers are taken to be noise."""
FEWER_EXPONENTS = 0.27  # bytes less for each tenth part that stays
LEAST_SHARE = 0.01  # below this share, exponents get no fewer
CODE_TABLES = 190  # bytes: one tensor's entry in the table, and the code tables in its streams


def estimate(kept: int, total: int, shape: Sequence[int], dtype: str = "float32") -> float:
    """Predicted bytes in the `.nbz` file of a tensor of `total` values, `kept` of which are not zero.

    `shape` is the tensor's (its first axis makes the rows); `dtype` is numpy's name. Raises ValueError when `kept` is
    not between 0 and `total`.
    """
    if not 0 <= kept <= total:
        raise ValueError(f"{kept} of {total} values.")
    share = kept / total if total else 0.0
    rows = max(1, shape[0]) if shape else 1
    values = kept * _value_bytes(dtype, share)
    index = total * _bits_of_places(share) + rows * _bits_of_count(share, total / rows)
    return values + index / 8 + min(CODE_TABLES, 60 + 1.5 * kept)


def _value_bytes(dtype: str, share: float) -> float:
    if dtype not in VALUE_BYTES:
        return float("".join(sign for sign in dtype if sign.isdigit()) or 8) / 8
    return VALUE_BYTES[dtype] + FEWER_EXPONENTS * math.log10(max(share, LEAST_SHARE))


def _bits_of_places(share: float) -> float:
    """Entropy of "zero or not" for each place: Σ −p·log2(p)."""
    return sum(-p * math.log2(p) for p in (share, 1 - share) if p > 0)


def _bits_of_count(share: float, width: float) -> float:
    """Entropy of how many of `width` places are taken: that of a normal law of the binomial's variance."""
    variance = width * share * (1 - share)
    return max(0.0, 0.5 * math.log2(2 * math.pi * math.e * variance)) if variance > 0 else 0.0
