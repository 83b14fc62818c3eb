"""The shell at the end of an SSH line: dials in when it is needed, and anew when the line was lost."""

from __future__ import annotations

import atexit
import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from devices.address_book import Address
from devices.shell import LineBroke, Running
from devices.ssh import background
from profiler.errors import Failed
from profiler.progress import Job, Progress

if TYPE_CHECKING:
    from devices.ssh.line import Line

Tell = Callable[[str, str], None]  # a step on the way in, and what was found
CLOSE_TIMEOUT = 2.0  # seconds for a board to clear up when the program ends; it goes on by itself after that
REMOVE_TIMEOUT = 2.0
ANSWER_TIMEOUT = 15.0  # seconds for a small thing; the line itself is lost before, when nobody is there
_numbers = itertools.count(1)


class Lines:
    """Lines, one a board, and the folders of those that broke: the next line to that board clears them."""

    def __init__(self) -> None:
        self._whole: dict[Address, Line] = {}
        self._left: dict[Address, list[str]] = {}
        self._lock = threading.Lock()

    def get(self, address: Address) -> Line | None:
        """The line to a board, where there is one and it is not lost."""
        with self._lock:
            line = self._whole.get(address)
            if line is None or line.alive:
                return line
            del self._whole[address]
            self._left.setdefault(address, []).append(line.folder)
            return None

    def left(self, address: Address) -> list[str]:
        with self._lock:
            return list(self._left.get(address, ()))

    def put(self, address: Address, line: Line) -> None:
        with self._lock:
            self._left.pop(address, None)
            self._whole[address] = line

    def close(self) -> None:
        """End them all in good order, so that the boards are left as they were."""
        with self._lock:
            ending = [background.begin(line.close()) for line in self._whole.values() if line.alive]
            self._whole.clear()
        for each in ending:
            with suppress(Failed, TimeoutError, OSError):  # it is on its own now: its board clears up by itself
                each.result(CLOSE_TIMEOUT)


_shared = Lines()
atexit.register(_shared.close)


class SshShell:
    """A board. All shells of this process with the same address share one line, but those that are `alone`."""

    def __init__(
        self, address: Address, secret: str | None = None, tell: Tell | None = None, alone: bool = False
    ) -> None:
        self.address, self._secret, self._tell = address, secret, tell
        self._lines = Lines() if alone else _shared

    @property
    def python(self) -> str:
        """The version of the interpreter there."""
        return self._line().python

    def open(self) -> Job[None]:
        """Dial in, unless the line is whole. Raises what `devices.ssh.dial.dial` raises."""
        if self._lines.get(self.address) is not None:
            return
        step = Progress(0.0, f"Connecting to {self.address.title or self.address.name}")
        yield step
        from devices.ssh.line import open_line

        dialling = background.begin(open_line(self.address, self._secret, self._lines.left(self.address), self._tell))
        try:
            line = yield from background.waiting(dialling, step)
        except GeneratorExit:
            dialling.add_done_callback(_hang_up)
            raise
        self._lines.put(self.address, line)

    def close(self) -> None:
        """End the line in good order. Only for a shell that is alone."""
        self._lines.close()

    def _line(self) -> Line:
        line = self._lines.get(self.address)
        if line is None:
            name = self.address.title or self.address.name
            raise LineBroke(f"There is no line to “{name}” any more.", "Start it again.")
        return line

    def make_folder(self) -> str:
        return background.run(self._line().make_folder(f"run-{next(_numbers)}"), ANSWER_TIMEOUT)

    def remove_folder(self, folder: str) -> None:
        line = self._lines.get(self.address)
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

        waits = background.waiting(background.begin(line.put(local, folder, told)), Progress(0.0))
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
