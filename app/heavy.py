"""Where a network is heavy: shares by kind, and a layer's time. Values and words only; the window draws them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from app import words
from app.jobs import HERE
from app.study import Candidate
from profiler.breakdown import (
    CONVENTION_NAMES,
    KIND_NAMES,
    KINDS,
    Breakdown,
    Convention,
    Kind,
    LayerCost,
    operations,
)
from profiler.measurement import LayerTiming, Profile


@dataclass(frozen=True)
class KindShare:
    """One kind's part of a whole: `share` 0 to 1, `exact` for the tooltip."""

    kind: Kind
    share: float
    exact: str


@dataclass(frozen=True)
class Heavy:
    """One of the three bars: what is shared out, its total in words (`unit` apart), and the parts."""

    title: str
    total: str
    unit: str
    exact: str
    parts: tuple[KindShare, ...]


def device_words(device: str) -> str:
    """As in `Time here`, `Time on tx2-lab`."""
    return "here" if device == HERE else f"on {device}"


def time_head(device: str) -> str:
    """The head of a column of times: `Time, here`."""
    return f"Time, {'here' if device == HERE else device}"


def heavy(candidate: Candidate, convention: Convention, device: str) -> tuple[Heavy, ...]:
    """Parameters, operations, and time where this candidate ran on the device. A whole of nought has no bar."""
    profile = candidate.profiles.get(device)
    bars = [_parameters(candidate.breakdown), _operations(candidate.breakdown, convention)]
    if profile is not None and profile.layers:
        bars.append(_time(candidate.breakdown, profile, device))
    return tuple(bars)


def _parameters(breakdown: Breakdown) -> Heavy:
    values: dict[Kind, float] = {kind: breakdown.totals(kind).params for kind in KINDS}
    total = breakdown.totals().params
    parts = _parts(values, lambda value: f"{words.exact(int(value))} parameters")
    return Heavy("Parameters", words.three_digits(total, digits=4), "", f"{words.exact(total)} parameters", parts)


def _operations(breakdown: Breakdown, convention: Convention) -> Heavy:
    name = CONVENTION_NAMES[convention]
    values: dict[Kind, float] = {kind: total_operations(breakdown, convention, kind) for kind in KINDS}
    total = total_operations(breakdown, convention)
    parts = _parts(values, lambda value: f"{words.exact(int(value))} {name}")
    return Heavy("Operations", words.three_digits(total, digits=4), name, f"{words.exact(total)} {name}", parts)


def _time(breakdown: Breakdown, profile: Profile, device: str) -> Heavy:
    values = time_by_kind(breakdown, profile)
    total = sum(values.values())
    parts = _parts(values, words.milliseconds)
    exact = f"{words.milliseconds(total)}: the layers’ medians added up. End to end: "
    runs = len(profile.latencies_ms)
    exact += f"{words.milliseconds(profile.median_ms)} median of {runs}" if runs else words.not_measured
    if profile.imported:
        exact += f". Imported from {profile.imported}"
    return Heavy(f"Time {device_words(device)}", words.milliseconds(total), "", exact, parts)


def _parts(values: Mapping[Kind, float], say: Callable[[float], str]) -> tuple[KindShare, ...]:
    total = sum(values.values())
    if not total:
        return ()
    return tuple(
        KindShare(kind, value / total, f"{KIND_NAMES[kind]}: {words.percent(value / total)}, {say(value)}")
        for kind, value in values.items()
    )


def total_operations(breakdown: Breakdown, convention: Convention, kind: Kind | None = None) -> int:
    """The sum over what is known."""
    totals = breakdown.totals(kind)
    return operations(totals.macs, totals.bias_adds, convention) or 0


def time_by_kind(breakdown: Breakdown, profile: Profile) -> dict[Kind, float]:
    """Milliseconds by kind. A fused row belongs to its heaviest layer's kind."""
    values: dict[Kind, float] = dict.fromkeys(KINDS, 0.0)
    for timing in profile.layers:
        layer = _heaviest(breakdown, timing)
        values[layer.kind if layer else "other"] += timing.median_us / 1000
    return values


def _heaviest(breakdown: Breakdown, timing: LayerTiming) -> LayerCost | None:
    covered = [layer for name in timing.covers if (layer := breakdown.layer(name)) is not None]
    return max(covered, key=lambda layer: (layer.macs or 0, layer.kind != "other"), default=None)


@dataclass(frozen=True)
class LayerTime:
    """A layer's own time, or the name of the layer whose row its time is part of (they ran fused)."""

    ms: float | None
    inside: str
    spread: str  # for the tooltip


def layer_times(breakdown: Breakdown, profile: Profile | None) -> dict[str, LayerTime]:
    """Layer → its time on a device. A layer that the runtime did not report is not in it."""
    found: dict[str, LayerTime] = {}
    for timing in profile.layers if profile else ():
        main = _heaviest(breakdown, timing)
        for name in timing.covers:
            if main is not None and name != main.name:
                found[name] = LayerTime(None, main.name, f"Ran fused into {main.name}")
        if main is not None:
            spread = _spread(timing)
            before = found.get(main.name)
            ms = timing.median_us / 1000 + (before.ms or 0 if before else 0)
            found[main.name] = LayerTime(ms, "", spread)
    return found


def _spread(timing: LayerTiming) -> str:
    us = timing.microseconds
    covers = f"\nCovers {words.listed(timing.covers)}, which ran as one" if len(timing.covers) > 1 else ""
    said = f"{words.milliseconds(median(us) / 1000)} median of {len(us)} profiled runs"
    return f"{said}, {words.milliseconds(min(us) / 1000)} to {words.milliseconds(max(us) / 1000)}{covers}"


def operator_words(layer: LayerCost) -> str:
    """Conv 11×11 /4 · Conv 5×5, g 2 · MaxPool 3 /2."""
    kernel = layer.geometry.get("kernel", ())
    strides = layer.geometry.get("strides", ())
    groups = layer.geometry.get("groups", (1,))[0]
    said = layer.op
    if kernel:
        square = len(set(kernel)) == 1
        pooled = layer.kind == "other"
        said += f" {kernel[0]}" if square and pooled else " " + "×".join(map(str, kernel))
    if any(step != 1 for step in strides):
        said += f" /{strides[0]}" if len(set(strides)) == 1 else " /" + "×".join(map(str, strides))
    if groups > 1:
        channels = layer.input_shape[1] if layer.input_shape and len(layer.input_shape) > 1 else None
        said += ", depthwise" if groups == channels else f", g {groups}"
    return said
