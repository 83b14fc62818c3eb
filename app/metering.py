"""An external meter's readings beside a profile: found by hand or by the marker, looked at before they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from profiler.errors import BadInput
from profiler.measurement import Profile
from profiler.power import PowerTrace

if TYPE_CHECKING:
    from devices.power.meter import Readings

MOST_POINTS = 4000  # that a drawing can show
BY_HAND, BY_CLOCK = "Set by hand.", "By the clock: the file has dates, and the board’s own clock is known."


@dataclass(frozen=True)
class Laid:
    """Where the readings lie: `offset_s` is added to the file's seconds to give the profile's; `found` says how."""

    offset_s: float
    found: str


def laid(readings: Readings, profile: Profile, offset_s: float | None) -> Laid:
    """The offset that was given, else the marker's, else the clocks'. Raises BadInput where none can be found."""
    from devices.power import meter

    if offset_s is not None:
        return Laid(offset_s, BY_HAND)
    try:
        found = meter.align(readings, profile)
    except BadInput:
        by_clock = meter.clock_offset(readings, profile)
        if by_clock is None:
            raise
        return Laid(by_clock, BY_CLOCK)
    return Laid(found.offset_s, found.found)


def metered(path: Path, profile: Profile, offset_s: float | None) -> tuple[PowerTrace, Laid]:
    """The power that the file gives the profile, and where it was laid. Raises BadInput as the reading or laying do."""
    from devices.power import meter

    readings = meter.read_csv(path)
    where = laid(readings, profile, offset_s)
    return meter.metered(readings, profile, where.offset_s), where


def preview(path: Path, profile: Profile, offset_s: float | None) -> dict[str, Any]:
    """What `metered` would keep, and what to draw to judge it by. Raises BadInput where the file cannot be read.

    seconds, watts (the file's own seconds, thinned), offset_s (null: not found), found (how, or why not), run (its
    start and stop in the profile's seconds), energy_mj, mean_watts, idle_watts, why ("" or why there is no energy).
    """
    from devices.power import meter

    readings = meter.read_csv(path)
    told: dict[str, Any] = {
        "seconds": thinned(readings.seconds),
        "watts": thinned(readings.watts),
        "columns": list(readings.columns),
        "offset_s": None,
        "found": "",
        "run": _run(profile),
        "energy_mj": None,
        "mean_watts": None,
        "idle_watts": None,
        "why": "",
    }
    try:
        where = laid(readings, profile, offset_s)
    except BadInput as missing:
        return told | {"found": str(missing), "why": "The readings are not laid beside the run yet."}
    told |= {"offset_s": where.offset_s, "found": where.found}
    try:
        power = meter.metered(readings, profile, where.offset_s)
    except BadInput as misfit:
        return told | {"why": str(misfit)}
    too_few = "" if power.energy_mj is not None else f"Only {power.samples} readings fell into the run."
    return told | {
        "run": [power.run_start, power.run_stop],
        "energy_mj": power.energy_mj,
        "mean_watts": power.mean_watts,
        "idle_watts": power.baseline_watts,
        "why": too_few,
    }


def _run(profile: Profile) -> list[float] | None:
    window = profile.power or profile.board
    return None if window is None else [window.run_start, window.run_stop]


def thinned(values: Sequence[float], most: int = MOST_POINTS) -> list[float]:
    """At most `most` of the values, evenly taken, the first among them."""
    step = -(-len(values) // most) if values else 1
    return list(values[::step])
