"""“Checked before it runs”: short lines with ✓, ✕, ⚠ or ⓘ under the recipe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui import theme
from app.ui.parts.buttons import link_button
from app.ui.parts.card import clear, row
from app.ui.parts.error_card import IconLabel
from app.ui.parts.text import label

Tone = Literal["good", "bad", "warn", "muted"]
GLYPHS: dict[Tone, str] = {"good": "check", "bad": "x", "warn": "warning", "muted": "info"}
SAID: dict[Tone, str] = {"good": "fine", "bad": "stands in the way", "warn": "mind this", "muted": "note"}


@dataclass(frozen=True)
class Check:
    """One line, and what to do about it."""

    text: str
    tone: Tone = "good"
    action: str = ""


class Checks(QWidget):
    """The lines, from top to bottom. `do` is what an action's word does."""

    def __init__(self, do: Callable[[str], None]) -> None:
        super().__init__()
        self._do = do
        self.shown: tuple[Check, ...] = ()
        self._list = QVBoxLayout(self)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(theme.px(8))

    def show_checks(self, checks: Sequence[Check]) -> None:
        if tuple(checks) == self.shown:
            return
        self.shown = tuple(checks)
        clear(self._list)
        for check in checks:
            self._list.addLayout(self._line(check))
        self.setAccessibleName("; ".join(f"{check.text}: {SAID[check.tone]}" for check in checks))

    def _line(self, check: Check):
        line = row(gap=8)
        line.addWidget(IconLabel(GLYPHS[check.tone], check.tone), 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(label(check.text, "bad" if check.tone == "bad" else "muted", wrap=True), 1)
        if check.action:
            line.addWidget(link_button(check.action, lambda: self._do(check.action)), 0, Qt.AlignmentFlag.AlignTop)
        return line
