"""Blocks of a network that can be drawn as one: layers whose names share a prefix, and what comes several times.

A block is an unbroken stretch of the running order, so folding it never makes a loop. Names are read first
(`layer1.0.conv1`, `inception_3a/1x1`); then, on every level, what follows itself alike is one block of n alike parts
(a tandem repeat). Alike means: the same operators with the same attributes and output sizes, wired alike.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from profiler.breakdown import LayerCost

LONGEST_PART = 96  # layers (or blocks) in one of the alike parts
LEAST = 3  # layers that a block must hold to be worth folding
LEAST_PART = 4  # layers of one of the parts, to be a block of its own inside the repeat


@dataclass(frozen=True)
class Fold:
    """The layers `first` to `last` (both included) as one: `repeats` alike parts, 1 for a block known by its name."""

    title: str
    key: str
    first: int
    last: int
    repeats: int = 1
    inner: tuple[Fold, ...] = ()

    @property
    def size(self) -> int:
        """How many layers it holds."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class _Item:
    """A layer, or a block that is a layer of its level: `sign` is equal for items that are alike."""

    first: int
    last: int
    sign: int
    fold: Fold | None = None


def find_folds(layers: Sequence[LayerCost], edges: Sequence[tuple[int, int]]) -> tuple[Fold, ...]:
    """The outermost blocks, in running order. `layers` are in running order; `edges` are pairs of places."""
    if not layers:
        return ()
    finder = _Finder(layers, edges)
    items = finder.level(0, len(layers) - 1, 0)
    if len(items) == 1 and items[0].fold is not None:  # all of the network is one repeat: its parts are the blocks
        return items[0].fold.inner
    return tuple(item.fold for item in items if item.fold is not None)


class _Finder:
    def __init__(self, layers: Sequence[LayerCost], edges: Sequence[tuple[int, int]]) -> None:
        self._layers = layers
        self._paths = [_path(layer.name) for layer in layers]
        self._reads: list[list[int]] = [[] for _ in layers]
        for source, target in edges:
            self._reads[target].append(source)
        self._crossing = _crossing(len(layers), edges)
        self._signs: dict[Hashable, int] = {}
        self._own = [self._sign(_alike(layer)) for layer in layers]

    def _sign(self, value: Hashable) -> int:
        return self._signs.setdefault(value, len(self._signs))

    # ---- by name

    def level(self, first: int, last: int, depth: int) -> list[_Item]:
        """The items of a stretch whose names are alike up to `depth` parts."""
        items: list[_Item] = []
        at = first
        while at <= last:
            end = self._same_name(at, last, depth)
            if end == at:
                items.append(self._leaf(at))
            elif end - at + 1 < LEAST:
                items += [self._leaf(index) for index in range(at, end + 1)]
            elif (at, end) == (first, last):  # the name of all of them tells nothing apart
                return self.level(first, last, depth + 1)
            else:
                items.append(self._named(at, end, depth))
            at = end + 1
        return self._repeats(items)

    def _same_name(self, at: int, last: int, depth: int) -> int:
        """The last of those that follow `at` under the same part of a name."""
        path, end = self._paths[at], at
        if len(path) <= depth + 1:
            return at
        while end < last and len(self._paths[end + 1]) > depth + 1 and self._paths[end + 1][depth] == path[depth]:
            end += 1
        return end

    def _leaf(self, index: int) -> _Item:
        wiring = tuple(index - source for source in self._reads[index])
        return _Item(index, index, self._sign((self._own[index], wiring)))

    def _named(self, first: int, last: int, depth: int) -> _Item:
        while self._same_name(first, last, depth + 1) == last:
            depth += 1
        items = self.level(first, last, depth + 1)
        title = _title(self._layers[first].name, self._paths[first], depth)
        whole = items[0].fold if len(items) == 1 else None  # a block that is nothing but one repeat
        repeats = whole.repeats if whole is not None else 1
        inner = whole.inner if whole is not None else _folds(items)
        return self._block(title, first, last, repeats, inner)

    def _block(self, title: str, first: int, last: int, repeats: int, inner: tuple[Fold, ...]) -> _Item:
        key = f"{self._layers[first].name} … {self._layers[last].name}"
        return _Item(first, last, self._stretch(first, last), Fold(title, key, first, last, repeats, inner))

    def _stretch(self, first: int, last: int) -> int:
        """Equal for stretches with the same layers wired alike; what comes from outside is all the same."""
        wiring = tuple(
            tuple(source - first if source >= first else -1 for source in self._reads[index])
            for index in range(first, last + 1)
        )
        return self._sign((tuple(self._own[first : last + 1]), wiring))

    # ---- by what is alike

    def _repeats(self, items: list[_Item]) -> list[_Item]:
        """The items with every stretch that comes twice or more in a row as one."""
        lengths = _match_lengths(np.array([item.sign for item in items]))
        found: list[_Item] = []
        at = 0
        while at < len(items):
            part, count, skip = self._best_repeat(items, lengths, at)
            if not count:
                found.append(items[at])
                at += 1
                continue
            found += items[at : at + skip]
            at += skip
            found.append(self._repeat(items[at : at + part * count], part, count))
            at += part * count
        return found

    def _best_repeat(self, items: list[_Item], lengths: Sequence[np.ndarray], at: int) -> tuple[int, int, int]:
        """Length of the part, how often it comes, and how many items to step over first: what covers most."""
        best, covered = (0, 0, 0), 0
        for part, matches in enumerate(lengths, start=1):
            run = int(matches[at])
            count = run // part + 1
            layers = items[at + part * count - 1].last - items[at].first + 1 if count > 1 else 0
            if layers >= LEAST and part * count > covered:
                covered = part * count
                best = (part, count, self._cleanest(items, at, run % part))
        return best

    def _cleanest(self, items: list[_Item], at: int, room: int) -> int:
        """Where the parts are best cut: where the fewest tensors cross, before a layer with weights."""

        def cost(skip: int) -> tuple[int, bool]:
            first = items[at + skip].first
            return self._crossing[first], self._layers[first].kind == "other"

        return min(range(room + 1), key=cost)

    def _repeat(self, items: list[_Item], part: int, count: int) -> _Item:
        starts = range(0, len(items), part)
        parts = [items[start : start + part] for start in starts]
        inner: list[Fold] = []
        for held in parts if part > 1 and parts[0][-1].last - parts[0][0].first + 1 >= LEAST_PART else ():
            title = f"{self._name(held[0])} … {self._name(held[-1])}"
            made = self._block(title, held[0].first, held[-1].last, 1, _folds(held))
            inner += _folds([made])
        title = f"{self._name(items[0])} … {self._name(items[-1])}"
        return self._block(title, items[0].first, items[-1].last, count, tuple(inner) or _folds(items))

    def _name(self, item: _Item) -> str:
        return item.fold.title if item.fold is not None else self._layers[item.first].name


