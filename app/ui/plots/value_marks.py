"""Shared values under a histogram: triangles to take hold of while they are few, ticks once they are many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from app.ui import theme

NEAR = 12.0  # px: so close a mouse takes hold of a value
STRIP = 20.0  # px from the axis up, where values are


class ValueMarks(pg.GraphicsObject):
    """`moved` follows the hand with a value's place and where it is; `settled` comes once it is let go."""

    moved = Signal(int, float)
    settled = Signal(int, float)
    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.values = np.zeros(0)
        self.place = -1  # the picked one
        self.movable = False
        self._held = -1
        self._plain, self._strong, self._ground = QColor(), QColor(), QColor()
        self.setZValue(24)

    def dress(self) -> None:
        self._plain, self._strong, self._ground = (theme.colour(role) for role in ("text", "accent", "surface"))
        self.update()

    def show_values(self, values: Sequence[float], movable: bool, place: int) -> None:
        """Rising values; `place` is the picked one of them."""
        self.values, self.movable = np.asarray(values, np.float64), movable
        self.place = min(place, self.values.size - 1) if movable else -1
        self.update()

    # ------------------------------------------------------------------ drawing

    def boundingRect(self) -> QRectF:
        view = self.getViewBox()
        return QRectF() if view is None else view.viewRect()  # type: ignore[union-attr]

    def viewRangeChanged(self) -> None:
        self.prepareGeometryChange()

    def paint(self, painter: QPainter, *_: Any) -> None:
        if not self.values.size:
            return
        (_, _), (floor, _) = self.getViewBox().viewRange()  # type: ignore[union-attr]
        at = painter.transform()
        ends = [at.map(QPointF(float(value), floor)) for value in self._drawn()]
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.movable:
            self._triangles(painter, ends)
        else:
            painter.setPen(QPen(self._plain, theme.px(1)))
            for end in ends:
                painter.drawLine(end, end - QPointF(0, theme.px(9)))
        painter.restore()

    def _drawn(self) -> np.ndarray:
        """Of values that are more than can be told apart, one for each half pixel."""
        if self.movable:
            return self.values
        (low, high), _ = self.getViewBox().viewRange()  # type: ignore[union-attr]
        inside = self.values[(self.values >= low) & (self.values <= high)]
        columns = np.round((inside - low) / max(high - low, 1e-300) * 2 * max(self.getViewBox().width(), 1))  # type: ignore[union-attr]
        return inside[np.unique(columns, return_index=True)[1]]

    def _triangles(self, painter: QPainter, ends: Sequence[QPointF]) -> None:
        for place in sorted(range(len(ends)), key=lambda n: n == self.place):  # the picked one on top
            strong = place == self.place
            half, high = (theme.px(6), theme.px(13)) if strong else (theme.px(4), theme.px(9))
            foot = ends[place]
            painter.setPen(QPen(self._ground, 1.2))
            painter.setBrush(self._strong if strong else self._plain)
            painter.drawPolygon(QPolygonF([foot - QPointF(half, 0), foot + QPointF(half, 0), foot - QPointF(0, high)]))

    # ------------------------------------------------------------------ the hand

    def _at(self, scene: QPointF) -> int:
        """The value under the mouse, -1 for none."""
        if not self.movable or not self.values.size:
            return -1
        view = self.getViewBox()
        (_, _), (floor, _) = view.viewRange()  # type: ignore[union-attr]
        points = [view.mapViewToScene(QPointF(float(value), floor)) for value in self.values]  # type: ignore[union-attr]
        near = min(range(len(points)), key=lambda n: abs(points[n].x() - scene.x()))
        close = abs(points[near].x() - scene.x()) <= theme.px(NEAR)
        return near if close and points[near].y() - scene.y() <= theme.px(STRIP) else -1

    def hoverEvent(self, event: Any) -> None:
        here = not event.isExit() and self._at(event.scenePos()) >= 0
        if here:
            event.acceptDrags(Qt.MouseButton.LeftButton)
            event.acceptClicks(Qt.MouseButton.LeftButton)
        self.setCursor(Qt.CursorShape.SizeHorCursor) if here else self.unsetCursor()

    def mouseClickEvent(self, event: Any) -> None:
        place = self._at(event.scenePos())
        if event.button() == Qt.MouseButton.LeftButton and place >= 0:
            event.accept()
            self.picked.emit(place)
        else:
            event.ignore()

    def mouseDragEvent(self, event: Any) -> None:
        if event.isStart():
            self._held = self._at(event.buttonDownScenePos())
            if self._held >= 0:
                self.picked.emit(self._held)
        if event.button() != Qt.MouseButton.LeftButton or self._held < 0:
            event.ignore()
            return
        event.accept()
        value = self.getViewBox().mapSceneToView(event.scenePos()).x()  # type: ignore[union-attr]
        (self.settled if event.isFinish() else self.moved).emit(self._held, float(value))
        if event.isFinish():
            self._held = -1
