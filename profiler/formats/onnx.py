"""ONNX files, read without touching their weights: each large one stays in the mapped file until it is looked at."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import onnx
import onnx_ir as ir
from google.protobuf.message import DecodeError

from profiler import malformed
from profiler.errors import BadInput
from profiler.mapped import MappedFile, MappedTensor
from profiler.network import Network, name_nodes, recipe_in
from profiler.serial import BIG, DATA_LOCATION, GRAPH, INITIALIZER, RAW_DATA, skeleton
from profiler.shapes import open_negative
from profiler.wire import WireError, fields, head

# It warns of values that nothing makes, and goes on; they are refused here, with the file's name.
logging.getLogger("onnx_ir").setLevel(logging.ERROR)

NAME = 8  # TensorProto.name
FROM_FILE_FIX = "Download or export it again."
Place = tuple[int, int]  # offset and length in the file


def read_onnx(path: Path) -> Network:
    """The network in an ONNX file. Raises BadInput naming the file, what is wrong with it and what to try."""
    file = _map(path)
    proto, places = _parse(file)
    for tensor in proto.graph.initializer:
        _check_inline(path, tensor, places)
    with malformed.told(f"“{path.name}” could not be opened."):
        model = ir.from_proto(proto)
        open_negative(model)
        _check_complete(path, model)
        _point_at_file(path, model, file, places)
        single = _load_external(path, model)
        name_nodes(model)
        skeleton(model)  # what cannot be written again is damaged
    return Network(model, name=path.stem, path=path, input_recipe=recipe_in(model), file=file if single else None)


def refused(path: Path, where: str, fix: str) -> BadInput:
    return BadInput(f"“{path.name}” could not be opened.", where, fix)


def _map(path: Path) -> MappedFile:
    try:
        if path.is_file() and path.stat().st_size == 0:
            raise refused(path, "It is empty.", FROM_FILE_FIX)
        return MappedFile(path)
    except OSError as error:
        raise refused(path, f"{path}: {error.strerror or error}.", "Check the path and its rights.") from error


def _parse(file: MappedFile) -> tuple[onnx.ModelProto, dict[str, Place]]:
    places: dict[str, Place] = {}
    try:
        proto = onnx.ModelProto.FromString(b"".join(_without_weights(file, places)))
    except WireError as error:
        raise _not_onnx(file, error) from error
    except (DecodeError, UnicodeDecodeError) as error:
        raise refused(file.path, "It is not an ONNX file.", FROM_FILE_FIX) from error
    if not proto.HasField("graph"):
        raise refused(file.path, "It is not an ONNX file: there is no network in it.", FROM_FILE_FIX)
    if proto.graph.sparse_initializer:
        name = proto.graph.sparse_initializer[0].values.name
        raise refused(file.path, f"It stores the weight “{name}” in sparse form.", "Export it with dense weights.")
    if not proto.opset_import:
        raise refused(file.path, "It does not say which operators it uses: it may be cut short.", FROM_FILE_FIX)
    return proto, places


def _not_onnx(file: MappedFile, error: WireError) -> BadInput:
    start = file.data[:64]
    if start.startswith(b"version https://git-lfs"):
        return refused(file.path, "It is a Git LFS pointer, not the network itself.", "Run git lfs pull.")
    if error.cut_short and start[:1] == b"\x08":  # every ONNX file begins with its IR version
        return refused(file.path, f"It is cut short: {len(file):,} bytes are not all of it.", FROM_FILE_FIX)
    return refused(file.path, "It is not an ONNX file.", FROM_FILE_FIX)


def _without_weights(file: MappedFile, places: dict[str, Place]) -> Iterable[bytes]:
    """The file's bytes less the large `raw_data` of its initializers; `places` is told where each of those lies."""
    data = file.data
    for field in fields(data, 0, len(data)):
        if field.number != GRAPH:
            yield data[field.start : field.stop]
            continue
        graph = b"".join(_small_graph(file, field.value, field.stop, places))
        yield head(GRAPH, len(graph)) + graph


def _small_graph(file: MappedFile, start: int, stop: int, places: dict[str, Place]) -> Iterable[bytes]:
    for field in fields(file.data, start, stop):
        if field.number != INITIALIZER or field.stop - field.value <= BIG:
            yield file.data[field.start : field.stop]
            continue
        tensor = _small_tensor(file, field.value, field.stop, places)
        yield head(INITIALIZER, len(tensor)) + tensor


def _small_tensor(file: MappedFile, start: int, stop: int, places: dict[str, Place]) -> bytes:
    own = list(fields(file.data, start, stop))
    raw = next((field for field in own if field.number == RAW_DATA), None)
    name = next((file.data[field.value : field.stop] for field in own if field.number == NAME), b"")
    if raw is None or raw.stop - raw.value <= BIG or any(field.number == DATA_LOCATION for field in own):
        return file.data[start:stop]
    places[name.decode()] = (raw.value, raw.stop - raw.value)
    return b"".join(file.data[field.start : field.stop] for field in own if field is not raw)


