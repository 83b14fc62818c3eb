"""Undo and redo of what a person decides: the goal, the battery, names, hiding, pinning.

Measured facts are never undone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.facts import BatteryChosen, Fact, GoalSet, Hidden, Pinned, Renamed
from app.study import Study


@dataclass(frozen=True)
class Change:
    """One decision: what it was called, the fact that takes it back, the fact that does it again."""

    words: str
    back: Fact
    again: Fact


def change(before: Study, fact: Fact) -> Change | None:
    """How to take `fact` back, given the study before it. None: not a person's decision."""
    match fact:
        case GoalSet():
            return Change("Change the goal", GoalSet(before.goal), fact)
        case BatteryChosen():
            return Change("Change the battery", before.battery or BatteryChosen(None), fact)
        case Renamed(letter=letter) if letter in before.candidates:
            return Change(f"Rename {letter}", Renamed(letter, before.candidates[letter].title), fact)
        case Hidden(letter=letter, hidden=hidden):
            return Change(f"{'Hide' if hidden else 'Show'} {letter}", Hidden(letter, not hidden), fact)
        case Pinned(letter=letter, pinned=pinned):
            return Change(f"{'Pin' if pinned else 'Unpin'} {letter}", Pinned(letter, not pinned), fact)
        case _:
            return None


class History:
    """Two stacks. A new decision empties the second."""

    def __init__(self) -> None:
        self._done: list[Change] = []
        self._undone: list[Change] = []

    def remember(self, before: Study, fact: Fact) -> None:
        made = change(before, fact)
        if made is not None:
            self._done.append(made)
            self._undone.clear()

    @property
    def can_undo(self) -> str | None:
        return self._done[-1].words if self._done else None

    @property
    def can_redo(self) -> str | None:
        return self._undone[-1].words if self._undone else None

    def undo(self) -> Fact | None:
        return self._move(self._done, self._undone, lambda made: made.back)

    def redo(self) -> Fact | None:
        return self._move(self._undone, self._done, lambda made: made.again)

    @staticmethod
    def _move(source: list[Change], target: list[Change], fact: Callable[[Change], Fact]) -> Fact | None:
        if not source:
            return None
        made = source.pop()
        target.append(made)
        return fact(made)
