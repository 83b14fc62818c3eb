"""Painting a graph: only what is seen, and only as much of it as can be read at this size.

From afar boxes are plain rectangles, painted a colour at a time, and edges straight lines; nearer, boxes bear their
names, then their figures, and edges their shapes and arrows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QPolygonF, QTransform

from app import words
from app.graph_figures import Figure
from app.ui import icons, theme
from app.ui.graph.camera import Camera
from app.ui.graph.colours import Fill, colour, mixed, words_on
from app.ui.graph.letters import SMALLEST, elided, letters, width_of
from app.ui.graph.scene import Scene
from profiler.graph import Node

NAMES_FROM, FIGURES_FROM, SHAPES_FROM = 0.34, 0.62, 0.8  # scales (at 100 %) from which these are read
FRAME_NAMES_FROM = 0.45
SHORTEST = 1.2  # px: shorter pieces of edges are not painted from afar
CENTRE = Qt.AlignmentFlag.AlignVCenter
LEFT, RIGHT = CENTRE | Qt.AlignmentFlag.AlignLeft, CENTRE | Qt.AlignmentFlag.AlignRight


@dataclass
class Look:
    """What is painted on the boxes, and which of them stand out (−1: none)."""

    fills: list[Fill] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    operators: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    current: int = -1
    hovered: int = -1
    by_kind: bool = True
    hits: frozenset[int] = frozenset()
    _buckets: dict[Fill, np.ndarray] = field(default_factory=dict)

    def buckets(self) -> dict[Fill, np.ndarray]:
        """The boxes of each fill."""
        if not self._buckets:
            held: dict[Fill, list[int]] = {}
            for place, fill in enumerate(self.fills):
                held.setdefault(fill, []).append(place)
            self._buckets = {fill: np.array(places) for fill, places in held.items()}
        return self._buckets


class GraphPainter:
    """One painting of a scene through a camera."""

    def __init__(self, painter: QPainter, scene: Scene, camera: Camera, look: Look, size: QSizeF) -> None:
        self._p, self._scene, self._camera, self._look = painter, scene, camera, look
        self._room = camera.room(size).adjusted(-8, -8, 8, 8)
        self._scale = camera.scale / theme.scale()  # what can be read depends on the size of letters

    def is_far(self) -> bool:
        """So small that nothing can be read."""
        return self._scale < NAMES_FROM

    def paint(self) -> None:
        """All of it."""
        self.still()
        self.marks()

    def still(self) -> None:
        """What does not change with the selection or the mouse."""
        self._frames(named=True)
        if self.is_far():
            self._plain_edges()
            self._plain_boxes(far=True)
        else:
            self._near()

    def quick(self) -> None:
        """The same without words and round corners: until there is time for them."""
        self._frames(named=False)
        self._plain_edges()
        self._plain_boxes(far=self.is_far())

    def marks(self) -> None:
        """The edges of what is pointed at or selected, and the rings round what stands out."""
        kept = self._look.current if self._look.hovered < 0 else self._look.hovered
        if kept >= 0 and not self.is_far():
            self._edges(self._scene.edges_of[kept], theme.colour("text"), 1.8)
        self._rings()

    # ---- from afar

    def _plain_edges(self) -> None:
        painter = self._p
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setTransform(self._transform(), True)
        faint = theme.colour("track")
        ink = faint if self._scale < 0.15 else mixed(theme.colour("surface"), theme.colour("muted"), 0.55)
        painter.setPen(_cosmetic(ink, 1))
        painter.drawLines(self._scene.pieces_in(self._room, SHORTEST / self._camera.scale))
        painter.restore()

    def _plain_boxes(self, *, far: bool) -> None:
        painter, scene = self._p, self._scene
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setTransform(self._transform(), True)
        painter.setPen(Qt.PenStyle.NoPen)
        seen = np.zeros(len(scene.rects), bool)
        seen[scene.boxes_in(self._room)] = True
        for fill, places in self._look.buckets().items():
            shown = places[seen[places]].tolist()
            if shown:
                painter.setBrush(colour(fill, far=far))
                painter.drawRects([scene.rects[place] for place in shown])
        painter.restore()

    def _transform(self) -> QTransform:
        return QTransform(self._camera.scale, 0, 0, self._camera.scale, self._camera.x, self._camera.y)

    # ---- near

    def _near(self) -> None:
        self._edges(self._scene.edges_in(self._room).tolist(), theme.colour("muted"), 1.0)
        if self._scale >= SHAPES_FROM:
            self._shapes()
        for place in self._scene.boxes_in(self._room).tolist():
            self._box(place)

    def _edges(self, edges: Sequence[int], ink: QColor, width: float) -> None:
        painter, scene = self._p, self._scene
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setTransform(self._transform(), True)
        painter.setPen(_cosmetic(ink, width))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for edge in edges:
            painter.drawPath(scene.path(edge))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        for edge in edges if self._scale >= NAMES_FROM else ():
            (_, y0), (x, y) = scene.drawing.lines[edge][-2:]
            if y - y0 > 8:
                painter.drawPolygon(QPolygonF([QPointF(x, y), QPointF(x - 3.2, y - 6.5), QPointF(x + 3.2, y - 6.5)]))
        painter.restore()

    def _shapes(self) -> None:
        """What flows along an edge, beside its start; once for all that read the same."""
        painter, scene = self._p, self._scene
        painter.setFont(letters(10, self._camera.scale))
        painter.setPen(theme.colour("muted"))
        said: set[int] = set()
        for place in scene.edges_in(self._room).tolist():
            edge = scene.drawing.edges[place]
            (x, y), (_, below) = scene.drawing.lines[place][:2]
            if edge.shape is None or edge.source in said or below - y < 20:
                continue
            said.add(edge.source)
            corner = self._camera.seen(QPointF(x + 5, y + 2))
            room = QRectF(corner, QSizeF(120, min(below - y - 4, 18)) * self._camera.scale)
            painter.drawText(room, LEFT, words.shape(edge.shape))

    def _box(self, place: int) -> None:
        painter, look = self._p, self._look
        node, fill = self._scene.drawing.nodes[place], look.fills[place]
        box = self._camera.seen_rect(self._scene.rects[place])
        corner = min(5.0 * self._camera.scale, 6.0)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        below = colour(fill, far=False)
        edge = theme.colour("line") if fill.faded else mixed(theme.colour("surface"), theme.colour(node.kind), 0.6)
        painter.setPen(QPen(edge, 1.0))
        if node.fold:
            self._sheets(box, corner, below)
        painter.setBrush(below)
        painter.drawRoundedRect(box, corner, corner)
        if look.by_kind and not fill.faded:
            self._spine(box, corner, node)
        ink = words_on(fill)
        inner = box.adjusted(10 * self._camera.scale, 0, -8 * self._camera.scale, 0)
        if box.height() < 1.3 * SMALLEST:
            return
        if node.fold or node.kind != "other":
            self._tall_words(inner, place, node, ink)
        else:
            self._low_words(inner, place, ink)

    def _sheets(self, box: QRectF, corner: float, below: QColor) -> None:
        """Two more boxes behind a folded one."""
        for step in (2, 1):
            self._p.setBrush(below)
            behind = box.translated(3.5 * step * self._camera.scale, 3.5 * step * self._camera.scale)
            self._p.drawRoundedRect(behind, corner, corner)

    def _spine(self, box: QRectF, corner: float, node: Node) -> None:
        painter = self._p
        painter.save()
        painter.setClipRect(QRectF(box.left(), box.top(), 4 * self._camera.scale, box.height()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(node.kind))
        painter.drawRoundedRect(box, corner, corner)
        painter.restore()

    def _tall_words(self, inner: QRectF, place: int, node: Node, ink: QColor) -> None:
        """Name above; operator and figure below, where they can be read."""
        painter, look, scale = self._p, self._look, self._camera.scale
        both = self._scale >= FIGURES_FROM
        upper = QRectF(inner.left(), inner.top() + 4 * scale, inner.width(), 20 * scale) if both else inner
        if node.fold and both:
            size = 12 * scale
            sign = QRectF(upper.right() - size, upper.center().y() - size / 2, size, size)
            icons.paint(painter, sign.toRect(), "caret-right", ink)
            upper = upper.adjusted(0, 0, -size - 2, 0)
        painter.setPen(ink)
        self._text(upper, look.labels[place], letters(12.5 if both else 13, scale, QFont.Weight.DemiBold), LEFT)
        if not both:
            return
        lower = QRectF(inner.left(), inner.bottom() - 21 * scale, inner.width(), 18 * scale)
        font = letters(11, scale)
        figure = look.figures[place].text
        wide = width_of(figure, font) + 6 * scale
        painter.setPen(ink)
        self._text(lower, figure, font, RIGHT)
        if not look.fills[place].faded and look.by_kind:
            painter.setPen(theme.colour("muted"))
        self._text(lower.adjusted(0, 0, -wide, 0), look.operators[place], font, LEFT)

    def _low_words(self, inner: QRectF, place: int, ink: QColor) -> None:
        """One line: the name, and what it does or costs."""
        painter, look, scale = self._p, self._look, self._camera.scale
        painter.setPen(ink)
        if self._scale < FIGURES_FROM:
            self._text(inner, look.labels[place], letters(11, scale), LEFT)
            return
        font = letters(11, scale)
        figure = look.figures[place]
        right = figure.text if not look.by_kind and figure.value else look.operators[place]
        wide, named = (width_of(text, font) for text in (right, look.labels[place]))
        if wide + named + 8 * scale > inner.width():
            self._text(inner, look.labels[place], font, LEFT)
            return
        self._text(inner, look.labels[place], font, LEFT)
        if look.by_kind and not look.fills[place].faded:
            painter.setPen(theme.colour("muted"))
        self._text(inner.adjusted(inner.width() - wide, 0, 0, 0), right, font, RIGHT)

    def _text(self, room: QRectF, text: str, font: QFont, where: Qt.AlignmentFlag) -> None:
        self._p.setFont(font)
        self._p.drawText(room, where, elided(text, font, ceil(room.width()) + 1))

    # ---- what stands round or on top

    def _frames(self, *, named: bool) -> None:
        painter = self._p
        if self._scale < 0.12:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for frame in self._scene.drawing.frames:
            box = QRectF(*frame.box)
            if not box.intersects(self._room):
                continue
            painter.setPen(QPen(theme.colour("line"), 1.0))
            painter.setBrush(theme.colour("window"))
            seen = self._camera.seen_rect(box)
            corner = min(8.0 * self._camera.scale, 8.0)
            painter.drawRoundedRect(seen, corner, corner)
            if named and self._scale >= FRAME_NAMES_FROM:
                self._frame_name(seen, frame.title)

    def _frame_name(self, seen: QRectF, title: str) -> None:
        painter, scale = self._p, self._camera.scale
        line = QRectF(seen.left() + 8 * scale, seen.top() + 1 * scale, seen.width() - 14 * scale, 16 * scale)
        size = 10 * scale
        sign = QRectF(line.left(), line.center().y() - size / 2, size, size)
        icons.paint(painter, sign.toRect(), "caret-down", theme.colour("muted"))
        painter.setPen(theme.colour("muted"))
        self._text(line.adjusted(size + 3, 0, 0, 0), title, letters(10.5, scale, QFont.Weight.Medium), LEFT)

    def _rings(self) -> None:
        """Round what is selected, found or pointed at; also from afar, where a box may be a dot."""
        marked = [(place, "text", 1.2) for place in (self._look.hovered,) if place >= 0]
        marked += [(place, "accent", 1.4) for place in sorted(self._look.hits)]
        marked += [(self._look.current, "accent", float(theme.px(theme.RING)))] if self._look.current >= 0 else []
        painter = self._p
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for place, role, width in marked:
            box = self._camera.seen_rect(self._scene.rects[place])
            out = 3.0 if role == "accent" else 1.5
            more = max(0.0, (12 - box.width()) / 2) if width >= 2 else 0.0, max(0.0, (9 - box.height()) / 2)
            painter.setPen(QPen(theme.colour(role), width))
            painter.drawRoundedRect(box.adjusted(-out - more[0], -out - more[1], out + more[0], out + more[1]), 5, 5)


def _cosmetic(ink: QColor, width: float) -> QPen:
    pen = QPen(ink, width * theme.scale())
    pen.setCosmetic(True)
    return pen
