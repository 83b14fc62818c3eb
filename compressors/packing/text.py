"""The graph and the table, byte by byte: contexts of up to six bytes before, mixed, and taught by a preset first.

The preset, `preset.bin`, is what ONNX files say again and again: both sides code it first, and the coder's output of
that is thrown away. So the first “kernel_shape” of a file costs a byte and not twelve.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportArgumentType=false
# numpy’s whole numbers stand for Python’s: what is compiled knows only int64.

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from compressors.compiled import compiled
from compressors.packing.coder import LEAST, code_mixed, ended, new_decoder, new_encoder, new_slots, new_weights

ORDERS = 7  # contexts of 0, 1, 2, 3, 4 and 6 bytes, and of the second and fourth before
BITS = 18
LIMITS = (60, 60, 60, 30, 30, 30, 30)
RATE = 16
LARGEST_RATIO = 4096
"""No text is more than so many times its coded size: a bit costs log₂(65536/65520) bits at least, a byte eight."""

assert 8 / (8 * np.log2(65536 / (65536 - LEAST))) < LARGEST_RATIO


@cache
def preset() -> np.ndarray:
    return np.frombuffer(Path(__file__).with_name("preset.bin").read_bytes(), np.uint8)


def coded(text: bytes) -> bytes:
    known, state = preset(), new_encoder()
    whole = np.concatenate([known, np.frombuffer(text, np.uint8)])
    data = np.zeros(4 * whole.size + 64, np.uint8)
    _run(True, whole, known.size, state, data)
    return data[: state[3]].tobytes() + ended(state)


def decoded(data: bytes, length: int) -> bytes:
    """Raises ValueError when so few bytes can't be a text of this length."""
    if length > LARGEST_RATIO * len(data):
        raise ValueError(f"{len(data):,} bytes can’t hold the {length:,} bytes that it says")
    known = preset()
    whole = np.concatenate([known, np.zeros(length, np.uint8)])
    given = np.frombuffer(data, np.uint8).copy()
    _run(False, whole, known.size, new_decoder(given), given)
    return whole[known.size :].tobytes()


def _run(encode: bool, whole: np.ndarray, known: int, state: np.ndarray, data: np.ndarray) -> None:
    slots, weights = new_slots(ORDERS << BITS), new_weights(7, ORDERS)
    limits, work = np.array(LIMITS, np.int64), np.zeros(2 * ORDERS, np.int64)
    room = np.zeros(4 * known + 64, np.uint8)
    _code(True, whole, 0, known, slots, weights, limits, work, new_encoder(), room)
    _code(encode, whole, known, whole.size, slots, weights, limits, work, state, data)


@compiled
def _code(
    encode: bool,
    whole: np.ndarray,
    start: int,
    stop: int,
    slots: np.ndarray,
    weights: np.ndarray,
    limits: np.ndarray,
    work: np.ndarray,
    state: np.ndarray,
    data: np.ndarray,
) -> None:
    places, logits = work[:7], work[7:14]
    hashes = np.zeros(7, np.int64)
    for i in range(start, stop):
        history = 0  # the six bytes before, the last one lowest
        for j in range(min(6, i)):
            history |= np.int64(whole[i - 1 - j]) << (8 * j)
        for order in range(6):
            length = order if order < 5 else 6
            context = history & ((1 << (8 * length)) - 1)
            hashes[order] = (context & 0xFFFFFF) * 0x9E3779B1 + (context >> 24) * 0x85EBCA77 + order * 0xC2B2AE35
        hashes[6] = (history >> 8 & 0xFF) * 0x9E3779B1 + (history >> 24 & 0xFF) * 0x85EBCA77 + 7 * 0xC2B2AE35
        value = np.int64(whole[i])
        node = 1
        for level in range(8):
            for order in range(7):
                spread = (hashes[order] + node * 0x27D4EB2F) & 0xFFFFFFFF
                spread = (spread ^ (spread >> 15)) * 0x2C1B3C6D & 0xFFFFFFFF
                places[order] = (order << 18) + ((spread >> 10) & 0x3FFFF)
            chosen = 0  # the longest context that has been seen
            for order in range(6):
                if np.int64(slots[places[order]]) & 1023:
                    chosen = order + 1
            bit = (value >> (7 - level)) & 1
            bit = code_mixed(encode, bit, slots, places, limits, weights, chosen, RATE, logits, state, data)
            node = node << 1 | bit
        whole[i] = node - 256
