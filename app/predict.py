"""What a recipe will do, before it runs: exact arithmetic where that is possible, a named estimate where it is not.

Pure and fast (a drag asks for it sixty times a second): it reads histograms, never a weight. Accuracy is not predicted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app import words
from app.axes import Figure, figure
from app.effects import Foreseen, LayerEffect, What, foreseen
from app.study import Candidate
from compressors.method import Method
from compressors.methods.fine_tune import FineTune
from compressors.methods.layers import picked
from compressors.methods.magnitude_pruning import MagnitudePruning
from compressors.packing.estimate import estimate
from compressors.recipe import Recipe
from profiler.breakdown import Breakdown, LayerCost
from profiler.histogram import WeightHistogram

INT8_VALUE = 0.92
"""Bytes that a weight takes in 8 bits: 127 steps up to the largest of some hundred weights, which for normal ones lies
3.2 σ out, are log2(127 / 3.2 · √(2πe)) = 7.36 bits."""

Histograms = Mapping[str, WeightHistogram]


@dataclass(frozen=True)
class Predicted:
    """The candidate that a recipe would make. None: it cannot be said, and `why`, `reason` or `missing` says why.

    `size_mb` is of the `.nbz` file; `macs` and `params` are counts of the shapes, which pruning leaves as they are.
    `why` has a sentence for each figure that a step makes unforeseeable. `missing` names the layers whose histograms
    are not here yet.
    """

    params: Figure | None
    macs: Figure | None
    nonzero_params: Figure | None
    size_mb: Figure | None
    latency_ms: Figure | None
    reason: str
    layers: Mapping[str, LayerEffect]
    missing: tuple[str, ...] = ()
    why: Mapping[What, str] = field(default_factory=dict[What, str])
    layer_bytes: Mapping[str, float] = field(default_factory=dict[str, float])  # in the packed file, where `size_mb` is


def predict(
    candidate: Candidate,
    steps: Sequence[Mapping[str, Any]],
    histograms: Histograms,
    device: str = "cpu",
    index_bits: Mapping[str, float] | None = None,
) -> Predicted:
    """The effect of the enabled steps (plain, as in a recipe file). Raises BadInput on an unusable step.

    `index_bits`: by layer, the entropy of which shared value a weight has, where the values are known.
    """
    weighted = picked(candidate.breakdown, ())
    missing = tuple(name for name in weighted if name not in histograms)
    recipe = [step for _, step in Recipe.from_plain(steps).enabled()]
    here = {name: histograms[name] for name in weighted if name in histograms}
    found = foreseen(recipe, candidate.breakdown, here)
    totals = candidate.breakdown.totals()
    latency, reason = _latency(candidate, device, recipe, found)
    bits = index_bits or {}
    known = not missing and "size" not in found.why
    size, by_layer = _size(candidate, found, here, bits) if known else (None, dict[str, float]())
    return Predicted(
        params=_of_shapes(totals.params, "params", found),
        macs=_of_shapes(totals.macs, "macs", found),
        nonzero_params=None if missing or "nonzero" in found.why else _nonzero(candidate, found, here, recipe),
        size_mb=size,
        latency_ms=latency,
        reason=reason,
        layers={} if missing else found.layers,
        missing=missing,
        why=found.why,
        layer_bytes=by_layer,
    )


def _of_shapes(before: int, what: What, found: Foreseen) -> Figure | None:
    """Counted while the shapes stay; a target is predicted."""
    if what in found.why:
        return None
    part = found.parts.get(what)
    return Figure(before, "counted") if part is None else Figure(before * part, "predicted")


def _nonzero(candidate: Candidate, found: Foreseen, histograms: Histograms, recipe: Sequence[Method]) -> Figure:
    """Counted where a share decides; predicted where a threshold does, or a search, after weights have moved."""
    removed = sum(histograms[name].size - histograms[name].zeros - layer.kept for name, layer in found.layers.items())
    zeros = sum(histogram.zeros for histogram in histograms.values())
    before = candidate.nonzero_params
    if before is None:
        before = candidate.breakdown.totals().params - zeros
    return Figure(before - removed, "counted" if _is_exact(recipe) else "predicted")


def _is_exact(recipe: Sequence[Method]) -> bool:
    trained = False
    for step in recipe:
        if isinstance(step, MagnitudePruning):
            moves = trained or step.rounds > 1 or step.way != "rounds"
            if step.search or (step.by in ("threshold", "deviations") and moves):
                return False
            trained = trained or step.epochs > 0
        elif isinstance(step, FineTune):
            trained = trained or step.epochs > 0
            if not step.keep_zeros:
                return False
        elif step.key != "weight_sharing" or step.epochs or not step.keep_zeros:  # type: ignore[attr-defined]
            return False
    return True


def _size(
    candidate: Candidate, found: Foreseen, histograms: Histograms, index_bits: Mapping[str, float]
) -> tuple[Figure, Mapping[str, float]]:
    """The packed file by the packer's own formula, and each layer's bytes in it.

    What the packer measured stands for layers that stay as they are.
    """
    costs = {name: cost for name in found.layers if (cost := candidate.breakdown.layer(name)) is not None}
    after = {name: _bytes(costs[name], layer, index_bits.get(name)) for name, layer in found.layers.items()}
    part = 0.5 if found.halved else 1.0  # of biases and the like
    rest = candidate.breakdown.totals().params - sum(layer.size for layer in found.layers.values())
    if candidate.packed is None:
        return Figure((sum(after.values()) + 4 * part * rest) / 1e6, "predicted"), after
    measured = {tensor.name: tensor.packed for tensor in candidate.packed.layers}
    before = {name: measured.get(costs[name].weight or "", 0) for name in found.layers}
    for name, layer in found.layers.items():
        whole = layer.kept == histograms[name].size - histograms[name].zeros and not layer.shared and not layer.kind
        if whole and before[name]:
            after[name] = float(before[name])
    total = candidate.packed.packed_bytes - sum(before.values()) - 4 * (1 - part) * rest + sum(after.values())
    return Figure(max(total, 0.0) / 1e6, "predicted"), after


def _bytes(cost: LayerCost, layer: LayerEffect, index_bits: float | None) -> float:
    if layer.kind == "int4":
        return layer.size / 2 + layer.scales
    rounded = layer.kind == "int8" and layer.shared is None
    saved = (1 - INT8_VALUE) * layer.kept if rounded else 0.0
    return (
        layer.scales
        - saved
        + estimate(
            layer.kept,
            layer.size,
            cost.weight_shape or (1, layer.size),
            layer.kind or _dtype(cost),
            bits=layer.bits,
            shared=layer.shared,
            index_bits=index_bits,
            codebooks=layer.codebooks,
        )
    )


def _dtype(cost: LayerCost) -> str:
    width = round(cost.weight_bytes / cost.params) if cost.weight_bytes and cost.params else 4
    return {1: "int8", 2: "float16", 8: "float64"}.get(width, "float32")


def _latency(candidate: Candidate, device: str, recipe: Sequence[Method], found: Foreseen) -> tuple[Figure | None, str]:
    """About as before where shapes and types stay; else a device must measure it."""
    measured = figure(candidate, "latency", device)
    if "latency" in found.why:
        return None, found.why["latency"]
    if "latency" in found.parts:
        reason = "The target, as it is measured on the way."
        part = found.parts["latency"]
    elif any(step.key in ("magnitude_pruning", "clip_q") for step in recipe):
        macs = words.operations(candidate.breakdown.totals().macs, "macs", 4)
        reason, part = f"No faster, because zeros are multiplied like any other weight: {macs} as before.", 1.0
    elif any(step.key == "weight_sharing" for step in recipe):
        reason, part = "No faster, because shared values are spelt out again before they are multiplied.", 1.0
    else:
        reason, part = "The shapes stay, so the time does.", 1.0
    if measured is None:
        return None, f"{candidate.letter} has not run on this device. {reason}"
    return Figure(measured.value * part, "predicted"), reason


def weighted_layers(breakdown: Breakdown) -> tuple[str, ...]:
    """The layers whose histograms a prediction needs."""
    return tuple(picked(breakdown, ()))
