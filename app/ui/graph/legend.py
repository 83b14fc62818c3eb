"""What the strength of a colour means: a ramp for each kind, from nothing to the largest figure."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import words
from app.ui import theme
from app.ui.graph.colours import STEPS, Fill, colour
from profiler.breakdown import KINDS

WIDE, HIGH, THICK = 132, 30, 4


class Legend(QWidget):
    """Three ramps above one scale: nought, a quarter (at the middle: strength goes with the square root), the most."""

    def __init__(self) -> None:
        super().__init__()
        self._ticks: tuple[str, str, str] = ("0", "", "")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_scale(self, name: str, most: float, metric: str) -> None:
        """`name` says what is measured, `most` is the largest figure."""
        self._ticks = ("0", _tick(most / 4, metric), _tick(most, metric))
        self.setAccessibleName(f"{name}: the stronger the colour the more, up to {self._ticks[2]}")
        self.setToolTip(f"{self.accessibleName()}.\nThe strength goes with the square root, the hue is the kind’s.")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme.px(WIDE), theme.px(HIGH))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.paint(painter, QRectF(self.rect()))
        painter.end()

    def paint(self, painter: QPainter, room: QRectF) -> None:
        """Into a picture too."""
        painter.save()
        thick, step = theme.px(THICK), room.width() / (STEPS + 1)
        for row, kind in enumerate(KINDS):
            for place in range(STEPS + 1):
                piece = QRectF(room.left() + place * step, room.top() + row * (thick + 1), step + 0.5, thick)
                painter.fillRect(piece, colour(Fill(kind, place), far=True))
        painter.setFont(theme.font(theme.CAPTION))
        painter.setPen(theme.colour("muted"))
        below = room.adjusted(0, 3 * (thick + 1), 0, 0)
        sides = (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignRight)
        wide = sum(painter.fontMetrics().horizontalAdvance(text) for text in self._ticks)
        crowded = wide + 2 * theme.px(theme.SPACE[2]) > room.width()
        for place, (text, side) in enumerate(zip(self._ticks, sides, strict=True)):
            if place == 1 and crowded:
                continue
            painter.drawText(below, side | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()


def _tick(value: float, metric: str) -> str:
    if not value:
        return "0"
    if metric == "time":
        return words.milliseconds(value)
    return words.megabytes(value) if metric == "activation" else words.three_digits(round(value))
