"""What stands over the Profile page's views: the devices as tabs, what one is, and what it does."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app import words
from app.jobs import HERE
from app.study import Candidate
from app.ui import remember, theme
from app.ui.desk import Desk
from app.ui.devices.device_menu import device_menu
from app.ui.devices.live_strips import LiveStrips
from app.ui.devices.meter_words import why_no_power
from app.ui.devices.roster import device_title
from app.ui.devices.strip_words import Strip, of_feed, of_profile
from app.ui.devices.tabs import DeviceTabs
from app.ui.parts.buttons import link_button
from app.ui.parts.card import clear
from app.ui.parts.error_card import ErrorCard, NoteLine
from app.ui.profile_words import notes
from profiler.measurement import Profile

ADD = "Add a board"
NOTHING_YET = "Power, loads, memory and temperature come with a profile. Live shows them as they are now."
RESTS = "Power, loads, memory and temperature: not measured."


class DeviceHead(QObject):
    """Tabs and `+ Add a board`; they select the desk's device, as the rail's list does."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(parent)
        self._desk = desk
        self.tabs = DeviceTabs()
        self.add = link_button(ADD, lambda: desk.board_wanted.emit(""), glyph="plus", tip=ADD)
        self.add.setAccessibleName(ADD)
        self.add.setMinimumWidth(theme.px(34))  # so that the page may become too narrow for the words
        self.tabs.chosen.connect(desk.select_device)
        self.tabs.menu_wanted.connect(lambda name, at: device_menu(desk, name, parent).popup(at))

    def show(self) -> None:
        self.tabs.show_devices(self._desk.roster.entries, self._desk.device)

    def set_narrow(self, narrow: bool) -> None:
        """In a small window the tabs need the room of the words."""
        self.add.setText("" if narrow else ADD)

    def layout(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.tabs, 1)
        line.addWidget(self.add)
        return line


class DeviceNotes(QVBoxLayout):
    """Amber lines of what may disturb a measurement, and what is to be known of the profile that is shown."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._why = ""
        self._error: BaseException | None = None
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(8)

    def show_notes(self, candidate: Candidate | None, profile: Profile | None) -> None:
        clear(self)
        desk, device = self._desk, self._desk.device
        entry = desk.roster.entry(device)
        warned = notes(entry.facts, profile)
        if warned:
            self.addWidget(NoteLine(" ".join(warned)))
        if profile is not None and not profile.complete and candidate is not None:
            self.addWidget(NoteLine(_partial(candidate.letter, profile)))
        if profile is not None and profile.imported:
            self.addWidget(NoteLine(f"Measured elsewhere, imported from {profile.imported}.", tone="info"))
        if not entry.connected:
            self.addWidget(self._not_connected(device, entry.seen, profile))
        if self._why:
            self.addWidget(NoteLine(self._why, tone="info"))
        if self._error is not None:
            card = ErrorCard.of(self._error, self._test(device))
            card.closed.connect(lambda: self.show_error(None))
            self.addWidget(card)

    def _not_connected(self, device: str, seen: str, profile: Profile | None) -> NoteLine:
        if not self._desk.roster.is_board(device):
            if profile is not None and not profile.imported:
                return NoteLine(f"{device} is not among your boards. This was measured before.", tone="info")
            return NoteLine(f"{device} is known from imported profiles alone.", tone="info")
        when = f" It was last seen on {words.moment(seen)}." if seen else ""
        return NoteLine(f"{device_title(device)} is not connected.{when}", tone="info", action=self._test(device))

    def _test(self, device: str):
        if not self._desk.roster.is_board(device):
            return None
        return ("Test the connection", lambda: self._desk.board_test_wanted.emit(device))

    def toggle_why(self, text: str) -> None:
        """Why power is not measured: shown, and gone at the next press."""
        self._why = "" if self._why else text

    def forget(self) -> None:
        self._why, self._error = "", None

    def show_error(self, error: BaseException | None) -> None:
        self._error = error


def _partial(letter: str, profile: Profile) -> str:
    done, runs = len(profile.latencies_ms), profile.settings.runs
    return f"The measurement was interrupted after {done} of {words.plural(runs, 'run')}. Profile {letter} again."


class LiveHead(QObject):
    """Feeds the live strips: a running job's figures, a watch's, else the run of the profile that is shown.

    `why` carries what to say where power is not measured; `failed` why a watch ended.
    """

    why = Signal(str)
    failed = Signal(object)

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(parent)
        self._desk = desk
        self._profile: Profile | None = None
        self._refused = ""  # the device whose watch failed: it is not tried again by itself
        self.strips = LiveStrips()
        self.strips.live.setChecked(remember.text("live") == "on")
        self.strips.live.toggled.connect(self._switched)
        self.strips.why.connect(self._tell_why)
        desk.live.changed.connect(self._heard)
        desk.live.failed.connect(self._watch_failed)

    def show(self, profile: Profile | None) -> None:
        self._profile = profile
        self.strips.live.setEnabled(self._able(self._desk.device))
        strips, when, says = self.now() if self._shows_now() else self.then()
        self.strips.show_strips(strips, when, says, why=says == RESTS)

    def _heard(self, device: str) -> None:
        if device == self._desk.device:
            self.show(self._profile)

    def _shows_now(self) -> bool:
        desk = self._desk
        running = bool(desk.roster.jobs_on(desk.device, running=True))
        return (running and desk.live.feed(desk.device).fresh(desk.live.clock())) or (
            self.strips.live.isChecked() and desk.live.watching == desk.device
        )

    def now(self) -> tuple[list[Strip], str, str]:
        desk = self._desk
        feed, clock = desk.live.feed(desk.device), desk.live.clock()
        if not feed.fresh(clock):
            return [], "", f"Waiting for {device_title(desk.device)} to say what it does…"
        strips = of_feed(feed, desk.roster.facts(desk.device), clock)
        return [s for s in strips if s.figure or s.trace or s.key == "power"], "last minute", ""

    def then(self) -> tuple[list[Strip], str, str]:
        """What the run that is shown left; nothing of it where the profile has none."""
        profile = self._profile
        if profile is None:
            return [], "", NOTHING_YET
        strips = [strip for strip in of_profile(profile) if strip.figure or strip.key == "power"]
        if len(strips) == 1 and not strips[0].figure:
            return [], "", RESTS
        return strips, "this run", ""

    # ------------------------------------------------------------------ the watch

    def follow(self, shown: bool) -> None:
        """Watch the selected device while its page is shown and the switch is on."""
        desk = self._desk
        device = desk.device
        if self._refused not in ("", device):
            self._refused = ""
        wanted = shown and self.strips.live.isChecked() and self._able(device) and device != self._refused
        desk.live.watch(device if wanted else "")

    def _able(self, device: str) -> bool:
        return device == HERE or self._desk.roster.is_board(device)

    def _switched(self, on: bool) -> None:
        remember.keep("live", "on" if on else "off")
        self._refused = ""
        self.follow(self.strips.isVisible())
        self.show(self._profile)

    def _watch_failed(self, device: str, error: BaseException) -> None:
        self._refused = device
        if device == self._desk.device:
            self.failed.emit(error)
            self.show(self._profile)

    def _tell_why(self) -> None:
        device = self._desk.device
        self.why.emit(why_no_power(device, self._desk.roster.facts(device), self._profile))
