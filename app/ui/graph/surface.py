"""A graph as it is seen: a drawing, how it is coloured, and what part of it one looks at."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, QTimer
from PySide6.QtGui import (
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.graph import Drawing, labels
from app.graph_figures import Figures, spoken
from app.ui import theme
from app.ui.graph.camera import Camera, fitting, held_in
from app.ui.graph.colours import fill_of
from app.ui.graph.paint import GraphPainter, Look
from app.ui.graph.scene import Scene
from app.ui.graph.tiles import CALM, HURRY, Tiles, View
from app.ui.parts.focus_ring import paint_ring
from app.ui.plots.hover_card import HoverCard

CLOSEST = 2.5  # the largest scale at 100 %
SETTLE_MS = 70  # after the last turn of the wheel the words are painted sharp
EMPTY = "No layers to draw."


class GraphSurface(QWidget):
    """Shows a drawing, and can be told what to show of it; `GraphCanvas` is worked with."""

    def __init__(self) -> None:
        super().__init__()
        self.scene: Scene | None = None
        self.figures: Figures | None = None
        self.coloured_by, self.kind = "kind", ""
        self.look = Look()
        self.camera = Camera()
        self.card = HoverCard(self)
        self.fitted = True  # shown as a whole, and so again when the window's size changes
        self.tiles = Tiles()
        self.moving = False  # by hand: then each frame is short
        self._more = QTimer(self, singleShot=True, interval=0)  # type: ignore[call-arg]
        self._zooming = QTimer(self, singleShot=True, interval=SETTLE_MS)  # type: ignore[call-arg]
        for timer in (self._more, self._zooming):
            timer.timeout.connect(self.update)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Graph of the network")

    # ---- what is shown

    def show_drawing(self, drawing: Drawing, figures: Figures) -> None:
        """Another drawing; `recolour` follows with what is to be seen on it."""
        self.scene, self.figures = Scene(drawing), figures
        self.look = Look()
        self.card.hide()
        self.recolour(self.coloured_by, self.kind, figures)

    def recolour(self, metric: str, kind: str, figures: Figures, hits: Collection[int] | None = None) -> None:
        """Colour by a metric; a kind, or hits of a search, let the others fade."""
        self.coloured_by, self.kind, self.figures = metric, kind, figures
        if self.scene is None:
            return
        nodes = self.scene.drawing.nodes
        values = figures.values(self.scene.drawing, metric)
        stay = set(range(len(nodes))) if hits is None else set(hits)
        faded = [place not in stay or bool(kind and node.kind != kind) for place, node in enumerate(nodes)]
        fills = [
            fill_of(node.kind, metric, value.share, fade)
            for node, value, fade in zip(nodes, values, faded, strict=True)
        ]
        operators = [figures.operator(node) for node in nodes]
        written = self.look.labels or labels(self.scene.drawing)
        hit = frozenset(hits or ())
        self.look = Look(fills, values, operators, written, self.look.current, -1, metric == "kind", hit)
        self.tiles.forget()
        self.moving = False
        self._describe()
        self.update()

    def forget(self) -> None:
        """Show nothing."""
        self.scene = None
        self.look = Look()
        self.card.hide()
        self.update()

    def most(self) -> float:
        """The largest figure, for the legend."""
        return max((figure.value for figure in self.look.figures if figure.value is not None), default=0.0)

    # ---- where one looks

    @property
    def window_size(self) -> QSizeF:
        return QSizeF(self.size())

    def fit(self) -> None:
        """All of it."""
        self.fitted = True
        if self.scene is not None:
            self.camera = fitting(self.scene.size, self.window_size, 1.15 * theme.scale())
        self.update()

    def look_at(self, camera: Camera) -> None:
        if self.scene is None:
            return
        self.fitted, self.moving = False, True
        self.camera = held_in(camera, self.scene.size, self.window_size)
        self.update()

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Larger or smaller, about a pixel (else the middle)."""
        if self.scene is None:
            return
        least = min(fitting(self.scene.size, self.window_size, theme.scale()).scale, theme.scale())
        scale = min(max(self.camera.scale * factor, least * 0.9), CLOSEST * theme.scale())
        if scale != self.camera.scale:
            self._zooming.start()
        self.look_at(self.camera.zoomed(scale, at or QPointF(self.width() / 2, self.height() / 2)))

    def show_box(self, place: int, *, near: bool = False) -> None:
        """Move, as little as is needed, until a box is seen; `near`: in the middle, and large enough to be read."""
        if self.scene is None:
            return
        if near and self.camera.scale < 0.7 * theme.scale():
            self.camera = self.camera.zoomed(0.9 * theme.scale(), QPointF(0, 0))
        box = self.camera.seen_rect(self.scene.rects[place])
        air = min(40.0, self.width() / 6, self.height() / 6)
        room = QRectF(self.rect()).adjusted(air, air, -air, -air)
        if near and not room.contains(box):
            by = room.center() - box.center()
        else:
            by = QPointF(_into(box.left(), box.right(), room.left(), room.right()),
                         _into(box.top(), box.bottom(), room.top(), room.bottom()))  # fmt: skip
        if not by.isNull():
            self.look_at(self.camera.moved(by))

    # ---- selection

    def select(self, layer: str) -> None:
        """Chosen elsewhere: ring the box that is the layer or holds it, and bring it into view."""
        place = self.scene.place_of(layer) if self.scene is not None else None
        moved = place is not None and place != self.look.current
        self.look.current = -1 if place is None else place
        if moved and place is not None and not self.fitted:
            self.show_box(place)
        self._describe()
        self.update()

    def _describe(self) -> None:
        if self.scene is None:
            self.setAccessibleDescription("")
            return
        nodes, place = self.scene.drawing.nodes, self.look.current
        said = f"{len(nodes)} boxes. Arrow keys walk along the edges, Return opens, Backspace folds."
        if 0 <= place < len(nodes) and self.figures is not None and place < len(self.look.figures):
            name = self.figures.metric_words("ops" if self.coloured_by == "kind" else self.coloured_by)
            said = f"{spoken(nodes[place], self.look.figures[place], name)}. {said}"
        self.setAccessibleDescription(said)

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.paint(painter, kept=self.tiles)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint_ring(painter, self.rect(), theme.px(theme.RADIUS))
        painter.end()

    def paint(self, painter: QPainter, kept: Tiles | None = None) -> None:
        """All but the ring of the focus. `kept` are pieces painted before; without them (a picture) all is painted."""
        painter.fillRect(self.rect(), theme.colour("surface"))
        if self.scene is None:
            return
        if not self.scene.rects:
            painter.setPen(theme.colour("muted"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, EMPTY)
            return
        painter.save()
        painter.setClipRect(self.rect())
        camera = replace(self.camera, x=round(self.camera.x), y=round(self.camera.y))
        brush = GraphPainter(painter, self.scene, camera, self.look, self.window_size)
        if kept is None:
            brush.still()
        else:
            view = View(self.scene, self.look, camera, self.window_size, self.devicePixelRatioF())
            zooming = self._zooming.isActive()  # a scale that is gone with the next event: nothing is kept of it
            budget = 0.0 if zooming else HURRY if self.moving else CALM
            if not kept.paint(painter, brush, view, budget) and not zooming:
                self._more.start()
        brush.marks()
        painter.restore()

    def rows(self) -> list[list[str]]:
        """The boxes as a table."""
        return self.figures.rows(self.scene.drawing) if self.scene is not None and self.figures is not None else []

    def sizeHint(self) -> QSize:
        return QSize(theme.px(640), theme.px(420))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(200), theme.px(140))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.fitted:
            self.fit()
        else:
            self.look_at(self.camera)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.__dict__.get("tiles") is not None:
            self.tiles.forget()  # another theme


def _into(low: float, high: float, least: float, most: float) -> float:
    """How far a span must move to lie inside another."""
    if low < least:
        return least - low
    return most - high if high > most else 0.0
