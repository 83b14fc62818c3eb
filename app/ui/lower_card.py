"""The lower card of Compress: the layers’ shares, the other settings of a step, or how the learning goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QStackedWidget, QWidget

from app import words
from app.ui import theme
from app.ui.compress_words import learning_words
from app.ui.desk import Desk
from app.ui.knob_table import KnobTable
from app.ui.parts.buttons import link_button
from app.ui.parts.card import Card, column, holder, row, scrolled
from app.ui.parts.segmented import Segmented
from app.ui.parts.text import Elided
from app.ui.plots.spares import take
from app.ui.plots.tools import plot_tools
from app.ui.plots.training_curves import TrainingCurves
from app.ui.step_form import StepForm

if TYPE_CHECKING:
    from app.workbench import JobView

PAGES = {"layers": "Layers", "more": "Training and more", "learning": "Learning"}


class LowerCard(Card):
    """Follows the job of the last run. `failed` carries its view, when it has failed."""

    failed = Signal(object)

    def __init__(self, desk: Desk, sliders: QWidget, knobs: KnobTable) -> None:
        """`sliders` are magnitude pruning's layers, `knobs` those of any other method that has settings by layer."""
        super().__init__(pad=0, gap=0)
        self._desk = desk
        self.layers = QStackedWidget()
        self.layers.addWidget(sliders)
        self.layers.addWidget(knobs)
        self.has_layers = self.has_more = False
        self._links = knobs.links
        self.more = StepForm()
        self.job = ""
        self._curves: TrainingCurves | None = None
        self._tools: tuple[QPushButton, ...] = ()
        self.learning = Elided("", "muted", Qt.TextElideMode.ElideRight)
        self.see = link_button("", self._see)
        self.tabs = Segmented(list(PAGES.items()), "Lower card")
        self.pages = QStackedWidget()
        self._assemble()
        self.tabs.chosen.connect(lambda _: self.refresh())
        desk.jobs_changed.connect(self.show_learning)

    def _assemble(self) -> None:
        self.body.setContentsMargins(1, theme.px(10), 1, theme.px(6))
        self._head = row(self.tabs, self.learning, self.see, self._links)
        self._head.setStretch(1, 1)
        self._head.setStretch(3, 1)
        self._head.addStretch(0)  # the tabs stay left while nothing is learnt
        self._head.setContentsMargins(theme.px(14), 0, theme.px(14), theme.px(4))
        settings = column(self.more, None)
        settings.setContentsMargins(*[theme.px(p) for p in (14, 6, 14, 6)])
        self._around = column()
        self._around.setContentsMargins(*[theme.px(p) for p in (8, 6, 14, 8)])
        for page in (self.layers, scrolled(holder(settings)), holder(self._around)):
            self.pages.addWidget(page)
        self.add(self._head, self.pages)

    @property
    def curves(self) -> TrainingCurves:
        """Made when something first learns: two plots cost more than the rest of the page."""
        if self._curves is None:
            self._curves = take(TrainingCurves)
            self._around.addWidget(self._curves)
            self._tools = plot_tools(self._curves, "training")
            for tool in self._tools:
                self._head.addWidget(tool)
        return self._curves

    def prepare(self) -> None:
        """Make the curves of a training: later, they would hold the window up."""
        if self._curves is None and self.curves:
            self.refresh()

    @property
    def at_learning(self) -> bool:
        return self.tabs.key == "learning"

    @property
    def is_running(self) -> bool:
        view = self._view()
        return view is not None and not view.ended

    def suit(self, *, pruning: bool, by_layer: bool, more: bool) -> None:
        """What the picked step has: sliders of shares, settings by layer, settings that its editor does not draw."""
        self.layers.setCurrentIndex(0 if pruning else 1)
        self.has_layers, self.has_more = pruning or by_layer, more

    def refresh(self) -> None:
        """Layers and settings belong to some steps; learning is there once something has learnt."""
        learned = self.is_running or (self._curves is not None and bool(self._curves.loss.values))
        mine = self.has_layers
        self.tabs.button("layers").setVisible(mine)
        self.tabs.button("more").setVisible(self.has_more)
        self.tabs.button("learning").setVisible(learned)
        if not mine and learned:
            self.tabs.choose("learning")
        elif mine and not learned and self.at_learning:
            self.tabs.choose("layers")
        if self.tabs.key == "more" and not self.has_more:
            self.tabs.choose("layers" if mine else "learning")
        self.setVisible(mine or learned)
        for tool in self._tools:
            tool.setVisible(self.at_learning)
        self.learning.setVisible(self.at_learning)
        self._links.setVisible(self.tabs.key == "layers" and self.layers.currentIndex() == 1)
        view = self._view()
        done = view is not None and view.state == "done" and view.letter in self._desk.study.candidates
        self.see.setVisible(self.at_learning and done)
        self.see.setText(f"See {view.letter} on Trade-off" if view is not None and done else "")
        self.pages.setCurrentIndex(list(PAGES).index(self.tabs.key))

    # ------------------------------------------------------------------ while it runs

    def follow(self, job: str) -> None:
        """Show how this job learns, from now on."""
        self.job = job
        self.curves.show_history(())
        self.tabs.choose("learning")
        self.show_learning()

    def _view(self) -> JobView | None:
        return next((view for view in self._desk.jobs if view.job == self.job), None)

    def show_learning(self) -> None:
        view = self._view()
        if view is None:
            return
        base = self._desk.study.baseline
        measured = base.evaluation if base else None
        level = measured.accuracy if measured else None
        name = f"{base.letter} {words.percent(level)}, {measured.split}" if base and measured else ""
        self.curves.show_history(view.history, level, name)
        self.learning.setText(learning_words(view))
        if view.state == "failed":
            self.job = ""
            self.failed.emit(view)
        self.refresh()

    def _see(self) -> None:
        """To the new candidate, once a person asks: the page is never switched under them."""
        view = self._view()
        if view is not None:
            self._desk.select_candidate(view.letter)
            self._desk.set_page("tradeoff")
