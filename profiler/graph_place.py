"""The layered placing of boxes, one part of the graph after the other.

A part lies between two boxes that everything must pass (a network's trunk), so a long network is many small layouts
instead of one large one; alike parts are placed once and so look alike. `graphlay` places a part (network simplex
ranks and coordinates, sifted crossings, edges routed at right angles).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

Point = tuple[float, float]
Pair = tuple[int, int]
Line = tuple[Point, ...]

FAR, MANY = 3, 3  # an output read so many ranks further down, so many times, becomes a bus
MOST_NODES, MOST_EDGES, MOST_DUMMIES = 12_000, 40_000, 12_000  # in one part; beyond them `_plain` places it
QUICK = 400  # nodes and dummies of a part from which it is placed in fewer rounds
APART = 28.0
TRIES = 4
OPTIONS = {
    "direction": "topbottom",
    "spacing": {"layer_gap": 34.0, "node_gap": 26.0, "dummy_gap": 16.0, "port_gap": 14.0, "stub": 10.0},
    "routing": {"style": "orthogonal", "port_sides": "facing_only"},
    "limits": {"max_nodes": MOST_NODES, "max_edges": MOST_EDGES, "max_dummies": MOST_DUMMIES},
}


@dataclass(frozen=True)
class Places:
    """The middle of each box's upper edge, and the line of each pair; `plain`: how many parts were too much."""

    tops: list[Point]
    lines: dict[Pair, Line] = field(default_factory=dict[Pair, Line])
    plain: int = 0


def place(width: float, heights: Sequence[float], pairs: Sequence[Pair]) -> Places:
    """Boxes of one width in running order; `pairs` lead from lower to higher numbers, each once."""
    tops: list[Point] = [(0.0, 0.0)] * len(heights)
    lines: dict[Pair, Line] = {}
    known: dict[object, Places] = {}
    plain, x, y = 0, 0.0, 0.0
    for first, last, inner in _parts(len(heights), pairs):
        held, ends = tuple(heights[first : last + 1]), (first > 0, last < len(heights) - 1)
        part = known.get((held, inner, ends))
        if part is None:
            part = known[held, inner, ends] = _place_part(width, held, inner, ends)
        plain += part.plain
        start, end = part.tops[0], part.tops[-1]
        if not first:
            x, y = -end[0], -start[1]  # the trunk is where the first part ends
            side = 1
        else:
            side = -1 if abs(x + end[0] - start[0]) > abs(x - end[0] + start[0]) else 1
            x, y = x - side * start[0], y - start[1]
        for offset, top in enumerate(part.tops):
            tops[first + offset] = (x + side * top[0], y + top[1])
        for (source, target), line in part.lines.items():
            lines[first + source, first + target] = tuple((x + side * a, y + b) for a, b in line)
        x, y = tops[last]
    return Places(tops, lines, plain)


def _parts(count: int, pairs: Sequence[Pair]) -> list[tuple[int, int, tuple[Pair, ...]]]:
    """First and last box of each part, and its pairs numbered from its first. Neighbours share a box."""
    furthest = [0] * count
    by_source: list[list[int]] = [[] for _ in range(count)]
    for source, target in sorted(pairs):
        furthest[source] = max(furthest[source], target)
        by_source[source].append(target)
    reach, ends = 0, [0]
    for box in range(1, count):
        reach = max(reach, furthest[box - 1])
        if reach <= box and (box == count - 1 or by_source[box]):
            ends.append(box)
    found: list[tuple[int, int, tuple[Pair, ...]]] = []
    if count and (len(ends) == 1 or ends[-1] != count - 1):
        ends.append(count - 1)
    for first, last in itertools.pairwise(ends):
        inner = tuple((a - first, b - first) for a in range(first, last) for b in by_source[a])
        found.append((first, last, inner))
    return found


def _place_part(width: float, heights: Sequence[float], pairs: Sequence[Pair], joined: tuple[bool, bool]) -> Places:
    """By the library where it can be. Where another part is `joined` above (below), nothing stands beside or above
    the first box (beside or below the last)."""
    held: list[Pair] = []
    last = len(heights) - 1
    for _ in range(TRIES):
        found = _by_library(width, heights, pairs, held)
        if found is None:
            break
        roof, floor = found.tops[0][1] + heights[0], found.tops[last][1]
        wrong = [(0, box) for box in range(1, last + 1) if joined[0] and found.tops[box][1] < roof]
        wrong += [(box, last) for box in range(last) if joined[1] and found.tops[box][1] + heights[box] > floor]
        if not wrong:
            return found
        held += [pair for pair in wrong if pair not in held]
    return _plain(width, heights, pairs)


