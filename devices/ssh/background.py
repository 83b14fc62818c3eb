"""The one event loop in which every SSH connection of this process lives, in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLong
from typing import Any, TypeVar

from devices.shell import LineBroke
from profiler.progress import Job, Progress

T = TypeVar("T")
THREAD = "netbonsai-ssh"
PATIENCE = 0.2  # seconds between two steps of a job that waits

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def loop() -> asyncio.AbstractEventLoop:
    """The loop, started at the first call.

    It keeps quiet: what a connection that broke had still to write is no news, and every failure that matters reaches
    whoever waits for it.
    """
    global _loop
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            _loop.set_exception_handler(lambda _loop, _context: None)
            logging.getLogger("asyncio").addFilter(lambda record: record.threadName != THREAD)
            threading.Thread(target=_loop.run_forever, name=THREAD, daemon=True).start()
        return _loop


def begin(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Start `work` in the loop."""
    return asyncio.run_coroutine_threadsafe(work, loop())


def run(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """Do `work` in the loop and wait for it. Raises LineBroke when it takes longer than `seconds`."""
    future = begin(work)
    try:
        return future.result(seconds)
    except TooLong:
        future.cancel()
        raise LineBroke(f"No answer came within {seconds:.0f} seconds.", "Check the cable and the board.") from None


def waiting(future: Future[T], step: Progress) -> Job[T]:
    """A job that waits for `future` and says `step` meanwhile; closing it cancels the work."""
    try:
        while True:
            try:
                return future.result(PATIENCE)
            except TooLong:
                if future.done():  # the work's own, not this wait's
                    raise
            yield step
    finally:
        future.cancel()
