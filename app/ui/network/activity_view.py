"""Activity: what is not zero on real images, layer by layer, and which operations are really needed."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QMenu, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from app import words
from app.activity_story import RANDOM, activity_rows, headline, is_random, looked_at
from app.facts import ActivityMeasured
from app.jobs import JobView
from app.study import Candidate
from app.ui import theme
from app.ui.desk import Desk
from app.ui.network import activity_table
from app.ui.network.activity_chart import ActivityChart
from app.ui.network.job_line import JobLine
from app.ui.network.no_data import digits_fit
from app.ui.network.view import View
from app.ui.parts.buttons import menu_button
from app.ui.parts.card import Card, clear, column, holder, row
from app.ui.parts.empty_state import Action, EmptyState
from app.ui.parts.error_card import NoteLine
from app.ui.parts.segmented import Segmented
from app.ui.parts.table import DataTable, TableCard
from app.ui.parts.text import Elided
from app.ui.plots.tools import copy_picture, export_plot, plot_tools

NEED_IMAGES = "Shares of non-zero activations need images."
SAMPLES = 500  # as many as the first button says
OFFERED = (100, SAMPLES, 2000)
BARS = "Act% behind activation function and pooling · FLOP% = Weights% · Act% of what it reads"
BOTH = 380  # px at 100 %: below this there is room for the chart or the table
LEAST = 160
WAYS = (("table", "Table"), ("chart", "Chart"))


class ActivityView(View):
    """Empty until images were run; then the lecture's table and its drawing, which follow the newest measurement."""

    key: ClassVar[str] = "activity"
    title: ClassVar[str] = "Activity"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.candidate: Candidate | None = None
        self.other: Candidate | None = None
        self.headline, self.images = Elided("", "strong"), Elided("", "muted", Qt.TextElideMode.ElideRight)
        self.way = Segmented(WAYS, "Activity as")
        self.again = QMenu()
        self.again_button = menu_button("Measure again", self.again, tip="On other images, or more of them")
        self.chart = ActivityChart()
        self.table = DataTable("activity", "Activity")
        self.rows = TableCard(self.table, BARS, thing="layer", filtered=False)
        self.running, self.waited = JobLine(desk), JobLine(desk)
        self.random = NoteLine(f"{RANDOM[0].upper()}{RANDOM[1:]}")
        self._empty = column(gap=0)
        self._situation: tuple = ()
        self._build()
        self._connect()

    # ---- building

    def _build(self) -> None:
        line = row(self.headline, self.images, self.way, self.again_button, gap=12)
        line.setStretch(1, 1)
        self.plot = Card("Layer by layer", pad=14, gap=4)
        for tool in plot_tools(self.chart, "activity"):
            self.plot.add_tool(tool)
        self.plot.add(self.chart)
        self.plot.body.setStretch(1, 1)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setHandleWidth(theme.px(12))
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setMinimumHeight(theme.px(LEAST))  # less than both need, so that a low window can hide one
        for place, part in enumerate((self.plot, self.rows)):
            self.splitter.addWidget(part)
            self.splitter.setStretchFactor(place, 1)
        shown = column(line, row(self.running, None), self.random, self.splitter, gap=8)
        shown.setStretch(3, 1)
        waiting = column(None, row(None, self.waited, None), None)
        stack = QWidget()
        stack.setProperty("clear", True)
        self._stack = QStackedLayout(stack)
        for page in (shown, waiting, self._empty):
            self._stack.addWidget(holder(page))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(stack)

    def _connect(self) -> None:
        self.desk.jobs_changed.connect(self._jobs_changed)
        self.way.chosen.connect(lambda _: self._arrange())
        self.again.aboutToShow.connect(self._offer)
        for part in (self.chart, self.table):
            part.picked.connect(self.picked)
            part.opened.connect(self.opened)
        self.rows.cleared.connect(self._clear_kind)

    # ---- showing

    def show_candidate(self, candidate: Candidate, other: Candidate | None) -> None:
        self.candidate, self.other = candidate, other
        found = candidate.activity
        if found is not None:
            self._show_measured(candidate, found)
        self._show_stage()

    def _show_measured(self, candidate: Candidate, fact: ActivityMeasured) -> None:
        found, convention = fact.activity, self.desk.convention
        other = self.other.activity.activity if self.other is not None and self.other.activity is not None else None
        self.headline.setText(headline(found))
        self.images.setText(looked_at(fact))
        self.chart.show_layers(activity_rows(found))
        self.table.show_columns(activity_table.columns(convention, self.other.letter if self.other and other else ""))
        made = activity_table.rows(found, candidate.breakdown, convention, other)
        self.table.show_rows(made, activity_table.total(found, candidate.breakdown, convention, other))
        self.rows.apply_filter()
        self.random.setVisible(is_random(self.desk.study, candidate.letter))
        self._arrange()

    def _jobs_changed(self) -> None:
        if self.candidate is not None and self.isVisible():
            self._show_stage()

    def _show_stage(self) -> None:
        """The figures, the job that makes them, or what is missing."""
        if self.candidate is None:
            return
        job, measured = self._job(), self.candidate.activity is not None
        for line in (self.running, self.waited):
            line.setVisible(job is not None)
            if job is not None:
                line.show_job(job)
        self.again_button.setEnabled(job is None)
        self._stack.setCurrentIndex(0 if measured else 1 if job is not None else 2)
        if not measured and job is None:
            self._show_empty()

    def _job(self) -> JobView | None:
        """What runs or waits and will change this view: a measurement, or the reading of the images for one."""
        assert self.candidate is not None
        letter = self.candidate.letter
        return next((job for job in self.desk.jobs if not job.ended and _is_of(job, letter)), None)

    def _show_empty(self) -> None:
        """The exact words, and what to do first: choose images, or run them."""
        assert self.candidate is not None
        data, splits = self._data(), self._splits()
        situation = (data, tuple(splits.items()), digits_fit(self.candidate.breakdown))
        if situation == self._situation:
            return
        self._situation = situation
        actions: list[Action] = [("Choose data…", self.data_wanted.emit)]
        if data is None and situation[2]:
            actions.append(("Use digits", self._use_digits))
        elif data is not None:
            split, count = _first(splits)
            actions = [(f"Measure on {words.plural(count, 'image')}", lambda: self.measure(split, count))]
        clear(self._empty)
        self._empty.addWidget(EmptyState(NEED_IMAGES, actions, glyph="image", primary=True))

    # ---- measuring

    def _data(self) -> str | None:
        return self.desk.study.data.data if self.desk.study.data is not None else None

    def _splits(self) -> dict[str, int]:
        return dict(self.desk.study.data.samples) if self.desk.study.data is not None else {}

    def _offer(self) -> None:
        """As many images as one may want, of each split."""
        self.again.clear()
        for split, there in (self._splits() or {"test": SAMPLES}).items():
            for count in [*(count for count in OFFERED if count < there), there]:
                name = f"All {words.plural(count, 'image')}" if count == there else words.plural(count, "image")
                self.again.addAction(f"{name}, {split}", lambda split=split, count=count: self.measure(split, count))
            self.again.addSeparator()
        self.again.addAction("Choose other data…", self.data_wanted.emit)

    def measure(self, split: str = "test", samples: int = SAMPLES) -> None:
        """Run images of a split through the candidate."""
        if self.desk.workbench is not None and self.candidate is not None:
            self.desk.workbench.activity(self.candidate.letter, split, samples)

    def _use_digits(self) -> None:
        if self.desk.workbench is not None:
            self.desk.workbench.choose_data("digits")

    # ---- room

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """Chart and table; where it is low, the one that was chosen."""
        low = self.height() < theme.px(BOTH)
        self.way.setVisible(low)
        self.plot.setVisible(not low or self.way.key == "chart")
        self.rows.setVisible(not low or self.way.key == "table")

    # ---- one selection

    def select(self, layer: str) -> None:
        self.chart.select(layer)
        self.table.pick(layer)

    def filter_kind(self, kind: str) -> None:
        self.chart.choose_kind(kind)
        self.rows.filter_kind(kind)

    def _clear_kind(self) -> None:
        self.chart.choose_kind("")
        self.cleared.emit()

    def next_layer(self, by: int) -> None:
        if self.rows.isVisibleTo(self):
            self.table.step(by)
        else:
            self.chart.step(by)

    def copy_rows(self) -> bool:
        self.table.copy()
        return self._stack.currentIndex() == 0

    def copy_picture(self) -> bool:
        if self._stack.currentIndex() != 0:
            return False
        copy_picture(self.chart if self.plot.isVisibleTo(self) else self.rows)
        return True

    def export(self) -> bool:
        if self._stack.currentIndex() != 0:
            return False
        if self.table.view.hasFocus() or not self.plot.isVisibleTo(self):
            return self.table.export() is not None
        return export_plot(self.chart, "activity") is not None

    def escape(self) -> bool:
        return self.rows.clear_filter()


def _is_of(job: JobView, letter: str) -> bool:
    return job.kind == "data" or (job.kind == "activity" and job.letter == letter)


def _first(splits: dict[str, int]) -> tuple[str, int]:
    """The split that is looked at first, and how many images of it."""
    split = "test" if "test" in splits or not splits else next(iter(splits))
    return split, min(SAMPLES, splits.get(split, SAMPLES))
