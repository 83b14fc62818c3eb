"""How a command answers: one JSON object, or words in columns, on stdout; everything else goes to stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from app.answers import Answer
from profiler.plain import to_json


class Say:
    """`line` and `table` speak to people and are silent with --json; `answer` is the object that --json prints."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def line(self, text: str = "") -> None:
        if not self.as_json:
            sys.stdout.write(f"{text}\n")

    def table(self, head: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> None:
        """Columns wide enough for all; the first `left` stand to the left, figures to the right."""
        for text in columns(head, list(rows), left):
            self.line(text)

    def answer(self, found: Answer) -> None:
        if self.as_json:
            sys.stdout.write(to_json(found).decode() + "\n")

    @staticmethod
    def warn(text: str) -> None:
        sys.stderr.write(f"{text}\n")


def columns(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """The lines of a table, with a rule under its head."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [_line(row, widths, left) for row in [head, *rows]]
    return [lines[0], "─" * max(len(line) for line in lines), *lines[1:]]


def _line(cells: Sequence[str], widths: Sequence[int], left: int) -> str:
    placed = [c.ljust(w) if i < left else c.rjust(w) for i, (c, w) in enumerate(zip(cells, widths, strict=True))]
    return "  ".join(placed).rstrip()
