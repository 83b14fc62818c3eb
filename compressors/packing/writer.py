"""Write a network as an `.nbz` file."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import numpy as np

from compressors.packing.choosing import chosen
from compressors.packing.codebooks import order_of
from compressors.packing.container import PIECE, WORDS_A_BYTE, Check, Contents, Record, copied, head_of
from compressors.packing.entropy import entropy_bytes
from compressors.packing.forms import Form, Matrix, Sizes, encode
from compressors.packing.stream import Stream
from compressors.packing.summary import PackedTensor, PackSummary
from profiler.atomic import atomic
from profiler.errors import BadInput
from profiler.progress import Job, Progress, scaled

if TYPE_CHECKING:
    import onnx_ir as ir

    from profiler.network import Network

TOGETHER = 1 << 18  # bytes of tensors after which another stream begins
T = TypeVar("T")


@dataclass
class _Share:
    """How far one tensor is within the whole job, in bytes of the original."""

    name: str
    start: int
    size: int
    total: int

    def progress(self, done: float) -> Progress:
        """`done`: 0 to 1 of this tensor."""
        return Progress((self.start + done * self.size) / max(1, self.total), f"Packing {self.name}")

    def telling(self, job: Generator[object, None, T], start: float, stop: float) -> Job[T]:
        """A part of the tensor's work, whose steps are fractions or progress."""
        while True:
            try:
                step = next(job)
            except StopIteration as end:
                return end.value
            done = step.fraction if isinstance(step, Progress) else step
            assert isinstance(done, float | int)
            yield self.progress(start + (stop - start) * min(1.0, done))


