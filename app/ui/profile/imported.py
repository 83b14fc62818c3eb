"""What other tools measured of a candidate: imported, marked as such, and shown by layer as a run is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QStackedWidget, QVBoxLayout, QWidget

from app import words
from app.heavy import time_head
from app.study import Candidate, Study
from app.timing_rows import timed_rows
from app.ui import theme
from app.ui.desk import Desk
from app.ui.devices.roster import device_title
from app.ui.parts.buttons import button, icon_button, menu_button
from app.ui.parts.card import Card, clear, column, hairline, holder, row
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.flow import Flow
from app.ui.parts.lines import LineList
from app.ui.parts.table import table_tools
from app.ui.parts.text import Elided, caption, heading, label
from app.ui.plots.layer_bars import LayerBars
from app.ui.plots.tools import plot_tools
from app.ui.profile.against_menu import AgainstMenu
from app.ui.profile.device_field import DeviceField
from app.ui.profile.earlier import end_to_end_words, layers_ms
from app.ui.profile.meter_view import MeterView
from profiler.measurement import Profile, ProfileSettings

FILES = "Profiles and logs (*.json *.log *.txt *.out *.INFO);;Everything (*)"
READINGS = "Readings of a meter (*.csv *.tsv *.txt);;Everything (*)"
NOTHING = (
    "{letter} has no imported profile. NetBonsai reads ONNX Runtime’s profiles, what trtexec exports (its profile, "
    "layer information and times), logs of caffe time, and what benchncnn prints."
)
TOGETHER = "Files that belong together are chosen together: trtexec’s times and its layers."
EMPTY, SHOWN, METER = range(3)


class ProfileImported(QWidget):
    """`changed`: the page's button says something else. `pending`: files that wait for their device to be named."""

    changed = Signal()
    layer_picked = Signal(str)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.settings = ProfileSettings()  # of no use here: what was measured elsewhere has its own
        self.pending: tuple[Path, ...] = ()
        self.list = LineList("Imported profiles")
        self.device = DeviceField(desk, "Measured on")
        self.waiting = Elided("", "strong")
        self.table = LayerBars()
        self.against_menu = AgainstMenu(self)
        self.against_button = menu_button("", self.against_menu, plain=True, tip="Whose times the ticks are")
        self.source = Elided("", "caption")
        self.figures = Flow(gap=18, below=2)
        self.meter = MeterView(desk)
        self.meter_for = caption(wrap=True)
        self.empty = EmptyState("", [("Import…", self.run)], glyph="download")
        self._profiles: tuple[Profile, ...] = ()
        self._of = ("", "")  # candidate and device
        self._assemble()
        self.list.currentRowChanged.connect(lambda _: self._picked())
        self.table.picked.connect(self.layer_picked)
        self.against_menu.chosen.connect(self._show_chosen)
        self.device.named.connect(lambda _: self._tell())
        self.meter.ended.connect(lambda: self._show_chosen())

    @property
    def plot(self) -> QWidget:
        """What Copy picture and Export mean."""
        return self.meter.plot if self._stack.currentIndex() == METER else self.table

    # ------------------------------------------------------------------ made once

    def _assemble(self) -> None:
        self.meter_button = button("Add power from a meter…", self.add_power, glyph="lightning")
        self.forget_button = icon_button("x", "Do not import these", self._forget)
        self.import_button = button("", self.run, glyph="download-simple")
        self._pending = holder(row(self.waiting, self.forget_button))
        side = Card("Imported profiles", pad=16, gap=10)
        side.setFixedWidth(theme.px(250))
        side.add(self.list, hairline(), heading("Import"), self._pending)
        side.add(column(caption("Measured on"), self.device, gap=4), self.import_button, caption(TOGETHER, wrap=True))
        side.add(hairline(), heading("Power"), self.meter_for, self.meter_button)
        side.body.setStretch(1, 1)
        nothing = Card()
        nothing.add(self.empty)
        self._stack = QStackedWidget()
        for page in (nothing, self._rows_card(), self.meter):
            self._stack.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        line = row(side, self._stack, gap=12)
        line.setStretch(1, 1)
        layout.addLayout(line, 1)

    def _rows_card(self) -> Card:
        card = Card("Time by layer", pad=0, gap=4)
        card.body.setContentsMargins(1, theme.px(8), 1, theme.px(6))
        card.head.setContentsMargins(theme.px(12), 0, theme.px(10), 0)
        card.head.insertWidget(2, self.source, 1)
        card.add_tool(self.against_button)
        _, export = plot_tools(self.table, "imported")
        for tool in (*table_tools(self.table)[:1], export):
            card.add_tool(tool)
        inset = row(holder(self.figures))
        inset.setContentsMargins(theme.px(12), 0, theme.px(12), theme.px(4))
        card.body.addLayout(inset)
        card.body.addWidget(self.table, 1)
        return card

    # ------------------------------------------------------------------ showing

    @property
    def _candidate(self) -> Candidate | None:
        return self._desk.study.candidates.get(self._desk.candidate)

    @property
    def chosen(self) -> Profile | None:
        place = self.list.currentRow()
        return self._profiles[place] if 0 <= place < len(self._profiles) else None

    def show_study(self, study: Study) -> None:
        candidate = self._candidate
        if candidate is None:
            return
        before = self.chosen
        fresh = (candidate.letter, self._desk.device) != self._of
        found = tuple(reversed([profile for profile in candidate.history if profile.imported]))
        newest = len(found) > len(self._profiles) and not fresh
        self._of, self._profiles = (candidate.letter, self._desk.device), found
        self.device.show_devices(study)
        if self._stack.currentIndex() == METER and candidate.letter != self.meter.letter:
            self._stack.setCurrentIndex(SHOWN)  # the readings were another candidate's
        self.list.blockSignals(True)
        self.list.show_lines([(device_title(p.device.name), end_to_end_words(p), "") for p in found])
        for place, profile in enumerate(found):
            self.list.item(place).setToolTip(source_words(profile))
        here = next((n for n, p in enumerate(found) if p.device.name == self._desk.device), 0)
        kept = next((n for n, p in enumerate(found) if before is not None and _same(p, before)), here)
        self.list.setCurrentRow(0 if newest else here if fresh else kept)
        self.list.blockSignals(False)
        self._show_chosen(leave_meter=False)

    def _picked(self) -> None:
        """Another one was chosen from the list: its device is then the selected one, as by its tab."""
        self._show_chosen()
        profile = self.chosen
        if profile is not None and profile.device.name in self._desk.roster.names:
            self._of = (self._of[0], profile.device.name)  # this row stays: a device may have several imports
            self._desk.select_device(profile.device.name)

    def _show_chosen(self, leave_meter: bool = True) -> None:
        candidate, profile = self._candidate, self.chosen
        if candidate is None:
            return
        self._show_side(candidate)
        if self._stack.currentIndex() == METER and not leave_meter:
            return
        self.empty.words.setText(NOTHING.format(letter=candidate.letter))
        self._stack.setCurrentIndex(EMPTY if profile is None else SHOWN)
        if profile is not None:
            self._show_rows(candidate, profile)
        self._tell()

    def _show_rows(self, candidate: Candidate, profile: Profile) -> None:
        device = profile.device.name
        other = self.against_menu.against(self._desk.study, candidate, device, profile)
        self.against_button.setText(f"|  against {other.short}" if other else "against nothing")
        rows = timed_rows(profile, candidate.breakdown, other.profile if other else None)
        self.table.show_timing(rows, time_head(device), other.short if other else "", "imported")
        self.source.setText(source_words(profile))
        clear(self.figures)
        for name, figure, known in headline(profile):
            both = row(label(name, "muted"), label(figure, "strong" if known else "muted"), gap=6)
            self.figures.addWidget(holder(both))

    def _show_side(self, candidate: Candidate) -> None:
        for part in (self._pending, self.import_button):
            part.setVisible(bool(self.pending))
        self.waiting.setText(words.listed(path.name for path in self.pending))
        device = self.meter_device
        where = device_title(device).replace("This", "this")
        ran = device in candidate.profiles
        self.meter_for.setText(
            f"A CSV of time and watts, laid beside {candidate.letter} on {where}."
            if ran
            else f"{candidate.letter} has not run on {where}: there is nothing to lay readings beside."
        )
        self.meter_button.setEnabled(ran)

    # ------------------------------------------------------------------ the page's button

    def primary_words(self) -> str:
        if self.pending:
            return f"Import for {device_title(self.device.device).replace('This', 'this') or '…'}"
        return "Import…"

    def primary_enabled(self) -> bool:
        return self._candidate is not None and bool(self.device.device or not self.pending)

    def run(self) -> None:
        """Import what waits; where nothing does, ask for files."""
        if not self.primary_enabled():
            return
        if not self.pending:
            self.wait_for_device(self._ask_files(), "")
        if self.pending and self.device.device:
            self.take(self.pending, self.device.device)

    def _ask_files(self) -> tuple[Path, ...]:
        found, _ = QFileDialog.getOpenFileNames(self, f"Import a profile of {self._desk.candidate}", "", FILES)
        return tuple(Path(name) for name in found)

    def wait_for_device(self, paths: Sequence[Path], device: str) -> None:
        """These files are to be imported; their device may still be changed. `device` "" leaves what is typed."""
        self.pending = tuple(paths)
        if device:
            self.device.choose(device)
        if self._candidate is not None:
            self._show_side(self._candidate)
        self._tell()

    def take(self, paths: Sequence[Path], device: str) -> None:
        """Import these as a profile of the device, at once."""
        workbench, candidate = self._desk.workbench, self._candidate
        if workbench is not None and candidate is not None and paths:
            workbench.import_profile(candidate.letter, tuple(paths), device)
        self._forget()

    def _forget(self) -> None:
        self.wait_for_device((), "")

    def _tell(self) -> None:
        for made in (self.import_button, self.empty.buttons[0]):
            made.setText(self.primary_words())
            made.setEnabled(self.primary_enabled())
        self.changed.emit()

    # ------------------------------------------------------------------ power

    @property
    def meter_device(self) -> str:
        """Whose profile gets the readings: that of the selected device."""
        return self._desk.device

    def add_power(self) -> None:
        """Ask for a meter's file, and lay it beside the profile."""
        found, _ = QFileDialog.getOpenFileName(self, "Readings of a meter", "", READINGS)
        if found:
            self.open_meter(Path(found))

    def open_meter(self, path: Path, device: str = "") -> None:
        """Show this file's readings over the run on `device`, else on the selected one."""
        where = device or self.meter_device
        if self._candidate is None or where not in self._candidate.profiles:
            return
        self._stack.setCurrentIndex(METER)
        self.meter.open(path, self._candidate.letter, where)

    def pick(self, layer: str) -> None:
        """The selected layer's row."""
        self.table.pick(next((r.key for r in self.table.shown() if layer in (r.key, *_covered(r))), ""))


def _covered(shown) -> list[str]:
    return shown.cells["name"].text.split(" + ")


def _same(a: Profile, b: Profile) -> bool:
    return (a.at, a.imported, a.device.name) == (b.at, b.imported, b.device.name)


def source_words(profile: Profile) -> str:
    """trtexec --exportProfile, prof.json · 2026-01-02 03:04 UTC."""
    return f"{profile.imported} · {words.moment(profile.at)}"


def headline(profile: Profile) -> list[tuple[str, str, bool]]:
    """What the file says as a whole: (name, figure, whether it is known)."""
    power = profile.power.energy_mj if profile.power is not None else None
    ends, total = bool(profile.latencies_ms), layers_ms(profile)
    return [
        ("End to end", end_to_end_words(profile) if ends else "not in the file", ends),
        ("Layers", words.marked(words.milliseconds(total), "imported") if total else "not in the file", bool(total)),
        ("Energy, one inference", words.marked(words.millijoules(power), "imported") if power else words.not_measured,
         power is not None),
    ]  # fmt: skip
