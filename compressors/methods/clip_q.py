"""CLIP-Q: pruned and quantised at the same time, while it trains.

Tung and Mori, “CLIP-Q: Deep Network Compression Learning by In-Parallel Pruning-Quantization”, CVPR 2018.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from compressors.method import Context, Group, knob, method
from compressors.methods.layers import names_words, picked, picks_problems
from compressors.methods.training_knobs import TrainingKnobs, epochs_knob, needs_data
from profiler.breakdown import Breakdown, breakdown
from profiler.errors import BadInput
from profiler.progress import Job, Progress, scaled

if TYPE_CHECKING:
    import numpy as np
    from torch.nn import Module

    from compressors.clipq.arithmetic import Setting
    from compressors.clipq.trials import By
    from profiler.network import Network

FEWEST_BITS, MOST_BITS = 2, 16


@dataclass(frozen=True)
class ClipQKnobs:
    """(p, b) of each layer, or how they are searched for."""

    share: float = knob(
        0.8,
        kind="share",
        label="Share removed",
        help="p: this share of a layer’s positive weights becomes zero, and of its negative ones; anew in every step.",
        low=0.0,
        high=1.0,
    )
    bits: int = knob(
        4,
        kind="integer",
        label="Bits",
        help="b: a layer’s weights take zero and up to 2^b − 1 other values.",
        low=FEWEST_BITS,
        high=MOST_BITS,
    )
    layers: tuple[str, ...] = knob(
        (), kind="layers", label="Layers", help="None picked: every convolution and fully connected layer."
    )
    per_layer: Mapping[str, float] = knob(
        kind="per_layer",
        label="Share per layer",
        help="A layer’s own share in place of the common one.",
        of="share",
        low=0.0,
        high=1.0,
        factory=dict[str, float],
    )
    per_layer_bits: Mapping[str, float] = knob(
        kind="per_layer",
        label="Bits per layer",
        help="A layer’s own number of bits in place of the common one: a whole number from 2 to 16.",
        of="bits",
        low=FEWEST_BITS,
        high=MOST_BITS,
        factory=dict[str, float],
    )
    search: bool = knob(
        False,
        kind="switch",
        label="Search",
        help=(
            "Find share and bits by Bayesian optimisation: the smallest network that loses little on the validation "
            "images. Layers with a value of their own keep it."
        ),
    )
    max_loss: float = knob(
        1.0,
        kind="number",
        label="May lose",
        help="Search: points of validation accuracy that a setting may cost after its short training.",
        low=0.0,
        high=100.0,
    )
    trials: int = knob(60, kind="integer", label="Settings tried", help="Search: how many.", low=1, high=10_000)
    trial_images: int = knob(
        6400,
        kind="integer",
        label="Images a setting",
        help="Search: training images that the network sees with a setting before its accuracy is measured.",
        low=1,
        high=10_000_000,
    )
    together: str = knob(
        "shape",
        kind="choice",
        label="One setting for",
        help="Search: each layer by itself, or the layers whose weights have one shape: fewer numbers to find.",
        choices=("layer", "shape"),
    )


@method
@dataclass(frozen=True)
class ClipQ(TrainingKnobs, ClipQKnobs):
    """Clip, partition and quantise each layer's weights in every step of a training."""

    key: ClassVar[str] = "clip_q"
    title: ClassVar[str] = "CLIP-Q"
    group: ClassVar[Group] = "prune and share"
    gain: ClassVar[str] = "Few values and many zeros, chosen together: a much smaller file, as fast as before."

    epochs: int = epochs_knob(3, "Training with the weights pruned and quantised. 0: once, without training.")

    def apply(self, network: Network, context: Context) -> Job[Network]:
        """The network with at most 2^b values in each layer. Raises BadInput for what `problems` says, and NaN."""
        counted = breakdown(network)
        for sentence in self.problems(counted, context.data is not None):
            raise BadInput("CLIP-Q cannot run on this network.", sentence)
        yield Progress(0.0, "Reading the weights")
        layers = self._floats(network, picked(counted, self.layers))
        settings = self._settings(layers)
        yield from scaled(_clipped(network, layers, settings), 0.0, 0.0)  # refuses weights before anything trains
        edge = 0.6 if self.search else 0.0
        if self.search:
            settings = yield from scaled(self._found(network, layers, settings, context), 0.0, edge)
        context.found("clip_q", {layer: {"share": p, "bits": b} for layer, (p, b) in settings.items()})
        if self.epochs == 0:
            return (yield from scaled(_clipped(network, layers, settings), edge, 1.0))
        return (yield from scaled(self._trained(network, settings, context), edge, 1.0))

    def problems(self, network: Breakdown, has_data: bool) -> list[str]:
        """Layers that are not there, shares of 100 %, bits that are no whole numbers, and data that is missing."""
        own = dict.fromkeys((*self.per_layer, *self.per_layer_bits))
        said = picks_problems(network, (*self.layers, *own))
        said += [
            f"“{name}” has a value of its own, but is not among the picked layers. Pick it, or remove its value."
            for name in own
            if self.layers and name not in self.layers
        ]
        if self.share >= 1 and not self.search:
            said.append("Removing 100 % of the weights leaves no network. Choose a smaller share.")
        said += [
            f"Removing 100 % of the weights of “{name}” leaves nothing of it. Choose a smaller share."
            for name, share in self.per_layer.items()
            if share >= 1
        ]
        said += [
            f"“{name}” has {bits:g} bits. It takes a whole number from {FEWEST_BITS} to {MOST_BITS}."
            for name, bits in self.per_layer_bits.items()
            if bits != int(bits) or not FEWEST_BITS <= bits <= MOST_BITS
        ]
        if self.search and not has_data:
            said.append("The search needs data to measure accuracy. Choose a data set, or switch the search off.")
        return said + needs_data(self.epochs, has_data)

    def summary(self) -> str:
        """`80 %, 4 bits`, `fc1 80–95 %, 3–4 bits`, or `within 1 pt` where it searches."""
        names = names_words(self.layers)
        if self.search:
            return f"{names} within {self.max_loss:g} pt".strip()
        shares = {round(100 * value) for value in (self.share, *self.per_layer.values())}
        bits = {int(value) for value in (self.bits, *self.per_layer_bits.values())}
        return f"{names} {_span(shares)} %, {_span(bits)} bits".strip()

    def _settings(self, layers: Mapping[str, str]) -> dict[str, Setting]:
        from compressors.clipq.arithmetic import Setting

        common = 0.0 if self.search else self.share
        return {
            layer: Setting(self.per_layer.get(layer, common), int(self.per_layer_bits.get(layer, self.bits)))
            for layer in layers
        }

    def _floats(self, network: Network, layers: Mapping[str, str]) -> dict[str, str]:
        """Those whose weights are floats. Raises BadInput when none is left, or one that was picked is not."""
        found = {layer: name for layer, name in layers.items() if network.weight(name).dtype.kind == "f"}
        others = [layer for layer in layers if layer not in found]
        if others and (self.layers or not found):
            raise BadInput(
                f"The weights of “{others[0]}” are no floats of 16, 32 or 64 bits.",
                "CLIP-Q takes means of real numbers.",
                "Use it before the network is quantized.",
            )
        return found

    def _trained(self, network: Network, settings: Mapping[str, Setting], context: Context) -> Job[Network]:
        from compressors.methods.retraining import retrain

        def adapt(module: Module) -> None:
            from compressors.clipq.while_training import clip_while_training

            clip_while_training(module, settings)

        return (yield from retrain(network, context, self, keep_zeros=False, part="clip-q", adapt=adapt))

    def _found(
        self, network: Network, layers: Mapping[str, str], given: Mapping[str, Setting], context: Context
    ) -> Job[dict[str, Setting]]:
        """The given settings, with those that were searched for in place of the common one."""
        from compressors.clipq.trials import groups_of
        from compressors.clipq.tuning import tuned

        own = {*self.per_layer, *self.per_layer_bits}
        shapes = {layer: network.weight(name).shape for layer, name in layers.items()}
        groups = groups_of(shapes, cast("By", self.together), own)
        if not groups:
            raise BadInput(
                "There is nothing to search for.",
                "Every picked layer has a value of its own.",
                "Remove some, or switch the search off.",
            )
        found = yield from tuned(network, context, self, groups, given)
        context.found("search", found.told)
        return {layer: found.settings.get(layer, setting) for layer, setting in given.items()}


def _clipped(network: Network, layers: Mapping[str, str], settings: Mapping[str, Setting]) -> Job[Network]:
    """One shot, no training. Raises BadInput for weights that are no numbers."""
    from compressors.clipq.arithmetic import quantised

    changed: dict[str, np.ndarray] = {}
    for number, (layer, name) in enumerate(layers.items()):
        yield Progress(number / len(layers), f"Quantising {layer}")
        try:
            changed[name] = quantised(network.weight(name), *settings[layer]).values
        except ValueError as error:
            raise BadInput(
                f"“{layer}” can’t be quantised: {error}.", fix="Check the network: such weights compute nothing."
            ) from error
    return network.with_weights(changed)


def _span(values: set[int]) -> str:
    return f"{min(values)}" if len(values) == 1 else f"{min(values)}–{max(values)}"
