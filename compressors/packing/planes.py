"""Words that no codebook holds, byte by byte: sign and exponent of a float repeat, its mantissa is noise."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportArgumentType=false
# numpy’s whole numbers stand for Python’s: what is compiled knows only int64.

from __future__ import annotations

import numpy as np

from compressors.compiled import compiled
from compressors.packing.coder import code_mixed, code_with

INPUTS, RATE = 3, 6
LIMITS = (1023, 255, 255)
SLOTS = 256 + 2 * 65536
"""A tree of eight bits; one for each value of the byte before in the plane; one for each of the byte above."""


@compiled
def code_plane(
    encode: bool,
    words: np.ndarray,
    plane: int,
    start: int,
    stop: int,
    slots: np.ndarray,
    weights: np.ndarray,
    limits: np.ndarray,
    work: np.ndarray,
    state: np.ndarray,
    data: np.ndarray,
) -> None:
    """Code byte `plane` of `words[start:stop]` (n×k bytes, lowest first). The byte above it is known by then."""
    places, logits = work[:3], work[3:6]
    for i in range(start, stop):
        value = np.int64(words[i, plane])
        before = np.int64(words[i - 1, plane]) if i > 0 else 0
        above = np.int64(words[i, plane + 1]) if plane + 1 < words.shape[1] else 0
        node = 1
        for level in range(8):
            places[0] = node
            places[1] = 256 + (before << 8 | node)
            places[2] = 65792 + (above << 8 | node)
            bit = (value >> (7 - level)) & 1
            bit = code_mixed(encode, bit, slots, places, limits, weights, level, RATE, logits, state, data)
            node = node << 1 | bit
        words[i, plane] = node - 256


@compiled
def code_plane_plainly(
    encode: bool,
    words: np.ndarray,
    plane: int,
    start: int,
    stop: int,
    slots: np.ndarray,
    state: np.ndarray,
    data: np.ndarray,
) -> None:
    """The same by one tree alone."""
    for i in range(start, stop):
        value = np.int64(words[i, plane])
        node = 1
        for level in range(8):
            node = node << 1 | code_with(encode, (value >> (7 - level)) & 1, slots, node, 1023, state, data)
        words[i, plane] = node - 256
