"""Which candidate a recipe starts from, with a menu of the others."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QWidget

from app.study import Candidate, Study
from app.ui.parts.buttons import menu_button
from app.ui.parts.card import row
from app.ui.parts.marker import Marker, look_of
from app.ui.parts.text import label


class StartsFrom(QWidget):
    """`chosen` carries the letter of the candidate that a person picked."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("clear", True)
        self.marker, self._menu = Marker(), QMenu(self)
        self.button = menu_button("", self._menu, plain=True, tip="The candidate that the recipe starts from")
        self.setLayout(row(label("from", "muted"), self.marker, self.button, None, gap=6))

    def show_source(self, study: Study, source: Candidate) -> None:
        self.marker.show_look(look_of(study, source.letter))
        self.button.setText(f"{source.letter}  {source.title}")
        self._menu.clear()
        for candidate in study.shown():
            name = f"{candidate.letter}  {candidate.title}"
            self._menu.addAction(name, lambda letter=candidate.letter: self.chosen.emit(letter))
