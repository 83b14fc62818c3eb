"""The large files of a study: each lies under the SHA-256 of its bytes, complete before anything names it."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from profiler.errors import Failed

BLOCK = 1 << 20


def path_of(objects: Path, digest: str) -> Path:
    return objects / digest


@contextmanager
def disk_trouble(where: Path) -> Generator[None]:
    """Errors of the disk as `Failed`, with the folder named."""
    try:
        yield
    except OSError as error:
        full = error.errno in (28, 122)  # ENOSPC, EDQUOT
        what = "The disk is full." if full else f"The disk refused: {error.strerror}."
        fix = f"Nothing already in the study is lost. Make room or look at {where}, then start again."
        raise Failed(what, fix, evidence=str(error)) from error


def put_bytes(objects: Path, content: bytes) -> str:
    """Store `content`; returns its digest. Raises Failed when the disk is full."""
    digest = hashlib.sha256(content).hexdigest()
    if path_of(objects, digest).exists():
        return digest
    with disk_trouble(objects), _incoming(objects) as temporary:
        temporary.write_bytes(content)
        _settle(temporary, path_of(objects, digest))
    return digest


def put_file(objects: Path, source: Path, *, move: bool = False) -> str:
    """Store a copy of `source` (or, with `move`, itself); returns its digest. Raises Failed when the disk is full."""
    with disk_trouble(objects):
        digest = digest_of(source)
        target = path_of(objects, digest)
        if target.exists():
            if move:
                source.unlink()
            return digest
        with _incoming(objects) as temporary:
            if move:
                source.replace(temporary)
            else:
                shutil.copyfile(source, temporary)
                if digest_of(temporary) != digest:
                    raise Failed(f"{source.name} changed while it was copied.", "Try again when nothing writes to it.")
            _settle(temporary, target)
    return digest


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal."""
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            sha.update(block)
    return sha.hexdigest()


@contextmanager
def _incoming(objects: Path) -> Generator[Path]:
    objects.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".incoming-", dir=objects)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _settle(temporary: Path, target: Path) -> None:
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    temporary.chmod(0o644)
    temporary.replace(target)
