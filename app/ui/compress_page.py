"""Compress: make a new candidate. The recipe on the left, the picked step in the middle, its effect on the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QLayout,
    QMenu,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app import words
from app.estimate import time_needed
from app.predict import weighted_layers
from app.study import Candidate
from app.ui import theme
from app.ui.add_step import AddButton, AddStep
from app.ui.checks import Checks
from app.ui.compress_words import checks_of, effects_of, learning_words
from app.ui.desk import Desk
from app.ui.draft import Draft, knobs_of, value_of
from app.ui.effect_card import EffectCard
from app.ui.histograms import Histograms
from app.ui.page import Page
from app.ui.parts.buttons import button, icon_button, link_button, menu_button, primary_button
from app.ui.parts.card import Card, clear, column, holder, row
from app.ui.parts.columns import MiddleAndRight
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.error_card import ErrorCard
from app.ui.parts.marker import Marker, look_of
from app.ui.parts.segmented import Segmented
from app.ui.parts.text import Elided, label
from app.ui.plots.histogram import Histogram
from app.ui.plots.spares import take
from app.ui.plots.tools import copy_picture, export_plot, plot_tools
from app.ui.plots.training_curves import TrainingCurves
from app.ui.pruning_editor import DRAWN, PruningEditor
from app.ui.recipe_list import RecipeList
from app.ui.step_form import StepForm
from compressors.method import find
from compressors.recipe import Recipe, problems, read, write
from profiler.errors import BadInput

if TYPE_CHECKING:
    from app.workbench import JobView

EMPTY = "A recipe is a list of steps. Start with one."
RECIPE_FILES = "Recipe (*.toml)"


def scrolled(layout: QLayout, edge: int = 0) -> QScrollArea:
    """What may be taller than its card."""
    inner = holder(layout)
    layout.setContentsMargins(*[theme.px(p) for p in (edge, 6 if edge else 0, edge, 6 if edge else 0)])
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(inner)
    return area


class CompressPage(Page):
    key: ClassVar[str] = "compress"
    title: ClassVar[str] = "Compress"
    icon: ClassVar[str] = "ph.scissors"
    spares = (Histogram, TrainingCurves)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.draft, self.histograms = Draft(), Histograms(desk)
        self.parent_letter, self.job = "", ""
        self._make_parts()
        self._assemble()
        self._connect()
        self.freshen()

    # ------------------------------------------------------------------ building

    def _make_parts(self) -> None:
        self.marker, self.parents = Marker(), QMenu(self)
        self.from_button = menu_button("", self.parents, plain=True, tip="The candidate that the recipe starts from")
        self.time = label("", "muted")
        self.undo_button = button("Undo", self.undo, glyph="arrow-u-up-left", tip="Take back the last change (Ctrl+Z)")
        self.save_button = button("Save recipe", self.save_recipe, glyph="download-simple", tip="Write it as a file")
        self.run_button = primary_button("Run recipe", self.primary, glyph="play", tip="Ctrl+Return")
        self.list = RecipeList(self.draft)
        self.add_button, self.add_step = AddButton(), AddStep(self)
        self.checks = Checks(self._do)
        self.editor = PruningEditor(self.desk, self.draft, self.histograms)
        self.form, self.more = StepForm(), StepForm()
        self.form_title, self.form_words = label("", "title"), label("", "muted", wrap=True)
        self.effects = EffectCard()
        self._curves: TrainingCurves | None = None
        self.learning = Elided("", "muted", Qt.TextElideMode.ElideRight)
        self.see = link_button("", self._see)
        self.shown_below = Segmented(
            [("layers", "Layers"), ("more", "Training and rounds"), ("learning", "Learning")], "Lower card"
        )
        self._notices = column(gap=8)

    def _assemble(self) -> None:
        body = QWidget()
        inner = row(gap=12)
        inner.addWidget(self._recipe_card(), 0)
        inner.addWidget(self._middle(), 1)
        body.setLayout(inner)
        self.columns = MiddleAndRight("compress", body, self.effects, ("Recipe", "Effect"), right_width=268)
        layout = QVBoxLayout(self)
        edge = theme.px(theme.MARGIN)
        layout.setContentsMargins(edge, theme.px(12), edge, theme.px(16))
        layout.setSpacing(theme.px(12))
        layout.addLayout(self._head())
        layout.addLayout(self._notices)
        layout.addWidget(self.columns, 1)

    def _head(self):
        source = row(label("from", "muted"), self.marker, self.from_button, None, gap=6)
        names = column(label("New candidate", "page"), source, gap=0)
        head = row(names, None, self.time, self.undo_button, self.save_button, self.run_button)
        head.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        return head

    def _recipe_card(self) -> Card:
        card = Card("Recipe", "top to bottom", pad=12)
        card.add_tool(icon_button("folder-open", "Open a recipe…", self.ask_recipe))
        card.setFixedWidth(theme.px(256))
        self.checked = holder(column(label("Checked before it runs", "heading"), self.checks, gap=12))
        card.add(self.list, self.add_button, None, self.checked)
        return card

    def _middle(self) -> QWidget:
        self.upper = QStackedWidget()
        form = scrolled(column(self.form_title, self.form_words, self.form, None, gap=12))
        actions = [("Add step", self.ask_step), ("Open a recipe…", self.ask_recipe)]
        self.no_step = EmptyState(EMPTY, actions, glyph="scissors", primary=True)
        for page in (self.editor, form, self.no_step):
            self.upper.addWidget(page)
        top, self.bottom = Card(gap=0), Card(pad=0, gap=0)
        top.add(self.upper)
        self.bottom.body.setContentsMargins(1, theme.px(10), 1, theme.px(6))
        self._tools: tuple[QPushButton, ...] = ()
        self._below_head = row(self.shown_below, self.learning, self.see)
        self._below_head.setStretch(1, 1)
        head = self._below_head
        head.setContentsMargins(theme.px(14), 0, theme.px(14), theme.px(4))
        self.pages = QStackedWidget()
        more = scrolled(column(self.more, None), 14)
        self._around = column()
        self._around.setContentsMargins(*[theme.px(p) for p in (8, 6, 14, 8)])
        curves = holder(self._around)
        for page in (self.editor.sliders, more, curves):
            self.pages.addWidget(page)
        self.bottom.add(head, self.pages)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setHandleWidth(theme.px(12))
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(top)
        self.splitter.addWidget(self.bottom)
        self.splitter.setSizes([theme.px(410), theme.px(250)])
        self.splitter.setStretchFactor(0, 1)
        return self.splitter

    @property
    def curves(self) -> TrainingCurves:
        """Made when something first learns: two plots cost more than the rest of the page."""
        if self._curves is None:
            self._curves = take(TrainingCurves)
            self._around.addWidget(self._curves)
            self._tools = plot_tools(self._curves, "training")
            for tool in self._tools:
                self._below_head.addWidget(tool)
        return self._curves

    def _connect(self) -> None:
        desk = self.desk
        desk.study_changed.connect(self.freshen)
        desk.study_opened.connect(self._forget)
        desk.candidate_changed.connect(self._candidate_moved)
        desk.jobs_changed.connect(self._show_learning)
        desk.device_changed.connect(lambda _: self._show_effect())
        self.add_button.clicked.connect(self.ask_step)
        self.add_step.chosen.connect(lambda key: self.draft.add(key, self._has_data()))
        self.draft.changed.connect(self._changed)
        self.draft.step_picked.connect(lambda _: self._step_picked())
        self.histograms.arrived.connect(lambda letter, _: letter == self.parent_letter and self._show_effect())
        self.histograms.failed.connect(self.show_error)
        self.form.edited.connect(self._edit)
        self.more.edited.connect(self._edit)
        self.shown_below.chosen.connect(lambda _: self._show_lower())

    # ------------------------------------------------------------------ what there is

    def prepare(self) -> None:
        """The curves of a training, and the histogram's first painting: later, they would hold the window up."""
        if self._curves is None and self.curves:
            self._show_lower()
        QTimer.singleShot(50, self.editor.plot.grab)

    @property
    def source(self) -> Candidate | None:
        """The candidate that the recipe starts from."""
        return self.desk.study.candidates.get(self.parent_letter)

    def _has_data(self) -> bool:
        return self.desk.study.data is not None

    def _candidate_moved(self, letter: str) -> None:
        """What is selected is what the next version is made from, until a recipe is being written."""
        if not self.draft.steps:
            self.start_from(letter)

    def start_from(self, letter: str) -> None:
        """Make the new candidate from this one."""
        if letter != self.parent_letter:
            self.parent_letter = letter
            self.refresh()

    def _forget(self) -> None:
        """Another study: a recipe written for this one stays, what it starts from does not."""
        self.parent_letter, self.job = "", ""

    # ------------------------------------------------------------------ showing

    def refresh(self) -> None:
        if self.parent_letter not in self.desk.study.candidates:
            self.parent_letter = self.desk.candidate
        source = self.source
        self.setEnabled(source is not None)
        if source is None:
            return
        self._show_source(source)
        self.editor.show_parent(source)
        self._changed()
        self._show_step()

    def _show_source(self, source: Candidate) -> None:
        self.marker.show_look(look_of(self.desk.study, source.letter))
        self.from_button.setText(f"{source.letter}  {source.title}")
        self.parents.clear()
        for candidate in self.desk.study.shown():
            name = f"{candidate.letter}  {candidate.title}"
            self.parents.addAction(name, lambda letter=candidate.letter: self.start_from(letter))

    def _changed(self) -> None:
        """After every change of the draft, also in the middle of a drag."""
        some = bool(self.draft.steps)
        self.list.setVisible(some)
        self.checked.setVisible(some)
        self.undo_button.setEnabled(self.draft.can_undo)
        self.save_button.setEnabled(some)
        if self.source is None:
            return
        found = self._problems()
        self.checks.show_checks(checks_of(self.source, self.desk.study, self.draft.steps, found) if some else ())
        self.run_button.setEnabled(any(s.get("enabled", True) for s in self.draft.steps) and not found)
        self.time.setText(time_needed(self.desk.study, self.draft.plain()) if some and not found else "")
        self._show_forms()
        self._show_effect()

    def _problems(self) -> list[str]:
        """Why the recipe cannot run, as sentences."""
        assert self.source is not None
        try:
            recipe = Recipe.from_plain(self.draft.plain())
        except BadInput as error:
            return [str(error)]
        return [said for _, said in problems(recipe, self.source.breakdown, self._has_data())]

    def _show_step(self) -> None:
        step = self.draft.step
        self.editor.refresh()
        self._show_forms()
        self.upper.setCurrentIndex(2 if step is None else 0 if self.editor.is_mine else 1)
        self._show_lower()

    def _step_picked(self) -> None:
        """Whoever picks a step wants to see it; what was learnt stays a click away."""
        if self.editor.is_mine and not self._is_running():
            self.shown_below.choose("layers")
        self._show_step()

    def _show_forms(self) -> None:
        step = self.draft.step
        if step is None:
            return
        cls, knobs = find(step["method"]), knobs_of(step)
        self.form_title.setText(cls.title)
        self.form_words.setText(cls.gain)
        form = self.more if self.editor.is_mine else self.form
        form.show_knobs(knobs, {k.name: value_of(step, k) for k in knobs}, DRAWN if self.editor.is_mine else ())

    def _show_lower(self) -> None:
        """Layers and settings belong to pruning; learning is there once something has learnt."""
        learned = self._is_running() or (self._curves is not None and bool(self._curves.loss.values))
        mine = self.editor.is_mine
        self.shown_below.button("layers").setVisible(mine)
        self.shown_below.button("more").setVisible(mine)
        self.shown_below.button("learning").setVisible(learned)
        if not mine and learned:
            self.shown_below.choose("learning")
        elif mine and not learned and self.shown_below.key == "learning":
            self.shown_below.choose("layers")
        self.bottom.setVisible(mine or learned)
        at_curves = self.shown_below.key == "learning"
        for tool in self._tools:
            tool.setVisible(at_curves)
        self.learning.setVisible(at_curves)
        view = self._view()
        done = view is not None and view.state == "done" and view.letter in self.desk.study.candidates
        self.see.setVisible(at_curves and done)
        self.see.setText(f"See {view.letter} on Trade-off" if view is not None and done else "")
        self.pages.setCurrentIndex({"layers": 0, "more": 1, "learning": 2}[self.shown_below.key])

    def _show_effect(self) -> None:
        if self.source is None:
            return
        known = self.histograms.of(self.source.letter)
        effects, remarks = effects_of(self.source, known, self.draft.plain(), self.desk.device)
        self.effects.show_effects(effects, remarks)

    # ------------------------------------------------------------------ while it runs

    def _view(self) -> JobView | None:
        return next((view for view in self.desk.jobs if view.job == self.job), None)

    def _is_running(self) -> bool:
        view = self._view()
        return view is not None and not view.ended

    def _show_learning(self) -> None:
        view = self._view()
        if view is None:
            return
        base = self.desk.study.baseline
        measured = base.evaluation if base else None
        level = measured.accuracy if measured else None
        name = f"{base.letter} {words.percent(level)}, {measured.split}" if base and measured else ""
        self.curves.show_history(view.history, level, name)
        self.learning.setText(learning_words(view))
        if view.state == "failed":
            self._tell_failed(view)
        self._show_lower()

    def _see(self) -> None:
        """To the new candidate, once a person asks: the page is never switched under them."""
        view = self._view()
        if view is not None:
            self.desk.select_candidate(view.letter)
            self.desk.set_page("tradeoff")

    def _tell_failed(self, view: JobView) -> None:
        self.job = ""
        self._notice(ErrorCard(view.error, "", view.fix, view.evidence))

    # ------------------------------------------------------------------ doing

    def primary(self) -> None:
        """Run the recipe: a new candidate, measured where the selected device is."""
        workbench = self.desk.workbench
        if workbench is None or not self.run_button.isEnabled():
            return
        clear(self._notices)
        steps = self.draft.plain()
        try:
            title = Recipe.from_plain(steps).title()
            self.job = workbench.compress(self.parent_letter, steps, title=title, profile_on=(self.desk.device,))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is shown here and nothing is lost
            self.show_error(error)
            return
        self.curves.show_history(())
        self.shown_below.choose("learning")
        self._show_learning()

    def ask_step(self) -> None:
        if self.source is not None:
            at = self.add_button.mapToGlobal(self.add_button.rect().bottomLeft())
            self.add_step.open_at(at, self.source.breakdown, self._has_data())

    def _edit(self, knob: str, value: Any) -> None:
        if self.draft.step is not None:
            self.draft.change(self.draft.picked, **{knob: value})

    def _do(self, action: str) -> None:
        if action == "Use digits" and self.desk.workbench is not None:
            self.desk.workbench.choose_data("digits")

    def take_recipe(self, steps: Sequence[Mapping[str, Any]]) -> None:
        """Steps from the demo, a file that was dropped, or a candidate, after those that are there; ready to run."""
        self.draft.load((*self.draft.steps, *steps))
        self.run_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def has_steps(self) -> bool:
        return bool(self.draft.steps)

    def ask_recipe(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Open a recipe", "", RECIPE_FILES)
        if name:
            self.open_recipe(Path(name))

    def open_recipe(self, path: Path) -> None:
        """Take the steps of a recipe file. What is wrong with it is said in place."""
        clear(self._notices)
        try:
            self.draft.load(read(path).to_plain())
        except BadInput as error:
            self.show_error(error)

    def save_recipe(self) -> None:
        recipe = Recipe.from_plain(self.draft.plain())
        name, _ = QFileDialog.getSaveFileName(self, "Save recipe", "recipe.toml", RECIPE_FILES)
        if name:
            try:
                Path(name).write_text(write(recipe), encoding="utf-8")
            except OSError as error:
                self.show_error(BadInput(f"“{Path(name).name}” can’t be written: {error.strerror or error}."))

    def undo(self) -> bool:
        """Take back the last change of the draft. False: there is none."""
        could = self.draft.can_undo
        self.draft.undo()
        return could

    def redo(self) -> bool:
        could = self.draft.can_redo
        self.draft.redo()
        return could

    def show_error(self, error: BaseException) -> None:
        self._notice(ErrorCard.of(error))

    def _notice(self, card: ErrorCard) -> None:
        clear(self._notices)
        self._notices.addWidget(card)

    # ------------------------------------------------------------------ the window's keys

    def parts(self) -> list[QWidget]:
        """Where F6 stops."""
        return [
            part for part in (self.run_button, self.list, self.upper, self.bottom, self.effects) if part.isVisible()
        ]

    def next_layer(self, by: int) -> None:
        """J and K: through the layers that have weights."""
        layers = weighted_layers(self.source.breakdown) if self.source else ()
        if layers and self.editor.is_mine:
            place = layers.index(self.editor.layer) + by
            self.desk.select_layer(layers[max(0, min(place, len(layers) - 1))])

    def _plot(self) -> QWidget:
        return self.curves if self.shown_below.key == "learning" else self.editor.plot

    def copy_picture(self) -> bool:
        copy_picture(self._plot())
        return True

    def export(self) -> bool:
        return export_plot(self._plot(), "training" if self.shown_below.key == "learning" else "weights") is not None

    def filter(self) -> bool:
        self.editor.plot.fit()
        return True
