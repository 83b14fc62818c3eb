"""4-bit weights for fully connected layers: what waits for memory has an eighth of it to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from compressors.method import Context, Group, knob, method
from compressors.methods.layers import names_words, picks_problems
from profiler.breakdown import Breakdown, breakdown
from profiler.errors import BadInput
from profiler.progress import Job, Progress

if TYPE_CHECKING:
    from profiler.network import Network

BLOCKS = ("16", "32", "64", "128", "256")


@method
@dataclass(frozen=True)
class FourBit:
    """Weights of fully connected layers in 4 bits, a scale for each block of inputs; activations stay floats."""

    key: ClassVar[str] = "four_bit"
    title: ClassVar[str] = "4-bit weights"
    group: ClassVar[Group] = "prune and share"
    gain: ClassVar[str] = "Fully connected layers at an eighth of their bytes, and many times faster for one image."

    layers: tuple[str, ...] = knob((), kind="layers", label="Layers", help="None picked: every fully connected layer.")
    block: str = knob(
        "32",
        kind="choice",
        label="Block",
        help="Weights that share a scale. Smaller: closer, but more bytes.",
        choices=BLOCKS,
    )

    def apply(self, network: Network, context: Context) -> Job[Network]:
        """The network with INT4 weights, in opset 21 or newer. Raises BadInput for what `problems` says."""
        from compressors.quantising.four_bit import in_four_bits

        del context
        counted = breakdown(network)
        for sentence in self.problems(counted, has_data=False):
            raise BadInput("4-bit weights cannot be made here.", sentence)
        yield Progress(0.1, "Rounding weights to 4 bits")
        return in_four_bits(network, self._chosen(counted), block=int(self.block))

    def _chosen(self, network: Breakdown) -> tuple[str, ...]:
        layers = [layer.name for layer in network.layers if layer.op in ("Gemm", "MatMul") and layer.weight is not None]
        return tuple(name for name in layers if not self.layers or name in self.layers)

    def problems(self, network: Breakdown, has_data: bool) -> list[str]:
        """Layers that are not there or not fully connected."""
        del has_data
        said = picks_problems(network, self.layers)
        chosen = self._chosen(network)
        other = [name for name in self.layers if name not in chosen and network.layer(name) is not None]
        said += [f"“{name}” is no fully connected layer: 4-bit weights are for those." for name in other]
        if not chosen and not said:
            said.append("The network has no fully connected layer with weights of its own.")
        return said

    def summary(self) -> str:
        """`fc6, fc7`, or nothing for all."""
        return names_words(self.layers)
