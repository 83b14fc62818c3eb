"""One connection to a board, with the keeper of its folder there. It is either whole or lost; a lost one stays lost."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import shlex
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import asyncssh

from devices.address_book import Address
from devices.shell import LineBroke
from devices.ssh import background
from devices.ssh.dial import Tell, Visitor, dial, silent
from devices.ssh.files import Shelf, Told
from devices.ssh.running import SshRunning
from profiler.errors import Failed

T = TypeVar("T")
KEEPER = Path(__file__).with_name("keeper.py")
BEAT = 4.0  # seconds between two words to the keeper
SILENCE = 15.0  # seconds without one after which it clears up
IDLE = 300.0  # seconds without a run after which a line is closed: it would keep the board awake
FIRST_WORD = 20.0  # seconds for Python to start there: a TK1 with a full memory takes its time
PATIENCE = 10.0  # seconds for a small thing to be done there
SETTLED = 0.5  # seconds from the end of a channel to that of its connection
LONGEST_ANSWER = 1 << 16


class Line:
    """Made by `open_line`. `folder` is this line's own on the board, gone when it ends."""

    def __init__(self, address: Address, connection: asyncssh.SSHClientConnection) -> None:
        self.address, self.connection = address, connection
        self.folder = ""
        self.python = ""
        self._keeper: asyncssh.SSHClientProcess[bytes] | None = None
        owner = connection.get_owner()  # it has none any more once it is closed
        self._visitor = owner if isinstance(owner, Visitor) else None
        self._sftp: asyncio.Future[asyncssh.SFTPClient] | None = None
        self._shelf: Shelf | None = None
        self._opening = asyncio.Lock()
        self._answers = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._lost = ""
        self._used = time.monotonic()

    @property
    def alive(self) -> bool:
        return not self._lost and not self.connection.is_closed()

    def why_lost(self) -> tuple[str, str, str]:
        """What is lost, what to try, and what the library said."""
        name = self.address.title or self.address.name
        return (
            f"The line to “{name}” broke.",
            "Check that it is switched on and its cable is in, then start again: it connects anew.",
            (self._visitor.lost if self._visitor else "") or self._lost,
        )

    async def settled(self) -> None:
        """Wait until a connection that broke has said why."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.connection.wait_closed(), SETTLED)

    # ------------------------------------------------------------------ the keeper

    async def start_keeper(self, drop: Sequence[str]) -> None:
        """Start it and hear where the folder is. Raises Failed where there is no Python, or no room."""
        asked = json.dumps({"silence": SILENCE, "drop": list(drop)})
        code = base64.b64encode(KEEPER.read_bytes()).decode()
        program = f"import base64;exec(compile(base64.b64decode('{code}'),'keeper','exec'))"
        mark, command = marked([self.address.python, "-I", "-S", "-c", program, asked], {})
        try:
            self._keeper = await self.connection.create_process(command, encoding=None)
            self._sftp = asyncio.ensure_future(self.connection.start_sftp_client())  # while Python starts there
            first = await asyncio.wait_for(self._first_word(mark), FIRST_WORD)
        except (OSError, asyncssh.Error) as problem:
            await self.settled()
            if isinstance(problem, TimeoutError) and self.alive:
                raise Failed(
                    f"“{self.address.host}” lets you in, but starts no Python within {FIRST_WORD:.0f} seconds.",
                    "See what its login scripts (~/.bashrc, say) wait for: try “ssh … true”.",
                ) from None
            raise self._broke(problem) from None
        if "problem" in first:
            raise Failed(
                f"“{self.address.host}” has no room for a temporary folder: {first['problem']}.",
                "Make room on its disk, or set TMPDIR there.",
            )
        self.folder, self.python = str(first["folder"]), str(first["python"])
        self._tasks = [asyncio.ensure_future(self._beat()), asyncio.ensure_future(self._mourn())]

    async def _first_word(self, mark: str) -> dict[str, Any]:
        """The keeper's first message, after the mark; before it a login's own scripts may print."""
        assert self._keeper is not None
        said: list[bytes] = []
        heard_mark = False
        while line := await self._keeper.stdout.readline():
            if heard_mark:
                with suppress(ValueError):
                    return json.loads(line)
            heard_mark = heard_mark or line.rstrip(b"\r\n") == mark.encode()
            said = [*said[-20:], line]
        errors = await self._keeper.stderr.read(LONGEST_ANSWER)
        raise Failed(
            f"“{self.address.python}” does not start on “{self.address.host}”.",
            "Install python3 there, or name another interpreter in the board’s settings.",
            (b"".join(said) + errors).decode("utf-8", "replace").strip(),
        )

    async def _beat(self) -> None:
        """A word now and then, so that the keeper knows the line is whole; a line that nobody uses ends."""
        assert self._keeper is not None
        with suppress(OSError, asyncssh.Error):
            while time.monotonic() - self._used < IDLE or (self._shelf and self._shelf.busy):
                await asyncio.sleep(BEAT)
                self._keeper.stdin.write(b"\n")
        if self.alive:
            await self.close()

    async def _mourn(self) -> None:
        """A line whose keeper is gone has no folder: it is lost, and says why."""
        assert self._keeper is not None
        await self._keeper.wait_closed()
        status = self._keeper.returncode
        if status is None:
            await self.settled()
        why = "connection lost" if status is None else f"its keeper ended with status {status}"
        self.abort(f"{why}. {await self._last_words()}".strip())

    async def _last_words(self) -> str:
        assert self._keeper is not None
        with suppress(OSError, asyncssh.Error):
            return (await self._keeper.stderr.read(LONGEST_ANSWER)).decode("utf-8", "replace").strip()
        return ""

    async def _told(self, word: str, folder: str) -> None:
        """Have the keeper do something, and wait until it has."""
        assert self._keeper is not None
        async with self._answers:
            try:
                self._keeper.stdin.write(f"{word} {Path(folder).name}\n".encode())
                if await self._keeper.stdout.readline():
                    return
            except (OSError, asyncssh.Error):
                pass
        raise LineBroke(*self.why_lost())

    async def end(self, folder: str) -> None:
        """End every process that works in `folder`."""
        await self._told("end", folder)

    async def remove(self, folder: str) -> None:
        """The same, and remove it."""
        if self._shelf is not None:
            self._shelf.forget_folder(folder)
        self._used = time.monotonic()
        await self._told("remove", folder)

    # ------------------------------------------------------------------ commands and files

    async def run(self, command: Sequence[str], said: str, environment: Mapping[str, str], folder: str) -> SshRunning:
        mark, line = marked(command, {**environment, "NETBONSAI_FOLDER": folder})
        try:
            process = await self.connection.create_process(line, encoding=None)
            process.stdin.write(said.encode())
        except (OSError, asyncssh.Error) as problem:
            raise self._broke(problem) from None
        return SshRunning(self, process, mark, folder)

    async def shelf(self) -> Shelf:
        """Where files are put, opened at the first use. Raises Failed where the board takes none."""
        async with self._opening:
            if self._shelf is None:
                try:
                    assert self._sftp is not None
                    sftp = await self._sftp
                except (asyncssh.Error, OSError) as problem:
                    if not self.alive:
                        raise self._broke(problem) from None
                    raise Failed(
                        f"“{self.address.host}” takes no files over SFTP.",
                        "Install OpenSSH’s sftp-server there, and see that no login script prints anything.",
                        str(problem),
                    ) from None
                self._shelf = Shelf(sftp, self.folder, self.address.title or self.address.name)
            return self._shelf

    async def make_folder(self, name: str) -> str:
        self._used = time.monotonic()
        return await self._filed((await self.shelf()).make_folder(name))

    async def put(self, local: Path, folder: str, told: Told) -> str:
        return await self._filed((await self.shelf()).put(local, folder, told))

    async def get(self, remote: str, local: Path) -> None:
        await self._filed((await self.shelf()).get(remote, local))

    async def _filed(self, work: Coroutine[Any, Any, T]) -> T:
        """What the shelf does, with a lost line told as one."""
        try:
            return await work
        except (asyncssh.Error, OSError) as problem:
            raise self._broke(problem) from None

    def _broke(self, problem: Exception) -> LineBroke:
        self._lost = self._lost or f"{type(problem).__name__}: {problem}"
        return LineBroke(*self.why_lost())

    # ------------------------------------------------------------------ its end

    async def close(self) -> None:
        """End it in good order: the keeper clears up, then the connection closes."""
        self._lost = self._lost or "closed"
        if self._keeper is not None:
            with suppress(OSError, asyncssh.Error, asyncio.TimeoutError):
                self._keeper.stdin.write_eof()
                await asyncio.wait_for(self._keeper.wait_closed(), PATIENCE)
        self.abort()

    def abort(self, why: str = "given up") -> None:
        """End it at once, from any thread."""
        self._lost = self._lost or why
        background.loop().call_soon_threadsafe(self.connection.abort)


async def open_line(address: Address, secret: str | None, drop: Sequence[str] = (), tell: Tell | None = None) -> Line:
    """Dial in and have a folder made there; `drop` are folders of lines to it that broke."""
    line = Line(address, await dial(address, secret, tell or silent))
    try:
        await line.start_keeper(drop)
    except BaseException:
        line.abort()
        raise
    return line


def marked(command: Sequence[str], environment: Mapping[str, str]) -> tuple[str, str]:
    """(a line that is printed first, the command for a login shell). Works in every shell, and quotes every word."""
    mark = f"netbonsai-{secrets.token_hex(8)}"
    program, *arguments = command
    words = " ".join(shlex.quote(word) for word in arguments)
    names = " ".join(shlex.quote(f"{name}={value}") for name, value in environment.items())
    return mark, f"echo {mark}; exec env {names} {executable(program)} {words}"


def executable(program: str) -> str:
    """A program quoted, its “~/” left for the shell to understand."""
    home, slash, rest = program.partition("/")
    return f'"$HOME"/{shlex.quote(rest)}' if slash and home == "~" else shlex.quote(program)
