"""Where the nodes of a graph go: top down, in layers (Sugiyama, Tagawa and Toda 1981), edges as right-angled lines.

Networks are long chains with skips, so three things stand round the layout itself (`graph_place`). What follows one
another without a branch is placed as one tall box: far fewer ranks, and far fewer dummy vertices under long edges. An
output that is read in many far places (a dense block) becomes one line with taps, a bus. A drawing much taller than
its room is set in columns, as text is.

Units: pixels at 100 %, y down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from profiler.graph_columns import in_columns
from profiler.graph_place import Line, Pair, Places, place

Box = tuple[float, float, float, float]
GAP, TIGHT = 28.0, 4.0  # between two boxes of a chain, and where the second belongs to the first


@dataclass(frozen=True)
class Placed:
    """Boxes as (left, top, width, height), lines as points from the source's lower to the target's upper edge.

    `columns` has each box's column, from the left. `plain`: how many parts were too large to be laid out well.
    """

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: float
    height: float
    columns: tuple[int, ...]
    plain: int = 0


def lay_out(
    width: float,
    heights: Sequence[float],
    edges: Sequence[Pair],
    tight: Sequence[bool] = (),
    room: tuple[float, float] | None = None,
    air: Sequence[tuple[float, float]] = (),
) -> Placed:
    """Place boxes of one width. Nodes are in running order: an edge leads from a lower to a higher number.

    `tight` marks nodes that stand close under the one node they read. `room` (width, height) is where it will be
    shown; None: one column. `air` is the room to be kept above and below each box. Raises ValueError for an edge that
    leads up or to a node that is not there.
    """
    if any(not 0 <= source < target < len(heights) for source, target in edges):
        raise ValueError("An edge leads up, or to a node that is not there.")
    chains = _chains(len(heights), edges)
    kept = list(air) or [(0.0, 0.0)] * len(heights)
    whole = [above + height + below for height, (above, below) in zip(heights, kept, strict=True)]
    gaps = [TIGHT if close else GAP for close in tight] or [GAP] * len(heights)
    tall = [sum(whole[n] for n in chain) + sum(gaps[n] for n in chain[1:]) for chain in chains]
    chain_of = {node: at for at, chain in enumerate(chains) for node in chain}
    outer = [(chain_of[source], chain_of[target]) for source, target in edges]
    found = place(width, tall, sorted({pair for pair in outer if pair[0] != pair[1]}))
    boxes = _unchained(found, chains, whole, gaps)
    boxes = [
        (x - width / 2, top + above, width, height)
        for (x, top), height, (above, _) in zip(boxes, heights, kept, strict=True)
    ]
    lines: list[Line] = []
    for (source, target), pair in zip(edges, outer, strict=True):
        start, end = boxes[source][1] + heights[source], boxes[target][1]
        middle = boxes[source][0] + width / 2
        line = ((middle, start), (middle, end)) if pair[0] == pair[1] else found.lines[pair]
        lines.append(((line[0][0], start), *line[1:-1], (line[-1][0], end)))
    made = in_columns(boxes, lines, edges, room)
    return Placed(made.boxes, made.lines, made.width, made.height, made.columns, found.plain)


def _chains(count: int, edges: Sequence[Pair]) -> list[list[int]]:
    """The nodes in stretches without a branch, by their first node."""
    readers, reads = [0] * count, [0] * count
    source_of = [-1] * count
    for source, target in edges:
        readers[source] += 1
        reads[target] += 1
        source_of[target] = source
    chain_of: list[list[int]] = []
    chains: list[list[int]] = []
    for node in range(count):
        if reads[node] == 1 and readers[source_of[node]] == 1:
            chain = chain_of[source_of[node]]
        else:
            chain = list[int]()
            chains.append(chain)
        chain.append(node)
        chain_of.append(chain)
    return chains


def _unchained(
    found: Places, chains: Sequence[Sequence[int]], heights: Sequence[float], gaps: Sequence[float]
) -> list[tuple[float, float]]:
    """The middle of each node's upper edge: those of a tall box stand below one another."""
    tops: list[tuple[float, float]] = [(0.0, 0.0)] * len(heights)
    for (x, top), chain in zip(found.tops, chains, strict=True):
        y = top
        for position, node in enumerate(chain):
            y += gaps[node] if position else 0.0
            tops[node] = (x, y)
            y += heights[node]
    return tops
