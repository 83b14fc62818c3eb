"""Where heavy jobs run: worker processes, so that the window never waits for them.

A job crosses as (importable function, plain settings, job id), never as a generator. The driver on the worker builds
the generator there, drains it, and dials back over a socket with progress and facts; a message the other way, or the
line going dead, stops it. A job that does not stop in time is killed by its pid, and its lane is built again.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing as mp
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing.connection import Client, Connection, Listener
from multiprocessing.connection import wait as wait_for
from typing import Any

from app.facts import FACTS, Fact
from app.pulse import Pulse
from app.steps import Steps
from profiler.errors import Failed
from profiler.plain import from_json, from_plain, to_json
from profiler.progress import Progress

GRACE = 1.5  # seconds between asking a job to stop and killing it
MOST_BEGINNINGS = 3  # of a job whose worker ends before it has said a word
Link = tuple[Any, bytes]


class Cancelled(Exception):
    """The job was stopped on request."""


# ---------------------------------------------------------------------- on the worker


def begin(niceness: int) -> None:
    """First thing in a worker: step back behind the window, leave Ctrl+C to the program, and end when it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # torch's threads must not spin where others want the cores
    if niceness:
        with contextlib.suppress(OSError):
            os.nice(niceness)
    parent = mp.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait_for([sentinel])
    os._exit(1)  # the program is gone: nobody is left to clean up for


def function_named(path: str) -> Callable[..., Any]:
    """`package.module:function` as the function."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def drive(link: Link, job: str, function: str, settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """Run one job on this worker: yields become messages, the returned dictionary comes back with the future."""
    address, key = link
    with Client(address, authkey=key) as line:
        line.send_bytes(to_json({"job": job, "pid": os.getpid()}))
        steps: Steps[dict[str, Any] | None] = function_named(function)(settings)
        try:
            with Pulse(line) as pulse:
                while True:
                    try:
                        step = next(steps)
                    except StopIteration as end:
                        return end.value
                    if line.poll():  # a word, or the end of the line: either way nobody wants the rest
                        raise Cancelled(job)
                    pulse.tell(step)
        finally:
            steps.close()


def answer(function: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """A quick question, answered by a plain function."""
    return function_named(function)(settings)


# --------------------------------------------------------------------- in the program


def _never_ran(future: Future[Any]) -> bool:
    """Whether the job was taken back, or its worker died: then it may never have dialled in."""
    return future.cancelled() or isinstance(future.exception(), BrokenProcessPool)


class Lane:
    """One worker process, so that a crash costs one job; built again when it breaks."""

    def __init__(self, niceness: int) -> None:
        self._niceness = niceness
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        with self._lock:
            if self._pool is not None:
                try:
                    return self._pool.submit(function, *arguments)
                except (BrokenProcessPool, RuntimeError):
                    self._pool.shutdown(wait=False)
            self._pool = ProcessPoolExecutor(
                1, mp_context=mp.get_context("spawn"), initializer=begin, initargs=(self._niceness,)
            )
            return self._pool.submit(function, *arguments)

    def close(self) -> None:
        with self._lock:
            if self._pool is None:
                return
            for process in list(getattr(self._pool, "_processes", {}).values()):
                with contextlib.suppress(OSError):
                    process.kill()
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


@dataclass
class Task:
    """A job under way, as the program's side sees it."""

    job: str
    on_progress: Callable[[Progress], None]
    on_fact: Callable[[Fact], None]
    on_end: Callable[[dict[str, Any] | None, BaseException | None], None]
    future: Future[Any] | None = None
    begin: Callable[[], Future[Any]] | None = None
    line: Connection | None = None
    pid: int | None = None
    stopping: bool = False
    killed: bool = False
    fault: BaseException | None = None
    heard_all: threading.Event = field(default_factory=threading.Event)


