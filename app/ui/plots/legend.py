"""A short piece of the staircase, with its name."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui import theme
from app.ui.parts.card import row
from app.ui.parts.text import caption


class _Stairs(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(22), theme.px(14))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(QPen(theme.colour("pareto"), 1.5))
        low, high, middle = self.height() - 3, 4, self.width() / 2
        corners = [(1, low), (middle, low), (middle, high), (self.width() - 1, high)]
        painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in corners]))


class StairsLegend(QWidget):
    """best measured (Pareto)"""

    def __init__(self) -> None:
        super().__init__()
        self.setLayout(row(_Stairs(), caption("best measured (Pareto)"), gap=5))
        self.setAccessibleName("The staircase goes through the best measured points")
