"""Profile: the truth from a device. Run one candidate, or compare several that run in turn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app import words
from app.study import Candidate
from app.ui import theme
from app.ui.icons import icon
from app.ui.page import Page
from app.ui.parts.buttons import button, primary_button
from app.ui.parts.card import Card, clear, column, row
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.error_card import ErrorCard, IconLabel, NoteLine
from app.ui.parts.segmented import Segmented
from app.ui.parts.text import caption, label
from app.ui.plots.tools import copy_picture, export_plot
from app.ui.profile_compare import ProfileCompare
from app.ui.profile_run import ProfileRun
from app.ui.profile_settings import SettingsPopup
from app.ui.profile_words import FactWords, device_title, not_run, strip
from profiler.measurement import DeviceFacts, Profile
from profiler.plain import from_plain

MODES = (("run", "Run"), ("compare", "Compare"))


class ProfilePage(Page):
    key: ClassVar[str] = "profile"
    title: ClassVar[str] = "Profile"
    icon: ClassVar[str] = "ph.gauge"

    def build(self) -> Iterator[None]:
        self.devices: dict[str, DeviceFacts] = {}
        self.tabs = QHBoxLayout()
        self.tab_buttons: dict[str, QPushButton] = {}
        self.mode = Segmented(MODES, "What to measure")
        self.facts = QGridLayout()
        self.popup = SettingsPopup(self)
        self.settings_button = button(
            "Settings", lambda: self.popup.open_under(self.settings_button), glyph="sliders-horizontal"
        )
        self.run_button = primary_button("Profile", self.primary, glyph="play", tip="Ctrl+Return")
        yield
        self.run = ProfileRun(self.desk)
        yield
        self.compare = ProfileCompare(self.desk)
        yield
        self.empty = EmptyState("", [("Profile", self.primary)], glyph="gauge")
        self.notes = column(gap=8)
        self._failed = ""
        self._assemble()
        self._connect()
        self._ask()
        self.freshen()

    def _assemble(self) -> None:
        self.tabs.setSpacing(theme.px(8))
        nothing = Card()
        nothing.add(self.empty)
        self.stack = QStackedWidget()
        for page in (self.run, nothing, self.compare):
            self.stack.addWidget(page)
        layout = QVBoxLayout(self)
        edge = theme.px(theme.MARGIN)
        layout.setContentsMargins(edge, theme.px(12), edge, theme.px(16))
        layout.setSpacing(theme.px(12))
        layout.addLayout(row(self.tabs, None, self.mode))
        layout.addWidget(self._strip())
        layout.addLayout(self.notes)
        layout.addWidget(self.stack, 1)

    def _strip(self) -> Card:
        card = Card()
        self.facts.setHorizontalSpacing(theme.px(22))
        self.facts.setVerticalSpacing(theme.px(2))
        line = row(self.facts, None, self.settings_button, self.run_button)
        line.setStretch(0, 1)
        card.body.addLayout(line)
        return card

    def _connect(self) -> None:
        desk = self.desk
        desk.study_changed.connect(self.freshen)
        desk.study_opened.connect(self._ask)
        desk.candidate_changed.connect(self.freshen)
        desk.device_changed.connect(self.freshen)
        desk.jobs_changed.connect(self._show_jobs)
        desk.layer_changed.connect(self.run.pick)
        self.run.layer_picked.connect(desk.select_layer)
        self.mode.chosen.connect(lambda _: self.refresh())
        self.popup.changed.connect(lambda _: self.refresh())
        self.compare.changed.connect(self._show_button)

    def _ask(self) -> None:
        self.desk.ask("devices", {}, self._know)

    def _know(self, answer: dict[str, Any]) -> None:
        known = [from_plain(plain, DeviceFacts) for plain in answer.get("devices", [])]
        self.devices = {facts.name: facts for facts in known}
        self.refresh()

    # ------------------------------------------------------------------ showing

    @property
    def _candidate(self) -> Candidate | None:
        return self.desk.study.candidates.get(self.desk.candidate)

    @property
    def _profile(self) -> Profile | None:
        found = self._candidate.profiles.get(self.desk.device) if self._candidate else None
        return found if found is not None and found.latencies_ms else None

    def refresh(self) -> None:
        self.setEnabled(self._candidate is not None)
        self._show_tabs()
        self._show_notes()
        self._show_button()
        if self.mode.key == "compare":
            self._show_strip(None)
            self.compare.show_study(self.desk.study)
            self.stack.setCurrentIndex(2)
            return
        self._show_strip(self._profile)
        if self._candidate is not None and self._profile is not None:
            self.run.show_profile(self._candidate, self._profile)
            self.stack.setCurrentIndex(0)
        else:
            self.empty.words.setText(not_run(self.desk.candidate, self.desk.device))
            self.stack.setCurrentIndex(1)

    def _show_tabs(self) -> None:
        names = list(self.devices) or ["cpu"]
        if list(self.tab_buttons) != names:
            clear(self.tabs)
            self.tab_buttons = {name: self._tab(name) for name in names}
        measuring = any(view.kind in ("profile", "compare") and view.state == "running" for view in self.desk.jobs)
        for name, tab in self.tab_buttons.items():
            tab.setChecked(name == self.desk.device)
            tab.setText(f"{device_title(name)}  ·  {'running' if measuring else 'idle'}")

    def _tab(self, name: str) -> QPushButton:
        tab = QPushButton()
        tab.setCheckable(True)
        tab.setAutoDefault(False)
        tab.setMinimumHeight(theme.px(34))
        tab.setIcon(icon("cpu", "muted", "accent"))
        tab.clicked.connect(lambda: self.desk.select_device(name))
        tab.clicked.connect(self._show_tabs)
        self.tabs.addWidget(tab)
        return tab

    def _show_strip(self, profile: Profile | None) -> None:
        clear(self.facts)
        shown = strip(self.devices.get(self.desk.device), profile, self.popup.settings)
        for place, fact in enumerate(shown):
            self.facts.addWidget(caption(fact.name), 0, place)
            self.facts.addLayout(self._fact(fact), 1, place)
        self.facts.setColumnStretch(len(shown), 1)

    def _fact(self, fact: FactWords) -> QHBoxLayout:
        text = label(words.shortened(fact.text, 30), "strong", tip=fact.tip or fact.text)
        line = row(text, gap=5)
        if fact.fine is not None:
            line.addWidget(IconLabel("check" if fact.fine else "warning", "good" if fact.fine else "warn"))
        return line

    def _show_notes(self) -> None:
        """What the machine had to say, and why the last attempt failed."""
        clear(self.notes)
        if self.mode.key == "run" and self._profile is not None:
            warnings = self._profile.load.warnings
            if warnings:
                self.notes.addWidget(NoteLine(" ".join(warnings)))
        mine = [v for v in self.desk.jobs if v.kind in ("profile", "compare") and v.state == "failed"]
        if mine and mine[0].job != self._failed:
            card = ErrorCard(mine[0].error, "", mine[0].fix, mine[0].evidence)
            card.closed.connect(lambda: setattr(self, "_failed", mine[0].job))
            self.notes.addWidget(card)

    def _show_jobs(self) -> None:
        self._show_tabs()
        self._show_notes()
        self._show_button()

    def _show_button(self) -> None:
        """The button names what it will measure; while that runs it says so."""
        letter = self.desk.candidate
        if self.mode.key == "compare":
            letters = self.compare.letters
            self.run_button.setText(
                f"Compare {words.listed(letters)}" if len(letters) < 4 else f"Compare {len(letters)}"
            )
            self.run_button.setEnabled(len(letters) > 1)
            return
        runs = any(v.kind == "profile" and v.letter == letter and not v.ended for v in self.desk.jobs)
        self.run_button.setText(f"Profiling {letter}…" if runs else f"Profile {letter}")
        self.run_button.setEnabled(not runs and self._candidate is not None)
        self.empty.buttons[0].setText(self.run_button.text())
        self.empty.buttons[0].setEnabled(self.run_button.isEnabled())

    # ------------------------------------------------------------------ doing

    def primary(self) -> None:
        """Measure: the selected candidate, or the picked ones in turn."""
        workbench = self.desk.workbench
        if workbench is None or not self.run_button.isEnabled():
            return
        settings = self.popup.settings
        if self.mode.key == "compare":
            workbench.compare(self.compare.letters, self.desk.device, settings, self.compare.rounds.value())
        else:
            workbench.profile(self.desk.candidate, self.desk.device, settings)
        self._show_button()

    def compare_letters(self, letters: tuple[str, ...]) -> None:
        """Show the comparison of these: from the Trade-off page."""
        self.mode.choose("compare")
        self.refresh()
        self.compare.pick(letters)
        self._show_button()

    def next_layer(self, by: int) -> None:
        self.run.bars.step(by)

    def parts(self) -> list[QWidget]:
        shown = self.compare.table if self.mode.key == "compare" else self.run.bars
        return [part for part in (self.mode, self.run_button, shown) if part.isVisible()]

    def copy_rows(self) -> bool:
        (self.compare.table if self.mode.key == "compare" else self.run.bars).copy()
        return True

    def copy_picture(self) -> bool:
        copy_picture(self.compare.plot if self.mode.key == "compare" else self.run.bars)
        return True

    def export(self) -> bool:
        if self.mode.key == "compare":
            return export_plot(self.compare.plot, "ratios") is not None
        return self.run.bars.export() is not None
