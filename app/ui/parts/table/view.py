"""The table widget: rows picked by mouse or keyboard, sorted by its head, copied and exported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QFrame,
    QHeaderView,
    QMenu,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.ui import remember, theme
from app.ui.icons import icon
from app.ui.parts.focus_ring import paint_ring
from app.ui.parts.table import texts
from app.ui.parts.table.model import ROW, Column, Row, SortedRows, TableModel
from app.ui.parts.table.paint import CellPainter, Head, TotalRow

LEAST_COLUMN = 78


class DataTable(QWidget):
    """`picked(key)`: a person moved to another row. `opened(key)`: Return or a double click on it."""

    picked = Signal(str)
    opened = Signal(str)

    def __init__(self, key: str, title: str, order_name: str = "Network order") -> None:
        """`key` names it in the remembered settings, `title` for screen readers and in exported files; `order_name`
        is what the order given is called."""
        super().__init__()
        self.key, self.title, self._order_name = key, title, order_name
        self.model = TableModel()
        self.rows = SortedRows(self.model)
        self.view = _View(self)
        self.head = Head(self.model, self.view)
        self.view.setHorizontalHeader(self.head)
        self.view.setModel(self.rows)
        self.view.setItemDelegate(CellPainter(self.model, self.view))
        self.view.setAccessibleName(title)
        self.total = TotalRow(self.head, self.model)
        self.total.hide()
        self._total_row: Row | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.total)
        self.setFocusProxy(self.view)
        self._quiet = self._sizing = False
        self.head.sectionClicked.connect(self.sort_next)
        self.head.sectionResized.connect(self._resized)
        self.view.horizontalScrollBar().valueChanged.connect(lambda _: self.total.update())
        self.view.selectionModel().currentRowChanged.connect(self._moved)
        self.view.doubleClicked.connect(lambda index: self.opened.emit(index.data(ROW).key))

    # ---- content

    def show_columns(self, columns: Sequence[Column]) -> None:
        """The same keys keep their widths and the sorting."""
        if tuple(columns) == self.model.columns:
            return
        same = [c.key for c in columns] == [c.key for c in self.model.columns]
        self._quiet = True
        self.model.show_columns(columns)
        self._quiet = False
        if not same:
            self.head.sorted_by = None
            self.rows.sort(-1)
        self._apply_widths()

    def show_rows(self, rows: Sequence[Row], total: Row | None = None) -> None:
        """The picked row stays picked while it is there."""
        if tuple(rows) == self.model.rows and total == self._total_row:
            return
        chosen = self.current
        self._quiet = True
        self.model.show_rows(rows)
        self.pick(chosen)
        self._quiet = False
        self._total_row = total
        self.total.show_row(total)
        self._apply_widths()

    @property
    def current(self) -> str:
        """The key of the picked row, or ""."""
        index = self.view.currentIndex()
        return index.data(ROW).key if index.isValid() else ""

    def shown(self) -> list[Row]:
        """The rows as they stand: filtered and sorted."""
        return [self.rows.index(place, 0).data(ROW) for place in range(self.rows.rowCount())]

    def pick(self, key: str) -> None:
        """Show a row as picked; tells nobody."""
        for place, row in enumerate(self.shown()):
            if row.key == key:
                quiet, self._quiet = self._quiet, True
                index = self.rows.index(place, 0)
                flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
                self.view.selectionModel().setCurrentIndex(index, flags)
                self.view.scrollTo(index)
                self._quiet = quiet
                return
        self.view.clearSelection()

    def step(self, by: int) -> None:
        """The next or the previous row."""
        at = self.view.currentIndex().row()
        place = min(max(at + by, 0), self.rows.rowCount() - 1) if at >= 0 else 0
        if self.rows.rowCount():
            self.view.selectRow(place)

    def _moved(self, now, before) -> None:
        if not self._quiet and now.isValid():
            self.picked.emit(now.data(ROW).key)

    # ---- sorting and filtering

    def sort_next(self, section: int) -> None:
        """A click on the head: largest first (names from A), the other way round, and back to the order given."""
        first = Qt.SortOrder.AscendingOrder if self.model.columns[section].left else Qt.SortOrder.DescendingOrder
        other = Qt.SortOrder(1 - first.value)
        now = self.head.sorted_by
        if now is None or now[0] != section:
            self.sort(section, first)
        elif now[1] == first:
            self.sort(section, other)
        else:
            self.sort(-1, first)

    def sort(self, section: int, order: Qt.SortOrder = Qt.SortOrder.DescendingOrder) -> None:
        """By a column; −1 is the order given."""
        self.head.sorted_by = (section, order) if section >= 0 else None
        self.rows.sort(section, order if section >= 0 else Qt.SortOrder.AscendingOrder)
        self.head.viewport().update()

    def filter_by(self, words: str = "", kind: str = "") -> int:
        """How many rows are left."""
        chosen, self._quiet = self.current, True
        self.rows.filter_by(words, kind)
        self.pick(chosen)
        self._quiet = False
        return self.rows.rowCount()

    # ---- out of the program

    def chosen_rows(self) -> list[Row]:
        """The selected rows, when there are several; else all that are shown, with the total."""
        indexes = sorted(self.view.selectionModel().selectedRows(), key=lambda i: i.row())
        if len(indexes) > 1:
            return [index.data(ROW) for index in indexes]
        return [*self.shown(), *([self._total_row] if self._total_row else [])]

    def copy(self) -> None:
        QGuiApplication.clipboard().setText(texts.as_tsv(self.model.columns, self.chosen_rows()))

    def export(self) -> Path | None:
        """Ask where to, and write CSV or JSON."""
        name = f"{self.title.casefold().replace(' ', '-')}.csv"
        path, _ = QFileDialog.getSaveFileName(self, "Export table", name, "CSV (*.csv);;JSON (*.json)")
        return self.write(Path(path)) if path else None

    def write(self, path: Path) -> Path:
        """The whole table, by the ending of the file's name."""
        rows = [*self.shown(), *([self._total_row] if self._total_row else [])]
        if path.suffix == ".json":
            text = texts.as_json(self.model.columns, rows, self.title)
        else:
            path = path if path.suffix else path.with_suffix(".csv")
            text = texts.as_csv(self.model.columns, rows)
        path.write_text(text, encoding="utf-8")
        return path

    def menu(self) -> QMenu:
        """What its head and the two icons do, for the keyboard: the context menu."""
        menu = QMenu(self)
        menu.addAction(icon("copy"), "Copy rows", self.copy)
        menu.addAction(icon("download-simple"), "Export…", self.export)
        sorting = menu.addMenu("Sort by")
        for place, column in enumerate(self.model.columns):
            sorting.addAction(column.head, lambda place=place: self.sort_next(place))
        sorting.addAction(self._order_name, lambda: self.sort(-1))
        return menu

    # ---- widths

    def _apply_widths(self) -> None:
        """Remembered widths, else the columns' own; the room that is left is shared out among all."""
        if not self.model.columns:
            return
        kept = remember.columns(self.key)
        widths = [kept.get(c.key, 0) or theme.px(c.width) for c in self.model.columns]
        spare = self.view.viewport().width() - sum(widths)
        if spare < 0 and not kept:
            firm = [c.firm for c in self.model.columns]
            widths = _squeezed(widths, firm, self.view.viewport().width())
        elif spare > 0 and not kept:
            each, rest = divmod(spare, len(widths))
            widths = [w + each + (1 if place < rest else 0) for place, w in enumerate(widths)]
        elif spare > 0:
            widths[-1] += spare
        self._sizing = True
        for place, width in enumerate(widths):
            self.head.resizeSection(place, width)
        self._sizing = False

    def _resized(self, section: int, before: int, now: int) -> None:
        if not self._sizing and section < len(self.model.columns):
            widths = {c.key: self.head.sectionSize(i) for i, c in enumerate(self.model.columns[:-1])}
            remember.keep_columns(self.key, widths)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._apply_widths()


