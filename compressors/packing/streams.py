"""Words from deflated byte planes, as version 0 stores them.

A stream holds n words of k bytes as k planes one after the other: all lowest bytes, then all second bytes and so on.
The whole stream is one raw deflate
stream (RFC 1951).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

PIECE = 1 << 20  # bytes handled between two signs of progress
RAW = -15  # zlib's sign for a raw stream with the largest window
LARGEST_RATIO = 1032  # deflate never inflates to more than this many times its size

Size = int


def inflated(file: BinaryIO, stored: int, words: np.ndarray) -> Iterator[Size]:
    """Fill `words` from the next `stored` bytes of the file; yields the bytes filled so far.

    Takes no memory but a piece at a time. Raises ValueError unless the stream holds exactly these words.
    """
    planes = words.view(np.uint8).reshape(words.size, words.itemsize)
    total = 0
    for data in _pieces(file, stored, words.nbytes):
        piece = np.frombuffer(data, np.uint8)
        while piece.size:  # it may reach over the end of a plane
            number, start = divmod(total, words.size)
            part, piece = np.split(piece, [words.size - start])
            planes[start : start + part.size, number] = part
            total += part.size
        yield total


def inflated_bytes(file: BinaryIO, stored: int, length: int) -> bytes:
    """The next `stored` bytes of the file, inflated to exactly `length`. Raises ValueError otherwise."""
    return b"".join(_pieces(file, stored, length))


def _pieces(file: BinaryIO, stored: int, length: int) -> Iterator[bytes]:
    """Inflated data of exactly `length` bytes in all, from exactly `stored` ones."""
    unpacker = zlib.decompressobj(RAW)
    left, wanted = stored, length
    data = b""
    while not unpacker.eof:
        if not data and left:
            data = file.read(min(PIECE, left))
            left -= len(data)
        try:
            piece = unpacker.decompress(data, min(PIECE, wanted) + 1)
        except zlib.error as error:
            raise ValueError(f"its data can’t be inflated ({error})") from error
        if not data and not piece and not unpacker.eof:
            raise ValueError("its data end too early")
        data = unpacker.unconsumed_tail
        wanted -= len(piece)
        if wanted < 0:
            raise ValueError("it holds more data than it says")
        if piece:
            yield piece
    if wanted or left or unpacker.unused_data:
        raise ValueError("it does not hold the data that it says")


def checksum(words: np.ndarray) -> int:
    """CRC-32 of the words’ bytes, without a copy of them all."""
    crc = 0
    for start in range(0, words.size, PIECE):
        crc = zlib.crc32(words[start : start + PIECE].tobytes(), crc)
    return crc


def check_claim(stored: int, length: int) -> None:
    """Raises ValueError when `stored` deflated bytes cannot be `length` bytes: asked before memory is taken."""
    if not 0 <= length <= stored * LARGEST_RATIO:
        raise ValueError(f"{stored:,} bytes can’t hold the {length:,} bytes that it says")
