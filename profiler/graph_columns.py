"""A tall drawing set in columns, as text is: cut where little crosses, and led on at the top of the next column."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Point = tuple[float, float]
Box = tuple[float, float, float, float]
Line = tuple[Point, ...]

BETWEEN, LANE = 60.0, 14.0  # between two columns; from a column's end to the line that leads on
APART = 5.0  # between two lines that lead on
MOST_CROSSING = 4  # tensors that may cross a cut
LEAST_ROOM = 12.0  # a gap lower than this is not cut
MOST_COLUMNS = 96
BETTER, MUCH_BETTER = 1.08, 1.6  # how much larger it must be seen for more columns; for cuts across a block


@dataclass(frozen=True)
class Columns:
    """Boxes (left, top, width, height) and lines at their places, the size of it all, and each box's column."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: float
    height: float
    columns: tuple[int, ...]


@dataclass(frozen=True)
class _Cut:
    """A height where the drawing can be cut: the lines that cross, each with its track (one for each tensor)."""

    y: float
    tracks: dict[int, int]
    tensors: int


def in_columns(
    boxes: Sequence[Box], lines: Sequence[Line], ends: Sequence[tuple[int, int]], room: tuple[float, float] | None
) -> Columns:
    """In as many columns as let it be seen largest in `room` (width, height); None: in one. `ends` of each line are
    the numbers of the boxes it joins."""
    if not boxes:
        return Columns((), (), 0.0, 0.0, ())
    array = np.array(boxes, float)
    points = np.array([point for line in lines for point in line], float).reshape(-1, 2)
    cuts = _cuts(boxes, lines, ends) if room is not None else []
    bottom = float((array[:, 1] + array[:, 3]).max())
    top = float(array[:, 1].min())
    best: list[_Cut] = []
    made = _Made(array, points, [])
    clean = [cut for cut in cuts if cut.tensors <= 1]
    for allowed, better in ((clean, BETTER), (cuts, MUCH_BETTER)):
        for count in range(2, min(MOST_COLUMNS, len(allowed) + 1) + 1):
            chosen = _chosen(allowed, top, bottom, (bottom - top) / count)
            now = _Made(array, points, [cut.y for cut in chosen])
            if room is not None and now.seen(room) > made.seen(room) * better:
                best, made = chosen, now
    return _set(array, lines, best, made)


def _cuts(boxes: Sequence[Box], lines: Sequence[Line], ends: Sequence[tuple[int, int]]) -> list[_Cut]:
    """All gaps between boxes that few tensors cross, straight down."""
    events: list[tuple[float, int, int]] = []  # height, +1 begins or −1 ends, line (−1: a box)
    for _, top, _, height in boxes:
        events += [(top, 1, -1), (top + height, -1, -1)]
    for index, line in enumerate(lines):
        ys = [y for _, y in line]
        events += [(min(ys), 1, index), (max(ys), -1, index)]
    events.sort(key=lambda event: event[0])
    found: list[_Cut] = []
    inside = 0
    crossing: set[int] = set()
    for (y, change, line), (following, *_) in itertools.pairwise(events):
        if line < 0:
            inside += change
        else:
            (crossing.add if change > 0 else crossing.discard)(line)
        if inside or following - y < LEAST_ROOM:
            continue
        cut = _cut(y, following, sorted(crossing), lines, ends)
        if cut is not None:
            found.append(cut)
    return found


def _cut(
    above: float, below: float, crossing: Sequence[int], lines: Sequence[Line], ends: Sequence[tuple[int, int]]
) -> _Cut | None:
    """A cut between two heights, in the middle or close to an end, wherever all that cross go straight down."""
    sources = {source: track for track, source in enumerate(dict.fromkeys(ends[line][0] for line in crossing))}
    if len(sources) > MOST_CROSSING:
        return None
    middle = (above + below) / 2
    for y in (middle, above + 4, below - 4) if len(crossing) == 1 else (above + 4, below - 4, middle):
        if all(_x_at(lines[line], y) is not None for line in crossing):
            return _Cut(y, {line: sources[ends[line][0]] for line in crossing}, len(sources))
    return None


def _x_at(line: Line, y: float) -> tuple[int, float] | None:
    """The piece of a line that goes straight down through this height, and where; None when none does."""
    for piece, ((x0, y0), (x1, y1)) in enumerate(itertools.pairwise(line)):
        if x0 == x1 and min(y0, y1) <= y <= max(y0, y1):
            return piece, x0
    return None


