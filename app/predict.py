"""What a recipe will do, before it runs: exact arithmetic where that is possible, a named estimate where it is not.

Pure and fast (a drag asks for it sixty times a second): it reads histograms, never a weight. Accuracy is not predicted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app import words
from app.axes import Figure, figure
from app.cuts import Cut, cuts
from app.study import Candidate
from compressors.method import Method
from compressors.methods.fine_tune import FineTune
from compressors.methods.layers import picked
from compressors.methods.magnitude_pruning import MagnitudePruning
from compressors.methods.masks import count_of
from compressors.packing.estimate import estimate
from compressors.recipe import Recipe
from profiler.breakdown import Breakdown, LayerCost
from profiler.histogram import WeightHistogram

Histograms = Mapping[str, WeightHistogram]


@dataclass(frozen=True)
class LayerEffect:
    """A layer after the recipe: `kept` of its `size` weights stay; those up to `threshold` went (None: none)."""

    layer: str
    size: int
    kept: int
    threshold: float | None = None

    @property
    def share_kept(self) -> float:
        return self.kept / self.size if self.size else 0.0


@dataclass(frozen=True)
class Predicted:
    """The candidate that a recipe would make. None: it cannot be said, and `reason` or `missing` says why.

    `size_mb` is of the `.nbz` file; `macs` and `params` are counts of the shapes, which pruning leaves as they are.
    `missing` names the layers whose histograms are not here yet.
    """

    params: Figure
    macs: Figure
    nonzero_params: Figure | None
    size_mb: Figure | None
    latency_ms: Figure | None
    reason: str
    layers: Mapping[str, LayerEffect]
    missing: tuple[str, ...] = ()


def predict(
    candidate: Candidate, steps: Sequence[Mapping[str, Any]], histograms: Histograms, device: str = "cpu"
) -> Predicted:
    """The effect of the enabled steps (plain, as in a recipe file). Raises BadInput on an unusable step."""
    weighted = picked(candidate.breakdown, ())
    missing = tuple(name for name in weighted if name not in histograms)
    recipe = [step for _, step in Recipe.from_plain(steps).enabled()]
    totals = candidate.breakdown.totals()
    known = not missing and all(isinstance(step, (MagnitudePruning, FineTune)) for step in recipe)
    layers = _layers(recipe, {name: histograms[name] for name in weighted}) if known else {}
    latency, reason = _latency(candidate, device, recipe)
    return Predicted(
        params=Figure(totals.params, "counted"),
        macs=Figure(totals.macs, "counted"),
        nonzero_params=_nonzero(candidate, layers, histograms, recipe) if known else None,
        size_mb=_size(candidate, layers, histograms) if known else None,
        latency_ms=latency,
        reason=reason,
        layers=layers,
        missing=missing,
    )


def _layers(recipe: Sequence[Method], histograms: Histograms) -> dict[str, LayerEffect]:
    """What each step in turn leaves of each layer. Training is taken to change no zero unless it is told to."""
    layers = {name: LayerEffect(name, h.size, h.size - h.zeros) for name, h in histograms.items()}
    for step in recipe:
        if isinstance(step, MagnitudePruning):
            for name, cut in _exact(step, cuts(step, histograms, list(layers))).items():
                before = layers[name]
                layers[name] = replace(before, kept=min(before.kept, cut.stay), threshold=cut.threshold)
        elif isinstance(step, FineTune) and not step.keep_zeros and step.epochs:
            layers = {name: LayerEffect(name, layer.size, layer.size) for name, layer in layers.items()}
    return layers


def _exact(step: MagnitudePruning, found: Mapping[str, Cut]) -> Mapping[str, Cut]:
    """With one threshold for a share of all, their sum is exact: the largest layer takes what interpolation lost."""
    common = [cut for cut in found.values() if not cut.own]
    if step.by != "share" or step.scope != "global" or not common:
        return found
    total = sum(cut.size for cut in common)
    lost = total - count_of(step.share, total) - sum(cut.stay for cut in common)
    largest = max(common, key=lambda cut: cut.size)
    stay = min(max(largest.stay + lost, 0), largest.size)
    return {**found, largest.layer: replace(largest, stay=stay)}


def _nonzero(
    candidate: Candidate, layers: Mapping[str, LayerEffect], histograms: Histograms, recipe: Sequence[Method]
) -> Figure:
    """Counted where a share decides; predicted where a threshold does, or a search, after weights have moved."""
    removed = sum(histograms[name].size - histograms[name].zeros - layer.kept for name, layer in layers.items())
    zeros = sum(histogram.zeros for histogram in histograms.values())
    before = candidate.nonzero_params
    if before is None:
        before = candidate.breakdown.totals().params - zeros
    return Figure(before - removed, "counted" if _is_exact(recipe) else "predicted")


def _is_exact(recipe: Sequence[Method]) -> bool:
    trained = False
    for step in recipe:
        if isinstance(step, MagnitudePruning):
            moves = trained or step.rounds > 1
            if step.search or (step.by in ("threshold", "deviations") and moves):
                return False
            trained = trained or step.epochs > 0
        elif isinstance(step, FineTune):
            trained = trained or step.epochs > 0
            if not step.keep_zeros:
                return False
    return True


def _size(candidate: Candidate, layers: Mapping[str, LayerEffect], histograms: Histograms) -> Figure:
    """The packed file by the packer's own formula; what it measured stands for layers that stay as they are."""
    costs = {name: cost for name in layers if (cost := candidate.breakdown.layer(name)) is not None}
    after = {name: _bytes(costs[name], layer.kept, layer.size) for name, layer in layers.items()}
    if candidate.packed is None:
        rest = candidate.breakdown.totals().params - sum(layer.size for layer in layers.values())
        return Figure((sum(after.values()) + 4 * rest) / 1e6, "predicted")
    measured = {tensor.name: tensor.packed for tensor in candidate.packed.layers}
    total: float = candidate.packed.packed_bytes
    for name, layer in layers.items():
        before = measured.get(costs[name].weight or "", 0)
        untouched = layer.kept == histograms[name].size - histograms[name].zeros and before
        total += 0 if untouched else after[name] - before
    return Figure(total / 1e6, "predicted")


def _bytes(cost: LayerCost, kept: int, size: int) -> float:
    return estimate(kept, size, cost.weight_shape or (1, size), _dtype(cost))


def _dtype(cost: LayerCost) -> str:
    width = round(cost.weight_bytes / cost.params) if cost.weight_bytes and cost.params else 4
    return {1: "int8", 2: "float16", 8: "float64"}.get(width, "float32")


def _latency(candidate: Candidate, device: str, recipe: Sequence[Method]) -> tuple[Figure | None, str]:
    """About as before: neither zeros nor training change a shape."""
    measured = figure(candidate, "latency", device)
    if not any(isinstance(step, MagnitudePruning) for step in recipe):
        reason = "The shapes stay, so the time does."
    else:
        macs = words.operations(candidate.breakdown.totals().macs, "macs", 4)
        reason = f"No faster, because zeros are multiplied like any other weight: {macs} as before."
    if measured is None:
        return None, f"{candidate.letter} has not run on this device. {reason}"
    return Figure(measured.value, "predicted"), reason


def weighted_layers(breakdown: Breakdown) -> tuple[str, ...]:
    """The layers whose histograms a prediction needs."""
    return tuple(picked(breakdown, ()))
