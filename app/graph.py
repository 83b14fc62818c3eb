"""A network's graph as the window draws it: asked of a worker (`drawn`). What the boxes cost is in `graph_figures`.

Places are pixels at 100 %, y down. The window draws what is here and computes no layout.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.heavy import operator_words
from profiler.breakdown import Breakdown
from profiler.graph import Edge, Graph, Node, Shown, all_folds, graph_of, overview, shown
from profiler.graph_fold import Fold

LEAST_WIDTH, MOST_WIDTH = 150.0, 240.0  # of a box
BOLD, PLAIN, PAD = 7.2, 6.2, 40.0  # what a sign of a name takes, and of a figure; what stands round them
HIGH, LOW = 44.0, 26.0  # a layer with weights, or a block; a layer without
FRAME, HEAD = 8.0, 18.0  # round an open block; above it, for its name
SHEETS = 7.0  # how far the sheets behind a folded block stick out
NUMBERS = re.compile(r"[\d\s.…·×]*")
Room = tuple[float, float]


@dataclass(frozen=True)
class Block:
    """A block that can be folded: the layers `first` to `last` of `Drawing.names`, `repeats` alike parts."""

    key: str
    title: str
    first: int
    last: int
    repeats: int


@dataclass(frozen=True)
class Frame:
    """Where an open block lies (left, top, width, height), once for each column it stands in."""

    key: str
    title: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class Drawing:
    """What the window draws. Boxes and lines are those of `nodes` and `edges`; `names` are all layers in running
    order; `opened` the blocks that stand open; `plain` how many parts were too large to be laid out well."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    boxes: tuple[tuple[float, float, float, float], ...]
    lines: tuple[tuple[tuple[float, float], ...], ...]
    width: float
    height: float
    frames: tuple[Frame, ...]
    blocks: tuple[Block, ...]
    opened: tuple[str, ...]
    names: tuple[str, ...]
    plain: int = 0


def drawn(breakdown: Breakdown, opened: Iterable[str] | None = None, room: Room = (900.0, 560.0)) -> Drawing:
    """Lay the graph out for a place of this size. `opened` None is the first look; ALL opens every block."""
    from profiler.graph_layout import lay_out  # numpy and the layout library: a worker's business

    graph = graph_of(breakdown)
    wanted = overview(graph) if opened is None else frozenset(opened)
    if ALL in wanted:
        wanted = frozenset(fold.key for fold in all_folds(graph.folds))
    seen = shown(graph, wanted)
    heights = [HIGH if node.fold or node.kind != "other" else LOW for node in seen.nodes]
    ends = [(edge.source, edge.target) for edge in seen.edges]
    framed = _framed(seen)
    placed = lay_out(_width(graph, seen), heights, ends, _tight(graph, seen), room, _air(seen, framed))
    return Drawing(
        nodes=seen.nodes,
        edges=seen.edges,
        boxes=placed.boxes,
        lines=placed.lines,
        width=placed.width,
        height=placed.height,
        frames=_frames(seen, framed, placed.boxes, placed.columns),
        blocks=tuple(Block(f.key, f.title, f.first, f.last, f.repeats) for f in all_folds(graph.folds)),
        opened=tuple(fold.key for fold in seen.opened),
        names=tuple(layer.name for layer in graph.layers),
        plain=placed.plain,
    )


ALL = "*"  # among the opened: every block


def _width(graph: Graph, seen: Shown) -> float:
    """Of every box: as wide as the widest words, within bounds."""
    wide = [LEAST_WIDTH]
    titles = {fold.key: fold.title for fold in seen.opened}
    for node in seen.nodes:
        said = label_words(node, titles.get(node.inside, ""))
        wide.append((BOLD if node.fold or node.kind != "other" else PLAIN) * len(said) + PAD)
        if not node.fold and node.kind != "other":
            wide.append(PLAIN * (len(operator_words(graph.layers[node.first])) + 8) + PAD)
    return min(max(wide), MOST_WIDTH)


