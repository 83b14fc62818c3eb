"""RAPL, the energy counters of x86 processors, read through Linux's powercap tree. Counters in, watts out.

Each package has one counter in microjoules that wraps round at `max_energy_range_uj`
(Linux: Documentation/power/powercap/powercap.rst). The agent only reads them; what they mean is worked out here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from profiler.power import PowerTrace


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


def mean_watts(found: Sequence[Reading], start: float, stop: float) -> float:
    """Mean power between the readings taken at `start` and `stop`. Raises ValueError where there are not two."""
    inside = [reading for reading in found if start <= reading.seconds <= stop]
    if len(inside) < 2 or inside[-1].seconds == inside[0].seconds:
        raise ValueError("Fewer than two readings of the meter.")
    return (inside[-1].joules - inside[0].joules) / (inside[-1].seconds - inside[0].seconds)


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


def power_trace(report: Mapping[str, Any]) -> PowerTrace:
    """The trace from what the agent's meter reports: zones, samples, and the windows of idling and running."""
    zones: list[Mapping[str, Any]] = report["zones"]
    samples = [(float(seconds), [int(count) for count in counters]) for seconds, counters in report["samples"]]
    found = readings(samples, [int(zone["range_uj"]) for zone in zones])
    seconds, watts = steps(found)
    start, stop = report["run"]
    return PowerTrace(
        source="RAPL",
        rail=" + ".join(str(zone["name"]) for zone in zones),
        seconds=seconds,
        watts=watts,
        idle_watts=mean_watts(found, *report["idle"]),
        run_start=start,
        run_stop=stop,
        inferences=int(report["inferences"]),
    )
