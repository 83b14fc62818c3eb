"""Laying an external meter's readings beside a profile, by its marker or by hand, before they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QWidget

from app import words
from app.ui import theme
from app.ui.desk import Desk
from app.ui.devices.roster import device_title
from app.ui.parts.buttons import button, primary_button
from app.ui.parts.card import Card, clear, column, holder, row
from app.ui.parts.error_card import ErrorCard, NoteLine
from app.ui.parts.text import Elided, caption, label, set_role
from app.ui.plots.meter_trace import MeterTrace
from app.ui.plots.tools import plot_tools
from app.ui.profile.numbers import Signed

HINT = (
    "Move the trace until its load lies over the tinted run: drag it, type the seconds, or use ← and → in the plot. "
    "The wheel, or ↑ and ↓, zooms; dashed lines are where the marker’s bursts were."
)
WAIT_MS = 150  # after the last shift, before the energy is asked for anew


class MeterView(Card):
    """`open` a file; `ended` comes once it was kept, or left."""

    ended = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__("Power from a meter", gap=8)
        self._desk = desk
        self.path, self.letter, self.device = Path(), "", ""
        self._asked = 0
        self._by_hand = False
        self.plot = MeterTrace()
        self.shift = Signed()
        self.file = Elided("", "caption")
        self.found = label("", "muted", wrap=True)
        self.energy, self.mean, self.idle = label("", "strong"), label("", "muted"), label("", "muted")
        self.why = NoteLine("")
        self.keep_button = primary_button("Keep as the power", self.keep, tip="Records the profile with this power")
        self.marker_button = button("Find the marker", self.find_marker, glyph="crosshair-simple")
        self._problem = column(gap=0)
        self._soon = QTimer(self, singleShot=True, interval=WAIT_MS)  # type: ignore[call-arg]
        self._soon.timeout.connect(self._ask)
        self._assemble()
        self.plot.shifted.connect(self._dragged)
        self.shift.valueChanged.connect(self._typed)

    def _assemble(self) -> None:
        self.head.insertWidget(2, self.file)
        for tool in plot_tools(self.plot, "meter"):
            self.add_tool(tool)
        self.shift.setRange(-1e9, 1e9)
        self.shift.setDecimals(2)
        self.shift.setSingleStep(0.1)
        self.shift.setSuffix(" s")
        self.shift.setAccessibleName("Seconds added to the meter’s own")
        self.shift.setToolTip("Seconds added to the meter’s own. Drag the trace, or use ← and → in the plot")
        self.shift.setMinimumHeight(theme.px(theme.CONTROL - 2))
        self.shift.setMinimumWidth(theme.px(120))
        energy = row(label("Energy, one inference", "muted"), self.energy, gap=6)
        figures = column(energy, row(self.mean, 12, self.idle, None, gap=6), gap=2)
        tools = row(label("Shift", "muted"), self.shift, self.marker_button, None)
        ends = row(holder(figures), None, button("Cancel", self.leave), self.keep_button)
        hint = caption(HINT, wrap=True)
        self.add(self._problem, hint)
        self.body.addWidget(self.plot, 1)
        self.add(tools, self.found, self.why, ends)
        self.found.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    # ------------------------------------------------------------------ asking

    def open(self, path: Path, letter: str, device: str) -> None:
        """Show this file's readings beside the candidate's profile on the device, laid by the marker if it is there."""
        self.path, self.letter, self.device = path, letter, device
        self.file.setText(f"{path.name}, for {letter} on {device_title(device).replace('This', 'this')}")
        profile = self._desk.study.candidates[letter].profiles.get(device)
        board = profile.board if profile is not None else None
        self.plot.show_marker(board.marker if board is not None else ())
        self.plot.show_trace((), (), None)
        self.plot.show_offset(0.0)
        self._show_shift(0.0)
        self._figures({})
        self.find_marker()

    def find_marker(self) -> None:
        """Lay the trace by the marker, else by the clocks."""
        self._by_hand = False
        self._ask()

    def _ask(self) -> None:
        self._asked += 1
        turn = self._asked
        offset = self.plot.offset if self._by_hand else None
        asked = {"letter": self.letter, "device": self.device, "path": str(self.path), "offset_s": offset}
        self.keep_button.setEnabled(False)
        self._desk.ask(
            "meter_preview",
            asked,
            lambda answer: self._know(answer) if turn == self._asked else None,
            lambda error: self._failed(error) if turn == self._asked else None,
        )

    def _know(self, answer: Mapping[str, Any]) -> None:
        clear(self._problem)
        if tuple(answer["seconds"]) != self.plot.seconds:
            self.plot.show_trace(answer["seconds"], answer["watts"], answer["run"])
        if answer["offset_s"] is not None and not self._by_hand:
            self.plot.show_offset(answer["offset_s"])
            self._show_shift(answer["offset_s"])
            self.plot.show_run(answer["run"])
        elif tuple(answer["run"] or ()) != (self.plot.run or ()):
            self.plot.show_run(answer["run"])
        self._figures(answer)

    def _failed(self, error: BaseException) -> None:
        clear(self._problem)
        self._problem.addWidget(ErrorCard.of(error))
        self._figures({})

    def _figures(self, answer: Mapping[str, Any]) -> None:
        energy = answer.get("energy_mj")
        known = energy is not None
        self.energy.setText(words.marked(words.millijoules(energy), "imported" if known else "measured"))
        set_role(self.energy, "strong" if known else "muted")
        for place, key, name in ((self.mean, "mean_watts", "run"), (self.idle, "idle_watts", "idle")):
            value = answer.get(key)
            place.setText(f"{name} {words.significant(value)} W" if value is not None else "")
        self.found.setText(answer.get("found", ""))
        self.found.setVisible(bool(self.found.text()))
        self.why.words.setText(answer.get("why", ""))
        self.why.setVisible(bool(answer.get("why")))
        self.keep_button.setEnabled(energy is not None)

    # ------------------------------------------------------------------ shifting

    def _dragged(self, offset: float) -> None:
        self._show_shift(offset)
        self._shifted()

    def _typed(self, offset: float) -> None:
        self.plot.show_offset(offset)
        self._shifted()

    def _shifted(self) -> None:
        self._by_hand = True
        self.keep_button.setEnabled(False)
        self._soon.start()

    def _show_shift(self, offset: float) -> None:
        self.shift.blockSignals(True)
        self.shift.setValue(offset)
        self.shift.blockSignals(False)

    # ------------------------------------------------------------------ ending

    def keep(self) -> None:
        """Record the profile with this power, just as it is shown."""
        workbench = self._desk.workbench
        if workbench is None or not self.keep_button.isEnabled():
            return
        workbench.meter(self.letter, self.device, self.path, self.plot.offset)
        self.ended.emit()

    def leave(self) -> None:
        self._asked += 1
        self.ended.emit()

    def parts(self) -> list[QWidget]:
        """Where F6 stops."""
        return [self.plot, self.shift, self.keep_button]
