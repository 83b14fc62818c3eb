"""The jobs of a session: they wait for their turn, run on a worker, are heard of, and end."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from app.facts import Fact, JobEnded, JobKind, JobReached, JobStarted, Outcome
from app.jobs import EVIDENCE_S, FUNCTIONS, JobView, device_of, explained, lane_of, may_start
from app.study import Study
from app.workers import Cancelled, Task, Workers
from profiler.errors import BadInput, Failed
from profiler.progress import Progress


class Owner(Protocol):
    """Whose jobs these are: what the queue needs of an open study."""

    @property
    def study(self) -> Study: ...

    def record(self, *facts: Fact, undoable: bool = True) -> None:
        """Write facts, then let them be seen. Raises Failed when the disk is full."""
        ...

    def tell_job(self, view: JobView) -> None:
        """A job stands as `view` says."""
        ...

    def completed(self, view: JobView, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The settings its worker needs. Raises BadInput or Failed: then the job has failed."""
        ...

    def redacted(self, text: str) -> str:
        """What a worker or a device said, without anything secret in it."""
        ...

    def follow_up(self, view: JobView, asked: Mapping[str, Any]) -> None:
        """A job is done; the next one has not begun."""
        ...


@dataclass
class _Entry:
    view: JobView
    settings: dict[str, Any]
    started: float = 0.0
    ended: threading.Event | None = None


class JobQueue:
    """Runs jobs in the order they are asked for, one at a time on each board and here.

    `lock` is the one under which the owner records.
    """

    def __init__(self, owner: Owner, workers: Workers, lock: threading.RLock) -> None:
        self._owner = owner
        self._workers = workers
        self._lock = lock
        self._entries: dict[str, _Entry] = {}
        self._closed = False

    @property
    def views(self) -> tuple[JobView, ...]:
        """Running first, then waiting, then those that ended in this session, the newest first."""
        with self._lock:
            views = [entry.view for entry in self._entries.values()]
        now = [v for v in views if v.state in ("running", "stopping")]
        return (*now, *(v for v in views if v.state == "waiting"), *reversed([v for v in views if v.ended]))

    def knows(self, job: str) -> bool:
        """Whether it was begun in this session."""
        return job in self._entries

    def submit(self, kind: JobKind, letter: str | None, title: str, settings: dict[str, Any]) -> str:
        """Record a job, and start it when its turn comes; returns its id. `letter` None: the next free one."""
        with self._lock:
            if letter is None:
                letter = self._owner.study.next_letter
            job = uuid.uuid4().hex[:12]
            view = JobView(job, kind, letter, title, "waiting", device=device_of(kind, settings))
            entry = _Entry(view, settings, ended=threading.Event())
            self._entries[job] = entry
            try:
                self._owner.record(JobStarted(job, kind, letter, title, settings), undoable=False)
            except Failed:
                del self._entries[job]
                raise
        self._owner.tell_job(view)
        self._start_next()
        return job

    def cancel(self, job: str) -> None:
        """Stop a job: at once when it waits, within two seconds when it runs."""
        with self._lock:
            entry = self._entries.get(job)
            if entry is None or entry.view.ended or entry.view.state == "stopping":
                return
            if entry.view.state == "waiting":
                self._finish(entry, "cancelled")
                return
            self._update(entry, state="stopping")
        self._workers.cancel(job)

    def wait(self, job: str, timeout: float | None = None) -> JobView:
        """Block until a job has ended, and say how. Raises TimeoutError."""
        entry = self._entries[job]
        assert entry.ended is not None
        if not entry.ended.wait(timeout):
            raise TimeoutError(job)
        return entry.view

    def close(self) -> tuple[str, ...]:
        """Start nothing any more. Returns the jobs that have not ended."""
        with self._lock:
            self._closed = True
            return tuple(job for job, entry in self._entries.items() if not entry.view.ended)

    def _start_next(self) -> None:
        """Start every waiting job whose turn it is (`app.jobs.may_start`)."""
        with self._lock:
            if self._closed:
                return
            ready = [self._entries[job] for job in may_start([entry.view for entry in self._entries.values()])]
            for entry in ready:
                entry.started = time.monotonic()
                self._update(entry, state="running")
        for entry in ready:
            self._start(entry)

    def _start(self, entry: _Entry) -> None:
        try:
            settings = self._owner.completed(entry.view, entry.settings)
        except (BadInput, Failed) as error:
            self._finish(entry, "failed", error=error)
            self._start_next()
            return
        task = Task(
            entry.view.job,
            on_progress=lambda progress: self._heard(entry, progress),
            on_fact=lambda fact: self._owner.record(fact, undoable=False),
            on_end=lambda value, error: self._ended(entry, value, error),
        )
        self._workers.start(lane_of(entry.view), task, FUNCTIONS[entry.view.kind], settings)

    def _heard(self, entry: _Entry, progress: Progress) -> None:
        progress = replace(progress, text=self._owner.redacted(progress.text))
        with self._lock:
            if entry.view.ended:
                return
            elapsed = time.monotonic() - entry.started
            left = None
            if elapsed >= EVIDENCE_S and progress.fraction > 0.02:
                left = elapsed * (1 - progress.fraction) / progress.fraction
            changes: dict[str, Any] = {"progress": progress, "seconds_left": left}
            log = entry.view.log
            if progress.text and (not log or log[-1] != progress.text):
                changes["log"] = (*log[-499:], progress.text)
            if "validation" in progress.figures:  # an epoch has ended; until then its figures still move
                number = len(entry.view.history) + 1  # counted on through rounds and steps
                changes["history"] = (*entry.view.history, {**progress.figures, "epoch": number})
            self._update(entry, **changes)
        if "validation" in progress.figures:
            self._owner.record(JobReached(entry.view.job, progress.text), undoable=False)

    def _ended(self, entry: _Entry, value: dict[str, Any] | None, error: BaseException | None) -> None:
        if error is None:
            self._finish(entry, "done", message=str((value or {}).get("message", "")))
            self._owner.follow_up(entry.view, entry.settings)
        elif isinstance(error, Cancelled):
            self._finish(entry, "cancelled")
        else:
            self._finish(entry, "failed", error=error)
        self._start_next()

    def _finish(
        self, entry: _Entry, outcome: Outcome, *, message: str = "", error: BaseException | None = None
    ) -> None:
        reached = entry.view.progress.text if entry.view.progress else ""
        *said, status = explained(error)
        what, fix, evidence = map(self._owner.redacted, said)
        ended = JobEnded(entry.view.job, outcome, message or " ".join(w for w in (what, fix) if w), evidence, reached)
        with contextlib.suppress(Failed):  # a full disk takes this note too; the job is then shown as interrupted
            self._owner.record(ended, undoable=False)
        with self._lock:
            self._update(
                entry, state=outcome, error=what, fix=fix, evidence=evidence, message=message,
                seconds_left=None, exit_status=130 if outcome == "cancelled" else status, cause=error,
            )  # fmt: skip
        if entry.ended is not None:
            entry.ended.set()

    def _update(self, entry: _Entry, **changes: Any) -> None:
        entry.view = replace(entry.view, **changes)
        self._owner.tell_job(entry.view)
