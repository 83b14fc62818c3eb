"""Devices side by side: one row a device, one panel a figure, each with its own scale. A dashed bar was imported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui import theme
from app.ui.parts.bars import paint_state_bar
from app.ui.parts.focus_ring import paint_ring
from app.ui.plots.hover_card import HoverCard
from app.words import State

NAME, GAP, HEAD, FIGURE, BAR = 150, 28, 26, 92, 12  # px at 100 %


@dataclass(frozen=True)
class Bar:
    """A figure: `value` None has words (`not measured`) and no bar."""

    value: float | None
    text: str
    state: State = "measured"


@dataclass(frozen=True)
class DeviceRow:
    """One device; `bars` in the order of the panels, `lines` for its card."""

    key: str
    name: str
    bars: tuple[Bar, ...]
    lines: tuple[tuple[str, str], ...] = ()


class DeviceBars(QWidget):
    """`picked` carries a row's key. ↑ and ↓ read row by row, Return picks."""

    picked = Signal(str)

    def __init__(self, name: str, panels: Sequence[str]) -> None:
        super().__init__()
        self.panels = tuple(panels)
        self.shown: tuple[DeviceRow, ...] = ()
        self.at = -1
        self.card = HoverCard(self)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_devices(self, rows: Sequence[DeviceRow]) -> None:
        self.shown = tuple(rows)
        self.read(-1)
        said = (f"{row.name}: " + ", ".join(self._spoken(row)) for row in rows)
        self.setAccessibleDescription("; ".join(said))
        self.updateGeometry()
        self.update()

    def _spoken(self, row: DeviceRow) -> list[str]:
        return [f"{panel} {bar.text}" for panel, bar in zip(self.panels, row.bars, strict=True)]

    def sizeHint(self) -> QSize:
        return QSize(theme.px(520), theme.px(HEAD + theme.ROW * max(len(self.shown), 1) + 6))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(360), self.sizeHint().height())

    # ------------------------------------------------------------------ painting

    def _panel(self, place: int) -> QRectF:
        """Where a panel's bars and figures lie, from left to right."""
        name, gap = theme.px(NAME), theme.px(GAP)
        each = (self.width() - name - gap * (len(self.panels) - 1)) / len(self.panels)
        return QRectF(name + place * (each + gap), 0, each, self.height())

    def _row_top(self, place: int) -> float:
        return theme.px(HEAD) + place * theme.px(theme.ROW)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for place, panel in enumerate(self.panels):
            painter.setFont(theme.font(theme.CAPTION, QFont.Weight.Medium))
            painter.setPen(theme.colour("muted"))
            painter.drawText(self._panel(place).adjusted(0, 2, 0, 0), Qt.AlignmentFlag.AlignTop, panel)
        largest = [max((row.bars[n].value or 0.0 for row in self.shown), default=0.0) for n in range(len(self.panels))]
        for place, row in enumerate(self.shown):
            self._paint_row(painter, place, row, largest)
        if self.hasFocus():
            paint_ring(painter, self.rect(), theme.px(theme.RADIUS))
        painter.end()

    def _paint_row(self, painter: QPainter, place: int, row: DeviceRow, largest: Sequence[float]) -> None:
        top, high = self._row_top(place), theme.px(theme.ROW)
        if place == self.at:
            painter.fillRect(QRectF(0, top, self.width(), high), theme.colour("selected"))
        painter.setFont(theme.font(theme.TABLE))
        painter.setPen(theme.colour("text"))
        box = QRectF(theme.px(6), top, theme.px(NAME - 12), high)
        name = painter.fontMetrics().elidedText(row.name, Qt.TextElideMode.ElideMiddle, int(box.width()))
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, name)
        for n, bar in enumerate(row.bars):
            self._paint_bar(painter, self._panel(n), top, bar, largest[n])

    def _paint_bar(self, painter: QPainter, panel: QRectF, top: float, bar: Bar, largest: float) -> None:
        high, figure = theme.px(theme.ROW), theme.px(FIGURE)
        room = max(panel.width() - figure, 0.0)
        width = 0.0
        if bar.value is not None and largest > 0:
            width = max(room * bar.value / largest, 2.0)
            thick = theme.px(BAR)
            painter.save()
            paint_state_bar(
                painter, QRectF(panel.left(), top + (high - thick) / 2, width, thick), "accent", bar.state, 2
            )
            painter.restore()
        painter.setFont(theme.font(theme.TABLE, QFont.Weight.Medium if bar.value is not None else QFont.Weight.Normal))
        painter.setPen(theme.colour("text" if bar.value is not None and bar.state == "measured" else "muted"))
        box = QRectF(panel.left() + width + (theme.px(8) if width else 0), top, figure + room, high)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, bar.text)

    # ------------------------------------------------------------------ reading

    def read(self, place: int) -> None:
        """Show one device's card; −1 takes it away."""
        self.at = place if 0 <= place < len(self.shown) else -1
        self.update()
        if self.at < 0:
            self.card.hide()
            return
        row = self.shown[self.at]
        point = QPoint(theme.px(NAME), round(self._row_top(self.at) + theme.px(theme.ROW) / 2))
        self.card.show_at(point, row.name, row.lines)

    def _place_at(self, y: float) -> int:
        place = int((y - theme.px(HEAD)) // theme.px(theme.ROW))
        return place if 0 <= place < len(self.shown) else -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = self._place_at(event.position().y())
        if place != self.at:
            self.read(place)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.at >= 0:
            self.picked.emit(self.shown[self.at].key)

    def leaveEvent(self, event) -> None:
        self.read(-1)

    def focusOutEvent(self, event) -> None:
        super().focusOutEvent(event)
        self.read(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()), 0)
        if step and self.shown:
            self.read(max(0, min(self.at + step, len(self.shown) - 1)))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.at >= 0:
            self.picked.emit(self.shown[self.at].key)
        else:
            super().keyPressEvent(event)

    def rows(self) -> list[list[str]]:
        """One row a device; a figure not known is empty."""
        return [
            ["device", *self.panels],
            *([row.name, *("" if bar.value is None else repr(bar.value) for bar in row.bars)] for row in self.shown),
        ]