def _check_inline(path: Path, tensor: onnx.TensorProto, places: dict[str, Place]) -> None:
    """A tensor's claim against the bytes there are, before memory is taken for it."""
    if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.data_type == onnx.TensorProto.STRING:
        return None
    try:
        dtype = ir.DataType(tensor.data_type)
    except ValueError as error:
        raise refused(path, f"The weight “{tensor.name}” has an unknown type.", FROM_FILE_FIX) from error
    claimed = -(-math.prod(tensor.dims) * dtype.bitwidth // 8)
    if tensor.name in places:
        there = places[tensor.name][1]
    elif tensor.HasField("raw_data"):
        there = len(tensor.raw_data)
    else:
        return _check_typed(path, tensor)
    if there != claimed or any(size < 0 for size in tensor.dims):
        raise refused(
            path, f"The weight “{tensor.name}” claims {claimed:,} bytes, and {there:,} are there.", FROM_FILE_FIX
        )
    return None


def _check_typed(path: Path, tensor: onnx.TensorProto) -> None:
    """Values in `float_data` and the like: at most one entry a value (two for complex ones, fewer when packed)."""
    parts = (tensor.float_data, tensor.int32_data, tensor.int64_data, tensor.double_data, tensor.uint64_data)
    there = max(len(part) for part in parts)
    claimed = math.prod(tensor.dims)
    if any(size < 0 for size in tensor.dims) or claimed > 8 * there:
        raise refused(
            path, f"The weight “{tensor.name}” claims {claimed:,} values, and {there:,} are there.", FROM_FILE_FIX
        )


def _check_complete(path: Path, model: ir.Model) -> None:
    """Every value that is read must come from somewhere."""
    there = {*model.graph.inputs, *model.graph.initializers.values()}
    for node in model.graph:
        for value in node.inputs:
            if value is not None and value.producer() is None and value not in there:
                reads = f"Node “{node.name or node.op_type}” reads “{value.name}”, which nothing makes."
                raise refused(path, reads, FROM_FILE_FIX)
    for value in model.graph.outputs:
        if value.producer() is None and value not in there:
            raise refused(path, f"Nothing makes its output “{value.name}”.", FROM_FILE_FIX)


def _point_at_file(path: Path, model: ir.Model, file: MappedFile, places: dict[str, Place]) -> None:
    for name, (offset, length) in places.items():
        value = model.graph.initializers.get(name)
        if value is None or value.const_value is None:
            raise refused(path, f"The weight “{name}” has no place in the graph.", FROM_FILE_FIX)
        value.const_value = _tensor(file, offset, length, value.const_value)


def _tensor(file: MappedFile, offset: int, length: int, like: ir.TensorProtocol) -> ir.TensorProtocol:
    """Values smaller than a byte are unpacked by onnx_ir; all others are views."""
    shape, name = ir.Shape(like.shape.numpy()), like.name or ""
    if like.dtype.bitwidth >= 8:
        return MappedTensor(file, offset, like.dtype, shape, name)
    packed = onnx.TensorProto(name=name, data_type=like.dtype.value, dims=shape.numpy())
    packed.raw_data = file.data[offset : offset + length]
    return ir.serde.TensorProtoTensor(packed)


def _load_external(path: Path, model: ir.Model) -> bool:
    """Map the files that weights lie in. True when there are none: the network is a single file."""
    files: dict[Path, MappedFile] = {}
    single = True
    for graph in model.graphs():
        for value in graph.initializers.values():
            if isinstance(value.const_value, ir.ExternalTensor):
                value.const_value = _external(path, value.const_value, f"The weight “{value.name}”", files)
                single = False
    for node in ir.traversal.RecursiveGraphIterator(model.graph):
        for name, attribute in list(node.attributes.items()):
            if attribute.type == ir.AttributeType.TENSOR and isinstance(attribute.value, ir.ExternalTensor):
                tensor = _external(path, attribute.value, f"Node “{node.name or node.op_type}”", files)
                node.attributes[name] = ir.AttrTensor(name, tensor)
                single = False
    return single


def _external(path: Path, tensor: ir.ExternalTensor, who: str, files: dict[Path, MappedFile]) -> ir.TensorProtocol:
    """The tensor in its file, which must lie in the network's own folder and be long enough."""
    location = os.fsdecode(cast("Any", tensor).location)
    folder = path.parent.resolve()
    place = (folder / location).resolve()
    if not place.is_relative_to(folder):
        raise refused(
            path,
            f"{who} reads weights from {location}, outside the file’s folder.",
            f"Move {Path(location).name} beside it, or export with the weights inside.",
        )
    if not place.is_file():
        raise refused(path, f"{who} reads weights from {location}, which is not there.", f"Put {location} beside it.")
    offset = tensor.offset or 0
    length = tensor.length if tensor.length is not None else tensor.nbytes
    size = place.stat().st_size
    if offset < 0 or length < tensor.nbytes or offset + length > size:
        reads = f"bytes {offset:,} to {offset + max(length, tensor.nbytes):,} of {location}"
        raise refused(path, f"{who} reads {reads}, which has {size:,}.", FROM_FILE_FIX)
    if tensor.nbytes == 0:
        return ir.Tensor(tensor.numpy(), dtype=tensor.dtype, name=tensor.name)
    if place not in files:
        files[place] = _map(place)
    return _tensor(files[place], offset, tensor.nbytes, tensor)
