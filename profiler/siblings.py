"""Layers side by side: on one input, alike in their attributes. Merging them is exact."""

from __future__ import annotations

from collections.abc import Hashable

import onnx_ir as ir

from profiler import shapes
from profiler.costs import tensor_bytes
from profiler.fusion import Siblings
from profiler.layer import Reader

MERGED = frozenset(("Conv", "Gemm", "MatMul"))


def siblings(model: ir.Model) -> tuple[Siblings, ...]:
    """Groups of two or more, in the order of the first of each. `model` is one that `costs.prepared` made."""
    reader = Reader(model)
    groups: dict[tuple[Hashable, ...], list[ir.Node]] = {}
    for node in model.graph:
        key = _likeness(node, reader)
        if key is not None:
            groups.setdefault(key, []).append(node)
    return tuple(_told(nodes) for nodes in groups.values() if len(nodes) > 1)


def _likeness(node: ir.Node, reader: Reader) -> tuple[Hashable, ...] | None:
    """Equal for nodes that one kernel could do; None for what is no such layer."""
    if node.domain not in ("", "ai.onnx") or node.op_type not in MERGED or len(node.inputs) < 2:
        return None
    x, weight = node.inputs[0], node.inputs[1]
    if x is None or weight is None or reader.is_constant(x) or not reader.is_constant(weight):
        return None
    shape = shapes.known(weight)
    if shape is None or (node.op_type == "MatMul" and len(shape) != 2):
        return None
    if node.op_type == "Conv" and node.attributes.get_int("group", 1) != 1:
        return None  # the groups of one would read the channels of another
    if node.op_type == "Conv":
        same: tuple[Hashable, ...] = shape[1:]
    else:
        transposed = node.op_type == "Gemm" and node.attributes.get_int("transB", 0)
        same = (shape[1] if transposed else shape[0],)
    return (x, node.op_type, weight.dtype, _has_bias(node, reader), same, _attributes(node))


def _has_bias(node: ir.Node, reader: Reader) -> str:
    """One without a bias can be given one of zeros; one that is computed cannot be put behind another."""
    bias = node.inputs[2] if len(node.inputs) > 2 else None
    return "stored or none" if bias is None or reader.is_constant(bias) else f"computed by {node.name}"


def _attributes(node: ir.Node) -> tuple[Hashable, ...]:
    """All that the operator's result depends on but its filters, defaults written out."""
    if node.op_type == "MatMul":
        return ()
    if node.op_type == "Gemm":
        integers = tuple(node.attributes.get_int(name, 0) for name in ("transA", "transB"))
        return (*integers, *(node.attributes.get_float(name, 1.0) for name in ("alpha", "beta")))
    axes = len(shapes.known(node.inputs[1]) or ()) - 2
    auto = node.attributes.get_string("auto_pad", "NOTSET") or "NOTSET"
    lists = {"strides": (1,) * axes, "dilations": (1,) * axes, "pads": (0,) * (2 * axes)}
    found = [tuple(node.attributes.get_ints(name, default)) for name, default in lists.items()]
    return (auto, *found)


def _told(nodes: list[ir.Node]) -> Siblings:
    x = nodes[0].inputs[0]
    assert x is not None
    maker = x.producer()
    size = tensor_bytes(x)
    outputs = [tensor_bytes(node.outputs[0]) for node in nodes]
    return Siblings(
        input=x.name or "",
        made_by=(maker.name or "") if maker is not None else "",
        layers=tuple(node.name or "" for node in nodes),
        op=nodes[0].op_type,
        weight_shapes=tuple(shapes.known(node.inputs[1]) or () for node in nodes),
        input_bytes=size,
        output_bytes=None if None in outputs else sum(found for found in outputs if found is not None),
        saved_kernels=len(nodes) - 1,
        saved_bytes=None if size is None else size * (len(nodes) - 1),
    )
