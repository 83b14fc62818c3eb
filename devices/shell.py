"""Where commands run: this computer's own processes here, a board over SSH in `devices.ssh.shell`."""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

from profiler.errors import Failed
from profiler.progress import Job

KEPT_FROM_ERRORS = 4000  # characters of standard error that a failure quotes
LONGEST_LINE = 32 << 20  # bytes: far above any message; what is longer is another program's output, or a broken one


class LineBroke(Failed):
    """The line to a device ended, or nothing comes over it any more. What was under way there is over."""


class Lines:
    """Cuts what arrives into whole lines. A line longer than `LONGEST_LINE` is refused before it takes the memory."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def fed(self, chunk: bytes) -> list[str]:
        """The lines that `chunk` completes. Raises Failed for one without an end."""
        *whole, rest = chunk.split(b"\n")
        if whole:
            whole[0] = bytes(self._rest) + whole[0]
            self._rest = bytearray(rest)
        else:
            self._rest += rest
        if len(self._rest) > LONGEST_LINE:
            start = self._rest[:200].decode("utf-8", "replace")
            self._rest = bytearray()
            raise Failed(
                f"A line of more than {LONGEST_LINE >> 20} MB came without an end; it begins “{start}…”.",
                "Start it again; if it happens again, another program writes into the agent’s output.",
            )
        return [line.decode("utf-8", "replace") for line in whole]

    def last(self) -> list[str]:
        """What came after the last end of a line, when nothing more will come."""
        rest, self._rest = self._rest, bytearray()
        return [rest.decode("utf-8", "replace")] if rest else []


class Running(Protocol):
    """A command under way. `stop` must always be called; it may be called more than once."""

    def lines(self, seconds: float) -> list[str]:
        """The whole lines that it printed within `seconds`; comes back earlier when there are some, or at its end.

        Raises Failed for a line without an end.
        """
        ...

    def ended(self) -> int | None:
        """Its exit status once it has ended and every line has been read; negative when a signal ended it.

        Raises LineBroke where the line to it broke, so that nobody knows.
        """
        ...

    def errors(self) -> str:
        """The last of what it wrote to standard error."""
        ...

    def stop(self) -> None:
        """End it and everything it started, now."""
        ...


class Shell(Protocol):
    """Whatever can run a command and take a file. Each method may raise LineBroke or another Failed."""

    def open(self) -> Job[None]:
        """Be ready: dial in where that is needed. The others may be called once this has ended."""
        ...

    def start(self, command: Sequence[str], said: str, environment: Mapping[str, str], folder: str) -> Running:
        """Run `command`; `said` goes to its standard input, which stays open.

        It sees `environment` over what its machine gives a new login, and nothing else of this process's own.
        `folder` is the one it works in: a shell elsewhere finds by it what is to be ended.
        """
        ...

    def make_folder(self) -> str:
        """A new, empty folder there, of this user alone."""
        ...

    def remove_folder(self, folder: str) -> None:
        """Remove a folder made by `make_folder` and all that is in it. Never raises."""
        ...

    def put(self, local: Path, folder: str) -> Job[str]:
        """Make a local file available there, and return its path there. Nothing is left of it where that fails."""
        ...

    def get(self, remote: str, local: Path) -> None:
        """Fetch a file from there."""
        ...


class LocalShell:
    """This computer. Files are already here, so nothing is copied."""

    def open(self) -> Job[None]:
        yield from ()

    def start(
        self,
        command: Sequence[str],
        said: str,
        environment: Mapping[str, str],
        folder: str,  # noqa: ARG002 - a shell elsewhere needs it
    ) -> LocalRunning:
        kept = {name: os.environ[name] for name in KEPT_HERE if name in os.environ}
        return LocalRunning(command, said, {**kept, **environment})

    def make_folder(self) -> str:
        return tempfile.mkdtemp(prefix="netbonsai-")

    def remove_folder(self, folder: str) -> None:
        shutil.rmtree(folder, ignore_errors=True)

    def put(self, local: Path, folder: str) -> Job[str]:  # noqa: ARG002 - a shell elsewhere needs the folder
        yield from ()
        return str(local.resolve())

    def get(self, remote: str, local: Path) -> None:
        shutil.copyfile(remote, local)


class LocalRunning:
    """A process in a group of its own, so that `stop` reaches what it started too."""

    def __init__(self, command: Sequence[str], said: str, environment: Mapping[str, str]) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - `stop` closes it
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=dict(environment),
                start_new_session=True,
            )
        except OSError as problem:
            self._errors.close()
            raise Failed(f"“{command[0]}” does not start here: {problem.strerror}.", evidence=str(problem)) from None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._output, selectors.EVENT_READ)
        self._lines = Lines()
        self._open = True
        self._say(said)

    def _say(self, text: str) -> None:
        with suppress(BrokenPipeError):  # it ended at once; its exit status and its errors tell why
            self._input.write(text.encode())
            self._input.flush()

    def lines(self, seconds: float) -> list[str]:
        if not self._open:
            self._wait(seconds)
            return []
        if not self._selector.select(seconds):
            self._open = not self._is_over()  # what it started may keep the pipe open, and is nothing to wait for
            return []
        chunk = os.read(self._output.fileno(), 1 << 20)
        self._open = bool(chunk)
        return self._lines.fed(chunk) if chunk else self._lines.last()

    def ended(self) -> int | None:
        if self._open or not self._is_over():
            return None
        self._end_group()
        return self._process.wait()

    def _is_over(self) -> bool:
        """Whether it has ended; its number stays its own, so that the group of that number is still its group."""
        if self._process.returncode is not None:
            return True
        if not hasattr(os, "waitid"):
            return self._process.poll() is not None
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _end_group(self) -> None:
        if self._process.returncode is None:
            with suppress(ProcessLookupError):  # it ended between the question and the signal
                os.killpg(self._process.pid, signal.SIGKILL)

    def _wait(self, seconds: float) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def errors(self) -> str:
        if self._errors.closed:
            return ""
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - KEPT_FROM_ERRORS))
        return self._errors.read().decode("utf-8", "replace").strip()

    def stop(self) -> None:
        self._end_group()
        self._process.wait()
        self._selector.close()
        for stream in (self._output, self._errors, self._input):
            with suppress(BrokenPipeError):  # what was still unsaid has no listener any more
                stream.close()


PYTHON_HERE: tuple[str, ...] = (sys.executable, "-I")
"""This program's own Python, deaf to the environment and the current folder."""

KEPT_HERE = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""All that the agent sees of this process's environment: this program's own settings must not disturb it."""
