"""A network made ready for rewriting: what exporters bake in is written so that sizes may change. Names are kept."""

from __future__ import annotations

import contextlib
from math import prod

import numpy as np
import onnx_ir as ir

from profiler import shapes
from profiler.errors import BadInput
from profiler.functions import inlined
from profiler.network import Network

BATCH = "N"


def normalised(network: Network) -> Network:
    """The same function of the same inputs, on a copy: a file is otherwise kept as it was read.

    The model’s own functions are replaced by what they do, Constants become initializers, a Reshape that flattens
    becomes Flatten, an Add of one number a channel goes into its convolution as the bias, and a batch fixed at 1 is
    opened where nothing else depends on it.
    """
    model = inlined(network.edit())
    shapes.lift_constants(model)
    shapes.infer(model)
    for node in list(model.graph):
        if node.op_type == "Reshape" and _flattens(node):
            _replace(model, node, ir.node("Flatten", [node.inputs[0]], {"axis": 1}, name=node.name))
        elif node.op_type == "Conv":
            _take_in_bias(model, node)
    _open_batch(model)
    return Network.from_model(model, name=network.name, path=network.path, input_recipe=network.input_recipe)


def _constant(value: ir.Value | None) -> np.ndarray | None:
    """The values of an initializer; None for anything else."""
    if value is None or not value.is_initializer() or value.const_value is None:
        return None
    return value.const_value.numpy()


def _flattens(node: ir.Node) -> bool:
    """It keeps the first axis and joins all others."""
    x, target = node.inputs[0], _constant(node.inputs[1])
    if x is None or x.shape is None or target is None or target.size != 2 or len(x.shape) < 2:
        return False
    rest = [size for size in list(x.shape)[1:] if isinstance(size, int)]
    if len(rest) != len(x.shape) - 1:
        return False
    first, second = (int(size) for size in target)
    keeps = first == x.shape[0] or (first == 0 and not node.attributes.get_int("allowzero", 0))
    return (keeps and second in (-1, prod(rest))) or (first == -1 and second == prod(rest))


def _replace(model: ir.Model, old: ir.Node, new: ir.Node) -> None:
    """Put `new` in the place of `old`; its output takes over the name and the readers."""
    stored = [value for value in old.inputs if value is not None and value.is_initializer()]
    before, after = old.outputs[0], new.outputs[0]
    after.type, after.shape = before.type, before.shape
    ir.convenience.replace_nodes_and_values(model.graph, old, [old], [new], [before], [after])
    after.name = before.name
    _drop_unused(model, stored)


def _drop_unused(model: ir.Model, values: list[ir.Value]) -> None:
    for value in values:
        if not value.uses() and not value.is_graph_output():
            model.graph.initializers.pop(value.name or "", None)


def _take_in_bias(model: ir.Model, conv: ir.Node) -> None:
    """Conv, then Add of one number a filter: the bias written apart."""
    uses = list(conv.outputs[0].uses())
    has_bias = len(conv.inputs) > 2 and conv.inputs[2] is not None
    if has_bias or len(uses) != 1 or uses[0].node.op_type != "Add" or conv.outputs[0].is_graph_output():
        return
    add = uses[0].node
    other = add.inputs[1 - uses[0].idx]
    values, kernel = _constant(other), shapes.known(conv.inputs[1])
    if values is None or kernel is None or other is None or not _one_a_filter(values, kernel):
        return
    name = _free_name(model, f"{conv.name}.bias")
    tensor = ir.Tensor(np.ascontiguousarray(values.reshape(-1)), name=name)
    bias = ir.Value(name=name, type=other.type, shape=ir.Shape(tensor.shape.numpy()), const_value=tensor)
    model.graph.register_initializer(bias)
    attributes = list(conv.attributes.values())
    joined = ir.Node("", "Conv", [conv.inputs[0], conv.inputs[1], bias], attributes, name=conv.name)
    _replace(model, add, joined)
    model.graph.remove(conv, safe=True)


def _free_name(model: ir.Model, wanted: str) -> str:
    taken = {value.name for node in model.graph for value in (*node.inputs, *node.outputs) if value is not None}
    taken |= model.graph.initializers.keys()
    name, count = wanted, 1
    while name in taken:
        count += 1
        name = f"{wanted}_{count}"
    return name


def _one_a_filter(values: np.ndarray, kernel: tuple[int, ...]) -> bool:
    """Shaped (T, 1, 1) or (1, T, 1, 1), so that it spreads over the picture only."""
    spatial = len(kernel) - 2
    column = (kernel[0],) + (1,) * spatial
    return values.shape in (column, (1, *column))


def _open_batch(model: ir.Model) -> None:
    """Make a batch of 1 symbolic, if with a batch of 2 every output has two rows."""
    inputs = shapes.real_inputs(model)
    before = [shapes.dims(value.shape) for value in inputs]
    if not before or any(not sizes or sizes[0] != 1 or sizes == shapes.NO_RANK for sizes in before):
        return
    trial = model.clone()
    for value, sizes in zip(shapes.real_inputs(trial), before, strict=True):
        value.shape = ir.Shape([2, *sizes[1:]])
    with contextlib.suppress(BadInput):
        shapes.refresh(trial)
        if all(shapes.dims(output.shape)[:1] == (2,) for output in trial.graph.outputs):
            for value, sizes in zip(inputs, before, strict=True):
                value.shape = ir.Shape([BATCH, *sizes[1:]])
            shapes.refresh(model)
