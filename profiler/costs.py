"""The breakdown of a network: the table of operators applied to its graph. No weight is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import cast

import onnx
import onnx_ir as ir

from profiler import malformed, shapes
from profiler.breakdown import Breakdown, LayerCost
from profiler.control_flow import CONTROL_FLOW, Run
from profiler.errors import BadInput
from profiler.followed import Known, followed
from profiler.functions import inlined
from profiler.garbage import uncollected
from profiler.layer import Layer, Reader, Shape, geometry, neighbours, operator_name
from profiler.network import Network, written
from profiler.operators import COSTS, ELEMENTWISE, INTEGER, WEIGHT_INPUTS, Work

FLOATING = frozenset(dtype for dtype in ir.DataType if dtype.is_floating_point())
LARGEST = 2**63 - 1  # of what a file, a study and a window can hold


def count(network: Network) -> Breakdown:
    """Count a network for its input shapes, an open batch taken as 1.

    Raises BadInput when another size is open: it names the input and how to give it.
    """
    check_open(network)
    with malformed.told(f"“{network.name}” could not be counted."), uncollected():
        known = _followed(network)
        model = network.model if known else prepared(network)
        counter = _Counter(model, {}, {}, known)
        layers = tuple(counter.layers())
    _check_size(network, layers)
    return Breakdown(
        network=network.name,
        inputs={value.name or "": counter.reader.shape(value) or () for value in shapes.real_inputs(model)},
        opset=network.opset,
        layers=layers,
        unknown_ops=tuple(counter.unknown),
    )


def prepared(network: Network) -> ir.Model:
    """A copy made for looking at: Constants as initializers, an open batch as 1, every shape that can be inferred.

    Calls of the model's own functions are replaced by what they do, under `CALL/NAME`.
    """
    inputs, symbols = shapes.batch_of_one(network.model)
    model = inlined(network.edit(), exact=False)
    shapes.lift_constants(model)
    for value in shapes.real_inputs(model):
        if value.name in inputs:
            value.shape = ir.Shape(inputs[value.name])
    shapes.bind(model, symbols)
    outline = None
    if network.outline is not None:
        outline = shapes.bound(onnx.ModelProto.FromString(network.outline), inputs, symbols)
    shapes.infer(model, outline=outline)
    return model


def _followed(network: Network) -> dict[str, Known]:
    """Shapes and types of every value, where they can be had without the copy that `prepared` makes; else nothing."""
    if network.outline is None or any(node.op_type == "Constant" for node in network.model.graph):
        return {}
    return followed(network.model, network.outline)


def _check_size(network: Network, layers: Sequence[LayerCost]) -> None:
    """Raises BadInput when a figure is beyond what 64 bits hold: only a damaged file says so."""
    for layer in layers:
        figures = (layer.params, layer.macs, layer.bias_adds, layer.weight_bytes, layer.activation_bytes)
        sizes = [prod(shape or ()) for shape in (layer.input_shape, layer.weight_shape, layer.output_shape)]
        if max(0, *sizes, *filter(None, figures)) > LARGEST:
            raise BadInput(
                f"“{network.name}” could not be counted.",
                f"The sizes of its layer “{layer.name}” come to more than 2⁶³.",
                "Check the size of its input.",
            )


def check_open(network: Network) -> None:
    """Raises BadInput when a size other than the batch is open: it names the input and how to give it."""
    for name, shape in network.open_sizes().items():
        if shape == shapes.NO_RANK:
            raise BadInput(
                f"The shape of the input “{name}” is not known.", fix=f"Give it: --input {name}=1x3x224x224."
            )
        first = next(iter(network.inputs)) == name
        fitting = "x".join(_usual(axis, size) for axis, size in enumerate(shape))
        raise BadInput(
            f"The input “{name}” has open sizes.",
            f"It is {written(shape)}.",
            f"Say which size you will run: --input {'' if first else f'{name}='}{fitting}.",
        )


def _usual(axis: int, size: int | str) -> str:
    """The size, or one to show in an example."""
    if isinstance(size, int):
        return str(size)
    return "1" if "batch" in size.lower() else {0: "1", 1: "3"}.get(axis, "224")


def counted_weights(network: Network) -> tuple[list[ir.TensorProtocol], dict[str, ir.TensorProtocol]]:
    """The stored tensors whose elements `count` counts as parameters, each once; and layer → its main weight.

    A tensor that several layers use is the first one's. Raises BadInput as `count` does.
    """
    check_open(network)
    with malformed.told(f"“{network.name}” could not be counted."):
        model = prepared(network)
        counter = _Counter(model, {}, {})
        layers = counter.layers()
    stored = {name: value.const_value for name, value in model.graph.initializers.items()}
    main: dict[str, ir.TensorProtocol] = {}
    for layer in layers:
        tensor = stored.get(layer.weight or "")
        if tensor is not None and not any(tensor is other for other in main.values()):
            main[layer.name] = tensor
    return counter.seen, main


class _Counter:
    """Goes through the nodes of a model in order; a stored tensor counts where it is first used.

    `seen` and `unknown` (operators that could not be counted, as the keys) are shared with the graphs its nodes run.
    """

    def __init__(
        self,
        model: ir.Model,
        seen: dict[int, ir.TensorProtocol],
        unknown: dict[str, None],
        known: Mapping[str, Known] | None = None,
    ) -> None:
        self._model = model
        self.reader = Reader(model, known)
        self._seen = seen
        self.unknown = unknown

    @property
    def seen(self) -> list[ir.TensorProtocol]:
        """The stored tensors that were counted so far."""
        return list(self._seen.values())

    def layers(self) -> list[LayerCost]:
        return [self._cost(*found) for found in neighbours(self._model.graph)]

    def _cost(self, node: ir.Node, reads: tuple[str, ...], feeds: tuple[str, ...]) -> LayerCost:
        layer = self.reader.layer(node)
        run = self._run(node, layer.op)
        rule = COSTS.get(layer.op)
        work = run.work if run is not None else rule(layer) if rule is not None else Work("other", None, None)
        if work.macs is None:
            self.unknown.setdefault(layer.op)
        weights = _weights_by_position(self.reader, node)
        position = next(iter(weights), None)
        weight_shape = layer.input(position) if position is not None else None
        params, weight_bytes = self._stored(weights, run) if run is not None or rule is not None else (None, None)
        return LayerCost(
            name=node.name or "",
            op=layer.op,
            kind=work.kind,
            input_shape=_first_activation(layer),
            weight_shape=weight_shape,
            output_shape=layer.output,
            params=params,
            macs=work.macs,
            bias_adds=work.bias_adds,
            weight_bytes=weight_bytes,
            activation_bytes=self._activation_bytes(node),
            weight=weights[position][0].name if position is not None else None,
            geometry=geometry(node, layer, weight_shape),
            reads=reads,
            feeds=feeds,
            note=run.note if run is not None else "",
        )

    def _run(self, node: ir.Node, op: str) -> Run | None:
        """What an If, Loop or Scan runs, its stored tensors claimed."""
        control = CONTROL_FLOW.get(op)
        if control is None:
            return None
        return control(self._model, node, lambda body: _Counter(body, self._seen, self.unknown).layers())

    def _stored(self, weights: Mapping[int, list[ir.Value]], run: Run | None) -> tuple[int | None, int | None]:
        """Elements and bytes of the weights that count here."""
        if run is None:
            claimed = self._claim(value for found in weights.values() for value in found)
            sizes = list(map(_elements, claimed))
            return sum(sizes), sum(map(_bytes, sizes, (tensor.dtype for tensor in claimed)))
        params = [layer.params for layer in run.layers]
        weight_bytes = [layer.weight_bytes for layer in run.layers]
        return added(params), added(weight_bytes)

    def _claim(self, weights: Iterable[ir.Value]) -> list[ir.TensorProtocol]:
        """Their tensors that no layer counted before."""
        fresh: list[ir.TensorProtocol] = []
        for value in weights:
            tensor = value.const_value
            if tensor is not None and id(tensor) not in self._seen:
                self._seen[id(tensor)] = tensor
                fresh.append(tensor)
        return fresh

    def _activation_bytes(self, node: ir.Node) -> int | None:
        """Bytes of the outputs that something reads; none for what is known before the network runs."""
        if self.reader.is_folded(node):
            return 0
        used = [value for value in node.outputs if value.uses() or value.is_graph_output()]
        return added([_bytes_of(self.reader.shape(value), self.reader.dtype(value)) for value in used])


def added(numbers: Sequence[int | None]) -> int | None:
    """The sum; unknown when one of them is."""
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


def weights_of(reader: Reader, node: ir.Node) -> list[ir.Value]:
    """The stored tensors that are this node's weights, each once."""
    found = _weights_by_position(reader, node)
    return list(dict.fromkeys(value for values in found.values() for value in values))


