"""A node as counting sees it: shapes, stored weights, attributes and neighbours. No weight is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import onnx_ir as ir

from profiler import shapes
from profiler.followed import Known

Shape = tuple[int, ...]

# What only moves or retypes stored values: the tensor behind it is still the layer's weight.
MOVES = ("Concat", "Expand", "Flatten", "Identity", "Reshape", "Slice", "Split", "Squeeze", "Tile", "Transpose")
CARRIES = frozenset((*MOVES, "Unsqueeze", "Cast", "DequantizeLinear", "QuantizeLinear"))
NUMBERS = (ir.AttributeType.INT, ir.AttributeType.FLOAT)


@dataclass(frozen=True)
class Layer:
    """One node. Shapes are None where not known; `constant`: which inputs follow from stored values alone.

    `gaps` are the optional inputs left out before others.
    """

    op: str
    inputs: tuple[Shape | None, ...]
    outputs: tuple[Shape | None, ...]
    constant: tuple[bool, ...]
    numbers: Mapping[str, int | float] = field(default_factory=dict[str, int | float])
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    gaps: frozenset[int] = frozenset()

    def input(self, index: int) -> Shape | None:
        return self.inputs[index] if index < len(self.inputs) else None

    @property
    def output(self) -> Shape | None:
        return self.outputs[0] if self.outputs else None

    def is_constant(self, index: int) -> bool:
        return index < len(self.constant) and self.constant[index]

    def has(self, index: int) -> bool:
        """An optional input that is there."""
        return index < len(self.inputs) and index not in self.gaps


class Reader:
    """Looks at the nodes of one model whose Constants are initializers and whose shapes are inferred.

    `followed` has shapes and types by name, where they stand beside the model instead of in it.
    """

    def __init__(self, model: ir.Model, followed: Mapping[str, Known] | None = None) -> None:
        self.model = model
        self._followed = followed or {}
        self._shapes: dict[ir.Value, Shape | None] = {}
        self._constant = _constant(model.graph)

    def layer(self, node: ir.Node) -> Layer:
        present = _without_trailing_gaps(node.inputs)
        numbers, texts = _settings(node)
        return Layer(
            op=operator_name(node),
            inputs=tuple(map(self.shape, present)),
            outputs=tuple(map(self.shape, node.outputs)),
            constant=tuple(map(self._constant.__contains__, present)),
            numbers=numbers,
            texts=texts,
            gaps=frozenset(index for index, value in enumerate(present) if value is None),
        )

    def shape(self, value: ir.Value | None) -> Shape | None:
        """The value's shape, when every size is a number."""
        if value is None:
            return None
        if value not in self._shapes:
            found = self._followed.get(value.name or "")
            self._shapes[value] = found.shape if found is not None else shapes.known(value)
        return self._shapes[value]

    def dtype(self, value: ir.Value) -> ir.DataType | None:
        """The type of a tensor's values; None for what is no tensor."""
        found = self._followed.get(value.name or "")
        if found is not None:
            return found.dtype
        return value.dtype if isinstance(value.type, ir.TensorType) else None

    def is_constant(self, value: ir.Value) -> bool:
        """Stored, or made from stored values only by operators that carry them unchanged."""
        return value in self._constant

    def is_folded(self, node: ir.Node) -> bool:
        """The node's result is known before the network runs."""
        return bool(node.outputs) and self._constant.issuperset(node.outputs)

    def stored(self, value: ir.Value | None) -> list[ir.Value]:
        """The initializers that a constant value is made of, less scales, zero points, shapes and axes."""
        if value is None or not self.is_constant(value):
            return []
        node = value.producer()
        if node is None:
            return [value]
        sources = node.inputs if node.op_type == "Concat" else node.inputs[:1]
        return [found for source in sources for found in self.stored(source)]


