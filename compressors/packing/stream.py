"""One stream of the file: an encoder or a decoder that several tensors share, and what is written beside it raw.

Everything is coded piece by piece, so that a job can tell how far it is and be closed. Reading and writing call the
same functions: whoever changes one changes the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator

import numpy as np

from compressors.packing import numbers, places, planes, symbols
from compressors.packing.coder import HIGH, LOW, PLACE, ended, new_decoder, new_encoder, new_slots, new_weights

PIECE = 1 << 16  # places coded at a time
ROOM = 32  # bytes that a place can take at most: 17 bits, each coded in 12

Steps = Generator[float, None, None]
"""Yields how much is done, 0 to 1."""


class Stream:
    """`encode`: bytes gather in `coded`. Otherwise they come from `given`; beyond its end there are zeros."""

    def __init__(self, given: bytes | None = None) -> None:
        self.encode = given is None
        self.coded = bytearray()
        if given is None:
            self.state, self.data = new_encoder(), np.zeros(0, np.uint8)
        else:
            self.data = np.frombuffer(given or b"\0", np.uint8).copy()
            self.state = new_decoder(self.data)

    def position(self) -> float:
        """Bytes coded so far, with the part of a byte that is still in the coder."""
        width = int(self.state[HIGH]) - int(self.state[LOW]) + 1
        return len(self.coded) + int(self.state[PLACE]) + 4 - math.log2(width) / 8

    def finish(self) -> bytes:
        """All that was coded."""
        return bytes(self.coded) + ended(self.state)

    def pieces(self, total: int, code: Callable[[int, int], None], size: int = PIECE) -> Steps:
        """`code(start, stop)` for piece after piece."""
        for start in range(0, total, size):
            stop = min(start + size, total)
            if self.encode:
                self.data = np.zeros(ROOM * (stop - start) + 64, np.uint8)
            code(start, stop)
            if self.encode:
                self.coded += self.data[: self.state[PLACE]].tobytes()
                self.state[PLACE] = 0
            yield stop / total

    # ---------------------------------------------------------------------------- what can be coded

    def places(self, mask: np.ndarray, columns: int, *, plain: bool) -> Steps:
        """Which entries of a row-major matrix are not 0; reading makes them 1."""
        if plain:
            few = new_slots(4)
            return self.pieces(
                mask.size,
                lambda a, b: places.code_places_plainly(self.encode, mask, columns, a, b, few, self.state, self.data),
            )
        slots, weights = new_slots(places.COLUMNS + columns), new_weights(places.SETS, places.INPUTS)
        limits, work = np.array(places.LIMITS, np.int64), np.zeros(10, np.int64)

        def code(a: int, b: int) -> None:
            places.code_places(self.encode, mask, columns, a, b, slots, weights, limits, work, self.state, self.data)

        return self.pieces(mask.size, code)

    def symbols(self, found: np.ndarray, columns: int, negatives: int, count: int, seen: int) -> Steps:
        """The symbols, 1 to `count`, of the entries that are not 0; reading, those are 1 before."""
        mask = (found != 0).reshape(-1, columns)
        row_full, column_full = (mask.sum(axis, dtype=np.int64) for axis in (1, 0))
        rows, depth = mask.shape[0], (max(negatives, count - negatives) - 1).bit_length()
        del mask
        slots, deep = new_slots(symbols.LINES + rows + columns, seen), new_slots(2 << depth, seen)
        sign_weights = new_weights(1, symbols.SIGNS)
        weights = new_weights(8, symbols.MAGNITUDES)
        limits, work = np.array(symbols.LIMITS, np.int64), np.zeros(9, np.int64)
        sums = np.zeros(2 * (rows + columns + 1), np.int64)

        def code(a: int, b: int) -> None:
            symbols.code_symbols(
                self.encode, found, columns, a, b, negatives, count, row_full, column_full, sums, slots, deep,
                sign_weights, weights, limits, work, self.state, self.data,
            )  # fmt: skip

        return self.pieces(found.size, code)

    def symbols_plainly(self, found: np.ndarray, count: int, seen: int) -> Steps:
        """The same by one tree."""
        depth = (count - 1).bit_length()
        slots = new_slots(1 << depth, seen)
        return self.pieces(
            found.size,
            lambda a, b: symbols.code_symbols_plainly(
                self.encode, found, a, b, depth, count, slots, self.state, self.data
            ),
        )

    def numbers(self, found: np.ndarray) -> Steps:
        """Whole numbers below 2⁶² (int64)."""
        slots = new_slots(numbers.SLOTS)
        return self.pieces(
            found.size, lambda a, b: numbers.code_numbers(self.encode, found, a, b, slots, self.state, self.data)
        )

    def gaps(self, found: np.ndarray, bits: int) -> Steps:
        """Numbers of so many bits (int64)."""
        slots = new_slots((bits + 1) << bits)
        return self.pieces(
            found.size, lambda a, b: numbers.code_gaps(self.encode, found, bits, a, b, slots, self.state, self.data)
        )

    def plane(self, words: np.ndarray, number: int, *, plain: bool) -> Steps:
        """One byte of each of n words (uint8, n×k)."""
        if plain:
            few = new_slots(256)
            return self.pieces(
                len(words),
                lambda a, b: planes.code_plane_plainly(self.encode, words, number, a, b, few, self.state, self.data),
            )
        slots, weights = new_slots(planes.SLOTS), new_weights(8, planes.INPUTS)
        limits, work = np.array(planes.LIMITS, np.int64), np.zeros(6, np.int64)

        def code(a: int, b: int) -> None:
            planes.code_plane(self.encode, words, number, a, b, slots, weights, limits, work, self.state, self.data)

        return self.pieces(len(words), code)

    def few(self, *values: int) -> tuple[int, ...]:
        """Some numbers at once; reading, what is given is passed over."""
        held = np.array(values, np.int64)
        for _ in self.numbers(held):
            pass
        return tuple(held.tolist())
