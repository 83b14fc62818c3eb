"""Two networks layer by layer: what is the same, what changed, what came and what went."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Literal

from profiler.alignment import Match, matches
from profiler.breakdown import Breakdown, Kind, LayerCost, Totals

Status = Literal["same", "changed", "added", "removed"]
By = Literal["name", "structure"]
Metric = Literal["params", "macs", "bias_adds", "weight_bytes", "activation_bytes"]

METRICS: tuple[Metric, ...] = ("params", "macs", "bias_adds", "weight_bytes", "activation_bytes")
SHOWN = ("op", "kind", "input_shape", "weight_shape", "output_shape", *METRICS, "geometry")


@dataclass(frozen=True)
class Pair:
    """A layer of the first network (`a`) and the one of the second (`b`) that stands in its place.

    `same`: operator, shapes, settings and costs are; the values of the weights are not looked at. `by`: how they were
    found. `group`: what stands in one place, such as the three convolutions that a low-rank step made of one, has one
    number from 1 on; 0 where nothing was exchanged.
    """

    status: Status
    a: LayerCost | None
    b: LayerCost | None
    by: By | None = None
    group: int = 0

    @property
    def layer(self) -> LayerCost:
        """The second network's layer; the first's where it was removed."""
        layer = self.b or self.a
        assert layer is not None
        return layer

    @property
    def name(self) -> str:
        return self.layer.name

    def change(self, metric: Metric) -> int | None:
        """How much more the second has. What is not there counts as nought; unknown is None."""
        before, after = (0 if x is None else getattr(x, metric) for x in (self.a, self.b))
        return None if before is None or after is None else after - before

    def differs(self) -> tuple[str, ...]:
        """What of a changed layer is another: operator, shapes, settings or costs, by the names of `LayerCost`."""
        if self.a is None or self.b is None:
            return ()
        return tuple(key for key in SHOWN if getattr(self.a, key) != getattr(self.b, key))


@dataclass(frozen=True)
class Difference:
    """From network `a` to network `b`, in the second's order; what was removed stands where it was."""

    a: str
    b: str
    pairs: tuple[Pair, ...]
    before: Totals
    after: Totals

    def of(self, status: Status) -> tuple[Pair, ...]:
        return tuple(pair for pair in self.pairs if pair.status == status)

    def change(self, metric: Metric, kind: Kind | None = None) -> int:
        """The sum of the changes that are known: the difference of the totals where all are.

        Of one kind: each layer by its own, so that a convolution replaced by a fully connected layer leaves the one
        and comes to the other.
        """
        after = (p.b for p in self.pairs if p.b is not None and kind in (None, p.b.kind) and _both(p, metric))
        before = (p.a for p in self.pairs if p.a is not None and kind in (None, p.a.kind) and _both(p, metric))
        return sum(getattr(b, metric) for b in after) - sum(getattr(a, metric) for a in before)

    def groups(self) -> tuple[tuple[Pair, ...], ...]:
        """Layers that were exchanged for others, place by place: some removed, some added."""
        numbers = dict.fromkeys(pair.group for pair in self.pairs if pair.group)
        return tuple(tuple(pair for pair in self.pairs if pair.group == number) for number in numbers)


def _both(pair: Pair, metric: Metric) -> bool:
    return pair.change(metric) is not None


def difference(a: Breakdown, b: Breakdown) -> Difference:
    """Align two networks by the names and by the structure of their layers (see `profiler.alignment`).

    Costs are those of the two breakdowns, so for a fair answer both are counted at the same input size.
    """
    found = matches(a.layers, b.layers)
    pairs: list[Pair] = []
    groups = 0
    done_a = done_b = 0
    taken_a, taken_b = {match.a for match in found}, {match.b: match for match in found}
    for match in [*(m for m in found if m.in_order), Match(len(a.layers), len(b.layers), "name", True)]:
        removed = [Pair("removed", a.layers[i], None) for i in range(done_a, match.a) if i not in taken_a]
        between = [_second(a, b, j, taken_b) for j in range(done_b, match.b)]
        if removed and any(pair.status == "added" for pair in between):
            groups += 1
            removed = [replace(pair, group=groups) for pair in removed]
            between = [replace(pair, group=groups) if pair.status == "added" else pair for pair in between]
        pairs += removed + between
        if match.b < len(b.layers):
            pairs.append(_second(a, b, match.b, taken_b))
        done_a, done_b = match.a + 1, match.b + 1
    return Difference(a.network, b.network, tuple(pairs), a.totals(), b.totals())


def _second(a: Breakdown, b: Breakdown, place: int, taken: dict[int, Match]) -> Pair:
    """The second network's layer at this place, with its partner."""
    now, match = b.layers[place], taken.get(place)
    if match is None:
        return Pair("added", None, now)
    before = a.layers[match.a]
    pair = Pair("same", before, now, match.by)
    return replace(pair, status="changed") if pair.differs() else pair


def total_changes(found: Difference) -> dict[str, int]:
    """The totals of the second less those of the first, by the names of `Totals`."""
    return {f.name: getattr(found.after, f.name) - getattr(found.before, f.name) for f in fields(Totals)}