@dataclass
class _Body:
    """The streams, gathered in a file of their own: the table that stands before them needs their lengths."""

    file: BinaryIO
    records: list[Record] = field(default_factory=list[Record])
    stream: Stream = field(default_factory=Stream)
    begun: int = 0  # index of the record with which the stream began
    raw: int = 0  # bytes of it stored raw
    words: int = 0
    held: int = 0  # bytes that its tensors have unpacked

    def write_raw(self, data: bytes) -> None:
        self.file.write(data)
        self.raw += len(data)

    def add(self, form: Form, words: np.ndarray) -> None:
        self.records.append(Record(form))
        self.words += words.size
        self.held += words.nbytes
        if self.held >= TOGETHER:
            self.end()

    def end(self) -> None:
        """The stream is full: write what was coded, and begin another."""
        if self.begun == len(self.records):
            return
        coded = self.stream.finish()
        coded = coded.ljust(-(-self.words // WORDS_A_BYTE) - self.raw, b"\0")  # what is beyond the end is zeros, too
        self.file.write(coded)
        self.records[self.begun] = Record(self.records[self.begun].form, (len(coded), self.raw))
        self.begun, self.stream, self.raw, self.words, self.held = len(self.records), Stream(), 0, 0, 0


def pack(network: Network, path: Path) -> Job[PackSummary]:
    """Write `network` to `path` as `.nbz` version 1, each tensor in the form that takes fewest bytes.

    The file is complete under its name or not there. Raises BadInput for a network that no ONNX file holds (2 GB),
    Failed when the disk is full or refuses.
    """
    from compressors.packing.left_out import without
    from profiler.serial import LARGEST_FILE, size_in_bytes, skeleton

    yield Progress(0.0, "Reading the graph")
    total = size_in_bytes(network.model)
    if total > LARGEST_FILE:
        raise BadInput(f"“{network.name}” is too large to pack.", f"Its weights are {total:,} bytes.")
    graph, tensors = without(skeleton(network.model)[0], network.model)
    layers = _layers(network.model)
    rows: list[PackedTensor] = []
    crc = done = 0
    limit = 0.0
    with atomic(path) as file, tempfile.TemporaryFile(dir=path.parent) as streams:
        body = _Body(streams)
        for tensor in tensors:
            share = _Share(tensor.name or "", done, tensor.nbytes, total)
            row, least, crc = yield from _pack_tensor(body, tensor, share, crc)
            rows.append(_of_layer(row, layers))
            limit, done = limit + least, done + tensor.nbytes
        body.end()
        contents = Contents(network.name, graph, crc, body.records)
        length = _finish(file, contents, streams)
    around = length - sum(row.packed for row in rows)
    original = 0
    for piece in network.pieces():  # the very file it would be, counted without writing it
        original += len(piece)
        yield Progress(1.0, "Counting the bytes of the ONNX file")
    return PackSummary(original, length, round(limit + around), tuple(rows))


def _pack_tensor(
    body: _Body, tensor: ir.TensorProtocol, share: _Share, crc: int
) -> Job[tuple[PackedTensor, float, int]]:
    """Code one tensor; returns what it came to, its limit (see `entropy`), and the checksum of all so far."""
    from compressors.packing.words import by_value, columns_of, words_of

    yield share.progress(0.0)
    words, shape = words_of(tensor), tuple(tensor.shape.numpy())
    for start in range(0, words.size, PIECE):
        crc = zlib.crc32(words[start : start + PIECE].tobytes(), crc)
    yield share.progress(0.02)
    order, values = order_of(tensor.dtype.name), by_value(tensor.dtype)
    finding = chosen(words, columns_of(shape) if values else words.size, order, by_value=values)
    form, matrix = yield from share.telling(finding, 0.02, 0.3)
    sizes = yield from share.telling(encode(form, matrix, body.stream, body.write_raw), 0.3, 0.95)
    body.add(form, words)
    now = share.progress(0.95).fraction
    limit = yield from scaled(_limit(form, matrix, sizes), now, now)
    return _row(tensor, form, matrix, sizes, limit), limit, crc


def _limit(form: Form, matrix: Matrix, sizes: Sizes) -> Job[float]:
    """What an ideal code without memory would need for places and values, the codebook as it is."""
    limit = sizes.codebook
    kept = int(np.count_nonzero(matrix.symbols))
    if form.places != "dense":
        counts = np.array([kept, matrix.symbols.size - kept])
        limit += _entropy(counts)
    if form.values == "planes":
        dense = form.places == "dense"
        limit += yield from entropy_bytes(matrix.words if dense else matrix.words[matrix.symbols != 0])
    else:
        yield Progress(0.0, "Measuring the entropy of what is packed")
        limit += _entropy(np.bincount(matrix.symbols)[1:])
    return limit


def _entropy(counts: np.ndarray) -> float:
    there = counts[counts > 0].astype(np.float64)
    return float((there * np.log2(there.sum() / there)).sum()) / 8


def _finish(file: BinaryIO, contents: Contents, streams: BinaryIO) -> int:
    """Put the file together; returns its length."""
    check = Check()
    length = streams.tell()
    streams.seek(0)
    for data in _together(contents, streams, length):
        file.write(data)
        check.add(data)
    end = check.end()
    file.write(end)
    return check.length + len(end)


def _together(contents: Contents, streams: BinaryIO, length: int) -> Iterable[bytes]:
    yield head_of(contents)
    yield from copied(streams, length)


def _layers(model: ir.Model) -> dict[str, str]:
    """Weight → the first layer that reads it."""
    found: dict[str, str] = {}
    for node in model.graph:
        for value in node.inputs:
            if value is not None and value.name:
                found.setdefault(value.name, node.name or "")
    return found


def _row(tensor: ir.TensorProtocol, form: Form, matrix: Matrix, sizes: Sizes, limit: float) -> PackedTensor:
    index, codebook = round(sizes.index), round(sizes.codebook)
    packed = max(round(sizes.total), index + codebook)
    distinct = max((book.words.size for book in matrix.codebooks), default=None)
    return PackedTensor(
        tensor.name or "", "", tensor.nbytes, packed, index, form.places, codebook, form.values, round(limit),
        int(np.count_nonzero(matrix.words)), matrix.words.size, distinct,
    )  # fmt: skip


def _of_layer(row: PackedTensor, layers: dict[str, str]) -> PackedTensor:
    from dataclasses import replace

    return replace(row, layer=layers.get(row.name, ""))
