"""Which weights stand outside the graph of a packed network: all that are long enough to be coded by themselves."""

from __future__ import annotations

from collections.abc import Mapping

import onnx
import onnx_ir as ir

SHORTEST = 32  # bytes; shorter tensors cost less as part of the graph
DATA = (
    "raw_data", "float_data", "int32_data", "string_data", "int64_data", "double_data", "uint64_data", "external_data",
    "data_location",
)  # fmt: skip


def without(graph: bytes, model: ir.Model) -> tuple[bytes, list[ir.TensorProtocol]]:
    """A skeleton's bytes less the data of every longer initializer, and these, in the graph's order.

    What is left of one has a name, a type and a shape; an initializer whose shape says that it has values, and which
    has none, was left out. A small tensor that is stored in the older, typed fields stays as it is.
    """
    proto = onnx.ModelProto.FromString(graph)
    held = model.graph.initializers
    tensors: list[ir.TensorProtocol] = []
    for entry in proto.graph.initializer:
        tensor = held[entry.name].const_value
        marked = entry.data_location == onnx.TensorProto.EXTERNAL
        if tensor is not None and (marked or len(entry.raw_data) >= SHORTEST):
            for name in DATA:
                entry.ClearField(name)
            tensors.append(tensor)
    return proto.SerializeToString(deterministic=True), tensors


def marked(graph: bytes) -> tuple[bytes, list[onnx.TensorProto]]:
    """The graph with what was left out marked external, as `network_of` wants it, and copies of these entries.

    Raises google.protobuf's DecodeError; ValueError when an entry points to a file already.
    """
    proto = onnx.ModelProto.FromString(graph)
    missing: list[onnx.TensorProto] = []
    for entry in proto.graph.initializer:
        if entry.data_location == onnx.TensorProto.EXTERNAL or entry.external_data:
            raise ValueError(f"the weight “{entry.name}” points to another file")
        if entry.data_type != onnx.TensorProto.STRING and 0 not in entry.dims and not _has_data(entry):
            kept = onnx.TensorProto()
            kept.CopyFrom(entry)
            missing.append(kept)
            entry.data_location = onnx.TensorProto.EXTERNAL
            for key, value in (("location", "left-out"), ("offset", "0"), ("length", "0")):
                entry.external_data.add(key=key, value=value)
    return proto.SerializeToString(deterministic=True), missing


def _has_data(entry: onnx.TensorProto) -> bool:
    filled: Mapping[str, int] = {name: len(getattr(entry, name)) for name in DATA[:-2]}
    return any(filled.values())
