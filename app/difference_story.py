"""Two candidates layer by layer, in words: what came, what went, and what each change is worth. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from app import words
from app.heavy import layer_times
from profiler.breakdown import Breakdown, Convention, Kind, LayerCost, operations
from profiler.difference import Difference, Pair, Status, difference
from profiler.measurement import Profile

Column = Literal["params", "nonzero", "operations", "weight_bytes", "activation_bytes", "ms"]

COLUMNS: tuple[Column, ...] = ("params", "nonzero", "operations", "weight_bytes", "activation_bytes", "ms")
MARKS: Mapping[Status, str] = {"same": "=", "changed": "≠", "added": "+", "removed": words.MINUS}


@dataclass(frozen=True)
class Side:
    """One of the two networks, with what is known of it beyond its breakdown: weights that are not zero by layer, all
    parameters that are not zero (biases too), and a profile on the device that is looked at."""

    breakdown: Breakdown
    layer_nonzero: Mapping[str, int] | None = None
    profile: Profile | None = None
    nonzero_params: int | None = None


@dataclass(frozen=True)
class Figure:
    """A metric before and after; None: not known, not measured, or there is no such layer (see the row's status)."""

    before: float | None
    after: float | None
    change: float | None


@dataclass(frozen=True)
class DifferenceRow:
    """A pair of layers. `status` is “changed” too where only the number of weights that are not zero is another."""

    status: Status
    pair: Pair
    figures: Mapping[Column, Figure]

    @property
    def mark(self) -> str:
        return MARKS[self.status]

    @property
    def kind(self) -> Kind:
        return self.pair.layer.kind

    @property
    def name(self) -> str:
        """fc6; Conv_12 → conv5 where the names differ."""
        a, b = self.pair.a, self.pair.b
        return f"{a.name} → {b.name}" if a is not None and b is not None and a.name != b.name else self.pair.name

    @property
    def shape_words(self) -> str:
        """64×3×7×7, or 64×64×3×3 → 32×64×3×3: weights, or the output where there are none."""
        told = [_shape(layer) for layer in (self.pair.a, self.pair.b) if layer is not None]
        return " → ".join(dict.fromkeys(told))


def _shape(layer: LayerCost) -> str:
    return words.shape(layer.weight_shape, batch=True) if layer.weight_shape else words.shape(layer.output_shape)


@dataclass(frozen=True)
class DifferenceStory:
    """The rows in the second network's order, their totals, and how many layers are what."""

    found: Difference
    rows: tuple[DifferenceRow, ...]
    totals: Mapping[Column, Figure]
    counts: Mapping[Status, int]
    convention: Convention

    @property
    def headline(self) -> str:
        """12 layers the same, 3 changed, 6 added, 2 removed."""
        first = f"{words.plural(self.counts['same'], 'layer')} the same"
        rest = [f"{words.exact(self.counts[s])} {s}" for s in ("changed", "added", "removed") if self.counts[s]]
        return ", ".join([first, *rest])


def side_by_side(a: Side, b: Side, convention: Convention = "macs") -> DifferenceStory:
    """Align two networks and put both figures of each metric beside each other."""
    found = difference(a.breakdown, b.breakdown)
    times = [layer_times(side.breakdown, side.profile) for side in (a, b)]
    ms = [{name: time.ms for name, time in each.items()} for each in times]
    rows = tuple(_row(pair, (a, b), (ms[0], ms[1]), convention) for pair in found.pairs)
    counts: dict[Status, int] = dict.fromkeys(MARKS, 0)
    for row in rows:
        counts[row.status] += 1
    return DifferenceStory(found, rows, _totals(found, (a, b), convention), counts, convention)


def _row(
    pair: Pair,
    sides: tuple[Side, Side],
    ms: tuple[Mapping[str, float | None], Mapping[str, float | None]],
    convention: Convention,
) -> DifferenceRow:
    layers = (pair.a, pair.b)
    figures: dict[Column, Figure] = {
        "params": _figure(layers, [layer.params if layer else None for layer in layers]),
        "nonzero": _figure(layers, [_nonzero(layer, side) for layer, side in zip(layers, sides, strict=True)]),
        "operations": _figure(layers, [_operations(layer, convention) for layer in layers]),
        "weight_bytes": _figure(layers, [layer.weight_bytes if layer else None for layer in layers]),
        "activation_bytes": _figure(layers, [layer.activation_bytes if layer else None for layer in layers]),
        "ms": _figure(
            layers, [each.get(layer.name) if layer else None for layer, each in zip(layers, ms, strict=True)]
        ),
    }
    status = "changed" if pair.status == "same" and figures["nonzero"].change else pair.status
    return DifferenceRow(status, pair, figures)


def _operations(layer: LayerCost | None, convention: Convention) -> int | None:
    return None if layer is None else operations(layer.macs, layer.bias_adds, convention)


def _nonzero(layer: LayerCost | None, side: Side) -> int | None:
    """A layer without weights has none of them; one whose tensor another layer counts is not in the table."""
    if layer is None or side.layer_nonzero is None:
        return None
    return side.layer_nonzero.get(layer.name, 0 if layer.weight is None else None)


def _figure(layers: tuple[LayerCost | None, LayerCost | None], values: list[float | None]) -> Figure:
    """What is not there counts as nought in the change."""
    before, after = (0 if layer is None else value for layer, value in zip(layers, values, strict=True))
    return Figure(values[0], values[1], None if before is None or after is None else after - before)


def _totals(found: Difference, sides: tuple[Side, Side], convention: Convention) -> dict[Column, Figure]:
    """The networks' own totals. Time is the sum of the layers' medians."""
    before, after = found.before, found.after
    nonzero = [_all_nonzero(side) for side in sides]
    sums = [
        side.profile.reconciliation.layers_sum_ms if side.profile and side.profile.latencies_ms else None
        for side in sides
    ]
    works = [operations(totals.macs, totals.bias_adds, convention) for totals in (before, after)]
    return {
        "params": _total(before.params, after.params),
        "nonzero": _total(*nonzero),
        "operations": _total(*works),
        "weight_bytes": _total(before.weight_bytes, after.weight_bytes),
        "activation_bytes": _total(before.activation_bytes, after.activation_bytes),
        "ms": _total(*sums),
    }


def _all_nonzero(side: Side) -> int | None:
    if side.nonzero_params is not None:
        return side.nonzero_params
    return None if side.layer_nonzero is None else sum(side.layer_nonzero.values())


def _total(before: float | None, after: float | None) -> Figure:
    return Figure(before, after, None if before is None or after is None else after - before)


def value_words(column: Column, value: float | None) -> str:
    """A figure as its column writes it."""
    if column == "ms":
        return words.milliseconds(value)
    if value is None:
        return "not known"
    if column in ("weight_bytes", "activation_bytes"):
        return words.megabytes(value) if value else words.does_not_apply
    return words.three_digits(value) if value else words.does_not_apply


def change_words(column: Column, figure: Figure) -> str:
    """−37.7 M, +154 kB; “same” for no change; empty where that cannot be said."""
    if figure.change is None:
        return ""
    if figure.change == 0:
        return "same" if figure.before else words.does_not_apply
    sign = "+" if figure.change > 0 else words.MINUS
    return f"{sign}{value_words(column, abs(figure.change))}"
