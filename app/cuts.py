"""Where a pruning step cuts each layer: what its line, its sliders and a prediction show. Reads histograms, no weight.

What a hand does (a line dragged, a slider moved, a layer picked) becomes changed settings of the step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from compressors.methods.magnitude_pruning import MagnitudePruning
from profiler.histogram import WeightHistogram

Step = MagnitudePruning
Histograms = Mapping[str, WeightHistogram]
Changes = dict[str, Any]


@dataclass(frozen=True)
class Cut:
    """One layer: weights up to `threshold` go, which is `share` (0 to 1) of its `size` weights; `stay` are left."""

    layer: str
    size: int
    threshold: float
    share: float
    stay: int
    own: bool  # it has a value of its own, not the step's common one


def picked(step: Step, layers: Sequence[str]) -> tuple[str, ...]:
    """The layers that a step works on, of those there are: with none named, all."""
    named = tuple(step.per_layer) if step.by == "per_layer" else tuple(step.layers) or tuple(layers)
    return tuple(name for name in layers if name in named)


def cuts(step: Step, histograms: Histograms, layers: Sequence[str]) -> dict[str, Cut]:
    """How each picked layer is cut whose histogram is here."""
    names = [name for name in picked(step, layers) if name in histograms]
    own = {name: value for name, value in step.per_layer.items() if name in names}
    common = _common(step, {name: histograms[name] for name in names if name not in own})
    return {name: _cut(histograms[name], own.get(name, common), _by(step, name, own), name in own) for name in names}


def _by(step: Step, name: str, own: Mapping[str, float]) -> str:
    by = step.by
    if by == "share" and name not in own and step.scope == "global":
        return "threshold"  # one threshold for all, see `_common`
    return "share" if by == "per_layer" else by


def _common(step: Step, rest: Histograms) -> float:
    """The value that layers without one of their own have: a threshold, a share or a number of σ."""
    by = step.by
    if by == "share" and step.scope == "global":
        return together(rest, step.share)
    if by in ("threshold", "deviations"):
        return step.threshold if by == "threshold" else step.deviations
    return step.share


def _cut(histogram: WeightHistogram, value: float, by: str, own: bool) -> Cut:
    if by == "share":
        threshold, share = histogram.threshold_for(value), value
    else:
        threshold = value * sigma(histogram) if by == "deviations" else value
        share = histogram.share_below(threshold)
    stay = histogram.size - round(share * histogram.size)
    return Cut(histogram.layer, histogram.size, threshold, share, stay, own)


def together(histograms: Histograms, share: float) -> float:
    """The one threshold under which this share of all their weights lies."""
    total = sum(h.size for h in histograms.values())
    low, high = 0.0, max((h.magnitudes[-1] for h in histograms.values()), default=0.0)
    for _ in range(48):  # halving: as fine as a float32 threshold can be
        middle = (low + high) / 2
        below = sum(h.size * h.share_below(middle) for h in histograms.values())
        low, high = (middle, high) if below < share * total else (low, middle)
    return high


def sigma(histogram: WeightHistogram) -> float:
    """Standard deviation of a layer's weights, from its bins (each taken at its middle)."""
    middles = [(a + b) / 2 for a, b in zip(histogram.edges, histogram.edges[1:], strict=False)]
    total = sum(histogram.counts) or 1
    mean = sum(n * x for n, x in zip(histogram.counts, middles, strict=True)) / total
    return sqrt(sum(n * (x - mean) ** 2 for n, x in zip(histogram.counts, middles, strict=True)) / total)


# ------------------------------------------------------------------------------ what a hand does


def at_threshold(step: Step, layer: str, threshold: float, histograms: Histograms, layers: Sequence[str]) -> Changes:
    """The settings once a layer's line stands at `threshold`: the common value, or the layer's own if it has one."""
    by = step.by
    histogram = histograms[layer]
    share = min(histogram.share_below(threshold), _MOST)
    if by == "per_layer" or layer in step.per_layer:
        return _own(step, layer, share if by in ("share", "per_layer") else _as(by, threshold, histogram))
    if by == "share" and step.scope == "global":
        rest = _commoners(step, histograms, layers).values()
        total = sum(h.size for h in rest)
        return {"share": min(sum(h.size * h.share_below(threshold) for h in rest) / total, _MOST)}
    return {"share": share} if by == "share" else {by: _as(by, threshold, histogram)}


def at_share(step: Step, layer: str, share: float, histograms: Histograms) -> Changes:
    """The settings once a layer's own slider stands at `share`: a value of its own."""
    by, share = step.by, min(share, _MOST)
    if by in ("share", "per_layer"):
        return _own(step, layer, share)
    return _own(step, layer, _as(by, histograms[layer].threshold_for(share), histograms[layer]))


_MOST = 0.999  # of a layer: removing all of it would leave no network


def _as(by: str, threshold: float, histogram: WeightHistogram) -> float:
    return threshold / (sigma(histogram) or 1.0) if by == "deviations" else threshold


def _own(step: Step, layer: str, value: float) -> Changes:
    return {"per_layer": {**step.per_layer, layer: value}}


def _commoners(step: Step, histograms: Histograms, layers: Sequence[str]) -> Histograms:
    own = step.per_layer
    return {n: histograms[n] for n in picked(step, layers) if n in histograms and n not in own}


def in_mode(step: Step, by: str, layer: str, histograms: Histograms, layers: Sequence[str]) -> Changes:
    """Another way of saying how much goes, with as nearly the same effect as it can say."""
    now = cuts(step, histograms, layers)
    names = picked(step, layers)
    if by == "per_layer":
        shares = {name: now[name].share if name in now else step.share for name in names}
        return {"by": by, "per_layer": shares}
    changes: Changes = {"by": by, "per_layer": {}, "layers": () if len(names) == len(layers) else names}
    cut = now.get(layer) or next(iter(now.values()), None)
    if cut is None:
        return changes
    if by == "share":
        total = sum(c.size for c in now.values())
        return changes | {"share": min(sum(c.size - c.stay for c in now.values()) / total, _MOST)}
    return changes | {by: _as(by, cut.threshold, histograms[cut.layer])}


def with_layer(step: Step, layer: str, on: bool, layers: Sequence[str]) -> Changes:
    """The settings with a layer picked or left out. The last one cannot be left out: that would mean all."""
    names = picked(step, layers)
    if step.by == "per_layer":
        own = dict(step.per_layer)
        if on:
            own.setdefault(layer, step.share)
        elif len(own) > 1:
            own.pop(layer, None)
        return {"per_layer": {name: own[name] for name in layers if name in own}}
    chosen = tuple(name for name in layers if (name in names and name != layer) or (on and name == layer))
    if not chosen:
        return {}
    own = {name: value for name, value in step.per_layer.items() if name in chosen}
    return {"layers": () if len(chosen) == len(layers) else chosen, "per_layer": own}


def like_this(step: Step, layer: str, alike: Sequence[str], histograms: Histograms, layers: Sequence[str]) -> Changes:
    """The share of one layer for all `alike` that are picked."""
    cut = cuts(step, histograms, layers).get(layer)
    if cut is None:
        return {}
    own: dict[str, float] = dict(step.per_layer)
    by = step.by
    for name in picked(step, layers):
        if name in alike and name in histograms:
            histogram = histograms[name]
            own[name] = (
                cut.share if by in ("share", "per_layer") else _as(by, histogram.threshold_for(cut.share), histogram)
            )
    return {"per_layer": own}
