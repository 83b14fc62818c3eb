"""The tensors of an ONNX file: their claims checked against what is there, and each put where its values lie."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import onnx
import onnx_ir as ir

from profiler.errors import BadInput
from profiler.formats.onnx_skim import LeftOut
from profiler.mapped import MappedFile, MappedPacked, MappedTensor
from profiler.serial import BIG, EXTERNAL, LARGEST_FILE
from profiler.wire import head

FROM_FILE_FIX = "Download or export it again."
PIECE = 1 << 22  # bytes
TYPED = {
    **dict.fromkeys((ir.DataType.FLOAT, ir.DataType.COMPLEX64), "float_data"),
    **dict.fromkeys((ir.DataType.DOUBLE, ir.DataType.COMPLEX128), "double_data"),
    **dict.fromkeys((ir.DataType.UINT32, ir.DataType.UINT64), "uint64_data"),
    ir.DataType.INT64: "int64_data",
    ir.DataType.STRING: "string_data",
}  # where values lie that are not in raw_data; all other types share int32_data
TYPES = {dtype.value: dtype for dtype in ir.DataType if dtype != ir.DataType.UNDEFINED}


def refused(path: Path, where: str, fix: str = FROM_FILE_FIX) -> BadInput:
    return BadInput(f"“{path.name}” could not be opened.", where, fix)


def map_file(path: Path) -> MappedFile:
    """The file in the address space. Raises BadInput when it is empty or cannot be read."""
    try:
        if path.is_file() and path.stat().st_size == 0:
            raise refused(path, "It is empty.")
        return MappedFile(path)
    except OSError as error:
        raise refused(path, f"{path}: {error.strerror or error}.", "Check the path and its rights.") from error


class Kind(NamedTuple):
    """A type and a shape, and what they come to: values, and bytes (of numbers; words have no fixed length)."""

    dtype: ir.DataType
    shape: ir.Shape
    size: int
    nbytes: int

    @property
    def entries(self) -> int:
        """How many of `float_data` and the like hold so many values: complex ones take two, small ones share."""
        if self.dtype in (ir.DataType.COMPLEX64, ir.DataType.COMPLEX128):
            return 2 * self.size
        return self.nbytes if self.dtype != ir.DataType.STRING and self.dtype.bitwidth in (2, 4) else self.size


class InlineTensor(ir.TensorProtoTensor):
    """A tensor inside the message, its type and shape read once."""

    def __init__(self, proto: onnx.TensorProto, kind: Kind) -> None:
        super().__init__(proto)
        self._kind = kind

    @property
    def dtype(self) -> ir.DataType:
        return self._kind.dtype

    @property
    def shape(self) -> ir.Shape:
        return self._kind.shape


class Tensors:
    """Makes the tensors of one network, which lie in its own file, in others beside it, or in sparse form."""

    def __init__(self, file: MappedFile, left_out: Mapping[str, LeftOut]) -> None:
        self._path = file.path
        self._own = file
        self._left_out = left_out
        self._folder = file.path.parent.resolve()
        self._others: dict[Path, MappedFile] = {}
        self._kinds: dict[tuple[int, tuple[int, ...]], Kind] = {}
        self._inside = 0  # the most bytes of a tensor that stays in the message
        self._sparse = False

    @property
    def single(self) -> bool:
        """No other file was needed."""
        return not self._others

    @property
    def outlined(self) -> bool:
        """The message describes all of them as they are, and has the values of the small ones alone."""
        return self.single and not self._sparse and self._inside <= 2 * BIG

    def dense(self, proto: onnx.TensorProto, who: str) -> ir.TensorProtocol:
        """The tensor, mapped where its values lie in a file. Raises BadInput when they are not as it claims.

        `who` are words that say where it belongs.
        """
        kind = self._kind(who, proto.data_type, tuple(proto.dims[:]))
        if proto.data_location == EXTERNAL:
            return self._outside(proto, kind, who)
        self._inside = max(self._inside, proto.ByteSize())
        self._check_inline(proto, kind, who)
        if kind.dtype == ir.DataType.STRING:
            return cast("Any", ir.serde).deserialize_tensor(proto)
        return InlineTensor(proto, kind)

    def sparse(self, proto: onnx.SparseTensorProto, name: str) -> ir.TensorProtocol:
        """The dense tensor that is stored in sparse form; its values are made when they are asked for.

        Indices are positions in the flattened tensor, or one row for each value.
        """
        who, shape = f"The weight “{name}”", tuple(proto.dims)
        kind = self._kind(who, proto.values.data_type, shape)
        self._sparse = True
        self._check_numbers(kind, who)
        if kind.nbytes > LARGEST_FILE:
            raise refused(self._path, f"{who} claims more values than a network can have.")
        values, indices = self.dense(proto.values, who), self.dense(proto.indices, who)
        places, count = indices.numpy(), math.prod(values.shape.numpy())
        flat = places.shape == (count,)
        limits = np.array([kind.size] if flat else shape)
        fits = places.dtype == np.int64 and (flat or places.shape == (count, len(shape)))
        if not fits or (places < 0).any() or (places.reshape(count, -1) >= limits).any():
            raise refused(self._path, f"{who} is stored in sparse form, and its indices do not fit its shape.")
        return ir.LazyTensor(_spread(values, places, shape), kind.dtype, kind.shape, name=name)

    def _kind(self, who: str, number: int, dims: tuple[int, ...]) -> Kind:
        found = self._kinds.get((number, dims))
        if found is not None:
            return found
        dtype = TYPES.get(number)
        if dtype is None:
            raise refused(self._path, f"{who} has an unknown type.")
        if min(dims, default=0) < 0:
            raise refused(self._path, f"{who} has a size below 0.")
        size, bits = math.prod(dims), 0 if dtype == ir.DataType.STRING else dtype.bitwidth
        self._kinds[number, dims] = found = Kind(dtype, ir.Shape(dims, frozen=True), size, -(-size * bits // 8))
        return found

    def _check_inline(self, proto: onnx.TensorProto, kind: Kind, who: str) -> None:
        """A tensor's claim against the values there are, before memory is taken for it."""
        if proto.HasField("raw_data") and kind.dtype != ir.DataType.STRING:
            claimed, there, unit = kind.nbytes, len(proto.raw_data), "bytes"
        else:
            claimed, there, unit = kind.entries, len(getattr(proto, TYPED.get(kind.dtype, "int32_data"))), "values"
        if there != claimed:
            raise refused(self._path, f"{who} claims {claimed:,} {unit}, and {there:,} are there.")

    def _check_numbers(self, kind: Kind, who: str) -> None:
        if kind.dtype == ir.DataType.STRING:
            raise refused(self._path, f"{who} holds words where only numbers can be.")

    def _outside(self, proto: onnx.TensorProto, kind: Kind, who: str) -> ir.TensorProtocol:
        self._check_numbers(kind, who)
        said = proto.external_data
        left_out = self._left_out.get(said[0].value) if said else None
        if left_out is None:
            return self._in_other_file(proto, kind, who)
        if left_out.field:
            return self._read_when_asked(proto, kind, who, left_out)
        if left_out.length != kind.nbytes:
            raise refused(self._path, f"{who} claims {kind.nbytes:,} bytes, and {left_out.length:,} are there.")
        return _view(self._own, left_out.offset, kind, proto)

    def _in_other_file(self, proto: onnx.TensorProto, kind: Kind, who: str) -> ir.TensorProtocol:
        """The tensor in its file, which must lie in the network's own folder and be long enough."""
        said: dict[str, str | bytes] = {entry.key: entry.value for entry in proto.external_data}
        location = os.fsdecode(said.get("location", ""))
        at, length = int(said.get("offset", 0)), int(said.get("length", kind.nbytes))
        if "\0" in location:
            raise refused(self._path, f"{who} reads weights from a file whose name cannot be.")
        place = (self._folder / location).resolve()
        if not place.is_relative_to(self._folder):
            raise refused(
                self._path,
                f"{who} reads weights from {location}, outside the file’s folder.",
                f"Move {Path(location).name} beside it, or export with the weights inside.",
            )
        if not place.is_file():
            raise refused(
                self._path,
                f"{who} reads weights from {location}, which is not there.",
                f"Put {location} beside it.",
            )
        size = place.stat().st_size
        if at < 0 or length < kind.nbytes or at + length > size:
            reads = f"bytes {at:,} to {at + max(length, kind.nbytes):,} of {location}"
            raise refused(self._path, f"{who} reads {reads}, which has {size:,}.")
        if kind.nbytes == 0:
            return ir.Tensor(np.empty(kind.shape.numpy(), kind.dtype.numpy()), dtype=kind.dtype, name=proto.name)
        if place not in self._others:
            self._others[place] = map_file(place)
        return _view(self._others[place], at, kind, proto)

    def _read_when_asked(self, proto: onnx.TensorProto, kind: Kind, who: str, left_out: LeftOut) -> ir.TensorProtocol:
        """Values in `int32_data` or the like, counted by the bytes that end one."""
        file, name, (field, offset, length) = self._own, proto.name, left_out
        there = sum(
            int((np.frombuffer(file.data, np.uint8, min(PIECE, length - done), offset + done) < 0x80).sum())
            for done in range(0, length, PIECE)
        )
        if there != kind.entries or field != TYPED.get(kind.dtype, "int32_data"):
            raise refused(self._path, f"{who} claims {kind.entries:,} values, and {there:,} are there.")

        def make() -> ir.TensorProtocol:
            file.check()
            whole = onnx.TensorProto(name=name, data_type=kind.dtype.value, dims=kind.shape.numpy())
            number = whole.DESCRIPTOR.fields_by_name[field].number
            whole.MergeFromString(head(number, length) + file.data[offset : offset + length])
            return ir.TensorProtoTensor(whole)

        return ir.LazyTensor(make, kind.dtype, kind.shape, name=name, doc_string=_doc_string(proto))


def _doc_string(proto: onnx.TensorProto) -> str | None:
    return proto.doc_string if proto.HasField("doc_string") else None


def _spread(values: ir.TensorProtocol, places: np.ndarray, shape: tuple[int, ...]) -> Callable[[], ir.TensorProtocol]:
    def make() -> ir.TensorProtocol:
        whole = np.zeros(shape, values.dtype.numpy())
        whole[np.unravel_index(places, shape) if places.ndim == 1 else tuple(places.T)] = values.numpy().reshape(-1)
        return ir.Tensor(whole, dtype=values.dtype, name=values.name)

    return make


def _view(file: MappedFile, offset: int, kind: Kind, proto: onnx.TensorProto) -> ir.TensorProtocol:
    """Values of less than a byte share bytes, and are unpacked when they are asked for."""
    about = (kind.dtype, kind.shape, proto.name, _doc_string(proto))
    if kind.dtype.bitwidth < 8:
        return MappedPacked(file, offset, kind.nbytes, *about)
    return MappedTensor(file, offset, *about)
