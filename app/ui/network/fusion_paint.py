"""How a network before and after fusion is painted: the file's layers left, each kernel over the layers it does."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPen

from app import fusion_story as story
from app import words
from app.fusion_story import Block, FusionDrawing, FusionRow
from app.ui import theme
from profiler.fusion import Fusion

ROW, HEAD = 26, 30  # px of a line and of the words above
BRIDGE, STRIP = 30, 4  # px between the sides; of the kind's colour at an edge
INSET, FRAME = 18, 6  # px that a block within another leaves of it at the left and at the right
SIZE = 68  # px for a figure
PALE, PALER, FADED = 0.17, 0.09, 0.3
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
MIDDLE = Qt.TextElideMode.ElideMiddle


@dataclass(frozen=True)
class FusionPainter:
    """Paints lines of a drawing that is `width` px wide. Line 0 begins at 0."""

    found: Fusion
    drawing: FusionDrawing
    width: float
    layer: str = ""  # the selected one
    kind: str = ""  # the others fade; "" none

    # ---- where things lie

    @property
    def row(self) -> int:
        return theme.px(ROW)

    @property
    def height(self) -> int:
        return len(self.drawing.rows) * self.row

    @property
    def _side(self) -> float:
        return (self.width - theme.px(BRIDGE)) / 2

    def layer_rect(self, first: int, last: int) -> QRectF:
        return QRectF(0, first * self.row + 1, self._side, (last + 1 - first) * self.row - 2)

    def block_rect(self, block: Block) -> QRectF:
        left = self._side + theme.px(BRIDGE) + block.inset * theme.px(INSET)
        wide = self.width - left - block.inset * theme.px(FRAME)
        return QRectF(left, block.first * self.row + 1, wide, (block.last + 1 - block.first) * self.row - 2)

    # ---- painting

    def paint_head(self, painter: QPainter) -> None:
        """What the two sides are, with their sums."""
        found, high = self.found, theme.px(HEAD)
        sides = (
            (0.0, "In the file", words.plural(len(found.before), "node"), found.traffic_before_bytes),
            (self._side + theme.px(BRIDGE), "As it runs", words.plural(len(found.after), "kernel"),
             found.traffic_after_bytes),
        )  # fmt: skip
        for left, title, count, size in sides:
            rect = QRectF(left + theme.px(12), 0, self._side - theme.px(24), high)
            painter.setFont(theme.font(theme.TABLE, QFont.Weight.DemiBold))
            painter.setPen(theme.colour("text"))
            painter.drawText(rect, LEFT, title)
            used = painter.fontMetrics().horizontalAdvance(title) + theme.px(10)
            painter.setFont(theme.font(theme.CAPTION))
            painter.setPen(theme.colour("muted"))
            painter.drawText(rect.adjusted(used, 0, 0, 0), LEFT, count)
            painter.drawText(rect, RIGHT, story.size_words(size))
        painter.fillRect(QRectF(0, high - 1, self.width, 1), theme.colour("line"))

    def paint_lines(self, painter: QPainter, first: int, last: int) -> None:
        """The lines from `first` to `last`, and the kernels that reach into them."""
        rows = self.drawing.rows
        last = min(last, len(rows) - 1)
        chosen = {row.kernel for row in rows if row.layer == self.layer} if self.layer else set[int]()
        blocks = [block for block in self.drawing.blocks if block.first <= last and block.last >= first]
        by_place = {block.place: block for block in blocks}
        for line in range(first, last + 1):
            block = by_place.get(rows[line].kernel)
            if block is not None and rows[line].layer:
                self._bridge(painter, line, block)
        for block in sorted(blocks, key=lambda one: one.inset):
            self._block(painter, block, first, block.place in chosen and not block.added)
        for line in range(first, last + 1):
            row = rows[line]
            if row.layer and not (line and line > first and rows[line - 1].layer == row.layer):
                self._layer(painter, *self._span(line), row)
            elif not row.layer:
                self._beside(painter, self.layer_rect(line, line), story.ADDED)
            if row.kernel < 0:
                rect = self.layer_rect(line, line)
                self._beside(painter, rect.translated(self._side + theme.px(BRIDGE), 0), story.FOLDED_AWAY)
        painter.setOpacity(1.0)

    def _span(self, line: int) -> tuple[int, int]:
        """All lines of the layer at `line`: several where several kernels do it."""
        rows, start, stop = self.drawing.rows, line, line
        while start and rows[start - 1].layer == rows[line].layer:
            start -= 1
        while stop + 1 < len(rows) and rows[stop + 1].layer == rows[line].layer:
            stop += 1
        return start, stop

    def _fade(self, painter: QPainter, kind: str) -> None:
        painter.setOpacity(FADED if self.kind and kind != self.kind else 1.0)

    def _bridge(self, painter: QPainter, line: int, block: Block) -> None:
        """The paler band from a layer to its kernel."""
        self._fade(painter, block.kind)
        fill = theme.colour(block.kind)
        fill.setAlphaF(PALER)
        rect = self.layer_rect(line, line)
        rect.setLeft(rect.right())
        rect.setRight(self.block_rect(block).left())
        painter.fillRect(rect, fill)

    def _layer(self, painter: QPainter, first: int, last: int, row: FusionRow) -> None:
        self._fade(painter, row.kind)
        rect = self.layer_rect(first, last)
        self._box(painter, rect, row.kind, chosen=row.layer == self.layer, dashed=row.kernel < 0)
        line = QRectF(rect.left(), rect.top(), rect.width(), self.row - 2)
        self._write(painter, line, row.layer, row.op, story.size_words(row.bytes), strong=False, quiet=row.kernel < 0)

    def _block(self, painter: QPainter, block: Block, seen: int, chosen: bool) -> None:
        """A kernel, with its words in the first lines from `seen` on that are its own."""
        self._fade(painter, block.kind)
        rect = self.block_rect(block)
        painter.fillRect(rect, theme.colour("surface"))  # hides the block it lies in
        self._box(painter, rect, block.kind, chosen=chosen, dashed=block.added)
        size = story.size_words(block.kernel.traffic_bytes)
        own = (n for n in range(max(block.first, seen), block.last + 1) if self.drawing.rows[n].kernel == block.place)
        for title, n in zip((True, False), own, strict=False):
            line = QRectF(rect.left(), n * self.row + 1, rect.width(), self.row - 2)
            if title:
                self._write(painter, line, block.title, "", size, strong=True, quiet=block.added)
            elif len(block.kernel.covers) > 1 and block.apart_bytes is not None:
                changed = story.change_words(block.apart_bytes, block.kernel.traffic_bytes)
                count = f"{words.plural(len(block.kernel.covers), 'layer')} in one kernel"
                self._write(painter, line, "", count, changed, strong=False, quiet=True)

    def _box(self, painter: QPainter, rect: QRectF, kind: str, *, chosen: bool, dashed: bool) -> None:
        fill = theme.colour(kind)
        if dashed:
            pen = QPen(theme.colour("muted"), 1)
            pen.setDashPattern([3, 3])
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(rect.adjusted(0.5, 0.5, -0.5, -0.5))
        else:
            painter.fillRect(QRectF(rect.left(), rect.top(), theme.px(STRIP), rect.height()), fill)
            fill.setAlphaF(PALE)
            painter.fillRect(rect.adjusted(theme.px(STRIP), 0, 0, 0), fill)
        if chosen:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("accent"), theme.px(theme.RING)))
            painter.drawRect(rect.adjusted(1, 1, -1, -1))

    def _write(
        self, painter: QPainter, rect: QRectF, name: str, op: str, size: str, *, strong: bool, quiet: bool
    ) -> None:
        """A name, an operator beside it, and a figure at the right; what has no room is cut or left out."""
        inside = rect.adjusted(theme.px(12), 0, -theme.px(12), 0)
        small = theme.font(theme.CAPTION)
        painter.setFont(small)
        painter.setPen(theme.colour("muted"))
        painter.drawText(inside, RIGHT, size)
        room = inside.width() - max(QFontMetrics(small).horizontalAdvance(size), theme.px(SIZE)) - theme.px(8)
        painter.setFont(theme.font(theme.TABLE, QFont.Weight.DemiBold if strong and not quiet else QFont.Weight.Normal))
        painter.setPen(theme.colour("muted" if quiet else "text"))
        metrics = painter.fontMetrics()
        shown = metrics.elidedText(name, MIDDLE, int(room))
        painter.drawText(inside, LEFT, shown)
        used = metrics.horizontalAdvance(shown) + theme.px(8) if shown else 0
        left = room - used
        if op and left > theme.px(30):
            painter.setFont(small)
            painter.setPen(theme.colour("muted"))
            shown = painter.fontMetrics().elidedText(op, Qt.TextElideMode.ElideRight, int(left))
            painter.drawText(inside.adjusted(used, 0, 0, 0), LEFT, shown)

    def _beside(self, painter: QPainter, rect: QRectF, said: str) -> None:
        """Why there is nothing on this side."""
        painter.setOpacity(1.0)
        painter.setFont(theme.font(theme.CAPTION))
        painter.setPen(theme.colour("muted"))
        inside = rect.adjusted(theme.px(12), 0, -theme.px(12), 0)
        painter.drawText(inside, RIGHT if rect.left() < self._side / 2 else LEFT, said)
