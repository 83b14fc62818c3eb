"""Read an `.nbz` file of version 0, which is no longer written."""

from __future__ import annotations

import zlib
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import numpy as np

from compressors.packing.container import refused
from compressors.packing.sparse import Sparse, rows_of, to_words
from compressors.packing.streams import check_claim, checksum, inflated, inflated_bytes
from compressors.packing.table import HEAD, Entry, Table, check_frame, read_table
from profiler.progress import Job, Progress, scaled

if TYPE_CHECKING:
    import onnx_ir as ir

    from profiler.network import Network

T = TypeVar("T")
Part = Generator[float, None, T]
"""Yields how much is done, 0 to 1."""


def unpacked(path: Path, file: BinaryIO) -> Job[Network]:
    """The network. The file is at its start. Raises BadInput, and OSError."""
    from compressors.packing.graph import network_of
    from profiler.serial import LARGEST_FILE

    size = path.stat().st_size
    yield from scaled(check_frame(path, file, size), 0.0, 0.2)
    table = read_table(path, file, size)
    file.seek(len(HEAD))
    graph = _graph(path, file, table)
    tensors: dict[str, ir.TensorProtocol] = {}
    filled, total = 0, _claimed(path, table, LARGEST_FILE)
    for entry in table.tensors:
        try:
            for share in _tensor(file, entry, tensors):
                fraction = (filled + share * _length(entry)) / max(1, total)
                yield Progress(0.2 + 0.8 * fraction, f"Unpacking {entry.name}")
        except ValueError as error:
            raise refused(path, f"Its weight “{entry.name}” is damaged: {error}.") from error
        filled += _length(entry)
    return network_of(path, table.name, graph, tensors)


def _graph(path: Path, file: BinaryIO, table: Table) -> bytes:
    try:
        check_claim(table.graph, table.graph_length)
        graph = inflated_bytes(file, table.graph, table.graph_length)
    except ValueError as error:
        raise refused(path, f"Its graph is damaged: {error}.") from error
    if zlib.crc32(graph) != table.graph_crc:
        raise refused(path, "Its graph is damaged: the checksum does not fit.")
    return graph


def _claimed(path: Path, table: Table, most: int) -> int:
    """Bytes of all tensors, as the table says. Raises BadInput when they are more than an ONNX file holds."""
    import onnx_ir as ir

    for entry in table.tensors:
        if entry.type not in ir.DataType.__members__ or entry.type in ("UNDEFINED", "STRING"):
            raise refused(path, f"Its weight “{entry.name}” has the unknown type “{entry.type}”.")
    total = sum(_length(entry) for entry in table.tensors)
    if total > most:
        raise refused(path, f"Its table claims weights of {total:,} bytes; no network has more than {most:,}.")
    return total


def _length(entry: Entry) -> int:
    """Bytes of the tensor, unpacked."""
    import onnx_ir as ir

    from compressors.packing.words import word_count, word_size

    dtype = ir.DataType[entry.type]
    return word_count(dtype, tuple(entry.shape)) * word_size(dtype)


def _tensor(file: BinaryIO, entry: Entry, tensors: dict[str, ir.TensorProtocol]) -> Part[None]:
    """Read one tensor into `tensors`; yields how much of it is done. Raises ValueError."""
    import onnx_ir as ir

    from compressors.packing.words import by_value, tensor_of, word_count, word_size

    dtype, shape = ir.DataType[entry.type], tuple(entry.shape)
    count, size = word_count(dtype, shape), word_size(dtype)
    if entry.rows is None:
        words = yield from _words(file, entry.values, count, size)
    elif by_value(dtype):
        words = yield from _sparse_words(file, entry, count, size)
    else:
        raise ValueError("its type can’t be sparse")
    yield 1.0
    if checksum(words) != entry.crc:
        raise ValueError("its checksum does not fit")
    if entry.name in tensors:
        raise ValueError("it is there twice")
    tensors[entry.name] = tensor_of(words, dtype, shape, entry.name)


def _sparse_words(file: BinaryIO, entry: Entry, count: int, size: int) -> Part[np.ndarray]:
    assert entry.rows is not None
    if entry.rows.nonzero > count:
        raise ValueError(f"it claims {entry.rows.nonzero:,} values for {count:,} places")
    values = yield from _words(file, entry.values, entry.rows.nonzero, size)
    rows = rows_of(tuple(entry.shape))
    counts = yield from _words(file, entry.rows.counts, rows, entry.rows.count_size)
    gaps = yield from _words(file, entry.rows.gaps, entry.rows.nonzero, entry.rows.gap_size)
    return to_words(Sparse(values, counts, gaps), count)


def _words(file: BinaryIO, stored: int, count: int, size: int) -> Part[np.ndarray]:
    """The next stream of the file."""
    check_claim(stored, count * size)
    words = np.empty(count, f"<u{size}")
    if count:
        for done in inflated(file, stored, words):
            yield done / words.nbytes
    elif stored:
        raise ValueError("it has data for no values")
    return words
