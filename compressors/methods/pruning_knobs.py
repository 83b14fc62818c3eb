"""The knobs of magnitude pruning that say how much goes, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from compressors.method import knob


@dataclass(frozen=True)
class PruningKnobs:
    """What `compressors.methods.rule` makes masks of."""

    by: str = knob(
        "share",
        kind="choice",
        label="By",
        help=(
            "Share: a share of the weights goes, the smallest first. Threshold: weights up to this magnitude go. "
            "Per layer: each layer’s own share, from the table, and no other layer. "
            "Deviations: a layer’s threshold is this many standard deviations σ of its weights (Han 2015)."
        ),
        choices=("threshold", "share", "per_layer", "deviations"),
    )
    share: float = knob(
        0.9, kind="share", label="Share removed", help="0.9: nine weights in ten go.", low=0.0, high=1.0
    )
    threshold: float = knob(
        0.01, kind="number", label="Threshold", help="Weights of at most this magnitude go.", low=0.0, high=1e6
    )
    deviations: float = knob(
        1.0, kind="number", label="Deviations", help="The threshold in σ of the layer’s weights.", low=0.0, high=100.0
    )
    scope: str = knob(
        "global",
        kind="choice",
        label="Share of",
        help="Global: one threshold for all picked layers together. Layer: the same share of each.",
        choices=("global", "layer"),
    )
    layers: tuple[str, ...] = knob(
        (), kind="layers", label="Layers", help="None picked: every convolution and fully connected layer."
    )
    per_layer: Mapping[str, float] = knob(
        kind="per_layer",
        label="Per layer",
        help="A layer’s own value in place of the common one: share, threshold or deviations, as “By” says.",
        low=0.0,
        high=1e6,
        factory=dict[str, float],
    )
    rounds: int = knob(
        1,
        kind="integer",
        label="Rounds",
        help="Prune and train so many times; the share that stays falls by the same factor each time.",
        low=1,
        high=100,
    )
    way: str = knob(
        "rounds",
        kind="choice",
        label="When",
        help=(
            "Rounds: prune, then train, so many times. Gradual: more and more goes in training (Zhu and Gupta 2017). "
            "Surgery: the same, and what went may come back until three quarters of the training (Guo 2016)."
        ),
        choices=("rounds", "gradual", "surgery"),
    )
