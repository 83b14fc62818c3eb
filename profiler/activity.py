"""How much of a network is really at work on data: non-zero activations, weights that are left, operations needed.

The lecture's table for LeNet-5 (Han et al. 2015, table 4) has three columns that this reproduces:

- Act%: of a layer, the share of non-zero values in what it **hands on**: behind its activation function, pooling and
  whatever else has it alone as input, up to the next layer that multiplies or to where branches part or meet.
- Weights%: the share of its weights (without the bias) that are not zero.
- FLOP%: Weights% times the share of non-zero values in what the layer **reads**. The network's own input counts as all
  there, as in the table: 66 % · 100 %, 12 % · 82 %, 8 % · 72 %, 19 % · 55 % are its printed 66, 10, 6 and 10 %.

The product is exact on average where zeros among weights and among activations fall independently of each other.
In total: Act% over all values handed on, Weights% over all weights, FLOP% over all multiply-accumulates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from profiler.breakdown import Kind, LayerCost

Seen = tuple[int, int]
"""Of one value, over all images: how many numbers were not zero, of how many."""


@dataclass(frozen=True)
class Watched:
    """The values that tell of a layer, by name. `reads` None: it is not known, or no single value.

    `dense`: it reads the network's own input, at most scaled, reshaped or pooled.
    """

    layer: str
    own: str
    hands_on: str
    reads: str | None
    dense: bool


@dataclass(frozen=True)
class LayerActivity:
    """Shares are 0 to 1; `None`: not known, or the layer has none (a pooling has no weights).

    `act`: of what it hands on; `own`: of its output itself; `read`: of what it reads, as measured; `values`: how many
    numbers it hands on for one image. `flops` takes the network's own input as all there, whatever `read` says.
    """

    layer: str
    op: str
    kind: Kind
    act: float | None
    own: float | None
    read: float | None
    weights: float | None
    flops: float | None
    values: int | None
    macs: int | None
    weight: str | None = None
    weight_count: int | None = None


@dataclass(frozen=True)
class Activity:
    """A network on `images` images. The totals are over convolutions and fully connected layers."""

    network: str
    images: int
    layers: tuple[LayerActivity, ...]

    def layer(self, name: str) -> LayerActivity | None:
        return next((layer for layer in self.layers if layer.layer == name), None)

    @property
    def counted(self) -> tuple[LayerActivity, ...]:
        """The layers that multiply by weights: the rows of the lecture's table."""
        return tuple(layer for layer in self.layers if layer.kind != "other")

    @property
    def act(self) -> float | None:
        return _mean([(layer.act, layer.values) for layer in self.counted])

    @property
    def weights(self) -> float | None:
        once = {layer.weight or layer.layer: layer for layer in self.counted}
        return _mean([(layer.weights, layer.weight_count) for layer in once.values()])

    @property
    def flops(self) -> float | None:
        return _mean([(layer.flops, layer.macs) for layer in self.counted])


def _mean(pairs: Sequence[tuple[float | None, int | None]]) -> float | None:
    """The weighted mean of what is known."""
    known = [(share, size) for share, size in pairs if share is not None and size is not None]
    whole = sum(size for _, size in known)
    return sum(share * size for share, size in known) / whole if whole else None


def activity(
    network: str,
    layers: Sequence[LayerCost],
    watched: Sequence[Watched],
    seen: Mapping[str, Seen],
    weights: Mapping[str, float | None],
    images: int,
) -> Activity:
    """The shares, from what was counted. `seen`: by value; `weights`: of each layer, the share that is not zero."""
    costs = {layer.name: layer for layer in layers}
    rows = tuple(
        _row(costs[each.layer], each, seen, weights.get(each.layer), images) for each in watched if each.layer in costs
    )
    return Activity(network, images, rows)


def _row(
    layer: LayerCost, watched: Watched, seen: Mapping[str, Seen], weights: float | None, images: int
) -> LayerActivity:
    main = layer.kind != "other"
    handed = seen.get(watched.hands_on)
    read = _share(seen.get(watched.reads)) if watched.reads is not None else None
    needed = 1.0 if watched.dense else read
    return LayerActivity(
        layer=layer.name,
        op=layer.op,
        kind=layer.kind,
        act=_share(handed),
        own=_share(seen.get(watched.own)),
        read=read,
        weights=weights if main else None,
        flops=weights * needed if main and weights is not None and needed is not None else None,
        values=handed[1] // images if handed is not None and images else None,
        macs=layer.macs if main else None,
        weight=layer.weight if main else None,
        weight_count=prod(layer.weight_shape) if main and layer.weight is not None and layer.weight_shape else None,
    )


def _share(seen: Seen | None) -> float | None:
    return seen[0] / seen[1] if seen is not None and seen[1] else None
