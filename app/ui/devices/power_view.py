"""The power trace of a run with its tools: which rails, copy, export."""

from __future__ import annotations

from PySide6.QtWidgets import QMenu, QStackedWidget, QVBoxLayout, QWidget

from app import words
from app.ui import theme
from app.ui.parts.buttons import menu_button
from app.ui.parts.card import column, holder, row
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.text import Elided
from app.ui.plots.power_trace import PowerTracePlot
from app.ui.profile_words import device_title
from profiler.measurement import Profile


class PowerView(QWidget):
    """The plot is made when it is first wanted."""

    def __init__(self) -> None:
        super().__init__()
        self.plot: PowerTracePlot | None = None
        self._rails: set[str] = set()
        self._profile: Profile | None = None
        self.menu = QMenu(self)
        self.rails_button = menu_button("Rails", self.menu, plain=True, tip="Which rails are drawn beside the total")
        self.line = Elided("", "muted")
        head = row(self.line, self.rails_button)
        head.setStretch(0, 1)
        self._place = QVBoxLayout()
        filled = column(head, self._place, gap=4)
        filled.setStretch(1, 1)
        self.empty = EmptyState("", glyph="lightning")
        self.stack = QStackedWidget()
        self.stack.addWidget(holder(filled))
        self.stack.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.px(p) for p in (16, 0, 12, 4)])
        layout.addWidget(self.stack)

    def show_profile(self, profile: Profile, why: str) -> None:
        """`why` stands in the plot's place where power was not measured."""
        self._profile = profile
        known = profile.power is not None and len(profile.power.seconds) > 1
        self.stack.setCurrentIndex(0 if known else 1)
        if not known:
            self.empty.words.setText(f"Power: {words.not_measured}. {why}")
            return
        self._fill_menu(profile)
        self._show()

    def _fill_menu(self, profile: Profile) -> None:
        assert profile.power is not None
        self.menu.clear()
        for rail in profile.power.rails:
            action = self.menu.addAction(rail.name.replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(rail.name in self._rails)
            action.toggled.connect(lambda on, name=rail.name: self._choose(name, on))
        self.rails_button.setVisible(bool(profile.power.rails))

    def _choose(self, rail: str, on: bool) -> None:
        self._rails = self._rails | {rail} if on else self._rails - {rail}
        self._show()

    def _show(self) -> None:
        profile = self._profile
        if profile is None or profile.power is None:
            return
        if self.plot is None:
            self.plot = PowerTracePlot()
            self._place.addWidget(self.plot, 1)
        power = profile.power
        rate = f" at {words.significant(power.rate_hz, 2)} Hz" if power.rate_hz else ""
        read = f"from {power.imported}" if power.imported else f"read by {power.source}"
        ran = f"{words.plural(power.inferences, 'inference')} in {words.took(power.run_stop - power.run_start)}"
        self.line.setText(f"{power.rail or 'Power'}, {read}: {words.plural(power.samples, 'sample')}{rate}, {ran}")
        self.plot.show_power(power, device_title(profile.device.name), self._rails)
