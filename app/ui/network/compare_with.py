"""“Compare with ▾” in the page's head: the second candidate whose figures stand beside the first's."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu

from app.study import Candidate
from app.ui.desk import Desk
from app.ui.parts.buttons import menu_button

NOBODY = "Compare with"
TIP = "Put another candidate’s figures beside this one’s, layer by layer"


class CompareWith(QObject):
    """`changed` when another candidate was chosen. One that is gone, or is the one shown, is compared with no more."""

    changed = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk, self.letter = desk, ""
        self.menu = QMenu()
        self.button = menu_button(NOBODY, self.menu, tip=TIP)
        self.menu.aboutToShow.connect(self._fill)

    def other(self) -> Candidate | None:
        """The candidate compared with, None: nobody."""
        if self.letter == self.desk.candidate:
            return None
        return self.desk.study.candidates.get(self.letter)

    def choose(self, letter: str) -> None:
        """Compare with this candidate from now on; "" with nobody."""
        if letter != self.letter:
            self.letter = letter
            self.refresh()
            self.changed.emit()

    def refresh(self) -> None:
        """A network alone has nothing to be compared with."""
        other = self.other()
        self.button.setText(f"{NOBODY} {other.letter}" if other else NOBODY)
        self.button.setVisible(bool(self._others()))

    def _others(self) -> list[Candidate]:
        return [one for one in self.desk.study.shown() if one.letter != self.desk.candidate]

    def _fill(self) -> None:
        self.menu.clear()
        for one in self._others():
            made = self.menu.addAction(f"{one.letter}  {one.title}", lambda letter=one.letter: self.choose(letter))
            made.setCheckable(True)
            made.setChecked(one.letter == self.letter)
        if self.other() is not None:
            self.menu.addSeparator()
            self.menu.addAction("Compare with nobody", lambda: self.choose(""))
