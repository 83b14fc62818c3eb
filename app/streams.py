"""What is followed and never recorded: a board's live figures, and the search for a new board step by step.

Streams run on the workers, on the lane of their board. One gives way while its board (or this computer) is measured,
and goes on afterwards: reading a meter twice would disturb what is read.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.jobs import HERE, JobView, measuring_lane
from app.workers import Cancelled, Task, Workers
from profiler.progress import Progress

WATCH, PROBE = "app.boards:watch", "app.boards:probe"
Figures = Callable[[Mapping[str, float]], None]
End = Callable[[BaseException | None], None]
Stop = Callable[[], None]


@dataclass
class _Watch:
    """One device that is watched, by however many. `task` is "" while it gives way."""

    listeners: dict[int, tuple[Figures, End]] = field(default_factory=dict[int, tuple[Figures, End]])
    task: str = ""


class Streams:
    """The streams of one open study. `settings_of` gives what a worker needs to reach a device."""

    def __init__(self, workers: Workers, settings_of: Callable[[str], dict[str, Any]]) -> None:
        self._workers, self._settings_of = workers, settings_of
        self._lock = threading.RLock()
        self._watched: dict[str, _Watch] = {}
        self._measured: dict[str, str] = {}  # job -> device, while it is measured
        self._probes: set[str] = set()
        self._numbers = 0
        self._closed = False

    def watch(self, device: str, on_figures: Figures, on_end: End) -> Stop:
        """Hear a device's figures several times a second. `on_end` is called once when it can be followed no longer.

        The returned function ends it; `on_end` is then not called. Both callbacks come from other threads.
        """
        with self._lock:
            self._numbers += 1
            number = self._numbers
            self._watched.setdefault(device, _Watch()).listeners[number] = (on_figures, on_end)
        self._go_on()
        return lambda: self._unwatch(device, number)

    def probe(
        self,
        settings: Mapping[str, Any],
        on_progress: Callable[[Progress], None],
        on_end: Callable[[dict[str, Any] | None, BaseException | None], None],
    ) -> Stop:
        """Reach for a board step by step (`app.boards:probe`). `on_end` is called once, with what was found or why
        not, and not at all when it was stopped."""
        job = f"probe {uuid.uuid4().hex[:12]}"

        def ended(value: dict[str, Any] | None, error: BaseException | None) -> None:
            self._probes.discard(job)
            if not isinstance(error, Cancelled):
                on_end(value, error)

        told: set[str] = set()

        def heard(progress: Progress) -> None:
            """Every step so far, a line each: those that are new are told one by one."""
            for line in progress.text.splitlines():
                if line not in told:
                    told.add(line)
                    on_progress(Progress(progress.fraction, line))

        self._probes.add(job)
        task = Task(job, on_progress=heard, on_fact=lambda _: None, on_end=ended)
        self._workers.start("probe", task, PROBE, settings)
        return lambda: self._workers.cancel(job)

    def heed(self, view: JobView) -> None:
        """A job stands as `view` says: give way when it begins to measure, go on when it has ended."""
        if not view.device or view.state == "waiting":
            return
        with self._lock:
            before = dict(self._measured)
            if view.ended:
                self._measured.pop(view.job, None)
            else:
                self._measured[view.job] = view.device
            if self._measured == before:
                return
            quiet = [watch for device, watch in self._watched.items() if watch.task and not self._free(device)]
            tasks = [watch.task for watch in quiet]
            for watch in quiet:
                watch.task = ""
        for task in tasks:
            self._workers.cancel(task)
        self._go_on()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            tasks = [*(watch.task for watch in self._watched.values() if watch.task), *self._probes]
            self._watched.clear()
        for task in tasks:
            self._workers.cancel(task, grace=0.2)

    def _free(self, device: str) -> bool:
        return not {device, HERE} & set(self._measured.values())

    def _go_on(self) -> None:
        """Start every stream that is wanted, does not run, and is in nobody's way."""
        with self._lock:
            if self._closed:
                return
            for device, watch in self._watched.items():
                if watch.listeners and not watch.task and self._free(device):
                    watch.task = f"watch {uuid.uuid4().hex[:12]}"
                    self._start(device, watch, watch.task)

    def _start(self, device: str, watch: _Watch, job: str) -> None:
        task = Task(
            job,
            on_progress=lambda progress: self._heard(watch, progress),
            on_fact=lambda _: None,
            on_end=lambda _, error: self._ended(device, watch, job, error),
        )
        self._workers.start(measuring_lane(device), task, WATCH, self._settings_of(device))

    def _heard(self, watch: _Watch, progress: Progress) -> None:
        figures = {name: value for name, value in progress.figures.items() if name != "step_s"}
        if figures:
            for on_figures, _ in list(watch.listeners.values()):
                on_figures(figures)

    def _ended(self, device: str, watch: _Watch, job: str, error: BaseException | None) -> None:
        """It was told to stop, or the board went away: then its listeners hear of it."""
        with self._lock:
            if watch.task != job:  # it gave way, or nobody wants it any more
                return
            watch.task = ""
            listeners = list(watch.listeners.values())
            if self._watched.get(device) is watch:
                del self._watched[device]
        for _, on_end in listeners:
            on_end(error)

    def _unwatch(self, device: str, number: int) -> None:
        with self._lock:
            watch = self._watched.get(device)
            if watch is None or watch.listeners.pop(number, None) is None or watch.listeners:
                return
            del self._watched[device]
            task, watch.task = watch.task, ""
        if task:
            self._workers.cancel(task)
