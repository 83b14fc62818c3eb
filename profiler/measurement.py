"""What was measured: values only, with the raw samples kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

from profiler.power import PowerTrace


def percentile(values: tuple[float, ...], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie, linearly interpolated. Raises ValueError on none."""
    if not values:
        raise ValueError("No values.")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


@dataclass(frozen=True)
class DeviceFacts:
    """What a device said of itself. Empty strings and None are "not known"."""

    name: str
    model: str = ""
    cpu: str = ""
    cores: int | None = None
    memory_mb: float | None = None
    system: str = ""
    python: str = ""
    engines: Mapping[str, str] = field(default_factory=dict[str, str])  # engine -> version
    power_mode: str = ""
    clocks: str = ""
    clocks_locked: bool | None = None  # None: not known, or nothing there that could be locked
    gpu: str = ""
    l4t: str = ""  # NVIDIA's release of Linux for Tegra
    jetpack: str = ""
    cuda: str = ""
    meters: tuple[str, ...] = ()  # sources of power that can be read there, the most trusted first
    throttling: str = ""  # what slows it down now, in words; "" nothing that is known


@dataclass(frozen=True)
class ProfileSettings:
    """How a profile is taken. `engine` is a name from `DeviceFacts.engines`."""

    runs: int = 50
    warmup: int = 10
    batch: int = 1
    threads: int = 1
    engine: str = "onnxruntime"
    precision: str = "fp32"  # or fp16, int8: what engines that convert the network themselves (TensorRT) compute in
    meter: str = ""  # a name from `DeviceFacts.meters`; "" the most trusted
    marker: bool = False  # three bursts of load before the energy is read, for an external meter to be aligned by


@dataclass(frozen=True)
class LayerTiming:
    """One row of the per-layer split. `covers` names its layers (several when fused); microseconds per profiled run."""

    name: str
    covers: tuple[str, ...]
    microseconds: tuple[float, ...]

    @property
    def median_us(self) -> float:
        return median(self.microseconds)


@dataclass(frozen=True)
class Memory:
    """Megabytes (10^6) that are the fresh process's own (USS), beside what was computed. None: not measured."""

    after_load_mb: float | None
    after_run_mb: float | None
    weights_mb: float | None
    peak_activation_mb: float | None
    gpu_mb: float | None = None  # the process's GPU memory after the run, as the board tells it


@dataclass(frozen=True)
class Load:
    """The machine before the run: share of all cores busy (0 to 1), and what may disturb a measurement, in words."""

    before: float | None = None
    after: float | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class BoardTrace:
    """What the board did while a profile ran, sampled in the background; seconds and windows as in `PowerTrace`.

    Keys of `series`: cpu_load and gpu_load (0 to 1), memory_mb and gpu_memory_mb (in use on the whole board),
    temperature_c (the hottest of processor and GPU), cpu_mhz, gpu_mhz. None: that sample did not have it.
    What an external meter needs to be laid beside the run is here too: how many `inferences` ran in its window, the
    windows of `idle` and of the `marker`'s bursts of load, and `epoch`, the device's own clock at 0 (since 1970).
    """

    seconds: tuple[float, ...]
    series: Mapping[str, tuple[float | None, ...]]
    run_start: float
    run_stop: float
    inferences: int = 0
    idle: tuple[tuple[float, float], ...] = ()
    marker: tuple[tuple[float, float], ...] = ()
    epoch: float | None = None


@dataclass(frozen=True)
class Profile:
    """One network on one device: raw end-to-end latencies without profiling, then the per-layer split.

    `profiled_ms` are end-to-end times of the profiled pass: set against `latencies_ms`, what profiling itself costs.
    `unmatched_us` is kernel time per profiled run that belongs to no layer (reorders the runtime put in).
    An imported profile was measured elsewhere, by another tool: it has what that tool wrote, and `latencies_ms` may
    be empty.
    """

    network: str  # digest
    device: DeviceFacts
    settings: ProfileSettings
    at: str  # ISO 8601, UTC
    latencies_ms: tuple[float, ...]
    profiled_ms: tuple[float, ...] = ()
    layers: tuple[LayerTiming, ...] = ()
    unmatched_us: tuple[float, ...] = ()
    memory: Memory | None = None
    power: PowerTrace | None = None
    load: Load = field(default_factory=Load)
    complete: bool = True  # False: interrupted, what was measured is kept
    board: BoardTrace | None = None
    imported: str = ""  # the tool and the file it was read from; "" measured here

    @property
    def median_ms(self) -> float:
        return median(self.latencies_ms)

    @property
    def p5_ms(self) -> float:
        return percentile(self.latencies_ms, 0.05)

    @property
    def p95_ms(self) -> float:
        return percentile(self.latencies_ms, 0.95)

    @property
    def reconciliation(self) -> "Reconciliation":
        return reconcile(self)


@dataclass(frozen=True)
class Reconciliation:
    """Does it add up? The plain kernel sum, never scaled to fit; the rest of the end-to-end time is unattributed.

    `unmatched_ms` (kernels that belong to no layer) is part of `unattributed_ms`.
    """

    layers_sum_ms: float
    unmatched_ms: float
    unattributed_ms: float
    end_to_end_ms: float
    profiling_overhead_pct: float | None


def reconcile(profile: Profile) -> Reconciliation:
    """Set the medians beside each other. Raises ValueError when nothing was measured."""
    end_to_end = profile.median_ms
    layers_sum = sum(layer.median_us for layer in profile.layers) / 1000
    overhead = 100 * (median(profile.profiled_ms) / end_to_end - 1) if profile.profiled_ms else None
    return Reconciliation(
        layers_sum_ms=layers_sum,
        unmatched_ms=median(profile.unmatched_us) / 1000 if profile.unmatched_us else 0.0,
        unattributed_ms=end_to_end - layers_sum,
        end_to_end_ms=end_to_end,
        profiling_overhead_pct=overhead,
    )


Verdict = Literal["faster", "slower", "same"]


@dataclass(frozen=True)
class Ratio:
    """How many times faster `b` is than `a` (time of a ÷ time of b), with the interval at `level`.

    The verdict is about `b`: "same" when the interval contains 1, that is, the difference is inside the noise.
    """

    a: str
    b: str
    ratio: float
    low: float
    high: float
    level: float
    verdict: Verdict


@dataclass(frozen=True)
class Comparison:
    """Networks timed in turn (A B A B …) in one process on one. `rounds_ms[i]`: latencies of network i by round."""

    networks: tuple[str, ...]  # labels as given: letters or file names
    device: DeviceFacts
    settings: ProfileSettings
    at: str
    rounds_ms: tuple[tuple[float, ...], ...]
    ratios: tuple[Ratio, ...]
    load: Load = field(default_factory=Load)
