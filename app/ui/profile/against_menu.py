"""The menu of every earlier profile: what the ticks in the layers' bars are taken from."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from app import words
from app.study import Candidate, Study
from app.ui.devices.roster import device_title
from app.ui.profile.earlier import Earlier, earlier, usual
from profiler.measurement import Profile

FLAT = 12  # lines of one device that stand in the menu itself; more of them in a menu of their own


class AgainstMenu(QMenu):
    """Fill it with `against`, which answers whose times to show now. `chosen` comes when a person picks another."""

    chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key: str | None = None  # None: the usual one, "": nobody

    def against(self, study: Study, candidate: Candidate, device: str, profile: Profile) -> Earlier | None:
        """The profile to hold `profile` against: the chosen one while it is known, else the parent's; None: nobody."""
        found = earlier(study, candidate.letter, device, profile)
        picked = next((one for one in found if one.key == self._key), None)
        if picked is None and self._key != "":
            picked = usual(found, candidate.parent)
        self._fill(found, candidate.letter, picked)
        return picked

    def _fill(self, found: Sequence[Earlier], letter: str, picked: Earlier | None) -> None:
        self.clear()
        here = [one for one in found if one.here]
        self._section("This candidate, earlier", [one for one in here if one.letter == letter], picked)
        self._section("Others on this device", [one for one in here if one.letter != letter], picked)
        for device in dict.fromkeys(one.device for one in found if not one.here):
            self._lines(self.addMenu(f"On {_there(device)}"), [one for one in found if one.device == device], picked)
        self.addSeparator()
        self._tick(self.addAction("Nothing", lambda: self._choose("")), picked is None)

    def _section(self, title: str, lines: Sequence[Earlier], picked: Earlier | None) -> None:
        if not lines:
            return
        self.addSection(title)
        self._lines(self, lines[:FLAT], picked)
        if len(lines) > FLAT:
            self._lines(self.addMenu(f"{words.plural(len(lines) - FLAT, 'older one')}"), lines[FLAT:], picked)

    def _lines(self, menu: QMenu, lines: Sequence[Earlier], picked: Earlier | None) -> None:
        for one in lines:
            made = menu.addAction(one.line.replace("&", "&&"), lambda key=one.key: self._choose(key))
            self._tick(made, picked is not None and one.key == picked.key)

    def _tick(self, action: QAction, chosen: bool) -> None:
        action.setCheckable(True)
        action.setChecked(chosen)

    def _choose(self, key: str) -> None:
        self._key = key
        self.chosen.emit()


def _there(device: str) -> str:
    return device_title(device).replace("This", "this")