def _weights_by_position(reader: Reader, node: ir.Node) -> dict[int, list[ir.Value]]:
    """The stored tensors behind each input that is a weight, the main weight first."""
    found: dict[int, list[ir.Value]] = {}
    for position in WEIGHT_INPUTS.get(operator_name(node), ()):
        if position >= len(node.inputs):
            continue
        value = node.inputs[position]
        if _is_weight(reader, value, node.op_type) and (stored := reader.stored(value)):
            found[position] = stored
    return found if found and not reader.is_folded(node) else {}


def stored_bytes(value: ir.Value) -> int:
    return value.const_value.nbytes if value.const_value is not None else 0


def tensor_bytes(value: ir.Value) -> int | None:
    """What an activation takes in memory; None when its shape or type is not known."""
    return _bytes_of(shapes.known(value), value.dtype if isinstance(value.type, ir.TensorType) else None)


def _bytes_of(shape: Shape | None, dtype: ir.DataType | None) -> int | None:
    if shape is None or dtype is None or dtype in (ir.DataType.STRING, ir.DataType.UNDEFINED):
        return None
    return _bytes(prod(shape), dtype)


def _bytes(size: int, dtype: ir.DataType) -> int:
    """Values of less than a byte share bytes."""
    return -(-size * dtype.bitwidth // 8)


def _is_weight(reader: Reader, value: ir.Value | None, op: str) -> bool:
    """Float numbers where they are used, or any of an integer operator; not the lone 3 of a formula such as x + 3."""
    dtype = reader.dtype(value) if value is not None else None
    if dtype is None:
        return False
    shape = reader.shape(value)
    if op in ELEMENTWISE and shape is not None and prod(shape) == 1:
        return False
    return dtype in FLOATING or op in INTEGER


def _elements(tensor: ir.TensorProtocol) -> int:
    """What `tensor.size` is, in a fraction of its time: the sizes of what is stored are numbers."""
    return prod(cast("Iterable[int]", tensor.shape))


def _first_activation(layer: Layer) -> Shape | None:
    for shape, constant in zip(layer.inputs, layer.constant, strict=True):
        if not constant:
            return shape
    return layer.input(0)
