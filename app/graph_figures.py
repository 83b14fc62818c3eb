"""What the boxes of a graph cost, as values and in words: for their colours, their cards and the table of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app import words
from app.graph import Drawing, title_words
from app.heavy import layer_times, operator_words, time_head
from app.study import Candidate
from profiler.breakdown import CONVENTION_NAMES, KIND_NAMES, Convention, LayerCost, operations
from profiler.graph import Node

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

    def op(self, layer: str) -> str:
        """A layer's operator."""
        return self._layers[layer].op if layer in self._layers else ""

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


def spoken(node: Node, figure: Figure, metric: str) -> str:
    """For a screen reader: conv2, Conv, MACs 224 M."""
    what = f"block of {node.last - node.first + 1} layers, folded" if node.fold else node.op
    return f"{title_words(node)}, {what}, {metric} {figure.text}"
