"""A model as the bytes of one ONNX file, weights inline, one weight in memory at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator

import onnx_ir as ir

from profiler.wire import fields, head

GRAPH, INITIALIZER = 7, 5  # ModelProto.graph, GraphProto.initializer
RAW_DATA, EXTERNAL_DATA, DATA_LOCATION = 9, 13, 14  # of TensorProto
BIG = 1024  # bytes; smaller tensors travel inside the skeleton, where shape inference can see them
LARGEST_FILE = 2**31 - 1  # what protobuf reads


def skeleton(model: ir.Model) -> tuple[bytes, list[ir.TensorProtocol]]:
    """The serialised model with its big initializers marked external and left out, and those, in the file's order."""
    copy = model.clone()
    left_out: list[ir.TensorProtocol] = []
    for value in copy.graph.initializers.values():
        tensor = value.const_value
        if tensor is None or tensor.dtype == ir.DataType.STRING:
            continue
        if tensor.nbytes > BIG:
            value.const_value = _marker(tensor, value.name or "")
            left_out.append(tensor)
        elif isinstance(tensor, ir.ExternalTensor):
            value.const_value = _inline(tensor)
    _inline_the_rest(copy)
    return ir.serde.serialize_model(copy).SerializeToString(deterministic=True), left_out


def _marker(tensor: ir.TensorProtocol, name: str) -> ir.ExternalTensor:
    shape = ir.Shape(tensor.shape.numpy())
    return ir.ExternalTensor("left-out", 0, 0, tensor.dtype, shape=shape, name=name, doc_string=tensor.doc_string)


def _inline(tensor: ir.ExternalTensor) -> ir.TensorProtocol:
    return ir.Tensor(tensor.numpy(), dtype=tensor.dtype, shape=tensor.shape, name=tensor.name)


def _inline_the_rest(model: ir.Model) -> None:
    """Tensors of subgraphs and attributes that lie in other files: few and small, so they are simply read."""
    for graph in model.graphs():
        if graph is not model.graph:
            for value in graph.initializers.values():
                if isinstance(value.const_value, ir.ExternalTensor):
                    value.const_value = _inline(value.const_value)
    for node in ir.traversal.RecursiveGraphIterator(model.graph):
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
    if not any(field.number == DATA_LOCATION for field in own):
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
