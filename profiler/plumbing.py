"""Sizes that a graph computes while it runs (Shape, Gather, Concat …, Reshape), worked out beforehand.

ONNX's own inference follows some of these chains and gives up at others. With a fixed input they are plain arithmetic.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
from onnx.reference import ReferenceEvaluator

from profiler.malformed import SIGNS

FEW = 4096  # values: what computes sizes is small
COMPARES = frozenset(("And", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not", "Or", "Where"))
RECKONS = frozenset(("Abs", "Add", "Cast", "Ceil", "Div", "Floor", "Max", "Min", "Mod", "Mul", "Neg", "Sqrt", "Sub"))
SUMS_UP = frozenset(("ReduceMax", "ReduceMin", "ReduceProd", "ReduceSum", "Size"))
MOVES = frozenset(("Concat", "Flatten", "Gather", "Identity", "Reshape", "Slice", "Split", "Squeeze", "Transpose"))
GROWS = frozenset(("ConstantOfShape", "Expand", "Range", "Tile"))
PLUMBING = COMPARES | RECKONS | SUMS_UP | MOVES | GROWS | {"Unsqueeze"}


def settled(model: ir.Model) -> ir.Model | None:
    """A copy in which everything that follows from known shapes and small constants is stored; None when nothing does.

    It serves to infer shapes, not to run: names of values are kept, nodes are not.
    """
    copy = model.clone()
    found = [node for node in list(copy.graph) if settle(copy, node)]
    return copy if found else None


def settle(model: ir.Model, node: ir.Node) -> bool:
    """Replace one node of the main graph by its values, where they follow; True when they do."""
    if node.domain not in ("", "ai.onnx") or len(node.outputs) != 1:
        return False
    values = _shape_of(node) if node.op_type == "Shape" else _computed(model, node)
    if values is None or values.size > FEW:
        return False
    old = node.outputs[0]
    tensor = ir.Tensor(values, name=old.name)
    new = ir.Value(name=old.name, const_value=tensor, shape=tensor.shape, type=ir.TensorType(tensor.dtype))
    was_output = old.is_graph_output()
    ir.convenience.replace_all_uses_with(old, new, replace_graph_outputs=was_output)
    model.graph.remove(node, safe=True)
    model.graph.register_initializer(new)
    return True


def _shape_of(node: ir.Node) -> np.ndarray | None:
    x = node.inputs[0]
    if x is None or x.shape is None:
        return None
    start, end = node.attributes.get_int("start", 0), node.attributes.get_int("end", len(x.shape))
    sizes = list(x.shape)[start:end]
    return np.array(sizes, np.int64) if all(isinstance(size, int) for size in sizes) else None


def _computed(model: ir.Model, node: ir.Node) -> np.ndarray | None:
    if node.op_type not in PLUMBING:
        return None
    feeds: dict[str, np.ndarray] = {}
    for value in node.inputs:
        if value is None:
            continue
        if not value.is_initializer() or value.const_value is None or value.const_value.size > FEW:
            return None
        feeds[value.name or ""] = value.const_value.numpy()
    given = [feeds[value.name or ""] for value in node.inputs if value is not None]
    if node.op_type in GROWS and _too_many(node.op_type, given):
        return None
    return _evaluated(model, node, feeds)


def _too_many(op: str, given: list[np.ndarray]) -> bool:
    """A few numbers can ask for many values."""
    if op == "Range":
        if [value.size for value in given] != [1, 1, 1]:
            return True
        start, limit, step = (float(value.reshape(-1)[0]) for value in given)
        return step == 0 or not abs(limit - start) <= FEW * abs(step)
    return not given or prod(int(size) for size in given[-1].reshape(-1)) > FEW


def _evaluated(model: ir.Model, node: ir.Node, feeds: dict[str, np.ndarray]) -> np.ndarray | None:
    """The node alone, by ONNX's reference implementation; None when it refuses."""
    proto = ir.serde.serialize_node(node)
    inputs = [onnx.helper.make_value_info(name, onnx.TypeProto()) for name in feeds]
    outputs = [onnx.helper.make_value_info(node.outputs[0].name or "", onnx.TypeProto())]
    graph = onnx.helper.make_graph([proto], "one", inputs, outputs)
    opset = onnx.helper.make_opsetid("", model.opset_imports.get("", 13))
    try:
        evaluator: Any = ReferenceEvaluator(onnx.helper.make_model(graph, opset_imports=[opset]))
        (result,) = evaluator.run(None, feeds)
    except (*SIGNS, NotImplementedError):
        return None
    return np.asarray(result)
