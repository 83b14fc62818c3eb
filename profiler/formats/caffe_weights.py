"""The weights in a .caffemodel: where each layer's blobs lie in the file. No value is read until it is asked for.

A caffemodel is the whole network in protobuf's wire form; only what is needed of it is looked at: layers, their names,
their blobs. Field numbers are Caffe's: NetParameter, LayerParameter (and its two forerunners), BlobProto, BlobShape.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import onnx_ir as ir

from profiler.formats.caffe_net import MOST_AXES
from profiler.formats.caffe_text import Fault
from profiler.mapped import MappedFile, MappedTensor
from profiler.wire import BYTES, FIXED32, FIXED64, VARINT, Field, WireError, fields, varint

MOST_FIELDS = 200_000  # looked at in one file; the largest published networks have some ten thousand
AGAIN = "Download it again."

LAYER, LAYER_V1 = 100, 2  # of NetParameter
LAYER_V0 = 1  # of LAYER_V1: the oldest form lies inside it
NAME_AND_BLOBS = {LAYER: (1, 7), LAYER_V1: (4, 6), LAYER_V0: (1, 50)}
SIZES = (1, 2, 3, 4)  # of BlobProto: num, channels, height, width
DATA, SHAPE, DOUBLE_DATA = 5, 7, 8  # of BlobProto


@dataclass(frozen=True)
class Blob:
    """One stored array: its shape as the file says, and the pieces of the file its values lie in."""

    file: MappedFile
    shape: tuple[int, ...]
    places: tuple[tuple[int, int], ...]  # offset and length in bytes; usually one
    double: bool = False

    @property
    def count(self) -> int:
        return prod(self.shape)

    def values(self) -> np.ndarray:
        """All values, flat, as float32."""
        self.file.check()
        return np.concatenate([self._piece(*place) for place in self.places]).astype(np.float32)

    def _piece(self, offset: int, length: int) -> np.ndarray:
        kind = np.dtype(np.float64 if self.double else np.float32)
        return self.file.array(offset, kind, (length // kind.itemsize,))

    def tensor(self, name: str, shape: tuple[int, ...]) -> ir.TensorProtocol:
        """The values in another shape of as many: a view of the file where they lie there as float32 in one piece."""
        if len(self.places) == 1 and not self.double:
            return MappedTensor(self.file, self.places[0][0], ir.DataType.FLOAT, ir.Shape(shape), name)
        return ir.LazyTensor(
            lambda: ir.Tensor(self.values().reshape(shape), name=name), ir.DataType.FLOAT, ir.Shape(shape), name=name
        )

    def fits(self, shape: tuple[int, ...]) -> bool:
        """The same sizes, less leading ones: Caffe wrote four sizes for every blob once, (1, 1, 1, T) for a bias."""
        return _without_ones(self.shape) == _without_ones(shape)


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    start = next((axis for axis, size in enumerate(shape) if size != 1), len(shape))
    return shape[start:]


def read_weights(path: Path) -> dict[str, tuple[Blob, ...]]:
    """The blobs of each layer that has some, by the layer's name. Raises Fault, and OSError when it does not open."""
    if path.is_file() and path.stat().st_size == 0:
        raise Fault("It is empty.", AGAIN)
    file = MappedFile(path)
    start = file.data[:64]
    if start.startswith(b"version https://git-lfs"):
        raise Fault("It is a Git LFS pointer, not the weights themselves.", "Run git lfs pull.")
    if start.startswith(b"\x89HDF"):
        raise Fault("Its weights are in an HDF5 file.", "Load them in Caffe and save them as a .caffemodel.")
    try:
        return _Reader(file).layers()
    except WireError as error:
        if error.cut_short:
            raise Fault(
                f"It is cut short, or not a Caffe file: {len(file):,} bytes are not all of it.", AGAIN
            ) from error
        raise Fault("It is not a Caffe file.", AGAIN) from error


class _Reader:
    def __init__(self, file: MappedFile) -> None:
        self.file = file
        self.seen = 0

    def layers(self) -> dict[str, tuple[Blob, ...]]:
        found: dict[str, tuple[Blob, ...]] = {}
        for field in self.fields(0, len(self.file)):
            if field.number in (LAYER, LAYER_V1) and field.wire == BYTES:
                name, blobs = self.layer(field, field.number)
                if blobs:
                    found.setdefault(name, blobs)
        return found

    def fields(self, start: int, stop: int) -> Iterator[Field]:
        for field in fields(self.file.data, start, stop):
            self.seen += 1
            if self.seen > MOST_FIELDS:
                raise Fault("It has too many parts to be a network.", AGAIN)
            yield field

    def layer(self, where: Field, form: int) -> tuple[str, tuple[Blob, ...]]:
        name_field, blobs_field = NAME_AND_BLOBS[form]
        name, inner, blobs = "", None, list[Field]()
        for field in self.fields(where.value, where.stop):
            if field.wire != BYTES:
                continue
            if field.number == name_field:
                name = self.file.data[field.value : min(field.stop, field.value + 4096)].decode(errors="replace")
            elif field.number == blobs_field:
                blobs.append(field)
            elif form == LAYER_V1 and field.number == LAYER_V0:
                inner = field
        if inner is not None:
            return self.layer(inner, LAYER_V0)
        return name, tuple(self.blob(field, name, index) for index, field in enumerate(blobs))

    def blob(self, where: Field, layer: str, index: int) -> Blob:
        who = f"blob {index} of layer “{layer}”"
        shape: list[int] | None = None
        old: dict[int, int] = {}
        places: dict[int, list[tuple[int, int]]] = {DATA: [], DOUBLE_DATA: []}
        for field in self.fields(where.value, where.stop):
            if field.number == SHAPE and field.wire == BYTES:
                shape = list(self.sizes(field))
            elif field.number in SIZES and field.wire == VARINT:
                old[field.number] = varint(self.file.data, field.value, field.stop)[0]
            elif field.number in places and field.wire == BYTES:
                places[field.number].append((field.value, field.stop - field.value))
            elif field.number in places and field.wire in (FIXED32, FIXED64):
                raise Fault(f"It stores {who} value by value.", "Load it in a newer Caffe and save it again.")
        number = DATA if places[DATA] else DOUBLE_DATA
        sizes = tuple(shape) if shape is not None else tuple(old.get(size, 0) for size in SIZES)
        return self.checked(sizes, places[number], 4 if number == DATA else 8, who)

    def sizes(self, where: Field) -> Iterable[int]:
        """BlobShape.dim, packed as Caffe writes it or one by one."""
        found: list[int] = []
        for field in self.fields(where.value, where.stop):
            at = field.value
            while field.number == 1 and field.wire in (VARINT, BYTES) and at < field.stop:
                size, at = varint(self.file.data, at, field.stop)
                found.append(size)
                if len(found) > MOST_AXES:
                    raise Fault(f"A blob has more than {MOST_AXES} axes.", AGAIN)
        return found

    def checked(self, shape: tuple[int, ...], places: list[tuple[int, int]], width: int, who: str) -> Blob:
        """A blob's claim against the bytes there are."""
        there, claimed = sum(length for _, length in places), prod(shape)
        if any(length % width for _, length in places) or there // width != claimed or claimed >= 2**31:
            claim = " × ".join(str(size) for size in shape) or "1"
            raise Fault(f"It claims {claim} values for {who}, and {there // width:,} are there.", AGAIN)
        if not places or claimed == 0:
            raise Fault(f"It has no values for {who}.", AGAIN)
        return Blob(self.file, shape, tuple(places), double=width == 8)
