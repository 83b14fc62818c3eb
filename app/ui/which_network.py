"""Which network do these weights belong to? Asked where none of the built-in ones has them, or several have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app.ui import theme
from app.ui.parts.buttons import button, primary_button
from app.ui.parts.card import row
from app.ui.parts.lines import LineList
from app.ui.parts.sheet import Sheet
from app.ui.parts.text import label

ROWS_SEEN = 5
NONE = "None of these? Export the network where its program is, and open the .pt2 that this writes."


class WhichNetwork(Sheet):
    """`ask` shows it; the answer is the name of a built-in network."""

    def __init__(self, host: QWidget) -> None:
        super().__init__(host, "Architecture", side="top", extent=700)
        self._then: Callable[[str], None] = lambda _: None
        self.names: list[str] = []
        self.what, self.where = label("", "strong", wrap=True), label("", "table", wrap=True)
        self.list = LineList("Built-in networks")
        self.list.setFixedHeight(theme.px(ROWS_SEEN * theme.ROW + 4))
        self.list.itemActivated.connect(lambda _: self._answer())  # Return, or a double click
        self.use = primary_button("Use it", self._answer)
        self.code = QPlainTextEdit()
        self.code.setReadOnly(True)
        self.code.setTabChangesFocus(True)
        self.code.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.code.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.code.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.code.setAccessibleName("Lines of Python that export the network")
        self.copy = button("Copy", self._copy, glyph="copy")
        self.body.addWidget(self.what)
        self.body.addWidget(self.where)
        self.body.addWidget(self.list)
        self.body.addLayout(row(None, self.use))
        below = row(self.copy)
        below.insertWidget(0, label(NONE, "muted", wrap=True), 1)
        self.body.addLayout(below)
        self.body.addWidget(self.code)

    def ask(self, name: str, unknown: Mapping[str, Any], then: Callable[[str], None]) -> None:
        """`unknown` is what the question `open_sizes` says of the file; the networks in it that fit best come first."""
        self.title.setText(name)
        self._then = then
        self.what.setText(unknown["what"])
        self.where.setText(unknown["where"])
        self.names = [each["name"] for each in unknown["architectures"]]
        self.list.show_lines([(each["name"], each["title"], "") for each in unknown["architectures"]])
        self.list.setCurrentRow(0)
        self.code.setPlainText(unknown["code"])
        lines = unknown["code"].count("\n") + 2
        self.code.setFixedHeight(lines * self.code.fontMetrics().lineSpacing() + theme.px(16))
        self.present()
        self.list.setFocus()

    def _answer(self) -> None:
        place = self.list.currentRow()
        if 0 <= place < len(self.names):
            self.dismiss()
            self._then(self.names[place])

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.code.toPlainText())
