"""The recipe being written: steps as plain values, with undo. It becomes a candidate only when it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal

from compressors.method import METHODS, Knob, Method, checked, find, knobs
from profiler.breakdown import Breakdown

Step = Mapping[str, Any]
Steps = tuple[Step, ...]
DEPTH = 100  # how many changes can be taken back


def all_methods() -> Mapping[str, type[Method]]:
    """Every method by key, in the order they were registered."""
    import compressors.methods  # noqa: F401 - importing it registers them all

    return METHODS


def value_of(step: Step, knob: Knob) -> Any:
    """A step's setting, or the default where it says nothing."""
    return step.get(knob.name, knob.default)


def knobs_of(step: Step) -> tuple[Knob, ...]:
    return knobs(find(step["method"]))


def method_of(step: Step) -> Method:
    """The step as a method. Raises BadInput where a setting does not fit."""
    return checked(find(step["method"]), {k: v for k, v in step.items() if k not in ("method", "enabled")})


def fresh(key: str, has_data: bool) -> dict[str, Any]:
    """A new step. One that could also do without training does, while there is nothing to train on."""
    step: dict[str, Any] = {"method": key, "enabled": True}
    if not has_data and find(key).group != "train" and any(knob.name == "epochs" for knob in knobs(find(key))):
        step["epochs"] = 0
    if not has_data and key == "int8":
        step["scales"] = "dynamic"  # static ones are found on images
    return step


def why_not(key: str, network: Breakdown, has_data: bool) -> str:
    """Why a step cannot be added to this network, in a sentence; "" when it can."""
    settings = {k: v for k, v in fresh(key, has_data).items() if k not in ("method", "enabled")}
    return next(iter(checked(find(key), settings).problems(network, has_data)), "")


class Draft(QObject):
    """`changed` follows every change, also while a hand is still moving; `picked` says which step is edited.

    A drag is one change: `hold` before the first move, `let_go` after the last.
    """

    changed = Signal()
    step_picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.steps: Steps = ()
        self.picked = -1
        self._past: list[tuple[Steps, int]] = []
        self._future: list[tuple[Steps, int]] = []
        self._held = False

    # ------------------------------------------------------------------ reading

    @property
    def step(self) -> Step | None:
        """The step that is edited."""
        return self.steps[self.picked] if 0 <= self.picked < len(self.steps) else None

    @property
    def can_undo(self) -> bool:
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        return bool(self._future)

    def plain(self) -> list[dict[str, Any]]:
        """As the workbench takes them."""
        return [dict(step) for step in self.steps]

    # ------------------------------------------------------------------ changing

    def load(self, steps: Sequence[Step]) -> None:
        """All steps at once, from a file or a candidate; one change."""
        self._become(tuple(dict(step) for step in steps), 0 if steps else -1)

    def add(self, key: str, has_data: bool = True) -> None:
        """A step with its default settings, at the end."""
        self._become((*self.steps, fresh(key, has_data)), len(self.steps))

    def remove(self, place: int) -> None:
        left = self.steps[:place] + self.steps[place + 1 :]
        self._become(left, min(place, len(left) - 1))

    def move(self, place: int, to: int) -> None:
        """A step to another place; the others close up."""
        to = max(0, min(to, len(self.steps) - 1))
        if to == place:
            return
        rest = self.steps[:place] + self.steps[place + 1 :]
        self._become((*rest[:to], self.steps[place], *rest[to:]), to)

    def enable(self, place: int, enabled: bool) -> None:
        self.change(place, enabled=enabled)

    def change(self, place: int, **settings: Any) -> None:
        """Set settings of one step. Nothing happens when they are what they were."""
        step = {**self.steps[place], **settings}
        if step != self.steps[place]:
            self._become((*self.steps[:place], step, *self.steps[place + 1 :]), self.picked)

    def pick(self, place: int) -> None:
        if place != self.picked and -1 <= place < len(self.steps):
            self.picked = place
            self.step_picked.emit(place)

    def _become(self, steps: Steps, picked: int) -> None:
        if not self._held:
            self._past = [*self._past[-DEPTH:], (self.steps, self.picked)]
        self._future = []
        self._show(steps, picked)

    def _show(self, steps: Steps, picked: int) -> None:
        moved = picked != self.picked
        self.steps, self.picked = steps, picked
        self.changed.emit()
        if moved:
            self.step_picked.emit(picked)

    # ------------------------------------------------------------------ undo

    def hold(self) -> None:
        """What follows, until `let_go`, is one change."""
        if not self._held:
            self._past = [*self._past[-DEPTH:], (self.steps, self.picked)]
            self._held = True

    def let_go(self) -> None:
        if self._held and self._past and self._past[-1][0] == self.steps:
            self._past.pop()
        self._held = False

    def undo(self) -> None:
        self._turn(self._past, self._future)

    def redo(self) -> None:
        self._turn(self._future, self._past)

    def _turn(self, back: list[tuple[Steps, int]], forth: list[tuple[Steps, int]]) -> None:
        self._held = False
        if back:
            forth.append((self.steps, self.picked))
            steps, picked = back.pop()
            self._show(steps, min(picked, len(steps) - 1))
