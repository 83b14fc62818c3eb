"""What candidates are judged by: one table of axes, each with how its value is read and written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from app import words
from app.study import Candidate
from app.words import State
from profiler.measurement import Profile

AxisKey = Literal["accuracy", "latency", "size", "params", "nonzero_params", "macs", "energy"]
SOLID: frozenset[State] = frozenset({"measured", "counted"})


@dataclass(frozen=True)
class Figure:
    """A number and how it is known. A candidate without the number has no `Figure`, never one of 0."""

    value: float
    state: State = "measured"

    @property
    def solid(self) -> bool:
        return self.state in SOLID


@dataclass(frozen=True)
class Axis:
    """One thing that candidates are judged by. `write` puts a value in words; `limit` is the goal's field."""

    key: AxisKey
    label: str
    unit: str  # of the value
    better: Literal["more", "less"]
    of_device: bool  # measured on a device, whose name then stands beside it
    figure: Callable[[Candidate, str], Figure | None]
    write: Callable[[float], str]
    limit: str | None = None
    shown: float = 1.0  # value · shown is what the axis of a plot says
    shown_unit: str = ""

    def beats(self, a: float, b: float) -> bool:
        """Whether `a` is better than `b`."""
        return a > b if self.better == "more" else a < b


def _accuracy(candidate: Candidate, device: str) -> Figure | None:
    del device
    return None if candidate.evaluation is None else Figure(candidate.evaluation.accuracy)


def _latency(candidate: Candidate, device: str) -> Figure | None:
    profile = candidate.profiles.get(device)
    if profile is None or not profile.latencies_ms:
        return None
    return Figure(profile.median_ms, _state(profile))


def _energy(candidate: Candidate, device: str) -> Figure | None:
    profile = candidate.profiles.get(device)
    if profile is None or profile.power is None or profile.power.energy_mj is None:
        return None
    return Figure(profile.power.energy_mj, "imported" if profile.power.imported else _state(profile))


def _state(profile: Profile) -> State:
    if profile.imported:
        return "imported"
    return "measured" if profile.complete else "interrupted"


def _size(candidate: Candidate, device: str) -> Figure | None:
    """What has to be stored, in MB: the packed file; for the network as it came, its own file."""
    del device
    if candidate.parent is not None:
        return None if candidate.packed is None else Figure(candidate.packed.packed_bytes / 1e6)
    if candidate.file_bytes is not None:
        return Figure(candidate.file_bytes / 1e6)
    return Figure(candidate.breakdown.totals().weight_bytes / 1e6, "counted")


def _params(candidate: Candidate, device: str) -> Figure | None:
    del device
    return Figure(candidate.breakdown.totals().params, "counted")


def _nonzero(candidate: Candidate, device: str) -> Figure | None:
    del device
    return None if candidate.nonzero_params is None else Figure(candidate.nonzero_params, "counted")


def _macs(candidate: Candidate, device: str) -> Figure | None:
    del device
    return Figure(candidate.breakdown.totals().macs, "counted")


def _count(value: float) -> str:
    return words.three_digits(value)


def _megabytes(value: float) -> str:
    return words.megabytes(1e6 * value)


AXES: Mapping[AxisKey, Axis] = {
    axis.key: axis
    for axis in (
        Axis("accuracy", "Accuracy", "", "more", False, _accuracy, words.percent, "accuracy", 100, "%"),
        Axis("latency", "Latency", "ms", "less", True, _latency, words.milliseconds, "latency_ms", 1, "ms"),
        Axis("size", "Size", "MB", "less", False, _size, _megabytes, "size_mb", 1, "MB"),
        Axis("params", "Parameters", "", "less", False, _params, _count),
        Axis("nonzero_params", "Non-zero parameters", "", "less", False, _nonzero, _count),
        Axis("macs", "MACs", "MACs", "less", False, _macs, _count, "macs", 1, "MACs"),
        Axis("energy", "Energy", "mJ", "less", True, _energy, words.millijoules, "energy_mj", 1, "mJ"),
    )
}


def spoken(axis: Axis) -> str:
    """The axis in the middle of a sentence."""
    return axis.label if axis.key == "macs" else axis.label.lower()


def figure(candidate: Candidate, key: AxisKey, device: str = "cpu") -> Figure | None:
    """What is known of a candidate on one axis."""
    return AXES[key].figure(candidate, device)
