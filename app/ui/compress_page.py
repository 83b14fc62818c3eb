"""Compress: make a new candidate. The recipe on the left, the picked step in the middle, its effect on the right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFileDialog, QSplitter, QVBoxLayout, QWidget

from app.estimate import time_needed
from app.fitting import fitted
from app.predict import Predicted, weighted_layers
from app.study import Candidate
from app.ui import theme
from app.ui.answers import Answers
from app.ui.compress_words import FIT, checks_of, effects_of, foresee, problems_of
from app.ui.draft import Draft, knobs_of, value_of
from app.ui.effect_card import EffectCard
from app.ui.histograms import Histograms
from app.ui.layer_knobs import LayerKnobs
from app.ui.lower_card import LowerCard
from app.ui.page import Page
from app.ui.parts.buttons import button, primary_button
from app.ui.parts.card import clear, column, row
from app.ui.parts.columns import MiddleAndRight
from app.ui.parts.error_card import ErrorCard
from app.ui.parts.text import label
from app.ui.plots.histogram import Histogram
from app.ui.plots.tools import copy_picture, export_plot
from app.ui.plots.training_curves import TrainingCurves
from app.ui.pruning_editor import DRAWN as PRUNING
from app.ui.pruning_editor import PruningEditor
from app.ui.recipe_card import RecipeCard
from app.ui.sharing_editor import DRAWN as SHARING
from app.ui.sharing_editor import SharingEditor
from app.ui.starts_from import StartsFrom
from app.ui.step_card import StepCard
from compressors.method import find
from compressors.recipe import Recipe, read, write
from profiler.errors import BadInput

DRAWN: Mapping[str, Sequence[str]] = {"magnitude_pruning": PRUNING, "weight_sharing": SHARING}
RECIPE_FILES = "Recipe (*.toml)"


class CompressPage(Page):
    key: ClassVar[str] = "compress"
    title: ClassVar[str] = "Compress"
    icon: ClassVar[str] = "ph.scissors"
    spares = (Histogram, TrainingCurves)

    # ------------------------------------------------------------------ building

    def build(self) -> Iterator[None]:
        self.draft, self.histograms = Draft(), Histograms(self.desk)
        self.parent_letter = ""
        self._make_head()
        yield
        self.answers = Answers(self.desk)
        self.editor = PruningEditor(self.desk, self.draft, self.histograms, self.answers)
        yield
        self.sharing = SharingEditor(self.desk, self.draft, self.histograms, self.answers)
        yield
        self.knobs = LayerKnobs(self.desk, self.draft, self.histograms)
        self.effects = EffectCard()
        begin = [("Add step", self.ask_step), ("Open a recipe…", self.ask_recipe)]
        self.step_card = StepCard((self.editor, self.sharing), begin)
        yield
        self.lower_card = LowerCard(self.desk, self.editor.sliders, self.knobs)
        middle = self._middle()
        yield
        body = QWidget()
        inner = row(gap=12)
        inner.addWidget(self.recipe_card, 0)
        inner.addWidget(middle, 1)
        body.setLayout(inner)
        yield
        self.columns = MiddleAndRight("compress", body, self.effects, ("Recipe", "Effect"), right_width=268)
        yield
        self._assemble()
        self._connect()
        self.freshen()

    def _make_head(self) -> None:
        self.starts_from = StartsFrom()
        self.time = label("", "muted")
        self.undo_button = button("Undo", self.undo, glyph="arrow-u-up-left", tip="Take back the last change (Ctrl+Z)")
        self.save_button = button("Save recipe", self.save_recipe, glyph="download-simple", tip="Write it as a file")
        self.run_button = primary_button("Run recipe", self.primary, glyph="play", tip="Ctrl+Return")
        self.recipe_card = RecipeCard(self.draft, self.ask_recipe, self._do)
        self._notices = column(gap=8)

    def _assemble(self) -> None:
        layout = QVBoxLayout(self)
        edge = theme.px(theme.MARGIN)
        layout.setContentsMargins(edge, theme.px(12), edge, theme.px(16))
        layout.setSpacing(theme.px(12))
        layout.addLayout(self._head())
        layout.addLayout(self._notices)
        layout.addWidget(self.columns, 1)

    def _head(self):
        names = column(label("New candidate", "page"), self.starts_from, gap=0)
        head = row(names, None, self.time, self.undo_button, self.save_button, self.run_button)
        head.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        return head

    def _middle(self) -> QWidget:
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setHandleWidth(theme.px(12))
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.step_card)
        self.splitter.addWidget(self.lower_card)
        self.splitter.setSizes([theme.px(410), theme.px(250)])
        self.splitter.setStretchFactor(0, 1)
        return self.splitter

    def _connect(self) -> None:
        desk = self.desk
        desk.study_changed.connect(self.freshen)
        desk.study_opened.connect(self._forget)
        desk.candidate_changed.connect(self._candidate_moved)
        desk.device_changed.connect(lambda _: self._show_effect())
        self.starts_from.chosen.connect(self.start_from)
        self.recipe_card.add_button.clicked.connect(self.ask_step)
        self.recipe_card.add_step.chosen.connect(lambda key: self.draft.add(key, self._has_data()))
        self.draft.changed.connect(self._changed)
        # in a turn of its own: what a picked step shows comes on top of what the change does
        self._picked = QTimer(self, singleShot=True, interval=0)  # type: ignore[call-arg]
        self._picked.timeout.connect(self._step_picked)
        self.draft.step_picked.connect(lambda _: self._picked.start())
        self.histograms.arrived.connect(lambda letter, _: letter == self.parent_letter and self._show_effect())
        self.histograms.failed.connect(self.show_error)
        self.answers.failed.connect(self.show_error)
        self.sharing.found.connect(self._show_effect)
        self.step_card.form.edited.connect(self._edit)
        self.lower_card.more.edited.connect(self._edit)
        self.lower_card.failed.connect(lambda view: self._notice(ErrorCard(view.error, "", view.fix, view.evidence)))

    # ------------------------------------------------------------------ what there is

    def prepare(self) -> None:
        """The curves of a training, and the histogram's first painting: later, they would hold the window up."""
        self.lower_card.prepare()
        QTimer.singleShot(50, self.editor.plot.grab)

    @property
    def source(self) -> Candidate | None:
        """The candidate that the recipe starts from."""
        return self.desk.study.candidates.get(self.parent_letter)

    @property
    def _by_hand(self) -> PruningEditor | SharingEditor | None:
        """The editor of the picked step, where it has one of its own."""
        return next((editor for editor in (self.editor, self.sharing) if editor.is_mine), None)

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
        self.parent_letter, self.lower_card.job = "", ""

    # ------------------------------------------------------------------ showing

    def refresh(self) -> None:
        if self.parent_letter not in self.desk.study.candidates:
            self.parent_letter = self.desk.candidate
        source = self.source
        self.setEnabled(source is not None)
        if source is None:
            return
        self.starts_from.show_source(self.desk.study, source)
        self.knobs.show_parent(source)
        self.editor.show_parent(source)
        self.sharing.show_parent(source)
        self._changed()
        self._show_step()

    def _changed(self) -> None:
        """After every change of the draft, also in the middle of a drag."""
        some = bool(self.draft.steps)
        self.recipe_card.show_steps(some)
        self.undo_button.setEnabled(self.draft.can_undo)
        self.save_button.setEnabled(some)
        if self.source is None:
            return
        found = problems_of(self.source, self.desk.study, self.draft.plain())
        checks = checks_of(self.source, self.desk.study, self.draft.steps, found) if some else ()
        self.recipe_card.checks.show_checks(checks)
        self.run_button.setEnabled(any(s.get("enabled", True) for s in self.draft.steps) and not found)
        self.time.setText(time_needed(self.desk.study, self.draft.plain()) if some and not found else "")
        self._show_forms()
        if not self.sharing.is_mine:  # else it comes with the values that the editor finds
            self._show_effect()

    def _show_step(self) -> None:
        self.editor.refresh()
        self.sharing.refresh()
        self.knobs.refresh()
        self._show_forms()
        self.lower_card.suit(pruning=self.editor.is_mine, by_layer=self.knobs.is_mine, more=self._by_hand is not None)
        self.step_card.turn_to(self.draft.step)
        self.lower_card.refresh()

    def _step_picked(self) -> None:
        """Whoever picks a step wants to see it; what was learnt stays a click away."""
        if (self.editor.is_mine or self.knobs.is_mine) and not self.lower_card.is_running:
            self.lower_card.tabs.choose("layers")
        self._show_step()

    def _show_forms(self) -> None:
        step = self.draft.step
        if step is None:
            return
        cls, knobs = find(step["method"]), knobs_of(step)
        self.step_card.name(cls.title, cls.gain)
        hand = self._by_hand
        form = self.step_card.form if hand is None else self.lower_card.more
        form.show_knobs(knobs, {k.name: value_of(step, k) for k in knobs}, DRAWN.get(step["method"], ()))

    def _show_effect(self) -> None:
        if self.source is None:
            return
        known = self.histograms.of(self.source.letter)
        bits = self.sharing.index_bits() if self.sharing.is_mine else {}
        found = foresee(self.source, known, self.draft.plain(), self.desk.device, bits)
        self.effects.show_effects(*effects_of(self.source, found, self.desk.device))
        self.knobs.show_sizes(found.layer_bytes if isinstance(found, Predicted) else {})

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
            job = workbench.compress(self.parent_letter, steps, title=title, profile_on=(self.desk.device,))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is shown here and nothing is lost
            self.show_error(error)
            return
        self.lower_card.follow(job)

    def ask_step(self) -> None:
        if self.source is not None:
            self.recipe_card.ask_step(self.source.breakdown, self._has_data())

    def _edit(self, knob: str, value: Any) -> None:
        if self.draft.step is not None:
            self.draft.change(self.draft.picked, **{knob: value})

    def _do(self, action: str) -> None:
        if action == FIT and self.source is not None:
            self.draft.load(fitted(self.draft.plain(), self.source.breakdown))
        if action == "Use digits" and self.desk.workbench is not None:
            self.desk.workbench.choose_data("digits")

    def take_recipe(self, steps: Sequence[Mapping[str, Any]]) -> None:
        """Steps from the demo, a file that was dropped, or a candidate, after those that are there; ready to run."""
        self.draft.load((*self.draft.steps, *steps))
        self.run_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def use_recipe(self, steps: Sequence[Mapping[str, Any]], letter: str) -> None:
        """A candidate's recipe on another network, in place of the steps that are there; undo brings them back."""
        self.start_from(letter)
        self.draft.load(steps)
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
        parts = (self.run_button, self.recipe_card.list, self.step_card, self.lower_card, self.effects)
        return [part for part in parts if part.isVisible()]

    def next_layer(self, by: int) -> None:
        """J and K: through the layers that have weights."""
        layers = weighted_layers(self.source.breakdown) if self.source else ()
        shown = self._by_hand or (self.knobs if self.knobs.is_mine else None)
        if layers and shown is not None and shown.layer in layers:
            place = layers.index(shown.layer) + by
            self.desk.select_layer(layers[max(0, min(place, len(layers) - 1))])

    def _plot(self) -> QWidget:
        return self.lower_card.curves if self.lower_card.at_learning else (self._by_hand or self.editor).view.current

    def copy_picture(self) -> bool:
        copy_picture(self._plot())
        return True

    def export(self) -> bool:
        return export_plot(self._plot(), "training" if self.lower_card.at_learning else "weights") is not None

    def filter(self) -> bool:
        (self._by_hand or self.editor).view.current.fit()
        return True
