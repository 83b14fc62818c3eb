"""Settings that a step has layer by layer, as a table shows and changes them: a layer’s own, or the common one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from compressors.method import Knob, Method, knobs

Changes = dict[str, Any]


@dataclass(frozen=True)
class ByLayer:
    """A table of values by layer, and the knob that stands for layers that are not in it."""

    table: Knob
    common: Knob

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def title(self) -> str:
        """What the column is called: as the common knob is."""
        return self.common.label

    @property
    def whole(self) -> bool:
        """Whole numbers only."""
        return self.common.kind == "integer"

    @property
    def percent(self) -> bool:
        return self.common.kind == "share"

    @property
    def low(self) -> float:
        return self.common.low or 0.0

    @property
    def high(self) -> float:
        return 1.0 if self.common.high is None else self.common.high


def by_layer(method: type[Method] | Method) -> tuple[ByLayer, ...]:
    """The tables of a method whose layers have a common value otherwise."""
    return _tables(method if isinstance(method, type) else type(method))


@lru_cache(maxsize=64)
def _tables(method: type[Method]) -> tuple[ByLayer, ...]:
    known = {knob.name: knob for knob in knobs(method)}
    return tuple(ByLayer(knob, known[knob.of]) for knob in known.values() if knob.of)


def own(step: Method, setting: ByLayer) -> Mapping[str, float]:
    return cast("Mapping[str, float]", getattr(step, setting.name))


def value(step: Method, setting: ByLayer, layer: str) -> float:
    """What holds for a layer."""
    return own(step, setting).get(layer, getattr(step, setting.common.name))


def at(step: Method, setting: ByLayer, layer: str, to: float) -> Changes:
    """The settings once a layer has a value of its own. Values shared by hand were for the bits before, so they go."""
    held = round(to) if setting.whole else round(to, 6)
    changes: Changes = {setting.name: {**own(step, setting), layer: held}}
    if setting.whole and layer in _given(step):
        changes["given"] = {name: kept for name, kept in _given(step).items() if name != layer}
    return changes


def like_this(step: Method, layer: str, alike: Iterable[str]) -> Changes:
    """All values of one layer for all that are like it."""
    names = tuple(alike)
    made: Changes = {}
    for setting in by_layer(step):
        held = value(step, setting, layer)
        held = int(held) if setting.whole else held
        made[setting.name] = {**own(step, setting), **dict.fromkeys(names, held)}
    return made


def picked(step: Method, layers: Sequence[str]) -> tuple[str, ...]:
    """The layers that the step works on, of those there are: with none named, all."""
    named = cast("tuple[str, ...]", getattr(step, "layers", ())) or tuple(layers)
    return tuple(name for name in layers if name in named)


def with_layer(step: Method, layer: str, on: bool, layers: Sequence[str]) -> Changes:
    """The settings with a layer picked or left out. The last one cannot be left out: that would mean all."""
    names = picked(step, layers)
    chosen = tuple(name for name in layers if (name in names and name != layer) or (on and name == layer))
    if not chosen:
        return {}
    changes: Changes = {"layers": () if len(chosen) == len(layers) else chosen}
    for setting in by_layer(step):
        changes[setting.name] = {name: held for name, held in own(step, setting).items() if name in chosen}
    if _given(step):
        changes["given"] = {name: held for name, held in _given(step).items() if name in chosen}
    return changes


def with_values(step: Method, layer: str, values: Sequence[float] | None) -> Changes:
    """The settings with a layer's shared values given by hand; None: found by k-means again."""
    kept = {name: held for name, held in _given(step).items() if name != layer}
    return {"given": kept if values is None else {**kept, layer: tuple(values)}}


def _given(step: Method) -> Mapping[str, tuple[float, ...]]:
    return cast("Mapping[str, tuple[float, ...]]", getattr(step, "given", {}))
