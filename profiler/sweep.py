"""One network at several batch sizes and numbers of threads: values only, with the raw latencies kept."""

from dataclasses import dataclass, field
from statistics import median

from profiler.measurement import DeviceFacts, Load, ProfileSettings


@dataclass(frozen=True)
class SweepPoint:
    """Runs of a whole batch, in milliseconds. `refused` says why there are none: too little memory, say."""

    batch: int
    threads: int
    latencies_ms: tuple[float, ...] = ()
    refused: str = ""

    @property
    def median_ms(self) -> float | None:
        return median(self.latencies_ms) if self.latencies_ms else None

    @property
    def images_per_second(self) -> float | None:
        """Throughput: the batch ÷ the median latency."""
        return 1000 * self.batch / median(self.latencies_ms) if self.latencies_ms else None


@dataclass(frozen=True)
class Sweep:
    """The points in the order they were measured. `settings` has runs, warm-up, engine and precision of each."""

    network: str  # digest
    device: DeviceFacts
    settings: ProfileSettings
    at: str  # ISO 8601, UTC
    points: tuple[SweepPoint, ...]
    load: Load = field(default_factory=Load)
    complete: bool = True  # False: interrupted, what was measured is kept
