"""Profile: the truth from a device. Run one candidate, compare several in turn, sweep, import, compare boards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from PySide6.QtCore import QPoint
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QStackedWidget, QVBoxLayout, QWidget

from app import words
from app.jobs import HERE
from app.study import Candidate
from app.ui import theme
from app.ui.devices.device_bar import DeviceHead, DeviceNotes, LiveHead
from app.ui.devices.fact_strip import FactStrip
from app.ui.devices.roster import device_title
from app.ui.page import Page
from app.ui.parts.buttons import button, icon_button, primary_button
from app.ui.parts.card import Card, row
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.segmented import Segmented
from app.ui.plots.tools import copy_picture, export_plot
from app.ui.profile.boards import BoardsCompared
from app.ui.profile.imported import ProfileImported
from app.ui.profile.sweep import ProfileSweep
from app.ui.profile_compare import ProfileCompare
from app.ui.profile_run import ProfileRun
from app.ui.profile_settings import SettingsPopup
from app.ui.profile_words import not_run, strip
from profiler.measurement import DeviceFacts, Profile

MODES = (
    ("run", "Run"),
    ("compare", "Compare"),
    ("sweep", "Sweep"),
    ("imported", "Imported"),
    ("boards", "Boards"),
)
TIPS = (
    "One candidate on one device",
    "Candidates in turn on one device, so that a drifting machine is fair to all",
    "Latency and throughput against batch size and threads",
    "Profiles that other tools measured, and readings of an external meter",
    "One candidate on several devices",
)
NO_BOARD = "This device is not among your boards. Add it as a board to measure on it."
LOW, NARROW = 640, 1000  # px at 100 %: a height and a width below which less is said


class ProfilePage(Page):
    key: ClassVar[str] = "profile"
    title: ClassVar[str] = "Profile"
    icon: ClassVar[str] = "ph.gauge"

    def build(self) -> Iterator[None]:
        self.head, self.live = DeviceHead(self.desk, self), LiveHead(self.desk, self)
        self.mode = Segmented(MODES, "What to measure", TIPS)
        self.facts = FactStrip()
        self.popup = SettingsPopup(self)
        self.settings_button = button(
            "Settings", lambda: self.popup.open_under(self.settings_button), glyph="sliders-horizontal"
        )
        self.run_button = primary_button("Profile", self.primary, glyph="play", tip="Ctrl+Return")
        self.more_menu = QMenu(self)
        self.more_button = icon_button("caret-down", "Profile on several boards", self._open_more, role="on_accent")
        yield
        self.run = ProfileRun(self.desk)
        yield
        self.compare = ProfileCompare(self.desk)
        yield
        self.sweep = ProfileSweep(self.desk)
        yield
        self.imported, self.boards = ProfileImported(self.desk), BoardsCompared(self.desk)
        yield
        self.others: dict[str, Any] = {
            "compare": self.compare, "sweep": self.sweep, "imported": self.imported, "boards": self.boards,
        }  # fmt: skip
        self.boards.measure = self.profile_on
        self.empty = EmptyState("", [("Profile", self.primary)], glyph="gauge")
        self.notes = DeviceNotes(self.desk)
        self._assemble()
        self._connect()
        self.freshen()

    def _assemble(self) -> None:
        self.nothing = Card()
        self.nothing.add(self.empty)
        self.stack = QStackedWidget()
        for page in (self.run, self.nothing, *self.others.values()):
            self.stack.addWidget(page)
        layout = QVBoxLayout(self)
        edge = theme.px(theme.MARGIN)
        layout.setContentsMargins(edge, theme.px(12), edge, theme.px(16))
        layout.setSpacing(theme.px(12))
        top = row(self.head.layout(), self.mode, gap=16)
        top.setStretch(0, 1)
        layout.addLayout(top)
        layout.addWidget(self._strip())
        layout.addWidget(self.live.strips)
        layout.addLayout(self.notes)
        layout.addWidget(self.stack, 1)

    def _strip(self) -> Card:
        card = Card(pad=16)
        self.more_button.setProperty("plain", None)
        self.more_button.setProperty("primary", True)
        together = QHBoxLayout()
        together.setSpacing(theme.px(2))
        together.addWidget(self.run_button)
        together.addWidget(self.more_button)
        line = row(self.facts, self.settings_button, together, gap=12)
        line.setStretch(0, 1)
        card.body.setContentsMargins(theme.px(16), theme.px(10), theme.px(14), theme.px(10))
        card.body.addLayout(line)
        return card

    def _connect(self) -> None:
        desk = self.desk
        for signal in (desk.study_changed, desk.candidate_changed, desk.device_changed, desk.roster.changed):
            signal.connect(self.freshen)
        desk.device_changed.connect(self._forget_notes)
        desk.jobs_changed.connect(self._show_jobs)
        desk.layer_changed.connect(self.run.pick)
        self.run.layer_picked.connect(desk.select_layer)
        self.mode.chosen.connect(lambda _: self.refresh())
        self.popup.changed.connect(lambda _: self.refresh())
        self.live.why.connect(self._show_why)
        self.live.failed.connect(self._show_error)
        for other in self.others.values():
            other.changed.connect(self._show_button)

    # ------------------------------------------------------------------ showing

    @property
    def devices(self) -> dict[str, DeviceFacts]:
        """What each device that has answered said last."""
        roster = self.desk.roster
        return {name: facts for name in roster.names if (facts := roster.facts(name)) is not None}

    @property
    def _candidate(self) -> Candidate | None:
        return self.desk.study.candidates.get(self.desk.candidate)

    @property
    def _profile(self) -> Profile | None:
        found = self._candidate.profiles.get(self.desk.device) if self._candidate else None
        return found if found is not None and (found.latencies_ms or found.layers) else None

    def refresh(self) -> None:
        self.setEnabled(self._candidate is not None)
        self.head.show()
        self.popup.show_device(self.desk.device, self.desk.roster.facts(self.desk.device))
        profile = self._profile if self.mode.key == "run" else None
        self.facts.show_facts(strip(self.desk.roster.facts(self.desk.device), profile, self.popup.settings))
        self.live.strips.setVisible(self.mode.key == "run")
        self.live.follow(self.isVisible() and self.mode.key == "run")
        self.live.show(profile)
        self._show_notes()
        self._show_view(profile)
        if self.isVisible():
            self.desk.reach.reach_all()
        self._show_button()

    def _show_view(self, profile: Profile | None) -> None:
        other = self.others.get(self.mode.key)
        if other is not None:
            other.settings = self.popup.settings
            other.show_study(self.desk.study)
            self.stack.setCurrentWidget(other)
        elif self._candidate is not None and profile is not None:
            self.run.show_profile(self._candidate, profile)
            self.stack.setCurrentWidget(self.run)
        else:
            self.empty.words.setText(not_run(self.desk.candidate, self.desk.device))
            self.stack.setCurrentWidget(self.nothing)

    def _show_notes(self) -> None:
        self.notes.show_notes(self._candidate, self._profile if self.mode.key == "run" else None)

    def _forget_notes(self, _device: str) -> None:
        self.notes.forget()

    def _show_why(self, text: str) -> None:
        self.notes.toggle_why(text)
        self._show_notes()

    def _show_error(self, error: BaseException) -> None:
        self.notes.show_error(error)
        self._show_notes()

    def _show_jobs(self) -> None:
        self.head.show()
        self._show_button()
        self.live.show(self._profile if self.mode.key == "run" else None)

    def _show_button(self) -> None:
        """The button names what it will measure; while that runs it says so."""
        other = self.others.get(self.mode.key)
        self.more_button.setVisible(other is None)
        if other is not None:
            self.run_button.setText(other.primary_words())
            self.run_button.setEnabled(self._candidate is not None and other.primary_enabled())
            self.run_button.setVisible(bool(other.primary_words()))
            return
        letter = self.desk.candidate
        runs = any(v.kind == "profile" and v.letter == letter for v in self.desk.roster.jobs_on(self.desk.device))
        self.run_button.setVisible(True)
        self.run_button.setText(f"Profiling {letter}…" if runs else f"Profile {letter}")
        able = self.desk.device == HERE or self.desk.roster.is_board(self.desk.device)
        self.run_button.setEnabled(able and not runs and self._candidate is not None)
        self.run_button.setToolTip("Ctrl+Return" if able else NO_BOARD)
        self.empty.buttons[0].setText(self.run_button.text())
        self.empty.buttons[0].setEnabled(self.run_button.isEnabled())

    def show_mode(self, key: str) -> None:
        """Turn to one of the modes: run, compare, sweep, imported, boards."""
        self.mode.choose(key)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.live.follow(self.mode.key == "run")

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.live.follow(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.live.strips.set_compact(self.height() < theme.px(LOW))
        self.head.set_narrow(self.width() < theme.px(NARROW))

    # ------------------------------------------------------------------ doing

    def primary(self) -> None:
        """Measure: what the button says."""
        if self.desk.workbench is None or not self.run_button.isEnabled() or self.run_button.isHidden():
            return
        other = self.others.get(self.mode.key)
        if other is not None:
            other.settings = self.popup.settings
            other.run()
        else:
            self.profile_on([self.desk.device])
        self._show_button()

    def profile_on(self, devices: list[str]) -> None:
        """Profile the selected candidate on each, with what was chosen for that device."""
        workbench, letter = self.desk.workbench, self.desk.candidate
        if workbench is None:
            return
        for device in devices:
            settings = self.popup.settings_for(device, self.desk.roster.facts(device))
            self.desk.with_secret(device, lambda d=device, s=settings: workbench.profile(letter, d, s))

    def _open_more(self) -> None:
        """on all connected boards, and each of them alone."""
        roster, letter = self.desk.roster, self.desk.candidate
        able = [name for name in roster.connected() if name in roster.boards]
        self.more_menu.clear()
        said = f"Profile {letter} on all connected boards"
        named = f" ({words.listed(able)})" if able else ": none has answered in this session"
        self.more_menu.addAction(said + named, lambda: self.profile_on(able)).setEnabled(bool(able))
        self.more_menu.addSeparator()
        for name in roster.names:
            title = device_title(name)
            here = title[:1].lower() + title[1:] if name not in roster.boards else title
            self.more_menu.addAction(f"Profile {letter} on {here}", lambda name=name: self.profile_on([name]))
        corner = self.more_button.mapToGlobal(self.more_button.rect().bottomRight())
        self.more_menu.popup(corner - QPoint(self.more_menu.sizeHint().width(), 0))

    def compare_letters(self, letters: tuple[str, ...]) -> None:
        """Show the comparison of these: from the Trade-off page."""
        self.show_mode("compare")
        self.compare.pick(letters)
        self._show_button()

    # ------------------------------------------------------------------ keys

    def next_layer(self, by: int) -> None:
        if self.mode.key == "run":
            self.run.bars.step(by)

    def parts(self) -> list[QWidget]:
        other = self.others.get(self.mode.key)
        shown = [other] if other is not None else [self.live.strips, self.run.columns.middle, self.run.columns.right]
        places = [self.head.tabs, self.mode, self.run_button, *shown, self.nothing]
        return [part for part in places if part.isVisible()]

    def copy_rows(self) -> bool:
        other = self.others.get(self.mode.key)
        table = self.run.bars if other is None else other.table
        if table is not None:
            table.copy()
        return table is not None

    def copy_picture(self) -> bool:
        other = self.others.get(self.mode.key)
        if other is None:
            return self.run.copy_picture()
        if other.plot is not None:
            copy_picture(other.plot)
        return other.plot is not None

    def export(self) -> bool:
        other = self.others.get(self.mode.key)
        if other is None:
            return self.run.export()
        return other.plot is not None and export_plot(other.plot, self.mode.key) is not None
