"""A card round a table: title, filter field, Copy and Export at the upper right, and words where nothing matches."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLineEdit, QPushButton, QStackedLayout, QWidget

from app.ui import theme
from app.ui.icons import icon
from app.ui.parts.buttons import button, icon_button
from app.ui.parts.card import Card
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.table.view import DataTable


def table_tools(table: DataTable) -> tuple[QPushButton, QPushButton]:
    """Copy rows, Export: at the upper right of a table that has no room for words there."""
    return (
        icon_button("copy", "Copy rows (Ctrl+C)", table.copy),
        icon_button("download-simple", "Export as CSV or JSON (Ctrl+E)", table.export),
    )


class TableCard(Card):
    """`thing` is what a row is (`layer`): `No layer matches “fc9”.`"""

    cleared = Signal()

    def __init__(self, table: DataTable, subtitle: str = "", *, thing: str = "row", filtered: bool = True) -> None:
        super().__init__(table.title, subtitle, pad=0, gap=0)
        self.table, self._thing, self.kind = table, thing, ""
        side = theme.px(theme.SPACE[3])
        self.body.setContentsMargins(1, side, 1, theme.px(theme.SPACE[1]))
        self.head.setContentsMargins(theme.px(12), 0, side, theme.px(theme.SPACE[1]))
        self.field = QLineEdit()
        if filtered:
            self._add_field()
        self.add_tool(button("Copy", table.copy, glyph="copy", tip="Copy rows as tab-separated text (Ctrl+C)"))
        self.add_tool(button("Export", table.export, glyph="download-simple", tip="Write CSV or JSON (Ctrl+E)"))
        self.nothing = EmptyState("", [("Clear", self.clear_filter)])
        stack = QWidget()
        self._stack = QStackedLayout(stack)
        self._stack.addWidget(table)
        self._stack.addWidget(self.nothing)
        self.body.addWidget(stack, 1)

    def _add_field(self) -> None:
        self.field.setPlaceholderText(f"Filter {self._thing}s")
        self.field.setAccessibleName(f"Filter {self._thing}s")
        self.field.setClearButtonEnabled(True)
        self.field.addAction(
            QAction(icon("magnifying-glass"), "", self.field), QLineEdit.ActionPosition.LeadingPosition
        )
        self.field.setFixedWidth(theme.px(180))
        self.field.setMinimumHeight(theme.px(theme.CONTROL - 4))
        self.field.textChanged.connect(lambda _: self.apply_filter())
        self.add_tool(self.field)

    def filter_kind(self, kind: str) -> None:
        """Only layers of this kind; "" is all."""
        self.kind = kind
        self.apply_filter()

    def apply_filter(self) -> None:
        words = self.field.text().strip()
        left = self.table.filter_by(words, self.kind)
        self.nothing.words.setText(f"No {self._thing} matches “{words or self.kind}”.")
        self._stack.setCurrentIndex(0 if left or not self.table.model.rows else 1)

    def clear_filter(self) -> bool:
        """True when there was one."""
        had = bool(self.field.text() or self.kind)
        self.kind = ""
        self.field.clear()
        self.apply_filter()
        if had:
            self.cleared.emit()
        return had
