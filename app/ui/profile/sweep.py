"""One candidate at several batch sizes and numbers of threads: latency and throughput against the batch."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QStackedWidget, QVBoxLayout, QWidget

from app.study import Study
from app.sweep_story import is_same_network, published, sweep_story, sweeps_of
from app.ui import theme
from app.ui.desk import Desk
from app.ui.parts.card import Card, column, holder, row
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.error_card import NoteLine
from app.ui.parts.lines import LineList
from app.ui.parts.marker import look_of
from app.ui.parts.table import DataTable, table_tools
from app.ui.parts.text import Elided, heading, label
from app.ui.plots.curve_legend import CurveLegend
from app.ui.plots.curves import Curves
from app.ui.plots.tools import plot_tools
from app.ui.profile.numbers import Numbers
from app.ui.profile.side import PlotsAndTable
from app.ui.profile.sweep_words import (
    charts,
    columns,
    how_words,
    sweep_line,
    sweep_title,
    table_rows,
    tick_words,
    warning_words,
)
from profiler.measurement import ProfileSettings
from profiler.sweep import Sweep

BATCHES, THREADS = (1, 2, 4, 8, 16), (1,)
MOST_BATCH, MOST_THREADS = 4096, 256
LECTURE = "The lecture’s AlexNet figures"


class ProfileSweep(QWidget):
    """`changed`: the page's button says and does something else now. `settings` are the page's: runs, engine, …"""

    changed = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.settings = ProfileSettings()
        self.batches = Numbers("Batch sizes", BATCHES, MOST_BATCH, "Images in one run, with commas between")
        self.threads = Numbers("Threads", THREADS, MOST_THREADS, "Each batch size runs with each of these")
        self.earlier = LineList("Earlier sweeps")
        self.lecture = QCheckBox(LECTURE)
        self.latency = Curves("Latency against batch size", tick_words, tick_words)
        self.throughput = Curves("Throughput against batch size", tick_words, tick_words)
        self.table = DataTable("sweep", "Sweep", "Order they ran in")
        self.refused = NoteLine("")
        self.how, self.found = Elided("", "caption"), label("", "muted", wrap=True)
        self.empty = EmptyState("", [("Sweep", self.run)], glyph="chart-line")
        self._sweeps: tuple[Sweep, ...] = ()
        self._of = ("", "")
        self._assemble()
        for field in (self.batches, self.threads):
            field.changed.connect(self._tell)
        self.earlier.currentRowChanged.connect(lambda _: self._show_chosen())
        self.lecture.toggled.connect(lambda _: self._show_chosen())
        self.table.picked.connect(self._read)
        for plot in (self.latency, self.throughput):
            plot.picked.connect(self.table.pick)

    @property
    def plot(self) -> Curves:
        """The plot that Copy picture and Export mean: the one that has the focus, else the first that is seen."""
        return self.throughput if self.throughput.hasFocus() or not self.latency.isVisible() else self.latency

    # ------------------------------------------------------------------ made once

    def _assemble(self) -> None:
        side = Card("What to try", pad=16)
        side.setFixedWidth(theme.px(250))
        side.add(self.batches, self.threads, 4, heading("Sweeps so far"), self.earlier, self.lecture)
        self._stack = QStackedWidget()
        nothing = Card()
        nothing.add(self.empty)
        self._stack.addWidget(nothing)
        self._stack.addWidget(self._found())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        line = row(side, self._stack, gap=12)
        line.setStretch(1, 1)
        layout.addLayout(line, 1)

    def _found(self) -> QWidget:
        self.legends = (CurveLegend(), CurveLegend())
        named = (("Latency", self.latency), ("Throughput", self.throughput))
        cards = [self._plot_card(*each, legend) for each, legend in zip(named, self.legends, strict=True)]
        rows = Card("Every point", pad=0, gap=4)
        rows.body.setContentsMargins(1, theme.px(8), 1, theme.px(4))
        rows.head.setContentsMargins(theme.px(12), 0, theme.px(10), 0)
        rows.head.insertWidget(2, self.how)
        for tool in table_tools(self.table):
            rows.add_tool(tool)
        rows.body.addWidget(self.table, 1)
        every = holder(column(self.found, self.refused, rows, gap=8))
        return PlotsAndTable("sweep", cards, every, ("Latency", "Throughput", "Every point"))

    def _plot_card(self, title: str, plot: Curves, legend: CurveLegend) -> Card:
        card = Card(title, gap=4)
        for tool in plot_tools(plot, title.casefold()):
            card.add_tool(tool)
        card.add(legend)
        card.body.addWidget(plot, 1)
        return card

    # ------------------------------------------------------------------ showing

    def show_study(self, study: Study) -> None:
        letter, device = self._desk.candidate, self._desk.device
        if letter not in study.candidates:
            return
        sweeps = sweeps_of(study, letter, device)
        if (letter, device) != self._of:
            self.lecture.blockSignals(True)
            candidate = study.candidates[letter]
            self.lecture.setChecked(any(is_same_network(candidate, one) for one in published()))
            self.lecture.blockSignals(False)
        fresh = (letter, device) != self._of or len(sweeps) != len(self._sweeps)
        self._of, self._sweeps = (letter, device), sweeps
        self.earlier.blockSignals(True)
        self.earlier.show_lines([(*sweep_line(sweep), "") for sweep in sweeps])
        for place, sweep in enumerate(sweeps):
            self.earlier.item(place).setToolTip(f"{sweep_title(sweep)}\n{how_words(sweep)}")
        if fresh:
            self.earlier.setCurrentRow(0)
        self.earlier.blockSignals(False)
        self._show_chosen()

    @property
    def chosen(self) -> Sweep | None:
        place = self.earlier.currentRow()
        return self._sweeps[place] if 0 <= place < len(self._sweeps) else None

    def _show_chosen(self) -> None:
        letter, device = self._desk.candidate, self._desk.device
        sweep = self.chosen
        where = "this computer" if device == "cpu" else device
        self.empty.words.setText(f"{letter} has not been swept on {where}. A sweep tries each batch size in turn.")
        self._show_button()
        self._stack.setCurrentIndex(0 if sweep is None else 1)
        if sweep is None:
            return
        study = self._desk.study
        look, reference = look_of(study, letter), published() if self.lecture.isChecked() else ()
        story = sweep_story(sweep)
        charted = charts(story, look, device, reference)
        for chart, plot, legend in zip(charted, (self.latency, self.throughput), self.legends, strict=True):
            plot.show_chart(chart)
            legend.show_chart(chart)
        self.table.show_columns(columns(device))
        self.table.show_rows(table_rows(story, look, reference))
        self.how.setText(how_words(sweep))
        self.found.setText(story.words)
        self.refused.words.setText(warning_words(sweep, story))
        self.refused.setVisible(bool(self.refused.words.text()))

    def _read(self, key: str) -> None:
        """A row was moved to: its point has the card in the plot that is seen."""
        self.plot.hover(key)

    # ------------------------------------------------------------------ the page's button

    def primary_words(self) -> str:
        return f"Sweeping {self._desk.candidate}…" if self._runs() else f"Sweep {self._desk.candidate}"

    def primary_enabled(self) -> bool:
        return bool(self.batches.numbers and self.threads.numbers and self._desk.candidate) and not self._runs()

    def _runs(self) -> bool:
        letter, device = self._desk.candidate, self._desk.device
        return any(
            view.kind == "sweep" and view.letter == letter and view.device == device and not view.ended
            for view in self._desk.jobs
        )

    def run(self) -> None:
        workbench, letter, device = self._desk.workbench, self._desk.candidate, self._desk.device
        if workbench is not None and self.primary_enabled():
            asked = (self.settings, self.batches.numbers, self.threads.numbers)
            self._desk.with_secret(device, lambda: workbench.sweep(letter, device, *asked))
            self._tell()

    def _tell(self) -> None:
        self._show_button()
        self.changed.emit()

    def _show_button(self) -> None:
        self.empty.buttons[0].setText(self.primary_words())
        self.empty.buttons[0].setEnabled(self.primary_enabled())
