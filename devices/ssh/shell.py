"""The shell at the end of an SSH line: dials in when it is needed, and anew when the line was lost."""

from __future__ import annotations

import atexit
import itertools
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from devices.address_book import Address
from devices.shell import LineBroke, Running
from devices.ssh import background
from profiler.errors import Failed
from profiler.progress import Job, Progress

if TYPE_CHECKING:
    from devices.ssh.line import Line

CLOSE_TIMEOUT = 2.0  # seconds for a board to clear up when the program ends; it goes on by itself after that
REMOVE_TIMEOUT = 2.0
ANSWER_TIMEOUT = 15.0  # seconds for a small thing; the line itself is lost before, when nobody is there

_lines: dict[Address, Line] = {}
_left: dict[Address, list[str]] = {}  # folders of lines that broke: the next line to that board clears them
_lock = threading.Lock()
_numbers = itertools.count(1)


class SshShell:
    """A board. Every shell of this process with the same address shares one line."""

    def __init__(self, address: Address, secret: str | None = None) -> None:
        self.address, self._secret = address, secret

    def open(self) -> Job[None]:
        """Dial in, unless the line is whole. Raises what `devices.ssh.dial.dial` raises."""
        if self._whole() is not None:
            return
        from devices.ssh.line import open_line

        step = Progress(0.0, f"Connecting to {self.address.title or self.address.name}")
        yield step
        dialling = background.begin(open_line(self.address, self._secret, self._lost_folders()))
        try:
            line = yield from background.waiting(dialling, step)
        finally:
            if not dialling.done() or dialling.cancelled():
                dialling.add_done_callback(_hang_up)
        with _lock:
            _left.pop(self.address, None)
            _lines[self.address] = line

    def _whole(self) -> Line | None:
        """The line, where there is one and it is not lost."""
        with _lock:
            line = _lines.get(self.address)
            if line is not None and not line.alive:
                del _lines[self.address]
                _left.setdefault(self.address, []).append(line.folder)
                line = None
        return line

    def _lost_folders(self) -> list[str]:
        with _lock:
            return list(_left.get(self.address, ()))

    def _line(self) -> Line:
        line = self._whole()
        if line is None:
            raise LineBroke(
                f"There is no line to “{self.address.title or self.address.name}” any more.", "Start it again."
            )
        return line

    def make_folder(self) -> str:
        return background.run(self._line().make_folder(f"run-{next(_numbers)}"), ANSWER_TIMEOUT)

    def remove_folder(self, folder: str) -> None:
        line = self._whole()
        if line is None or not folder.startswith(f"{line.folder}/"):
            return  # that line is lost, and its keeper clears up by itself
        try:
            background.run(line.remove(folder), REMOVE_TIMEOUT)
        except Failed:
            line.abort("nobody answered")

    def put(self, local: Path, folder: str) -> Job[str]:
        line = self._line()
        arrived = [0, local.stat().st_size]

        def told(sent: int, whole: int) -> None:
            arrived[:] = [sent, whole]

        pushing = background.begin(line.put(local, folder, told))
        waits = background.waiting(pushing, Progress(0.0))
        try:
            while True:
                next(waits)
                sent, whole = (each / 1e6 for each in arrived)
                yield Progress(0.0, f"Sending “{local.name}”: {sent:.1f} of {whole:.1f} MB")
        except StopIteration as end:
            return end.value
        finally:
            waits.close()

    def get(self, remote: str, local: Path) -> None:
        background.run(self._line().get(remote, local), ANSWER_TIMEOUT)

    def start(self, command: Sequence[str], said: str, environment: Mapping[str, str], folder: str) -> Running:
        return background.run(self._line().run(command, said, environment, folder), ANSWER_TIMEOUT)


def _hang_up(dialling: Future[Line]) -> None:
    """A line that nobody waits for any more when it comes."""
    if not dialling.cancelled() and dialling.exception() is None:
        dialling.result().abort("not wanted any more")


def close_lines() -> None:
    """End every line of this process in good order, so that the boards are left as they were."""
    with _lock:
        ending = [background.begin(line.close()) for line in _lines.values() if line.alive]
        _lines.clear()
    for each in ending:
        try:
            each.result(CLOSE_TIMEOUT)
        except (Failed, TimeoutError, OSError):
            continue  # it is on its own now: a board whose line ends clears up


atexit.register(close_lines)
