"""Small edits of a graph that rewrites are made of. Each changes the model it is given: work on `Network.edit()`."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir


def constant(value: ir.Value | None) -> np.ndarray | None:
    """The values of an initializer; None for anything else."""
    if value is None or not value.is_initializer() or value.const_value is None:
        return None
    return value.const_value.numpy()


def replace(model: ir.Model, old: ir.Node, new: ir.Node) -> None:
    """Put `new` in the place of `old`; its output takes over the name and the readers."""
    stored = [value for value in old.inputs if value is not None and value.is_initializer()]
    before, after = old.outputs[0], new.outputs[0]
    after.type, after.shape = before.type, before.shape
    ir.convenience.replace_nodes_and_values(model.graph, old, [old], [new], [before], [after])
    after.name = before.name
    drop_unused(model, stored)


def drop_unused(model: ir.Model, values: list[ir.Value]) -> None:
    """Of these initializers, forget those that nothing reads any more."""
    for value in values:
        if not value.uses() and not value.is_graph_output():
            model.graph.initializers.pop(value.name or "", None)


def free_name(model: ir.Model, wanted: str) -> str:
    """`wanted`, or with a number behind it where something is called so."""
    taken = {value.name for node in model.graph for value in (*node.inputs, *node.outputs) if value is not None}
    taken |= model.graph.initializers.keys()
    name, count = wanted, 1
    while name in taken:
        count += 1
        name = f"{wanted}_{count}"
    return name


def add_initializer(model: ir.Model, name: str, values: np.ndarray) -> ir.Value:
    """A new stored tensor. The name must be free (see `free_name`)."""
    tensor = ir.Tensor(np.ascontiguousarray(values), name=name)
    value = ir.Value(
        name=name, type=ir.TensorType(tensor.dtype), shape=ir.Shape(tensor.shape.numpy()), const_value=tensor
    )
    model.graph.register_initializer(value)
    return value


def give(model: ir.Model, node: ir.Node, index: int, values: np.ndarray, part: str) -> ir.Value:
    """Store `values` as this input of a node, under the name of the tensor that was there.

    A tensor that others read too is left to them: then, and where there was none, the name is `NODE.part`.
    """
    old = node.inputs[index] if index < len(node.inputs) else None
    name = old.name if old is not None and old.is_initializer() and only_reader(old) is node else None
    node.resize_inputs(max(index + 1, len(node.inputs)))
    node.replace_input_with(index, None)
    if name:
        model.graph.initializers.pop(name)
    new = add_initializer(model, name or free_name(model, f"{node.name}.{part}"), values)
    node.replace_input_with(index, new)
    return new


def only_reader(value: ir.Value) -> ir.Node | None:
    """The one node that reads a value, where nothing else does and it is no output of the network."""
    uses = list(value.uses())
    return uses[0].node if len(uses) == 1 and not value.is_graph_output() else None


def bypass(model: ir.Model, node: ir.Node) -> None:
    """Take out a node that hands its first input on unchanged; an output of the network keeps its name.

    A node between an input and an output of the network stays: something must stand there.
    """
    before, after = node.inputs[0], node.outputs[0]
    if before is None:
        return
    name = after.name if after.is_graph_output() else None
    if name and (before.is_graph_input() or before.is_initializer() or before.is_graph_output()):
        return
    stored = [value for value in node.inputs if value is not None and value.is_initializer()]
    ir.convenience.replace_all_uses_with(after, before, replace_graph_outputs=True)
    model.graph.remove(node, safe=True)
    before.name = name or before.name
    drop_unused(model, stored)
