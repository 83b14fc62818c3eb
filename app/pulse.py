"""A job's line to the program, with a pulse: a step that takes long says so twice a second.

One training step of a large network, or one factorisation, is a single call into native code that takes many seconds.
It lets other threads run meanwhile.
"""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from types import TracebackType

from app.facts import Fact
from profiler.plain import to_json
from profiler.progress import Progress

TELL_EVERY = 0.2  # seconds between two progress messages
BEAT_S = 0.4  # after so long without one, the last is said again


class Pulse:
    """Sends what a job yields. Between two yields the last progress is sent again, with `step_s`: its age, seconds.

    What is yielded faster than it is told is passed over, but never the last before the end.
    """

    def __init__(self, line: Connection) -> None:
        self._line, self._lock = line, threading.Lock()
        self._last = Progress(0.0)
        self._yielded = self._told = time.monotonic()
        self._passed_over = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True, name="pulse")

    def __enter__(self) -> Pulse:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self._over.set()
        self._thread.join()
        if self._passed_over:
            with contextlib.suppress(OSError):  # nobody listens any more
                self._send(self._last, time.monotonic())

    def tell(self, step: Progress | Fact) -> None:
        """Send a fact always, progress when enough time has passed or an epoch ends."""
        now = time.monotonic()
        with self._lock:
            if not isinstance(step, Progress):
                self._line.send_bytes(to_json({"fact": type(step).__name__, "body": step}))
                return
            self._last, self._yielded, self._passed_over = step, now, True
            ends_epoch = "validation" in step.figures  # a point of a curve: never dropped
            if ends_epoch or now - self._told > TELL_EVERY:
                self._send(step, now)

    def _send(self, step: Progress, now: float) -> None:
        self._line.send_bytes(to_json({"progress": step}))
        self._told, self._passed_over = now, False

    def _beat(self) -> None:
        while not self._over.wait(BEAT_S / 4):
            now = time.monotonic()
            with self._lock, contextlib.suppress(OSError):  # nobody listens: the job's own next word will find out
                if now - self._told >= BEAT_S:
                    self._send(replace(self._last, figures=self._figures(now)), now)

    def _figures(self, now: float) -> dict[str, float]:
        """Those of the last step, without what must be told once only."""
        kept = {name: value for name, value in self._last.figures.items() if name != "validation"}
        return {**kept, "step_s": now - self._yielded}
