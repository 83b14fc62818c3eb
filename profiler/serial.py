"""A model as the bytes of one ONNX file, weights inline, one weight in memory at a time."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from copy import copy
from typing import Any, cast

import onnx
import onnx_ir as ir

from profiler import malformed
from profiler.wire import fields, head

# It warns of values that nothing makes, which `formats` refuses with the file's name, and of initializers without
# values, which is what is written here.
logging.getLogger("onnx_ir").setLevel(logging.ERROR)

GRAPH, INITIALIZER = 7, 5  # ModelProto.graph, GraphProto.initializer
RAW_DATA, EXTERNAL_DATA, DATA_LOCATION = 9, 13, 14  # of TensorProto
EXTERNAL = 1  # TensorProto.DataLocation
BIG = 1024  # bytes; smaller tensors travel inside the skeleton, where shape inference can see them
LARGEST_FILE = 2**31 - 1  # what protobuf reads


def skeleton(model: ir.Model) -> tuple[bytes, list[ir.TensorProtocol]]:
    """The serialised model with its big initializers marked external and left out, and those, in the file's order.

    Raises BadInput when something in the model cannot be written.
    """
    with malformed.told("The network could not be written."):
        return _skeleton(model)


def _skeleton(model: ir.Model) -> tuple[bytes, list[ir.TensorProtocol]]:
    if any(isinstance(tensor, ir.ExternalTensor) for tensor in inner_tensors(model)):
        model = model.clone()
        _inline_the_rest(model)
    stored = [(value, value.const_value) for value in model.graph.initializers.values()]
    proto = ir.serde.serialize_model(_without_values(model))
    left_out: list[ir.TensorProtocol] = []
    for value, tensor in stored:
        if tensor is None:
            continue
        into = proto.graph.initializer.add()
        if tensor.dtype != ir.DataType.STRING and tensor.nbytes > BIG:
            _mark(into, tensor)
            left_out.append(tensor)
        else:
            ir.serde.serialize_tensor_into(into, _inline(tensor))
        into.name = value.name or ""
    return proto.SerializeToString(deterministic=True), left_out


def _without_values(model: ir.Model) -> ir.Model:
    """A view of the model whose initializers have no values: cloning the graph would take twice as long."""
    graph = model.graph
    light: Any = copy(model)
    light.graph = ir.GraphView(
        graph.inputs,
        graph.outputs,
        nodes=graph,
        initializers=[_bare(value) for value in graph.initializers.values()],
        doc_string=graph.doc_string,
        opset_imports=graph.opset_imports,
        name=graph.name,
        metadata_props=graph.metadata_props,
    )
    return light


def _bare(value: ir.Value) -> ir.Value:
    """The name and what was said about it; its type and shape are those of the tensor, which follows."""
    bare = ir.Value(name=value.name, doc_string=value.doc_string)
    if value.metadata_props:
        bare.metadata_props.update(value.metadata_props)
    if value.meta:
        cast("dict[str, Any]", bare.meta).update(value.meta)
    return bare


def _mark(into: onnx.TensorProto, tensor: ir.TensorProtocol) -> None:
    into.data_type, into.data_location = tensor.dtype.value, onnx.TensorProto.EXTERNAL
    into.dims.extend(tensor.shape.numpy())
    if tensor.doc_string:
        into.doc_string = tensor.doc_string
    for key, value in (("location", "left-out"), ("offset", "0"), ("length", "0")):
        entry = into.external_data.add()
        entry.key, entry.value = key, value


def _inline(tensor: ir.TensorProtocol) -> ir.TensorProtocol:
    if not isinstance(tensor, ir.ExternalTensor):
        return tensor
    return ir.Tensor(tensor.numpy(), dtype=tensor.dtype, shape=tensor.shape, name=tensor.name)


def inner_tensors(model: ir.Model) -> Iterator[ir.TensorProtocol]:
    """Tensors of subgraphs and of nodes' attributes."""
    for graph in model.graphs():
        if graph is not model.graph:
            yield from (value.const_value for value in graph.initializers.values() if value.const_value is not None)
        for node in graph:
            for attribute in node.attributes.values():
                if attribute.type == ir.AttributeType.TENSOR and not attribute.is_ref():
                    yield attribute.value


def _inline_the_rest(model: ir.Model) -> None:
    """Tensors of subgraphs and attributes that lie in other files, read."""
    for graph in model.graphs():
        if graph is not model.graph:
            for value in graph.initializers.values():
                if value.const_value is not None:
                    value.const_value = _inline(value.const_value)
        for node in graph:
            for name, attribute in list(node.attributes.items()):
                if attribute.type == ir.AttributeType.TENSOR and isinstance(attribute.value, ir.ExternalTensor):
                    node.attributes[name] = ir.AttrTensor(name, _inline(attribute.value))


def size_in_bytes(model: ir.Model) -> int:
    """About how long the file will be: never more than some kilobytes off."""
    return sum(value.const_value.nbytes for value in model.graph.initializers.values() if value.const_value)


def chunks(model: ir.Model) -> Iterator[bytes]:
    """The bytes of the file, in pieces. The same model gives the same bytes each time."""
    data, tensors = skeleton(model)
    waiting = iter(tensors)
    for field in fields(data, 0, len(data)):
        if field.number == GRAPH:
            yield from _graph(data, field.value, field.stop, waiting)
        else:
            yield data[field.start : field.stop]


def _graph(data: bytes, start: int, stop: int, waiting: Iterator[ir.TensorProtocol]) -> Iterator[bytes]:
    parts: list[tuple[bytes, ir.TensorProtocol | None]] = []
    for field in fields(data, start, stop):
        kept = _without_marker(data, field.value, field.stop) if field.number == INITIALIZER else None
        if kept is None:
            parts.append((data[field.start : field.stop], None))
            continue
        tensor = next(waiting)
        lead = kept + head(RAW_DATA, tensor.nbytes)
        parts.append((head(INITIALIZER, len(lead) + tensor.nbytes) + lead, tensor))
    yield head(GRAPH, sum(len(lead) + (tensor.nbytes if tensor is not None else 0) for lead, tensor in parts))
    for lead, tensor in parts:
        yield lead
        if tensor is not None:
            yield _exactly(tensor)


def _without_marker(data: bytes, start: int, stop: int) -> bytes | None:
    """The TensorProto less what marks it external; None when it is not marked."""
    own = list(fields(data, start, stop))
    if not any(field.number == DATA_LOCATION and data[field.value] == EXTERNAL for field in own):
        return None
    return b"".join(
        data[field.start : field.stop] for field in own if field.number not in (EXTERNAL_DATA, DATA_LOCATION)
    )


def _exactly(tensor: ir.TensorProtocol) -> bytes:
    """Its bytes, which must be as many as its shape says: the lengths before them are written already."""
    raw = tensor.tobytes()
    if len(raw) != tensor.nbytes:
        elements = math.prod(tensor.shape.numpy())
        raise ValueError(f"“{tensor.name}” has {len(raw)} bytes for {elements} values.")
    return raw
