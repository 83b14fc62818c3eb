"""The tensors of an ONNX file: their claims checked against what is there, and each put where its values lie."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import onnx_ir as ir

from profiler.errors import BadInput
from profiler.mapped import MappedFile, MappedPacked, MappedTensor
from profiler.serial import LARGEST_FILE
from profiler.wire import head

FROM_FILE_FIX = "Download or export it again."
PIECE = 1 << 22  # bytes
SPARSE = "sparse:"  # stands before the number of a tensor that is stored in sparse form, in its place's name
TYPED = {
    **dict.fromkeys((ir.DataType.FLOAT, ir.DataType.COMPLEX64), "float_data"),
    **dict.fromkeys((ir.DataType.DOUBLE, ir.DataType.COMPLEX128), "double_data"),
    **dict.fromkeys((ir.DataType.UINT32, ir.DataType.UINT64), "uint64_data"),
    ir.DataType.INT64: "int64_data",
    ir.DataType.STRING: "string_data",
}  # where values lie that are not in raw_data; all other types share int32_data
TENSOR, GRAPH, TENSORS, GRAPHS = (onnx.AttributeProto.TENSOR, onnx.AttributeProto.GRAPH,
                                  onnx.AttributeProto.TENSORS, onnx.AttributeProto.GRAPHS)  # fmt: skip


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


class Tensors:
    """Where the tensors of one network lie: in its own file (under `mark`), in others beside it, in sparse form."""

    def __init__(self, file: MappedFile) -> None:
        self._path = file.path
        self._folder = file.path.parent.resolve()
        self.mark = f"{os.urandom(8).hex()}/"  # nothing a file that was written before could say
        self._files = {self.mark: file}
        self._sparse: list[onnx.SparseTensorProto] = []
        self.inside = 0  # the most bytes of a tensor that stays in the message

    @property
    def single(self) -> bool:
        """No other file was needed."""
        return len(self._files) == 1

    def check(self, model: onnx.ModelProto) -> None:
        """Compare what each tensor inside `model` claims with what is there. Raises BadInput naming the tensor."""
        for who, tensor in _tensors_of(model):
            dtype = _type(self._path, who, tensor)
            if tensor.data_location != onnx.TensorProto.EXTERNAL:
                _check_inline(self._path, who, tensor, dtype)
                self.inside = max(self.inside, tensor.ByteSize())
            elif min(tensor.dims, default=0) < 0:
                raise refused(self._path, f"{who} has a size below 0.")

    def spread(self, model: onnx.ModelProto) -> None:
        """Put a dense tensor in the place of each one stored sparsely; its values are made when they are asked for."""
        for sparse in model.graph.sparse_initializer:
            model.graph.initializer.append(self._dense(sparse, sparse.values.name))
        model.graph.ClearField("sparse_initializer")
        for node in model.graph.node:
            for attribute in node.attribute if node.op_type == "Constant" else ():
                if attribute.type == onnx.AttributeProto.SPARSE_TENSOR and attribute.name == "sparse_value":
                    attribute.t.CopyFrom(self._dense(attribute.sparse_tensor, node.output[0] if node.output else ""))
                    attribute.ClearField("sparse_tensor")
                    attribute.name, attribute.type = "value", TENSOR

    def _dense(self, sparse: onnx.SparseTensorProto, name: str) -> onnx.TensorProto:
        dense = onnx.TensorProto(name=name, data_type=sparse.values.data_type, dims=sparse.dims)
        dtype = _type(self._path, f"The weight “{name}”", dense)
        if any(size < 0 for size in dense.dims) or math.prod(dense.dims) * dtype.bitwidth > 8 * LARGEST_FILE:
            raise refused(self._path, f"The weight “{name}” claims more values than a network can have.")
        entry = dense.external_data.add()
        entry.key, entry.value = "location", f"{self.mark}{SPARSE}{len(self._sparse)}"
        dense.data_location = onnx.TensorProto.EXTERNAL
        self._sparse.append(sparse)
        return dense

    def place(self, every: Sequence[ir.Graph]) -> None:
        """Give each tensor its values: mapped where they lie in a file. Raises BadInput when they do not."""
        for graph in every:
            for value in graph.initializers.values():
                if isinstance(value.const_value, ir.ExternalTensor):
                    value.const_value = self._tensor(value.const_value, f"The weight “{value.name}”")
            for node in graph:
                for name, attribute in node.attributes.items():
                    if attribute.type == ir.AttributeType.TENSOR and isinstance(attribute.value, ir.ExternalTensor):
                        placed = self._tensor(attribute.value, _node(node))
                        node.attributes[name] = ir.AttrTensor(name, placed, doc_string=attribute.doc_string)
                    elif attribute.type == ir.AttributeType.TENSORS and not attribute.is_ref():
                        several = [self._tensor(one, _node(node)) for one in attribute.as_tensors()]
                        node.attributes[name] = ir.AttrTensors(name, several, doc_string=attribute.doc_string)

    def _tensor(self, tensor: ir.TensorProtocol, who: str) -> ir.TensorProtocol:
        if not isinstance(tensor, ir.ExternalTensor):
            return tensor
        location = os.fsdecode(cast("Any", tensor).location)
        offset, length = tensor.offset or 0, tensor.length if tensor.length is not None else tensor.nbytes
        if location == self.mark:
            if length != tensor.nbytes:
                raise refused(self._path, f"{who} claims {tensor.nbytes:,} bytes, and {length:,} are there.")
            return _view(self._files[location], offset, length, tensor)
        if location.startswith(self.mark + SPARSE):
            return self._lazy(tensor, self._sparse[int(location.removeprefix(self.mark + SPARSE))], who)
        if location.startswith(self.mark):
            return self._read_when_asked(tensor, who, location.removeprefix(self.mark), offset, length)
        return self._external(tensor, who, location, offset, length)

    def _external(self, tensor: ir.ExternalTensor, who: str, location: str, at: int, length: int) -> ir.TensorProtocol:
        """The tensor in its file, which must lie in the network's own folder and be long enough."""
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
                self._path, f"{who} reads weights from {location}, which is not there.", f"Put {location} beside it."
            )
        size = place.stat().st_size
        if at < 0 or length < tensor.nbytes or at + length > size:
            reads = f"bytes {at:,} to {at + max(length, tensor.nbytes):,} of {location}"
            raise refused(self._path, f"{who} reads {reads}, which has {size:,}.")
        if tensor.nbytes == 0:
            return ir.Tensor(np.empty(tensor.shape.numpy(), tensor.dtype.numpy()), dtype=tensor.dtype, name=tensor.name)
        if str(place) not in self._files:
            self._files[str(place)] = map_file(place)
        return _view(self._files[str(place)], at, tensor.nbytes, tensor)

    def _read_when_asked(
        self, tensor: ir.ExternalTensor, who: str, field: str, offset: int, length: int
    ) -> ir.TensorProtocol:
        """Values in `int32_data` or the like, counted by the bytes that end one."""
        file = self._files[self.mark]
        there = sum(
            int((np.frombuffer(file.data, np.uint8, min(PIECE, length - done), offset + done) < 0x80).sum())
            for done in range(0, length, PIECE)
        )
        claimed = _entries(tensor.dtype, tensor.size)
        if there != claimed or field != TYPED.get(tensor.dtype, "int32_data"):
            raise refused(self._path, f"{who} claims {claimed:,} values, and {there:,} are there.")

        def make() -> ir.TensorProtocol:
            file.check()
            proto = onnx.TensorProto(name=tensor.name, data_type=tensor.dtype.value, dims=tensor.shape.numpy())
            number = proto.DESCRIPTOR.fields_by_name[field].number
            proto.MergeFromString(head(number, length) + file.data[offset : offset + length])
            return ir.serde.TensorProtoTensor(proto)

        return ir.LazyTensor(make, tensor.dtype, tensor.shape, name=tensor.name, doc_string=tensor.doc_string)

    def _lazy(self, dense: ir.ExternalTensor, sparse: onnx.SparseTensorProto, who: str) -> ir.TensorProtocol:
        """A dense tensor made of a sparse one: indices are positions in the flattened tensor, or one row a value."""
        values, indices = (self._tensor(_read(part), who) for part in (sparse.values, sparse.indices))
        shape, count = tuple(dense.shape.numpy()), math.prod(values.shape.numpy())
        places = indices.numpy()
        flat = places.shape == (count,)
        limits = np.array([math.prod(shape)] if flat else shape)
        fits = places.dtype == np.int64 and (flat or places.shape == (count, len(shape)))
        if not fits or (places < 0).any() or (places.reshape(count, -1) >= limits).any():
            raise refused(self._path, f"{who} is stored in sparse form, and its indices do not fit its shape.")
        return ir.LazyTensor(_spread(values, places, shape), dense.dtype, ir.Shape(shape), name=dense.name)