def _tight(graph: Graph, seen: Shown) -> list[bool]:
    """What only goes on with what it reads (normalisation, activation, dropout) stands close under it."""
    reads: list[list[int]] = [[] for _ in seen.nodes]
    for edge in seen.edges:
        reads[edge.target].append(edge.source)
    found: list[bool] = []
    for node, sources in zip(seen.nodes, reads, strict=True):
        close = False
        if len(sources) == 1 and not node.fold and node.kind == "other" and not seen.nodes[sources[0]].fold:
            before, layer = graph.layers[seen.nodes[sources[0]].first], graph.layers[node.first]
            close = layer.output_shape is not None and layer.output_shape == before.output_shape
        found.append(close)
    return found


def _framed(seen: Shown) -> list[tuple[Fold, int]]:
    """The open blocks that get a frame, with how many frames lie inside: those that something stands directly in."""
    direct = {node.inside for node in seen.nodes}
    framed = [fold for fold in seen.opened if fold.key in direct]
    deep: dict[str, int] = {}
    for fold in reversed(framed):
        inner = [deep[other.key] for other in framed if other is not fold and _holds(fold, other.first)
                 and other.last <= fold.last and other.key in deep]  # fmt: skip
        deep[fold.key] = 1 + max(inner, default=-1)
    return [(fold, deep[fold.key]) for fold in framed]


def _holds(fold: Fold, layer: int) -> bool:
    return fold.first <= layer <= fold.last


def _air(seen: Shown, framed: Sequence[tuple[Fold, int]]) -> list[tuple[float, float]]:
    """Room above a box for the names of the frames that begin there, and below for those that end and for sheets."""
    starts, ends = Counter(fold.first for fold, _ in framed), Counter(fold.last for fold, _ in framed)
    return [
        (HEAD * starts[node.first], FRAME * ends[node.last] + (SHEETS if node.fold else 0.0)) for node in seen.nodes
    ]


def _frames(
    seen: Shown,
    framed: Sequence[tuple[Fold, int]],
    boxes: Sequence[tuple[float, float, float, float]],
    columns: Sequence[int],
) -> tuple[Frame, ...]:
    """Round what each open block holds, in each column it stands in."""
    firsts = [node.first for node in seen.nodes]
    found: list[Frame] = []
    for fold, deep in framed:
        held: dict[int, list[tuple[float, float, float, float]]] = {}
        for place in range(bisect_left(firsts, fold.first), bisect_right(firsts, fold.last)):
            held.setdefault(columns[place], []).append(boxes[place])
        pad, head = FRAME * (deep + 1), HEAD * (deep + 1)
        title = f"{fold.title} · ×{fold.repeats}" if fold.repeats > 1 else fold.title
        for inside in held.values():
            left, top = min(box[0] for box in inside) - pad, min(box[1] for box in inside) - head
            right = max(box[0] + box[2] for box in inside) + pad
            bottom = max(box[1] + box[3] for box in inside) + pad
            found.append(Frame(fold.key, title, (left, top, right - left, bottom - top)))
    return tuple(found)


def title_words(node: Node) -> str:
    """What a box is called: `layer2.1 … layer2.3 · ×3`, `layer1.0`, `conv1`."""
    return f"{node.title} · ×{node.repeats}" if node.repeats > 1 else node.title


def label_words(node: Node, frame: str) -> str:
    """What is written on a box inside a frame of this title: `conv1` of `layer1.0.conv1`, but never only a number."""
    said = title_words(node)
    for sign in "./":
        if frame and node.title.startswith(f"{frame}{sign}"):
            rest = said.replace(f"{frame}{sign}", "")
            return said if NUMBERS.fullmatch(rest) else rest
    return said


def labels(drawing: Drawing) -> list[str]:
    """What is written on each box."""
    titles = {block.key: block.title for block in drawing.blocks}
    return [label_words(node, titles.get(node.inside, "")) for node in drawing.nodes]
