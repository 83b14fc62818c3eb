"""How many channels of each family stay, so that a target is met with no more cut than it takes."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# torch is only partly typed; what comes out of it is checked by the tests.

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from compressors.channels.families import Channels, Side
from compressors.lift import bindings
from profiler.breakdown import breakdown
from profiler.progress import Job, Progress

Of = Literal["operations", "parameters", "bytes", "latency"]
Counts = tuple[int, ...]
"""How many channels of each family stay."""

HALVINGS = 12
CLOSE = 0.98  # a cost between this part of the target and the target is near enough


@dataclass(frozen=True)
class Ladder:
    """The counts at each strength, 0 (all stay) to 1 (one block of each family stays).

    layer: every family loses the same share; global: channels go in the order of their scores, whatever their family.
    Counts are multiples of `block`; a family that is no larger than a block stays whole.
    """

    scores: Sequence[np.ndarray]
    block: int
    scope: Literal["layer", "global"]
    free: Sequence[bool]  # whether channels of the family may go at all
    spare: Sequence[bool]  # whether all of them may: their layers have channels of other families

    def at(self, strength: float) -> Counts:
        if self.scope == "layer":
            wanted = [len(score) * (1 - strength) for score in self.scores]
        else:
            limit = self._limit(strength)
            wanted = [float(np.count_nonzero(score > limit)) for score in self.scores]
        return tuple(
            self._rounded(count, len(score), 0 if spare else 1) if free else len(score)
            for count, score, free, spare in zip(wanted, self.scores, self.free, self.spare, strict=True)
        )

    def above(self, index: int, count: int) -> int:
        """The next count of a family, one block more."""
        size = len(self.scores[index])
        return size if count + self.block > size else count + self.block

    def by_loss(self, counts: Counts) -> list[int]:
        """The families that lost channels; first the one whose best channel that goes matters most."""
        lost = [i for i, (count, score) in enumerate(zip(counts, self.scores, strict=True)) if count < len(score)]
        return sorted(lost, key=lambda i: -float(np.sort(self.scores[i])[::-1][counts[i]]))

    def _limit(self, strength: float) -> float:
        free = [score for score, free in zip(self.scores, self.free, strict=True) if free]
        every = np.sort(np.concatenate(free)) if free else np.zeros(0)
        number = round(strength * len(every))
        return float(every[number - 1]) if number else -np.inf

    def _rounded(self, wanted: float, size: int, least: int) -> int:
        """The nearest multiple of the block, so many blocks at least; or all."""
        if size < self.block or (size == self.block and least):
            return size
        number = max(least, int(wanted / self.block + 0.5)) * self.block
        return size if number > size or size - wanted < abs(number - wanted) else number


def spare(channels: Channels) -> list[bool]:
    """For each family: whether all its channels may go, as every layer that makes them keeps some of another family."""
    makers = [frozenset(channels.makers(family)) for family in channels.families]
    kept: set[str] = set()
    found = [False] * len(makers)
    for index in sorted(range(len(makers)), key=lambda i: -len(makers[i])):
        found[index] = makers[index] <= kept
        if not found[index]:
            kept |= makers[index]
    return found


class Tally:
    """What a network with these counts costs, without making it: exact, as the counted layers' weights shrink."""

    def __init__(self, channels: Channels, of: Of) -> None:
        counted = breakdown(channels.network)
        totals = counted.totals()
        self.total = float({"operations": totals.macs, "parameters": totals.params}.get(of, totals.weight_bytes))
        self.channels = channels
        self.sizes: dict[Side, int] = {}
        self.tensors: list[tuple[float, tuple[Side, ...]]] = []
        for binding in bindings(channels.module):
            owner = channels.module.get_submodule(binding.path) if binding.path else channels.module
            tensor, layer = getattr(owner, binding.attribute), counted.layer(binding.node)
            if binding.path and binding.attribute == "weight" and tensor.dim() > 1:
                sides = (Side(binding.path, "out"), Side(binding.path, "in"))
                cost = float(layer.macs or 0) if layer is not None else 0.0
            else:
                sides = (Side(binding.path or binding.attribute, "out"),)
                cost = 0.0
            if of != "operations":
                cost = float(tensor.numel()) * (tensor.element_size() if of == "bytes" else 1)
            self.tensors.append((cost, sides))
            self._note_sizes(owner, sides, tensor.numel())

    def _note_sizes(self, owner: object, sides: tuple[Side, ...], size: int) -> None:
        if len(sides) == 1:
            self.sizes[sides[0]] = size
            return
        for side, names in zip(sides, (("out_channels", "out_features"), ("in_channels", "in_features")), strict=True):
            self.sizes[side] = next(int(getattr(owner, name)) for name in names if hasattr(owner, name))

    def __call__(self, counts: Counts) -> float:
        gone: defaultdict[Side, int] = defaultdict(int)
        for family, count in zip(self.channels.families, counts, strict=True):
            for side, places in family.members.items():
                gone[side] += (family.size - count) * places.shape[1]
        left = self.total
        for cost, sides in self.tensors:
            share = 1.0
            for side in sides:
                share *= 1 - gone.get(side, 0) / self.sizes[side]
            left -= cost * (1 - share)
        return left

    def job(self, counts: Counts) -> Job[float]:
        """The same as a job, as measurements are."""
        yield from ()
        return self(counts)


