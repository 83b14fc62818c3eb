"""The knobs of channel pruning: the target, what matters, and in what numbers channels stay."""

from __future__ import annotations

from dataclasses import dataclass

from compressors.method import knob


@dataclass(frozen=True)
class ChannelKnobs:
    """A base of its own, so that a form shows these before those of training."""

    of: str = knob(
        "operations",
        kind="choice",
        label="Bring down",
        help="What the target is of. Latency is measured on the device, candidate by candidate.",
        choices=("operations", "parameters", "bytes", "latency"),
    )
    left: float = knob(
        0.5, kind="share", label="To", help="How much may be left, as a share of what there is now.", low=0.01, high=1.0
    )
    milliseconds: float = knob(
        0.0, kind="number", label="At most ms", help="Latency: the target as a time. 0: the share above.", low=0.0
    )
    importance: str = knob(
        "l2",
        kind="choice",
        label="Importance",
        help="What says how much a channel matters: its filter’s norm, BatchNorm’s scale, what the loss would feel, or "
        "how active it is. The last two need data.",
        choices=("l1", "l2", "batch_norm", "taylor", "activation"),
    )
    scope: str = knob(
        "layer",
        kind="choice",
        label="Scope",
        help="Layer: every layer loses the same share. Global: channels compete across layers.",
        choices=("layer", "global"),
    )
    block: int = knob(
        0,
        kind="integer",
        label="Block",
        help="Channels stay in multiples of this. 0: measured on the device, which may be slower with odd numbers.",
        low=0,
        high=256,
    )
    layers: tuple[str, ...] = knob(
        (), kind="layers", label="Layers", help="Whose channels may go; layers added to them lose the same."
    )
    rounds: int = knob(
        1, kind="integer", label="Rounds", help="Cut and train so many times, the same factor each.", low=1, high=20
    )
    images: int = knob(
        256, kind="integer", label="Images", help="Looked at for Taylor and activation.", low=1, high=100_000
    )
