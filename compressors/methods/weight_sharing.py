"""Weight sharing: few values for many weights, found by k-means and then trained.

Gong, Liu, Yang and Bourdev, “Compressing Deep Convolutional Networks using Vector Quantization”, 2014 (scalar k-means);
Han, Mao and Dally, “Deep Compression”, ICLR 2016, §3: pruned weights stay zero, the rest of a layer shares 2^bits
values, and these learn by the summed gradient of their members.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from compressors.method import Context, Group, knob, method
from compressors.methods.layers import names_words, picked, picks_problems, weighted
from compressors.methods.retraining import retrain
from compressors.methods.sharing_values import groups_of, moving_together
from compressors.methods.training_knobs import TrainingKnobs, epochs_knob, needs_data
from profiler.breakdown import Breakdown, breakdown
from profiler.errors import BadInput
from profiler.progress import Job, Progress, scaled

if TYPE_CHECKING:
    from compressors.sharing import Shared
    from profiler.network import Network

MOST_BITS = 16
STARTS = ("optimal", "linear", "density", "quantile")  # of `compressors.sharing`, which takes a second to load


@dataclass(frozen=True)
class SharingKnobs:
    """How many values, and where they start."""

    bits: int = knob(
        5,
        kind="integer",
        label="Bits",
        help="A layer’s weights share 2^bits values. Han 2016: 8 for convolutions, 5 for fully connected layers.",
        low=1,
        high=MOST_BITS,
    )
    start: str = knob(
        "optimal",
        kind="choice",
        label="Start",
        help=(
            "Where k-means begins. Optimal: dynamic programming. Linear: evenly from the smallest to the largest "
            "weight. Density: evenly along the cumulative distribution. Quantile: groups of equal count."
        ),
        choices=STARTS,
    )
    per: str = knob(
        "layer",
        kind="choice",
        label="Codebook per",
        help="Layer: one codebook for all its weights. Channel: one for each index of the weight’s first axis.",
        choices=("layer", "channel"),
    )
    layers: tuple[str, ...] = knob(
        (), kind="layers", label="Layers", help="None picked: every convolution and fully connected layer."
    )
    per_layer: Mapping[str, float] = knob(
        kind="per_layer",
        label="Per layer",
        help="A layer’s own number of bits in place of the common one: a whole number from 1 to 16.",
        low=1,
        high=MOST_BITS,
        of="bits",
        factory=dict[str, float],
    )
    given: Mapping[str, tuple[float, ...]] = knob(
        kind="values",
        label="Values by hand",
        help="The very values that a layer’s weights share, in place of those k-means finds: each takes the nearest.",
        factory=dict[str, tuple[float, ...]],
    )
    keep_zeros: bool = knob(
        True,
        kind="switch",
        label="Keep zeros",
        help="Pruned weights stay exactly zero, apart from the shared values.",
    )
    biases: int = knob(
        0,
        kind="integer",
        label="Bits of biases",
        help="Biases of the layers share 2^bits values too. 0: they stay as they are.",
        low=0,
        high=MOST_BITS,
    )
    mantissa: int = knob(
        23,
        kind="integer",
        label="Digits of a value",
        help="Bits of mantissa to which shared values are rounded in the end: fewer make a smaller codebook. 23: all.",
        low=1,
        high=23,
    )


@method
@dataclass(frozen=True)
class WeightSharing(TrainingKnobs, SharingKnobs):
    """Replace the weights of each layer by few shared values, then train these."""

    key: ClassVar[str] = "weight_sharing"
    title: ClassVar[str] = "Share weights"
    group: ClassVar[Group] = "prune and share"
    gain: ClassVar[str] = "A weight becomes an index of few bits: a smaller file, as fast as before."

    epochs: int = epochs_knob(3, "Training of the shared values. 0: share only.")
    learning_rate: float = knob(
        0.0001,
        kind="number",
        label="Learning rate",
        help="A shared value is moved by the sum of its members’ gradients: with SGD, take about 1/1000 of the usual.",
        low=0.0,
        high=10.0,
    )
    optimizer: str = knob(
        "adam",
        kind="choice",
        label="Optimizer",
        help="Adam, which is not moved by how many members a value has, or SGD with momentum 0.9.",
        choices=("sgd", "adam"),
    )
    weight_decay: float = knob(0.0, kind="number", label="Weight decay", help="L2 regularisation.", low=0.0, high=1.0)

    def apply(self, network: Network, context: Context) -> Job[Network]:
        """The network with shared weights. Raises BadInput for what `problems` says, and for NaN weights."""
        counted = breakdown(network)
        for sentence in self.problems(counted, context.data is not None):
            raise BadInput("Weight sharing cannot run on this network.", sentence)
        yield Progress(0.0, "Reading the weights")
        bits = self._bits(network, counted)
        share = 0.1 if self.epochs else 1.0
        given = {name: np.array(self.given[layer]) for layer, name in weighted(counted).items() if layer in self.given}
        found = yield from scaled(self._shared(network, bits, given), 0.0, share)
        context.found(
            "shared_values", {name: sum(row.codebook.size - row.zero for row in found[name]) for name in bits}
        )
        network = network.with_weights({name: _values(rows, network.weight(name)) for name, rows in found.items()})
        if self.epochs == 0:
            return network
        groups = {name: groups_of(rows, network.weight(name).shape) for name, rows in found.items()}
        job = retrain(
            network,
            context,
            self,
            keep_zeros=self.keep_zeros,
            part="shared",
            after_step=moving_together(network, groups),
        )
        trained = yield from scaled(job, share, 1.0)
        from compressors.sharing import rounded

        return trained.with_weights({name: rounded(trained.weight(name), self.mantissa) for name in found})

    def problems(self, network: Breakdown, has_data: bool) -> list[str]:
        """Layers that are not there, bits that are no whole numbers, and data that is missing."""
        said = picks_problems(network, (*self.layers, *self.per_layer, *self.given))
        said += [
            f"“{name}” has a value of its own, but is not among the picked layers. Pick it, or remove its value."
            for name in dict.fromkeys((*self.per_layer, *self.given))
            if self.layers and name not in self.layers
        ]
        said += [
            f"“{name}” has {bits:g} bits. It takes a whole number from 1 to {MOST_BITS}."
            for name, bits in self.per_layer.items()
            if bits != int(bits) or not 1 <= bits <= MOST_BITS
        ]
        said += [
            f"“{name}” has {len(values):,} values by hand. It takes 1 to {1 << MOST_BITS:,}."
            for name, values in self.given.items()
            if not 1 <= len(values) <= 1 << MOST_BITS
        ]
        if self.given and self.per == "channel":
            name = next(iter(self.given))
            said.append(f"“{name}” has values by hand: they are for a whole layer. Take one codebook per layer.")
        return said + needs_data(self.epochs, has_data)

    def summary(self) -> str:
        """`to 5 bits`, or `fc1 to 4 bits` for some layers."""
        bits = {self.bits, *(int(own) for own in self.per_layer.values())}
        if self.layers and set(self.layers) <= set(self.per_layer):
            bits = {int(own) for own in self.per_layer.values()}
        span = f"{min(bits)}" if len(bits) == 1 else f"{min(bits)}–{max(bits)}"
        plural = "" if span == "1" else "s"
        return f"{names_words(self.layers)} to {span} bit{plural}".strip()

    def _bits(self, network: Network, counted: Breakdown) -> dict[str, int]:
        """Initializer → bits. Raises BadInput when nothing is left, or a picked layer's weights are no floats."""
        layers = picked(counted, self.layers)
        floats = {layer: name for layer, name in layers.items() if network.weight(name).dtype.kind == "f"}
        others = [layer for layer in layers if layer not in floats]
        if others and (self.layers or not floats):
            raise BadInput(
                f"The weights of “{others[0]}” are no floats of 16, 32 or 64 bits.",
                "Shared values are found among real numbers.",
                "Share the weights before the network is quantized.",
            )
        found = {name: int(self.per_layer.get(layer, self.bits)) for layer, name in floats.items()}
        return found | (dict.fromkeys(_biases(network, set(found)), self.biases) if self.biases else {})

    def _shared(self, network: Network, bits: Mapping[str, int], given: Mapping[str, np.ndarray]) -> Job[Codebooks]:
        """The codebooks and indices of each initializer: one, or one for each index of the first axis."""
        sizes = {name: network.weight(name).size for name in bits}
        total, done = max(1, sum(sizes.values())), 0
        found: Codebooks = {}
        for name, width in bits.items():
            weight = network.weight(name)
            rows = list(weight) if self.per == "channel" and weight.ndim > 1 else [weight]
            found[name] = []
            for number, row in enumerate(rows):
                start = (done + sizes[name] * number / len(rows)) / total
                stop = (done + sizes[name] * (number + 1) / len(rows)) / total
                try:
                    job = self._clustered(row, 1 << width, given.get(name))
                    found[name].append((yield from scaled(job, start, stop)))
                except ValueError as error:
                    raise BadInput(
                        f"“{name}” can’t be shared: {error}.", fix="Check the network: such weights compute nothing."
                    ) from error
            done += sizes[name]
        return found

    def _clustered(self, weights: np.ndarray, count: int, given: np.ndarray | None) -> Job[Shared]:
        """By k-means, or the nearest of the given values."""
        from compressors.sharing import assigned, cluster, rounded

        if given is None:
            return cluster(weights, count, self.start, keep_zeros=self.keep_zeros, mantissa=self.mantissa)
        if not np.isfinite(weights).all():
            raise ValueError("a weight is not a finite number")
        codebook = np.unique(rounded(given.astype(weights.dtype), self.mantissa))
        return assigned(weights, codebook, keep_zeros=self.keep_zeros)


Codebooks = dict[str, list["Shared"]]


def _values(rows: list[Shared], weight: np.ndarray) -> np.ndarray:
    return np.concatenate([row.values.reshape(-1) for row in rows]).reshape(weight.shape)


def _biases(network: Network, weights: set[str]) -> list[str]:
    """The float biases of convolutions and fully connected layers whose weights are shared."""
    found: list[str] = []
    for node in network.model.graph:
        if node.op_type in ("Conv", "ConvTranspose", "Gemm") and len(node.inputs) > 2:
            weight, bias = node.inputs[1], node.inputs[2]
            name = None if bias is None or weight is None or weight.name not in weights else bias.name
            if name and name in network.weights() and network.weight(name).dtype.kind == "f":
                found.append(name)
    return list(dict.fromkeys(found))
