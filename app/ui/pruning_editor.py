"""Magnitude pruning by hand: pick layers, drag the threshold over a layer's weights, or set each layer's share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import words
from app.cuts import Changes, Cut, at_share, at_threshold, cuts, in_mode, like_this, picked, with_layer
from app.study import Candidate
from app.ui import theme
from app.ui.answers import Answers
from app.ui.desk import Desk
from app.ui.draft import Draft, method_of
from app.ui.histograms import Histograms
from app.ui.layer_chips import Chip, LayerChips
from app.ui.layer_sliders import LayerSliders, SliderLine
from app.ui.parts.card import row
from app.ui.parts.segmented import Segmented
from app.ui.parts.text import Elided, caption, label
from app.ui.step_form import number_field
from app.ui.weights_view import WeightsView, beside
from compressors.methods.layers import weighted
from compressors.methods.magnitude_pruning import MagnitudePruning

if TYPE_CHECKING:
    from profiler.breakdown import Kind
    from profiler.histogram import WeightHistogram

MODES = (("threshold", "Threshold"), ("share", "Share"), ("per_layer", "Per layer"), ("deviations", "σ"))
TIPS = (
    "One threshold: weights up to it go",
    "A share of the weights goes, the smallest first",
    "Each layer has its own share",
    "Thresholds in standard deviations σ of each layer’s weights (Han 2015)",
)
DRAWN = ("by", "share", "threshold", "deviations", "layers", "per_layer")  # knobs that are drawn, not typed into a form


class PruningEditor(QWidget):
    """The upper part: mode, layers, histogram. `sliders` is the lower one. Both show and change the draft's step."""

    shown_layer = Signal(str)

    def __init__(self, desk: Desk, draft: Draft, histograms: Histograms, answers: Answers) -> None:
        super().__init__()
        self._desk, self._draft, self._histograms = desk, draft, histograms
        self._parent: Candidate | None = None
        self._drawn: tuple[str, str] = ("", "")
        self.title = Elided("Prune by magnitude", "title")
        self.mode = Segmented(MODES, "How much goes", TIPS)
        self.chips = LayerChips()
        self.layer_name, self.layer_words = label("", "strong"), Elided("", "caption", Qt.TextElideMode.ElideRight)
        self.typed = number_field(0, 1e6, 6, 0.001)
        self.picked_words = caption("")
        self.view = WeightsView(answers)
        self.plot = self.view.plot
        self.sliders = LayerSliders()
        self._assemble()
        self._connect()

    def _assemble(self) -> None:
        self.typed.setAccessibleName("Threshold of the shown layer")
        self.typed.setToolTip("Weights of the shown layer up to this magnitude go")
        self.typed.setStepType(self.typed.StepType.AdaptiveDecimalStepType)
        self.typed.setFixedWidth(theme.px(104))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(10))
        layout.addLayout(row(self.title, None, self.mode, *self.view.tools()))
        layout.addLayout(beside(self.chips, self.view.views))
        line = row(self.layer_name, self.layer_words, self.typed, self.picked_words, gap=10)
        line.setStretch(1, 1)
        layout.addLayout(line)
        layout.addWidget(self.view, 1)

    def _connect(self) -> None:
        self._draft.changed.connect(self.refresh)
        self._draft.step_picked.connect(lambda _: self.refresh())
        # in a turn of its own: what else happens at the news takes its time too
        self._soon = QTimer(self, singleShot=True, interval=0)  # type: ignore[call-arg]
        self._soon.timeout.connect(self.refresh)
        self._histograms.arrived.connect(lambda letter, _: self._is_parent(letter) and self._soon.start())
        self._desk.layer_changed.connect(lambda _: self._soon.start())
        self.mode.chosen.connect(self._choose_mode)
        self.chips.shown.connect(self._desk.select_layer)
        self.chips.picked.connect(lambda name, on: self._change(with_layer(self._step(), name, on, self._layers())))
        self.plot.threshold_moved.connect(self._drag)
        self.plot.threshold_settled.connect(self._settle)
        self.typed.valueChanged.connect(self._settle)
        self.sliders.slid.connect(self._slide)
        self.sliders.held.connect(self._draft.hold)
        self.sliders.let_go.connect(self._draft.let_go)
        self.sliders.picked.connect(self._desk.select_layer)
        self.sliders.spread.connect(self._spread)

    # ------------------------------------------------------------------ what there is

    def show_parent(self, candidate: Candidate | None) -> None:
        """The network that the step will work on."""
        self._parent = candidate
        self.refresh()

    def _is_parent(self, letter: str) -> bool:
        return self._parent is not None and self._parent.letter == letter

    def _step(self) -> MagnitudePruning:
        assert self._draft.step is not None
        return cast(MagnitudePruning, method_of(self._draft.step))

    def _layers(self) -> tuple[str, ...]:
        return tuple(weighted(self._parent.breakdown)) if self._parent else ()

    def _known(self) -> Mapping[str, WeightHistogram]:
        return self._histograms.of(self._parent.letter) if self._parent else {}

    @property
    def layer(self) -> str:
        """The layer whose weights are shown: the selected one where it has weights, else the first picked."""
        layers = self._layers()
        if self._desk.layer in layers:
            return self._desk.layer
        return next(iter(picked(self._step(), layers)), layers[0] if layers else "")

    @property
    def is_mine(self) -> bool:
        """Whether the picked step is magnitude pruning."""
        return self._draft.step is not None and self._draft.step.get("method") == MagnitudePruning.key

    # ------------------------------------------------------------------ showing

    def refresh(self) -> None:
        if not self.is_mine or self._parent is None:
            return
        step, layers, layer = self._step(), self._layers(), self.layer
        names = picked(step, layers)
        self._histograms.want(self._parent.letter, dict.fromkeys((layer, *names, *layers)) if layer else ())
        found = cuts(step, self._known(), layers)
        self.mode.choose(step.by)
        self._show_chips(names, layer)
        self._show_plot(layer, found.get(layer))
        self._show_sliders(names, layer, found)

    def _kind(self, layer: str) -> str:
        cost = self._parent.breakdown.layer(layer) if self._parent else None
        return cost.kind if cost else "other"

    def _show_chips(self, names: tuple[str, ...], layer: str) -> None:
        self.chips.show_chips([Chip(n, self._kind(n), n in names, n == layer) for n in self._layers()])
        self.picked_words.setText(f"{len(names)} of {words.plural(len(self._layers()), 'layer')} picked")

    def _show_plot(self, layer: str, cut: Cut | None) -> None:
        histogram = self._known().get(layer)
        letter, above = self._parent.letter if self._parent else "", cut.threshold if cut else 0.0
        self.view.show_state(letter, layer, cast("Kind", self._kind(layer)), above, ready=histogram is not None)
        self.layer_name.setText(words.shortened(layer))
        self.layer_name.setToolTip(layer)
        self.typed.setEnabled(cut is not None)
        self.plot.set_cutting(cut is not None)
        if histogram is None:
            self.layer_words.setText("")
            return
        size = words.three_digits(histogram.size, digits=4)
        does = "drag a line, or type a value" if cut else "left out of this step"
        self.layer_words.setText(f"{size} weights  ·  {does}")
        threshold = cut.threshold if cut else 0.0
        if self._drawn != (self._parent.letter if self._parent else "", layer):
            self._drawn = (self._parent.letter if self._parent else "", layer)
            self.plot.show_histogram(histogram, cast("Kind", self._kind(layer)), threshold)
        self.plot.set_threshold(threshold)
        self.typed.blockSignals(True)
        self.typed.setValue(threshold)
        self.typed.blockSignals(False)

    def _show_sliders(self, names: tuple[str, ...], layer: str, found: Mapping[str, Cut]) -> None:
        known = self._known()
        lines = [
            SliderLine(n, self._kind(n), known[n].size if n in known else None, found.get(n), n == layer) for n in names
        ]
        whole = len(found) == len(names)
        weights = words.three_digits(sum(cut.size for cut in found.values()), digits=4) if whole else ""
        stay = words.three_digits(sum(cut.stay for cut in found.values())) if whole else ""
        alike = [n for n in names if self._kind(n) == self._kind(layer) and n != layer]
        spread = f"Apply {layer} to all like this" if layer in found and alike else ""
        self.sliders.show_lines(lines, weights, stay, spread)

    # ------------------------------------------------------------------ changing

    def _change(self, changes: Changes) -> None:
        if changes:
            self._draft.change(self._draft.picked, **changes)

    def _choose_mode(self, by: str) -> None:
        self._change(in_mode(self._step(), by, self.layer, self._known(), self._layers()))

    def _at(self, threshold: float) -> Changes:
        return at_threshold(self._step(), self.layer, threshold, self._known(), self._layers())

    def _drag(self, threshold: float) -> None:
        self._draft.hold()
        self._change(self._at(threshold))

    def _settle(self, threshold: float) -> None:
        self._change(self._at(threshold))
        self._draft.let_go()

    def _slide(self, layer: str, share: float) -> None:
        self._change(at_share(self._step(), layer, share, self._known()))

    def _spread(self) -> None:
        alike = [name for name in self._layers() if self._kind(name) == self._kind(self.layer)]
        self._change(like_this(self._step(), self.layer, alike, self._known(), self._layers()))