def _by_library(width: float, heights: Sequence[float], pairs: Sequence[Pair], held: Sequence[Pair]) -> Places | None:
    """None when it is too much for the library. `held` are placed as edges are, and not drawn."""
    import graphlay  # a worker's business: the window draws what came of it

    count = len(heights)
    routes, taps, dummies = _buses(count, pairs)
    if count + taps > MOST_NODES or dummies > MOST_DUMMIES:
        return None
    links = list(dict.fromkeys(link for route in routes.values() for link in route))
    nodes = [{"size": {"width": width, "height": height}, "shape": "box"} for height in heights]
    nodes += [{"size": {"width": 2.0, "height": 2.0}, "shape": "box"}] * taps
    graph = {"nodes": nodes, "edges": [{"source": a, "target": b, "weight": 1.0} for a, b in [*links, *held]]}
    effort = "fast" if count + taps + dummies > QUICK else "balanced"
    try:
        made = graphlay.layout(graph, options={**OPTIONS, "effort": effort})
    except graphlay.GraphlayError:
        return None
    drawn = {
        link: [(float(point["x"]), float(point["y"])) for point in edge["points"]]
        for link, edge in zip(links, made.edges, strict=False)
    }
    centres = [(float(node["center"]["x"]), float(node["center"]["y"])) for node in made.nodes[:count]]
    tops = [(x, y - height / 2) for (x, y), height in zip(centres, heights, strict=True)]
    return Places(tops, {pair: _joined([drawn[link] for link in route]) for pair, route in routes.items()})


def _ranks(count: int, pairs: Sequence[Pair]) -> list[int]:
    """The longest way from a start, in edges."""
    ranks = [0] * count
    for source, target in sorted(pairs):
        ranks[target] = max(ranks[target], ranks[source] + 1)
    return ranks


def _buses(count: int, pairs: Sequence[Pair]) -> tuple[dict[Pair, list[Pair]], int, int]:
    """The route of each pair over taps (numbered from `count` on), how many taps, and about how many dummies."""
    ranks = _ranks(count, pairs)
    far: dict[int, list[int]] = {}
    routes: dict[Pair, list[Pair]] = {}
    for source, target in pairs:
        routes[source, target] = [(source, target)]
        if ranks[target] - ranks[source] >= FAR:
            far.setdefault(source, []).append(target)
    taps = dummies = 0
    for source, targets in far.items():
        if len(targets) < MANY:
            dummies += sum(ranks[target] - ranks[source] - 1 for target in targets)
            continue
        way: list[Pair] = []
        at, at_rank = source, ranks[source]
        for target in sorted(targets, key=lambda target: ranks[target]):
            if ranks[target] - 1 > at_rank:
                way = [*way, (at, count + taps)]
                dummies += ranks[target] - 2 - at_rank
                at, at_rank = count + taps, ranks[target] - 1
                taps += 1
            routes[source, target] = [*way, (at, target)]
    return routes, taps, dummies


def _joined(parts: Sequence[Sequence[Point]]) -> Line:
    """One line of several that meet at taps (2 pixels high), without points on the way between two others."""
    points: list[Point] = [parts[0][0]]
    for part in parts:
        for point in part[1:-1] if part is not parts[-1] else part[1:]:
            if len(points) > 1 and points[-2][0] == points[-1][0] == point[0]:
                points.pop()
            points.append(point)
    return tuple(points)


def _plain(width: float, heights: Sequence[float], pairs: Sequence[Pair]) -> Places:
    """Ranks by the longest way, each rank in the order of what it reads, straight lines: for what is too large."""
    count = len(heights)
    starts = set(range(1, count)) - {target for _, target in pairs}
    ends = set(range(count - 1)) - {source for source, _ in pairs}
    ranks = _ranks(count, [*pairs, *((0, box) for box in starts), *((box, count - 1) for box in ends)])
    reads: list[list[int]] = [[] for _ in heights]
    for source, target in pairs:
        reads[target].append(source)
    rows: list[list[int]] = [[] for _ in range(max(ranks, default=-1) + 1)]
    for node, rank in enumerate(ranks):
        rows[rank].append(node)
    x = np.zeros(count)
    tops: list[Point] = [(0.0, 0.0)] * count
    y = 0.0
    for row in rows:
        wished = {node: float(np.mean(x[reads[node]])) if reads[node] else 0.0 for node in row}
        row.sort(key=lambda node: (wished[node], node))
        for position, node in enumerate(row):
            x[node] = (position - (len(row) - 1) / 2) * (width + APART)
            tops[node] = (float(x[node]), y)
        y += max(heights[node] for node in row) + 2 * APART
    lines = {(a, b): ((tops[a][0], tops[a][1] + heights[a]), tops[b]) for a, b in pairs}
    return Places(tops, lines, plain=1)
