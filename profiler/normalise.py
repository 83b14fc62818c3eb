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
from profiler.rewriting import add_initializer, constant, free_name, replace

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
            replace(model, node, ir.node("Flatten", [node.inputs[0]], {"axis": 1}, name=node.name))
        elif node.op_type == "Conv":
            _take_in_bias(model, node)
    _open_batch(model)
    return Network.from_model(model, name=network.name, path=network.path, input_recipe=network.input_recipe)


def _flattens(node: ir.Node) -> bool:
    """It keeps the first axis and joins all others."""
    x, target = node.inputs[0], constant(node.inputs[1])
    if x is None or x.shape is None or target is None or target.size != 2 or len(x.shape) < 2:
        return False
    rest = [size for size in list(x.shape)[1:] if isinstance(size, int)]
    if len(rest) != len(x.shape) - 1:
        return False
    first, second = (int(size) for size in target)
    keeps = first == x.shape[0] or (first == 0 and not node.attributes.get_int("allowzero", 0))
    return (keeps and second in (-1, prod(rest))) or (first == -1 and second == prod(rest))


def _take_in_bias(model: ir.Model, conv: ir.Node) -> None:
    """Conv, then Add of one number a filter: the bias written apart."""
    uses = list(conv.outputs[0].uses())
    has_bias = len(conv.inputs) > 2 and conv.inputs[2] is not None
    if has_bias or len(uses) != 1 or uses[0].node.op_type != "Add" or conv.outputs[0].is_graph_output():
        return
    add = uses[0].node
    other = add.inputs[1 - uses[0].idx]
    values, kernel = constant(other), shapes.known(conv.inputs[1])
    if values is None or kernel is None or other is None or not _one_a_filter(values, kernel):
        return
    name = free_name(model, f"{conv.name}.bias")
    bias = add_initializer(model, name, values.reshape(-1))
    attributes = list(conv.attributes.values())
    joined = ir.Node("", "Conv", [conv.inputs[0], conv.inputs[1], bias], attributes, name=conv.name)
    replace(model, add, joined)
    model.graph.remove(conv, safe=True)


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
