"""A form made from a method's knobs: what the method says of itself is all it needs."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QGridLayout, QSpinBox, QWidget

from app.ui import theme
from app.ui.parts.card import clear
from app.ui.parts.text import label
from app.words import MINUS
from compressors.method import Knob

ROOM = 1e9  # a number without a bound
SPECIAL: frozenset[str] = frozenset({"layers", "per_layer", "values"})  # these have an editor of their own


class StepForm(QWidget):
    """Fields side by side in two columns. `edited` carries the knob's name and its new value."""

    edited = Signal(str, object)

    def __init__(self, columns: int = 2) -> None:
        super().__init__()
        self._columns = columns
        self._fields: dict[str, tuple[QWidget, Callable[[Any], None]]] = {}
        self._shown: tuple[Knob, ...] = ()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(theme.px(16))
        self._grid.setVerticalSpacing(theme.px(8))

    def show_knobs(self, knobs: tuple[Knob, ...], values: dict[str, Any], leave_out: Collection[str] = ()) -> None:
        """These settings with these values; the fields stay the same widgets while the knobs do."""
        wanted = tuple(knob for knob in knobs if knob.kind not in SPECIAL and knob.name not in leave_out)
        if wanted != self._shown:
            self._build(wanted)
        for knob in wanted:
            field, put = self._fields[knob.name]
            field.blockSignals(True)
            put(values[knob.name])
            field.blockSignals(False)

    def field(self, name: str) -> QWidget:
        return self._fields[name][0]

    def _build(self, knobs: tuple[Knob, ...]) -> None:
        clear(self._grid)
        self._shown, self._fields = knobs, {}
        for place, knob in enumerate(knobs):
            self._add(knob, *divmod(place, self._columns))
        for column in range(self._columns):
            self._grid.setColumnStretch(2 * column + 1, 1)

    def _add(self, knob: Knob, row: int, column: int) -> None:
        field, put = MAKERS[knob.kind](knob, lambda value: self.edited.emit(knob.name, value))
        field.setAccessibleName(knob.label)
        field.setAccessibleDescription(knob.help)
        field.setToolTip(knob.help)
        name = label(knob.label, "muted", tip=knob.help)
        name.setBuddy(field)
        self._fields[knob.name] = (field, put)
        self._grid.addWidget(name, row, 2 * column)
        self._grid.addWidget(field, row, 2 * column + 1)


Tell = Callable[[Any], None]
Made = tuple[QWidget, Callable[[Any], None]]


def _share(knob: Knob, tell: Tell) -> Made:
    """A share of 1, written in percent."""
    field = number_field(100 * (knob.low or 0.0), 100 * (1.0 if knob.high is None else knob.high), 1, 1.0)
    field.setSuffix(" %")
    field.valueChanged.connect(lambda value: tell(round(value / 100, 6)))
    return field, lambda value: field.setValue(100 * value)


def _number(knob: Knob, tell: Tell) -> Made:
    """A number; its steps are a tenth of its size."""
    field = number_field(-ROOM if knob.low is None else knob.low, ROOM if knob.high is None else knob.high, 6, 0.1)
    field.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
    field.valueChanged.connect(tell)
    return field, field.setValue


class _Number(QDoubleSpinBox):
    """Shows no more digits than the value has, and a minus that is one; a hyphen can be typed for it."""

    def textFromValue(self, value: float) -> str:
        text = f"{value:.{self.decimals()}f}"
        return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", MINUS) or "0"

    def valueFromText(self, text: str) -> float:
        return super().valueFromText(text.replace(MINUS, "-"))

    def validate(self, text: str, position: int) -> object:
        state, _, position = super().validate(text.replace(MINUS, "-"), position)  # type: ignore[misc]
        return state, text, position


def number_field(low: float, high: float, decimals: int, step: float) -> QDoubleSpinBox:
    field = _Number()
    field.setDecimals(decimals)
    field.setRange(low, high)
    field.setSingleStep(step)
    field.setKeyboardTracking(False)
    field.setMinimumHeight(theme.px(theme.CONTROL - 2))
    return field


def _integer(knob: Knob, tell: Tell) -> Made:
    field = QSpinBox()
    field.setRange(int(-ROOM if knob.low is None else knob.low), int(ROOM if knob.high is None else knob.high))
    field.setKeyboardTracking(False)
    field.setMinimumHeight(theme.px(theme.CONTROL - 2))
    field.valueChanged.connect(tell)
    return field, field.setValue


def _choice(knob: Knob, tell: Tell) -> Made:
    field = QComboBox()
    for choice in knob.choices:
        field.addItem(said(choice), choice)
    field.setMinimumHeight(theme.px(theme.CONTROL - 2))
    field.currentIndexChanged.connect(lambda _: tell(field.currentData()))
    return field, lambda value: field.setCurrentIndex(max(field.findData(value), 0))


def _switch(_knob: Knob, tell: Tell) -> Made:
    field = QCheckBox()
    field.setMinimumHeight(theme.px(theme.CONTROL - 2))
    field.toggled.connect(tell)
    return field, field.setChecked


def said(choice: str) -> str:
    """A choice as people read it: `per_layer` is `Per layer`; names in capitals stay."""
    short = {"sgd": "SGD", "adam": "Adam"}
    words = choice.replace("_", " ")
    return short.get(choice, words[:1].upper() + words[1:])


MAKERS: dict[str, Callable[[Knob, Tell], Made]] = {
    "share": _share,
    "number": _number,
    "integer": _integer,
    "choice": _choice,
    "switch": _switch,
}
