"""Power over time, and the energy of one inference: values only, with every sample kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

LEAST_SAMPLES = 2  # in the run window, to integrate over it


@dataclass(frozen=True)
class Rail:
    """A rail beside the one that counts, at the trace's own seconds. Shown, never summed: rails feed one another."""

    name: str
    watts: tuple[float | None, ...]


@dataclass(frozen=True)
class PowerTrace:
    """Watts of one rail over the run window; `source` and `rail` name what was read; seconds count from its start.

    `idle_watts` was read before the run, `idle_after_watts` after it. `monitor_cpu` is the share of one core (0 to 1)
    that reading the meter took, itself measured. `imported` names the file of an external meter.
    """

    source: str
    rail: str
    seconds: tuple[float, ...]
    watts: tuple[float, ...]
    idle_watts: float
    run_start: float
    run_stop: float
    inferences: int
    idle_after_watts: float | None = None
    rails: tuple[Rail, ...] = ()
    monitor_cpu: float | None = None
    imported: str = ""

    @property
    def samples(self) -> int:
        """How many fell into the run window. A counter's steps have two points at one moment: these are one."""
        return len({second for second in self.seconds if self.run_start <= second <= self.run_stop})

    @property
    def rate_hz(self) -> float | None:
        """Samples a second over the whole trace."""
        span = self.seconds[-1] - self.seconds[0] if self.seconds else 0.0
        return (len(set(self.seconds)) - 1) / span if span > 0 else None

    @property
    def baseline_watts(self) -> float:
        """Idle power: the mean of before and after, where both were read, so that a slow drift cancels."""
        if self.idle_after_watts is None:
            return self.idle_watts
        return (self.idle_watts + self.idle_after_watts) / 2

    @property
    def mean_watts(self) -> float | None:
        """Mean power over the run window, idle included; None as for `energy_mj`."""
        joules = self._joules()
        return None if joules is None else joules / (self.run_stop - self.run_start)

    @property
    def energy_mj(self) -> float | None:
        """Millijoules per inference above idle: ∫(P − P_idle)dt over the run window ÷ inferences, by trapezoids.

        Power between two samples is taken as the straight line between them, also at the window's edges. None when
        fewer than two samples fell into the window.
        """
        joules = self._joules()
        if joules is None or self.inferences < 1:
            return None
        idle = self.baseline_watts * (self.run_stop - self.run_start)
        return 1000 * (joules - idle) / self.inferences

    def _joules(self) -> float | None:
        """∫P dt over the run window."""
        if self.samples < LEAST_SAMPLES or self.run_stop <= self.run_start:
            return None
        inside = [(t, w) for t, w in zip(self.seconds, self.watts, strict=True) if self.run_start <= t <= self.run_stop]
        edges = [(t, _watts_at(t, self.seconds, self.watts)) for t in (self.run_start, self.run_stop)]
        line = [edges[0], *inside, edges[1]]
        return sum((t1 - t0) * (w0 + w1) / 2 for (t0, w0), (t1, w1) in pairwise(line))


def _watts_at(second: float, seconds: Sequence[float], watts: Sequence[float]) -> float:
    """Linear between samples, level beyond the first and the last."""
    for (t0, w0), (t1, w1) in pairwise(zip(seconds, watts, strict=True)):
        if t0 <= second <= t1 and t1 > t0:
            return w0 + (w1 - w0) * (second - t0) / (t1 - t0)
    return watts[0] if second < seconds[0] else watts[-1]
