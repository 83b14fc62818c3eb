"""Files for a board: pushed once while a line lasts, named by their digest, and whole or not there at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from hashlib import file_digest
from pathlib import Path

import asyncssh

from devices.shell import LineBroke
from profiler.errors import Failed

SPARE = 8_000_000  # bytes that stay free beside a file: the agent writes its traces there
STALLED = 30.0  # seconds in which not a byte more arrives
Told = Callable[[int, int], None]


class Shelf:
    """What lies on a board in the folder of one line. `names` are for messages."""

    def __init__(self, sftp: asyncssh.SFTPClient, folder: str, where: str) -> None:
        self._sftp, self._folder, self._where = sftp, folder, where
        self._lying: dict[str, str] = {}  # digest → path there, the longest unused first
        self._wanted: dict[str, set[str]] = {}  # folder of a run → digests that it uses

    @property
    def busy(self) -> bool:
        """Whether a run uses it."""
        return bool(self._wanted)

    async def make_folder(self, name: str) -> str:
        """A folder for one run."""
        path = f"{self._folder}/{name}"
        try:
            await self._sftp.mkdir(path, asyncssh.SFTPAttrs(permissions=0o700))
        except asyncssh.SFTPFailure as problem:
            raise await self._no_room(0, problem) from None
        self._wanted[path] = set()
        return path

    def forget_folder(self, path: str) -> None:
        self._wanted.pop(path, None)

    async def put(self, local: Path, run: str, told: Told) -> str:
        """The path there of what is in `local`. Raises Failed where there is no room; nothing of it is left then."""
        digest = await asyncio.to_thread(_digest, local)
        self._wanted.setdefault(run, set()).add(digest)
        path = self._lying.pop(digest, None)
        if path is None:
            path = f"{self._folder}/{_short(local.stem)}-{digest[:16]}{local.suffix}"
            await self._make_room(local.stat().st_size)
            await self._push(local, path, told)
        self._lying[digest] = path
        return path

    async def get(self, remote: str, local: Path) -> None:
        """Fetch a file. Raises Failed where it is not there, or cannot be read."""
        try:
            await self._sftp.get(remote, str(local))
        except asyncssh.SFTPError as problem:
            raise Failed(f"“{remote}” on “{self._where}” cannot be fetched: {problem.reason}.") from None

    async def _make_room(self, size: int) -> None:
        """Remove what no run uses, the longest unused first, until there is room."""
        used = set[str]().union(*self._wanted.values())
        for digest in [each for each in self._lying if each not in used]:
            if await self._has_room(size):
                return
            with suppress(asyncssh.SFTPError):
                await self._sftp.remove(self._lying.pop(digest))
        if not await self._has_room(size):
            raise await self._no_room(size, None)

    async def _free(self) -> int | None:
        """Bytes that this user may still write there; None where the board does not tell."""
        try:
            there = await self._sftp.statvfs(self._folder)
        except asyncssh.SFTPError:
            return None
        return there.bavail * there.frsize

    async def _has_room(self, size: int) -> bool:
        free = await self._free()
        return free is None or free >= size + SPARE

    async def _push(self, local: Path, path: str, told: Told) -> None:
        """Send a file under another name first, so that half of one is never taken for the whole."""
        part = f"{path}.part"
        try:
            await _watched(self._sftp, local, part, told)
            await self._sftp.posix_rename(part, path)
        except asyncssh.SFTPConnectionLost as problem:
            raise LineBroke("The line broke while a file was sent.", evidence=str(problem)) from None
        except (asyncssh.SFTPError, asyncio.CancelledError) as problem:
            with suppress(asyncssh.SFTPError):
                await self._sftp.remove(part)
            if isinstance(problem, asyncssh.SFTPError):
                raise await self._no_room(local.stat().st_size, problem) from None
            raise

    async def _no_room(self, size: int, problem: Exception | None) -> Failed:
        """Why something could not be written: SFTP itself only says “Failure”, so it is asked how much room is left."""
        free = await self._free()
        evidence = f"{type(problem).__name__}: {problem}" if problem else ""
        if problem is not None and free is not None and free >= size + SPARE:
            return Failed(
                f"“{self._where}” does not take a file in {self._folder}.", "Check the rights there.", evidence
            )
        left = f"{free / 1e6:.1f} MB are free there" if free is not None else "how much is free it does not tell"
        return Failed(
            f"“{self._where}” has no room for {size / 1e6:.1f} MB in its temporary folder; {left}.",
            "Make room on its disk, or set TMPDIR there to a folder on a larger one.",
            evidence,
        )


async def _watched(sftp: asyncssh.SFTPClient, local: Path, remote: str, told: Told) -> None:
    """Push, and give up when nothing arrives any more."""
    arrived = 0

    def progress(_from: bytes, _to: bytes, sent: int, whole: int) -> None:
        nonlocal arrived
        arrived = sent
        told(sent, whole)

    work = asyncio.ensure_future(sftp.put(str(local), remote, progress_handler=progress))
    try:
        before = -1
        while True:
            done, _ = await asyncio.wait([work], timeout=STALLED)
            if done:
                return work.result()
            if arrived == before:
                raise LineBroke(f"Nothing more of “{local.name}” arrived for {STALLED:.0f} seconds.", "Start it again.")
            before = arrived
    finally:
        work.cancel()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _short(stem: str) -> str:
    """A name that any file system takes, whatever the file is called here."""
    return "".join(letter if (letter.isalnum() and letter.isascii()) or letter in "-_." else "-" for letter in stem)[
        :80
    ]
