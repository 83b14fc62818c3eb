"""The hosts that ~/.ssh/config names, to choose from."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

MOST_INCLUDED = 16  # files that include one another


def aliases(config: Path | None = None) -> list[str]:
    """Each Host that is a name and no pattern, in the order of the file; those of included files too."""
    found = _hosts(config or Path("~/.ssh/config").expanduser(), 0)
    return list(dict.fromkeys(name for name in found if not set(name) & set("*?!")))


def _hosts(path: Path, depth: int) -> Iterator[str]:
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return
    for line in lines:
        try:
            word, *values = shlex.split(line.strip().replace("=", " ", 1), comments=True)
        except ValueError:  # empty, or a quote that does not end
            continue
        if word.lower() == "host":
            yield from values
        elif word.lower() == "include" and depth < MOST_INCLUDED:
            for value in values:
                yield from _included(value, path.parent, depth + 1)


def _included(pattern: str, folder: Path, depth: int) -> Iterator[str]:
    """As ssh does: relative to ~/.ssh."""
    whole = folder / Path(pattern).expanduser()
    for path in sorted(Path(whole.anchor).glob(str(whole.relative_to(whole.anchor)))):
        yield from _hosts(path, depth)
