"""Two controls that paint themselves: a switch, and a slim slider for shares."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QSlider

from app.ui import theme
from app.ui.parts.focus_ring import paint_ring


class Switch(QAbstractButton):
    """On or off; the word is in its tooltip and its accessible name, the state also in where the knob is."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(32), theme.px(20))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        body = QRectF(self.rect()).adjusted(theme.px(3), theme.px(3), -theme.px(3), -theme.px(3))
        round_by = body.height() / 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("accent" if self.isChecked() else "muted"))
        painter.drawRoundedRect(body, round_by, round_by)
        middle = body.right() - round_by if self.isChecked() else body.left() + round_by
        painter.setBrush(theme.colour("surface"))
        painter.drawEllipse(QPointF(middle, body.center().y()), round_by - 2, round_by - 2)
        if self.hasFocus():
            paint_ring(painter, QRectF(self.rect()), self.height() / 2 - 1)


class ShareSlider(QSlider):
    """From 0 to 100 % in thousandths; a click anywhere goes there."""

    STEPS = 1000

    def __init__(self, name: str) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setRange(0, self.STEPS)
        self.setSingleStep(5)
        self.setPageStep(50)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def share(self) -> float:
        return self.value() / self.STEPS

    def set_share(self, share: float) -> None:
        """Tells nobody."""
        self.blockSignals(True)
        self.setValue(round(share * self.STEPS))
        self.blockSignals(False)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(140), theme.px(20))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(70), theme.px(20))

    def _knob(self) -> float:
        return self.height() / 2 - 3

    def _middle(self) -> float:
        edge = self._knob() + 2
        return edge + (self.width() - 2 * edge) * self.value() / self.STEPS

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        y, thick, edge = self.height() / 2, theme.px(4), self._knob() + 2
        painter.setPen(Qt.PenStyle.NoPen)
        for role, right in (("track", self.width() - edge), ("accent", self._middle())):
            painter.setBrush(theme.colour(role))
            painter.drawRoundedRect(QRectF(edge, y - thick / 2, max(right - edge, 0), thick), thick / 2, thick / 2)
        painter.setPen(QPen(theme.colour("accent"), theme.px(2)))
        painter.setBrush(theme.colour("selected" if self.hasFocus() else "surface"))
        painter.drawEllipse(QPointF(self._middle(), y), self._knob(), self._knob())
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), theme.RADIUS, theme.RADIUS)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self.setSliderDown(True)
        self._follow(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self._follow(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self._follow(event)
            self.setSliderDown(False)

    def _follow(self, event: QMouseEvent) -> None:
        edge = self._knob() + 2
        share = (event.position().x() - edge) / max(self.width() - 2 * edge, 1)
        self.setValue(round(min(max(share, 0.0), 1.0) * self.STEPS))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel:  # the page scrolls; a value is never changed by passing over it
            event.ignore()
            return False
        return super().event(event)
