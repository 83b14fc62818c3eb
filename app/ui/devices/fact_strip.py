"""The strip of facts: what a profile was taken on and how, on as many lines as it needs."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QSizePolicy, QWidget

from app import words
from app.ui import theme
from app.ui.parts.card import clear, column, holder, row
from app.ui.parts.error_card import IconLabel
from app.ui.parts.flow import Flow
from app.ui.parts.text import caption, label
from app.ui.profile_words import FactWords

LONGEST = 26  # signs of a fact; the tooltip has all of it


class FactStrip(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.setProperty("clear", True)
        self.setAccessibleName("How it is measured")
        self.shown: tuple[FactWords, ...] = ()
        self._flow = Flow(gap=14, below=6)
        self.setLayout(self._flow)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_facts(self, facts: Sequence[FactWords]) -> None:
        if tuple(facts) == self.shown:
            return
        self.shown = tuple(facts)
        clear(self._flow)
        for fact in facts:
            self._flow.addWidget(_view(fact))
        self.setAccessibleDescription("; ".join(f"{fact.name}: {fact.text}" for fact in facts))
        self.updateGeometry()


def _view(fact: FactWords) -> QWidget:
    """Name above, text below; ✓ or an amber ⚠ beside it."""
    text = label(words.shortened(fact.text, LONGEST), "amber" if fact.fine is False else "strong")
    line = row(text, gap=5)
    if fact.fine is not None:
        line.addWidget(IconLabel("check" if fact.fine else "warning", "good" if fact.fine else "warn"))
    line.addStretch(1)
    made = holder(column(caption(fact.name), line, gap=2))
    made.setToolTip(fact.tip or (fact.text if len(fact.text) > LONGEST else ""))
    made.setAccessibleName(f"{fact.name}: {fact.text}")
    made.setMinimumHeight(theme.px(36))
    return made
