"""How long a recipe will take here, from what earlier ones took. With no evidence nothing is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app import words
from app.study import Study
from compressors.method import find, knobs


def epochs_of(steps: Sequence[Mapping[str, Any]]) -> int:
    """How often the enabled steps go over the training images."""
    return sum(_epochs(step) for step in steps if step.get("enabled", True))


def _epochs(step: Mapping[str, Any]) -> int:
    known = {knob.name: step.get(knob.name, knob.default) for knob in knobs(find(step["method"]))}
    return int(known.get("epochs", 0)) * int(known.get("rounds", 1))


def seconds_needed(study: Study, steps: Sequence[Mapping[str, Any]]) -> float | None:
    """The newest run's time for an epoch, everything around it included, times the epochs of `steps`.

    None before anything was trained in this study, and for a recipe that trains nothing.
    """
    wanted = epochs_of(steps)
    ran = [c for c in study.candidates.values() if c.took_s is not None and c.training]
    if not ran or not wanted:
        return None
    newest = ran[-1]
    assert newest.took_s is not None
    return newest.took_s / len(newest.training) * wanted


def time_needed(study: Study, steps: Sequence[Mapping[str, Any]]) -> str:
    """`about 6 min on this computer`, or nothing."""
    seconds = seconds_needed(study, steps)
    return "" if seconds is None else f"{words.duration(seconds)} on this computer"