def _read(tensor: onnx.TensorProto) -> ir.TensorProtocol:
    serde = cast("Any", ir.serde)
    return serde.deserialize_tensor(tensor)


def _spread(values: ir.TensorProtocol, places: np.ndarray, shape: tuple[int, ...]) -> Callable[[], ir.TensorProtocol]:
    def make() -> ir.TensorProtocol:
        whole = np.zeros(shape, values.dtype.numpy())
        whole[np.unravel_index(places, shape) if places.ndim == 1 else tuple(places.T)] = values.numpy().reshape(-1)
        return ir.Tensor(whole, dtype=values.dtype, name=values.name)

    return make


def _view(file: MappedFile, offset: int, length: int, like: ir.ExternalTensor) -> ir.TensorProtocol:
    """Values of less than a byte share bytes, and are unpacked when they are asked for."""
    about = (like.dtype, like.shape, like.name or "", like.doc_string)
    if like.dtype.bitwidth < 8:
        return MappedPacked(file, offset, length, *about)
    return MappedTensor(file, offset, *about)


def _node(node: ir.Node) -> str:
    return f"Node “{node.name or node.op_type}”"


def _tensors_of(model: onnx.ModelProto) -> Iterator[tuple[str, onnx.TensorProto]]:
    """Every tensor in the message, with words that say where."""
    for sparse in model.graph.sparse_initializer:
        yield from ((f"The weight “{sparse.values.name}”", part) for part in (sparse.values, sparse.indices))
    yield from _of_graph(model.graph)
    for function in model.functions:
        yield from _of_nodes(function.node)


