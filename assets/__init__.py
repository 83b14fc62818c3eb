"""What ships beside the code: the demo network, its data, icons and board facts."""

from pathlib import Path


def path(name: str) -> Path:
    """Where the file `name` (relative, with `/`) of this folder lies; it need not exist."""
    return Path(__file__).parent / name
