"""What If, Loop and Scan cost: the graphs they run, each counted like a network, and how often.

Which branch of an If runs is known only when it runs, so its larger branch counts. A Loop or a Scan counts as its body
times its turns; where their number follows from values that are not stored, the operations are unknown, never zero.
What one turn takes is told either way. Their parameters are those of all branches: all are in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import onnx_ir as ir

from profiler import shapes
from profiler.breakdown import KINDS, Kind, LayerCost
from profiler.operators import Work

Count = Callable[[ir.Model], list[LayerCost]]


class Inner(NamedTuple):
    """What running one graph takes; None when something in it is not known."""

    kind: Kind
    macs: int | None
    bias_adds: int | None


class Run(NamedTuple):
    """A node that runs graphs: its work, the layers within, and a sentence for people."""

    work: Work
    layers: list[LayerCost]
    note: str


def if_(model: ir.Model, node: ir.Node, count: Count) -> Run:
    """The branch that takes more operations; a branch chosen by a stored condition, if it is."""
    branches = {
        name: node.attributes[name].as_graph() for name in ("then_branch", "else_branch") if name in node.attributes
    }
    chosen = _stored_number(node.inputs[0])
    if chosen is not None:
        branches = {name: graph for name, graph in branches.items() if (name == "then_branch") == bool(chosen)}
    layers = {name: count(_alone(model, graph, [])) for name, graph in branches.items()}
    sums = {name: _sum(found) for name, found in layers.items()}
    every = [layer for found in layers.values() for layer in found]
    if not sums or any(inner.macs is None for inner in sums.values()):
        return Run(Work(_kind(every), None, None), every, _unknown(every))
    largest = max(sums.values(), key=lambda inner: (inner.macs or 0, inner.bias_adds or 0))
    note = ""
    if len({(inner.macs, inner.bias_adds) for inner in sums.values()}) > 1:
        told = ", ".join(f"{inner.macs:,} in its {name}" for name, inner in sums.items())
        note = f"Which branch runs is known only then. Counted as the larger one; MACs: {told}."
    return Run(Work(*largest), every, note)


def loop(model: ir.Model, node: ir.Node, count: Count) -> Run:
    """The body times its turns, known when their number is stored and nothing ends the loop before."""
    body = node.attributes["body"].as_graph()
    carried = [shapes.known(value) for value in list(node.inputs)[2:]]
    layers = _settled(model, body, [(), (), *carried], len(carried), 1, count)
    turns = _stored_number(node.inputs[0])
    if turns is not None and not _runs_to_the_end(node, body):
        turns = None
    return _repeated(layers, turns)


def scan(model: ir.Model, node: ir.Node, count: Count) -> Run:
    """The body once for each slice of what it goes through."""
    body = node.attributes["body"].as_graph()
    through = node.attributes.get_int("num_scan_inputs", 0)
    given = [shapes.known(value) for value in node.inputs]
    states, sequences = given[: len(given) - through], given[len(given) - through :]
    axes = node.attributes.get_ints("scan_input_axes", None) or [0] * through
    slices = [_without_axis(shape, axis) for shape, axis in zip(sequences, axes, strict=True)]
    lengths = [shape[axis] for shape, axis in zip(sequences, axes, strict=True) if shape]
    layers = _settled(model, body, [*states, *slices], len(states), 0, count)
    return _repeated(layers, lengths[0] if lengths else None)


CONTROL_FLOW: dict[str, Callable[[ir.Model, ir.Node, Count], Run]] = {"If": if_, "Loop": loop, "Scan": scan}


def _repeated(layers: list[LayerCost], turns: int | None) -> Run:
    kind, macs, bias_adds = _sum(layers)
    if macs is None or bias_adds is None:
        return Run(Work(kind, None, None), layers, _unknown(layers))
    each = f"{macs:,} MACs and {bias_adds:,} bias additions"
    if turns is None:
        note = f"Each turn takes {each}; how many turns there are is known only when it runs."
        return Run(Work(kind, None, None), layers, note)
    return Run(Work(kind, turns * macs, turns * bias_adds), layers, f"{turns:,} turns of {each}.")


def _unknown(layers: list[LayerCost]) -> str:
    names = ", ".join(dict.fromkeys(layer.op for layer in layers if layer.macs is None))
    return f"What it runs has operators that could not be counted: {names}." if names else ""


def _sum(layers: list[LayerCost]) -> Inner:
    kind = _kind(layers)
    if any(layer.macs is None or layer.bias_adds is None for layer in layers):
        return Inner(kind, None, None)
    return Inner(kind, sum(layer.macs or 0 for layer in layers), sum(layer.bias_adds or 0 for layer in layers))


def _kind(layers: list[LayerCost]) -> Kind:
    """Where most of the operations are."""
    sums = {kind: sum(layer.macs or 0 for layer in layers if layer.kind == kind) for kind in KINDS}
    best = max(KINDS, key=lambda kind: sums[kind])
    return best if sums[best] else "other"


def _without_axis(shape: tuple[int, ...] | None, axis: int) -> tuple[int, ...] | None:
    if shape is None:
        return None
    at = axis % len(shape)
    return shape[:at] + shape[at + 1 :]


def _stored_number(value: ir.Value | None) -> int | None:
    """A single stored number; None for anything else."""
    tensor = value.const_value if value is not None and value.is_initializer() else None
    return int(tensor.numpy().reshape(-1)[0]) if tensor is not None and tensor.size == 1 else None


def _runs_to_the_end(node: ir.Node, body: ir.Graph) -> bool:
    """No condition ends the loop: it is absent or true, and the body hands it on or gives a stored true."""
    start = node.inputs[1] if len(node.inputs) > 1 else None
    if start is not None and not _stored_number(start):
        return False
    value = body.outputs[0]
    producer = value.producer()
    while producer is not None and producer.op_type == "Identity" and producer.inputs[0] is not None:
        value = producer.inputs[0]
        producer = value.producer()
    return value is body.inputs[1] or bool(_stored_number(value))


def _settled(
    model: ir.Model,
    body: ir.Graph,
    given: list[tuple[int, ...] | None],
    states: int,
    first_state: int,
    count: Count,
) -> list[LayerCost]:
    """The layers of a body. What it hands to its next turn must be shaped as what it was given, or its shape is open.

    States are the body's outputs from `first_state` on; its inputs hold them one further on when it has a counter.
    """
    alone = _alone(model, body, given)
    layers = count(alone)
    made = [shapes.known(value) for value in alone.graph.outputs[first_state : first_state + states]]
    at = 2 * first_state
    if made == given[at : at + states]:
        return layers
    free = [None if at <= index < at + states else shape for index, shape in enumerate(given)]
    return count(_alone(model, body, free))


def _alone(model: ir.Model, graph: ir.Graph, given: list[tuple[int, ...] | None]) -> ir.Model:
    """The graph as a model of its own, its shapes inferred: what it takes from around it becomes inputs and weights."""
    inner = graph.clone(allow_outer_scope_values=True)
    for value, shape in zip(inner.inputs, given, strict=True):
        value.shape = None if shape is None else ir.Shape(shape)
    own = set(_own_values(inner))
    taken: dict[ir.Value, ir.Value] = {}
    for node in _every_node(inner):
        for index, value in enumerate(node.inputs):
            if value is not None and value not in own:
                node.replace_input_with(index, taken.setdefault(value, _from_around(value)))
    for value in taken.values():
        if value.const_value is None:
            inner.inputs.append(value)
        else:
            inner.register_initializer(value)
    inner.opset_imports.update(model.opset_imports)
    alone = ir.Model(inner, ir_version=model.ir_version)
    shapes.infer(alone)
    return alone


def _from_around(value: ir.Value) -> ir.Value:
    shape = None if value.shape is None else ir.Shape(list(value.shape))
    stored = value.const_value if value.is_initializer() else None
    return ir.Value(name=value.name, type=value.type, shape=shape, const_value=stored)


def _every_node(graph: ir.Graph) -> Iterator[ir.Node]:
    for node in graph:
        yield node
        for inner in shapes.subgraphs(node):
            yield from _every_node(inner)


def _own_values(graph: ir.Graph) -> Iterator[ir.Value]:
    yield from graph.inputs
    yield from graph.initializers.values()
    for node in graph:
        yield from node.outputs
        for inner in shapes.subgraphs(node):
            yield from _own_values(inner)
