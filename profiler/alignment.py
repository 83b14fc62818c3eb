"""Which layer of one network stands where which layer of another stood.

A layer has a name and a signature: its operator, the shape of its weights, and for an operator without weights its
output shape. First the pairs of one name or of one signature that keep the order and together weigh most are found (a
heaviest common subsequence, by a Fenwick tree over the candidate pairs: Hunt and Szymanski 1977). Then what is left is
paired by its place between two matched neighbours, where the same operators follow each other, and at last by its name
wherever it went. From the second to the first it finds the same pairs.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from profiler.breakdown import LayerCost

NAME, COUNTED, SHAPE, PLAIN = 4, 1, 5, 1
"""What a pair weighs: its name (one that is only counted, such as Conv_12, says little), its signature (one without
weights says little), or the sum of both."""

MOST = 300_000  # candidate pairs by signature; where there are more, they are left out: first those without weights


@dataclass(frozen=True)
class Match:
    """Layer `a` of the first and `b` of the second, by their places. `in_order`: no other match of these crosses it."""

    a: int
    b: int
    by: Literal["name", "structure"]
    in_order: bool


def matches(a: Sequence[LayerCost], b: Sequence[LayerCost]) -> list[Match]:
    """Pairs of layers, in the order of the second; each layer in one at most."""
    if _key(b) < _key(a):  # of pairs that weigh the same, either way round must choose the same
        turned = [Match(match.b, match.a, match.by, match.in_order) for match in _matches(b, a)]
        return sorted(turned, key=lambda match: match.b)
    return sorted(_matches(a, b), key=lambda match: match.b)


def _key(layers: Sequence[LayerCost]) -> tuple[int, list[tuple[str, str, str]]]:
    return len(layers), [(layer.name, layer.op, str(_signature(layer))) for layer in layers]


def _matches(a: Sequence[LayerCost], b: Sequence[LayerCost]) -> list[Match]:
    start, stop = _alike_at_the_ends(a, b)
    ends = [(i, i) for i in range(start)] + [(len(a) - i, len(b) - i) for i in range(stop, 0, -1)]
    inner = _heaviest(list(_candidates(a, b, start, stop)), len(b))
    ordered = sorted([*ends, *((i, j) for i, j in inner)])
    ordered = sorted([*ordered, *_by_place(a, b, ordered)])
    moved = _moved(a, b, ordered)
    found = [Match(i, j, _by(a[i], b[j]), True) for i, j in ordered]
    return [*found, *(Match(i, j, "name", False) for i, j in moved)]


def _by(a: LayerCost, b: LayerCost) -> Literal["name", "structure"]:
    return "name" if a.name == b.name else "structure"


def _signature(layer: LayerCost) -> tuple[object, ...]:
    if layer.weight_shape is not None:
        return layer.op, layer.weight_shape
    return layer.op, None, layer.output_shape


def _alike_at_the_ends(a: Sequence[LayerCost], b: Sequence[LayerCost]) -> tuple[int, int]:
    """How many layers at the start, and then at the end, are the same in name and signature."""
    shorter = min(len(a), len(b))
    start = 0
    while start < shorter and _same(a[start], b[start]):
        start += 1
    stop = 0
    while stop < shorter - start and _same(a[-1 - stop], b[-1 - stop]):
        stop += 1
    return start, stop


def _same(a: LayerCost, b: LayerCost) -> bool:
    return a.name == b.name and _signature(a) == _signature(b)


def _candidates(
    a: Sequence[LayerCost], b: Sequence[LayerCost], start: int, stop: int
) -> Iterator[tuple[int, int, int]]:
    """(place, place, weight) of every pair that could be one."""
    by_name: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    by_signature: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
    for j in range(start, len(b) - stop):
        by_name[b[j].name, b[j].op].append(j)
        by_signature[_signature(b[j])].append(j)
    inner = range(start, len(a) - stop)
    weighted = _few(a, inner, by_signature, with_weights=True)
    plain = weighted and _few(a, inner, by_signature, with_weights=False)
    for i in inner:
        layer = a[i]
        named = set(by_name.get((layer.name, layer.op), ()))
        used = weighted if layer.weight_shape is not None else plain
        alike = by_signature.get(_signature(layer), []) if used else []
        for j in sorted(named.union(alike)):
            yield i, j, _weight(layer, j in named, _signature(layer) == _signature(b[j]))


def _few(
    a: Sequence[LayerCost],
    inner: range,
    by_signature: Mapping[tuple[object, ...], list[int]],
    *,
    with_weights: bool,
) -> bool:
    """Whether layers with (or without) weights have few partners enough to look at all of them."""
    chosen = (a[i] for i in inner if (a[i].weight_shape is not None) == with_weights)
    return sum(len(by_signature.get(_signature(layer), ())) for layer in chosen) <= MOST


def _weight(layer: LayerCost, named: bool, alike: bool) -> int:
    name = COUNTED if _is_counted(layer) else NAME
    signature = SHAPE if layer.weight_shape is not None else PLAIN
    return name * named + signature * alike


def _is_counted(layer: LayerCost) -> bool:
    """Named by an exporter: Conv_12, node_conv2d_5, 118. Put one in, and all behind it are called otherwise."""
    return re.fullmatch(rf"(node_)?{re.escape(layer.op)}(2d)?_\d+|\d+", layer.name, re.IGNORECASE) is not None


def _heaviest(candidates: list[tuple[int, int, int]], width: int) -> list[tuple[int, int]]:
    """The pairs, rising in both places, whose weights add up to most."""
    best = [0] * len(candidates)  # of chains that end here
    before: list[int] = [-1] * len(candidates)
    tree = [-1] * (width + 1)  # Fenwick: the candidate whose chain is best among places up to here
    row: list[int] = []
    for k, (i, j, weight) in enumerate(candidates):
        if row and candidates[row[0]][0] != i:
            _enter(tree, row, candidates, best)
            row = []
        before[k] = _best_up_to(tree, j, best)
        best[k] = weight + (best[before[k]] if before[k] >= 0 else 0)
        row.append(k)
    at = max(range(len(candidates)), key=lambda k: best[k], default=-1)
    chain: list[tuple[int, int]] = []
    while at >= 0:
        chain.append(candidates[at][:2])
        at = before[at]
    return chain[::-1]


def _enter(tree: list[int], row: list[int], candidates: list[tuple[int, int, int]], best: list[int]) -> None:
    """Candidates of one row of `a` come in together, so that none follows another of its own row."""
    for k in row:
        place = candidates[k][1] + 1
        while place < len(tree):
            if tree[place] < 0 or best[tree[place]] < best[k]:
                tree[place] = k
            place += place & -place


def _best_up_to(tree: list[int], place: int, best: list[int]) -> int:
    """The candidate with the best chain among places before this one."""
    found = -1
    while place > 0:
        if tree[place] >= 0 and (found < 0 or best[tree[place]] > best[found]):
            found = tree[place]
        place -= place & -place
    return found


def _by_place(a: Sequence[LayerCost], b: Sequence[LayerCost], ordered: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Between two matched neighbours: the layers in turn, where both sides have the same operators in one order."""
    found: list[tuple[int, int]] = []
    done_a = done_b = 0
    for i, j in [*ordered, (len(a), len(b))]:
        left, right = range(done_a, i), range(done_b, j)
        if [a[k].op for k in left] == [b[k].op for k in right]:
            found += zip(left, right, strict=True)
        done_a, done_b = i + 1, j + 1
    return found


def _moved(a: Sequence[LayerCost], b: Sequence[LayerCost], ordered: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Layers that kept their name and operator and stand elsewhere. A counted name says nothing by itself."""
    gone, come = {i for i, _ in ordered}, {j for _, j in ordered}
    left: dict[tuple[str, str], int] = {}
    for i, layer in enumerate(a):
        if i not in gone:
            left.setdefault((layer.name, layer.op), i)
    found: list[tuple[int, int]] = []
    for j, layer in enumerate(b):
        i = left.get((layer.name, layer.op)) if j not in come else None
        if i is not None and (_same(a[i], layer) or not _is_counted(layer)):
            found.append((i, j))
            del left[layer.name, layer.op]
    return found
