"""Read an `.nbz` file, of this version or an older one, back into the very network that was packed."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from compressors.packing import version0
from compressors.packing.codebooks import order_of
from compressors.packing.container import (
    HEAD,
    MAGIC,
    PIECE,
    VERSION,
    WORDS_A_BYTE,
    Contents,
    Record,
    check_length,
    read_head,
    refused,
    verified,
)
from compressors.packing.forms import decode
from compressors.packing.stream import Stream
from profiler.progress import Job, Progress, drain, scaled

if TYPE_CHECKING:
    import onnx
    import onnx_ir as ir

    from profiler.network import Network


def unpack(path: Path) -> Network:
    """The packed network: the same graph and attributes, every weight the same to the last bit.

    Raises BadInput that says what is wrong with the file. Nothing is allocated on a claim that its bytes can't keep.
    """
    return drain(unpacking(path))


def unpacking(path: Path) -> Job[Network]:
    """`unpack` as a job."""
    yield Progress(0.0, f"Opening {path.name}")
    try:
        with path.open("rb") as file:
            head = file.read(len(HEAD))
            file.seek(0)
            if head[: len(MAGIC)] != MAGIC:
                raise refused(path, "It is not an .nbz file.", "Choose a file that NetBonsai packed.")
            if head[len(MAGIC) :] > bytes([VERSION]):
                raise refused(
                    path,
                    f"It was written by a newer NetBonsai (.nbz version {head[-1]}); this one reads up to {VERSION}.",
                    "Install the newer version.",
                )
            job = _unpacked if head == HEAD else version0.unpacked
            return (yield from job(path, file))
    except OSError as error:
        raise refused(path, f"{path}: {error.strerror or error}.", "Check the path and its rights.") from error


def _unpacked(path: Path, file: BinaryIO) -> Job[Network]:
    from google.protobuf.message import DecodeError

    from compressors.packing.graph import network_of
    from compressors.packing.left_out import marked

    size = path.stat().st_size
    yield from scaled(verified(path, file, size), 0.0, 0.1)
    contents = read_head(path, file, size)
    try:
        graph, missing = marked(contents.graph)
    except DecodeError as error:
        raise refused(path, "Its graph is not an ONNX graph.") from error
    except ValueError as error:
        raise refused(path, f"Its graph is malformed: {error}.") from error
    claims = _claims(path, missing)
    _check_streams(path, contents, claims, size - check_length(size) - file.tell())
    tensors: dict[str, ir.TensorProtocol] = {}
    crc = yield from scaled(_tensors(path, file, contents, missing, claims, tensors), 0.1, 0.99)
    if crc != contents.crc:
        raise refused(path, "Its weights are damaged: the checksum does not fit.")
    return network_of(path, contents.name, graph, tensors)


def _claims(path: Path, missing: list[onnx.TensorProto]) -> list[int]:
    """Words of each tensor that was left out. Raises BadInput when they are more than an ONNX file holds."""
    import onnx_ir as ir

    from compressors.packing.words import word_count, word_size
    from profiler.serial import LARGEST_FILE

    counts: list[int] = []
    total = 0
    for entry in missing:
        known = entry.data_type in [kind.value for kind in ir.DataType]
        if not known or ir.DataType(entry.data_type) in (ir.DataType.UNDEFINED, ir.DataType.STRING):
            raise refused(path, f"Its weight “{entry.name}” has the unknown type {entry.data_type}.")
        if any(size < 0 for size in entry.dims):
            raise refused(path, f"Its weight “{entry.name}” has a negative size.")
        dtype = ir.DataType(entry.data_type)
        counts.append(word_count(dtype, tuple(entry.dims)))
        total += counts[-1] * word_size(dtype)
    if total > LARGEST_FILE:
        raise refused(path, f"It claims weights of {total:,} bytes; no network has more than {LARGEST_FILE:,}.")
    return counts


def _check_streams(path: Path, contents: Contents, claims: list[int], left: int) -> None:
    """That the streams fill the file exactly, and are long enough for the words they stand for."""
    if len(contents.records) != len(claims):
        raise refused(path, f"Its graph lacks {len(claims)} weights, and its table has {len(contents.records)}.")
    lengths = [sum(record.stream) for record in contents.records if record.stream is not None]
    if sum(lengths) != left:
        raise refused(path, f"Its streams claim {sum(lengths):,} bytes, and {left:,} are there.")
    words: list[int] = []
    for record, count in zip(contents.records, claims, strict=True):
        if record.stream is not None:
            words.append(0)
        words[-1] += count
    for length, count in zip(lengths, words, strict=True):
        if count > WORDS_A_BYTE * length:
            raise refused(path, f"{length:,} bytes can’t hold the {count:,} values that it claims.")


def _tensors(
    path: Path,
    file: BinaryIO,
    contents: Contents,
    missing: list[onnx.TensorProto],
    claims: list[int],
    tensors: dict[str, ir.TensorProtocol],
) -> Job[int]:
    """Fill `tensors`; returns the CRC-32 of all their words."""
    crc = done = 0
    reader = _StreamReader(file)
    for record, entry, count in zip(contents.records, missing, claims, strict=True):
        job = scaled(_tensor(reader, record, entry, count, crc, tensors), 0.0, 1.0)
        start, stop = done / max(1, sum(claims)), (done + count) / max(1, sum(claims))
        try:
            crc = yield from scaled(job, start, stop)
        except ValueError as error:
            raise refused(path, f"Its weight “{entry.name}” is damaged: {error}.") from error
        done += count
    return crc


class _StreamReader:
    """Stream after stream: what was coded is read at once, what is raw when it is wanted."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.next = file, file.tell()
        self.stream, self.raw_at, self.raw_left = Stream(b""), 0, 0

    def begin(self, coded: int, raw: int) -> None:
        if self.raw_left:
            raise ValueError("it holds more data than it says")
        self.file.seek(self.next + raw)
        self.stream = Stream(self.file.read(coded))
        self.raw_at, self.raw_left = self.next, raw
        self.next += raw + coded

    def read_raw(self, length: int) -> bytes:
        if length > self.raw_left:
            raise ValueError("its data end too early")
        self.file.seek(self.raw_at)
        self.raw_at, self.raw_left = self.raw_at + length, self.raw_left - length
        return self.file.read(length)


def _tensor(
    reader: _StreamReader,
    record: Record,
    entry: onnx.TensorProto,
    count: int,
    crc: int,
    tensors: dict[str, ir.TensorProtocol],
) -> Job[int]:
    import numpy as np
    import onnx_ir as ir

    from compressors.packing.words import by_value, columns_of, tensor_of, word_size

    dtype, shape = ir.DataType(entry.data_type), tuple(entry.dims)
    if record.stream is not None:
        reader.begin(*record.stream)
    if not by_value(dtype) and record.form.places != "dense":
        raise ValueError("its type can’t be sparse")
    columns = columns_of(shape) if by_value(dtype) else count
    kind = np.dtype(f"<u{word_size(dtype)}")
    part = decode(record.form, count, columns, order_of(dtype.name), kind, reader.stream, reader.read_raw)
    while True:
        try:
            yield Progress(next(part), f"Unpacking {entry.name}")
        except StopIteration as end:
            words: np.ndarray = end.value
            break
    for start in range(0, words.size, PIECE):
        crc = zlib.crc32(words[start : start + PIECE].tobytes(), crc)
    if entry.name in tensors:
        raise ValueError("it is there twice")
    tensors[entry.name] = tensor_of(words, dtype, shape, entry.name)
    return crc
