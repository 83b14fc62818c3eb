"""The goal sheet: what the board allows, one line a limit."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtWidgets import QCheckBox, QDoubleSpinBox, QGridLayout, QWidget

from app.axes import AxisKey, figure
from app.facts import Goal, GoalSet
from app.heavy import device_words
from app.ui import theme
from app.ui.desk import Desk
from app.ui.parts.buttons import button, primary_button
from app.ui.parts.card import row
from app.ui.parts.sheet import Sheet
from app.ui.parts.text import caption, label


@dataclass(frozen=True)
class Limit:
    """How one limit is typed: `shown` times the goal's value is what stands in the field."""

    axis: AxisKey
    field: str
    words: str
    suffix: str
    shown: float
    most: float
    decimals: int
    start: float  # when there is nothing to go by


LIMITS = (
    Limit("accuracy", "accuracy", "Accuracy at least", " %", 100, 100, 1, 90),
    Limit("latency", "latency_ms", "Latency at most", " ms", 1, 1e6, 3, 20),
    Limit("size", "size_mb", "Size at most", " MB", 1, 1e6, 3, 10),
    Limit("macs", "macs", "Operations at most", " M MACs", 1e-6, 1e9, 2, 100),
    Limit("energy", "energy_mj", "Energy at most", " mJ", 1, 1e6, 1, 90),
)


class Amount(QDoubleSpinBox):
    """20 ms, not 20.000 ms."""

    def textFromValue(self, value: float) -> str:
        text = super().textFromValue(value)
        point = self.locale().decimalPoint()
        return text.rstrip("0").rstrip(point) if point in text else text


class GoalSheet(Sheet):
    """Return sets the goal as one fact; undo takes it back."""

    def __init__(self, host: QWidget, desk: Desk) -> None:
        super().__init__(host, "Goal", side="right", extent=400)
        self.desk = desk
        self.where = caption(wrap=True)
        self.body.addWidget(self.where)
        self.lines: dict[str, tuple[QCheckBox, QDoubleSpinBox]] = {}
        grid = QGridLayout()
        grid.setVerticalSpacing(theme.px(12))
        grid.setHorizontalSpacing(theme.px(12))
        for place, limit in enumerate(LIMITS):
            self._line(grid, place, limit)
        self.body.addLayout(grid)
        self.body.addWidget(label("Unticked: no limit. A limit is met only by a measured value.", "caption", wrap=True))
        self.body.addStretch(1)
        self.body.addLayout(row(button("No goal", self._drop), None, primary_button("Set goal", self.set_goal)))

    def _line(self, grid: QGridLayout, place: int, limit: Limit) -> None:
        tick, field = QCheckBox(limit.words), Amount()
        field.setDecimals(limit.decimals)
        field.setRange(0, limit.most)
        field.setSuffix(limit.suffix)
        field.setMinimumHeight(theme.px(theme.CONTROL))
        field.setAccessibleName(limit.words)
        field.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        tick.toggled.connect(field.setEnabled)
        grid.addWidget(tick, place, 0)
        grid.addWidget(field, place, 1)
        self.lines[limit.field] = (tick, field)

    def present(self) -> None:
        """Start from the goal as it is, or from what the selected candidate has."""
        goal = self.desk.study.goal
        device = goal.device if goal else self.desk.device
        self.where.setText(f"Times are measured {device_words(device)}.")
        for limit in LIMITS:
            tick, field = self.lines[limit.field]
            value = getattr(goal, limit.field) if goal else None
            tick.setChecked(value is not None)
            field.setEnabled(value is not None)
            field.setValue(value * limit.shown if value is not None else self._start(limit, device))
        super().present()
        self.lines[LIMITS[0].field][0].setFocus()

    def _start(self, limit: Limit, device: str) -> float:
        candidate = self.desk.study.candidates.get(self.desk.candidate)
        found = figure(candidate, limit.axis, device) if candidate else None
        return found.value * limit.shown if found else limit.start

    def typed(self) -> Goal:
        """The goal as the sheet says it."""
        goal = self.desk.study.goal or Goal(device=self.desk.device)
        for limit in LIMITS:
            tick, field = self.lines[limit.field]
            goal = replace(goal, **{limit.field: field.value() / limit.shown if tick.isChecked() else None})
        return goal

    def set_goal(self) -> None:
        self._record(self.typed())

    def _drop(self) -> None:
        self._record(None)

    def _record(self, goal: Goal | None) -> None:
        if self.desk.workbench is not None and goal != self.desk.study.goal:
            self.desk.workbench.record(GoalSet(goal))
        self.dismiss()