def chosen(
    ladder: Ladder, target: float, cost: Callable[[Counts], Job[float]], *, start: float = 0.0
) -> Job[tuple[Counts, float] | None]:
    """The counts that cost at most `target` with the least cut, and their cost; None where even the fewest cost more.

    Bisection on the strength, then on how many families of the last step get their next block back. Each counts is
    asked for once, so that as little as possible is measured.
    """
    known: dict[Counts, float] = {}

    def asked(counts: Counts) -> Job[float]:
        if counts not in known:
            known[counts] = yield from cost(counts)
        return known[counts]

    fewest = ladder.at(1.0)
    high = fewest, (yield from asked(fewest))
    if high[1] > target:
        return None
    low_strength, high_strength, low = start, 1.0, ladder.at(start)
    if (value := (yield from asked(low))) <= target:
        return low, value
    for number in range(HALVINGS):
        if low == high[0] or CLOSE * target <= high[1]:
            break
        yield Progress(number / (HALVINGS + 1), "Searching how many channels may go")
        middle = (low_strength + high_strength) / 2
        counts = ladder.at(middle)
        value = yield from asked(counts)
        if value <= target:
            high_strength, high = middle, (counts, value)
        else:
            low_strength, low = middle, counts
    return (yield from _given_back(ladder, low, high, target, asked))


def _given_back(
    ladder: Ladder,
    low: Counts,
    high: tuple[Counts, float],
    target: float,
    asked: Callable[[Counts], Job[float]],
) -> Job[tuple[Counts, float]]:
    """Between counts that cost too much and counts that do not: as many of the families as fit get back what they lost.

    Those go first whose best channel that went mattered most.
    """
    few, many = 0, sum(one > other for one, other in zip(low, high[0], strict=True))
    order = ladder.by_loss(high[0])
    order = [index for index in order if low[index] > high[0][index]]
    start = high[0]
    while many - few > 1 and high[1] < CLOSE * target:
        middle = (few + many) // 2
        back = set(order[:middle])
        counts = tuple(low[i] if i in back else each for i, each in enumerate(start))
        value = yield from asked(counts)
        if value <= target:
            few, high = middle, (counts, value)
        else:
            many = middle
    return high


def filled(ladder: Ladder, found: tuple[Counts, float], target: float, cost: Callable[[Counts], float]) -> Counts:
    """Give families a block back, one each, while it fits: for costs that are worked out, not measured."""
    counts, value = found
    for index in ladder.by_loss(counts):
        if value >= CLOSE * target:
            break
        tried = (*counts[:index], ladder.above(index, counts[index]), *counts[index + 1 :])
        if (asked := cost(tried)) <= target:
            counts, value = tried, asked
    return counts
