"""The graph itself: wheel zooms, drag pans, a click selects or opens, arrow keys walk along the edges."""

from __future__ import annotations

from collections.abc import Callable, Collection

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.graph import HEAD, Drawing, Figures, labels, spoken
from app.ui import theme
from app.ui.graph.camera import Camera, fitting, held_in
from app.ui.graph.colours import fill_of
from app.ui.graph.paint import GraphPainter, Look
from app.ui.graph.scene import Scene
from app.ui.plots.hover_card import HoverCard

CLOSEST, STEP = 2.5, 1.25  # the largest scale at 100 %; what one press of + or − changes
SLIPPED = 5  # pixels that a click may wander
EMPTY = "No layers to draw."


class GraphCanvas(QWidget):
    """`picked(layer)`, `opened(layer)`; `toggled(block)` asks for a block to be opened or folded."""

    picked = Signal(str)
    opened = Signal(str)
    toggled = Signal(str)
    search_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.scene: Scene | None = None
        self.figures: Figures | None = None
        self.coloured_by, self.kind = "kind", ""
        self.look = Look()
        self.camera = Camera()
        self.card = HoverCard(self)
        self.fitted = True  # shown as a whole, and so again when the window's size changes
        self._pressed: QPointF | None = None
        self._dragging = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Graph of the network")

    # ---- what is shown

    def show_drawing(self, drawing: Drawing, figures: Figures) -> None:
        """Another drawing; `recolour` follows with what is to be seen on it."""
        self.scene, self.figures = Scene(drawing), figures
        self.look = Look()
        self.card.hide()
        self.recolour(self.coloured_by, self.kind, figures)

    def recolour(self, metric: str, kind: str, figures: Figures, hits: Collection[int] | None = None) -> None:
        """Colour by a metric; a kind, or hits of a search, let the others fade."""
        self.coloured_by, self.kind, self.figures = metric, kind, figures
        if self.scene is None:
            return
        nodes = self.scene.drawing.nodes
        values = figures.values(self.scene.drawing, metric)
        stay = set(range(len(nodes))) if hits is None else set(hits)
        faded = [place not in stay or bool(kind and node.kind != kind) for place, node in enumerate(nodes)]
        fills = [
            fill_of(node.kind, metric, value.share, fade)
            for node, value, fade in zip(nodes, values, faded, strict=True)
        ]
        operators = [figures.operator(node) for node in nodes]
        written = self.look.labels or labels(self.scene.drawing)
        hit = frozenset(hits or ())
        self.look = Look(fills, values, operators, written, self.look.current, -1, metric == "kind", hit)
        self._describe()
        self.update()

    def forget(self) -> None:
        """Show nothing."""
        self.scene = None
        self.look = Look()
        self.card.hide()
        self.update()

    def most(self) -> float:
        """The largest figure, for the legend."""
        return max((figure.value for figure in self.look.figures if figure.value is not None), default=0.0)

    # ---- where one looks

    @property
    def window_size(self) -> QSizeF:
        return QSizeF(self.size())

    def fit(self) -> None:
        """All of it."""
        self.fitted = True
        if self.scene is not None:
            self.camera = fitting(self.scene.size, self.window_size, 1.15 * theme.scale())
        self.update()

    def look_at(self, camera: Camera) -> None:
        if self.scene is None:
            return
        self.fitted = False
        self.camera = held_in(camera, self.scene.size, self.window_size)
        self.update()

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Larger or smaller, about a pixel (else the middle)."""
        if self.scene is None:
            return
        least = min(fitting(self.scene.size, self.window_size, theme.scale()).scale, theme.scale())
        scale = min(max(self.camera.scale * factor, least * 0.9), CLOSEST * theme.scale())
        self.look_at(self.camera.zoomed(scale, at or QPointF(self.width() / 2, self.height() / 2)))

    def show_box(self, place: int, *, near: bool = False) -> None:
        """Move, as little as is needed, until a box is seen; `near`: in the middle, and large enough to be read."""
        if self.scene is None:
            return
        if near and self.camera.scale < 0.7 * theme.scale():
            self.camera = self.camera.zoomed(0.9 * theme.scale(), QPointF(0, 0))
        box = self.camera.seen_rect(self.scene.rects[place])
        air = min(40.0, self.width() / 6, self.height() / 6)
        room = QRectF(self.rect()).adjusted(air, air, -air, -air)
        if near and not room.contains(box):
            by = room.center() - box.center()
        else:
            by = QPointF(_into(box.left(), box.right(), room.left(), room.right()),
                         _into(box.top(), box.bottom(), room.top(), room.bottom()))  # fmt: skip
        if not by.isNull():
            self.look_at(self.camera.moved(by))

    # ---- selection

    def select(self, layer: str) -> None:
        """Chosen elsewhere: ring the box that is the layer or holds it, and bring it into view."""
        place = self.scene.place_of(layer) if self.scene is not None else None
        moved = place is not None and place != self.look.current
        self.look.current = -1 if place is None else place
        if moved and place is not None and not self.fitted:
            self.show_box(place)
        self._describe()
        self.update()

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

    def _describe(self) -> None:
        if self.scene is None:
            self.setAccessibleDescription("")
            return
        nodes, place = self.scene.drawing.nodes, self.look.current
        said = f"{len(nodes)} boxes. Arrow keys walk along the edges, Return opens, Backspace folds."
        if 0 <= place < len(nodes) and self.figures is not None and place < len(self.look.figures):
            name = self.figures.metric_words("ops" if self.coloured_by == "kind" else self.coloured_by)
            said = f"{spoken(nodes[place], self.look.figures[place], name)}. {said}"
        self.setAccessibleDescription(said)

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.paint(painter)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.colour("accent"), theme.px(theme.RING)))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), theme.px(theme.RADIUS), theme.px(theme.RADIUS))
        painter.end()

    def paint(self, painter: QPainter) -> None:
        """All but the ring of the focus; into a picture too."""
        painter.fillRect(self.rect(), theme.colour("surface"))
        if self.scene is None:
            return
        if not self.scene.rects:
            painter.setPen(theme.colour("muted"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, EMPTY)
            return
        painter.save()
        painter.setClipRect(self.rect())
        GraphPainter(painter, self.scene, self.camera, self.look, self.window_size).paint()
        painter.restore()

    def rows(self) -> list[list[str]]:
        """The boxes as a table."""
        return self.figures.rows(self.scene.drawing) if self.scene is not None and self.figures is not None else []

    def sizeHint(self) -> QSize:
        return QSize(theme.px(640), theme.px(420))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(200), theme.px(140))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.fitted:
            self.fit()
        else:
            self.look_at(self.camera)

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


def _into(low: float, high: float, least: float, most: float) -> float:
    """How far a span must move to lie inside another."""
    if low < least:
        return least - low
    return most - high if high > most else 0.0
