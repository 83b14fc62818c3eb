"""What each step of a recipe leaves of each layer, from histograms alone; and what cannot be foreseen, with why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

from app.cuts import Cut, cuts
from compressors.method import Method
from compressors.methods.fine_tune import FineTune
from compressors.methods.four_bit import FourBit
from compressors.methods.half_precision import HalfPrecision
from compressors.methods.int8 import Int8
from compressors.methods.layers import picked
from compressors.methods.magnitude_pruning import MagnitudePruning
from compressors.methods.masks import count_of
from compressors.methods.weight_sharing import WeightSharing
from profiler.breakdown import Breakdown, LayerCost
from profiler.histogram import WeightHistogram

Histograms = Mapping[str, WeightHistogram]
What = Literal["params", "macs", "nonzero", "size", "latency"]
EVERYTHING: tuple[What, ...] = ("params", "macs", "nonzero", "size", "latency")
SCALE = 4  # bytes of a scale


@dataclass(frozen=True)
class LayerEffect:
    """A layer after the recipe: `kept` of its `size` weights stay; those up to `threshold` went (None: none).

    `shared`: so many values in each of `codebooks` stand for the weights (None: each has its own), found at `bits`
    bits. `kind` is how a weight is stored, "" as before; `scales` the bytes of scales beside it.
    """

    layer: str
    size: int
    kept: int
    threshold: float | None = None
    shared: int | None = None
    bits: int | None = None
    codebooks: int = 1
    kind: str = ""
    scales: float = 0.0

    @property
    def share_kept(self) -> float:
        return self.kept / self.size if self.size else 0.0


@dataclass(frozen=True)
class Foreseen:
    """Layers after the steps. `why`: what cannot be foreseen, with a sentence; `parts`: of parameters and operations,
    the share that a target leaves; `halved`: everything is in 16 bits, also what is no layer."""

    layers: Mapping[str, LayerEffect]
    why: Mapping[What, str] = field(default_factory=dict[What, str])
    parts: Mapping[What, float] = field(default_factory=dict[What, float])
    halved: bool = False

    def without(self, words: str, *what: What) -> Foreseen:
        """These are not foreseen; the first reason stands."""
        return replace(self, why={**dict.fromkeys(what, words), **self.why})

    def changed(self, changed: Iterable[LayerEffect]) -> Foreseen:
        return replace(self, layers={**self.layers, **{layer.layer: layer for layer in changed}})


@dataclass(frozen=True)
class Ground:
    """What steps work on."""

    network: Breakdown
    histograms: Histograms


def foreseen(recipe: Iterable[Method], network: Breakdown, histograms: Histograms) -> Foreseen:
    """What the steps, one after the other, leave. Training changes no zero unless it is told to."""
    layers = {name: LayerEffect(name, h.size, h.size - h.zeros) for name, h in histograms.items()}
    found, ground = Foreseen(layers), Ground(network, histograms)
    for step in recipe:
        found = EFFECTS.get(step.key, _unknown)(found, cast(Any, step), ground)
    return found


def _unknown(found: Foreseen, step: Method, _ground: Ground) -> Foreseen:
    return found.without(f"What “{step.title}” leaves is known when it has run.", *EVERYTHING)


# ------------------------------------------------------------------------------ pruning


def _prune(found: Foreseen, step: MagnitudePruning, ground: Ground) -> Foreseen:
    histograms = {name: ground.histograms[name] for name in found.layers}
    cut = _exact(step, cuts(step, histograms, list(found.layers)))
    found = _trained(found, step.epochs)
    return found.changed(
        replace(layer, kept=min(layer.kept, cut[name].stay), threshold=cut[name].threshold)
        for name, layer in found.layers.items()
        if name in cut
    )


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


def _tune(found: Foreseen, step: FineTune, _ground: Ground) -> Foreseen:
    found = _trained(found, step.epochs)
    if step.keep_zeros or not step.epochs:
        return found
    return found.changed(replace(layer, kept=layer.size, threshold=None) for layer in found.layers.values())


def _trained(found: Foreseen, epochs: int) -> Foreseen:
    """Weights that learn, each by itself, share no value any more."""
    if not epochs:
        return found
    return found.changed(replace(layer, shared=None, bits=None, codebooks=1) for layer in found.layers.values())


# ------------------------------------------------------------------------------ sharing


def _share(found: Foreseen, step: WeightSharing, ground: Ground) -> Foreseen:
    """2^bits values for what is not zero; as many as were given by hand."""
    names = [name for name in picked(ground.network, step.layers) if name in found.layers]
    return found.changed(_shared(found.layers[name], step, ground) for name in names)


def _shared(layer: LayerEffect, step: WeightSharing, ground: Ground) -> LayerEffect:
    bits = int(step.per_layer.get(layer.layer, step.bits))
    given = step.given.get(layer.layer)
    kept = layer.kept if step.keep_zeros else layer.size
    shape = _shape(ground.network.layer(layer.layer))
    codebooks = shape[0] if step.per == "channel" and len(shape) > 1 else 1
    count = min(len(given) if given else 2**bits, max(1, kept // codebooks))
    return replace(layer, kept=kept, shared=count, bits=None if given else bits, codebooks=codebooks)


def _clip(found: Foreseen, step: Any, ground: Ground) -> Foreseen:
    """CLIP-Q: a share of each layer is zero, the rest takes 2^b − 1 values."""
    if step.search:
        return found.without(
            "CLIP-Q searches for its shares and bits: how many weights stay is found.", "nonzero", "size"
        )
    names = [name for name in picked(ground.network, step.layers) if name in found.layers]

    def clipped(name: str) -> LayerEffect:
        layer, bits = found.layers[name], int(step.per_layer_bits.get(name, step.bits))
        kept = min(layer.kept, layer.size - round(step.per_layer.get(name, step.share) * layer.size))
        return replace(layer, kept=kept, shared=min(2**bits - 1, max(1, kept)), bits=None, codebooks=1)

    return _trained(found, step.epochs).changed(clipped(name) for name in names)


# ------------------------------------------------------------------------------ fewer bits

ROUNDED = "Rounding makes some small weights zero: how many is counted when it has run."


def _int8(found: Foreseen, step: Int8, ground: Ground) -> Foreseen:
    """A byte a weight, and a scale a channel (or one)."""
    kinds = ("fc",) if step.scales == "dynamic" else ("conv", "fc")
    found = _trained(found, step.epochs)

    def small(layer: LayerEffect) -> LayerEffect:
        cost = ground.network.layer(layer.layer)
        if cost is None or cost.kind not in kinds or layer.layer in step.leave_out:
            return layer
        if step.per_channel:  # a scale a channel: what was shared is rounded differently in each
            layer = replace(layer, shared=None, bits=None, codebooks=1)
        return replace(layer, kind="int8", scales=SCALE * (_shape(cost)[0] if step.per_channel else 1))

    found = found.changed(small(layer) for layer in found.layers.values())
    return found.without(ROUNDED, "nonzero").without(
        "How fast 8-bit integers are depends on the processor: profiling measures it.", "latency"
    )


def _half(found: Foreseen, _step: HalfPrecision, _ground: Ground) -> Foreseen:
    changed = [replace(layer, kind="float16") for layer in found.layers.values() if not layer.kind]
    return replace(found.changed(changed), halved=True).without(
        "How fast 16-bit floats are depends on the device: profiling measures it.", "latency"
    )


def _four(found: Foreseen, step: FourBit, ground: Ground) -> Foreseen:
    """Half a byte a weight and a scale a block."""

    def small(layer: LayerEffect) -> LayerEffect:
        cost = ground.network.layer(layer.layer)
        if cost is None or cost.op not in ("Gemm", "MatMul") or (step.layers and layer.layer not in step.layers):
            return layer
        return replace(layer, kind="int4", shared=None, scales=SCALE * layer.size / int(step.block))

    found = found.changed(small(layer) for layer in found.layers.values())
    return found.without(ROUNDED, "nonzero").without(
        "How fast 4-bit weights are depends on the device: profiling measures it.", "latency"
    )


# ------------------------------------------------------------------------------ other shapes


def _clean(found: Foreseen, step: Method, _ground: Ground) -> Foreseen:
    return found.without(f"“{step.title}” takes out what it finds: counted when it has run.", *EVERYTHING)


def _channels(found: Foreseen, step: Any, _ground: Ground) -> Foreseen:
    """The target is known; which channels go, and so all else, is found on the way."""
    aims: Mapping[str, What] = {"operations": "macs", "parameters": "params", "latency": "latency"}
    aim = aims.get(step.of)
    share = not (step.of == "latency" and getattr(step, "milliseconds", 0))
    words = f"“{step.title}” chooses channels when it runs: only its target is known before."
    parts = {**found.parts, aim: found.parts.get(aim, 1.0) * step.left} if aim and share else found.parts
    others: list[What] = [what for what in EVERYTHING if what != aim or not share]
    return replace(found, parts=parts).without(words, *others)


EFFECTS: Mapping[str, Callable[[Foreseen, Any, Ground], Foreseen]] = {
    "magnitude_pruning": _prune,
    "fine_tune": _tune,
    "weight_sharing": _share,
    "clip_q": _clip,
    "int8": _int8,
    "half_precision": _half,
    "four_bit": _four,
    "clean_up": _clean,
    "channel_pruning": _channels,
}


def _shape(cost: LayerCost | None) -> tuple[int, ...]:
    return cost.weight_shape if cost is not None and cost.weight_shape else (1,)


def thresholds_before(
    recipe: Iterable[Method], stop: int, network: Breakdown, histograms: Histograms
) -> Mapping[str, float]:
    """Up to which magnitude each layer's weights are gone when step number `stop` (from 0, of these) begins."""
    before = [step for place, step in enumerate(recipe) if place < stop]
    found = foreseen(before, network, histograms)
    return {name: layer.threshold for name, layer in found.layers.items() if layer.threshold is not None}
