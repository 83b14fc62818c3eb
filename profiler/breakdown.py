"""Where a network's parameters and operations are: per layer, and in total by kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from profiler.network import Network

Kind = Literal["conv", "fc", "other"]
Convention = Literal["macs", "ops", "flops"]

KINDS: tuple[Kind, ...] = ("conv", "fc", "other")
KIND_NAMES: Mapping[Kind, str] = {"conv": "Convolution", "fc": "Fully connected", "other": "Other"}
CONVENTION_NAMES: Mapping[Convention, str] = {"macs": "MACs", "ops": "MACs + bias", "flops": "FLOPs"}


def operations(macs: int | None, bias_adds: int | None, convention: Convention) -> int | None:
    """MACs; MACs + bias additions (the lecture's "Ops"); or FLOPs = 2 · MACs. None stays None: unknown is not 0."""
    if macs is None:
        return None
    if convention == "ops":
        return None if bias_adds is None else macs + bias_adds
    return 2 * macs if convention == "flops" else macs


@dataclass(frozen=True)
class LayerCost:
    """One layer and what it costs. `None` means unknown, never zero.

    Shapes include the batch (an unbound batch is 1). `geometry` holds what the formula panel writes out:
    `kernel`, `strides`, `pads`, `dilations` (lists of integers) and `groups` (a list of one), where they apply.
    `weight` is the name of the main weight tensor, by which methods and histograms find it.
    `reads` and `feeds` are the names of the neighbouring layers. `note` says what the figures alone do not: how a loop
    or a branch was counted.
    """

    name: str
    op: str
    kind: Kind
    input_shape: tuple[int, ...] | None
    weight_shape: tuple[int, ...] | None
    output_shape: tuple[int, ...] | None
    params: int | None
    macs: int | None
    bias_adds: int | None
    weight_bytes: int | None
    activation_bytes: int | None
    weight: str | None = None
    geometry: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    reads: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Totals:
    """Sums of what is known."""

    params: int
    macs: int
    bias_adds: int
    weight_bytes: int
    activation_bytes: int


@dataclass(frozen=True)
class Breakdown:
    """A network's layers in their order, and the operators that could not be counted."""

    network: str
    inputs: Mapping[str, tuple[int, ...]]
    opset: int
    layers: tuple[LayerCost, ...]
    unknown_ops: tuple[str, ...] = ()

    def totals(self, kind: Kind | None = None) -> Totals:
        """Sums over all layers, or over those of one kind. Unknown values are left out (see `unknown_ops`)."""
        chosen = [layer for layer in self.layers if kind is None or layer.kind == kind]
        return Totals(
            params=_known(chosen, lambda layer: layer.params),
            macs=_known(chosen, lambda layer: layer.macs),
            bias_adds=_known(chosen, lambda layer: layer.bias_adds),
            weight_bytes=_known(chosen, lambda layer: layer.weight_bytes),
            activation_bytes=_known(chosen, lambda layer: layer.activation_bytes),
        )

    def layer(self, name: str) -> LayerCost | None:
        return next((layer for layer in self.layers if layer.name == name), None)


def _known(layers: Iterable[LayerCost], value: Callable[[LayerCost], int | None]) -> int:
    return sum(value(layer) or 0 for layer in layers)


def breakdown(network: Network) -> Breakdown:
    """Count a network. No weight is read."""
    from profiler.costs import count  # needs onnx_ir, which a window that only shows facts never loads

    return count(network)
