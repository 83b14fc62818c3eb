"""How a metric is shared out among the layers: each layer’s part, and how few of the heaviest make up most of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from app import words
from app.heavy import device_words, layer_times
from app.study import Candidate
from profiler.breakdown import CONVENTION_NAMES, Convention, Kind, LayerCost, operations
from profiler.measurement import Profile

MetricKey = Literal["params", "operations", "weights", "activations", "time", "energy"]
METRICS: Mapping[MetricKey, str] = {
    "params": "Parameters",
    "operations": "Operations",
    "weights": "Weights",
    "activations": "Activations",
    "time": "Time",
    "energy": "Energy",
}


@dataclass(frozen=True)
class LayerShare:
    """One layer's part of a whole: its value in the metric's unit, `share` of all (0 to 1), and the value in words."""

    layer: str
    kind: Kind
    value: float
    share: float
    text: str
    exact: str


@dataclass(frozen=True)
class Shares:
    """A metric shared out, the heaviest layer first. Layers with nothing, or of unknown cost, are left out.

    `title` names metric, unit and convention; `predicted`: the parts are worked out from a measured whole.
    """

    key: MetricKey
    title: str
    total: str
    layers: tuple[LayerShare, ...]
    unknown: int
    predicted: bool = False

    def most(self, share: float) -> int:
        """How few layers hold at least this share (0 to 1) of the whole."""
        for count, reached in enumerate(accumulate(layer.share for layer in self.layers), 1):
            if reached >= share - 1e-12:
                return count
        return len(self.layers)

    def cumulative(self) -> tuple[float, ...]:
        """The share of the first, of the first two, and so on."""
        return tuple(accumulate(layer.share for layer in self.layers))


def metrics(candidate: Candidate, device: str) -> tuple[MetricKey, ...]:
    """What can be shared out: time where the candidate ran on the device, energy where that was measured."""
    profile = candidate.profiles.get(device)
    keys: list[MetricKey] = ["params", "operations", "weights", "activations"]
    if profile is not None and profile.layers:
        keys.append("time")
        if _energy(profile) is not None:
            keys.append("energy")
    return tuple(keys)


def shares(candidate: Candidate, key: MetricKey, convention: Convention, device: str) -> Shares:
    """One metric of a candidate. Energy is shared out by time: a meter measures the board, not a layer."""
    layers = candidate.breakdown.layers
    profile = candidate.profiles.get(device)
    if key in ("time", "energy"):
        return _measured(candidate, key, device, profile)
    title, value, say, exact = _counted(key, convention)
    values = {layer.name: value(layer) for layer in layers}
    unknown = sum(found is None for found in values.values())
    return _shares(key, title, {name: v for name, v in values.items() if v}, candidate, say, exact, unknown)


def _counted(
    key: MetricKey, convention: Convention
) -> tuple[str, Callable[[LayerCost], int | None], Callable[[float], str], Callable[[float], str]]:
    """Title, the layer's value, and the value in words, rounded and exact."""
    if key == "params":
        return (
            "Parameters",
            lambda layer: layer.params,
            words.three_digits,
            lambda v: f"{words.exact(int(v))} parameters",
        )
    if key == "operations":
        name = CONVENTION_NAMES[convention]
        return (
            f"Operations, {name}",
            lambda layer: operations(layer.macs, layer.bias_adds, convention),
            words.three_digits,
            lambda v: f"{words.exact(int(v))} {name}",
        )
    if key == "weights":
        return (
            "Bytes of weights",
            lambda layer: layer.weight_bytes,
            words.megabytes,
            lambda v: words.bytes_in_full(int(v)),
        )
    return (
        "Bytes of activations",
        lambda layer: layer.activation_bytes,
        words.megabytes,
        lambda v: words.bytes_in_full(int(v)),
    )


def _measured(candidate: Candidate, key: MetricKey, device: str, profile: Profile | None) -> Shares:
    times = {name: time.ms for name, time in layer_times(candidate.breakdown, profile).items() if time.ms is not None}
    if key == "time":
        title = f"Time {device_words(device)}, median"
        return _shares(key, title, times, candidate, words.milliseconds, words.milliseconds, 0)
    energy, total = (_energy(profile) if profile else None) or 0.0, sum(times.values())
    parts = {name: energy * ms / total for name, ms in times.items()} if total else {}
    title = f"Energy an inference {device_words(device)}, shared out by time"
    return _shares(key, title, parts, candidate, words.millijoules, words.millijoules, 0, predicted=True)


def _energy(profile: Profile) -> float | None:
    return profile.power.energy_mj if profile.power is not None else None


def _shares(
    key: MetricKey,
    title: str,
    values: Mapping[str, float],
    candidate: Candidate,
    say: Callable[[float], str],
    exact: Callable[[float], str],
    unknown: int,
    *,
    predicted: bool = False,
) -> Shares:
    total = sum(values.values())
    mark = "≈ " if predicted else ""
    found = [
        LayerShare(layer.name, layer.kind, values[layer.name], values[layer.name] / total,
                   mark + say(values[layer.name]), mark + exact(values[layer.name]))
        for layer in candidate.breakdown.layers
        if values.get(layer.name)
    ]  # fmt: skip
    found.sort(key=lambda one: -one.value)
    return Shares(key, title, say(total) if total else words.does_not_apply, tuple(found), unknown, predicted)


def most_words(found: Shares, share: float) -> str:
    """90 % of the operations are in these 5 layers of 16."""
    if not found.layers:
        return "No layer has any."
    count, all_of_them = found.most(share), len(found.layers)
    what = METRICS[found.key].lower()
    verb = "is" if found.key in ("time", "energy") else "are"
    if count == all_of_them:
        return f"{words.percent(share, 0)} of the {what} {verb} in all {all_of_them} layers that have any."
    where = "this 1 layer" if count == 1 else f"these {count} layers"
    return f"{words.percent(share, 0)} of the {what} {verb} in {where} of {all_of_them} that have any."
