"""The strip of the demo study: what this is, and the two things to do with it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QSizePolicy

from app.ui import theme
from app.ui.parts.buttons import button, icon_button, menu_button, primary_button
from app.ui.parts.card import Card, column, row
from app.ui.parts.error_card import IconLabel
from app.ui.parts.text import label

TITLE = "This is the demo: LeNet-5, which reads handwritten digits."
WORDS = "Make it eight times smaller in about a minute, or drop your own network anywhere."


class DemoStrip(Card):
    shrink = Signal()
    open_file = Signal()
    open_built_in = Signal(str)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__(pad=16, gap=0)
        self.setAccessibleName(f"{TITLE} {WORDS}")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.menu = QMenu(self)
        self._families: dict[str, QMenu] = {}
        self.shrink_button = primary_button("Shrink it", self.shrink.emit, glyph="scissors")
        words = column(label(TITLE, "heading", wrap=True), label(WORDS, "muted", wrap=True), gap=4)
        line = row(
            IconLabel("leaf", "good", 26),
            words,
            self.shrink_button,
            button("Open a network…", self.open_file.emit, glyph="folder-open"),
            menu_button("Built-in networks", self.menu),
            icon_button("x", "Close this strip", self.closed.emit),
            gap=theme.SPACE[3],
        )
        line.setStretch(1, 1)
        self.add(line)

    def show_built_in(self, networks: list[dict]) -> None:
        """The menu of built-in networks, a menu for each family: name, and what each is."""
        self.menu.clear()
        for menu in self._families.values():
            menu.deleteLater()
        self._families = {}
        for entry in networks:
            said = f"{entry['name']}  —  {entry['title']}" if entry.get("title") else entry["name"]
            menu = self._menu_of(entry.get("family", ""))
            menu.addAction(said, lambda name=entry["name"]: self.open_built_in.emit(f"zoo:{name}"))

    def _menu_of(self, family: str) -> QMenu:
        if not family:
            return self.menu
        if family not in self._families:
            self._families[family] = self.menu.addMenu(family)
        return self._families[family]
