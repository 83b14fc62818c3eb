"""Two or more candidates timed in turn, so that a drifting machine is fair to all: ratios with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QSpinBox, QVBoxLayout, QWidget

from app import words
from app.against import oriented
from app.facts import Compared
from app.heavy import time_head
from app.study import Study
from app.ui import theme
from app.ui.desk import Desk
from app.ui.parts.card import Card, clear, column, holder, row, scrolled
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.marker import Marker, look_of
from app.ui.parts.table import Cell, Column, DataTable, Row, table_tools
from app.ui.parts.text import caption, label
from app.ui.plots.tools import plot_tools
from app.ui.plots.whiskers import Pair, Whiskers
from profiler.measurement import ProfileSettings

ROUNDS = 20
FEWEST = "Pick two or more candidates. They run in turn, A B A B …, so that a drifting machine is fair to all."


class ProfileCompare(QWidget):
    """`changed` comes when other candidates are picked; the page's button then names them."""

    changed = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.settings = ProfileSettings()  # the page's
        self.boxes: dict[str, QCheckBox] = {}
        self._list = column(gap=4)
        self.rounds = QSpinBox()
        self.rounds.setRange(5, 1000)
        self.rounds.setValue(ROUNDS)
        self.rounds.setAccessibleName("Rounds")
        self.rounds.setMinimumHeight(theme.px(theme.CONTROL - 2))
        self.plot = Whiskers()
        self.table = DataTable("comparison", "Times in turn", "Order of birth")
        self.words, self.when = label("", "muted", wrap=True), caption("")
        self.empty = EmptyState(FEWEST, glyph="arrows-left-right")
        self._assemble()

    def _assemble(self) -> None:
        area = scrolled(holder(column(self._list, None)))
        pick = Card("Candidates", "at least two", pad=16)
        pick.setFixedWidth(theme.px(250))
        pick.add(area, row(label("Rounds", "muted"), self.rounds, None))
        self.found = Card("Times faster")
        self.found.add_tool(self.when)
        for tool in plot_tools(self.plot, "ratios"):
            self.found.add_tool(tool)
        self.found.add(self.plot, self.words)
        times = Card("Times in turn", pad=0, gap=4)
        times.body.setContentsMargins(1, theme.px(8), 1, theme.px(4))
        times.head.setContentsMargins(theme.px(12), 0, theme.px(10), 0)
        for tool in table_tools(self.table):
            times.add_tool(tool)
        times.body.addWidget(self.table, 1)
        self.shown = holder(column(self.found, times, gap=12))
        self.shown.layout().setStretch(1, 1)  # type: ignore[union-attr]
        self.nothing = Card()
        self.nothing.add(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        line = row(pick, self.shown, self.nothing, gap=12)
        line.setStretch(1, 1)
        line.setStretch(2, 1)
        layout.addLayout(line, 1)

    @property
    def letters(self) -> tuple[str, ...]:
        """The picked candidates, in order of birth."""
        return tuple(letter for letter, box in self.boxes.items() if box.isChecked())

    def show_study(self, study: Study) -> None:
        wanted = [candidate.letter for candidate in study.shown()]
        if list(self.boxes) != wanted:
            self._build(study, wanted)
        for letter in wanted:
            self.boxes[letter].setText(f"{letter}  {study.candidates[letter].title}")
        self._show_found(study)

    def _build(self, study: Study, wanted: Sequence[str]) -> None:
        picked = set(self.letters) or {wanted[0], self._desk.candidate} if wanted else set()
        clear(self._list)
        self.boxes = {}
        for letter in wanted:
            box = QCheckBox()
            box.setChecked(letter in picked)
            box.setMinimumHeight(theme.px(26))
            box.toggled.connect(lambda _: self._picked())
            self.boxes[letter] = box
            self._list.addLayout(row(Marker(look_of(study, letter)), box, None, gap=6))

    def _picked(self) -> None:
        self._show_found(self._desk.study)
        self.changed.emit()

    def primary_words(self) -> str:
        letters = self.letters
        return f"Compare {words.listed(letters)}" if len(letters) < 4 else f"Compare {len(letters)}"

    def primary_enabled(self) -> bool:
        return len(self.letters) > 1

    def run(self) -> None:
        """Time the picked ones in turn."""
        workbench, device = self._desk.workbench, self._desk.device
        if workbench is not None:
            letters, settings, rounds = self.letters, self.settings, self.rounds.value()
            self._desk.with_secret(device, lambda: workbench.compare(letters, device, settings, rounds))

    def newest(self, study: Study) -> Compared | None:
        """The newest comparison in which all picked candidates ran."""
        wanted = set(self.letters)
        found = [c for c in study.comparisons if c.device == self._desk.device and wanted <= set(c.letters)]
        return found[-1] if found and len(wanted) > 1 else None

    def _show_found(self, study: Study) -> None:
        found = self.newest(study)
        self.shown.setVisible(found is not None)
        self.nothing.setVisible(found is None)
        if found is None:
            enough = len(self.letters) > 1
            here = "this computer" if self._desk.device == "cpu" else self._desk.device
            not_yet = f"{words.listed(self.letters)} have not run in turn on {here}."
            self.empty.words.setText(not_yet if enough else FEWEST)
            return
        first, *rest = self.letters
        comparison = found.comparison
        label_of = dict(zip(found.letters, comparison.networks, strict=True))
        pairs = [Pair(f"{b} to {first}", r) for b in rest if (r := oriented(comparison, label_of[first], label_of[b]))]
        self.plot.show_pairs(pairs)
        rounds = len(comparison.rounds_ms[0])
        self.when.setText(f"{words.plural(rounds, 'round')} in turn, {words.moment(comparison.at)}")
        self.words.setText(
            "A whisker across “same” is a difference inside the noise. Time of the first ÷ time of the other."
        )
        self._show_times(study, found)

    def _show_times(self, study: Study, found: Compared) -> None:
        self.table.show_columns([
            Column("name", "Candidate", left=True, width=220),
            Column("median", f"{time_head(found.device)}, median", bar=True, width=150, unit="ms"),
            Column("rounds", "Rounds", width=90),
        ])  # fmt: skip
        rows = [
            Row(
                letter,
                {
                    "name": Cell(
                        f"{letter}  {study.candidates[letter].title}" if letter in study.candidates else letter
                    ),
                    "median": Cell(words.milliseconds(median(times)), median(times), state="measured"),
                    "rounds": Cell(str(len(times)), len(times)),
                },
                look_of(study, letter),
            )
            for letter, times in zip(found.letters, found.comparison.rounds_ms, strict=True)
            if letter in self.letters
        ]
        self.table.show_rows(rows)

    def pick(self, letters: Sequence[str]) -> None:
        """Choose just these."""
        for letter, box in self.boxes.items():
            box.setChecked(letter in letters)