def _folds(items: Sequence[_Item]) -> tuple[Fold, ...]:
    return tuple(item.fold for item in items if item.fold is not None)


def _path(name: str) -> tuple[str, ...]:
    """A name's parts: at slashes where it has any (`/layer1/layer1.0/conv1/Conv`), else at dots."""
    parts = name.strip("/").split("/") if "/" in name.strip("/") else name.split(".")
    return tuple(parts)


def _title(name: str, path: Sequence[str], depth: int) -> str:
    """What a block is called: `layer1.0`, `inception_3a`; of `/layer1/layer1.0`, which says it twice, `layer1.0`."""
    sign = "/" if "/" in name.strip("/") else "."
    if depth and sign == "/" and path[depth].startswith(f"{path[depth - 1]}."):
        return path[depth]
    return sign.join(path[: depth + 1])


def _alike(layer: LayerCost) -> Hashable:
    sizes = layer.output_shape[1:] if layer.output_shape is not None else None
    return layer.op, tuple(sorted(layer.geometry.items())), sizes


def _crossing(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """How many tensors are handed over between layer i − 1 and layer i."""
    last = list(range(count))
    for source, target in edges:
        last[source] = max(last[source], target)
    change = [0] * (count + 2)
    for source, end in enumerate(last):
        change[source + 1] += 1
        change[end + 1] -= 1
    found: list[int] = []
    now = 0
    for step in change[: count + 1]:
        now += step
        found.append(now)
    return found


def _match_lengths(signs: np.ndarray) -> list[np.ndarray]:
    """For each part length p = 1, 2, …: how many items from i on are equal to the one p further on."""
    count = len(signs)
    found: list[np.ndarray] = []
    for part in range(1, min(LONGEST_PART, count // 2) + 1):
        equal = np.zeros(count, bool)
        equal[: count - part] = signs[: count - part] == signs[part:]
        broken = np.where(equal, count, np.arange(count))
        ends = np.minimum.accumulate(broken[::-1])[::-1]
        found.append(ends - np.arange(count))
    return found