def _constant(graph: ir.Graph) -> set[ir.Value]:
    """The stored values, and what those that carry them make of them alone; nodes stand in running order."""
    found = {value for value in graph.initializers.values() if value.const_value is not None}
    for node in graph:
        if node.op_type in CARRIES and node.domain in ("", "ai.onnx") and found.issuperset(filter(None, node.inputs)):
            found.update(node.outputs)
    return found


def _without_trailing_gaps(inputs: Iterable[ir.Value | None]) -> list[ir.Value | None]:
    kept = list(inputs)
    while kept and kept[-1] is None:
        kept.pop()
    return kept


def operator_name(node: ir.Node) -> str:
    """`Conv`; with its domain when it is not ONNX's own: `com.microsoft::FusedConv`."""
    return node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}::{node.op_type}"


def _settings(node: ir.Node) -> tuple[dict[str, int | float], dict[str, str]]:
    """The attributes that are single numbers, and those that are texts."""
    numbers: dict[str, int | float] = {}
    texts: dict[str, str] = {}
    for attribute in node.attributes.values():
        if attribute.type in NUMBERS:
            numbers[attribute.name] = attribute.value
        elif attribute.type == ir.AttributeType.STRING:
            texts[attribute.name] = attribute.value
    return numbers, texts


SPATIAL = ("Conv", "ConvTranspose", "ConvInteger", "QLinearConv", "MaxPool", "AveragePool", "LpPool")


def geometry(node: ir.Node, layer: Layer, weight_shape: Shape | None) -> dict[str, Shape]:
    """Kernel, strides, pads, dilations, groups and rounding of a convolution or pooling, defaults written out."""
    if node.op_type not in SPATIAL or layer.op != node.op_type:
        return {}
    kernel = _integers(node, "kernel_shape") or (weight_shape or ())[2:]
    if not kernel:
        return {}
    axes = len(kernel)
    found = {
        "kernel": kernel,
        "strides": _integers(node, "strides") or (1,) * axes,
        "dilations": _integers(node, "dilations") or (1,) * axes,
    }
    found["pads"] = _pads(node, layer, found, axes)
    if "Conv" in node.op_type:
        found["groups"] = (int(layer.numbers.get("group", 1)),)
    else:
        found["ceil"] = (int(layer.numbers.get("ceil_mode", 0)),)
    return found


def _integers(node: ir.Node, name: str) -> Shape | None:
    attribute = node.attributes.get(name)
    return tuple(attribute.as_ints()) if attribute is not None else None


def _pads(node: ir.Node, layer: Layer, found: Mapping[str, Shape], axes: int) -> Shape:
    """`pads`, or what `auto_pad` comes to: SAME keeps ceil(size / stride), the odd one at the end (or the start)."""
    auto = node.attributes.get_string("auto_pad", "NOTSET") or "NOTSET"
    if not auto.startswith("SAME"):
        return _integers(node, "pads") or (0,) * (2 * axes)
    x, y = layer.input(0), layer.output
    if x is None or y is None or node.op_type == "ConvTranspose":
        return (0,) * (2 * axes)
    total = [
        max((out - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
        for size, out, stride, kernel, dilation in zip(
            x[2:], y[2:], found["strides"], found["kernel"], found["dilations"], strict=True
        )
    ]
    small, large = tuple(pad // 2 for pad in total), tuple(pad - pad // 2 for pad in total)
    return small + large if auto == "SAME_UPPER" else large + small


def neighbours(nodes: Iterable[ir.Node]) -> Iterator[tuple[ir.Node, tuple[str, ...], tuple[str, ...]]]:
    """Each node with the names of the nodes it reads and feeds, each once and in order."""
    for node in nodes:
        producers = [value.producer() for value in node.inputs if value is not None]
        reads = [source.name or "" for source in producers if source is not None]
        feeds = [use.node.name or "" for value in node.outputs for use in value.uses()]
        yield node, tuple(dict.fromkeys(reads)), tuple(dict.fromkeys(feeds))
