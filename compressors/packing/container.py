"""The frame of an `.nbz` file of version 1, and what its table says: see docs/nbz.md.

“NBZ”, the version, lengths of the text (graph and table), the text, then each stream; at the end a checksum.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from compressors.packing import text
from compressors.packing.forms import Form, from_record, to_record
from profiler.errors import BadInput
from profiler.progress import Job, Progress

MAGIC = b"NBZ"
VERSION = 1
HEAD = MAGIC + bytes([VERSION])
SMALL = 1 << 16  # bytes of a file that a CRC-32 guards; larger ones have the first 16 bytes of SHA-256
PIECE = 1 << 20
CODED_TEXT = 1 << 20  # bytes of text up to which it is coded by contexts; longer ones are deflated
LARGEST_TEXT = 1 << 26
DEFLATE_RATIO = 1032
WORDS_A_BYTE = 1 << 16
"""No stream stands for more words than so many a byte; the writer pads one that would."""


@dataclass(frozen=True)
class Record:
    """A tensor's form. `stream` is given where one begins: bytes coded, and bytes stored raw before them."""

    form: Form
    stream: tuple[int, int] | None = None


@dataclass
class Contents:
    """Everything but the streams. `crc`: CRC-32 of all tensors' words, in the records' order."""

    name: str
    graph: bytes
    crc: int = 0
    records: list[Record] = field(default_factory=list[Record])


def refused(path: Path, where: str, fix: str = "Copy the file again, or pack the network again.") -> BadInput:
    return BadInput(f"“{path.name}” could not be unpacked.", where, fix)


# -------------------------------------------------------------------------------- numbers


def number(value: int) -> bytes:
    """Seven bits a byte, the lowest first; all but the last have their top bit set."""
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    return bytes([*made, value])


class Reading:
    """Numbers and pieces of some bytes, in turn. Raises ValueError at their end."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self.piece(1)[0]
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise ValueError("a number is too long")

    def piece(self, length: int) -> bytes:
        if self.at + length > len(self.data):
            raise ValueError("it ends too early")
        self.at += length
        return self.data[self.at - length : self.at]

    def form(self) -> Form:
        try:
            found, self.at = from_record(self.data, self.at)
        except IndexError as error:
            raise ValueError("it ends too early") from error
        return found


# ----------------------------------------------------------------------------------- text


def to_text(contents: Contents) -> bytes:
    name = contents.name.encode()
    parts = [number(len(contents.graph)), contents.graph, number(len(name)), name, contents.crc.to_bytes(4, "little")]
    for record in contents.records:
        form = to_record(record.form)
        if record.stream is None:
            parts.append(bytes([0]) + form)
        else:
            parts.append(bytes([1]) + form + number(record.stream[0]) + number(record.stream[1]))
    return b"".join(parts)


def from_text(data: bytes) -> Contents:
    """Raises ValueError."""
    reading = Reading(data)
    graph = reading.piece(reading.number())
    name = reading.piece(reading.number()).decode()
    contents = Contents(name, graph, int.from_bytes(reading.piece(4), "little"))
    while reading.at < len(data):
        begins = reading.piece(1)[0]
        if begins > 1 or (not contents.records and not begins):
            raise ValueError("a tensor is in no stream")
        form = reading.form()
        contents.records.append(Record(form, (reading.number(), reading.number()) if begins else None))
    return contents


def head_of(contents: Contents) -> bytes:
    """The file up to the first stream."""
    data = to_text(contents)
    deflate = len(data) > CODED_TEXT
    packed = _deflated(data) if deflate else text.coded(data)
    return HEAD + number(len(data) << 1 | deflate) + number(len(packed)) + packed


def _deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def read_head(path: Path, file: BinaryIO, size: int) -> Contents:
    """Reads on from the version; leaves the file at the first stream. Raises BadInput."""
    try:
        lengths = Reading(file.read(20))
        what, stored = lengths.number(), lengths.number()
        length, deflate = what >> 1, what & 1
        if length > LARGEST_TEXT or stored > size:
            raise ValueError(f"it claims {stored:,} bytes ({length:,} unpacked) of a file of {size:,}")
        file.seek(len(HEAD) + lengths.at)
        packed = file.read(stored)
        return from_text(_inflated(packed, length) if deflate else text.decoded(packed, length))
    except (ValueError, UnicodeDecodeError) as error:
        raise refused(path, f"Its table can’t be read: {error}.") from error


def _inflated(data: bytes, length: int) -> bytes:
    if length > DEFLATE_RATIO * len(data):
        raise ValueError(f"{len(data):,} bytes can’t hold the {length:,} bytes that it says")
    unpacker = zlib.decompressobj(-15)
    try:
        found = unpacker.decompress(data, length + 1)
    except zlib.error as error:
        raise ValueError(f"it can’t be inflated ({error})") from error
    if len(found) != length or not unpacker.eof:
        raise ValueError("it does not hold what it says")
    return found


# ------------------------------------------------------------------------------- checksum


def check_length(size: int) -> int:
    """Bytes of the checksum at the end of a file of this size."""
    return 4 if size < SMALL else 16


class Check:
    """Both checksums of what was written so far."""

    def __init__(self) -> None:
        self.crc, self.digest, self.length = 0, hashlib.sha256(), 0

    def add(self, data: bytes) -> None:
        self.crc = zlib.crc32(data, self.crc)
        self.digest.update(data)
        self.length += len(data)

    def end(self) -> bytes:
        """What comes after it all."""
        small = self.length + 4 < SMALL
        return self.crc.to_bytes(4, "little") if small else self.digest.digest()[:16]


def verified(path: Path, file: BinaryIO, size: int) -> Job[None]:
    """That no byte changed. The file is at its start, and ends up after the version. Raises BadInput."""
    check = Check()
    tail = check_length(size)
    left = size - tail
    while left > 0:
        piece = file.read(min(PIECE, left))
        if not piece:
            raise refused(path, "It became shorter while it was read.")
        check.add(piece)
        left -= len(piece)
        yield Progress(1 - left / size, f"Checking {path.name}")
    if left < 0 or file.read(tail) != check.end():
        raise refused(path, "It is damaged or cut short: its checksum does not fit.")
    file.seek(len(HEAD))


def copied(source: BinaryIO, length: int) -> Iterator[bytes]:
    """The next `length` bytes, in pieces."""
    while length:
        piece = source.read(min(PIECE, length))
        length -= len(piece)
        yield piece
