"""Bars that paint themselves: parts of a whole, a value against a limit, a value against another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.ui import theme
from app.words import State


@dataclass(frozen=True)
class Part:
    """One part of a stacked bar: `fill` is a colour of the theme, `share` 0 to 1, `text` stands in it where it fits.

    `state` "imported" and "predicted" are outlined, as everywhere.
    """

    key: str
    share: float
    text: str
    tip: str
    fill: str
    on: str  # the text's colour on that fill
    hatched: bool = False
    state: State = "measured"

    @property
    def outlined(self) -> bool:
        return self.state in ("predicted", "imported")


class StackedBar(QWidget):
    """Parts of a whole. Click, or ← → and Return, picks a part (`picked(key)`); the picked one keeps its strength."""

    picked = Signal(str)

    def __init__(self, name: str, height: int = 24) -> None:
        super().__init__()
        self._name, self._height = name, height
        self._parts: tuple[Part, ...] = ()
        self._at, self.chosen = 0, ""
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_parts(self, parts: Sequence[Part], chosen: str = "") -> None:
        """Show these parts from left to right. `chosen`: the key of the picked one, the others fade; "": none."""
        self._parts = tuple(part for part in parts if part.share > 0)
        self._at, self.chosen = min(self._at, max(len(self._parts) - 1, 0)), chosen
        self.setAccessibleName(f"{self._name}: " + ", ".join(part.tip for part in self._parts))
        self.setAccessibleDescription("Arrow keys move between parts, Return filters by one")
        self.update()

    def choose(self, key: str) -> None:
        """Fade all parts but this one; "" none."""
        self.chosen = key
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme.px(240), theme.px(self._height) + 2 * theme.px(theme.RING))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(80), self.sizeHint().height())

    def rects(self) -> list[tuple[Part, QRectF]]:
        """Where each part lies; hair-thin parts keep two pixels, so that nothing that is there vanishes."""
        edge, gap = theme.px(theme.RING), theme.px(2)
        total = sum(part.share for part in self._parts)
        room = self.width() - 2 * edge - gap * (len(self._parts) - 1)
        if not total or room <= 0:
            return []
        widths = [max(room * part.share / total, gap) for part in self._parts]
        widths[widths.index(max(widths))] -= sum(widths) - room
        placed, left = [], float(edge)
        for part, width in zip(self._parts, widths, strict=True):
            placed.append((part, QRectF(left, edge, width, self.height() - 2 * edge)))
            left += width + gap
        return placed

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(theme.font(theme.TABLE, QFont.Weight.DemiBold))
        for place, (part, rect) in enumerate(self.rects()):
            self._paint_part(painter, part, rect)
            if self.hasFocus() and place == self._at:
                painter.setPen(QPen(theme.colour("accent"), theme.px(theme.RING)))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(rect.adjusted(-1, -1, 1, 1))

    def _paint_part(self, painter: QPainter, part: Part, rect: QRectF) -> None:
        faded = bool(self.chosen) and part.key != self.chosen
        fill = theme.colour("track") if faded else theme.colour(part.fill)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        if part.outlined and not faded:
            paint_state_bar(painter, rect, part.fill, part.state)
        else:
            painter.drawRect(rect)
        if part.hatched:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour(part.fill if part.outlined else "surface"))
            painter.setBrush(Qt.BrushStyle.BDiagPattern)
            painter.drawRect(rect)
        pad = theme.px(8)
        if painter.fontMetrics().horizontalAdvance(part.text) + 2 * theme.px(4) <= rect.width():
            painter.setPen(theme.colour("text" if faded or part.outlined else part.on))
            wide = painter.fontMetrics().horizontalAdvance(part.text) + 2 * pad <= rect.width()
            flags = Qt.AlignmentFlag.AlignVCenter
            flags |= Qt.AlignmentFlag.AlignLeft if wide else Qt.AlignmentFlag.AlignHCenter
            painter.drawText(rect.adjusted(pad if wide else 0, 0, 0, 0), flags, part.text)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        part = self._part_at(event.position().x())
        self.setCursor(Qt.CursorShape.PointingHandCursor if part else Qt.CursorShape.ArrowCursor)
        QToolTip.showText(event.globalPosition().toPoint(), part.tip if part else "", self)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        part = self._part_at(event.position().x())
        if part:
            self._at = self._parts.index(part)
            self.picked.emit(part.key)

    def _part_at(self, x: float) -> Part | None:
        return next((part for part, rect in self.rects() if rect.left() - 1 <= x <= rect.right() + 1), None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if step and self._parts:
            self._at = min(max(self._at + step, 0), len(self._parts) - 1)
            self._tell_focus()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._parts:
            self.picked.emit(self._parts[self._at].key)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def _tell_focus(self) -> None:
        part, rect = self.rects()[self._at]
        QToolTip.showText(self.mapToGlobal(rect.center().toPoint()), part.tip, self)
        self.update()


class SizeBar(QWidget):
    """A thin bar from 0 to 1: filled when measured or counted, an outline when predicted, dashed when imported,
    hatched at its end when interrupted. `fill` names a colour of the theme."""

    def __init__(self, name: str, *, height: int = 6, width: int = 0) -> None:
        super().__init__()
        self._name, self._thick = name, height
        self._share: float | None = None
        self._fill, self._state = "accent", "measured"
        self._words = ""
        if width:
            self.setFixedWidth(theme.px(width))
        self.setFixedHeight(theme.px(height))
        self.setSizePolicy(
            QSizePolicy.Policy.Fixed if width else QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed
        )

    def show_share(self, share: float | None, words: str, fill: str = "accent", state: State = "measured") -> None:
        """`share` None shows nothing at all: unknown is not nought."""
        self._share, self._words, self._fill, self._state = share, words, fill, state
        self.setAccessibleName(f"{self._name}: {words}")
        self.setToolTip(words)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._share is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(self.rect())
        round_by = whole.height() / 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("track"))
        painter.drawRoundedRect(whole, round_by, round_by)
        width = max(whole.width() * min(max(self._share, 0), 1), whole.height())
        part = QRectF(0, 0, width, whole.height())
        paint_state_bar(painter, part, self._fill, self._state, round_by)


def paint_state_bar(painter: QPainter, rect: QRectF, fill: str, state: str, round_by: float = 0) -> None:
    """One bar in the mark of its figure's state."""
    colour = theme.colour(fill)
    if state in ("predicted", "imported"):
        pen = QPen(colour, 1.4)
        if state == "imported":
            pen.setDashPattern([3, 2])
        painter.setPen(pen)
        painter.setBrush(theme.colour("surface"))
        painter.drawRoundedRect(rect.adjusted(0.7, 0.7, -0.7, -0.7), round_by, round_by)
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(rect, round_by, round_by)
    if state == "interrupted":
        end = QRectF(rect.right() - min(rect.width(), theme.px(10)), rect.top(), theme.px(10), rect.height())
        painter.fillRect(end, theme.colour("surface"))
        painter.setBrush(colour)
        brush = painter.brush()
        brush.setStyle(Qt.BrushStyle.BDiagPattern)
        painter.fillRect(end, brush)
