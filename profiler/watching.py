"""What of a network tells how active its layers are: the values each makes, hands on and reads, and its weights."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from profiler import malformed
from profiler.activity import Watched
from profiler.breakdown import Kind, LayerCost
from profiler.costs import check_open, prepared
from profiler.layer import Reader
from profiler.network import Network
from profiler.operators import COSTS


def watched(network: Network) -> tuple[Watched, ...]:
    """One for each layer that makes real numbers while the network runs, in the file's order.

    Raises BadInput when a size other than the batch is open.
    """
    check_open(network)
    with malformed.told(f"The layers of “{network.name}” could not be followed."):
        model = prepared(network)
        watch = _Watch(model)
        return tuple(found for node in model.graph if (found := watch.layer(node)) is not None)


def weight_share(network: Network, layer: LayerCost) -> float | None:
    """The share of a layer's weights that are not zero. None without weights, or where they are stored as integers:
    there a nought is written as another number."""
    if layer.weight is None:
        return None
    try:
        values = network.weight(layer.weight)
    except KeyError:  # stored inside a function of the model
        return None
    if values.dtype.kind != "f" or values.size == 0:
        return None
    return int(np.count_nonzero(values)) / values.size


class _Watch:
    def __init__(self, model: ir.Model) -> None:
        self._graph = model.graph
        self._reader = Reader(model)

    def layer(self, node: ir.Node) -> Watched | None:
        if self._reader.is_folded(node) or not node.outputs or not _real(node.outputs[0]):
            return None
        own = node.outputs[0]
        handed = own if self._kind(node) == "other" else self._handed_on(own)
        read = self._read(node)
        return Watched(
            layer=node.name or "",
            own=own.name or "",
            hands_on=handed.name or "",
            reads=read.name if read is not None and _real(read) else None,
            dense=read is not None and self._is_input(read),
        )

    def _kind(self, node: ir.Node) -> Kind | None:
        """None for an operator that nothing is known of."""
        layer = self._reader.layer(node)
        rule = COSTS.get(layer.op)
        return rule(layer).kind if rule is not None else None

    def _read(self, node: ir.Node) -> ir.Value | None:
        """The one value it reads that is not stored; None where there are several or none."""
        read = [value for value in node.inputs if value is not None and not self._reader.is_constant(value)]
        return read[0] if len(set(read)) == 1 else None

    def _handed_on(self, value: ir.Value) -> ir.Value:
        """Follow a value through whatever reads it alone and multiplies nothing."""
        while not value.is_graph_output():
            uses = list(value.uses())
            if len(uses) != 1:
                break
            node = uses[0].node
            if node.graph is not self._graph or self._kind(node) != "other" or self._read(node) is not value:
                break
            made = [output for output in node.outputs if output.uses() or output.is_graph_output()]
            if len(made) != 1 or not _real(made[0]):
                break
            value = made[0]
        return value

    def _is_input(self, value: ir.Value) -> bool:
        """It is the network's input, or comes of it without a layer that multiplies, and of nothing else."""
        while True:
            node = value.producer()
            if node is None:
                return True
            source = self._read(node) if self._kind(node) == "other" else None
            if source is None:
                return False
            value = source


def _real(value: ir.Value) -> bool:
    return value.dtype is not None and value.dtype.is_floating_point()
