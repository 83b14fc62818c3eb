"""One candidate on one device: time by layer, end to end, memory and energy, and whether it adds up."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from app import words
from app.heavy import time_head
from app.reasons import Reason, no_faster
from app.study import Candidate
from app.timing_rows import adds_up, comparable, timed_rows
from app.ui import theme
from app.ui.desk import Desk
from app.ui.parts.bars import StackedBar
from app.ui.parts.buttons import link_button, menu_button
from app.ui.parts.card import Card, clear, column, hairline, holder, row, scrolled
from app.ui.parts.columns import MiddleAndRight
from app.ui.parts.error_card import IconLabel
from app.ui.parts.table import table_tools
from app.ui.parts.text import caption, label
from app.ui.plots.layer_bars import LayerBars
from app.ui.plots.run_dots import RunDots
from app.ui.plots.tools import plot_tools
from app.ui.profile_words import NO_METER, energy_line, memory_lines, runs_words, sum_parts, sum_words
from profiler.measurement import Profile


class ProfileRun(QWidget):
    """`against` is remembered while it makes sense: "" is nobody, None the parent."""

    layer_picked = Signal(str)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._against: str | None = None
        self.bars = LayerBars()
        self.bars.picked.connect(self.layer_picked)
        self.others = QMenu(self)
        self.against_button = menu_button("", self.others, plain=True, tip="Whose times the ticks are")
        self.figure, self.unit, self.spread = label("", "figure"), label("ms median", "muted"), label("", "muted")
        self.runs = label("", "caption")
        self.dots = RunDots()
        self.memory, self.reasons = column(gap=10), column(gap=12)
        self.sum_bar = StackedBar("Does it add up?", height=14)
        self.sum_line = row(gap=12)
        self._assemble()

    def _assemble(self) -> None:
        stack = column(self._end_to_end(), self._memory_card(), holder(self.reasons), None, gap=12)
        right = scrolled(holder(stack), sideways=False)
        right.setMinimumWidth(theme.px(280))
        bar = right.verticalScrollBar()  # it lies over the cards' edge: they give way while there is one
        bar.rangeChanged.connect(lambda _, most: stack.setContentsMargins(0, 0, theme.px(14) if most else 0, 0))
        self.columns = MiddleAndRight(
            "profile", self._timing_card(), right, ("Time by layer", "End to end"), right_width=326
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(12))
        layout.addWidget(self.columns, 1)
        layout.addWidget(self._sum_card())

    def _timing_card(self) -> Card:
        card = Card("Time by layer", pad=0, gap=4)
        card.body.setContentsMargins(1, theme.px(8), 1, theme.px(6))
        card.head.setContentsMargins(theme.px(12), 0, theme.px(10), 0)
        card.add_tool(self.against_button)
        for tool in table_tools(self.bars):
            card.add_tool(tool)
        card.body.addWidget(self.bars, 1)
        return card

    def _end_to_end(self) -> Card:
        card = Card("End to end", gap=6)
        card.add_tool(self.runs)
        for tool in plot_tools(self.dots, "runs"):
            card.add_tool(tool)
        for small in (self.unit, self.spread):
            small.setAlignment(Qt.AlignmentFlag.AlignBottom)
            small.setContentsMargins(0, 0, 0, theme.px(4))
        card.add(row(self.figure, self.unit, None, self.spread), self.dots)
        return card

    def _memory_card(self) -> Card:
        card = Card("Energy and memory", gap=10)
        card.body.addLayout(self.memory)
        return card

    def _sum_card(self) -> Card:
        self.sum_card = Card()
        line = row(label("Does it add up?", "heading"), self.sum_bar, self.sum_line, gap=16)
        line.setStretch(1, 1)
        self.sum_card.body.addLayout(line)
        return self.sum_card

    # ------------------------------------------------------------------ showing

    def show_profile(self, candidate: Candidate, profile: Profile) -> None:
        desk = self._desk
        other = self._other(candidate)
        before = desk.study.candidates[other].profiles[desk.device] if other else None
        rows = timed_rows(profile, candidate.breakdown, before)
        self.bars.show_timing(rows, time_head(desk.device), other)
        self.pick(desk.layer)
        self._show_end_to_end(profile)
        self._show_memory(profile)
        self._show_reasons(no_faster(desk.study, candidate.letter, desk.device))
        self._show_sum(profile, candidate)

    def _other(self, candidate: Candidate) -> str:
        """Whose times the ticks are: the chosen one's while it ran here, else the parent's."""
        able = comparable(self._desk.study, candidate.letter, self._desk.device)
        self.others.clear()
        for letter in able:
            title = self._desk.study.candidates[letter].title
            self.others.addAction(f"{letter}  {title}", lambda letter=letter: self._choose(letter))
        self.others.addAction("Nobody", lambda: self._choose(""))
        first = candidate.parent if candidate.parent in able else ""
        chosen = self._against if self._against in able or self._against == "" else first
        self.against_button.setText(f"|  against {chosen}" if chosen else "against nobody")
        self.against_button.setVisible(bool(able))
        return chosen or ""

    def _choose(self, letter: str) -> None:
        self._against = letter
        candidate = self._desk.study.candidates[self._desk.candidate]
        self.show_profile(candidate, candidate.profiles[self._desk.device])

    def pick(self, layer: str) -> None:
        """The selected layer's row, also where it ran fused into another."""
        for timed in self.bars.shown():
            if timed.key == layer or layer in timed.cells["name"].text.split(" + "):
                self.bars.pick(timed.key)
                return
        self.bars.pick("")

    def _show_end_to_end(self, profile: Profile) -> None:
        number, _, unit = words.milliseconds(profile.median_ms).partition(" ")
        self.figure.setText(number)
        self.unit.setText(f"{unit} median")
        low, high = words.milliseconds(profile.p5_ms), words.milliseconds(profile.p95_ms)
        self.spread.setText(f"p5 {low.removesuffix(f' {unit}')}   p95 {high.removesuffix(f' {unit}')}")
        self.runs.setText(runs_words(profile))
        self.dots.show_runs(profile.latencies_ms, profile.p5_ms, profile.median_ms, profile.p95_ms)

    def _show_memory(self, profile: Profile) -> None:
        clear(self.memory)
        energy = energy_line(profile)
        for what, figure, made_of in (energy, *memory_lines(profile)):
            known = figure != words.not_measured
            line = row(label(what, "muted"), None, label(figure, "strong" if known else "muted"))
            if what == energy[0] and not known:
                line.addWidget(link_button("Why?", lambda: self.why.setVisible(self.why.isHidden())))
            self.memory.addLayout(line)
            if made_of:
                self.memory.addWidget(caption(made_of, wrap=True))
            if what == energy[0]:
                self.why = label(NO_METER, "muted", wrap=True)
                self.why.hide()
                self.memory.addWidget(self.why)
                self.memory.addWidget(hairline())

    def _show_reasons(self, reasons: list[Reason]) -> None:
        clear(self.reasons)
        for reason in reasons:
            card = Card()
            line = row(gap=10)
            line.addWidget(IconLabel("lightning", "warn", 20), 0, Qt.AlignmentFlag.AlignTop)
            texts = column(label(reason.title, "strong", wrap=True), label(reason.text, "muted", wrap=True), gap=6)
            line.addLayout(texts, 1)
            card.body.addLayout(line)
            card.setAccessibleName(f"{reason.title} {reason.text}")
            self.reasons.addWidget(card)

    def _show_sum(self, profile: Profile, candidate: Candidate) -> None:
        found = adds_up(profile, candidate.breakdown)
        self.sum_bar.show_parts(sum_parts(found))
        clear(self.sum_line)
        for name, figure in sum_words(found):
            self.sum_line.addLayout(row(label(name, "muted"), label(figure, "strong"), gap=6))
        self.sum_card.setAccessibleName("Does it add up? " + " ".join(f"{n} {f}" for n, f in sum_words(found)))
