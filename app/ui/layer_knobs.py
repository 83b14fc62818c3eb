"""The per-layer table of the picked step, whatever its method: it shows the draft's step and changes it."""

from __future__ import annotations

from collections.abc import Mapping

from app import by_layer, words
from app.by_layer import ByLayer
from app.study import Candidate
from app.ui.desk import Desk
from app.ui.draft import Draft, method_of
from app.ui.histograms import Histograms
from app.ui.knob_table import KnobLine, KnobTable, size_words, sum_words
from compressors.method import Method, find
from compressors.methods.layers import weighted


class LayerKnobs(KnobTable):
    """Bits, shares: every setting of the step that a layer may have for itself."""

    def __init__(self, desk: Desk, draft: Draft, histograms: Histograms) -> None:
        super().__init__()
        self._desk, self._draft, self._histograms = desk, draft, histograms
        self._parent: Candidate | None = None
        self.sizes: Mapping[str, float] = {}
        self.moved.connect(self._move)
        self.held.connect(draft.hold)
        self.let_go.connect(draft.let_go)
        self.picked.connect(desk.select_layer)
        self.spread.connect(self._spread)
        self.levelled.connect(self._level)
        desk.layer_changed.connect(lambda _: self.refresh())

    def show_parent(self, candidate: Candidate | None) -> None:
        self._parent = candidate

    def show_sizes(self, sizes: Mapping[str, float]) -> None:
        """What each layer will take in the packed file, as it is predicted."""
        self.sizes = sizes
        self.refresh()

    @property
    def settings(self) -> tuple[ByLayer, ...]:
        step = self._draft.step
        return by_layer.by_layer(find(step["method"])) if step is not None else ()

    @property
    def is_mine(self) -> bool:
        """Whether the picked step has settings by layer (magnitude pruning has an editor of its own)."""
        return bool(self.settings)

    def _layers(self) -> tuple[str, ...]:
        return tuple(weighted(self._parent.breakdown)) if self._parent else ()

    def _kind(self, layer: str) -> str:
        cost = self._parent.breakdown.layer(layer) if self._parent else None
        return cost.kind if cost else "other"

    @property
    def layer(self) -> str:
        """The layer that is shown: the selected one where the step works on it, else the first."""
        names = by_layer.picked(self._step(), self._layers())
        return self._desk.layer if self._desk.layer in names else next(iter(names), "")

    def _step(self) -> Method:
        assert self._draft.step is not None
        return method_of(self._draft.step)

    def refresh(self) -> None:
        if not self.is_mine or self._parent is None:
            return
        step, settings, shown = self._step(), self.settings, self.layer
        names = by_layer.picked(step, self._layers())
        lines = [self._line(step, name, name == shown) for name in names]
        sizes = [self._size(name) for name in names]
        total = words.three_digits(sum(sizes), digits=4)
        values = tuple(float(getattr(step, setting.common.name)) for setting in settings)
        common = KnobLine("", "", total, values, (False,) * len(settings), sum_words(self.sizes, names))
        alike = [n for n in names if self._kind(n) == self._kind(shown) and n != shown]
        self.show_lines(settings, lines, common, f"Apply {words.shortened(shown)} to all like this" if alike else "")

    def _line(self, step: Method, name: str, shown: bool) -> KnobLine:
        values = tuple(by_layer.value(step, setting, name) for setting in self.settings)
        own = tuple(name in by_layer.own(step, setting) for setting in self.settings)
        weights = words.three_digits(self._size(name), digits=4)
        return KnobLine(name, self._kind(name), weights, values, own, size_words(self.sizes.get(name)), shown)

    def _size(self, name: str) -> int:
        """How many weights a layer has, by its shape: no weight is read for that."""
        cost = self._parent.breakdown.layer(name) if self._parent else None
        count = 1
        for length in (cost.weight_shape if cost else None) or ():
            count *= length
        return count

    # ------------------------------------------------------------------ changing

    def _change(self, changes: by_layer.Changes) -> None:
        if changes:
            self._draft.change(self._draft.picked, **changes)

    def _move(self, layer: str, place: int, value: float) -> None:
        setting = self.settings[place]
        if layer:
            self._change(by_layer.at(self._step(), setting, layer, value))
        else:
            self._change({setting.common.name: round(value) if setting.whole else round(value, 6)})

    def _spread(self) -> None:
        names = by_layer.picked(self._step(), self._layers())
        alike = [name for name in names if self._kind(name) == self._kind(self.layer)]
        self._change(by_layer.like_this(self._step(), self.layer, alike))

    def _level(self) -> None:
        self._change({setting.name: {} for setting in self.settings})
