"""Reading what other tools wrote: files of any size, numbers of any kind."""

from __future__ import annotations

import math
from pathlib import Path

from profiler.errors import BadInput

LARGEST = 256 << 20  # bytes of a file; a trace of a thousand runs of a large network has some 100 MB


def text_of(path: Path) -> str:
    """The file's text, marks for bytes that are none. Raises BadInput where it cannot be read or is too large."""
    try:
        if path.stat().st_size > LARGEST:
            raise BadInput(
                f"“{path.name}” has more than {LARGEST >> 20} MiB.", "", "Measure fewer runs, or give a smaller part."
            )
        return path.read_bytes().decode("utf-8-sig", "replace")
    except OSError as problem:
        raise BadInput(f"“{path}” cannot be read: {problem.strerror}.", "", "Check the path.") from None


def finite(text: str) -> float:
    """A number that a time can be: finite, and not negative. Raises ValueError otherwise."""
    number = float(text)
    if not math.isfinite(number) or number < 0:
        raise ValueError(f"“{text}” cannot be a time.")
    return number
