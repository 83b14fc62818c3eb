"""Network: what is heavy? Three bars, the layers, and one layer's figures written out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedLayout, QStackedWidget, QVBoxLayout, QWidget

from app import words
from app.heavy import heavy
from app.study import Candidate
from app.ui import remember, theme
from app.ui.network.compare_with import CompareWith
from app.ui.network.demo_strip import DemoStrip
from app.ui.network.heavy_card import HeavyCard
from app.ui.network.layer_detail import LayerDetail
from app.ui.network.layers_view import LayersView
from app.ui.network.no_data import digits_fit
from app.ui.network.view import View
from app.ui.network.views import VIEWS
from app.ui.page import Page
from app.ui.parts.card import clear, column, holder, row
from app.ui.parts.columns import MiddleAndRight
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.error_card import NoteLine
from app.ui.parts.segmented import Segmented
from app.ui.parts.text import Elided
from profiler.breakdown import Breakdown

NO_STUDY = "Drop a network here. ONNX, PyTorch (.pt2, .pth, .safetensors) or Caffe."
DEMO = "demo"


class NetworkPage(Page):
    key: ClassVar[str] = "network"
    title: ClassVar[str] = "Network"
    icon: ClassVar[str] = "ph.tree-structure"

    shrink = Signal()
    open_file = Signal()
    open_built_in = Signal(str)
    choose_data = Signal()

    def build(self) -> Iterator[None]:
        desk = self.desk
        self.strip = DemoStrip()
        self.name, self.facts = Elided("", "page"), Elided("", "muted")
        self.heavy = HeavyCard()
        self.tabs = Segmented([(entry.key, entry.title) for entry in VIEWS], "View of the network")
        self.compare = CompareWith(desk)
        self.views: dict[str, View] = {}
        self.places = QStackedWidget()
        self.detail = LayerDetail()
        self._notes = column(gap=8)
        self._build()
        self._connect()
        kept = remember.text("network_view", VIEWS[0].key)
        self.tabs.choose(kept if kept in {entry.key for entry in VIEWS} else VIEWS[0].key)
        self.places.setCurrentWidget(self.shown)
        self._show_stage()
        yield from ()  # it is the first that is seen: all of it at once

    # ---- building

    def _build(self) -> None:
        first = row(self.name, self.compare.button, self.tabs, gap=12)
        first.setStretch(0, 1)
        head = column(first, self.facts, gap=4)
        self._note_place = holder(self._notes)
        middle = holder(column(head, self._note_place, self.heavy, self.places, gap=12))
        middle.layout().setStretch(3, 1)  # type: ignore[union-attr]
        self.columns = MiddleAndRight("network", middle, self.detail, ("Network", "Layer"))
        shown = QWidget()
        layout = QVBoxLayout(shown)
        edge = theme.px(theme.MARGIN)
        layout.setContentsMargins(edge, theme.px(theme.SPACE[3]), edge, theme.px(theme.SPACE[4]))
        layout.setSpacing(theme.px(theme.SPACE[4]))
        layout.addWidget(self.strip)
        layout.addWidget(self.columns, 1)
        actions = [("Open…", self.open_file.emit), ("Built-in networks", self._show_built_in)]
        self.empty = EmptyState(NO_STUDY, actions, glyph="tree-evergreen")
        self.reading = EmptyState("Reading the study…")
        self._stack = QStackedLayout(self)
        for page in (shown, self.empty, self.reading):
            self._stack.addWidget(page)

    def _connect(self) -> None:
        desk = self.desk
        for signal in (desk.study_changed, desk.candidate_changed, desk.device_changed, desk.convention_changed):
            signal.connect(self.freshen)
        desk.layer_changed.connect(self._layer_moved)
        desk.jobs_changed.connect(self._show_stage)
        desk.study_opened.connect(self._ask_built_in)
        self.tabs.chosen.connect(self._tab_chosen)
        self.compare.changed.connect(self.freshen)
        self.heavy.picked.connect(lambda kind: self.shown.filter_kind(kind))
        self.strip.shrink.connect(self.shrink)
        self.strip.open_file.connect(self.open_file)
        self.strip.open_built_in.connect(self.open_built_in)
        self.strip.closed.connect(self._close_strip)

    def parts(self) -> list[QWidget]:
        """Where F6 stops, in order."""
        return [part for part in (self.strip, self.heavy, self.tabs, self.shown, self.detail) if part.isVisible()]

    # ---- views

    def view(self, key: str) -> View:
        """A view of the network, made when it is first wanted."""
        if key not in self.views:
            made = next(entry for entry in VIEWS if entry.key == key).make(self.desk)
            made.picked.connect(self.desk.select_layer)
            made.opened.connect(lambda _: self.columns.show_right())
            made.cleared.connect(lambda: self.heavy.choose(""))
            made.data_wanted.connect(self.choose_data)
            self.views[key] = made
            self.places.addWidget(made)
        return self.views[key]

    @property
    def shown(self) -> View:
        return self.view(self.tabs.key)

    @property
    def layers(self) -> LayersView:
        """The table, whichever view is shown."""
        made = self.view("layers")
        assert isinstance(made, LayersView)
        return made

    def show_view(self, key: str) -> None:
        """Turn to a view; the selection and the filter by kind go with it."""
        self.tabs.choose(key)
        self._tab_chosen(key)

    def _tab_chosen(self, key: str) -> None:
        remember.keep("network_view", key)
        self.places.setCurrentWidget(self.shown)
        self._show_view()

    def _show_view(self) -> None:
        candidate = self._candidate()
        if candidate is not None:
            self.shown.show_candidate(candidate, self.compare.other())
            self.shown.filter_kind(self.heavy.kind)
            self.shown.select(self.desk.layer)

    # ---- showing

    def refresh(self) -> None:
        self._show_stage()
        candidate = self._candidate()
        if candidate is None:
            return
        desk = self.desk
        self.name.setText(f"{candidate.letter}  {candidate.title}")
        self.facts.setText(facts_line(candidate, desk.study.lineage(candidate.letter)))
        self._show_notes(candidate.breakdown)
        self.compare.refresh()
        other = self.compare.other()
        others = heavy(other, desk.convention, desk.device) if other else ()
        self.heavy.show_bars(heavy(candidate, desk.convention, desk.device), other.letter if other else "", others)
        self._show_view()
        if candidate.breakdown.layer(desk.layer) is None:
            desk.select_layer(_heaviest(candidate.breakdown))
        self._layer_moved(desk.layer)

    def say_reading(self, text: str) -> None:
        """Before there is a study: what is being read."""
        self.reading.words.setText(text)
        self._stack.setCurrentIndex(2)

    def _show_stage(self) -> None:
        """The page, or the empty place, or what is being read."""
        if self._candidate() is not None:
            self._stack.setCurrentIndex(0)
            self.strip.setVisible(self._is_demo())
            return
        opening = next((job for job in self.desk.jobs if job.kind == "open" and not job.ended), None)
        if opening is not None:
            self.say_reading(f"{opening.title.replace('Open', 'Reading', 1)}…")
        elif self.desk.workbench is not None:
            self._stack.setCurrentIndex(1)

    def _show_notes(self, breakdown: Breakdown) -> None:
        clear(self._notes)
        unknown = breakdown.unknown_ops
        if unknown:
            layers = [layer.name for layer in breakdown.layers if layer.op in unknown]
            text = f"{words.plural(len(layers), 'layer has', 'layers have')} operators that are not counted: "
            text += f"{', '.join(unknown)}. Totals leave them out."
            show = ("Show them", lambda: self._look_for(unknown[0]))
            self._notes.addWidget(NoteLine(text, action=show))
        if self.desk.study.data is None or self.desk.study.data.data is None:
            text = "No data set yet, so accuracy is not measured. Sizes and times are."
            action = ("Choose data…", self.choose_data.emit)
            if digits_fit(breakdown):
                action = ("Use digits", lambda: self._use_data("digits"))
            self._notes.addWidget(NoteLine(text, tone="tell", action=action))
        self._note_place.setVisible(self._notes.count() > 0)

    def _layer_moved(self, name: str) -> None:
        self.shown.select(name)
        self._show_layer()

    def _show_layer(self) -> None:
        candidate = self._candidate()
        layer = candidate.breakdown.layer(self.desk.layer) if candidate else None
        self.columns.name_right(layer.name if layer else "Layer")
        self.detail.show_layer(layer, candidate, self.desk.convention, self.desk.device)

    def _candidate(self) -> Candidate | None:
        return self.desk.study.candidates.get(self.desk.candidate)

    # ---- demo and data

    def _is_demo(self) -> bool:
        workbench = self.desk.workbench
        return workbench is not None and workbench.folder.name == DEMO and not remember.text("demo_strip_closed")

    def _close_strip(self) -> None:
        remember.keep("demo_strip_closed", "yes")
        self.strip.hide()

    def _ask_built_in(self) -> None:
        self.desk.ask("zoo", {}, lambda answer: self.strip.show_built_in(answer["networks"]))

    def _show_built_in(self) -> None:
        button = self.empty.buttons[1]
        self.strip.menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    def _use_data(self, data: str) -> None:
        if self.desk.workbench is not None:
            self.desk.workbench.choose_data(data)

    def _look_for(self, text: str) -> None:
        self.show_view("layers")
        self.layers.search(text)

    # ---- what the keys do

    def primary(self) -> None:
        if self.strip.isVisible():
            self.shrink.emit()

    def copy_rows(self) -> bool:
        return self.shown.copy_rows()

    def copy_picture(self) -> bool:
        return self.shown.copy_picture()

    def export(self) -> bool:
        return self.shown.export()

    def filter(self) -> bool:
        return self.shown.filter()

    def escape(self) -> bool:
        return self.shown.escape()

    def next_layer(self, by: int) -> None:
        """J and K, from anywhere on the page."""
        self.shown.next_layer(by)


def facts_line(candidate: Candidate, lineage: tuple[str, ...]) -> str:
    """lenet5.onnx · input 1×28×28 · 9 layers, 4 with weights · opset 13."""
    breakdown = candidate.breakdown
    inputs = [words.shape(shape) for shape in breakdown.inputs.values()]
    weighted = sum(1 for layer in breakdown.layers if layer.weight_shape is not None)
    parts = [
        candidate.file_name,
        f"input {words.listed(inputs)}",
        f"{words.plural(len(breakdown.layers), 'layer')}, {weighted} with weights",
        f"opset {breakdown.opset}",
    ]
    if len(lineage) > 1:
        parts.insert(0, " › ".join(lineage))
    return " · ".join(part for part in parts if part)


def _heaviest(breakdown: Breakdown) -> str:
    """The heaviest layer is what one looks for first."""
    heaviest = max(breakdown.layers, key=lambda layer: layer.params or 0, default=None)
    return heaviest.name if heaviest else ""
