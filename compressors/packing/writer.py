"""Write a network as an `.nbz` file."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec
import numpy as np

from compressors.packing.entropy import entropy_bytes
from compressors.packing.sparse import Sparse, rows_of, to_sparse
from compressors.packing.streams import checksum, deflated, deflated_size
from compressors.packing.summary import PackedTensor, PackSummary
from compressors.packing.table import HEAD, LENGTHS, Entry, Rows, Table, WordSize
from profiler.atomic import atomic
from profiler.errors import BadInput
from profiler.progress import Job, Progress, scaled

if TYPE_CHECKING:
    import onnx_ir as ir

    from profiler.network import Network

SAMPLE = 1 << 20  # words of a large tensor on which its form is chosen


class _Output:
    """The file being written: its checksum and its length so far."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.length, self.checksum = file, 0, hashlib.sha256()

    def write(self, data: bytes) -> None:
        self.file.write(data)
        self.checksum.update(data)
        self.length += len(data)


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


def pack(network: Network, path: Path) -> Job[PackSummary]:
    """Write `network` to `path` as `.nbz` version 0, each tensor dense or sparse, whichever is smaller.

    The file is complete under its name or not there. Raises BadInput for a network that no ONNX file holds (2 GB),
    Failed when the disk is full or refuses.
    """
    from profiler.serial import LARGEST_FILE, size_in_bytes, skeleton

    yield Progress(0.0, "Reading the graph")
    total = size_in_bytes(network.model)
    if total > LARGEST_FILE:
        raise BadInput(f"“{network.name}” is too large to pack.", f"Its weights are {total:,} bytes.")
    graph, tensors = skeleton(network.model)
    layers = _layers(network.model)
    entries: list[Entry] = []
    limit, done = 0.0, 0
    with atomic(path) as file:
        output = _Output(file)
        output.write(HEAD)
        graph_size = _write_at_once(output, graph)
        for tensor in tensors:
            share = _Share(tensor.name or "", done, tensor.nbytes, total)
            entry, least = yield from _pack_tensor(output, tensor, share)
            entries.append(entry)
            limit, done = limit + least, done + tensor.nbytes
        table = Table(network.name, graph_size, len(graph), zlib.crc32(graph), entries)
        _finish(output, table)
    rows = tuple(_row(entry, tensor, layers) for entry, tensor in zip(entries, tensors, strict=True))
    around = output.length - sum(entry.stored for entry in entries)
    original = 0
    for piece in network.pieces():  # the very file it would be, counted without writing it
        original += len(piece)
        yield Progress(1.0, "Counting the bytes of the ONNX file")
    return PackSummary(original, output.length, round(limit + around), rows)


def _pack_tensor(output: _Output, tensor: ir.TensorProtocol, share: _Share) -> Job[tuple[Entry, float]]:
    """Write one tensor's streams; returns its entry in the table and its limit (see `entropy`)."""
    from compressors.packing.words import by_value, words_of

    yield share.progress(0.0)
    words, shape = words_of(tensor), tuple(tensor.shape.numpy())
    crc = checksum(words)
    yield share.progress(0.05)
    sparse = _sparse_if_smaller(words, rows_of(shape)) if by_value(tensor.dtype) else None
    streams = [words] if sparse is None else [sparse.values, sparse.counts, sparse.gaps]
    sizes: list[int] = []
    for number, stream in enumerate(streams):
        before = output.length
        for _ in deflated(stream, output.write) if stream.size else ():
            yield share.progress(0.1 + 0.9 * (number + (output.length - before) / (stream.nbytes + 64)) / len(streams))
        sizes.append(output.length - before)
    entry = Entry(tensor.name or "", tensor.dtype.name, list(shape), crc, sizes[0], _rows(sparse, sizes))
    limit, now = 0.0, share.progress(1.0).fraction
    for stream in streams:
        limit += yield from scaled(entropy_bytes(stream), now, now)
    return entry, limit


def _rows(sparse: Sparse | None, sizes: Sequence[int]) -> Rows | None:
    if sparse is None:
        return None
    return Rows(sparse.values.size, sizes[1], _size(sparse.counts), sizes[2], _size(sparse.gaps))


def _size(numbers: np.ndarray) -> WordSize:
    return 1 if numbers.itemsize == 1 else 2 if numbers.itemsize == 2 else 4


def _sparse_if_smaller(words: np.ndarray, rows: int) -> Sparse | None:
    """The sparse form where it takes fewer bytes. For a large tensor, its middle rows decide."""
    if not words.size or np.count_nonzero(words) == words.size:  # without zeros it can only be larger
        return None
    some, some_rows = _sample(words, rows)
    trial = to_sparse(some, some_rows)
    if sum(map(deflated_size, (trial.values, trial.counts, trial.gaps))) >= deflated_size(some):
        return None
    return trial if some is words else to_sparse(words, rows)


def _sample(words: np.ndarray, rows: int) -> tuple[np.ndarray, int]:
    """About a million words from the middle, as whole rows where a row is no longer than that."""
    if words.size <= SAMPLE:
        return words, rows
    width = words.size // rows
    if width > SAMPLE:
        start = (words.size - SAMPLE) // 2
        return words[start : start + SAMPLE], 1
    count = SAMPLE // width
    start = (rows - count) // 2
    return words[start * width : (start + count) * width], count


def _write_at_once(output: _Output, data: bytes) -> int:
    """Deflate a small part; returns its stored length."""
    before = output.length
    for _ in deflated(np.frombuffer(data, np.uint8), output.write):
        pass
    return output.length - before


def _finish(output: _Output, table: Table) -> None:
    text = msgspec.json.encode(table)
    stored = _write_at_once(output, text)
    output.write(LENGTHS.pack(stored, len(text)))
    output.write(output.checksum.digest())


def _layers(model: ir.Model) -> dict[str, str]:
    """Weight → the first layer that reads it."""
    found: dict[str, str] = {}
    for node in model.graph:
        for value in node.inputs:
            if value is not None and value.name:
                found.setdefault(value.name, node.name or "")
    return found


def _row(entry: Entry, tensor: ir.TensorProtocol, layers: dict[str, str]) -> PackedTensor:
    form = "dense" if entry.rows is None else "csr"
    return PackedTensor(entry.name, layers.get(entry.name, ""), tensor.nbytes, entry.stored, entry.index, form)