def _of_graph(graph: onnx.GraphProto) -> Iterator[tuple[str, onnx.TensorProto]]:
    for tensor in graph.initializer:
        yield f"The weight “{tensor.name}”", tensor
    yield from _of_nodes(graph.node)


def _of_nodes(nodes: Any) -> Iterator[tuple[str, onnx.TensorProto]]:
    for node in nodes:
        for attribute in node.attribute:
            kind = attribute.type
            if kind == TENSOR:
                yield f"Node “{node.name or node.op_type}”", attribute.t
            elif kind == TENSORS:
                yield from ((f"Node “{node.name or node.op_type}”", tensor) for tensor in attribute.tensors)
            elif kind == GRAPH:
                yield from _of_graph(attribute.g)
            elif kind == GRAPHS:
                for graph in attribute.graphs:
                    yield from _of_graph(graph)


def _type(path: Path, who: str, tensor: onnx.TensorProto) -> ir.DataType:
    try:
        dtype = ir.DataType(tensor.data_type)
    except ValueError:
        dtype = ir.DataType.UNDEFINED
    if dtype == ir.DataType.UNDEFINED:
        raise refused(path, f"{who} has an unknown type.")
    return dtype


def _check_inline(path: Path, who: str, tensor: onnx.TensorProto, dtype: ir.DataType) -> None:
    """A tensor's claim against the values there are, before memory is taken for it."""
    count = math.prod(tensor.dims)
    if tensor.HasField("raw_data") and dtype != ir.DataType.STRING:
        claimed, there, unit = -(-count * dtype.bitwidth // 8), len(tensor.raw_data), "bytes"
    else:
        claimed, there, unit = _entries(dtype, count), len(getattr(tensor, TYPED.get(dtype, "int32_data"))), "values"
    if there != claimed or any(size < 0 for size in tensor.dims):
        raise refused(path, f"{who} claims {claimed:,} {unit}, and {there:,} are there.")


def _entries(dtype: ir.DataType, count: int) -> int:
    """How many entries of `float_data` and the like hold so many values: complex ones take two, small ones share."""
    if dtype in (ir.DataType.COMPLEX64, ir.DataType.COMPLEX128):
        return 2 * count
    return -(-count * dtype.bitwidth // 8) if dtype != ir.DataType.STRING and dtype.bitwidth in (2, 4) else count
