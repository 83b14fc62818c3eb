"""How much memory a network's activations need at once."""

from __future__ import annotations

import onnx_ir as ir

from profiler import shapes
from profiler.costs import prepared, tensor_bytes
from profiler.layer import Reader
from profiler.network import Network

VIEWS = frozenset(("Dropout", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"))


def peak_activation_bytes(network: Network) -> int | None:
    """The most bytes of activations alive at once, at a batch of 1, in the order in which the file lists its nodes.

    A value lives from the node that makes it through the last that reads it; the inputs from the start, the outputs to
    the end. Operators that only look at their input differently share its memory; no other reuse in place is assumed.
    None when a shape is not known, because sizes are open or operators are foreign.
    """
    if network.open_sizes():
        return None
    model = prepared(network)
    reader = Reader(model)
    nodes = [node for node in model.graph if not reader.is_folded(node)]
    return _peak(model, nodes)


def _peak(model: ir.Model, nodes: list[ir.Node]) -> int | None:
    owner: dict[ir.Value, ir.Value] = {value: value for value in shapes.real_inputs(model)}
    born = dict.fromkeys(owner, 0)
    last = dict.fromkeys(owner, 0)
    for step, node in enumerate(nodes):
        for value in node.inputs:
            if value in owner:
                last[owner[value]] = step
        for value in _made(node):
            source = node.inputs[0] if node.op_type in VIEWS and value is node.outputs[0] else None
            owner[value] = owner.get(source, value) if source is not None else value
            born.setdefault(owner[value], step)
            last[owner[value]] = step
    for value in model.graph.outputs:
        if value in owner:
            last[owner[value]] = len(nodes)
    sizes = {value: tensor_bytes(value) for value in born}
    if any(size is None for size in sizes.values()):
        return None
    return max(
        (
            sum(sizes[value] or 0 for value in born if born[value] <= step <= last[value])
            for step in range(max(1, len(nodes)))
        ),
        default=0,
    )


def _made(node: ir.Node) -> list[ir.Value]:
    return [value for value in node.outputs if value.uses() or value.is_graph_output()]
