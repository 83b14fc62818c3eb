"""A command under way on a board."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

import asyncssh

from devices.shell import KEPT_FROM_ERRORS, LineBroke, Lines
from devices.ssh import background
from profiler.errors import Failed

if TYPE_CHECKING:
    from devices.ssh.line import Line

MOST_WAITING = 8 << 20  # bytes that wait to be asked for before the board has to wait
CHUNK = 1 << 16
QUIET = 0.5  # seconds without output after which one that has ended says nothing more
STOP_TIMEOUT = 1.0  # seconds for a board to end what runs there; then the whole line is given up


class SshRunning:
    """A process on a board and its three pipes; its output is read in the background and waits to be asked for."""

    def __init__(self, line: Line, process: asyncssh.SSHClientProcess[bytes], mark: str, folder: str) -> None:
        self._line, self._process, self._folder = line, process, folder
        self._mark: str | None = mark  # until it is heard: a login's own scripts may print before
        self._split = Lines()
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._errors = b""
        self._changed = threading.Condition()
        self._over = False
        self._status: int | None = None
        self._room = asyncio.Event()
        self._tasks = [asyncio.ensure_future(self._read()), asyncio.ensure_future(self._read_errors())]

    async def _read(self) -> None:
        """All of the output, then the status; a lost line has none."""
        last = b"\n"
        try:
            while chunk := await self._chunk():
                last = chunk
                with self._changed:
                    self._waiting.append(chunk)
                    self._size += len(chunk)
                    self._changed.notify_all()
                    self._room.clear()
                    full = self._size > MOST_WAITING
                if full:
                    await self._room.wait()
            if self._process.returncode is None:
                await self._process.wait_closed()
            await asyncio.wait([self._tasks[1]], timeout=QUIET)
            if self._process.returncode is None:
                await self._line.settled()
        except (OSError, asyncssh.Error):
            pass  # told by the status that there is not
        finally:
            with self._changed:
                self._over, self._status = True, self._process.returncode
                if self._status is not None and not last.endswith(b"\n"):
                    self._waiting.append(b"\n")  # its last line is whole; one that a lost line cut is not
                self._changed.notify_all()

    async def _chunk(self) -> bytes:
        """Some output; nothing once it has ended, even where what it started keeps the pipe open."""
        reading = asyncio.ensure_future(self._process.stdout.read(CHUNK))
        try:
            while not (await asyncio.wait([reading], timeout=QUIET))[0]:
                if self._process.returncode is not None:
                    return b""
            return reading.result()
        finally:
            reading.cancel()

    async def _read_errors(self) -> None:
        try:
            while chunk := await self._process.stderr.read(CHUNK):
                self._errors = (self._errors + chunk)[-KEPT_FROM_ERRORS:]
        except (OSError, asyncssh.Error):
            pass

    def lines(self, seconds: float) -> list[str]:
        until = time.monotonic() + seconds
        with self._changed:
            while not self._waiting and not self._over:
                left = until - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    return []
            chunks = list(self._waiting)
            self._waiting.clear()
            self._size = 0
        background.loop().call_soon_threadsafe(self._room.set)
        found = [line for chunk in chunks for line in self._split.fed(chunk)]
        return self._after_mark(found)

    def _after_mark(self, lines: list[str]) -> list[str]:
        if self._mark is None:
            return lines
        for number, line in enumerate(lines):
            if line == self._mark:
                self._mark = None
                return lines[number + 1 :]
        return []

    def ended(self) -> int | None:
        with self._changed:
            if not self._over or self._waiting:
                return None
        if self._status is None:
            raise LineBroke(*self._line.why_lost())
        return self._status

    def errors(self) -> str:
        return self._errors.decode("utf-8", "replace").strip()

    def stop(self) -> None:
        for task in self._tasks:
            background.loop().call_soon_threadsafe(task.cancel)
        if self._status is None and self._line.alive:
            try:
                background.run(self._line.end(self._folder), STOP_TIMEOUT)
            except Failed:  # nobody answers there any more: the board ends it by itself
                self._line.abort()
        background.loop().call_soon_threadsafe(self._process.close)
