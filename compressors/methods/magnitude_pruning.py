"""Magnitude pruning with retraining.

Han, Pool, Tran and Dally, “Learning both Weights and Connections for Efficient Neural Networks”, NIPS 2015: learn,
remove the weights of small magnitude, and learn what is left again; several times over where it must be gentle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np

from compressors.method import Context, Group, knob, method
from compressors.methods.layers import names_words, picked, picks_problems
from compressors.methods.masks import without
from compressors.methods.pruning_knobs import PruningKnobs
from compressors.methods.retraining import rescale_dropout, retrain
from compressors.methods.rule import By, Rule
from compressors.methods.searching import strongest
from compressors.methods.training_knobs import TrainingKnobs, epochs_knob, needs_data
from profiler.breakdown import Breakdown, breakdown
from profiler.errors import BadInput
from profiler.progress import Job, Progress, scaled

if TYPE_CHECKING:
    from profiler.network import Network

Layers = Mapping[str, str]
"""Layer → the name of its weight tensor."""


@method
@dataclass(frozen=True)
class MagnitudePruning(TrainingKnobs, PruningKnobs):
    """Remove the weights of small magnitude, then train the rest. Biases are never removed."""

    # The knobs of the last base come first: how much goes, how the rest trains, and then those of its own.

    key: ClassVar[str] = "magnitude_pruning"
    title: ClassVar[str] = "Prune by magnitude"
    group: ClassVar[Group] = "prune and share"
    gain: ClassVar[str] = "Most weights become zero: a much smaller file, as fast as before."

    epochs: int = epochs_knob(3, "Training after each round. 0: prune only.")
    search: bool = knob(
        False,
        kind="switch",
        label="Search",
        help="Find the strongest setting, up to the one given, that loses little on the validation images.",
    )
    max_loss: float = knob(
        0.5,
        kind="number",
        label="May lose",
        help="Search: points of validation accuracy that pruning may cost before the network is trained again.",
        low=0.0,
        high=100.0,
    )

    def apply(self, network: Network, context: Context) -> Job[Network]:
        """The pruned and retrained network. Raises BadInput for what `problems` says."""
        counted = breakdown(network)
        for sentence in self.problems(counted, context.data is not None):
            raise BadInput("Magnitude pruning cannot run on this network.", sentence)
        yield Progress(0.0, "Reading the weights")
        layers = self._floats(network, picked(counted, self._picks()))
        edge = 0.3 if self.search else 0.0
        rule = yield from scaled(self._found(network, layers, context), 0.0, edge)
        if self.way != "rounds":
            network = yield from scaled(self._while_training(network, layers, context, rule), edge, 1.0)
        for number in range(1, self.rounds + 1 if self.way == "rounds" else 1):
            start, stop = (edge + (1 - edge) * n / self.rounds for n in (number - 1, number))
            network = yield from scaled(self._round(network, layers, context, number, rule), start, stop)
        emptied = [layer for layer, name in layers.items() if not network.weight(name).any()]
        if emptied:
            context.found("emptied", emptied)
        return network

    def problems(self, network: Breakdown, has_data: bool) -> list[str]:
        """Layers that are not there, values that would remove everything, and data that is missing."""
        said = picks_problems(network, (*self._picks(), *self.per_layer))
        if self.layers and self.by != "per_layer":
            said += [
                f"“{name}” has a value of its own, but is not among the picked layers. Pick it, or remove its value."
                for name in self.per_layer
                if name not in self.layers
            ]
        if self.by == "per_layer" and not self.per_layer:
            said.append("No layer is in the per-layer table, so nothing would be removed.")
        if self.by == "share" and self.share >= 1:
            said.append("Removing 100 % of the weights leaves no network. Choose a smaller share.")
        if self.by in ("share", "per_layer"):
            said += [
                f"Removing 100 % of the weights of “{name}” leaves nothing of it. Choose a smaller share."
                for name, share in self.per_layer.items()
                if share >= 1
            ]
        if self.way != "rounds" and self.epochs == 0:
            said.append("Pruning while training needs epochs. Set them, or prune in rounds.")
        if self.way != "rounds" and self.rounds > 1:
            said.append("Pruning while training is one round. Set rounds to 1, or prune in rounds.")
        if self.search and not has_data:
            said.append("The search needs data to measure accuracy. Choose a data set, or switch the search off.")
        return said + needs_data(self.epochs, has_data)

    def summary(self) -> str:
        """`to 8 %` of all layers' weights, or `fc 91 %` removed of some layers'."""
        names = names_words(self._picks())
        if self.search:
            return f"{names} within {self.max_loss:g} pt".strip()
        if self.by == "threshold":
            return f"{names} |w| ≤ {self.threshold:g}".strip()
        if self.by == "deviations":
            return f"{names} |w| ≤ {self.deviations:g} σ".strip()
        if self.by == "per_layer":
            shares = {_percent(share) for share in self.per_layer.values()}
            return f"{names} {shares.pop()}" if len(shares) == 1 else names
        if names:
            return f"{names} {_percent(self.share)}"
        return f"to {_percent(1 - self.share)}"

    def rule(self) -> Rule:
        """The plain arithmetic of the setting: what a prediction needs, too."""
        values = {"threshold": self.threshold, "deviations": self.deviations}
        by = cast(By, self.by)
        return Rule(by, values.get(by, self.share), self.scope == "global", self.per_layer)

    def _picks(self) -> tuple[str, ...]:
        return tuple(self.per_layer) if self.by == "per_layer" else self.layers

    def _floats(self, network: Network, layers: Layers) -> Layers:
        """Those whose weights are floats. Raises BadInput when none is left, or one that was picked is not."""
        found = {layer: name for layer, name in layers.items() if network.weight(name).dtype.kind not in "iub"}
        whole = [layer for layer in layers if layer not in found]
        if whole and (self._picks() or not found):
            raise BadInput(
                f"The weights of “{whole[0]}” are whole numbers.",
                "Their magnitude depends on a scale and a zero point that pruning does not know.",
                "Prune the network before it is quantized.",
            )
        return found

    def _round(self, network: Network, layers: Layers, context: Context, number: int, rule: Rule) -> Job[Network]:
        """Prune to this round's part of the way, then train."""
        yield Progress(0.0, f"Pruning, round {number} of {self.rounds}")
        job = prune(network, layers, rule.at(number / self.rounds))
        pruned = yield from scaled(job, 0.0, 0.05 if self.epochs else 1.0)
        if self.epochs == 0:
            return pruned
        stays = {layer: _share_kept(network.weight(name), pruned.weight(name)) for layer, name in layers.items()}
        job = retrain(
            pruned,
            context,
            self,
            keep_zeros=True,
            part=f"round-{number}",
            adapt=lambda module: rescale_dropout(module, stays),
        )
        return (yield from scaled(job, 0.05, 1.0))

    def _while_training(self, network: Network, layers: Layers, context: Context, rule: Rule) -> Job[Network]:
        """One training during which more and more goes; at its end exactly what the rule says is gone."""
        from compressors.methods.pruning_schedule import scheduled, steps_of

        assert context.data is not None
        steps = steps_of(context.data.sizes["train"], self.batch, self.epochs)
        adapt, after_step = scheduled(layers, rule, steps, regrow=self.way == "surgery")
        return (
            yield from retrain(
                network, context, self, keep_zeros=True, part=self.way, adapt=adapt, after_step=after_step
            )
        )

    def _found(self, network: Network, layers: Layers, context: Context) -> Job[Rule]:
        """The strongest rule, up to the given one, that loses at most `max_loss` points on the validation split."""
        rule = self.rule()
        if not self.search:
            return rule
        if context.evaluate is None:
            raise BadInput("The search needs to measure accuracy.", fix="Choose a data set first.")
        strength = yield from strongest(
            lambda part: prune(network, layers, rule.weaker(part)), network, context.evaluate, self.max_loss / 100
        )
        found = rule.weaker(strength)
        context.found(found.by, found.value if found.by != "per_layer" else dict(found.per_layer))
        return found


def prune(network: Network, layers: Layers, rule: Rule) -> Job[Network]:
    """One shot, no training."""
    weights = {layer: network.weight(name) for layer, name in layers.items()}
    masks = yield from scaled(rule.masks(weights), 0.0, 0.7)
    changed: dict[str, np.ndarray] = {}
    for number, (layer, mask) in enumerate(masks.items()):
        yield Progress(0.7 + 0.3 * number / len(masks), f"Pruning {layer}")
        changed[layers[layer]] = without(weights[layer], mask)
    return network.with_weights(changed)


def _share_kept(before: np.ndarray, after: np.ndarray) -> float:
    """How much of what was there is left: C_ir / C_io of Han 2015."""
    return np.count_nonzero(after) / max(1, np.count_nonzero(before))


def _percent(share: float) -> str:
    """`8 %`, or `0.8 %` where whole numbers say too little."""
    percent = 100 * share
    return f"{percent:.0f} %" if abs(percent - round(percent)) < 0.05 or percent >= 10 else f"{percent:.1f} %"
