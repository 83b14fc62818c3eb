"""A file is complete under its final name, or it is not there."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import BinaryIO

from profiler.errors import BadInput, Failed


def write_atomically(path: Path, pieces: Iterable[bytes]) -> None:
    """Write `pieces` to `path`, or leave it as it was. Raises what `atomic` raises."""
    with atomic(path) as file:
        for piece in pieces:
            file.write(piece)


@contextlib.contextmanager
def atomic(path: Path) -> Generator[BinaryIO, None, None]:
    """A temporary file in the same folder to write to; at the end it is brought to the disk and renamed to `path`.

    Raises BadInput when the folder is not there or `path` is one, Failed when the disk is full or refuses. Whatever
    ends it early, no temporary file stays, and a file that stood at `path` is as it was.
    """
    if path.is_dir():
        raise BadInput(f"“{path.name}” cannot be written.", f"{path} is a folder.", "Give a file name.")
    if not path.parent.is_dir():
        raise BadInput(f"“{path.name}” cannot be written.", f"There is no folder {path.parent}.", "Make it first.")
    try:
        with _renamed_at_the_end(path) as file:
            yield file
    except OSError as error:
        raise _refusal(path, error) from error


@contextlib.contextmanager
def _renamed_at_the_end(path: Path) -> Generator[BinaryIO, None, None]:
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=".part", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def _umask() -> int:
    """The process's mask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    """Bring the new name to the disk too, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _refusal(path: Path, error: OSError) -> Failed:
    evidence = f"{type(error).__name__}: {error}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Failed(
            f"“{path}” could not be written: the disk is full.", "Make room, or choose another disk.", evidence
        )
    reason = error.strerror or str(error)
    return Failed(f"“{path}” could not be written: {reason}.", "Check the folder and its rights.", evidence)