def _squeezed(widths: list[int], firm: list[bool], room: int) -> list[int]:
    """Narrower in proportion, but never so narrow that a figure is cut: then the table scrolls."""
    least = theme.px(LEAST_COLUMN)
    share = room / sum(widths)
    return [
        width if fixed else max(int(width * share), min(least, width))
        for width, fixed in zip(widths, firm, strict=True)
    ]


class _View(QTableView):
    """Fusion's table without what we do not want; J and K move, Return opens."""

    def __init__(self, table: DataTable) -> None:
        super().__init__(table)
        self._table = table
        self.setShowGrid(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.verticalHeader().setDefaultSectionSize(theme.px(theme.ROW))
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().hide()

    def viewportEvent(self, event):
        done = super().viewportEvent(event)
        if event.type() == event.Type.Resize:
            self._table._apply_widths()
        return done

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_J: 1, Qt.Key.Key_K: -1}.get(Qt.Key(event.key()), 0)
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if step and plain:
            self._table.step(step)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and plain and self.currentIndex().isValid():
            self._table.opened.emit(self.currentIndex().data(ROW).key)
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            event.ignore()  # Alt with the arrows moves between candidates
        elif event.text().isalnum() and plain:
            event.ignore()  # letters are shortcuts of the window, not a search in the table
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.hasFocus():
            paint_ring(QPainter(self.viewport()), self.viewport().rect())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self._table.menu().popup(event.globalPos())