class Workers:
    """The lanes, and the desk where workers report: `work` trains, `measure` measures this computer, `look` answers.

    Any other name is a lane that is made when it is first needed: a board has one of its own.
    """

    def __init__(self) -> None:
        # Only the work lane steps back: what is measured must not run behind other programs.
        self.lanes = {"work": Lane(10), "measure": Lane(0), "look": Lane(5)}
        self._making = threading.Lock()
        self._key = secrets.token_bytes(32)
        self._listener = Listener(("127.0.0.1", 0), authkey=self._key)
        self._tasks: dict[str, Task] = {}
        self._closed = False
        threading.Thread(target=self._accept, daemon=True, name="desk").start()

    def start(self, lane: str, task: Task, function: str, settings: Mapping[str, Any]) -> None:
        """Run `function(settings)`, a generator of Progress and facts, on a lane. A thread calls `on_end` once."""
        self._tasks[task.job] = task
        link: Link = (self._listener.address, self._key)
        task.begin = lambda: self._lane(lane).submit(drive, link, task.job, function, dict(settings))
        task.future = task.begin()
        threading.Thread(target=self._follow, args=(task,), daemon=True, name=f"job {task.job}").start()

    def prepare(self, lane: str, function: str) -> None:
        """Start a lane's process and have it call `function`, so that a job that comes soon finds it ready."""
        self._lane(lane).submit(answer, function, {})

    def _lane(self, name: str) -> Lane:
        with self._making:
            return self.lanes.setdefault(name, Lane(5))

    def ask(self, function: str, settings: Mapping[str, Any]) -> Future[dict[str, Any]]:
        """A quick question on the `look` lane."""
        return self.lanes["look"].submit(answer, function, dict(settings))

    def cancel(self, job: str, grace: float = GRACE) -> None:
        """Ask a job to stop; kill it when it has not in `grace` seconds. Returns at once."""
        task = self._tasks.get(job)
        if task is None or task.stopping:
            return
        task.stopping = True
        threading.Thread(target=self._stop, args=(task, grace), daemon=True, name=f"stop {job}").start()

    def close(self) -> None:
        """End everything at once. What was recorded stays."""
        self._closed = True
        for task in list(self._tasks.values()):
            task.stopping = True
        with self._making:
            lanes = list(self.lanes.values())
        for lane in lanes:
            lane.close()
        with contextlib.suppress(OSError):
            self._listener.close()

    def _stop(self, task: Task, grace: float) -> None:
        assert task.future is not None
        if task.future.cancel():
            return
        until = time.monotonic() + grace
        asked = False
        while not task.future.done() and time.monotonic() < until:
            if task.line is not None and not asked:
                asked = True
                with contextlib.suppress(OSError):
                    task.line.send_bytes(b"stop")
            wait([task.future], timeout=0.02)
        if not task.future.done() and task.pid is not None:
            task.killed = True
            with contextlib.suppress(OSError):
                os.kill(task.pid, signal.SIGKILL)

    def _follow(self, task: Task) -> None:
        """Wait for a job's end, and for the last of its messages, then say so."""
        assert task.future is not None
        value: dict[str, Any] | None = None
        error: BaseException | None = None
        try:
            value = self._result(task)
        except (CancelledError, Cancelled):
            error = Cancelled(task.job)
        except BrokenProcessPool as broken:
            error = self._broken(task, broken)
        except Exception as other:  # noqa: BLE001 - whatever a job raises is its outcome
            error = other
        if task.line is not None or not _never_ran(task.future):
            task.heard_all.wait(5)  # a short job can be over before its line was even answered
        self._tasks.pop(task.job, None)
        if not self._closed:
            task.on_end(value, error if error is not None else task.fault)

    @staticmethod
    def _result(task: Task) -> dict[str, Any] | None:
        """The job's value. One that had not begun when another's end took its worker along is begun again."""
        assert task.future is not None
        for _ in range(MOST_BEGINNINGS - 1):
            try:
                return task.future.result()
            except BrokenProcessPool:
                if task.stopping or task.pid is not None or task.begin is None:
                    raise
                task.future = task.begin()
        return task.future.result()

    @staticmethod
    def _broken(task: Task, broken: BrokenProcessPool) -> BaseException:
        if task.stopping:
            return Cancelled(task.job)
        return Failed(
            "The worker process of this job ended unexpectedly.",
            "It may have run out of memory. Everything recorded before is kept; start the job again.",
            evidence=str(broken),
        )

    def _accept(self) -> None:
        while not self._closed:
            try:
                line = self._listener.accept()
            except Exception:  # noqa: BLE001 - a stranger at the door, or the door closing
                if self._closed:
                    return
                time.sleep(0.01)
                continue
            threading.Thread(target=self._listen, args=(line,), daemon=True, name="line").start()

    def _listen(self, line: Connection) -> None:
        with contextlib.suppress(EOFError, OSError, KeyError):
            hello = from_json(line.recv_bytes(), dict[str, Any])
            task = self._tasks[hello["job"]]
            task.pid, task.line = hello["pid"], line
            try:
                while True:
                    self._hear(task, from_json(line.recv_bytes(), dict[str, Any]))
            finally:
                task.heard_all.set()
                line.close()

    def _hear(self, task: Task, message: dict[str, Any]) -> None:
        if task.fault is not None:
            return
        try:
            if "progress" in message:
                task.on_progress(from_plain(message["progress"], Progress))
            else:
                task.on_fact(from_plain(message["body"], FACTS[message["fact"]]))
        except Failed as fault:  # the disk is full: the fact is not in the study, so the job has failed
            task.fault = fault
            with contextlib.suppress(OSError):
                task.line.send_bytes(b"stop") if task.line else None
