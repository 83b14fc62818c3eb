"""Which curve is which: a piece of each with its marker, and its name."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui import theme
from app.ui.parts.card import clear, holder, row
from app.ui.parts.flow import Flow
from app.ui.parts.marker import paint_marker
from app.ui.parts.text import caption
from app.ui.plots.curves_scene import Chart, Curve

WIDE, HIGH, MARK = 34, 14, 9  # px at 100 %: a piece, and the marker on it


class _Piece(QWidget):
    def __init__(self, curve: Curve) -> None:
        super().__init__()
        self._curve = curve
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(WIDE), theme.px(HIGH))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        painter.setPen(QPen(self._curve.look.colour, theme.px(2) * 0.9, self._curve.stroke))
        painter.drawLine(QPointF(0, middle), QPointF(self.width(), middle))
        paint_marker(painter, QPointF(self.width() / 2, middle), self._curve.look, self._curve.state, MARK)


class CurveLegend(QWidget):
    """The measured curves; what was published bears its name in the plot."""

    def __init__(self) -> None:
        super().__init__()
        self._line = Flow(gap=16, below=2)
        self.setLayout(self._line)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_chart(self, chart: Chart) -> None:
        clear(self._line)
        measured = [curve for curve in chart.curves if curve.state == "measured" and curve.marks]
        for curve in measured:
            self._line.addWidget(holder(row(_Piece(curve), caption(curve.name), gap=6)))
        self.setAccessibleName("Legend: " + ", ".join(curve.name for curve in measured))
