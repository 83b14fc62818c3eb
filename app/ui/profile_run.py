"""One candidate on one device: time by layer, by kind, power; end to end, memory and energy, and whether it adds up."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app import words
from app.heavy import time_head
from app.reasons import Reason, no_faster
from app.study import Candidate
from app.timing_rows import adds_up, timed_rows
from app.ui import theme
from app.ui.desk import Desk
from app.ui.devices.meter_words import why_no_power
from app.ui.devices.power_view import PowerView
from app.ui.parts.bars import StackedBar
from app.ui.parts.buttons import icon_button, link_button, menu_button
from app.ui.parts.card import Card, clear, column, hairline, holder, row, scrolled
from app.ui.parts.columns import MiddleAndRight
from app.ui.parts.error_card import IconLabel, NoteLine
from app.ui.parts.segmented import Segmented
from app.ui.parts.table import table_tools
from app.ui.parts.text import Elided, caption, label, set_role
from app.ui.plots.layer_bars import LayerBars
from app.ui.plots.run_dots import RunDots
from app.ui.plots.tools import copy_picture, export_plot, plot_tools
from app.ui.profile.against_menu import AgainstMenu
from app.ui.profile.battery_panel import BatteryPanel
from app.ui.profile.kind_bars import KindBars
from app.ui.profile_words import energy_line, memory_lines, power_line, runs_words, state_of, sum_parts, sum_words
from profiler.measurement import Profile

VIEWS = (("layers", "Layers"), ("kinds", "Kinds"), ("power", "Power"))
VIEW_TIPS = ("Time by layer", "Time by kind of layer, beside other profiles", "Power over time, with the run marked")
NO_LAYERS = "The run ended before the layers were timed. What was measured end to end is beside."
NO_ROWS = "This profile has no times by layer."
LOW = 360  # px; below this a plot and the sum have no room together


class ProfileRun(QWidget):
    """The times against another profile's: any candidate's, at any time, on any device."""

    layer_picked = Signal(str)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._shown: tuple[Candidate, Profile] | None = None
        self._adds_up = False
        self.bars, self.kinds, self.power = LayerBars(), KindBars(desk), PowerView()
        self.bars.picked.connect(self.layer_picked)
        self.views = Segmented(VIEWS, "What of the run", VIEW_TIPS)
        self.views.chosen.connect(lambda _: self._show_view())
        self.against_menu = AgainstMenu(self)
        self.against_menu.chosen.connect(self._again)
        self.against_button = menu_button("", self.against_menu, plain=True, tip="Whose times the ticks are")
        self.figure, self.unit, self.spread = label("", "figure"), label("ms median", "muted"), label("", "muted")
        self.runs = Elided("", "caption", Qt.TextElideMode.ElideRight)
        self.dots = RunDots()
        self.memory, self.reasons = column(gap=10), column(gap=12)
        self.battery = BatteryPanel(desk)
        self.sum_bar = StackedBar("Does it add up?", height=14)
        self.sum_line = row(gap=12)
        self._assemble()

    def _assemble(self) -> None:
        stack = column(self._end_to_end(), self._memory_card(), self.battery, holder(self.reasons), None, gap=12)
        right = scrolled(holder(stack), sideways=False)
        right.setMinimumWidth(theme.px(280))
        bar = right.verticalScrollBar()  # it lies over the cards' edge: they give way while there is one
        bar.rangeChanged.connect(lambda _, most: stack.setContentsMargins(0, 0, theme.px(14) if most else 0, 0))
        self.columns = MiddleAndRight(
            "profile", self._timing_card(), right, ("Time by layer", "End to end"), right_width=326
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(12))
        layout.addWidget(self.columns, 1)
        layout.addWidget(self._sum_card())

    def _timing_card(self) -> Card:
        """Three views of one run, with the tools of the one that is shown."""
        card = Card(" ", pad=0, gap=4)
        card.setAccessibleName("Time by layer")
        card.title.hide()
        card.body.setContentsMargins(1, theme.px(8), 1, theme.px(6))
        card.head.setContentsMargins(theme.px(12), 0, theme.px(10), 0)
        card.head.insertWidget(0, self.views)
        card.add_tool(self.against_button)
        self.table_tools = table_tools(self.bars)
        self.plot_tools = (
            icon_button("copy", "Copy picture (Ctrl+Shift+C)", self.copy_picture),
            icon_button("download-simple", "Export as SVG, PNG or CSV (Ctrl+E)", self.export),
        )
        for tool in (*self.table_tools, *self.plot_tools):
            card.add_tool(tool)
        self.rows_missing = NoteLine("", tone="info")
        layers = column(self.rows_missing, self.bars, gap=0)
        layers.setStretch(1, 1)
        self.stack = QStackedWidget()
        for view in (holder(layers), self.kinds, self.power):
            self.stack.addWidget(view)
        card.body.addWidget(self.stack, 1)
        return card

    def _end_to_end(self) -> Card:
        card = Card("End to end", gap=6)
        for tool in plot_tools(self.dots, "runs"):
            card.add_tool(tool)
        for small in (self.unit, self.spread):
            small.setAlignment(Qt.AlignmentFlag.AlignBottom)
            small.setContentsMargins(0, 0, 0, theme.px(4))
        card.add(row(self.figure, self.unit, None, self.spread), self.dots, self.runs)
        return card

    def _memory_card(self) -> Card:
        card = Card("Energy and memory", gap=10)
        card.body.addLayout(self.memory)
        return card

    def _sum_card(self) -> Card:
        self.sum_card = Card()
        line = row(label("Does it add up?", "heading"), self.sum_bar, self.sum_line, gap=16)
        line.setStretch(1, 1)
        self.sum_card.body.addLayout(line)
        return self.sum_card

    # ------------------------------------------------------------------ showing

    def show_profile(self, candidate: Candidate, profile: Profile) -> None:
        self._shown = (candidate, profile)
        desk = self._desk
        self._show_layers(candidate, profile)
        self._show_end_to_end(profile)
        self._show_memory(profile)
        self.battery.show_profile(profile)
        self._show_reasons(no_faster(desk.study, candidate.letter, desk.device) if profile.latencies_ms else [])
        self._show_sum(profile, candidate)
        self._show_view()

    def _again(self) -> None:
        if self._shown is not None:
            self._show_layers(*self._shown)

    def _show_layers(self, candidate: Candidate, profile: Profile) -> None:
        device = self._desk.device
        other = self.against_menu.against(self._desk.study, candidate, device, profile)
        rows = timed_rows(profile, candidate.breakdown, other.profile if other is not None else None)
        named = other.short if other is not None else ""
        self.bars.show_timing(rows, time_head(device), named, state_of(profile))
        self.rows_missing.setVisible(not rows)
        self.rows_missing.words.setText(NO_ROWS if profile.complete else NO_LAYERS)
        self.against_button.setText(f"|  against {named}" if named else "against nothing")
        self.against_button.setToolTip(f"Whose times the ticks are: {other.line}" if other else "Whose times to show")
        self.pick(self._desk.layer)

    def _show_view(self) -> None:
        key = self.views.key
        self.stack.setCurrentIndex([name for name, _ in VIEWS].index(key))
        self.against_button.setVisible(key == "layers" and not self.against_menu.isEmpty())
        for tool in self.table_tools:
            tool.setVisible(key == "layers")
        if self._shown is not None:
            candidate, profile = self._shown
            if key == "kinds":
                self.kinds.show_profile(candidate, profile)
            elif key == "power":
                self.power.show_profile(profile, self._why(profile))
        for tool in self.plot_tools:
            tool.setVisible(key != "layers" and self.picture_of() is not None)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """In a low window the sum, which is of the layers' times, leaves its place to the other views."""
        roomy = self.height() >= theme.px(LOW)
        self.sum_card.setVisible(self._adds_up and (roomy or self.views.key == "layers"))

    def show_view(self, key: str) -> None:
        self.views.choose(key)
        self._show_view()

    def _why(self, profile: Profile) -> str:
        device = self._desk.device
        return why_no_power(device, self._desk.roster.facts(device) or profile.device, profile)

    def picture_of(self) -> QWidget | None:
        """The plot that is shown, to be copied and exported; None: the layers' table, or nothing."""
        if self.views.key == "kinds":
            return self.kinds
        has_power = self._shown is not None and self._shown[1].power is not None
        return self.power.plot if self.views.key == "power" and has_power else None

    def copy_picture(self) -> bool:
        copy_picture(self.picture_of() or self.bars)
        return True

    def export(self) -> bool:
        plot = self.picture_of()
        if plot is not None:
            return export_plot(plot, "power" if plot is self.power.plot else "kinds") is not None
        return self.bars.export() is not None

    def pick(self, layer: str) -> None:
        """The selected layer's row, also where it ran fused into another."""
        for timed in self.bars.shown():
            if timed.key == layer or layer in timed.cells["name"].text.split(" + "):
                self.bars.pick(timed.key)
                return
        self.bars.pick("")

    def _show_end_to_end(self, profile: Profile) -> None:
        known = bool(profile.latencies_ms)
        said = words.marked(words.milliseconds(profile.median_ms), state_of(profile)) if known else words.not_measured
        number, _, unit = said.partition(" ") if known else (said, "", "")
        self.figure.setText(number)
        set_role(self.figure, "figure" if known else "muted")
        self.figure.setToolTip(profile.imported)
        self.unit.setText(f"{unit} median" if known else "")
        self.spread.setVisible(known)
        self.dots.setVisible(known)
        self.runs.setText(runs_words(profile))
        self.runs.set_tip(profile.imported)
        if known:
            low, high = words.milliseconds(profile.p5_ms), words.milliseconds(profile.p95_ms)
            own = f" {unit.removesuffix(' ↧')}"
            self.spread.setText(f"p5 {low.removesuffix(own)}   p95 {high.removesuffix(own)}")
            self.dots.show_runs(profile.latencies_ms, profile.p5_ms, profile.median_ms, profile.p95_ms)

    def _show_memory(self, profile: Profile) -> None:
        clear(self.memory)
        energy, power = energy_line(profile), power_line(profile)
        self._line(*energy, why=energy[1] == words.not_measured)
        self.why = label(self._why(profile), "muted", wrap=True)
        self.why.hide()
        self.memory.addWidget(self.why)
        if power is not None:
            self._line(*power)
        self.memory.addWidget(hairline())
        for line in memory_lines(profile):
            self._line(*line)

    def _line(self, what: str, figure: str, made_of: str, *, why: bool = False) -> None:
        known = figure != words.not_measured
        line = row(label(what, "muted"), None, label(figure, "strong" if known else "muted"))
        if why:
            line.addWidget(link_button("Why?", lambda: self.why.setVisible(self.why.isHidden())))
        self.memory.addLayout(line)
        if made_of:
            self.memory.addWidget(caption(made_of, wrap=True))

    def _show_reasons(self, reasons: list[Reason]) -> None:
        clear(self.reasons)
        for reason in reasons:
            card = Card()
            line = row(gap=10)
            line.addWidget(IconLabel("lightning", "warn", 20), 0, Qt.AlignmentFlag.AlignTop)
            texts = column(label(reason.title, "strong", wrap=True), label(reason.text, "muted", wrap=True), gap=6)
            line.addLayout(texts, 1)
            card.body.addLayout(line)
            card.setAccessibleName(f"{reason.title} {reason.text}")
            self.reasons.addWidget(card)

    def _show_sum(self, profile: Profile, candidate: Candidate) -> None:
        self._adds_up = bool(profile.latencies_ms and profile.layers)
        if not self._adds_up:
            return
        found = adds_up(profile, candidate.breakdown)
        self.sum_bar.show_parts(sum_parts(found))
        clear(self.sum_line)
        for name, figure in sum_words(found):
            self.sum_line.addLayout(row(label(name, "muted"), label(figure, "strong"), gap=6))
        self.sum_card.setAccessibleName("Does it add up? " + " ".join(f"{n} {f}" for n, f in sum_words(found)))
