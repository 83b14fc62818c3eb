"""Following activations through a graph: which piece of memory each lies in, and from when to when."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate

import onnx_ir as ir

from profiler import malformed, shapes
from profiler.costs import check_open, count, prepared, stored_bytes, tensor_bytes, weights_of
from profiler.layer import Reader
from profiler.memory import Lifetime, MemoryUse
from profiler.network import Network
from profiler.operators import COSTS
from profiler.shapes import subgraphs

VIEWS = frozenset(("Dropout", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"))
WRITE_OVER = """
    Abs Add BatchNormalization Ceil Celu Clip Div Elu Erf Exp Floor Gelu HardSigmoid HardSwish LeakyRelu Log Mish Mul
    Neg PRelu Relu Round Selu Sigmoid Softplus Softsign Sqrt Sub Sum Swish Tanh ThresholdedRelu
"""
ELEMENTWISE = frozenset(WRITE_OVER.split())  # can write each result over the number it came from


def follow(network: Network, in_place: bool) -> MemoryUse:
    """`memory_use`, at work."""
    check_open(network)
    with malformed.told(f"The memory of “{network.name}” could not be worked out."):
        return _use(network, prepared(network), in_place)


def _use(network: Network, model: ir.Model, in_place: bool) -> MemoryUse:
    reader = Reader(model)
    nodes = [node for node in model.graph if not reader.is_folded(node)]
    steps = tuple(node.name or "" for node in nodes)
    pieces = _pieces(model, nodes, in_place)
    known = _sums(pieces, len(nodes))
    closed = {step for step, node in enumerate(nodes) if subgraphs(node)}
    vague = {step for piece in pieces if piece.bytes is None for step in range(piece.born, piece.dies + 1)}
    alive = tuple(None if step in vague or step in closed else size for step, size in enumerate(known))
    weight_bytes, weights = _weights(network, reader, nodes, closed)
    top = max(range(len(nodes)), key=lambda step: (known[step], _work(reader, nodes[step]), -step), default=None)
    without_layers = sum(piece.bytes or 0 for piece in pieces)
    return MemoryUse(
        network=network.name,
        in_place=in_place,
        steps=steps,
        lifetimes=tuple(piece.lifetime(steps) for piece in pieces),
        alive=alive,
        known=known,
        peak_bytes=None if vague or closed else max(known, default=without_layers),
        peak_layer="" if top is None else steps[top],
        weight_bytes=weight_bytes,
        weights=weights,
        unknown=_unknown(pieces, [steps[step] for step in sorted(closed)]),
    )


def _weights(
    network: Network, reader: Reader, nodes: list[ir.Node], closed: Collection[int]
) -> tuple[int, tuple[int, ...]]:
    """The bytes of all weights, each once, and of those that each node reads; of a subgraph's, as they are counted."""
    held = [{id(value.const_value): stored_bytes(value) for value in weights_of(reader, node)} for node in nodes]
    read = [sum(sizes.values()) for sizes in held]
    if not closed:
        return sum({key: size for sizes in held for key, size in sizes.items()}.values()), tuple(read)
    counted = count(network)
    inside = {layer.name: layer.weight_bytes or 0 for layer in counted.layers}
    for step in closed:
        read[step] = inside.get(nodes[step].name or "", 0)
    return counted.totals().weight_bytes, tuple(read)


def _unknown(pieces: Iterable[_Piece], closed: Iterable[str]) -> tuple[str, ...]:
    """An input of unknown size is named itself: no layer makes it."""
    vague = (piece.layer or piece.value.name or "" for piece in pieces if piece.bytes is None)
    return tuple(dict.fromkeys((*vague, *closed)))


@dataclass
class _Piece:
    """A piece of memory while it is followed; `reads` are the steps that look at it."""

    value: ir.Value
    layer: str
    bytes: int | None
    born: int
    dies: int
    reads: list[int] = field(default_factory=list[int])
    views: list[ir.Value] = field(default_factory=list[ir.Value])

    def lifetime(self, steps: tuple[str, ...]) -> Lifetime:
        readers = tuple(dict.fromkeys(steps[step] for step in self.reads))
        views = tuple(value.name or "" for value in self.views)
        return Lifetime(self.value.name or "", self.layer, self.bytes, self.born, self.dies, readers, views)


def _pieces(model: ir.Model, nodes: list[ir.Node], in_place: bool) -> list[_Piece]:
    """Every piece of memory, in the order in which they are born."""
    last = _last_reads(model, nodes)
    pieces = [_Piece(value, "", tensor_bytes(value), 0, last.get(value, 0)) for value in shapes.real_inputs(model)]
    lies_in = {piece.value: piece for piece in pieces}
    for step, node in enumerate(nodes):
        for value in _reads(node):
            if value in lies_in:
                lies_in[value].reads.append(step)
        for value in _made(node):
            piece = _looked_at(node, value, lies_in)
            if piece is None and in_place:
                piece = _written_over(node, value, step, lies_in)
            if piece is None:
                piece = _Piece(value, node.name or "", tensor_bytes(value), step, step)
                pieces.append(piece)
            else:
                piece.views.append(value)
            piece.dies = max(piece.dies, last.get(value, step))
            lies_in[value] = piece
    return pieces


def _last_reads(model: ir.Model, nodes: list[ir.Node]) -> dict[ir.Value, int]:
    last = {value: step for step, node in enumerate(nodes) for value in _reads(node)}
    return last | {value: max(len(nodes) - 1, 0) for value in model.graph.outputs}


def _looked_at(node: ir.Node, value: ir.Value, lies_in: Mapping[ir.Value, _Piece]) -> _Piece | None:
    source = node.inputs[0] if node.op_type in VIEWS and node.inputs and value is node.outputs[0] else None
    return lies_in.get(source) if source is not None else None


def _written_over(node: ir.Node, value: ir.Value, step: int, lies_in: Mapping[ir.Value, _Piece]) -> _Piece | None:
    """A piece as large as the value, which nothing needs after this step and which the network itself made."""
    if node.op_type not in ELEMENTWISE or node.domain not in ("", "ai.onnx"):
        return None
    size = tensor_bytes(value)
    read = [lies_in[source] for source in node.inputs if source is not None and source in lies_in]
    fitting = (piece for piece in read if piece.layer and piece.dies == step and piece.bytes == size)
    return next(fitting, None) if size is not None else None


def _reads(node: ir.Node) -> Iterator[ir.Value]:
    """The values that a node reads, those that its subgraphs take from outside too."""
    yield from (value for value in node.inputs if value is not None)
    for graph in subgraphs(node):
        for inner in ir.traversal.RecursiveGraphIterator(graph):
            yield from (value for value in inner.inputs if value is not None)
        yield from graph.outputs


def _made(node: ir.Node) -> list[ir.Value]:
    return [value for value in node.outputs if value.uses() or value.is_graph_output()]


def _sums(pieces: Iterable[_Piece], steps: int) -> tuple[int, ...]:
    """The known bytes alive at each step."""
    change = [0] * (steps + 1)
    for piece in pieces:
        change[piece.born] += piece.bytes or 0
        change[min(piece.dies + 1, steps)] -= piece.bytes or 0
    return tuple(accumulate(change[:steps]))


def _work(reader: Reader, node: ir.Node) -> int:
    """Multiply-accumulates, where the operator's are known."""
    layer = reader.layer(node)
    rule = COSTS.get(layer.op)
    return (rule(layer).macs or 0) if rule is not None else 0
