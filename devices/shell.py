"""Where commands run: this computer's own processes now. A board over SSH is another `Shell`."""

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

KEPT_FROM_ERRORS = 4000  # characters of standard error that a failure quotes


class Running(Protocol):
    """A command under way. `stop` must always be called; it may be called more than once."""

    def lines(self, seconds: float) -> list[str]:
        """The whole lines that it printed within `seconds`; comes back earlier when there are some, or at its end."""
        ...

    def ended(self) -> int | None:
        """Its exit status once it has ended and every line has been read; negative when a signal ended it."""
        ...

    def errors(self) -> str:
        """The last of what it wrote to standard error."""
        ...

    def stop(self) -> None:
        """End it and everything it started, now."""
        ...


class Shell(Protocol):
    """Whatever can run a command and take a file."""

    def start(self, command: Sequence[str], said: str, environment: Mapping[str, str]) -> Running:
        """Run `command` with nothing but `environment`; `said` goes to its standard input, which stays open."""
        ...

    def make_folder(self) -> str:
        """A new, empty folder there, of this user alone."""
        ...

    def remove_folder(self, folder: str) -> None:
        """Remove a folder made by `make_folder` and all that is in it."""
        ...

    def put(self, local: Path, folder: str) -> str:
        """Make a local file available there, and return its path there."""
        ...

    def get(self, remote: str, local: Path) -> None:
        """Fetch a file from there."""
        ...


class LocalShell:
    """This computer. Files are already here, so nothing is copied."""

    def start(self, command: Sequence[str], said: str, environment: Mapping[str, str]) -> LocalRunning:
        return LocalRunning(command, said, environment)

    def make_folder(self) -> str:
        return tempfile.mkdtemp(prefix="netbonsai-")

    def remove_folder(self, folder: str) -> None:
        shutil.rmtree(folder, ignore_errors=True)

    def put(self, local: Path, folder: str) -> str:  # noqa: ARG002 - a shell elsewhere needs the folder
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
        self._rest = b""
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
            return []
        chunk = os.read(self._output.fileno(), 1 << 20)
        self._open = bool(chunk)
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        if not chunk and self._rest:
            whole, self._rest = [*whole, self._rest], b""
        return [line.decode("utf-8", "replace") for line in whole]

    def ended(self) -> int | None:
        return None if self._open else self._process.poll()

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
        if self._process.returncode is None:
            with suppress(ProcessLookupError):  # it ended between the question and the signal
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._selector.close()
        for stream in (self._output, self._errors, self._input):
            with suppress(BrokenPipeError):  # what was still unsaid has no listener any more
                stream.close()


PYTHON_HERE: tuple[str, ...] = (sys.executable, "-I")
"""This program's own Python, deaf to the environment and the current folder."""
