"""Whole numbers of any size, most of them small: how many bits a number has, then these, from the top."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportArgumentType=false
# numpy’s whole numbers stand for Python’s: what is compiled knows only int64.

from __future__ import annotations

import numpy as np

from compressors.compiled import compiled, inlined
from compressors.packing.coder import code_even, code_with

SLOTS = 65 * 64 + 65 * 8
"""A tree of six bits for each length the number before had, then seven nodes for each length of this one."""
LIMIT = 255


@inlined
def code_number(
    encode: bool, value: int, before: int, slots: np.ndarray, state: np.ndarray, data: np.ndarray
) -> tuple[int, int]:
    """Code a number below 2⁶² after one whose length was `before`; returns it and its own length.

    The length is that of value + 1 in bits, less one. Of the bits below the leading one, the first three are coded by
    slots, the others as they are.
    """
    length = 0
    if encode:
        while (value + 1) >> (length + 1):
            length += 1
    node = 1
    for level in range(6):
        bit = code_with(encode, (length >> (5 - level)) & 1, slots, before * 64 + node, LIMIT, state, data)
        node = node << 1 | bit
    length = min(node - 64, 62)
    found, node = 1, 1
    for level in range(length):
        bit = ((value + 1) >> (length - 1 - level)) & 1
        if level < 3:
            bit = code_with(encode, bit, slots, 65 * 64 + length * 8 + node, LIMIT, state, data)
            node = node << 1 | bit
        else:
            bit = code_even(encode, bit, state, data)
        found = found << 1 | bit
    return found - 1, length


@compiled
def code_numbers(
    encode: bool, numbers: np.ndarray, start: int, stop: int, slots: np.ndarray, state: np.ndarray, data: np.ndarray
) -> None:
    """Code `numbers[start:stop]` (int64). Before the first stands a 0."""
    before = 0
    if start > 0:
        while (numbers[start - 1] + 1) >> (before + 1):
            before += 1
    for i in range(start, stop):
        numbers[i], before = code_number(encode, numbers[i], before, slots, state, data)


@compiled
def code_gaps(
    encode: bool,
    gaps: np.ndarray,
    bits: int,
    start: int,
    stop: int,
    slots: np.ndarray,
    state: np.ndarray,
    data: np.ndarray,
) -> None:
    """Code `gaps[start:stop]`, each of so many bits, as one tree for each length in bits of the gap before."""
    for i in range(start, stop):
        value = gaps[i]
        before, last = 0, gaps[i - 1] if i > 0 else 0
        while last >> before:
            before += 1
        node = 1
        for level in range(bits):
            bit = code_with(
                encode, (value >> (bits - 1 - level)) & 1, slots, (before << bits) + node, 1023, state, data
            )
            node = node << 1 | bit
        gaps[i] = node - (1 << bits)
