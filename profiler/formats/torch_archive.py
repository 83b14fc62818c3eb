"""What a file of torch's is, from its first bytes and the names in its zip. Torch itself is not needed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from profiler.formats import safetensors, torch_saved
from profiler.formats.torch_zip import MAGIC, ZipTrouble, names
from profiler.mapped import MappedFile

OLD_PROGRAM = "serialized_exported_program.json"  # torch.export.save before torch 2.8


def is_program(path: Path) -> bool:
    """What torch.export.save writes, whole or cut short."""
    found = _names(path)
    return path.suffix.lower() == ".pt2" if found is None else has_program(found)


def has_program(found: Iterable[str]) -> bool:
    """Whether these are the entries of an exported program."""
    return any(
        name == OLD_PROGRAM or name.endswith("/archive_format") or ("/models/" in name and name.endswith(".json"))
        for name in found
    )


def is_of_torch(path: Path) -> bool:
    """A state dict, a checkpoint or an exported program under a foreign ending."""
    try:
        file = MappedFile(path)
    except (OSError, ValueError):  # not readable, or empty
        return False
    start = file.data[:64]
    if start[:4] == MAGIC:
        found = _names(path)
        return found is not None and (has_program(found) or any(name.endswith("data.pkl") for name in found))
    return torch_saved.is_legacy(start) or safetensors.looks_like(start, len(file))


def _names(path: Path) -> list[str] | None:
    """The entries of a zip; None when it is none, or a damaged one."""
    try:
        file = MappedFile(path)
        return names(file) if file.data[:4] == MAGIC else None
    except (OSError, ValueError, ZipTrouble):
        return None
