"""The rows of a table as values, and the Qt models over them: sorting and filtering."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt

from app.ui.parts.marker import Look
from app.words import State

CELL = Qt.ItemDataRole.UserRole + 1  # the Cell
ROW = Qt.ItemDataRole.UserRole + 2  # the Row
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Column:
    """`head` is shown, with its convention or device in it; `unit` is written into copies (`Time, here (ms)`)."""

    key: str
    head: str
    left: bool = False  # names stand left, figures right
    bar: bool = False  # a 3 px bar under the figure, scaled to the column's largest
    width: int = 96  # px at 100 %, until a person changes it
    unit: str = ""
    tip: str = ""
    firm: bool = False  # never narrower than `width`: the table scrolls instead


@dataclass(frozen=True)
class Cell:
    """`value` is sorted and copied (None: not known, sorted last), `text` is read, `tip` is the exact value."""

    text: str
    value: float | str | None = None
    tip: str = ""
    state: State = "counted"
    muted: bool = False
    strong: bool = False
    glyph: str = ""  # "check" or "x" before the figure, in green or red
    fill: str = ""  # colour of the bar; "" is the row's
    behind: float | None = None  # another's value: a pale bar behind this one's

    @property
    def plain(self) -> float | str | None:
        """For copies and files: the value, or else the words."""
        return self.text if self.value is None and self.text not in ("–", "not measured") else self.value


@dataclass(frozen=True)
class Row:
    """`mark` stands before the first cell: a layer's kind ("conv", "fc", "other") or a candidate's look."""

    key: str
    cells: Mapping[str, Cell] = field(default_factory=dict[str, Cell])
    mark: str | Look = ""
    mark_state: State = "measured"
    muted: bool = False

    @property
    def fill(self) -> str:
        """The colour of its bars."""
        return self.mark if isinstance(self.mark, str) and self.mark else "muted"

    def cell(self, key: str) -> Cell:
        return self.cells.get(key, _EMPTY)


_EMPTY = Cell("")


class TableModel(QAbstractTableModel):
    """Columns and rows, in the order they were given."""

    def __init__(self) -> None:
        super().__init__()
        self.columns: tuple[Column, ...] = ()
        self.rows: tuple[Row, ...] = ()
        self.largest: dict[str, float] = {}

    def show_columns(self, columns: Sequence[Column]) -> None:
        self.beginResetModel()
        self.columns = tuple(columns)
        self.endResetModel()

    def show_rows(self, rows: Sequence[Row]) -> None:
        self.beginResetModel()
        self.rows = tuple(rows)
        self.largest = {c.key: self._largest(c.key) for c in self.columns if c.bar}
        self.endResetModel()

    def _largest(self, key: str) -> float:
        cells = [row.cell(key) for row in self.rows]
        values = [value for cell in cells for value in (cell.value, cell.behind)]
        return max((v for v in values if isinstance(v, int | float)), default=0)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.rows[index.row()], self.columns[index.column()]
        cell = row.cell(column.key)
        answers: dict[int, Callable[[], Any]] = {
            Qt.ItemDataRole.DisplayRole: lambda: cell.text,
            Qt.ItemDataRole.ToolTipRole: lambda: cell.tip or None,
            Qt.ItemDataRole.AccessibleTextRole: lambda: _spoken(row, column, cell),
            CELL: lambda: cell,
            ROW: lambda: row,
        }
        answer = answers.get(role)
        return answer() if answer else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or section >= len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft if column.left else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        return {Qt.ItemDataRole.DisplayRole: column.head, Qt.ItemDataRole.ToolTipRole: column.tip or None}.get(
            Qt.ItemDataRole(role)
        )


def _spoken(row: Row, column: Column, cell: Cell) -> str:
    """`conv2, Parameters, 307 k`."""
    name = next(iter(row.cells.values())).text if row.cells else row.key
    return cell.text if cell.text == name else f"{name}, {column.head}, {cell.tip or cell.text}"


class SortedRows(QSortFilterProxyModel):
    """Sorted by value (unknown always last), filtered by the words of all cells and by the kind."""

    def __init__(self, source: TableModel) -> None:
        super().__init__()
        self._source = source
        self.words, self.kind = "", ""
        self.setSourceModel(source)

    def filter_by(self, words: str = "", kind: str = "") -> None:
        """Show rows that contain every word of `words` (case apart), and have this mark."""
        self.beginFilterChange()
        self.words, self.kind = words, kind
        self.endFilterChange()

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        row = self._source.rows[source_row]
        text = " ".join(cell.text for cell in row.cells.values()).casefold()
        return (not self.kind or row.mark == self.kind) and all(w in text for w in self.words.casefold().split())

    def lessThan(self, left: Index, right: Index) -> bool:
        a, b = (i.data(CELL) for i in (left, right))
        unknown_a, unknown_b = a.value is None and not a.text, b.value is None and not b.text
        if _is_number(a) != _is_number(b) or unknown_a != unknown_b:
            last = not _is_number(a)
            return not last if self.sortOrder() == Qt.SortOrder.AscendingOrder else last
        if isinstance(a.value, int | float) and isinstance(b.value, int | float):
            return a.value < b.value
        return str(a.value or a.text).casefold() < str(b.value or b.text).casefold()


def _is_number(cell: Cell) -> bool:
    return isinstance(cell.value, int | float)
