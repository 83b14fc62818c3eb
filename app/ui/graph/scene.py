"""A drawing made ready to be painted and asked: what lies in a rectangle, under a pixel, next to a box."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, QSizeF
from PySide6.QtGui import QPainterPath

from app.graph import Drawing, Frame

ROUND = 7.0  # of a corner that an edge turns


class Scene:
    """`rects` are the boxes, `near` the edges with round corners, `far` all their pieces as lines."""

    def __init__(self, drawing: Drawing) -> None:
        self.drawing = drawing
        self.size = QSizeF(drawing.width, drawing.height)
        self.rects = [QRectF(*box) for box in drawing.boxes]
        self._boxes = _sides(np.array(drawing.boxes, float).reshape(-1, 4))
        self._paths: dict[int, QPainterPath] = {}
        self._spans = _spans(drawing.lines)
        pieces = [pair for line in drawing.lines for pair in itertools.pairwise(line)]
        self.far = [QLineF(*start, *end) for start, end in pieces]
        ends = np.array(pieces, float).reshape(-1, 4)
        self._pieces = np.column_stack([
            np.minimum(ends[:, 0], ends[:, 2]), np.minimum(ends[:, 1], ends[:, 3]),
            np.maximum(ends[:, 0], ends[:, 2]), np.maximum(ends[:, 1], ends[:, 3]),
        ])  # fmt: skip
        self._lengths = np.abs(ends[:, 0] - ends[:, 2]) + np.abs(ends[:, 1] - ends[:, 3])
        self.sources: list[list[int]] = [[] for _ in drawing.nodes]
        self.readers: list[list[int]] = [[] for _ in drawing.nodes]
        self.edges_of: list[list[int]] = [[] for _ in drawing.nodes]
        for place, edge in enumerate(drawing.edges):
            self.sources[edge.target].append(edge.source)
            self.readers[edge.source].append(edge.target)
            self.edges_of[edge.source].append(place)
            self.edges_of[edge.target].append(place)
        self._order = {name: place for place, name in reversed(list(enumerate(drawing.names)))}
        self._firsts = [node.first for node in drawing.nodes]

    # ---- what lies where

    def boxes_in(self, room: QRectF) -> np.ndarray:
        """Places of the boxes that a rectangle shows."""
        return np.flatnonzero(_meets(self._boxes, room))

    def edges_in(self, room: QRectF) -> np.ndarray:
        return np.flatnonzero(_meets(self._spans, room))

    def pieces_in(self, room: QRectF, shortest: float) -> list[QLineF]:
        """The pieces of edges that a rectangle shows, less those shorter than `shortest`."""
        wanted = _meets(self._pieces, room) & (self._lengths >= shortest)
        return [self.far[place] for place in np.flatnonzero(wanted).tolist()]

    def box_at(self, point: QPointF) -> int | None:
        x, y = point.x(), point.y()
        left, top, right, bottom = self._boxes.T
        found = np.flatnonzero((left <= x) & (x <= right) & (top <= y) & (y <= bottom))
        return int(found[0]) if len(found) else None

    def frame_at(self, point: QPointF, high: float) -> Frame | None:
        """The open block whose name, in the `high` upper part of its frame, is there."""
        for frame in self.drawing.frames:
            left, top, width, _ = frame.box
            if QRectF(left, top, width, high).contains(point):
                return frame
        return None

    def path(self, edge: int) -> QPainterPath:
        """An edge with round corners, made when it is first seen near."""
        if edge not in self._paths:
            self._paths[edge] = rounded(self.drawing.lines[edge])
        return self._paths[edge]

    # ---- who is next to whom

    def place_of(self, layer: str) -> int | None:
        """The box that is a layer, or holds it."""
        at = self._order.get(layer)
        if at is None:
            return None
        place = int(np.searchsorted(self._firsts, at, side="right")) - 1
        return place if place >= 0 and at <= self.drawing.nodes[place].last else None

    def above(self, place: int) -> int | None:
        """What it reads; of several, what lies straightest above."""
        return self._nearest(place, self.sources[place])

    def below(self, place: int) -> int | None:
        return self._nearest(place, self.readers[place])

    def beside(self, place: int, by: int) -> int | None:
        """The next of those that read or feed the same, to the right (by = 1) or the left (−1)."""
        others = {other for source in self.sources[place] for other in self.readers[source]}
        others |= {other for reader in self.readers[place] for other in self.sources[reader]}
        x = self.rects[place].center().x()
        away = {other: by * (self.rects[other].center().x() - x) for other in others - {place}}
        ahead = {other: distance for other, distance in away.items() if distance > 1}
        return min(ahead, key=lambda other: (ahead[other], other), default=None)

    def _nearest(self, place: int, others: Sequence[int]) -> int | None:
        x = self.rects[place].center().x()
        return min(others, key=lambda other: (abs(self.rects[other].center().x() - x), other), default=None)


def _sides(boxes: np.ndarray) -> np.ndarray:
    """Left, top, right, bottom."""
    return np.column_stack([boxes[:, 0], boxes[:, 1], boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3]])


def _spans(lines: Sequence[Sequence[tuple[float, float]]]) -> np.ndarray:
    spans = [
        (min(x for x, _ in line), min(y for _, y in line), max(x for x, _ in line), max(y for _, y in line))
        for line in lines
    ]
    return np.array(spans, float).reshape(-1, 4)


def _meets(sides: np.ndarray, room: QRectF) -> np.ndarray:
    left, top, right, bottom = sides.T
    return (left <= room.right()) & (right >= room.left()) & (top <= room.bottom()) & (bottom >= room.top())


def rounded(line: Sequence[tuple[float, float]]) -> QPainterPath:
    """A line whose corners are rounded, as far as their pieces are long enough."""
    path = QPainterPath(QPointF(*line[0]))
    for (ax, ay), (bx, by), (cx, cy) in zip(line, line[1:], line[2:], strict=False):
        before, after = abs(bx - ax) + abs(by - ay), abs(cx - bx) + abs(cy - by)
        turn = min(ROUND, before / 2, after / 2)
        if turn <= 0:
            continue
        path.lineTo(bx + (ax - bx) * turn / before, by + (ay - by) * turn / before)
        path.quadTo(bx, by, bx + (cx - bx) * turn / after, by + (cy - by) * turn / after)
    path.lineTo(*line[-1])
    return path
