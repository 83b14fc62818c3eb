"""Train the network as it is, with what was pruned kept at zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from compressors.method import Context, Group, knob, method
from compressors.methods.retraining import retrain
from compressors.methods.training_knobs import TrainingKnobs, needs_data
from profiler.breakdown import Breakdown
from profiler.errors import BadInput
from profiler.progress import Job

if TYPE_CHECKING:
    from profiler.network import Network


@method
@dataclass(frozen=True)
class FineTune(TrainingKnobs):
    """Train on the data set. Weights that are exactly zero stay so, unless that is switched off."""

    key: ClassVar[str] = "fine_tune"
    title: ClassVar[str] = "Fine-tune"
    group: ClassVar[Group] = "train"
    gain: ClassVar[str] = "Accuracy comes back after other steps."

    keep_zeros: bool = knob(
        True,
        kind="switch",
        label="Keep zeros",
        help="Weights that are exactly zero, in tensors of rank 2 and more, stay zero: what was pruned stays pruned.",
    )

    def apply(self, network: Network, context: Context) -> Job[Network]:
        """The trained network. Raises BadInput without data, or when an operator stands in the way of training."""
        if self.epochs == 0:
            return network
        if context.data is None:
            raise BadInput("Fine-tuning cannot run.", *needs_data(self.epochs, has_data=False))
        return (yield from retrain(network, context, self, keep_zeros=self.keep_zeros, part="fine-tune"))

    def problems(self, network: Breakdown, has_data: bool) -> list[str]:
        """Whether data is missing. What cannot be trained is found when it is lifted."""
        del network  # any network may be tried
        return needs_data(self.epochs, has_data)

    def summary(self) -> str:
        """`5 epochs`."""
        return f"{self.epochs} epoch{'' if self.epochs == 1 else 's'}"
