"""The devices that this user has, as the window knows them: what each last said of itself, and what it does now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QObject, Signal

from app.jobs import HERE, MEASURING, JobView
from profiler.errors import BadInput
from profiler.measurement import DeviceFacts
from profiler.plain import from_plain

if TYPE_CHECKING:
    from app.ui.desk import Desk

NO_LINE = ("LineLost", "LineBroke", "UnknownHost", "ChangedHost", "LoginRefused")  # faults that leave no line
State = Literal["idle", "running", "not connected"]


@dataclass(frozen=True)
class Known:
    """One device. `facts` None: it has never been reached. `seen` is when it last was, ISO 8601."""

    name: str
    title: str
    facts: DeviceFacts | None
    state: State
    seen: str = ""

    @property
    def connected(self) -> bool:
        return self.state != "not connected"


def device_title(name: str) -> str:
    """What tabs and lists call a device."""
    return "This computer" if name == HERE else name


class Roster(QObject):
    """Shared by the rail and the Profile page. `changed`: a device came, went, or stands differently.

    A board is connected once it has answered in this session, until a line to it fails.
    """

    changed = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._facts: dict[str, DeviceFacts] = {}
        self._seen: dict[str, str] = {}
        self._reached: set[str] = {HERE}
        self._boards: tuple[str, ...] = ()
        self._titles: dict[str, str] = {}
        self._answered: set[str] = set()  # jobs whose device has been noted as reached
        self._expected = ("", False)  # a board to select, and whether it has answered
        self._shown: tuple[Known, ...] = ()
        desk.study_opened.connect(self.ask)
        desk.study_changed.connect(lambda _: self._tell())
        desk.jobs_changed.connect(self._follow_jobs)
        desk.job_ended.connect(self._job_ended)

    # ------------------------------------------------------------------ what is known

    @property
    def names(self) -> tuple[str, ...]:
        """This computer, the boards, and what else the study has profiles of."""
        measured = (name for candidate in self._desk.study.shown() for name in candidate.profiles)
        return tuple(dict.fromkeys((HERE, *self._boards, *measured)))

    @property
    def boards(self) -> tuple[str, ...]:
        """The boards in the address book."""
        return self._boards

    def is_board(self, name: str) -> bool:
        """Whether it can be reached: a device may also be known from imported profiles alone."""
        return name in self._boards

    @property
    def entries(self) -> tuple[Known, ...]:
        return tuple(self.entry(name) for name in self.names)

    def entry(self, name: str) -> Known:
        return Known(name, self.title(name), self._facts.get(name), self.state(name), self._seen.get(name, ""))

    def title(self, name: str) -> str:
        """What its user calls it."""
        return self._titles.get(name) or device_title(name)

    def facts(self, name: str) -> DeviceFacts | None:
        return self._facts.get(name)

    def state(self, name: str) -> State:
        if self.jobs_on(name, running=True):
            return "running"
        return "idle" if name in self._reached else "not connected"

    def connected(self) -> tuple[str, ...]:
        """Every device that answers, this computer first."""
        return tuple(name for name in (HERE, *self._boards) if name in self._reached)

    def wants_secret(self, name: str) -> bool:
        """Whether its password must be typed now: it is asked for once a session, and kept nowhere."""
        from app import boards

        workbench = self._desk.workbench
        if workbench is None or not self.is_board(name) or workbench.secrets.has(name):
            return False
        return any(address.name == name and address.login == "password" for address in boards.addresses())

    def jobs_on(self, name: str, *, running: bool = False) -> tuple[JobView, ...]:
        """The measurements of a device that have not ended; `running`: that have begun."""
        states = ("running", "stopping") if running else ("running", "stopping", "waiting")
        return tuple(v for v in self._desk.jobs if v.state in states and device_of(v, self._desk) == name)

    # ------------------------------------------------------------------ what changes it

    def ask(self) -> None:
        """Which devices there are, and what each last said. Contacts none. The names are here at once."""
        from app import boards

        with suppress(BadInput):  # a damaged address book: the answer says so
            self._boards = tuple(address.name for address in boards.addresses())
        self._desk.ask("devices", {}, self._know)

    def _know(self, answer: Mapping[str, Any]) -> None:
        fields = DeviceFacts.__dataclass_fields__
        self._facts, self._seen, self._titles = {}, {}, {}
        told: Iterable[Mapping[str, Any]] = answer.get("devices", ())
        boards: list[str] = []
        for plain in told:
            name = str(plain["name"])
            boards += [name] if name != HERE else []
            self._seen[name] = str(plain.get("seen") or "")
            self._titles[name] = str(plain.get("title") or "") if name != HERE else ""
            said = {key: value for key, value in plain.items() if key in fields}
            if name == HERE or self._seen[name]:
                self._facts[name] = from_plain(said, DeviceFacts)
        self._boards = tuple(boards)
        name, reached = self._expected
        self._expected = ("", False)
        if name in boards:
            self._reached |= {name} if reached else set()
            self._desk.select_device(name)
        self._reached &= {HERE, *boards}
        if self._desk.device not in self.names:
            self._desk.select_device(HERE)
        self._tell()

    def reached(self, name: str) -> None:
        """It answered."""
        if name in (HERE, *self._boards) and name not in self._reached:
            self._reached.add(name)
            self._tell()

    def expect(self, name: str, *, reached: bool) -> None:
        """A board was just written into the address book; `reached`: it has answered. Select it once it is known."""
        self._expected = (name, reached)
        self.ask()

    def lost(self, name: str) -> None:
        """The line to it failed."""
        if name != HERE and name in self._reached:
            self._reached.discard(name)
            self._tell()

    def _follow_jobs(self) -> None:
        """A measurement that says how far it is has reached its device."""
        for view in self._desk.jobs:
            heard = view.state == "running" and view.progress is not None and view.progress.fraction > 0
            if heard and view.job not in self._answered and (name := device_of(view, self._desk)):
                self._answered.add(view.job)
                self._reached.add(name)
        self._tell()

    def _job_ended(self, view: JobView) -> None:
        name = device_of(view, self._desk)
        if not name:
            return
        if view.state == "done":
            self._reached.add(name)
            self._learn(name)
        elif view.state == "failed" and (view.job not in self._answered or type(view.cause).__name__ in NO_LINE):
            self.lost(name)
        self._tell()

    def _learn(self, name: str) -> None:
        """What it said of itself with its newest profile; asking would start a process beside the next measurement."""
        every = (p for candidate in self._desk.study.candidates.values() for p in candidate.history)
        here = [profile for profile in every if profile.device.name == name and not profile.imported]
        if here:
            newest = max(here, key=lambda profile: profile.at)
            self._facts[name], self._seen[name] = newest.device, newest.at

    def _tell(self) -> None:
        if self.entries != self._shown:
            self._shown = self.entries
            self.changed.emit()


def device_of(view: JobView, desk: Desk) -> str:
    """The device that a job measures; "": it measures none."""
    if view.kind not in MEASURING:
        return ""
    if view.device:
        return view.device
    record = desk.study.jobs.get(view.job)
    return str(record.settings.get("device", HERE)) if record is not None else HERE
