"""RAPL, the energy counters of x86 processors, read through Linux's powercap tree. Counters in, watts out.

Each package has one counter in microjoules that wraps round at `max_energy_range_uj`
(Linux: Documentation/power/powercap/powercap.rst). The agent only reads them; what they mean is worked out here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from devices.power.reading import number, shown


@dataclass(frozen=True)
class Reading:
    """Joules used since the first reading, over all packages, at `seconds` from the meter's start."""

    seconds: float
    joules: float


def spent_uj(before: int, after: int, range_uj: int) -> int:
    """Microjoules between two readings of one counter, which may have wrapped round once."""
    return after - before if after >= before else after + range_uj - before


def readings(samples: Sequence[tuple[float, Sequence[int]]], ranges_uj: Sequence[int]) -> tuple[Reading, ...]:
    """Running totals from raw samples: (seconds, one counter a package)."""
    total_uj = 0
    found: list[Reading] = []
    previous: Sequence[int] | None = None
    for seconds, counters in samples:
        if previous is not None:
            total_uj += sum(map(spent_uj, previous, counters, ranges_uj))
        found.append(Reading(seconds, total_uj / 1e6))
        previous = counters
    return tuple(found)


def steps(found: Sequence[Reading]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Times and watts of the power as a staircase, two points for each pair of readings.

    A counter tells the mean power between two readings and nothing finer; drawn as steps, the area under the
    line is exactly the energy counted.
    """
    seconds: list[float] = []
    watts: list[float] = []
    for before, after in pairwise(found):
        if after.seconds > before.seconds:
            power = (after.joules - before.joules) / (after.seconds - before.seconds)
            seconds += [before.seconds, after.seconds]
            watts += [power, power]
    return tuple(seconds), tuple(watts)


def counted(raw: Mapping[str, Any]) -> tuple[dict[str, tuple[int, int]], list[str]]:
    """(microjoules, where they wrap round) by package, from one raw sample; and what in it cannot be."""
    sound: dict[str, tuple[int, int]] = {}
    faults: list[str] = []
    for package, told in raw.items():
        now, wraps = (number(each) for each in told)
        if now is None or wraps is None or not 0 <= now <= wraps:
            faults.append(f"“{shown(told[0])}” of “{shown(told[1])}” µJ for {shown(package)}")
        else:
            sound[package] = (int(now), int(wraps))
    return sound, faults


def watts_between(
    before: Mapping[str, tuple[int, int]], after: Mapping[str, tuple[int, int]], seconds: float
) -> dict[str, float]:
    """Mean power by package between two samples `seconds` apart."""
    return {
        package: spent_uj(before[package][0], now, wraps) / seconds / 1e6
        for package, (now, wraps) in after.items()
        if package in before
    }
