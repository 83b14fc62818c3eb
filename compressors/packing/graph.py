"""The graph of a packed network, with its weights put back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import onnx
import onnx_ir as ir
from google.protobuf.message import DecodeError

from compressors.packing.container import refused
from profiler.network import Network


def network_of(path: Path, name: str, graph: bytes, tensors: Mapping[str, ir.TensorProtocol]) -> Network:
    """The network. Raises BadInput when graph and tensors do not belong together, or it points to other files."""
    model = _model(path, graph)
    wanted = {value.name: value for value in model.graph.initializers.values() if _outside(value.const_value)}
    if wanted.keys() != tensors.keys():
        other = sorted(str(weight) for weight in wanted.keys() ^ tensors.keys())
        raise refused(path, f"Its graph and its weights do not belong together: “{other[0]}”.")
    for weight, tensor in tensors.items():
        _put(path, wanted[weight], tensor)
    for where, tensor in _tensors(model):
        _check(path, where, tensor)
    return Network.from_model(model, name=name)


def _model(path: Path, graph: bytes) -> ir.Model:
    try:
        return ir.serde.deserialize_model(onnx.ModelProto.FromString(graph))
    except DecodeError as error:
        raise refused(path, "Its graph is not an ONNX graph.") from error
    except Exception as error:  # onnx_ir wraps whatever a malformed graph makes it raise
        raise refused(path, f"Its graph is malformed: {type(error).__name__}.") from error


def _put(path: Path, value: ir.Value, tensor: ir.TensorProtocol) -> None:
    marker = value.const_value
    assert marker is not None
    if marker.dtype != tensor.dtype or tuple(marker.shape.numpy()) != tuple(tensor.shape.numpy()):
        raise refused(path, f"The weight “{value.name}” has another shape or type than the graph says.")
    if isinstance(tensor, ir.Tensor):
        tensor.doc_string = marker.doc_string
    value.const_value = tensor


def _tensors(model: ir.Model) -> Iterator[tuple[str, ir.TensorProtocol]]:
    """Every tensor of the graph, its subgraphs and its functions, with words that say where it is."""
    for graph in model.graphs():
        for value in graph.initializers.values():
            if value.const_value is not None:
                yield f"The weight “{value.name}”", value.const_value
    for owner in (model.graph, *model.functions.values()):
        for node in ir.traversal.RecursiveGraphIterator(owner):
            for attribute in node.attributes.values():
                if attribute.type == ir.AttributeType.TENSOR and not attribute.is_ref():
                    yield f"Node “{node.name or node.op_type}”", attribute.as_tensor()
                elif attribute.type == ir.AttributeType.TENSORS and not attribute.is_ref():
                    yield from ((f"Node “{node.name or node.op_type}”", one) for one in attribute.as_tensors())


def _check(path: Path, where: str, tensor: ir.TensorProtocol) -> None:
    """A small tensor lies inside the graph, and is as large as it says: asked before anyone uses it."""
    if _outside(tensor):
        raise refused(path, f"{where} points to another file, which a packed network never does.")
    if tensor.dtype == ir.DataType.STRING or not isinstance(tensor, ir.TensorProtoTensor):
        return
    try:
        tensor.numpy()
    except Exception as error:  # a false claim fails in numpy or onnx_ir in many ways
        raise refused(path, f"{where} has other data than its shape says.") from error


def _outside(tensor: ir.TensorProtocol | None) -> bool:
    return isinstance(tensor, ir.ExternalTensor)
