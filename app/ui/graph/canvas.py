"""The graph to work with: wheel zooms, drag pans, a click selects or opens, arrow keys walk along the edges."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QWheelEvent

from app.graph import HEAD
from app.ui.graph.scene import Scene
from app.ui.graph.surface import GraphSurface

STEP = 1.25  # what one press of + or − changes
SLIPPED = 5  # pixels that a click may wander


class GraphCanvas(GraphSurface):
    """`picked(layer)`, `opened(layer)`; `toggled(block)` asks for a block to be opened or folded."""

    picked = Signal(str)
    opened = Signal(str)
    toggled = Signal(str)
    search_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._pressed: QPointF | None = None
        self._dragging = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    # ---- choosing

    def choose(self, place: int, *, near: bool = False) -> None:
        """Chosen here."""
        if self.scene is None:
            return
        node = self.scene.drawing.nodes[place]
        self.look.current = place
        if not self.fitted or near:
            self.show_box(place, near=near)
        self._describe()
        self.update()
        if not node.fold:
            self.picked.emit(node.layer)

    def step(self, by: int) -> None:
        """The next box in running order."""
        if self.scene is not None and self.scene.rects:
            self.choose(min(max(self.look.current + by, 0), len(self.scene.rects) - 1))

    def activate(self, place: int) -> None:
        """Open a folded block, or a layer's figures."""
        if self.scene is None or place < 0:
            return
        node = self.scene.drawing.nodes[place]
        if node.fold:
            self.toggled.emit(node.fold)
        else:
            self.opened.emit(node.layer)

    def fold_around(self) -> None:
        """Fold the innermost open block that the selection stands in."""
        if self.scene is not None and self.look.current >= 0:
            inside = self.scene.drawing.nodes[self.look.current].inside
            if inside:
                self.toggled.emit(inside)

    # ---- mouse

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y() or event.angleDelta().x()
        self.card.hide()
        self.zoom(1.0015**turned, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._pressed, self._dragging = event.position(), False
            self.card.hide()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._pressed is None:
            self._hover(at)
            return
        if not self._dragging and (at - self._pressed).manhattanLength() < SLIPPED:
            return
        self._dragging = True
        self.setCursor(Qt.CursorShape.ClosedHandCursor)
        self.look_at(self.camera.moved(at - self._pressed))
        self._pressed = at

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        clicked = self._pressed is not None and not self._dragging
        self._pressed, self._dragging = None, False
        self.unsetCursor()
        if clicked and event.button() == Qt.MouseButton.LeftButton and self.scene is not None:
            at = self.camera.under(event.position())
            place, frame = self.scene.box_at(at), self.scene.frame_at(at, HEAD)
            if place is not None:
                self.choose(place)
                if self.scene.drawing.nodes[place].fold:
                    self.activate(place)
            elif frame is not None:
                self.toggled.emit(frame.key)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.scene is None or event.button() != Qt.MouseButton.LeftButton:
            return
        at = self.camera.under(event.position())
        place = self.scene.box_at(at)
        if place is None:
            if self.scene.frame_at(at, HEAD) is None:
                self.fit()
        elif not self.scene.drawing.nodes[place].fold:
            self.activate(place)

    def _hover(self, at: QPointF) -> None:
        if self.scene is None:
            return
        under = self.camera.under(at)
        place = self.scene.box_at(under)
        named = place is None and self.scene.frame_at(under, HEAD) is not None
        hand = place is not None or named
        self.setCursor(Qt.CursorShape.PointingHandCursor if hand else Qt.CursorShape.ArrowCursor)
        now = -1 if place is None else place
        if now == self.look.hovered:
            return
        self.look.hovered = now
        self.update()
        if place is None or self.figures is None:
            self.card.hide()
            return
        node = self.scene.drawing.nodes[place]
        self.card.show_at(at.toPoint(), node.title, self.figures.card(self.scene.drawing, node))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.look.hovered = -1
        self.card.hide()
        self.update()

    # ---- keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = not event.modifiers() & ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier)
        meant: dict[Qt.Key, Callable[[], object]] = {
            Qt.Key.Key_Up: lambda: self._walk(lambda scene, place: scene.above(place)),
            Qt.Key.Key_Down: lambda: self._walk(lambda scene, place: scene.below(place)),
            Qt.Key.Key_Left: lambda: self._walk(lambda scene, place: scene.beside(place, -1)),
            Qt.Key.Key_Right: lambda: self._walk(lambda scene, place: scene.beside(place, 1)),
            Qt.Key.Key_Home: lambda: self.choose(0),
            Qt.Key.Key_End: lambda: self.choose(len(self.scene.rects) - 1) if self.scene else None,
            Qt.Key.Key_Return: lambda: self.activate(self.look.current),
            Qt.Key.Key_Enter: lambda: self.activate(self.look.current),
            Qt.Key.Key_Backspace: self.fold_around,
            Qt.Key.Key_Plus: lambda: self.zoom(STEP),
            Qt.Key.Key_Equal: lambda: self.zoom(STEP),
            Qt.Key.Key_Minus: lambda: self.zoom(1 / STEP),
            Qt.Key.Key_0: self.fit,
            Qt.Key.Key_Slash: self.search_wanted.emit,
        }
        do = meant.get(Qt.Key(event.key())) if plain else None
        if do is None or self.scene is None or not self.scene.rects:
            super().keyPressEvent(event)
            return
        do()

    def _walk(self, towards: Callable[[Scene, int], int | None]) -> None:
        if self.scene is None:
            return
        place = towards(self.scene, self.look.current) if self.look.current >= 0 else 0
        if place is not None:
            self.choose(place)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()
