"""8-bit integers in place of floats: post-training quantisation, with training that knows of it where asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from compressors.method import Context, Group, knob, method
from compressors.methods.layers import names_words, picks_problems, weighted
from compressors.methods.training_knobs import TrainingKnobs, epochs_knob, needs_data
from profiler.breakdown import Breakdown, breakdown
from profiler.errors import BadInput
from profiler.progress import Job, Progress, scaled

if TYPE_CHECKING:
    from compressors.quantising.runtime import Activations, Calibration
    from profiler.network import Network


@method
@dataclass(frozen=True)
class Int8(TrainingKnobs):
    """Weights and activations as 8-bit integers, by ONNX Runtime's quantisers. BatchNorm is folded first."""

    key: ClassVar[str] = "int8"
    title: ClassVar[str] = "Quantise to int8"
    group: ClassVar[Group] = "prune and share"
    gain: ClassVar[str] = "A quarter of the file, and two to four times as fast where the processor multiplies bytes."

    epochs: int = epochs_knob(0, "Training that rounds as the quantiser will, before it does. 0: quantise only.")
    scales: str = knob(
        "static",
        kind="choice",
        label="Scales",
        help="Static: found once, on images; all layers. Dynamic: found anew in each run, fully connected layers only.",
        choices=("static", "dynamic"),
    )
    activations: str = knob(
        "unsigned",
        kind="choice",
        label="Activations",
        help="Unsigned (U8S8): fastest on x86 processors. Signed (S8S8): what GPUs and TensorRT want; slower here.",
        choices=("unsigned", "signed"),
    )
    per_channel: bool = knob(
        True, kind="switch", label="Per channel", help="A scale for each output channel, or one for the whole tensor."
    )
    calibration: str = knob(
        "largest",
        kind="choice",
        label="Calibration",
        help="How the range of an activation is chosen: the largest seen, least entropy lost, or a percentile.",
        choices=("largest", "entropy", "percentile"),
    )
    samples: int = knob(
        200, kind="integer", label="Images", help="Training images that ranges are found on.", low=1, high=100_000
    )
    reduce_range: bool = knob(
        False,
        kind="switch",
        label="7-bit weights",
        help="For x86 processors without VNNI: their sums of two products overflow with 8 bits.",
    )
    leave_out: tuple[str, ...] = knob(
        factory=tuple,
        kind="layers",
        label="Leave out",
        help="Layers that stay in floats, often first and last.",
    )

    def apply(self, network: Network, context: Context) -> Job[Network]:
        """The quantised network. Raises BadInput for what `problems` says, or when ONNX Runtime can't quantise it."""
        from compressors.methods.clean_up import CleanUp
        from compressors.quantising.calibration import CalibrationImages, chosen
        from compressors.quantising.runtime import quantised_dynamically, quantised_statically

        for sentence in self.problems(breakdown(network), context.data is not None):
            raise BadInput("The network cannot be quantised so.", sentence)
        yield Progress(0.0, "Folding BatchNorm")
        folded = yield from scaled(CleanUp(remove_dead=False).apply(network, context), 0.0, 0.02)
        trained = yield from scaled(self._trained(folded, context), 0.02, 0.7 if self.epochs else 0.02)
        if self.scales == "dynamic":
            job = quantised_dynamically(trained, per_channel=self.per_channel, leave_out=self.leave_out)
        else:
            assert context.data is not None
            job = quantised_statically(
                trained,
                CalibrationImages(trained, chosen(context.data, self.samples)),
                activations=cast("Activations", self.activations),
                per_channel=self.per_channel,
                reduce_range=self.reduce_range,
                calibration=cast("Calibration", self.calibration),
                leave_out=self.leave_out,
            )
        return (yield from scaled(job, 0.7 if self.epochs else 0.02, 1.0))

    def _trained(self, network: Network, context: Context) -> Job[Network]:
        from compressors.methods.retraining import retrain

        if not self.epochs:
            return network

        def adapt(module: object) -> None:
            from compressors.quantising.fake import quantise_while_training

            quantise_while_training(cast("Module", module), per_channel=self.per_channel)

        return (yield from retrain(network, context, self, keep_zeros=True, part="int8", adapt=adapt))

    def problems(self, network: Breakdown, has_data: bool) -> list[str]:
        """Layers that are not there, data that is missing, and what is quantised already."""
        said = picks_problems(network, self.leave_out)
        if any(layer.op in ("QLinearConv", "ConvInteger", "QuantizeLinear") for layer in network.layers):
            said.append("The network is quantised already.")
        if self.leave_out and set(weighted(network)) <= set(self.leave_out):
            said.append("Every layer is left out, so nothing would be quantised.")
        if self.scales == "static" and not has_data:
            said.append("Static scales need images to find ranges on. Choose a data set, or dynamic scales.")
        if self.scales == "dynamic" and not any(layer.kind == "fc" for layer in network.layers):
            said.append("Dynamic scales are for fully connected layers; the network has none. Choose static ones.")
        return said + needs_data(self.epochs, has_data)

    def summary(self) -> str:
        """`U8S8`, `S8S8`, or `dynamic`, with the layers left out and the epochs."""
        kind = "dynamic" if self.scales == "dynamic" else "U8S8" if self.activations == "unsigned" else "S8S8"
        without = f", without {names_words(self.leave_out)}" if self.leave_out else ""
        return kind + without + (f", {self.epochs} epochs" if self.epochs else "")


if TYPE_CHECKING:
    from torch.nn import Module
