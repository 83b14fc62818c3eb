"""Weight sharing by hand: the histogram of a layer with the values that its weights share, to be dragged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import by_layer, words
from app.centroids import DRAGGED, Sharing, Spread, moved, sharing
from app.effects import thresholds_before
from app.study import Candidate
from app.ui import theme
from app.ui.answers import Answers
from app.ui.desk import Desk
from app.ui.draft import Draft, method_of
from app.ui.histograms import Histograms
from app.ui.layer_chips import Chip, LayerChips
from app.ui.parts.buttons import link_button
from app.ui.parts.card import row
from app.ui.parts.segmented import Segmented
from app.ui.parts.text import Elided, caption, label
from app.ui.step_form import number_field
from app.ui.weights_view import WeightsView, beside
from compressors.method import Method
from compressors.methods.layers import weighted
from compressors.methods.weight_sharing import STARTS, WeightSharing
from compressors.recipe import Recipe
from profiler.errors import BadInput
from profiler.plain import from_plain

if TYPE_CHECKING:
    from profiler.breakdown import Kind
    from profiler.histogram import WeightHistogram

TIPS = (
    "The best values there are, by dynamic programming",
    "Evenly from the smallest to the largest weight (Han 2016)",
    "Evenly along the cumulative distribution",
    "Groups of equally many weights",
)
DRAWN = ("start", "layers", "per_layer", "given", "bits")  # knobs that are drawn, not typed into a form
FINEST = 10  # bits up to which values are drawn: more than a thousand are a line


class SharingEditor(QWidget):
    """Start, layers, histogram. `found`: the values of a layer have come, and with them what saying one takes."""

    found = Signal()

    def __init__(self, desk: Desk, draft: Draft, histograms: Histograms, answers: Answers) -> None:
        super().__init__()
        self._desk, self._draft, self._histograms, self._answers = desk, draft, histograms, answers
        self._parent: Candidate | None = None
        self._drawn: tuple[str, str] = ("", "")
        self._place = 0  # the picked value
        self._index_bits: dict[str, float] = {}
        self.title = Elided("Share weights", "title")
        self.start = Segmented([(key, key.capitalize()) for key in STARTS], "Where k-means starts", TIPS)
        self.chips = LayerChips()
        self.layer_name, self.layer_words = label("", "strong"), Elided("", "caption", Qt.TextElideMode.ElideRight)
        self.again = link_button("Find again", self._find_again, tip="By k-means, in place of the values by hand")
        self.typed = number_field(-1e6, 1e6, 6, 0.001)
        self.picked_words = caption("")
        self.view = WeightsView(answers)
        self.plot = self.view.plot
        self._assemble()
        self._connect()

    def _assemble(self) -> None:
        self.typed.setAccessibleName("The picked shared value")
        self.typed.setToolTip("The picked shared value: click a triangle, or ↑ ↓ in the plot, to pick another")
        self.typed.setStepType(self.typed.StepType.AdaptiveDecimalStepType)
        self.typed.setFixedWidth(theme.px(104))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(10))
        layout.addLayout(row(self.title, None, self.start, *self.view.tools()))
        layout.addLayout(beside(self.chips, self.view.views))
        line = row(self.layer_name, self.layer_words, self.again, self.typed, self.picked_words, gap=10)
        line.setStretch(1, 1)
        layout.addLayout(line)
        layout.addWidget(self.view, 1)

    def _connect(self) -> None:
        self._draft.changed.connect(self.refresh)
        self._draft.step_picked.connect(lambda _: self.refresh())
        self._soon = QTimer(self, singleShot=True, interval=0)  # type: ignore[call-arg]
        self._soon.timeout.connect(self.refresh)
        self._histograms.arrived.connect(self._read)
        self._answers.arrived.connect(self._heard)  # a method: it is let go with the editor
        self._desk.layer_changed.connect(lambda _: self._other_layer())
        self.start.chosen.connect(lambda key: self._change({"start": key, "given": {}}))
        self.chips.shown.connect(self._desk.select_layer)
        self.chips.picked.connect(self._pick_layer)
        self.plot.value_moved.connect(self._drag)
        self.plot.value_settled.connect(self._settle)
        self.plot.value_picked.connect(self._pick)
        self.typed.valueChanged.connect(lambda value: self._settle(self._place, value))

    # ------------------------------------------------------------------ what there is

    def show_parent(self, candidate: Candidate | None) -> None:
        """The network that the step will work on."""
        self._parent = candidate
        self.refresh()

    def _heard(self, question: str) -> None:
        if question in ("cells", "centroids"):
            self._soon.start()

    def _read(self, letter: str, _layer: str) -> None:
        if self._parent is not None and self._parent.letter == letter:
            self._soon.start()

    @property
    def is_mine(self) -> bool:
        """Whether the picked step shares weights."""
        return self._draft.step is not None and self._draft.step.get("method") == WeightSharing.key

    def _step(self) -> WeightSharing:
        assert self._draft.step is not None
        return cast(WeightSharing, method_of(self._draft.step))

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
        return next(iter(by_layer.picked(self._step(), layers)), "")

    def index_bits(self) -> Mapping[str, float]:
        """By layer, how many bits saying one of the shared values takes: for the prediction."""
        return self._index_bits

    def _thresholds(self) -> Mapping[str, float]:
        """Up to which magnitude steps before this one take weights away, where all histograms are here."""
        known, layers = self._known(), self._layers()
        if self._parent is None or any(name not in known for name in layers):
            return {}
        before = self._draft.plain()[: self._draft.picked]
        try:
            steps: Sequence[Method] = [step for _, step in Recipe.from_plain(before).enabled()]
        except BadInput:
            return {}
        return thresholds_before(steps, len(steps), self._parent.breakdown, {name: known[name] for name in layers})

    def _values(self, step: WeightSharing, layer: str, above: float) -> Sharing | None:
        """What a layer's weights share: as k-means finds it, or by hand. None: not known yet, or not to be drawn."""
        assert self._parent is not None
        given = step.given.get(layer)
        if step.per == "channel":
            return None
        if given is not None:
            spread = self._spread(layer)
            return None if spread is None else sharing(spread.above(above, keep_zeros=step.keep_zeros), given)
        bits = int(step.per_layer.get(layer, step.bits))
        if bits > FINEST:
            return None
        asked = {
            "letter": self._parent.letter, "layer": layer, "bits": bits, "start": step.start, "above": float(above),
            "keep_zeros": step.keep_zeros,
        }  # fmt: skip
        return self._answers.of("centroids", layer, asked, lambda answer: from_plain(answer, Sharing))

    def _spread(self, layer: str) -> Spread | None:
        assert self._parent is not None
        return self._answers.of("cells", layer, {"letter": self._parent.letter, "layer": layer}, Spread.of)

    # ------------------------------------------------------------------ showing

    def refresh(self) -> None:
        if self._parent is None or not self.is_mine:
            return
        step, layers, layer = self._step(), self._layers(), self.layer
        names = by_layer.picked(step, layers)
        if not layer:
            return
        self._histograms.want(self._parent.letter, dict.fromkeys((layer, *layers)))
        if layer in names:
            self._spread(layer)  # so that it is here when a hand takes hold of a value
        gone = self._thresholds()
        shared = {name: self._values(step, name, gone.get(name, 0.0)) for name in dict.fromkeys((layer, *names))}
        self._index_bits = {name: found.bits for name, found in shared.items() if found is not None and name in names}
        self.start.choose(step.start)
        self.chips.show_chips([Chip(n, self._kind(n), n in names, n == layer) for n in layers])
        self.picked_words.setText(f"{len(names)} of {words.plural(len(layers), 'layer')} picked")
        self._show_plot(step, layer, gone.get(layer, 0.0), shared[layer] if layer in names else None, layer in names)
        self.found.emit()

    def _kind(self, layer: str) -> Kind:
        cost = self._parent.breakdown.layer(layer) if self._parent else None
        return cost.kind if cost else "other"

    def _show_plot(self, step: WeightSharing, layer: str, above: float, shared: Sharing | None, mine: bool) -> None:
        assert self._parent is not None
        histogram = self._known().get(layer)
        self.view.show_state(self._parent.letter, layer, self._kind(layer), above, ready=histogram is not None)
        self.layer_name.setText(words.shortened(layer))
        self.layer_name.setToolTip(layer)
        movable = shared is not None and 0 < len(shared.values) <= DRAGGED
        by_hand = layer in step.given
        self.again.setVisible(by_hand)
        self.typed.setEnabled(movable)
        self.layer_words.setText(_words(histogram, step, layer, shared) if mine else "left out of this step")
        if histogram is None:
            return
        if self._drawn != (self._parent.letter, layer):
            self._drawn = (self._parent.letter, layer)
            self.plot.show_histogram(histogram, self._kind(layer), above)
            self._place = 0
        self.plot.set_cutting(False)
        self.plot.set_threshold(above)
        values = shared.values if shared is not None else ()
        self._place = max(0, min(self._place, len(values) - 1))
        self.plot.set_values(values, shared.counts if shared else (), movable=movable, place=self._place)
        if movable:
            self.typed.blockSignals(True)
            self.typed.setValue(values[self._place])
            self.typed.blockSignals(False)

    # ------------------------------------------------------------------ changing

    def _change(self, changes: dict[str, Any]) -> None:
        if changes:
            self._draft.change(self._draft.picked, **changes)

    def _other_layer(self) -> None:
        self._place = 0
        self._soon.start()

    def _pick_layer(self, name: str, on: bool) -> None:
        self._change(by_layer.with_layer(self._step(), name, on, self._layers()))

    def _pick(self, place: int) -> None:
        self._place = place
        self.refresh()

    def _now(self) -> Sharing | None:
        return self._values(self._step(), self.layer, self._thresholds().get(self.layer, 0.0))

    def _put(self, place: int, value: float) -> None:
        """One value to another place: from now on the layer's values are by hand."""
        shared = self._now()
        if shared is None or not 0 <= place < len(shared.values):
            return
        self._place = place
        self._change(by_layer.with_values(self._step(), self.layer, moved(shared.values, place, value)))

    def _drag(self, place: int, value: float) -> None:
        self._draft.hold()
        self._put(place, value)

    def _settle(self, place: int, value: float) -> None:
        self._put(place, value)
        self._draft.let_go()

    def _find_again(self) -> None:
        self._change(by_layer.with_values(self._step(), self.layer, None))


def _words(histogram: WeightHistogram | None, step: WeightSharing, layer: str, shared: Sharing | None) -> str:
    """`37.75 M weights · 32 values by k-means, 4.61 bits each · drag one`."""
    if histogram is None:
        return ""
    size = f"{words.three_digits(histogram.size, digits=4)} weights"
    bits = int(step.per_layer.get(layer, step.bits))
    if step.per == "channel":
        return f"{size}  ·  {words.plural(2**bits, 'value')} for each channel, not drawn"
    if shared is None:
        many = f"{words.exact(2**bits)} values, too many to draw" if bits > FINEST else "finding its values…"
        return f"{size}  ·  {many}"
    how = "by hand" if layer in step.given else "by k-means"
    does = "  ·  drag one" if len(shared.values) <= DRAGGED else ""
    count = words.plural(len(shared.values), "value")
    return f"{size}  ·  {count} {how}, {words.significant(shared.bits)} bits each{does}"
