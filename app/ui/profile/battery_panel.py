"""How long a battery lasts, and for how many inferences: watt-hours and a duty in, hours and a count out."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QGridLayout

from app import words
from app.battery import battery
from app.facts import BatteryChosen
from app.ui import remember, theme
from app.ui.desk import Desk
from app.ui.devices.roster import device_title
from app.ui.goal_sheet import Amount
from app.ui.parts.buttons import link_button
from app.ui.parts.card import Card, column, holder, row
from app.ui.parts.text import caption, label, set_role
from profiler.errors import BadInput
from profiler.measurement import Profile

DUTIES: tuple[tuple[str, float | None], ...] = (
    ("a second", 3600.0),
    ("a minute", 60.0),
    ("an hour", 1.0),
    ("without a pause", None),
)  # words, times an hour
NO_ENERGY = "A battery’s hours follow from energy and power, and neither was measured {where}: no meter was read."
NO_IMPORT = "This profile was measured elsewhere and has no power beside it. A meter’s readings can be added to it."
NO_BATTERY = "Type how many watt-hours the battery holds."


class BatteryPanel(Card):
    """Remembered with the study as a fact that can be undone, and for the next study as its first values."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("Battery", gap=8)
        self._desk = desk
        self._profile: Profile | None = None
        self.capacity, self.rate, self.duty = Amount(), Amount(), QComboBox()
        self.inferences, self.hours = label("", "strong"), label("", "muted")
        self.why_button = link_button("Why?", lambda: self.why.setVisible(self.why.isHidden()))
        self.why = caption(wrap=True)
        self.why.hide()
        self._assemble()
        self._show_fields()
        for field in (self.capacity, self.rate):
            field.editingFinished.connect(self._typed)
        self.duty.activated.connect(lambda _: self._typed())
        desk.study_changed.connect(lambda _: self._show())

    def _assemble(self) -> None:
        for field, name, suffix, most in (
            (self.capacity, "Battery, watt-hours", " Wh", 1e6),
            (self.rate, "How often it runs", "", 1e6),
        ):
            field.setRange(0, most)
            field.setDecimals(3)
            field.setSuffix(suffix)
            field.setAccessibleName(name)
            field.setToolTip(name)
            field.setStepType(Amount.StepType.AdaptiveDecimalStepType)
            field.setMinimumHeight(theme.px(theme.CONTROL - 2))
        self.capacity.setSpecialValueText("no battery")
        for name, _ in DUTIES:
            self.duty.addItem(name)
        self.duty.setAccessibleName("Duty")
        self.duty.setMinimumHeight(theme.px(theme.CONTROL - 2))
        for field in (self.capacity, self.rate, self.duty):
            field.setMinimumWidth(theme.px(72))
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.px(8))
        grid.setVerticalSpacing(theme.px(6))
        for place, (name, inside) in enumerate((("Holds", row(self.capacity)), ("Runs", row(self.rate, self.duty)))):
            grid.addWidget(label(name, "muted"), place, 0)
            grid.addLayout(inside, place, 1)
        grid.setColumnStretch(1, 1)
        self.add(grid)
        self._lines = holder(
            column(row(label("Inferences", "muted"), None, self.inferences, self.why_button), self.hours)
        )
        self.add(self._lines, self.why)
        self.hours.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.hours.setWordWrap(True)

    # ------------------------------------------------------------------ what was typed

    @property
    def per_hour(self) -> float | None:
        """Runs in one hour; None: without a pause."""
        _, factor = DUTIES[self.duty.currentIndex()]
        return None if factor is None else self.rate.value() * factor

    def _show_fields(self) -> None:
        """The study's battery; where it has none, what was typed last in any study."""
        chosen = self._desk.study.battery
        if chosen is None:
            capacity, rate, duty = _remembered()
        else:
            capacity, (rate, duty) = chosen.watt_hours or 0.0, _as_duty(chosen.per_hour, self.duty.currentIndex())
        for field, value in ((self.capacity, capacity), (self.rate, rate)):
            if not field.hasFocus() or not field.lineEdit().isModified():
                field.setValue(value)
        self.duty.setCurrentIndex(duty)

    def _typed(self) -> None:
        remember.keep("battery", f"{self.capacity.value()!r} {self.rate.value()!r} {self.duty.currentIndex()}")
        held = self.capacity.value() or None
        fact = BatteryChosen(held, self.per_hour if held is not None else None)
        workbench = self._desk.workbench
        if workbench is not None and fact != (workbench.study.battery or BatteryChosen(None)):
            workbench.record(fact)
        self._show_figures()

    # ------------------------------------------------------------------ showing

    def show_profile(self, profile: Profile | None) -> None:
        """The profile whose energy is drawn from the battery."""
        self._profile = profile
        self._show()

    def _show(self) -> None:
        self._show_fields()
        self._show_figures()

    def _show_figures(self) -> None:
        self.rate.setVisible(DUTIES[self.duty.currentIndex()][1] is not None)
        if not self.capacity.value():
            self._nothing("", NO_BATTERY)
            return
        profile = self._profile
        if profile is None or profile.power is None or profile.power.energy_mj is None:
            self._nothing(words.not_measured, self._no_energy(profile))
            return
        try:
            found = battery(profile, self.capacity.value(), self.per_hour)
        except BadInput as wrong:
            self._nothing("", " ".join(part for part in (wrong.what, wrong.where, wrong.fix) if part), shown=True)
            return
        if found is None:
            self._nothing(words.not_measured, self._no_energy(profile))
            return
        self.inferences.setText(words.three_digits(found.inferences))
        self.hours.setText(f"{words.significant(found.hours)} h, idling included")
        self._say("strong", found.formula)

    def _no_energy(self, profile: Profile | None) -> str:
        if profile is not None and profile.imported:
            return NO_IMPORT
        device = profile.device.name if profile is not None else self._desk.device
        return NO_ENERGY.format(where=f"on {device_title(device).replace('This', 'this')}")

    def _nothing(self, text: str, why: str, *, shown: bool = False) -> None:
        """No figure, and why. `shown`: without being asked for."""
        self.inferences.setText(text)
        self.hours.setText("" if text else why)
        self._say("muted", "")
        self.why.setText(why)
        self.why_button.setVisible(bool(text))
        self.why.setVisible(shown and bool(text))

    def _say(self, role: str, tip: str) -> None:
        set_role(self.inferences, role)
        self.why_button.hide()
        self.why.hide()
        for part in (self.inferences, self.hours, self._lines):
            part.setToolTip(tip)
        said = " ".join(text for text in (self.inferences.text(), self.hours.text()) if text)
        self._lines.setAccessibleName(f"Battery: {said}")
        self._lines.setAccessibleDescription(tip)


def _as_duty(per_hour: float | None, likely: int) -> tuple[float, int]:
    """The rate and the place of its unit in DUTIES: the unit in use, else the first in which the rate is 1 or more."""
    if per_hour is None:
        return 1.0, len(DUTIES) - 1
    factor = DUTIES[likely][1]
    if factor is None:
        likely = next((n for n, (_, f) in enumerate(DUTIES) if f is not None and per_hour >= f), 2)
        factor = DUTIES[likely][1] or 1.0
    return per_hour / factor, likely


def _remembered() -> tuple[float, float, int]:
    parts = remember.text("battery").split()
    try:
        capacity, rate, duty = float(parts[0]), float(parts[1]), int(parts[2])
    except (IndexError, ValueError):
        return 0.0, 1.0, 0
    return capacity, rate, duty if 0 <= duty < len(DUTIES) else 0
