"""The right column of Trade-off: one candidate, where it comes from, and how it stands against the baseline."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMenu, QWidget

from app import words
from app.study import Candidate
from app.ui import theme
from app.ui.desk import Desk
from app.ui.parts.buttons import button, link_button, menu_button
from app.ui.parts.card import Card, clear, column, hairline, holder, row, scrolled
from app.ui.parts.error_card import IconLabel
from app.ui.parts.marker import Marker, look_of
from app.ui.parts.text import Elided, caption, heading, label, set_role
from app.ui.tradeoff_words import Versus, misses, recipe_lines, versus


class CandidateDetail(Card):
    """`export`, `profile` and `packing` (show the packed file, layer by layer) carry the letter."""

    packing = Signal(str)
    use_recipe = Signal(str, str)  # a candidate's recipe, on another
    export = Signal(str)
    profile = Signal(str)

    def __init__(self, desk: Desk) -> None:
        super().__init__(gap=10)
        self._desk, self.letter = desk, ""
        self.marker, self.name = Marker(size=15), Elided("", "title")
        self._line = row(gap=5)
        self._rest = column(gap=8)
        area = scrolled(holder(column(self._rest, None)), sideways=False)
        self.export_button = button("Export…", lambda: self.export.emit(self.letter), glyph="download-simple")
        self.export_button.setToolTip("The network as .onnx, or packed as .nbz")
        self.profile_button = button("Profile again", lambda: self.profile.emit(self.letter), glyph="gauge")
        head = row(self.marker, self.name, gap=8)
        head.setStretch(1, 1)
        self.add(head, self._line, hairline(), area, row(self.export_button, self.profile_button))
        self.body.setStretch(3, 1)
        self.setMinimumWidth(theme.px(264))

    def show_candidate(self, letter: str) -> None:
        study = self._desk.study
        candidate = study.candidates.get(letter)
        if candidate is None:
            return
        self.letter = letter
        self.marker.show_look(look_of(study, letter))
        self.name.setText(f"{letter}  {candidate.title}")
        self._show_lineage(candidate)
        clear(self._rest)
        base = study.baseline
        self._rest.addWidget(heading(f"Against {base.letter}" if base and base.letter != letter else "Baseline"))
        for found in versus(study, letter, self._desk.device):
            self._rest.addWidget(_figure(found))
        if candidate.packed is not None and candidate.packed.layers:
            self._rest.addWidget(
                link_button(
                    "Packed, layer by layer", lambda: self.packing.emit(letter), glyph="table",
                    tip="Original, packed and rate of each tensor, with what index and codebook take",
                )
            )  # fmt: skip
        self._show_recipe(candidate)
        self._show_misses(letter)
        ran = self._desk.device in candidate.profiles
        self.profile_button.setText("Profile again" if ran else f"Profile {letter}")
        self.export_button.setEnabled(candidate.digest is not None)

    def _show_lineage(self, candidate: Candidate) -> None:
        clear(self._line)
        for place, letter in enumerate(self._desk.study.lineage(candidate.letter)):
            if place:
                self._line.addWidget(caption("›"))
            self._line.addWidget(Marker(look_of(self._desk.study, letter), size=10))
            self._line.addWidget(label(letter, "table"))
        profile = candidate.profiles.get(self._desk.device)
        when = f"measured {words.moment(profile.at)}" if profile is not None else words.not_measured
        self._line.addSpacing(theme.px(6))
        self._line.addWidget(Elided(when, "caption"), 1)

    def _show_recipe(self, candidate: Candidate) -> None:
        lines = recipe_lines(candidate)
        if not lines:
            return
        self._rest.addWidget(hairline())
        menu = QMenu(self)
        for other in self._desk.study.shown():
            if other.letter != candidate.letter:
                name = f"{other.letter}  {other.title}"
                menu.addAction(name, lambda to=other.letter: self.use_recipe.emit(candidate.letter, to))
        use = menu_button("Use on", menu, plain=True, tip="This recipe on another candidate, on the Compress page")
        self._rest.addLayout(row(heading("Recipe"), None, use))
        for number, (title, settings) in enumerate(lines, start=1):
            line = row(gap=10)
            line.addWidget(label(str(number), "muted"), 0, Qt.AlignmentFlag.AlignTop)
            line.addLayout(column(label(title, "body", wrap=True), label(settings, "muted", wrap=True), gap=2), 1)
            self._rest.addLayout(line)

    def _show_misses(self, letter: str) -> None:
        said = misses(self._desk.study, letter)
        if said:
            self._rest.addWidget(hairline())
        for sentence in said:
            line = row(gap=8)
            line.addWidget(IconLabel("warning", "warn"), 0, Qt.AlignmentFlag.AlignTop)
            line.addWidget(label(sentence, "strong", wrap=True), 1)
            self._rest.addLayout(line)


def _figure(found: Versus) -> QWidget:
    """A figure on the left, its gain and the note on it on the right."""
    number, unit = label(found.text, "figure"), label(found.unit, "muted")
    if found.text == words.not_measured:
        set_role(number, "muted")
    unit.setAlignment(Qt.AlignmentFlag.AlignBottom)
    unit.setContentsMargins(0, 0, 0, theme.px(4))
    gain, note = label(found.gain, "strong"), caption(found.note, wrap=True)
    for words_ in (gain, note):
        words_.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom)
    made = QWidget()
    line = row(gap=8)
    line.addLayout(column(label(found.title, "muted"), row(number, unit, None, gap=4), gap=2))
    line.addLayout(column(gain, note, gap=2), 1)
    made.setLayout(line)
    made.setAccessibleName(f"{found.title}: {found.text} {found.unit}. {found.gain} {found.note}")
    return made
