"""How much memory a network's activations need: when each is born, when it dies, and when most are alive.

The convention: the nodes run in the file's order, at the batch the file fixes or else 1. A value lives from the node
that makes it through the last that reads it; the inputs from the start, the outputs to the end. Operators that only
look at their input differently share its memory. No other reuse is assumed unless it is asked for. A runtime may do
better, by running in another order, or worse, by leaving gaps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate

import onnx_ir as ir

from profiler import malformed, shapes
from profiler.costs import check_open, prepared, stored_bytes, tensor_bytes, weights_of
from profiler.layer import Reader
from profiler.network import Network
from profiler.operators import COSTS

VIEWS = frozenset(("Dropout", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"))
WRITE_OVER = """
    Abs Add BatchNormalization Ceil Celu Clip Div Elu Erf Exp Floor Gelu HardSigmoid HardSwish LeakyRelu Log Mish Mul
    Neg PRelu Relu Round Selu Sigmoid Softplus Softsign Sqrt Sub Sum Swish Tanh ThresholdedRelu
"""
ELEMENTWISE = frozenset(WRITE_OVER.split())  # can write each result over the number it came from


@dataclass(frozen=True)
class Lifetime:
    """One piece of memory. `born` and `dies` are steps, both included; `layer` makes it ("": an input of the network).

    `views` are the other values that lie in it: what looks at it differently, or was written over it.
    """

    value: str
    layer: str
    bytes: int | None
    born: int
    dies: int
    readers: tuple[str, ...]
    views: tuple[str, ...] = ()


@dataclass(frozen=True)
class MemoryUse:
    """What is alive while each layer runs. `None` where a size is not known; `known` sums those that are.

    `steps` are the layers in running order. `peak_layer` runs at the peak: of several, the one that multiplies most,
    for a runtime may spare an activation function behind it. `weights` are the bytes each step reads; `weight_bytes`
    counts a tensor used twice once. `unknown` are the layers that make something of unknown size, or run a subgraph.
    """

    network: str
    in_place: bool
    steps: tuple[str, ...]
    lifetimes: tuple[Lifetime, ...]
    alive: tuple[int | None, ...]
    known: tuple[int, ...]
    peak_bytes: int | None
    peak_layer: str
    weight_bytes: int
    weights: tuple[int, ...]
    unknown: tuple[str, ...] = ()

    @property
    def peak_step(self) -> int:
        """The step of `peak_layer`; −1 for a network without layers."""
        return self.steps.index(self.peak_layer) if self.peak_layer in self.steps else -1

    def alive_at(self, step: int) -> list[Lifetime]:
        """What is alive while this step runs, the largest first."""
        found = [life for life in self.lifetimes if life.born <= step <= life.dies]
        return sorted(found, key=lambda life: -(life.bytes or 0))


def peak_activation_bytes(network: Network) -> int | None:
    """The most bytes of activations alive at once, as `memory_use` finds them.

    None when a shape is not known, because sizes are open or operators are foreign.
    """
    return None if network.open_sizes() else memory_use(network).peak_bytes


def memory_use(network: Network, *, in_place: bool = False) -> MemoryUse:
    """Follow every activation through the network. No weight is read.

    `in_place`: an elementwise operator writes over an input of the same size that nothing needs any more, as most
    runtimes do; the network's own inputs are never written over. Raises BadInput when a size other than the batch is
    open.
    """
    check_open(network)
    with malformed.told(f"The memory of “{network.name}” could not be worked out."):
        return _use(network.name, prepared(network), in_place)


def _use(name: str, model: ir.Model, in_place: bool) -> MemoryUse:
    reader = Reader(model)
    nodes = [node for node in model.graph if not reader.is_folded(node)]
    steps = tuple(node.name or "" for node in nodes)
    pieces = _pieces(model, nodes, in_place)
    known = _sums(pieces, len(nodes))
    closed = {step for step, node in enumerate(nodes) if _subgraphs(node)}
    vague = {step for piece in pieces if piece.bytes is None for step in range(piece.born, piece.dies + 1)}
    alive = tuple(None if step in vague or step in closed else size for step, size in enumerate(known))
    held = [{value: stored_bytes(value) for value in weights_of(reader, node)} for node in nodes]
    top = max(range(len(nodes)), key=lambda step: (known[step], _work(reader, nodes[step]), -step), default=None)
    without_layers = sum(piece.bytes or 0 for piece in pieces)
    return MemoryUse(
        network=name,
        in_place=in_place,
        steps=steps,
        lifetimes=tuple(piece.lifetime(steps) for piece in pieces),
        alive=alive,
        known=known,
        peak_bytes=None if vague or closed else max(known, default=without_layers),
        peak_layer="" if top is None else steps[top],
        weight_bytes=sum({value: size for sizes in held for value, size in sizes.items()}.values()),
        weights=tuple(sum(sizes.values()) for sizes in held),
        unknown=_unknown(pieces, [steps[step] for step in sorted(closed)]),
    )


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
    for graph in _subgraphs(node):
        for inner in ir.traversal.RecursiveGraphIterator(graph):
            yield from (value for value in inner.inputs if value is not None)
        yield from graph.outputs


def _subgraphs(node: ir.Node) -> list[ir.Graph]:
    found: list[ir.Graph] = []
    for attribute in node.attributes.values():
        if attribute.type == ir.AttributeType.GRAPH:
            found.append(attribute.as_graph())
        elif attribute.type == ir.AttributeType.GRAPHS:
            found.extend(attribute.as_graphs())
    return found


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
