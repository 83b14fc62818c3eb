"""A network's graph as the window draws it: asked of a worker (`drawn`), with each box's figures beside it (`figures`).

Places are pixels at 100 %, y down. The window draws what is here and computes no layout.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app import words
from app.heavy import layer_times, operator_words, time_head
from app.study import Candidate
from profiler.breakdown import CONVENTION_NAMES, KIND_NAMES, Breakdown, Convention, LayerCost, operations
from profiler.graph import Edge, Graph, Node, Shown, all_folds, graph_of, overview, shown
from profiler.graph_fold import Fold

LEAST_WIDTH, MOST_WIDTH = 150.0, 240.0  # of a box
BOLD, PLAIN, PAD = 7.2, 6.2, 40.0  # what a sign of a name takes, and of a figure; what stands round them
HIGH, LOW = 44.0, 26.0  # a layer with weights, or a block; a layer without
FRAME, HEAD = 8.0, 18.0  # round an open block; above it, for its name
SHEETS = 7.0  # how far the sheets behind a folded block stick out
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


# ---- figures


METRICS: Mapping[str, str] = {
    "kind": "Kind",
    "params": "Parameters",
    "ops": "Operations",
    "activation": "Activation bytes",
    "time": "Time",
}


@dataclass(frozen=True)
class Figure:
    """A box's value of the metric (None: not known) and its words; `share` is of the largest box, 0 to 1."""

    value: float | None
    text: str
    share: float


class Figures:
    """What each layer of a candidate costs, to be asked for boxes of layers. Sums are over what is known."""

    def __init__(self, candidate: Candidate, convention: Convention, device: str) -> None:
        self.convention: Convention = convention
        self.device = device
        self._layers: dict[str, LayerCost] = {}
        for layer in candidate.breakdown.layers:
            self._layers.setdefault(layer.name, layer)
        profile = candidate.profiles.get(device)
        self._times = layer_times(candidate.breakdown, profile)
        self.timed = bool(profile is not None and profile.layers)

    def metric_words(self, metric: str) -> str:
        """What the metric is called: `MACs`, `Time, here`, `Parameters`."""
        if metric == "ops":
            return CONVENTION_NAMES[self.convention]
        return time_head(self.device) if metric == "time" else METRICS[metric]

    def values(self, drawing: Drawing, metric: str) -> list[Figure]:
        """A figure for each box. By kind, what is written on a box is its operations."""
        asked = "ops" if metric == "kind" else metric
        values = [self._value(drawing.names[node.first : node.last + 1], asked) for node in drawing.nodes]
        most = max((value for value in values if value is not None), default=0.0) or 1.0
        return [
            Figure(value, self._short(value, asked, node), (value or 0.0) / most)
            for node, value in zip(drawing.nodes, values, strict=True)
        ]

    def _value(self, names: Sequence[str], metric: str) -> float | None:
        found = [self._one(name, metric) for name in names]
        known = [value for value in found if value is not None]
        return sum(known) if known else None

    def _one(self, name: str, metric: str) -> float | None:
        if metric == "time":
            time = self._times.get(name)
            return time.ms if time is not None else None
        layer = self._layers[name]
        if metric == "params":
            return layer.params
        if metric == "ops":
            return operations(layer.macs, layer.bias_adds, self.convention)
        return layer.activation_bytes

    def _short(self, value: float | None, metric: str, node: Node) -> str:
        if value is None:
            inside = self._times.get(node.layer) if metric == "time" and not node.fold else None
            if inside is not None and inside.inside:
                return f"in {inside.inside}"
            return words.does_not_apply if metric == "time" and self.timed else "not known"
        if not value:
            return words.does_not_apply
        return _written(value, metric)

    def operator(self, node: Node) -> str:
        """Conv 3×3 /2; of a block, what it holds."""
        if not node.fold:
            return operator_words(self._layers[node.layer])
        return words.plural(node.last - node.first + 1, "layer")

    def card(self, drawing: Drawing, node: Node) -> list[tuple[str, str]]:
        """All figures of a box, each by its name."""
        names = drawing.names[node.first : node.last + 1]
        layer = self._layers[names[-1]]
        lines = [("Operator" if not node.fold else "Holds", self.operator(node))]
        if node.fold:
            lines.append(("Heaviest layer", node.layer))
        else:
            lines.append(("Kind", KIND_NAMES[node.kind].lower()))
        lines.append(("Output", words.shape(layer.output_shape)))
        for metric in ("params", "ops", "activation", "time"):
            if metric == "time" and not self.timed:
                continue
            value = self._value(names, metric)
            lines.append((self.metric_words(metric), self._short(value, metric, node)))
        return lines

    def rows(self, drawing: Drawing) -> list[list[str]]:
        """The boxes as a table: what they are, what they read, and all figures (empty: not known)."""
        head = ["name", "operator", "kind", "layers", "repeats", "reads", "params", "macs" if self.convention == "macs"
                else self.convention, "activation_bytes", "time_ms"]  # fmt: skip
        reads: dict[int, list[str]] = {}
        for edge in drawing.edges:
            reads.setdefault(edge.target, []).append(drawing.nodes[edge.source].title)
        made = [head]
        for place, node in enumerate(drawing.nodes):
            names = drawing.names[node.first : node.last + 1]
            figures = [self._value(names, metric) for metric in ("params", "ops", "activation", "time")]
            made.append([
                node.title, "" if node.fold else node.op, node.kind, str(len(names)), str(node.repeats),
                "; ".join(reads.get(place, ())), *("" if value is None else f"{value:g}" if isinstance(value, float)
                else str(value) for value in figures),
            ])  # fmt: skip
        return made


def _written(value: float, metric: str) -> str:
    if metric == "time":
        return words.milliseconds(value)
    return words.megabytes(value) if metric == "activation" else words.three_digits(round(value))


def title_words(node: Node) -> str:
    """What a box is called: `layer2.1 … layer2.3 · ×3`, `layer1.0`, `conv1`."""
    return f"{node.title} · ×{node.repeats}" if node.repeats > 1 else node.title


def label_words(node: Node, frame: str) -> str:
    """What is written on a box inside a frame of this title: the rest of its name, `conv1` of `layer1.0.conv1`."""
    said = title_words(node)
    for sign in "./":
        said = said.replace(f"{frame}{sign}", "") if frame and node.title.startswith(f"{frame}{sign}") else said
    return said or title_words(node)


def labels(drawing: Drawing) -> list[str]:
    """What is written on each box."""
    titles = {block.key: block.title for block in drawing.blocks}
    return [label_words(node, titles.get(node.inside, "")) for node in drawing.nodes]


def spoken(node: Node, figure: Figure, metric: str) -> str:
    """For a screen reader: conv2, Conv, MACs 224 M."""
    what = f"block of {node.last - node.first + 1} layers, folded" if node.fold else node.op
    return f"{title_words(node)}, {what}, {metric} {figure.text}"
