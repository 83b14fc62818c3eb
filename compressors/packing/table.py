"""The table at the end of an `.nbz` file of version 0, and the frame around everything: see docs/nbz.md.

offset 0     b"NBZ", one byte: the version
offset 4     the graph, then every tensor's streams, in the table's order, end to end
then         the table: JSON, deflated
last 48      stored length of the table (u64), its inflated length (u64), SHA-256 of all bytes before it (32)
"""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import msgspec

from compressors.packing.container import refused
from compressors.packing.streams import PIECE, check_claim, inflated_bytes
from profiler.progress import Job, Progress

MAGIC = b"NBZ"
VERSION = 0
HEAD = MAGIC + bytes([VERSION])
LENGTHS = struct.Struct("<QQ")
HASH = 32
TAIL = LENGTHS.size + HASH
LARGEST_TABLE = 1 << 26

Count = Annotated[int, msgspec.Meta(ge=0)]
WordSize = Literal[1, 2, 4]


class Rows(msgspec.Struct, forbid_unknown_fields=True):
    """The index of a sparse tensor: stored lengths of counts and gaps, and the bytes of one of each."""

    nonzero: Count
    counts: Count
    count_size: WordSize
    gaps: Count
    gap_size: WordSize


class Entry(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One tensor: ONNX's name of its type, its shape, the CRC-32 of its bytes, and the stored length of its values.

    `rows` is there for a sparse tensor only.
    """

    name: str
    type: str
    shape: list[Count]
    crc: Count
    values: Count
    rows: Rows | None = None

    @property
    def stored(self) -> int:
        """Bytes in the file."""
        return self.values + self.index

    @property
    def index(self) -> int:
        """Bytes that say where the values are."""
        return 0 if self.rows is None else self.rows.counts + self.rows.gaps


class Table(msgspec.Struct, forbid_unknown_fields=True):
    """What is in the file, in order. `graph` and `graph_length`: stored and inflated length of the ONNX graph."""

    name: str
    graph: Count
    graph_length: Count
    graph_crc: Count
    tensors: list[Entry]


def check_frame(path: Path, file: BinaryIO, size: int) -> Job[None]:
    """That no byte of a file of this version changed. Raises BadInput otherwise."""
    head = file.read(len(HEAD))
    if size < len(HEAD) + TAIL:
        raise refused(path, f"It is cut short: {size} bytes are not all of it.")
    total, left = hashlib.sha256(head), size - len(HEAD) - HASH
    while left:
        piece = file.read(min(PIECE, left))
        if not piece:
            raise refused(path, "It became shorter while it was read.")
        total.update(piece)
        left -= len(piece)
        yield Progress(1 - left / size, f"Checking {path.name}")
    if file.read(HASH) != total.digest():
        raise refused(path, "It is damaged or cut short: its checksum (SHA-256) does not fit.")


def read_table(path: Path, file: BinaryIO, size: int) -> Table:
    """The table of a file whose frame was checked. Raises BadInput when its lengths do not fit the file."""
    file.seek(size - TAIL)
    stored, length = LENGTHS.unpack(file.read(LENGTHS.size))
    start = size - TAIL - stored
    if start < len(HEAD) or length > LARGEST_TABLE:
        raise refused(path, f"Its table claims {stored:,} bytes ({length:,} inflated) of a file of {size:,}.")
    file.seek(start)
    try:
        check_claim(stored, length)
        table = msgspec.json.decode(inflated_bytes(file, stored, length), type=Table)
    except (ValueError, msgspec.DecodeError) as error:  # a ValidationError is a DecodeError
        raise refused(path, f"Its table can’t be read: {error}.") from error
    claimed = len(HEAD) + table.graph + sum(entry.stored for entry in table.tensors)
    if claimed != start:
        raise refused(path, f"Its parts claim {claimed:,} bytes, and {start:,} are there.")
    return table
