"""What charts over the layers share: one column a layer, in running order, that mouse and keys pick."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui import theme
from app.ui.parts.focus_ring import paint_ring
from app.ui.plots.hover_card import HoverCard

Told = tuple[str, list[tuple[str, str]]]
STEPS = {Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1, Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1}


class LayerChart(QWidget):
    """`picked(layer)` by click or arrow keys, `opened(layer)` by double click or Return.

    Subclasses say which layers there are, paint them, and put one into words.
    """

    picked = Signal(str)
    opened = Signal(str)
    axis = 46  # px at 100 % for what is written at the left

    def __init__(self, name: str) -> None:
        super().__init__()
        self.layer = ""
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(name)
        self.hover = HoverCard(self)

    def names(self) -> list[str]:
        """The layers from left to right."""
        raise NotImplementedError

    def draw(self, painter: QPainter) -> None:
        """Paint everything but the ring of the focus; called only when there are layers."""
        raise NotImplementedError

    def described(self) -> str:
        """The selected layer, for screen readers."""
        raise NotImplementedError

    def told(self, at: QPointF, place: int) -> Told:
        """Title and lines of the card beside the mouse, which is over the layer at `place`."""
        raise NotImplementedError

    def select(self, layer: str) -> None:
        self.layer = layer
        self.show_again()

    def show_again(self) -> None:
        """After what is shown has changed."""
        self.setAccessibleDescription(self.described())
        self.update()

    def column_width(self) -> float:
        """px that one layer has."""
        return (self.width() - theme.px(self.axis)) / max(len(self.names()), 1)

    def place_at(self, x: float) -> int | None:
        """Which layer, counted from the left, lies at `x`."""
        place = int((x - theme.px(self.axis)) // self.column_width()) if x >= theme.px(self.axis) else -1
        return place if 0 <= place < len(self.names()) else None

    def step(self, by: int) -> None:
        """To the next layer, or the one before."""
        names = self.names()
        if names:
            place = names.index(self.layer) + by if self.layer in names else 0
            self.picked.emit(names[max(0, min(place, len(names) - 1))])

    # ---- Qt's events

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.names():
            self.draw(painter)
        if self.hasFocus():
            paint_ring(painter, self.rect())
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self.place_at(event.position().x())
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(self.names()[place])

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        place = self.place_at(event.position().x())
        if place is not None:
            self.opened.emit(self.names()[place])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        place = self.place_at(at.x())
        if place is None:
            self.hover.hide()
        else:
            self.hover.show_at(QPoint(int(at.x()), int(at.y())), *self.told(at, place))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.hover.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        bare = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if bare and key in STEPS:
            self.step(STEPS[key])
        elif bare and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.layer:
            self.opened.emit(self.layer)
        else:
            super().keyPressEvent(event)
