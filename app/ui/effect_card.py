"""What a recipe will do, before it has run: counted figures filled, predicted ones hollow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QSizePolicy, QVBoxLayout, QWidget

from app.ui import theme
from app.ui.parts.bars import SizeBar
from app.ui.parts.card import Card, clear, column, hairline, row, scrolled
from app.ui.parts.error_card import IconLabel
from app.ui.parts.text import Elided, caption, label, set_role
from app.words import State

Tone = Literal["good", "warn", "muted"]
GLYPHS = {"good": "check", "warn": "warning"}


@dataclass(frozen=True)
class Effect:
    """One figure: its words, what it was before, its share of that, and one line on it."""

    title: str
    text: str
    unit: str = ""
    before: str = ""
    share: float | None = None
    state: State = "predicted"
    note: str = ""
    tone: Tone = "muted"
    tip: str = ""


@dataclass(frozen=True)
class Remark:
    """A few sentences under the figures."""

    title: str
    text: str
    glyph: str = "info"


class _Figure(QWidget):
    """One effect, updated in place: a drag changes it sixty times a second."""

    def __init__(self) -> None:
        super().__init__()
        self.title, self.text, self.unit = label("", "muted"), label("", "figure"), label("", "muted")
        self.before, self.bar = Elided("", "muted"), SizeBar("")
        self.note = label("", "caption", wrap=True)
        self.glyph = QWidget()
        for words in (self.unit, self.before):
            words.setAlignment(Qt.AlignmentFlag.AlignBottom)
            words.setContentsMargins(0, 0, 0, theme.px(4))
        self._note_row = row(self.note, gap=6)
        layout = column(
            self.title, row(self.text, self.unit, None, self.before, gap=5), self.bar, self._note_row, gap=4
        )
        layout.setContentsMargins(0, theme.px(10), 0, theme.px(10))
        self.setLayout(layout)
        self._tone, self._said = "", "figure"

    def show_effect(self, effect: Effect) -> None:
        self.title.setText(effect.title)
        self.text.setText(effect.text)
        said = "figure" if effect.text[:1].isdigit() or effect.text.startswith("≈") else "muted"
        if said != self._said:
            self._said = said
            set_role(self.text, said)
        self.unit.setText(effect.unit)
        self.before.setText(effect.before)
        self.bar.show_share(effect.share, f"{effect.text} {effect.unit} {effect.before}".strip(), state=effect.state)
        self.bar.setVisible(effect.share is not None)
        self.note.setText(effect.note)
        self.note.setVisible(bool(effect.note))
        self.setToolTip(effect.tip)
        self.setAccessibleName(f"{effect.title}: {effect.text} {effect.unit}, {effect.before}. {effect.note}")
        if effect.tone != self._tone:
            self._mark(effect.tone)

    def _mark(self, tone: Tone) -> None:
        self._tone = tone
        self.note.setProperty("role", tone if tone != "muted" else "caption")
        self.note.style().unpolish(self.note)
        self.note.style().polish(self.note)
        self._note_row.removeWidget(self.glyph)
        self.glyph.deleteLater()
        self.glyph = IconLabel(GLYPHS[tone], tone, 14) if tone in GLYPHS else QWidget()
        self._note_row.insertWidget(0, self.glyph, 0, Qt.AlignmentFlag.AlignTop)
        self.glyph.setVisible(tone in GLYPHS)  # only now: shown without a parent, it would be a window of its own
        self._note_row.setStretch(1, 1)


class EffectCard(Card):
    """`show_effects` puts words and bars; nothing is worked out here."""

    def __init__(self) -> None:
        super().__init__("Predicted effect", gap=0)
        self.add_tool(caption("hollow = predicted"))
        self.figures: list[_Figure] = []
        self._lines: list[QFrame] = []
        self._body = QWidget()
        self._body.setProperty("clear", True)
        self._list = QVBoxLayout(self._body)
        self._list.setContentsMargins(0, 0, theme.px(4), 0)
        self._list.setSpacing(0)
        self._remarks = column(gap=12)
        self._list.addLayout(self._remarks)
        self._list.addStretch(1)
        self.body.addWidget(scrolled(self._body, sideways=False), 1)
        self._remarked: tuple[Remark, ...] = ()
        self.setMinimumWidth(theme.px(252))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)

    def show_effects(self, effects: Sequence[Effect], remarks: Sequence[Remark] = ()) -> None:
        while len(self.figures) < len(effects):
            made = _Figure()
            place = 2 * len(self.figures)
            line = hairline()
            self._list.insertWidget(place, made)
            self._list.insertWidget(place + 1, line)
            self.figures.append(made)
            self._lines.append(line)
        for place, figure in enumerate(self.figures):
            figure.setVisible(place < len(effects))
            self._lines[place].setVisible(place < len(effects))
            if place < len(effects):
                figure.show_effect(effects[place])
        self._remark(tuple(remarks))

    def _remark(self, remarks: tuple[Remark, ...]) -> None:
        if remarks == self._remarked:
            return
        self._remarked = remarks
        clear(self._remarks)
        for remark in remarks:
            box = QFrame()
            box.setProperty("card", "inner")
            words = column(label(remark.title, "strong", wrap=True), label(remark.text, "muted", wrap=True), gap=4)
            inner = row(gap=8)
            inner.setContentsMargins(*[theme.px(p) for p in (12, 10, 12, 10)])
            inner.addWidget(
                IconLabel(remark.glyph, "warn" if remark.glyph == "warning" else "muted"), 0, Qt.AlignmentFlag.AlignTop
            )
            inner.addLayout(words, 1)
            box.setLayout(inner)
            box.setAccessibleName(f"{remark.title} {remark.text}")
            self._remarks.addWidget(box)
        self._remarks.setContentsMargins(0, theme.px(12) if remarks else 0, 0, 0)
