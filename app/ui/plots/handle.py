"""A line a person can move: by its line, by its pill, or by the arrow keys. Thresholds and limits are such lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFont, QPainter

from app.ui import theme


class Pill(pg.InfLineLabel):
    """The rounded label on a handle; dragging it drags the line."""

    def __init__(self, handle: Handle, place: float) -> None:
        self._handle = handle
        self.edge, self.ground = pg.mkPen(None), pg.mkBrush(None)
        super().__init__(handle, position=place, anchors=[(0.5, 0.5), (0.5, 0.5)])
        self.textItem.document().setDocumentMargin(theme.px(4))
        self.textItem.setFont(theme.font(theme.CAPTION, QFont.Weight.DemiBold))

    def valueChanged(self) -> None:
        if self.isVisible():
            self.setText(self._handle.words(self._handle.at))
            self.updatePosition()

    def _box(self) -> QRectF:
        return super().boundingRect().adjusted(-theme.px(6), -1, theme.px(6), 1)

    def boundingRect(self) -> QRectF:
        return self._box().adjusted(-2, -2, 2, 2)

    def paint(self, painter: QPainter, *args: Any) -> None:
        super().paint(painter, *args)
        box = self._box()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self.edge)
        painter.setBrush(self.ground)
        painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)

    def hoverEvent(self, event: Any) -> None:
        self._handle.hoverEvent(event)

    def mouseDragEvent(self, event: Any) -> None:
        self._handle.mouseDragEvent(event)


class Handle(pg.InfiniteLine):
    """An upright (`vertical`) or level line with a pill that says its value.

    `moved` follows the drag, `settled` comes once it is let go.
    """

    moved = Signal(float)
    settled = Signal(float)

    def __init__(self, *, vertical: bool, words: Callable[[float], str], place: float = 0.94) -> None:
        super().__init__(angle=90 if vertical else 0, movable=True)
        self.vertical, self.words = vertical, words
        self.dragged = False
        self.pill = Pill(self, place)
        self.setZValue(20)
        self.pill.setZValue(30)
        self.setCursor(Qt.CursorShape.SizeHorCursor if vertical else Qt.CursorShape.SizeVerCursor)

    def dress(self, role: str, *, filled: bool) -> None:
        """`filled` pills are what the page is about; outlined ones are limits."""
        colour = theme.colour(role)
        self.setPen(pg.mkPen(colour, width=theme.px(2)))
        self.setHoverPen(pg.mkPen(colour, width=theme.px(3)))
        self.pill.ground = pg.mkBrush(colour if filled else theme.colour("surface"))
        self.pill.edge = pg.mkPen(colour, width=1.5)
        self.pill.setColor(theme.colour(f"on_{role}") if filled else colour)
        self.pill.update()

    def set_words(self, words: Callable[[float], str]) -> None:
        self.words = words
        self.pill.valueChanged()

    @property
    def at(self) -> float:
        """Where it stands, on its axis."""
        return float(self.value())  # type: ignore[arg-type]

    def put(self, value: float) -> None:
        """Place it without telling anyone, unless a hand is on it."""
        if not self.dragged:
            self.setValue(value)

    def mouseDragEvent(self, event: Any) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        event.accept()
        self.dragged = not event.isFinish()
        value = self._value_at(event.scenePos())
        self.setValue(value)
        (self.settled if event.isFinish() else self.moved).emit(self.at)

    def _value_at(self, scene: QPointF) -> float:
        at = self.getViewBox().mapSceneToView(scene)  # type: ignore[union-attr]
        return at.x() if self.vertical else at.y()
