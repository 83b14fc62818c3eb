"""The shape and type of every value of a network as it was read, without the copy that inferring them takes.

What a file says of a value in full stands: ONNX's inference never changes it. So only the nodes of whose results it
says less are gone through, and those that make the outputs, for what is said of these is not believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import onnx
import onnx_ir as ir
from onnx import shape_inference

from profiler import shapes


class Known(NamedTuple):
    """What is known of a value."""

    shape: tuple[int, ...]
    dtype: ir.DataType


def followed(model: ir.Model, outline: bytes) -> dict[str, Known]:
    """The inputs and every value that a node makes, by name, an open batch as 1; nothing if one of them stays unknown.

    `outline` is the model serialised less its large tensors.
    """
    inputs, symbols = shapes.batch_of_one(model)
    said, proto = _said(model.graph, symbols), onnx.ModelProto.FromString(outline)
    nodes = proto.graph.node
    told = {"", *said}
    untold = [node for node in nodes if not told.issuperset(node.output[:])]
    if len(untold) < len(nodes):
        found = said | _inferred(shapes.bound(_part(proto, untold), inputs, symbols))
        if _has_all(found, nodes):
            return found
    found = _inferred(shapes.bound(proto, inputs, symbols))  # a shape may depend on numbers that others work out
    return found if _has_all(found, nodes) else {}


def _said(graph: ir.Graph, symbols: Mapping[str, int]) -> dict[str, Known]:
    """What the file says in full, by name; values that are shaped alike share their shape."""
    found: dict[str, Known] = {}
    sizes: dict[int, tuple[int, ...] | None] = {}
    for node in graph:
        for value in node.outputs:
            shape, kind = value.shape, value.type
            if shape is None or not isinstance(kind, ir.TensorType) or value.is_graph_output():
                continue
            if id(shape) not in sizes:
                sizes[id(shape)] = shapes.numbers(shape, symbols)
            known = sizes[id(shape)]
            if known is not None and kind.dtype != ir.DataType.UNDEFINED:
                found[value.name or ""] = Known(known, kind.dtype)
    return found


def _part(whole: onnx.ModelProto, nodes: Sequence[onnx.NodeProto]) -> onnx.ModelProto:
    """The model with these nodes alone, and what they read and make."""
    near = {name for node in nodes for name in (*node.input, *node.output)}
    graph = onnx.GraphProto(
        name=whole.graph.name,
        node=nodes,
        input=whole.graph.input,
        output=whole.graph.output,
        initializer=[tensor for tensor in whole.graph.initializer if tensor.name in near],
        value_info=[info for info in whole.graph.value_info if info.name in near],
    )
    return onnx.ModelProto(ir_version=whole.ir_version, opset_import=whole.opset_import, graph=graph)


def _inferred(proto: onnx.ModelProto) -> dict[str, Known]:
    """What ONNX's inference finds in full, by name."""
    try:
        proto = shape_inference.infer_shapes(shapes.known_to_onnx(proto), check_type=False, data_prop=True)
    except (shape_inference.InferenceError, RuntimeError, ValueError):
        return {}
    found: dict[str, Known] = {}
    read: dict[bytes, Known | None] = {}  # many values are shaped alike
    for info in (*proto.graph.input, *proto.graph.value_info, *proto.graph.output):
        said = info.type.SerializeToString()
        if said not in read:
            read[said] = _known(info.type.tensor_type)
        known = read[said]
        if known is not None:
            found[info.name] = known
    return found


def _known(tensor: onnx.TypeProto.Tensor) -> Known | None:
    sizes = [dim.dim_value if dim.HasField("dim_value") else -1 for dim in tensor.shape.dim]
    if -1 in sizes or not tensor.HasField("shape") or not tensor.elem_type:
        return None
    return Known(tuple(sizes), ir.DataType(tensor.elem_type))


def _has_all(found: Mapping[str, Known], nodes: Iterable[onnx.NodeProto]) -> bool:
    names = {"", *found}
    return all(names.issuperset(node.output[:]) for node in nodes)
