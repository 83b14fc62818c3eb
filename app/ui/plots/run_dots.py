"""Every run as one dot, stacked where they are alike, over the band from p5 to p95 and the median's line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app import words
from app.ui import theme
from app.ui.plots.base import decimals_of, round_step

DOT, AXIS = 5.0, 22.0  # px: a dot, and the room for the ticks
FAR = 2.0  # how many times the band from p5 to p95 the axis reaches beyond it


class RunDots(QWidget):
    """Raw latencies in milliseconds. Nothing is averaged away: an outlier is one lonely dot."""

    def __init__(self) -> None:
        super().__init__()
        self.values: tuple[float, ...] = ()
        self._band, self._median = (0.0, 0.0), 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName("Time of each run")
        self.setMinimumHeight(84)

    def sizeHint(self) -> QSize:
        return QSize(260, 96)

    def show_runs(self, values: Sequence[float], p5: float, median: float, p95: float) -> None:
        self.values, self._band, self._median = tuple(values), (p5, p95), median
        self.setAccessibleDescription(
            f"{len(values)} runs, median {words.milliseconds(median)}, "
            f"p5 {words.milliseconds(p5)}, p95 {words.milliseconds(p95)}"
        )
        self.update()

    def _span(self) -> tuple[float, float]:
        """From the fastest to a little beyond p95: what lies further is drawn at the edge, and named."""
        low, high = min(self.values), min(max(self.values), self._band[1] + FAR * (self._band[1] - self._band[0]))
        air = 0.06 * (high - low) or 0.02 * high or 1.0
        return max(low - air, 0.0), high + air

    def beyond(self) -> tuple[float, ...]:
        """The runs that took longer than the axis reaches."""
        return tuple(value for value in self.values if value > self._span()[1])

    def _x(self, value: float) -> float:
        low, high = self._span()
        return 6 + (self.width() - 12) * (min(value, high) - low) / (high - low)

    def spots(self) -> list[QPointF]:
        """The middle of each run's dot, in its order: dots of one column stack upwards."""
        floor, heights, made = self.height() - AXIS - DOT / 2 - 2, dict[int, int](), list[QPointF]()
        most = max(self._columns().values(), default=1)
        rise = min(DOT, (floor - 8) / max(most, 1))
        for value in self.values:
            column = int(self._x(value) // DOT)
            made.append(QPointF(column * DOT + DOT / 2, floor - heights.get(column, 0) * rise))
            heights[column] = heights.get(column, 0) + 1
        return made

    def _columns(self) -> dict[int, int]:
        counted: dict[int, int] = {}
        for value in self.values:
            column = int(self._x(value) // DOT)
            counted[column] = counted.get(column, 0) + 1
        return counted

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.values:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        floor = self.height() - AXIS
        band = theme.colour("accent")
        band.setAlphaF(0.1)
        left, right = (self._x(value) for value in self._band)
        painter.fillRect(QRectF(left, 2, right - left, floor - 2), band)
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.drawLine(QPointF(0, floor), QPointF(self.width(), floor))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("accent"))
        for spot in self.spots():
            painter.drawEllipse(spot, DOT / 2 - 0.4, DOT / 2 - 0.4)
        painter.setPen(QPen(theme.colour("text"), 2))
        painter.drawLine(QPointF(self._x(self._median), 0), QPointF(self._x(self._median), floor))
        self._ticks(painter, floor)
        self._name_beyond(painter, floor)
        painter.end()

    def _name_beyond(self, painter: QPainter, floor: float) -> None:
        """`2 runs to 4.56 ms ›`, over the dots at the edge."""
        far = self.beyond()
        if far:
            text = f"{words.plural(len(far), 'run')} to {words.milliseconds(max(far))} ›"
            painter.setPen(theme.colour("muted"))
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop
            painter.drawText(QRectF(0, 2, self.width(), floor), right, text)

    def _ticks(self, painter: QPainter, floor: float) -> None:
        painter.setFont(theme.font(theme.CAPTION))
        painter.setPen(theme.colour("muted"))
        low, high = self._span()
        step = round_step((high - low) / 4)
        tick = step * -(-low // step)
        decimals = decimals_of(step)
        while tick <= high:
            x, text = self._x(tick), f"{tick:.{decimals}f}"
            width = painter.fontMetrics().horizontalAdvance(text)
            left = min(max(x - width / 2, 0.0), self.width() - width)
            painter.drawText(QRectF(left, floor + 4, width + 1, AXIS - 4), Qt.AlignmentFlag.AlignTop, text)
            tick += step

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self.values:
            at = QPointF(event.pos())
            run, spot = min(enumerate(self.spots(), start=1), key=lambda item: (item[1] - at).manhattanLength())
            if (spot - at).manhattanLength() < 2 * DOT:
                QToolTip.showText(event.globalPos(), f"run {run}: {words.milliseconds(self.values[run - 1])}", self)
                return True
        return super().event(event)

    def rows(self) -> list[list[str]]:
        return [["run", "ms"], *([str(n), repr(value)] for n, value in enumerate(self.values, start=1))]
