"""The ring round what has the focus."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from app.ui import theme


def paint_ring(painter: QPainter, rect: QRect | QRectF, radius: float = 0) -> None:
    """Just inside `rect`, its corners rounded by `radius` px."""
    painter.setPen(QPen(theme.colour("accent"), theme.px(theme.RING)))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    inside = rect.adjusted(1, 1, -1, -1)
    if radius:
        painter.drawRoundedRect(inside, radius, radius)
    else:
        painter.drawRect(inside)
