"""The zip that torch.save and torch.export.save write: every entry stored as it is, so that it can be mapped.

Only the directory at the end is read (APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3). Each entry is checked against the
file before its size is believed. A compressed one is refused: torch writes no weights so, and what it unfolds to is
unbounded.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from profiler.mapped import MappedFile

MAGIC = b"PK\x03\x04"
MOST_ENTRIES = 100_000
DIRECTORY, LOCAL = struct.Struct("<4s4xHH8xLLHHH8xL"), struct.Struct("<4s22xHH")
END, END_64, LOCATOR_64 = struct.Struct("<4s6xHLL2x"), struct.Struct("<4s28xQQQ"), struct.Struct("<4s4xQ4x")
ENCRYPTED, ZIP64_EXTRA, FULL = 1, 1, 0xFFFFFFFF
LONGEST_COMMENT = 0xFFFF
DAMAGED = "Its directory is damaged: it may be cut short."


class ZipTrouble(ValueError):
    """The file is no zip that torch writes; the text is a sentence that says why."""


@dataclass(frozen=True)
class Entry:
    """Where an entry's bytes lie in the file."""

    name: str
    offset: int
    size: int


@dataclass(frozen=True)
class _Listed:
    """An entry as the directory has it; nothing of it is believed yet."""

    name: str
    flags: int
    method: int
    packed: int
    size: int
    header: int


def names(file: MappedFile) -> list[str]:
    """What the entries are called, whatever is in them. Raises ZipTrouble."""
    return [listed.name for listed in _listed(file)]


def entries(file: MappedFile) -> Mapping[str, Entry]:
    """Every entry by its name. Raises ZipTrouble. Together they are never larger than the file."""
    found: dict[str, Entry] = {}
    for listed in _listed(file):
        if listed.name in found:
            raise ZipTrouble(f"It has two entries named “{listed.name[:80]}”.")
        found[listed.name] = _entry(file, listed)
    if sum(entry.size for entry in found.values()) > len(file):
        raise ZipTrouble("Its entries claim more bytes than the file has.")
    return found


def _listed(file: MappedFile) -> Iterator[_Listed]:
    try:
        count, size, start = _directory(file)
        if count > MOST_ENTRIES:
            raise ZipTrouble(f"It has {count:,} entries.")
        directory, at = file.data[start : start + size], 0
        for _ in range(count):
            listed, at = _line(directory, at)
            yield listed
    except (struct.error, UnicodeDecodeError) as error:
        raise ZipTrouble(DAMAGED) from error


def _directory(file: MappedFile) -> tuple[int, int, int]:
    """How many entries, how long the directory is, and where it starts."""
    length = len(file)
    tail = max(0, length - END.size - LONGEST_COMMENT)
    at = file.data.rfind(b"PK\x05\x06", tail)
    if at < 0:
        raise ZipTrouble("It is cut short: the end of the zip is missing.")
    _, count, size, start = END.unpack_from(file.data, at)
    if count == 0xFFFF or FULL in (size, start):
        count, size, start = _directory_64(file, at)
    if start + size > at:
        raise ZipTrouble(DAMAGED)
    return count, size, start


def _directory_64(file: MappedFile, end: int) -> tuple[int, int, int]:
    if end < LOCATOR_64.size:
        raise ZipTrouble(DAMAGED)
    mark, place = LOCATOR_64.unpack_from(file.data, end - LOCATOR_64.size)
    if mark != b"PK\x06\x07" or place + END_64.size > end:
        raise ZipTrouble(DAMAGED)
    mark, count, size, start = END_64.unpack_from(file.data, place)
    if mark != b"PK\x06\x06":
        raise ZipTrouble(DAMAGED)
    return count, size, start


def _line(directory: bytes, at: int) -> tuple[_Listed, int]:
    mark, flags, method, packed, size, name_length, extra_length, comment_length, header = DIRECTORY.unpack_from(
        directory, at
    )
    after = at + DIRECTORY.size
    name = directory[after : after + name_length].decode()
    extra = directory[after + name_length : after + name_length + extra_length]
    if mark != b"PK\x01\x02" or len(extra) != extra_length:
        raise ZipTrouble(DAMAGED)
    packed, size, header = _large(extra, packed, size, header)
    return _Listed(name, flags, method, packed, size, header), after + name_length + extra_length + comment_length


def _entry(file: MappedFile, listed: _Listed) -> Entry:
    """Where its bytes lie. Raises ZipTrouble when they are not there, or are not as they are."""
    name, size = listed.name, listed.size
    if listed.flags & ENCRYPTED:
        raise ZipTrouble(f"Its entry “{name[:80]}” is encrypted.")
    if listed.method != 0 or listed.packed != size:
        raise ZipTrouble(f"Its entry “{name[:80]}” is compressed, which torch never does to weights.")
    try:
        mark, *lengths = LOCAL.unpack_from(file.data, listed.header)
    except struct.error as error:
        raise ZipTrouble(DAMAGED) from error
    offset = listed.header + LOCAL.size + sum(lengths)
    if mark != MAGIC or offset + size > len(file):
        raise ZipTrouble(f"Its entry “{name[:80]}” claims {size:,} bytes, which are not there.")
    return Entry(name, offset, size)


def _large(extra: bytes, packed: int, size: int, header: int) -> tuple[int, int, int]:
    """Sizes of 4 GB and more stand in the extra field, in this order, each only where it is needed."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == ZIP64_EXTRA:
            numbers = iter(struct.unpack_from(f"<{length // 8}Q", extra, at + 4))
            size = next(numbers, size) if size == FULL else size
            packed = next(numbers, packed) if packed == FULL else packed
            header = next(numbers, header) if header == FULL else header
        at += 4 + length
    return packed, size, header
