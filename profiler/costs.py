"""The breakdown of a network: the table of operators applied to its graph. No weight is read."""

from __future__ import annotations

from math import prod

import onnx_ir as ir
from onnx_ir.passes.common import LiftConstantsToInitializersPass

from profiler import malformed, shapes
from profiler.breakdown import Breakdown, LayerCost
from profiler.errors import BadInput
from profiler.layer import Layer, Reader, Shape, geometry, neighbours, operator_name
from profiler.network import Network, written
from profiler.operators import COSTS, ELEMENTWISE, INTEGER, WEIGHT_INPUTS, Work


def count(network: Network) -> Breakdown:
    """Count a network for its input shapes, an open batch taken as 1.

    Raises BadInput when another size is open: it names the input and how to give it.
    """
    check_open(network)
    with malformed.told(f"“{network.name}” could not be counted."):
        model = prepared(network)
        counter = _Counter(Reader(model))
        layers = tuple(counter.cost(*found) for found in neighbours(model.graph))
    return Breakdown(
        network=network.name,
        inputs={value.name or "": shapes.known(value) or () for value in shapes.real_inputs(model)},
        opset=network.opset,
        layers=layers,
        unknown_ops=tuple(dict.fromkeys(layer.op for layer in layers if layer.macs is None)),
    )


def prepared(network: Network) -> ir.Model:
    """A copy made for looking at: Constants as initializers, an open batch as 1, every shape that can be inferred."""
    model = network.edit()
    LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    symbols: dict[str, int] = {}
    for value in shapes.real_inputs(model):
        sizes = shapes.dims(value.shape)
        if sizes and sizes != shapes.NO_RANK and isinstance(sizes[0], str):
            symbols[sizes[0]] = 1
            value.shape = ir.Shape([1, *sizes[1:]])
    symbols.pop(shapes.UNNAMED, None)
    shapes.bind(model, symbols)
    shapes.infer(model)
    return model


def check_open(network: Network) -> None:
    """Raises BadInput when a size other than the batch is open: it names the input and how to give it."""
    for name, shape in network.open_sizes().items():
        if shape == shapes.NO_RANK:
            raise BadInput(
                f"The shape of the input “{name}” is not known.", fix=f"Give it: --input {name}=1x3x224x224."
            )
        first = next(iter(network.inputs)) == name
        fitting = "x".join(str(size) if isinstance(size, int) else _usual(axis) for axis, size in enumerate(shape))
        raise BadInput(
            f"The input “{name}” has open sizes.",
            f"It is {written(shape)}.",
            f"Say which size you will run: --input {'' if first else f'{name}='}{fitting}.",
        )


def _usual(axis: int) -> str:
    """A size to show in an example."""
    return {0: "1", 1: "3"}.get(axis, "224")


class _Counter:
    """Goes through the nodes in order; a stored tensor counts where it is first used."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._seen: set[ir.Value] = set()

    def cost(self, node: ir.Node, reads: tuple[str, ...], feeds: tuple[str, ...]) -> LayerCost:
        layer = self._reader.layer(node)
        rule = COSTS.get(layer.op)
        work = rule(layer) if rule is not None else Work("other", None, None)
        position, weight = self._main_weight(node)
        weight_shape = layer.input(position) if position is not None else None
        stored = self._claim(node)
        return LayerCost(
            name=node.name or "",
            op=layer.op,
            kind=work.kind,
            input_shape=_first_activation(layer),
            weight_shape=weight_shape,
            output_shape=layer.output,
            params=sum(prod(_stored_shape(value)) for value in stored) if rule is not None else None,
            macs=work.macs,
            bias_adds=work.bias_adds,
            weight_bytes=sum(stored_bytes(value) for value in stored) if rule is not None else None,
            activation_bytes=self._activation_bytes(node),
            weight=weight,
            geometry=geometry(node, layer, weight_shape),
            reads=reads,
            feeds=feeds,
        )

    def _main_weight(self, node: ir.Node) -> tuple[int | None, str | None]:
        """The input that is the layer's main weight, and the stored tensor behind it."""
        for position in WEIGHT_INPUTS.get(operator_name(node), ()):
            found = _weights_at(self._reader, node, position)
            if found:
                return position, found[0].name
        return None, None

    def _claim(self, node: ir.Node) -> list[ir.Value]:
        fresh = [value for value in weights_of(self._reader, node) if value not in self._seen]
        self._seen.update(fresh)
        return fresh

    def _activation_bytes(self, node: ir.Node) -> int | None:
        """Bytes of the outputs that something reads; none for what is known before the network runs."""
        if self._reader.is_folded(node):
            return 0
        used = [value for value in node.outputs if value.uses() or value.is_graph_output()]
        sizes = [tensor_bytes(value) for value in used]
        return None if None in sizes else sum(size for size in sizes if size is not None)


def weights_of(reader: Reader, node: ir.Node) -> list[ir.Value]:
    """The stored tensors that are this node's weights, each once."""
    positions = WEIGHT_INPUTS.get(operator_name(node), ())
    return list(dict.fromkeys(value for position in positions for value in _weights_at(reader, node, position)))


def _weights_at(reader: Reader, node: ir.Node, position: int) -> list[ir.Value]:
    value = node.inputs[position] if position < len(node.inputs) else None
    if reader.is_folded(node) or not _is_weight(value, node.op_type):
        return []
    return reader.stored(value)


def stored_bytes(value: ir.Value) -> int:
    return value.const_value.nbytes if value.const_value is not None else 0


def tensor_bytes(value: ir.Value) -> int | None:
    """What an activation takes in memory; None when its shape or type is not known."""
    shape = shapes.known(value)
    if shape is None or not isinstance(value.type, ir.TensorType) or value.dtype is None:
        return None
    if value.dtype in (ir.DataType.STRING, ir.DataType.UNDEFINED):
        return None
    return -(-prod(shape) * value.dtype.bitwidth // 8)


def _is_weight(value: ir.Value | None, op: str) -> bool:
    """Float numbers where they are used, or any of an integer operator; not the lone 3 of a formula such as x + 3."""
    if value is None or value.dtype is None:
        return False
    shape = shapes.known(value)
    if op in ELEMENTWISE and shape is not None and prod(shape) == 1:
        return False
    return value.dtype.is_floating_point() or op in INTEGER


def _stored_shape(value: ir.Value) -> Shape:
    return tuple(value.const_value.shape.numpy()) if value.const_value is not None else ()


def _first_activation(layer: Layer) -> Shape | None:
    for shape, constant in zip(layer.inputs, layer.constant, strict=True):
        if not constant:
            return shape
    return layer.input(0)
