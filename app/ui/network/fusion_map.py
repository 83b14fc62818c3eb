"""Before and after fusion, side by side, in lines that scroll. Only the lines that are seen are painted."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from app import fusion_story as story
from app import words
from app.fusion_story import Block, FusionDrawing, FusionRow
from app.ui import theme
from app.ui.network.fusion_paint import HEAD, FusionPainter
from app.ui.parts.focus_ring import paint_ring
from app.ui.plots.hover_card import HoverCard
from profiler.fusion import Fusion

NAME = "Layers in the file, and kernels as they run"
HEADS = (
    "layer", "operator", "apart_bytes", "kernel", "kernel_operator", "kernel_layers", "read_bytes", "written_bytes"
)  # fmt: skip


class FusionMap(QAbstractScrollArea):
    """`picked(layer)` by click or arrow keys, `opened(layer)` by double click or Return."""

    picked = Signal(str)
    opened = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.found: Fusion | None = None
        self.drawing = FusionDrawing((), ())
        self.layer, self.kind = "", ""
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.setAccessibleName(NAME)
        self.hover = HoverCard(self.viewport())

    def sizeHint(self) -> QSize:
        return QSize(theme.px(560), theme.px(320))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(280), theme.px(HEAD + 60))

    # ---- what is shown

    def show_fusion(self, found: Fusion, drawing: FusionDrawing) -> None:
        same = found is self.found
        self.found, self.drawing = found, drawing
        self._set_range()
        if not same:
            self.verticalScrollBar().setValue(0)
        self.select(self.layer)

    def select(self, layer: str) -> None:
        """Mark a layer and its kernel; scroll to it where it is not seen."""
        self.layer = layer
        span = self.drawing.rows_of(layer)
        if span is not None:
            self._show_lines(*span)
        self.setAccessibleDescription(self._said())
        self.viewport().update()

    def choose_kind(self, kind: str) -> None:
        """Fade all but this kind; "" none."""
        self.kind = kind
        self.viewport().update()

    def _said(self) -> str:
        """The selected layer, or the whole, in words."""
        span = self.drawing.rows_of(self.layer)
        if self.found is None or span is None:
            return story.headline(self.found) if self.found is not None else ""
        row = self.drawing.rows[span[0]]
        block = self._block_of(row)
        if block is None:
            return f"{row.layer}, {row.op}, {story.FOLDED_AWAY}"
        others = [name for name in block.kernel.covers if name != row.layer]
        with_them = f" with {words.listed(others)}" if others else ""
        return (
            f"{row.layer}, {row.op}, done by {block.title}{with_them}, {story.size_words(block.kernel.traffic_bytes)}"
        )

    # ---- where things lie

    def painter_of(self, width: float) -> FusionPainter:
        assert self.found is not None
        return FusionPainter(self.found, self.drawing, width, self.layer, self.kind)

    def _row_height(self) -> int:
        return self.painter_of(1).row if self.found is not None else 1

    def _set_range(self) -> None:
        bar, seen = self.verticalScrollBar(), max(self.viewport().height() - theme.px(HEAD), 1)
        whole = len(self.drawing.rows) * self._row_height() + theme.px(4)
        bar.setRange(0, max(whole - seen, 0))
        bar.setPageStep(seen)
        bar.setSingleStep(self._row_height())

    def _show_lines(self, first: int, last: int) -> None:
        bar, high = self.verticalScrollBar(), self._row_height()
        top, bottom = first * high, (last + 1) * high
        if top < bar.value() or bottom > bar.value() + bar.pageStep():
            bar.setValue((top + bottom - bar.pageStep()) // 2 // high * high)  # no line is cut above

    def line_at(self, y: float) -> int | None:
        """The line under a place of the viewport."""
        inside = y - theme.px(HEAD)
        line = int((inside + self.verticalScrollBar().value()) // self._row_height())
        return line if inside >= 0 and 0 <= line < len(self.drawing.rows) else None

    def line_rect(self, line: int) -> QRect:
        """Where a line is seen in the viewport."""
        top = theme.px(HEAD) + line * self._row_height() - self.verticalScrollBar().value()
        return QRect(0, top, self.viewport().width(), self._row_height())

    def _block_of(self, row: FusionRow) -> Block | None:
        return next((block for block in self.drawing.blocks if block.place == row.kernel), None)

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), theme.colour("surface"))
        if self.found is not None:
            self._paint(painter)
        if self.hasFocus():
            paint_ring(painter, self.viewport().rect())
        painter.end()

    def _paint(self, painter: QPainter) -> None:
        view, head, offset = self.viewport(), theme.px(HEAD), self.verticalScrollBar().value()
        paints = self.painter_of(view.width() - theme.px(6))
        painter.save()
        painter.setClipRect(QRect(0, head, view.width(), view.height() - head))
        painter.translate(theme.px(2), head - offset + theme.px(2))
        high = self._row_height()
        paints.paint_lines(painter, offset // high, (offset + view.height() - head) // high)
        painter.restore()
        painter.translate(theme.px(2), 0)
        paints.paint_head(painter)
        painter.translate(-theme.px(2), 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._set_range()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.hover.hide()
        self.viewport().update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    # ---- mouse and keys

    def _layer_at(self, event: QMouseEvent) -> str:
        line = self.line_at(event.position().y())
        return self.drawing.rows[line].layer if line is not None else ""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        layer = self._layer_at(event)
        if layer and event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(layer)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        layer = self._layer_at(event)
        if layer:
            self.opened.emit(layer)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        line = self.line_at(event.position().y())
        if line is None:
            self.hover.hide()
            return
        title, lines = self.told(line, event.position().x() < self.viewport().width() / 2)
        self.hover.show_at(QPoint(int(event.position().x()), int(event.position().y())), title, lines)

    def told(self, line: int, left: bool) -> tuple[str, list[tuple[str, str]]]:
        """What the card beside the mouse says: of the layer on the left, of the kernel on the right."""
        row = self.drawing.rows[line]
        block = self._block_of(row)
        if block is None:
            return row.layer, [("Operator", row.op), ("Here", story.FOLDED_MEANING)]
        if left and row.layer:
            apart = story.size_words(row.bytes)
            return row.layer, [("Operator", row.op), ("Reads and writes", apart), ("Done by", block.title)]
        return block.title, story.kernel_lines(block)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.hover.hide()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self.hover.hide()
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys, key = Qt.Key, Qt.Key(event.key())
        page = max(self.verticalScrollBar().pageStep() // self._row_height() - 1, 1)
        steps = {keys.Key_Down: 1, keys.Key_Up: -1, keys.Key_PageDown: page, keys.Key_PageUp: -page}
        far = {keys.Key_Home: -len(self.drawing.rows), keys.Key_End: len(self.drawing.rows)}
        step = (steps | far).get(key, 0)
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            event.ignore()  # Alt with the arrows moves between candidates
        elif step:
            self.step(step)
        elif key in (keys.Key_Return, keys.Key_Enter) and self.layer:
            self.opened.emit(self.layer)
        else:
            event.ignore()

    def step(self, by: int) -> None:
        """To a layer further down, or up."""
        names = list(dict.fromkeys(row.layer for row in self.drawing.rows if row.layer))
        if names:
            place = names.index(self.layer) + by if self.layer in names else 0
            self.picked.emit(names[max(0, min(place, len(names) - 1))])

    # ---- out of the program

    def rows(self) -> list[list[str]]:
        """A line for each layer and kernel that does it."""
        made: list[list[str]] = [[*HEADS]]
        blocks = {block.place: block.kernel for block in self.drawing.blocks}
        for row in self.drawing.rows:
            kernel = blocks.get(row.kernel)
            figures = [kernel.read_bytes, kernel.written_bytes] if kernel else [None, None]
            made.append([
                row.layer, row.op if row.layer else "", _plain(row.bytes),
                kernel.name if kernel else story.FOLDED_AWAY, kernel.op if kernel else "",
                " + ".join(kernel.covers) if kernel else "", *map(_plain, figures),
            ])  # fmt: skip
        return made

    def picture(self) -> FusionPicture:
        """All of it, for a file."""
        return FusionPicture(self)


class FusionPicture(QWidget):
    """The whole drawing at once, as high as it is."""

    def __init__(self, shown: FusionMap) -> None:
        super().__init__()
        self._shown = shown
        self._paints = shown.painter_of(max(shown.viewport().width(), theme.px(640)) - theme.px(4))
        self.resize(int(self._paints.width) + theme.px(4), self._paints.height + theme.px(HEAD + 6))
        self.setAccessibleName(shown.accessibleName())
        self.setAccessibleDescription(shown.accessibleDescription())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("surface"))
        painter.translate(theme.px(2), 0)
        self._paints.paint_head(painter)
        painter.translate(0, theme.px(HEAD + 2))
        self._paints.paint_lines(painter, 0, len(self._shown.drawing.rows) - 1)
        painter.end()

    def rows(self) -> list[list[str]]:
        return self._shown.rows()


def _plain(size: int | None) -> str:
    return "" if size is None else str(size)
