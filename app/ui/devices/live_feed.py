"""What a device does now: figures from a running job, or from a watch while a page shows them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from app.ui.devices.roster import device_of

if TYPE_CHECKING:
    from app.ui.desk import Desk

SPAN_S = 60.0  # how far back the traces go
FRESH_S = 6.0  # an older figure says nothing of now
BOARD_KEYS = ("cpu_load", "gpu_load", "memory_mb", "gpu_memory_mb", "temperature_c", "cpu_mhz", "gpu_mhz")
POWER, RAIL = "power_w", "rail:"
TELL_MS = 200  # the window paints no more often than this
Figures = Mapping[str, float]
Clock = Callable[[], float]


class Feed:
    """The last minute of one device: (seconds, figures), and since when a job has been running on it."""

    def __init__(self) -> None:
        self.samples: deque[tuple[float, Figures]] = deque()
        self.began: float | None = None  # the start of the run that is tinted
        self.ended: float | None = None

    def add(self, now: float, figures: Figures) -> None:
        self.samples.append((now, figures))
        while self.samples and self.samples[0][0] < now - SPAN_S:
            self.samples.popleft()

    def latest(self, key: str, now: float) -> float | None:
        """The newest value of a figure that is not stale."""
        for second, figures in reversed(self.samples):
            if second < now - FRESH_S:
                return None
            if key in figures:
                return figures[key]
        return None

    def trace(self, key: str) -> list[tuple[float, float]]:
        return [(second, figures[key]) for second, figures in self.samples if key in figures]

    def rails(self, now: float) -> dict[str, float]:
        """Watts by rail as they are now."""
        names = dict.fromkeys(key for _, figures in self.samples for key in figures if key.startswith(RAIL))
        found = {name.removeprefix(RAIL): self.latest(name, now) for name in names}
        return {name: watts for name, watts in found.items() if watts is not None}

    def fresh(self, now: float) -> bool:
        return bool(self.samples) and self.samples[-1][0] >= now - FRESH_S


def board_figures(figures: Figures) -> dict[str, float]:
    """Of a job's figures those that say what the board does."""
    return {
        key: float(value) for key, value in figures.items() if key in BOARD_KEYS or key == POWER or key.startswith(RAIL)
    }


class LiveFeed(QObject):
    """`changed(device)` comes at most five times a second. `failed(device, error)`: a watch ended by a fault."""

    changed = Signal(str)
    failed = Signal(str, object)
    _figures = Signal(str, int, object)  # from the workbench's threads to the window's
    _ended = Signal(str, int, object)

    def __init__(self, desk: Desk, clock: Clock = time.monotonic) -> None:
        super().__init__(desk)
        self._desk, self.clock = desk, clock
        self.feeds: dict[str, Feed] = {}
        self._heard: dict[str, object] = {}  # job -> its last progress
        self._watching, self._round = "", 0
        self._stop: Callable[[], None] | None = None
        self._dirty: set[str] = set()
        self._soon = QTimer(self, singleShot=True, interval=TELL_MS)  # type: ignore[call-arg]
        self._soon.timeout.connect(self._tell)
        queued = Qt.ConnectionType.QueuedConnection
        self._figures.connect(self._take, queued)
        self._ended.connect(self._end, queued)
        desk.jobs_changed.connect(self._follow_jobs)
        desk.study_opened.connect(self._begin_anew)

    def feed(self, device: str) -> Feed:
        return self.feeds.setdefault(device, Feed())

    @property
    def watching(self) -> str:
        """The device that is watched now; "": none."""
        return self._watching

    # ------------------------------------------------------------------ the watch

    def watch(self, device: str) -> None:
        """Watch this device and no other; "" none. A running measurement tells its figures itself."""
        if device == self._watching:
            return
        self.end_watch()
        workbench = self._desk.workbench
        if not device or workbench is None:
            return
        self._watching, now = device, self._round
        self._stop = workbench.watch(
            device,
            lambda figures: self._figures.emit(device, now, dict(figures)),
            lambda error: self._ended.emit(device, now, error),
        )

    def end_watch(self) -> None:
        stop, self._stop = self._stop, None
        self._watching = ""
        self._round += 1  # what is still on its way belongs to a watch that is over
        if stop is not None:
            stop()

    def _begin_anew(self) -> None:
        """Another study: its workers know nothing of the old watch."""
        self._stop, self._watching = None, ""
        self._round += 1
        self._heard.clear()

    def _take(self, device: str, of: int, figures: Figures) -> None:
        if of == self._round:
            self._desk.roster.reached(device)
            self._add(device, figures)

    def _end(self, device: str, of: int, error: BaseException | None) -> None:
        if of != self._round:
            return
        self._stop, self._watching = None, ""
        if error is not None:
            self._desk.roster.lost(device)
            self.failed.emit(device, error)
        self._touch(device)

    # ------------------------------------------------------------------ the jobs

    def _follow_jobs(self) -> None:
        for view in self._desk.jobs:
            device = device_of(view, self._desk)
            if device and view.state in ("running", "stopping"):
                self._follow(view.job, device, view.progress)
            elif view.job in self._heard:
                del self._heard[view.job]
                self.feed(device).ended = self.clock()
                self._touch(device)

    def _follow(self, job: str, device: str, progress) -> None:
        if job not in self._heard:
            feed = self.feed(device)
            feed.began, feed.ended = self.clock(), None
            self._heard[job] = None
        if progress is not None and progress is not self._heard[job]:
            self._heard[job] = progress
            self._add(device, progress.figures)

    def _add(self, device: str, figures: Figures) -> None:
        kept = board_figures(figures)
        if kept:
            self.feed(device).add(self.clock(), kept)
            self._touch(device)

    def _touch(self, device: str) -> None:
        self._dirty.add(device)
        if not self._soon.isActive():
            self._soon.start()

    def _tell(self) -> None:
        dirty, self._dirty = self._dirty, set()
        for device in dirty:
            self.changed.emit(device)
