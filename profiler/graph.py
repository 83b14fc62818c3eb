"""A network as a graph to draw: its layers, what flows between them, and the blocks that can be folded away.

Folding is a choice of the one who looks: `shown` takes the blocks that are open and gives nodes and edges; everything
else is one node a block. No weight and no file is read: a breakdown knows the neighbours of each layer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from profiler.breakdown import KINDS, Breakdown, Kind, LayerCost
from profiler.graph_fold import Fold, find_folds

SMALL = 48  # layers of a network that is shown unfolded at once
MOST_AT_ONCE = 24  # nodes that a first look shows of a larger one, where folding can keep it to that


@dataclass(frozen=True)
class Edge:
    """What one layer hands to another, both by their place in `Graph.layers`. `shape` None is not known."""

    source: int
    target: int
    shape: tuple[int, ...] | None


@dataclass(frozen=True)
class Graph:
    """Layers in an order in which each comes after all it reads, the edges, and the outermost blocks."""

    layers: tuple[LayerCost, ...]
    edges: tuple[Edge, ...]
    folds: tuple[Fold, ...] = ()


@dataclass(frozen=True)
class Node:
    """One box: a layer, or a folded block of the layers `first` to `last` (both included) of the graph.

    `layer` is the layer's name, or that of the block's heaviest layer (most multiply-accumulates), whose kind the
    block has. `fold` is the block's key, "" for a layer; `inside` the key of the open block that it stands in.
    """

    title: str
    layer: str
    op: str
    kind: Kind
    first: int
    last: int
    fold: str = ""
    repeats: int = 1
    inside: str = ""


@dataclass(frozen=True)
class Shown:
    """What is drawn: nodes, edges between their places in `nodes`, and the blocks that stand open, outermost first."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    opened: tuple[Fold, ...] = ()


def graph_of(breakdown: Breakdown) -> Graph:
    """The graph of a counted network. What a layer reads from outside (inputs, weights) is no edge.

    A loop, which no ONNX file may have, leaves the layers in it where they stand in the file.
    """
    layers = _in_running_order(breakdown.layers)
    place = _places(layers)
    edges = tuple(
        Edge(place[name], target, layers[place[name]].output_shape)
        for target, layer in enumerate(layers)
        for name in layer.reads
        if name in place and place[name] != target
    )
    return Graph(layers, edges, find_folds(layers, [(edge.source, edge.target) for edge in edges]))


def _places(layers: Sequence[LayerCost]) -> dict[str, int]:
    """Name → place; the first of two that bear one name."""
    found: dict[str, int] = {}
    for index, layer in enumerate(layers):
        found.setdefault(layer.name, index)
    return found


def _in_running_order(layers: Sequence[LayerCost]) -> tuple[LayerCost, ...]:
    """Each after what it reads, else as in the file (Kahn 1962); files are nearly always so already."""
    place = _places(layers)
    sources = [{place[name] for name in layer.reads if name in place} - {i} for i, layer in enumerate(layers)]
    if all(max(reads, default=-1) < i for i, reads in enumerate(sources)):
        return tuple(layers)
    readers: list[list[int]] = [[] for _ in layers]
    for index, reads in enumerate(sources):
        for source in reads:
            readers[source].append(index)
    missing = [len(reads) for reads in sources]
    ready = [index for index in reversed(range(len(layers))) if not missing[index]]
    order: list[int] = []
    while ready:
        index = ready.pop()
        order.append(index)
        for reader in readers[index]:
            missing[reader] -= 1
            if not missing[reader]:
                ready.append(reader)
    looped = sorted(set(range(len(layers))) - set(order))
    return tuple(layers[index] for index in (*order, *looped))


def all_folds(folds: Iterable[Fold]) -> Iterator[Fold]:
    """Every block, outer before inner, in running order."""
    for fold in folds:
        yield fold
        yield from all_folds(fold.inner)


def around(graph: Graph, layer: int) -> tuple[Fold, ...]:
    """The blocks that a layer stands in, outermost first."""
    return tuple(fold for fold in all_folds(graph.folds) if fold.first <= layer <= fold.last)


def overview(graph: Graph, most: int = MOST_AT_ONCE) -> frozenset[str]:
    """The blocks to open for a first look: level by level, as long as no more than `most` nodes are shown.

    A small network is opened altogether.
    """
    if len(graph.layers) <= SMALL:
        return frozenset(fold.key for fold in all_folds(graph.folds))
    opened: frozenset[str] = frozenset()
    level: tuple[Fold, ...] = graph.folds
    while level:
        inner = tuple(fold for outer in level for fold in outer.inner)
        count = len(shown(graph, opened | {fold.key for fold in level}).nodes)
        if count > most:
            break
        opened |= {fold.key for fold in level}
        level = inner
    return opened


def shown(graph: Graph, opened: Iterable[str]) -> Shown:
    """The graph with every block folded but those whose key is in `opened` (and only where all around it are open)."""
    wanted = frozenset(opened)
    nodes: list[Node] = []
    open_folds: list[Fold] = []

    def walk(first: int, last: int, folds: Sequence[Fold], inside: str) -> None:
        at = first
        for fold in folds:
            nodes.extend(_layer_node(graph, index, inside) for index in range(at, fold.first))
            if fold.key in wanted:
                open_folds.append(fold)
                walk(fold.first, fold.last, fold.inner, fold.key)
            else:
                nodes.append(_fold_node(graph, fold, inside))
            at = fold.last + 1
        nodes.extend(_layer_node(graph, index, inside) for index in range(at, last + 1))

    walk(0, len(graph.layers) - 1, graph.folds, "")
    return Shown(tuple(nodes), _edges_between(graph, nodes), tuple(open_folds))


def _layer_node(graph: Graph, index: int, inside: str) -> Node:
    layer = graph.layers[index]
    return Node(layer.name, layer.name, layer.op, layer.kind, index, index, inside=inside)


def _fold_node(graph: Graph, fold: Fold, inside: str) -> Node:
    held = graph.layers[fold.first : fold.last + 1]
    main = max(held, key=lambda layer: (layer.macs or 0, layer.params or 0, -KINDS.index(layer.kind)))
    return Node(fold.title, main.name, main.op, main.kind, fold.first, fold.last, fold.key, fold.repeats, inside)


def _edges_between(graph: Graph, nodes: Sequence[Node]) -> tuple[Edge, ...]:
    """One edge for each pair of nodes; where several shapes flow between them, it names none."""
    node_of = [at for at, node in enumerate(nodes) for _ in range(node.first, node.last + 1)]
    found: dict[tuple[int, int], tuple[int, ...] | None] = {}
    for edge in graph.edges:
        pair = node_of[edge.source], node_of[edge.target]
        if pair[0] == pair[1]:
            continue
        found[pair] = edge.shape if found.get(pair, edge.shape) == edge.shape else None
    return tuple(Edge(source, target, shape) for (source, target), shape in found.items())
