"""Channel pruning: whole channels taken out, so that the network is smaller and faster on any runtime.

Which channels hang together: `compressors.channels.families`. Li et al. 2017 (norms of filters), Liu et al. 2017
(BatchNorm's scale), Molchanov et al. 2019 (first-order Taylor) and 2017 (activations) say which matter least.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from compressors.method import Context, Group, method
from compressors.methods.channel_knobs import ChannelKnobs
from compressors.methods.layers import names_words, picks_problems
from compressors.methods.retraining import retrain
from compressors.methods.training_knobs import TrainingKnobs, epochs_knob, needs_data
from profiler.breakdown import Breakdown, breakdown
from profiler.errors import BadInput
from profiler.plain import to_plain
from profiler.progress import Job, Progress, scaled

if TYPE_CHECKING:
    from compressors.channels.choosing import Counts, Of
    from compressors.channels.families import Channels
    from profiler.network import Network

UNMEASURED = 8
"""The block where no device is there to measure one: what AVX2 takes at once, and half of what AVX-512 does."""

WHAT = {"operations": "operations", "parameters": "parameters", "bytes": "bytes", "latency": "time"}


@method
@dataclass(frozen=True)
class ChannelPruning(TrainingKnobs, ChannelKnobs):
    """Take the channels out that matter least, until a target is met, then train the rest. Outputs stay whole."""

    key: ClassVar[str] = "channel_pruning"
    title: ClassVar[str] = "Cut channels"
    group: ClassVar[Group] = "prune and share"
    gain: ClassVar[str] = "Fewer channels: smaller and faster on every device, at some cost in accuracy."

    epochs: int = epochs_knob(5, "Training after each round. 0: cut only.")

    def apply(self, network: Network, context: Context) -> Job[Network]:
        """The narrower and retrained network. Raises BadInput for what `problems` says, and where nothing may go."""
        for sentence in self.problems(breakdown(network), context.data is not None):
            raise BadInput("Channels cannot be cut on this network.", sentence)
        yield Progress(0.0, "Following the channels")
        block = yield from scaled(self._block(context), 0.0, 0.1)
        aim = yield from scaled(self._aim(network, context), 0.1, 0.12)
        for number in range(1, self.rounds + 1):
            start, stop = (0.12 + 0.88 * n / self.rounds for n in (number - 1, number))
            network = yield from scaled(self._round(network, context, number, block, aim), start, stop)
        return network

    def problems(self, network: Breakdown, has_data: bool) -> list[str]:
        """Layers that are not there, and data that is missing."""
        said = picks_problems(network, self.layers)
        if self.importance in ("taylor", "activation") and not has_data:
            said.append(f"Importance by {self.importance} looks at images. Choose a data set, or another importance.")
        if self.milliseconds and self.of != "latency":
            said.append("A time in milliseconds is a target of latency only. Bring down latency, or set it to 0.")
        return said + needs_data(self.epochs, has_data)

    def summary(self) -> str:
        """`to 50 % of the operations`, `conv1, conv2 to 33 ms`."""
        names = names_words(self.layers)
        if self.of == "latency" and self.milliseconds:
            return f"{names} to {self.milliseconds:g} ms".strip()
        return f"{names} to {100 * self.left:.3g} % of the {WHAT[self.of]}".strip()

    def _block(self, context: Context) -> Job[int]:
        """The knob, or what the device likes."""
        from compressors.channels import blocks

        if self.block:
            return self.block
        if context.measure is None:
            context.found("block", {"block": UNMEASURED, "measured": False})
            return UNMEASURED
        kept = _kept(context.folder, "blocks")
        found: Any = _read(kept)
        if found is None:
            measured = yield from blocks.measured(context.measure)
            found = {"block": measured.block, "measured": True, "curve": [list(point) for point in measured.curve]}
            _write(kept, found)
        context.found("block_curve", found["curve"])
        context.found("block", {"block": found["block"], "measured": True})
        return int(found["block"])

    def _aim(self, network: Network, context: Context) -> Job[float]:
        """What the network may cost at the end, in the unit of the target."""
        if self.of == "latency":
            if context.measure is None:
                raise BadInput(
                    "Latency is measured on a device, and none is there.",
                    fix="Choose a device, or bring down operations instead.",
                )
            if self.milliseconds:
                return self.milliseconds
            kept = _kept(context.folder, "before")
            before: Any = _read(kept)
            if before is None:
                before = yield from context.measure(network)
                _write(kept, before)
            context.found("before_ms", before)
            return self.left * before
        totals = breakdown(network).totals()
        whole = {"operations": totals.macs, "parameters": totals.params, "bytes": totals.weight_bytes}[self.of]
        return self.left * whole

    def _round(self, network: Network, context: Context, number: int, block: int, aim: float) -> Job[Network]:
        """Cut to this round's part of the way, then train."""
        made = yield from scaled(self._cut(network, context, number, block, aim), 0.0, 0.3 if self.epochs else 1.0)
        if self.epochs == 0:
            return made
        return (
            yield from scaled(
                retrain(made, context, self, keep_zeros=False, part=f"round-{number}"),
                0.3,
                1.0,
            )
        )

    def _cut(self, network: Network, context: Context, number: int, block: int, aim: float) -> Job[Network]:
        from compressors.channels.families import channels_of
        from compressors.channels.importance import kept
        from compressors.channels.removing import check, gone, without

        yield Progress(0.0, "Following the channels")
        channels = channels_of(network)
        self._check_any(channels)
        scores = yield from scaled(self._scores(channels, context), 0.05, 0.4)
        plan = _kept(context.folder, f"round-{number}-plan")
        counts: Any = _read(plan, mark := self._mark(network, block))
        if counts is None:
            job = self._counts(channels, scores, context, block, self._step_aim(channels, number, aim))
            counts = yield from scaled(job, 0.4, 0.9)
            _write(plan, counts, mark)
        yield Progress(0.9, "Taking channels out")
        places = gone(channels, kept(scores, counts))
        made = without(channels, places)
        yield Progress(0.95, "Checking that nothing else changed")
        check(channels, places, made)
        self._tell(channels, counts, context)
        return made

    def _check_any(self, channels: Channels) -> None:
        """Raises BadInput where no channel may go: it names what holds the first layers’."""
        if any(self._free(channels)):
            return
        reasons = [f"“{layer}” keeps its channels because {why}." for layer, why in channels.held.items()]
        raise BadInput(
            "No channels of these layers can be taken out.",
            " ".join(reasons[:3]) or "Only the outputs have channels.",
            "Pick other layers, or use the steps that remove single weights.",
        )

    def _free(self, channels: Channels) -> list[bool]:
        """Whether each family's channels may go: all, or those that a picked layer makes."""
        if not self.layers:
            return [True] * len(channels.families)
        return [any(name in self.layers for name in channels.makers(family)) for family in channels.families]

    def _scores(self, channels: Channels, context: Context) -> Job[Sequence[np.ndarray]]:
        from compressors.channels import importance as by

        by.check_weights(channels)
        if self.importance in ("l1", "l2"):
            return by.by_weights(channels, 1 if self.importance == "l1" else 2)
        if self.importance == "batch_norm":
            return by.by_batch_norm(channels)
        assert context.data is not None
        from compressors.methods.retraining import tensors_of
        from compressors.quantising.calibration import chosen

        images, labels = yield from scaled(tensors_of(channels.network, chosen(context.data, self.images)), 0.0, 0.2)
        job = by.by_taylor if self.importance == "taylor" else by.by_activation
        return (yield from scaled(job(channels, images, labels), 0.2, 1.0))

    def _step_aim(self, channels: Channels, number: int, aim: float) -> float:
        """Where this round stops: the rounds left take the same factor each. Latency goes all the way at the last."""
        from compressors.channels.choosing import Tally

        left = self.rounds - number + 1
        if left == 1 or self.of == "latency":
            return aim if left == 1 else aim * left
        now = Tally(channels, cast("Of", self.of)).total
        return now * (aim / now) ** (1 / left) if now > aim else aim

    def _counts(
        self, channels: Channels, scores: Sequence[np.ndarray], context: Context, block: int, aim: float
    ) -> Job[Counts]:
        from compressors.channels.choosing import Ladder, Tally, chosen, filled, spare

        ladder = Ladder(scores, block, cast("Any", self.scope), self._free(channels), spare(channels))
        if self.of == "latency":
            found = yield from chosen(ladder, aim, self._measuring(channels, scores, context))
            if found is not None:
                context.found("latency_ms", found[1])
                return found[0]
        else:
            tally = Tally(channels, cast("Of", self.of))
            found = yield from chosen(ladder, aim, tally.job)
            if found is not None:
                return filled(ladder, found, aim, tally)
        raise self._too_far(channels, block)

    def _measuring(
        self, channels: Channels, scores: Sequence[np.ndarray], context: Context
    ) -> Callable[[Counts], Job[float]]:
        """Make the network with so many channels, and run it on the device."""
        from compressors.channels.importance import kept
        from compressors.channels.removing import gone, without

        def cost(counts: Counts) -> Job[float]:
            assert context.measure is not None
            return (yield from context.measure(without(channels, gone(channels, kept(scores, counts)))))

        return cost

    def _too_far(self, channels: Channels, block: int) -> BadInput:
        held = [f"“{layer}” keeps its channels because {why}." for layer, why in channels.held.items()]
        return BadInput(
            f"Not so much can be cut: with {block} channels left of each layer, the target is not met.",
            " ".join(held[:2]),
            "Choose a target that leaves more, a smaller block, or more layers.",
        )

    def _tell(self, channels: Channels, counts: Counts, context: Context) -> None:
        widths: dict[str, list[int]] = {}
        for family, count in zip(channels.families, counts, strict=True):
            for name in channels.makers(family):
                before, after = widths.get(name, [0, 0])
                widths[name] = [before + family.size, after + count]
        context.found("channels", widths)
        context.found("held", dict(channels.held))

    def _mark(self, network: Network, block: int) -> str:
        """What the plan of a round depends on."""
        settings = json.dumps([to_plain(self), block], sort_keys=True, default=str)
        return hashlib.sha256(f"{network.digest} {settings}".encode()).hexdigest()


def _kept(folder: Path | None, name: str) -> Path | None:
    """Where a run that is cut off finds again what it measured."""
    return None if folder is None else folder / f"{name}.json"


def _read(path: Path | None, mark: str = "") -> Any:
    """What was written there with this mark; None where there is nothing that can be read."""
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8")) if path is not None else {}
    except (OSError, ValueError):
        return None
    return found.get("value") if isinstance(found, Mapping) and found.get("mark") == mark else None  # type: ignore[reportUnknownMemberType]


def _write(path: Path | None, value: Any, mark: str = "") -> None:
    if path is not None:
        path.write_text(json.dumps({"mark": mark, "value": value}), encoding="utf-8")
