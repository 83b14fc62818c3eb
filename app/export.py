"""A candidate's files for other programs: the network as ONNX, or packed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from app.objects import path_of
from app.study import Candidate
from profiler.atomic import write_atomically
from profiler.errors import BadInput

CHUNK = 1 << 20


def digest_for(candidate: Candidate, path: Path) -> str:
    """Which stored object is written to a name: `.nbz` is the packed file, everything else the network.

    Raises BadInput when the study does not hold it.
    """
    packed = path.suffix.lower() == ".nbz"
    digest = (candidate.packed.digest if candidate.packed else None) if packed else candidate.digest
    if digest is None:
        kind = "packed file" if packed else "file of its own"
        raise BadInput(f"{candidate.letter} has no {kind} in this study yet.", fix="Profile it first.")
    return digest


def export_candidate(candidate: Candidate, objects: Path, path: Path) -> Path:
    """Write a copy. It is complete under its name or not there. Raises BadInput, and Failed when the disk is full."""
    source = path_of(objects, digest_for(candidate, path))
    write_atomically(path, _chunks(source))
    return path


def _chunks(source: Path) -> Iterator[bytes]:
    with source.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
