"""Weights and arithmetic in 16-bit floats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from compressors.method import Context, Group, method
from profiler.breakdown import Breakdown
from profiler.progress import Job, Progress

if TYPE_CHECKING:
    from profiler.network import Network


@method
@dataclass(frozen=True)
class HalfPrecision:
    """Every 32-bit float of the network as a 16-bit one; inputs and outputs stay as they are."""

    key: ClassVar[str] = "half_precision"
    title: ClassVar[str] = "Halve to fp16"
    group: ClassVar[Group] = "prune and share"
    gain: ClassVar[str] = "Half the file at hardly any loss; faster on GPUs that compute in fp16, seldom on processors."

    def apply(self, network: Network, context: Context) -> Job[Network]:
        """The network in halves. Raises BadInput when a weight is too large for that, or none is a 32-bit float."""
        from compressors.quantising.half import in_half_precision

        del context
        yield Progress(0.1, "Converting to 16-bit floats")
        return in_half_precision(network)

    def problems(self, network: Breakdown, has_data: bool) -> list[str]:
        """What is quantised to integers has nothing left to halve."""
        del has_data
        quantised = any(layer.op in ("QLinearConv", "ConvInteger", "QuantizeLinear") for layer in network.layers)
        return ["The network is quantised to integers already."] if quantised else []

    def summary(self) -> str:
        """Nothing: its title says it all."""
        return ""