def _chosen(cuts: Sequence[_Cut], top: float, bottom: float, limit: float) -> list[_Cut]:
    """Cuts that make columns no higher than `limit` where they can; the last quarter of it is for a better cut."""
    start, at = top, 0
    chosen: list[_Cut] = []
    while bottom - start > limit * 1.02 and at < len(cuts):
        fitting = at
        while fitting + 1 < len(cuts) and cuts[fitting + 1].y - start <= limit * 1.02:
            fitting += 1
        last = [place for place in range(at, fitting + 1) if cuts[place].y - start > 0.75 * limit] or [fitting]
        best = min(last, key=lambda place: (cuts[place].tensors, -place))
        chosen.append(cuts[best])
        start, at = cuts[best].y, best + 1
    return chosen


class _Made:
    """The drawing cut at these heights: the edges of each column, and how far it moves."""

    def __init__(self, boxes: np.ndarray, points: np.ndarray, heights: Sequence[float]) -> None:
        cuts = np.array(heights, float)
        self.of = np.searchsorted(cuts, boxes[:, 1])  # each box's column
        count = len(heights) + 1
        self.left, self.right = np.full(count, np.inf), np.full(count, -np.inf)
        self.top, self.bottom = np.full(count, np.inf), np.full(count, -np.inf)
        np.minimum.at(self.left, self.of, boxes[:, 0])
        np.maximum.at(self.right, self.of, boxes[:, 0] + boxes[:, 2])
        np.minimum.at(self.top, self.of, boxes[:, 1])
        np.maximum.at(self.bottom, self.of, boxes[:, 1] + boxes[:, 3])
        of = np.searchsorted(cuts, points[:, 1])
        np.minimum.at(self.left, of, points[:, 0])
        np.maximum.at(self.right, of, points[:, 0])
        np.minimum.at(self.top, of, points[:, 1])
        np.maximum.at(self.bottom, of, points[:, 1])
        lane = LANE + APART * MOST_CROSSING if count > 1 else 0.0
        widths = self.right - self.left
        starts = np.concatenate([[0.0], np.cumsum(widths + BETWEEN)[:-1]])
        self.width = float(widths.sum()) + BETWEEN * (count - 1)
        self.height = float((self.bottom - self.top).max()) + 2 * lane
        self.shift_x, self.shift_y = starts - self.left, lane - self.top
        self.ends_x, self.ends_y = starts + widths, self.bottom + self.shift_y

    def seen(self, room: tuple[float, float]) -> float:
        """How large it is seen when all of it is shown; 1 is full size, and no more is wanted."""
        return min(room[0] / max(self.width, 1.0), room[1] / max(self.height, 1.0), 1.0)

    def moved(self, points: Sequence[Point], column: int) -> Line:
        x, y = float(self.shift_x[column]), float(self.shift_y[column])
        return tuple((a + x, b + y) for a, b in points)


def _set(boxes: np.ndarray, lines: Sequence[Line], cuts: Sequence[_Cut], made: _Made) -> Columns:
    """Everything at its place in its column."""
    heights = [cut.y for cut in cuts]
    moved = boxes.copy()
    moved[:, 0] += made.shift_x[made.of]
    moved[:, 1] += made.shift_y[made.of]
    crossed: dict[int, list[int]] = {}
    for place, cut in enumerate(cuts):
        for line in cut.tracks:
            crossed.setdefault(line, []).append(place)
    drawn = [
        _led_on(line, [(place, cuts[place].y, cuts[place].tracks[index]) for place in crossed[index]], made)
        if index in crossed
        else made.moved(line, bisect_right(heights, line[0][1]))
        for index, line in enumerate(lines)
    ]
    return Columns(
        tuple((float(x), float(y), float(w), float(h)) for x, y, w, h in moved),
        tuple(drawn),
        made.width,
        made.height,
        tuple(int(column) for column in made.of),
    )


def _led_on(line: Line, cuts: Sequence[tuple[int, float, int]], made: _Made) -> Line:
    """A line that goes on in the next column: under this column's end, up between the two, in above the next one's."""
    points: list[Point] = []
    rest = line
    for column, y, track in cuts:
        piece, x = _x_at(rest, y) or (0, rest[0][0])
        points += made.moved(rest[: piece + 1], column)
        here, there = x + float(made.shift_x[column]), x + float(made.shift_x[column + 1])
        gutter = float(made.ends_x[column]) + BETWEEN / 2 + APART * track
        under, over = float(made.ends_y[column]) + LANE + APART * track, APART * track
        points += [(here, under), (gutter, under), (gutter, over), (there, over)]
        rest = rest[piece + 1 :]
        rest = ((x, y), *rest)
    *_, last = cuts
    led = made.moved(rest, last[0] + 1)
    return (*points, *led[1:])
