"""How a table's cells, head and total row are painted."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QHeaderView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.ui import icons, theme
from app.ui.parts.bars import paint_state_bar
from app.ui.parts.marker import Look, paint_marker
from app.ui.parts.table.model import CELL, ROW, Cell, Column, Row, TableModel

PAD = 12
MARK_ROOM = 18


BEHIND = 0.35  # how much of its colour another candidate's bar has


class CellPainter(QStyledItemDelegate):
    """Names left with their mark, figures right with a thin bar under them; the selected row with an accent edge."""

    def __init__(self, source: TableModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._source = source

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(theme.px(96), theme.px(theme.ROW))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row, cell, column = index.data(ROW), index.data(CELL), self._source.columns[index.column()]
        painter.save()
        self._background(painter, option, index.column() == 0)
        rect = option.rect.adjusted(theme.px(PAD if column.left else 6), 0, -theme.px(PAD), 0)
        if index.column() == 0 and row.mark:
            paint_mark(painter, rect, row)
            rect.setLeft(rect.left() + theme.px(MARK_ROOM))
        bar = column.bar and ((isinstance(cell.value, int | float) and cell.value > 0) or bool(cell.behind))
        if bar:
            paint_heat(painter, rect, cell, row, self._source.largest[column.key])
            rect.setBottom(rect.bottom() - theme.px(5))
        paint_words(painter, rect, cell, column, muted=row.muted)
        painter.restore()

    def _background(self, painter: QPainter, option: QStyleOptionViewItem, first: bool) -> None:
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, theme.colour("selected"))
            if first:
                edge = QRect(option.rect.left(), option.rect.top(), theme.px(3), option.rect.height())
                painter.fillRect(edge, theme.colour("accent"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(option.rect, theme.colour("raised"))


def paint_mark(painter: QPainter, rect: QRect, row: Row) -> None:
    """A square in the layer's kind, or the candidate's marker."""
    middle = rect.center().y() + 1
    if isinstance(row.mark, Look):
        paint_marker(painter, QPointF(rect.left() + theme.px(6), middle), row.mark, row.mark_state)
        return
    side = theme.px(8)
    square = QRectF(rect.left(), middle - side / 2, side, side)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.colour(row.mark))
    painter.drawRoundedRect(square, theme.px(2), theme.px(2))


def paint_heat(painter: QPainter, rect: QRect, cell: Cell, row: Row, largest: float) -> None:
    """The bar under a figure, right aligned with it; another's value lies behind it as a pale, thicker one."""
    thick = theme.px(theme.HEAT)

    def bar(value: float, high: int) -> QRectF:
        width = max(rect.width() * value / largest, theme.px(2)) if largest else 0
        return QRectF(rect.right() + 1 - width, rect.bottom() - theme.px(5) - (high - thick) / 2, width, high)

    if cell.behind:
        pale = theme.colour("muted")
        pale.setAlphaF(BEHIND)
        painter.fillRect(bar(cell.behind, thick + theme.px(4)), pale)
    if isinstance(cell.value, int | float) and cell.value > 0:
        paint_state_bar(painter, bar(cell.value, thick), cell.fill or row.fill, cell.state)


def paint_words(painter: QPainter, rect: QRect, cell: Cell, column: Column, *, muted: bool) -> None:
    """A cell's text, with ✓ or ✕ before the figure where it has one."""
    painter.setFont(theme.font(theme.TABLE, QFont.Weight.DemiBold if cell.strong else QFont.Weight.Normal))
    quiet = muted or cell.muted or cell.state in ("predicted", "imported")
    painter.setPen(theme.colour("muted" if quiet and not cell.strong else "text"))
    side = Qt.AlignmentFlag.AlignLeft if column.left else Qt.AlignmentFlag.AlignRight
    shown = painter.fontMetrics().elidedText(cell.text, Qt.TextElideMode.ElideMiddle, rect.width())
    painter.drawText(rect, side | Qt.AlignmentFlag.AlignVCenter, shown)
    if cell.glyph:
        size = theme.px(13)
        left = rect.right() - painter.fontMetrics().horizontalAdvance(shown) - size - theme.px(4)
        place = QRect(left, rect.center().y() - size // 2, size, size)
        icons.paint(painter, place, cell.glyph, theme.colour("good" if cell.glyph == "check" else "bad"))


class Head(QHeaderView):
    """Small muted words over their column, a chevron where it is sorted."""

    def __init__(self, source: TableModel, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._source = source
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setMinimumSectionSize(theme.px(40))
        self.setSortIndicatorShown(False)
        self.sorted_by: tuple[int, Qt.SortOrder] | None = None

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), theme.px(theme.ROW + 2))

    def paintSection(self, painter: QPainter, rect: QRect, logical: int) -> None:
        painter.save()
        painter.fillRect(rect, theme.colour("surface"))
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), theme.colour("line"))
        column = self._source.columns[logical]
        painter.setFont(theme.font(theme.CAPTION, QFont.Weight.Medium))
        painter.setPen(theme.colour("muted"))
        inside = rect.adjusted(theme.px(PAD if column.left else 6), 0, -theme.px(PAD), 0)
        side = Qt.AlignmentFlag.AlignLeft if column.left else Qt.AlignmentFlag.AlignRight
        chevron = theme.px(10) if self.sorted_by and self.sorted_by[0] == logical else 0
        shown = painter.fontMetrics().elidedText(column.head, Qt.TextElideMode.ElideMiddle, inside.width() - chevron)
        painter.drawText(inside, side | Qt.AlignmentFlag.AlignVCenter, shown)
        if chevron and self.sorted_by:
            self._chevron(painter, inside, column.left, QFontMetrics(painter.font()).horizontalAdvance(shown), chevron)
        painter.restore()

    def _chevron(self, painter: QPainter, inside: QRect, left: bool, words: int, size: int) -> None:
        assert self.sorted_by is not None
        x = inside.left() + words + theme.px(3) if left else inside.right() - words - size - theme.px(3)
        name = "caret-up" if self.sorted_by[1] == Qt.SortOrder.AscendingOrder else "caret-down"
        icons.paint(painter, QRect(x, inside.center().y() - size // 2, size, size), name, theme.colour("accent"))


class TotalRow(QWidget):
    """The sums, fixed below the table, in line with its columns."""

    def __init__(self, head: Head, source: TableModel) -> None:
        super().__init__()
        self._head, self._source = head, source
        self._row: Row | None = None
        self.setFixedHeight(theme.px(theme.ROW + 6))
        head.sectionResized.connect(lambda *_: self.update())
        head.geometriesChanged.connect(self.update)

    def show_row(self, row: Row | None) -> None:
        self._row = row
        self.setVisible(row is not None)
        if row is not None:
            spoken = [f"{c.head} {row.cell(c.key).text}" for c in self._source.columns if row.cell(c.key).text]
            self.setAccessibleName(", ".join(spoken))
        self.update()

    def paintEvent(self, event) -> None:
        if self._row is None:
            return
        painter = QPainter(self)
        painter.fillRect(QRect(0, 0, self.width(), 1), theme.colour("line"))
        for place, column in enumerate(self._source.columns):
            left = self._head.sectionViewportPosition(place)
            rect = QRect(left, 1, self._head.sectionSize(place), self.height() - 1)
            rect.adjust(theme.px(PAD if column.left else 6), 0, -theme.px(PAD), 0)
            cell = self._row.cell(column.key)
            if cell.text:
                paint_words(painter, rect, cell, column, muted=False)
