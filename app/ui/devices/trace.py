"""A small trace: a line over time without an axis, the run window tinted. Its figures stand beside it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui import theme
from app.ui.devices.strip_words import Strip

LINE, FILL, TINT = 1.4, 0.14, 0.10  # px, and opacities
GAP_S = 5.0  # a hole in the samples longer than this is not bridged


class TraceLine(QWidget):
    """Draws `Strip.trace`. It never takes the focus: its strip does."""

    def __init__(self) -> None:
        super().__init__()
        self._strip: Strip | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_strip(self, strip: Strip) -> None:
        self._strip = strip
        self.setVisible(len(strip.trace) > 1)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme.px(120), theme.px(48))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(24), theme.px(24))

    def points(self) -> list[QPointF]:
        """Where each sample lies."""
        strip = self._strip
        if strip is None or not strip.trace:
            return []
        (left, right), (low, high) = strip.span, self._heights(strip)
        wide = (right - left) or 1.0
        tall = (high - low) or 1.0
        return [
            QPointF(self.width() * (t - left) / wide, (self.height() - 2) * (1 - (v - low) / tall) + 1)
            for t, v in strip.trace
        ]

    @staticmethod
    def _heights(strip: Strip) -> tuple[float, float]:
        """From the floor to a little over the largest; all of the scale where the strip names its top."""
        values = [value for _, value in strip.trace]
        top = strip.most if strip.most is not None else 1.15 * max(values)
        return min(strip.floor, *values), max(top, *values, strip.floor + 1e-9)

    def paintEvent(self, event: QPaintEvent) -> None:
        strip, points = self._strip, self.points()
        if strip is None or len(points) < 2:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if strip.window is not None:
            tint = theme.colour("accent")
            tint.setAlphaF(TINT)
            painter.fillRect(self.window_rect(strip), tint)
        for piece in self._pieces(strip, points):
            self._draw(painter, piece)
        painter.end()

    def window_rect(self, strip: Strip) -> QRectF:
        """The run window within what is shown."""
        (left, right), window = strip.span, strip.window or strip.span
        wide = (right - left) or 1.0
        begin, end = (self.width() * (min(max(t, left), right) - left) / wide for t in window)
        return QRectF(begin, 0, end - begin, self.height())

    @staticmethod
    def _pieces(strip: Strip, points: list[QPointF]) -> list[list[QPointF]]:
        made: list[list[QPointF]] = [[points[0]]]
        for (before, _), (now, _), point in zip(strip.trace, strip.trace[1:], points[1:], strict=False):
            if now - before > GAP_S:
                made.append([])
            made[-1].append(point)
        return made

    def _draw(self, painter: QPainter, points: list[QPointF]) -> None:
        colour = theme.colour("accent")
        path = QPainterPath(points[0])
        for point in points[1:]:
            path.lineTo(point)
        area = QPainterPath(path)
        area.lineTo(points[-1].x(), self.height())
        area.lineTo(points[0].x(), self.height())
        area.closeSubpath()
        under = theme.colour("accent")
        under.setAlphaF(FILL)
        painter.fillPath(area, under)
        painter.setPen(QPen(colour, LINE * theme.scale()))
        painter.drawPath(path)
