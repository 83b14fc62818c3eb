"""Ctrl+K: find a layer, a candidate or a command, and go there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from app.heavy import operator_words
from app.ui import theme
from app.ui.desk import Desk
from app.ui.parts.lines import LineList
from app.ui.parts.sheet import Sheet

MOST = 40


@dataclass(frozen=True)
class Hit:
    title: str
    note: str
    glyph: str
    go: Callable[[], object]


class Search(Sheet):
    def __init__(self, host: QWidget, desk: Desk, commands: Callable[[], Sequence[Hit]]) -> None:
        super().__init__(host, "Search", side="top", extent=560, head=False)
        self.desk, self._commands = desk, commands
        self.hits: list[Hit] = []
        self.field = QLineEdit()
        self.field.setPlaceholderText("Layers, candidates, commands")
        self.field.setAccessibleName("Search layers, candidates and commands")
        self.field.setMinimumHeight(theme.px(theme.CONTROL))
        self.field.installEventFilter(self)
        self.list = LineList("Found")
        self.list.setMinimumHeight(theme.px(10 * theme.ROW + 4))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.body.addWidget(self.field)
        self.body.addWidget(self.list, 1)
        self.field.textChanged.connect(lambda _: self.refresh())
        self.list.itemClicked.connect(lambda _: self.go())

    def present(self) -> None:
        self.field.clear()
        self.refresh()
        super().present()
        self.field.setFocus()

    def all_hits(self) -> list[Hit]:
        desk = self.desk
        found = [
            Hit(f"{c.letter}  {c.title}", "candidate", "circle", lambda c=c: desk.select_candidate(c.letter))
            for c in desk.study.shown()
        ]
        candidate = desk.study.candidates.get(desk.candidate)
        layers = candidate.breakdown.layers if candidate else ()
        found += [
            Hit(layer.name, operator_words(layer), "stack", lambda layer=layer: desk.select_layer(layer.name))
            for layer in layers
        ]
        return [*self._commands(), *found] if not self.field.text() else [*found, *self._commands()]

    def refresh(self) -> None:
        wanted = self.field.text().casefold().split()
        matching = [h for h in self.all_hits() if all(w in f"{h.title} {h.note}".casefold() for w in wanted)]
        starts = [h for h in matching if wanted and h.title.casefold().startswith(wanted[0])]
        self.hits = [*starts, *(h for h in matching if h not in starts)][:MOST]
        self.list.show_lines([(hit.title, hit.note, hit.glyph) for hit in self.hits])
        self.list.setCurrentRow(0)

    def go(self) -> None:
        place = self.list.currentRow()
        if 0 <= place < len(self.hits):
            hit = self.hits[place]
            self.dismiss()
            hit.go()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()), 0)
            if step:
                place = min(max(self.list.currentRow() + step, 0), self.list.count() - 1)
                self.list.setCurrentRow(place)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.go()
                return True
        return super().eventFilter(watched, event)
