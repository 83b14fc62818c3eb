"""`netbonsai`, and `python -m app`."""

import sys


def main() -> int:
    """The window, or one command; returns the exit status."""
    from app.cli import main as run

    return run()


if __name__ == "__main__":  # a worker imports this file again, and must start nothing
    sys.exit(main())
