"""How much memory a network's activations need: when each is born, when it dies, and when most are alive.

The convention: the nodes run in the file's order, at the batch the file fixes or else 1. A value lives from the node
that makes it through the last that reads it; the inputs from the start, the outputs to the end. Operators that only
look at their input differently share its memory. No other reuse is assumed unless it is asked for. A runtime may do
better, by running in another order, or worse, by leaving gaps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from profiler.network import Network


@dataclass(frozen=True)
class Lifetime:
    """One piece of memory. `born` and `dies` are steps, both included; `layer` makes it ("": an input of the network).

    `views` are the other values that lie in it: what looks at it differently, or was written over it.
    """

    value: str
    layer: str
    bytes: int | None
    born: int
    dies: int
    readers: tuple[str, ...]
    views: tuple[str, ...] = ()


@dataclass(frozen=True)
class MemoryUse:
    """What is alive while each layer runs. `None` where a size is not known; `known` sums those that are.

    `steps` are the layers in running order. `peak_layer` runs at the peak: of several, the one that multiplies most,
    for a runtime may spare an activation function behind it. `weights` are the bytes each step reads; `weight_bytes`
    counts a tensor used twice once. `unknown` are the layers that make something of unknown size, or run a subgraph.
    """

    network: str
    in_place: bool
    steps: tuple[str, ...]
    lifetimes: tuple[Lifetime, ...]
    alive: tuple[int | None, ...]
    known: tuple[int, ...]
    peak_bytes: int | None
    peak_layer: str
    weight_bytes: int
    weights: tuple[int, ...]
    unknown: tuple[str, ...] = ()

    @property
    def peak_step(self) -> int:
        """The step of `peak_layer`; −1 for a network without layers."""
        return self.steps.index(self.peak_layer) if self.peak_layer in self.steps else -1

    def alive_at(self, step: int) -> list[Lifetime]:
        """What is alive while this step runs, the largest first."""
        found = [life for life in self.lifetimes if life.born <= step <= life.dies]
        return sorted(found, key=lambda life: -(life.bytes or 0))


def peak_activation_bytes(network: Network) -> int | None:
    """The most bytes of activations alive at once, as `memory_use` finds them.

    None when a shape is not known, because sizes are open or operators are foreign.
    """
    return None if network.open_sizes() else memory_use(network).peak_bytes


def memory_use(network: Network, *, in_place: bool = False) -> MemoryUse:
    """Follow every activation through the network. No weight is read.

    `in_place`: an elementwise operator writes over an input of the same size that nothing needs any more, as most
    runtimes do; the network's own inputs are never written over. Raises BadInput when a size other than the batch is
    open.
    """
    from profiler.lifetimes import follow  # needs onnx_ir, which a window that only shows values never loads

    return follow(network, in_place)
