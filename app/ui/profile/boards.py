"""The same candidate on several devices: what each costs, how fast it is, and what that is per watt and per dollar."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import words
from app.board_facts import BoardFacts, board_of
from app.board_story import board_rows
from app.study import Study
from app.ui import theme
from app.ui.desk import Desk
from app.ui.parts.card import Card, row
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.marker import Marker, look_of
from app.ui.parts.table import DataTable, table_tools
from app.ui.parts.text import caption
from app.ui.plots.device_bars import DeviceBars
from app.ui.plots.tools import plot_tools
from app.ui.profile.boards_words import COLUMNS, PANELS, device_rows, table_rows
from app.ui.profile.side import PlotsAndTable
from profiler.measurement import ProfileSettings

NOTE = "Prices and peaks are published figures: their sources are in the tooltips. A dashed bar and ↧ mean imported."


class BoardsCompared(QWidget):
    """`changed`: the page's button says something else now. A row picked selects its device."""

    changed = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.settings = ProfileSettings()
        self.measure: Callable[[list[str]], object] = self._measure  # the page’s own knows each device’s settings
        self.marker, self.whose = Marker(), caption()
        self.plot = DeviceBars("Frames a second per watt and per dollar", PANELS)
        self.table = DataTable("boards", "Boards compared", "Order they were measured in")
        self.table.show_columns(COLUMNS)
        self.empty = EmptyState("", [("", self.run)], glyph="cpu")
        self._assemble()
        self.plot.picked.connect(self.table.pick)
        self.table.opened.connect(self._open)
        desk.roster.changed.connect(self._freshen)

    def _assemble(self) -> None:
        self._bars = Card("Per watt and per dollar", gap=6)
        for tool in plot_tools(self.plot, "boards"):
            self._bars.add_tool(tool)
        self._bars.add(self.plot, None)
        rows = Card("Boards compared", pad=0, gap=4)
        rows.body.setContentsMargins(1, theme.px(8), 1, theme.px(4))
        rows.head.setContentsMargins(theme.px(12), 0, theme.px(10), 0)
        rows.head.insertLayout(2, row(self.marker, self.whose, gap=4))
        for tool in table_tools(self.table):
            rows.add_tool(tool)
        note = caption(NOTE, wrap=True)
        note.setContentsMargins(theme.px(12), theme.px(4), theme.px(12), theme.px(6))
        rows.body.addWidget(self.table, 1)
        rows.body.addWidget(note)
        self._nothing = Card()
        self._nothing.add(self.empty)
        self.views = PlotsAndTable(
            "boards",
            [self._bars],
            rows,
            ("Per watt and per dollar", "Boards compared"),
            least=(360, 400),
            shares=(0, 1),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.views, 1)
        layout.addWidget(self._nothing, 1)

    # ------------------------------------------------------------------ showing

    def show_study(self, study: Study) -> None:
        letter = self._desk.candidate
        if letter not in study.candidates:
            return
        found = board_rows(study, letter)
        self.views.setVisible(bool(found))
        self._nothing.setVisible(not found)
        self.empty.words.setText(f"{letter} has not run on any device.")
        self._show_button()
        if not found:
            return
        self.marker.show_look(look_of(study, letter))
        self.whose.setText(f"{letter}  {study.candidates[letter].title}")
        measured = {one.device for one in found}
        titles = self._desk.roster.title
        bars = device_rows(found, titles)
        self.plot.show_devices(bars)
        self.views.show_plots(any(bar.value is not None for one in bars for bar in one.bars))
        others = [known for known in self._known() if known[0] not in measured]
        self.table.show_rows(table_rows(found, others, titles))
        self.table.pick(self._desk.device)

    def _known(self) -> list[tuple[str, BoardFacts | None]]:
        """Every device of the user's, and which of the known boards it is."""
        roster = self._desk.roster
        facts = [(name, roster.facts(name)) for name in roster.names]
        return [(name, board_of(said) if said is not None else None) for name, said in facts]

    def _freshen(self) -> None:
        if self.isVisible():
            self.show_study(self._desk.study)
        self.changed.emit()

    def _open(self, device: str) -> None:
        if device in self._desk.roster.names:
            self._desk.select_device(device)

    # ------------------------------------------------------------------ the page's button

    @property
    def devices(self) -> tuple[str, ...]:
        """Where the button measures: every device that answers, and on which this candidate is not about to run."""
        mine = (v for v in self._desk.jobs if v.kind == "profile" and v.letter == self._desk.candidate)
        busy = {view.device for view in mine if not view.ended}
        return tuple(name for name in self._desk.roster.connected() if name not in busy)

    def primary_words(self) -> str:
        letter, devices = self._desk.candidate, self.devices
        if not devices:
            return f"Profiling {letter}…"
        if devices == ("cpu",):
            return f"Profile {letter} on this computer"
        return f"Profile {letter} on {words.plural(len(devices), 'device')}"

    def primary_enabled(self) -> bool:
        return bool(self._desk.candidate and self.devices)

    def run(self) -> None:
        """Profile on all connected boards: each has a queue of its own."""
        if self.primary_enabled():
            self.measure(list(self.devices))
            self._show_button()
            self.changed.emit()

    def _measure(self, devices: list[str]) -> None:
        workbench, letter, settings = self._desk.workbench, self._desk.candidate, self.settings
        if workbench is None:
            return
        for device in devices:
            self._desk.with_secret(device, lambda device=device: workbench.profile(letter, device, settings))

    def _show_button(self) -> None:
        self.empty.buttons[0].setText(self.primary_words())
        self.empty.buttons[0].setEnabled(self.primary_enabled())
