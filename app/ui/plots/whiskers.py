"""Ratios with their intervals: a dot for the ratio, a whisker for the interval, a line where nothing differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import words
from app.ui import theme
from app.ui.plots.base import decimals_of, round_step
from profiler.measurement import Ratio

LEFT, RIGHT, TOP, LOW = 96.0, 190.0, 22.0, 24.0  # px: names, verdicts, the head and the axis
LEAST = 0.05  # at least so much on both sides of 1, or noise would fill the plot


@dataclass(frozen=True)
class Pair:
    """One pair: who against whom, and the interval."""

    name: str
    ratio: Ratio

    @property
    def verdict(self) -> str:
        if self.ratio.verdict == "same":
            return "same"
        return f"{words.times(self.ratio.ratio)} {'faster' if self.ratio.ratio >= 1 else 'as fast'}"


class Whiskers(QWidget):
    """How many times faster each is. The upright line is 1 ×: a whisker across it is a difference inside the noise."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: tuple[Pair, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Ratios with their intervals")

    def sizeHint(self) -> QSize:
        return QSize(500, int(TOP + LOW + theme.ROW * max(len(self.shown), 1)))

    def show_pairs(self, rows: Sequence[Pair]) -> None:
        self.shown = tuple(rows)
        self.setAccessibleDescription("; ".join(f"{r.name}: {r.verdict}, {words.interval(r.ratio)}" for r in rows))
        self.updateGeometry()
        self.update()

    def _span(self) -> tuple[float, float]:
        low = min(1 - LEAST, *(row.ratio.low for row in self.shown))
        high = max(1 + LEAST, *(row.ratio.high for row in self.shown))
        air = 0.08 * (high - low)
        return max(low - air, 0.0), high + air

    def _x(self, value: float) -> float:
        low, high = self._span()
        return LEFT + (self.width() - LEFT - RIGHT) * (value - low) / (high - low)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.shown:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._axis(painter)
        for place, row in enumerate(self.shown):
            self._row(painter, row, TOP + theme.ROW * (place + 0.5))
        painter.end()

    def _axis(self, painter: QPainter) -> None:
        painter.setFont(theme.font(theme.CAPTION))
        floor = self.height() - LOW
        low, high = self._span()
        step = round_step((high - low) / 4)
        tick, decimals = step * -(-low // step), decimals_of(step)
        while tick <= high:
            x = self._x(tick)
            painter.setPen(QPen(theme.colour("grid"), 1))
            painter.drawLine(QPointF(x, TOP), QPointF(x, floor))
            painter.setPen(theme.colour("muted"))
            box = QRectF(x - 30, floor + 4, 60, LOW - 4)
            painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, f"{tick:.{decimals}f} ×")
            tick += step
        painter.setPen(QPen(theme.colour("text"), 1))
        painter.drawLine(QPointF(self._x(1.0), TOP - 4), QPointF(self._x(1.0), floor))
        painter.setPen(theme.colour("muted"))
        box = QRectF(self._x(1.0) - 60, 0, 120, TOP - 5)
        painter.drawText(box, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom, "same")

    def _row(self, painter: QPainter, row: Pair, y: float) -> None:
        centre = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(theme.font(theme.TABLE))
        painter.setPen(theme.colour("text"))
        painter.drawText(QRectF(0, y - 15, LEFT - 8, 30), centre, row.name)
        colour = theme.colour("muted" if row.ratio.verdict == "same" else "accent")
        painter.setPen(QPen(colour, 2))
        low, high = self._x(row.ratio.low), self._x(row.ratio.high)
        painter.drawLine(QPointF(low, y), QPointF(high, y))
        for x in (low, high):
            painter.drawLine(QPointF(x, y - 4), QPointF(x, y + 4))
        painter.setBrush(colour if row.ratio.verdict != "same" else theme.colour("surface"))
        painter.drawEllipse(QPointF(self._x(row.ratio.ratio), y), 4.5, 4.5)
        self._verdict(painter, row, QRectF(self.width() - RIGHT + 12, y - 15, RIGHT - 12, 30))

    def _verdict(self, painter: QPainter, row: Pair, box: QRectF) -> None:
        painter.setFont(theme.font(theme.TABLE, QFont.Weight.DemiBold))
        painter.setPen(theme.colour("muted" if row.ratio.verdict == "same" else "text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, row.verdict)
        painter.setFont(theme.font(theme.CAPTION))
        painter.setPen(theme.colour("muted"))
        span = f"{words.significant(row.ratio.low)} to {words.significant(row.ratio.high)}"
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, span)

    def rows(self) -> list[list[str]]:
        head = ["pair", "ratio", "low", "high", "level", "verdict"]
        return [head, *([r.name, repr(r.ratio.ratio), repr(r.ratio.low), repr(r.ratio.high), repr(r.ratio.level),
                         r.ratio.verdict] for r in self.shown)]  # fmt: skip
