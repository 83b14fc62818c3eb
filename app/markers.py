"""Which marker a candidate bears: shape and colour are given once, for good, the same in the window and the report.

The baseline has its own (the diamond); the next eight by birth have the eight slots in order. A later one is a
small grey dot until it is pinned: then it takes a slot that a hidden candidate let go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from app.study import Study, index_of

SLOTS = 8
Slot = int | Literal["baseline"] | None


def markers(study: Study) -> Mapping[str, Slot]:
    """Letter → "baseline", one of the slots 0 to 7, or None (a grey dot)."""
    given: dict[str, Slot] = {letter: born_with(letter) for letter in study.candidates}
    free = [c.letter for c in study.candidates.values() if c.hidden and isinstance(given[c.letter], int)]
    for candidate in study.candidates.values():
        if free and candidate.pinned and not candidate.hidden and given[candidate.letter] is None:
            owner = free.pop(0)
            given[candidate.letter], given[owner] = given[owner], None
    return given


def born_with(letter: str) -> Slot:
    """The marker that a letter is given at birth; also of a candidate that is only on its way."""
    place = index_of(letter)
    if place == 0:
        return "baseline"
    return place - 1 if place <= SLOTS else None
