"""What the live strips say: of a device as it is now, or of a profile's run. Values only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from app import words
from app.ui.devices.live_feed import POWER, RAIL, SPAN_S, Feed
from profiler.measurement import BoardTrace, DeviceFacts, Profile
from profiler.power import PowerTrace

Key = Literal["power", "gpu", "cpu", "memory", "temperature"]
Trace = tuple[tuple[float, float], ...]

FROM_TOTAL = "Rails, {when}. They feed one another and are never summed:"


@dataclass(frozen=True)
class Strip:
    """One strip. `figure` "": not measured. `span` is what the trace shows, `window` the run in it, in seconds.

    `most` is the top of the trace's scale; None: its own largest value.
    """

    key: Key
    title: str
    figure: str = ""
    unit: str = ""
    note: str = ""
    tip: str = ""
    trace: Trace = ()
    span: tuple[float, float] = (0.0, 0.0)
    window: tuple[float, float] | None = None
    floor: float = 0.0
    most: float | None = None

    @property
    def spoken(self) -> str:
        """For screen readers."""
        said = f"{self.figure} {self.unit}" if self.figure else words.not_measured
        return ", ".join(part for part in (self.title, said, self.note) if part)


def nothing_known(facts: DeviceFacts | None) -> list[Strip]:
    """The strips of a device that has not said anything. Without a GPU there is no strip for one."""
    strips = [
        Strip("power", "Power"),
        Strip("gpu", "GPU load"),
        Strip("cpu", "CPU load"),
        Strip("memory", "Memory in use"),
        Strip("temperature", "Temperature"),
    ]
    return [s for s in strips if s.key != "gpu" or (facts is not None and facts.gpu)]


# ------------------------------------------------------------------ a profile's run


def of_profile(profile: Profile) -> list[Strip]:
    """Means over the run window, with the whole trace; what was not read keeps its place without a figure."""
    made = {strip.key: strip for strip in nothing_known(profile.device)}
    if profile.power is not None and profile.power.mean_watts is not None:
        made["power"] = _power_of(profile.power)
    if profile.board is not None:
        for strip in _board_of(profile.board, profile.device):
            made[strip.key] = strip
    order: Sequence[Key] = ("power", "gpu", "cpu", "memory", "temperature")
    return [made[key] for key in order if key in made]


def _power_of(power: PowerTrace) -> Strip:
    mean = power.mean_watts
    assert mean is not None
    rails = {rail.name: _mean_in(power, rail.watts) for rail in power.rails}
    lines = [f"Mean over the run, read by {power.source}; idle {_watts(power.baseline_watts)}"]
    lines += _rail_lines({name: watts for name, watts in rails.items() if watts is not None}, "means over the run")
    return Strip(
        "power",
        f"Power, {power.rail}" if power.rail else "Power",
        words.significant(mean),
        "W",
        f"idle {_watts(power.baseline_watts)}",
        "\n".join(lines),
        tuple(zip(power.seconds, power.watts, strict=True)),
        (power.seconds[0], power.seconds[-1]),
        (power.run_start, power.run_stop),
    )


def _mean_in(power: PowerTrace, watts: Iterable[float | None]) -> float | None:
    inside = [
        value
        for second, value in zip(power.seconds, watts, strict=True)
        if value is not None and power.run_start <= second <= power.run_stop
    ]
    return sum(inside) / len(inside) if inside else None


def _board_of(board: BoardTrace, facts: DeviceFacts) -> list[Strip]:
    series = {key: _known(board, key) for key in board.series}
    inside = {key: [v for t, v in trace if board.run_start <= t <= board.run_stop] for key, trace in series.items()}
    window, span = (board.run_start, board.run_stop), (board.seconds[0], board.seconds[-1]) if board.seconds else None
    if span is None:
        return []
    values = {key: sum(found) / len(found) for key, found in inside.items() if found}
    for key in ("memory_mb", "gpu_memory_mb", "temperature_c"):
        if inside.get(key):
            values[key] = max(inside[key])
    made = _strips(values, facts)
    how = {"memory": "Most in use during the run", "temperature": "Hottest of processor and GPU during the run"}
    return [
        replace(strip, trace=series[_MAIN[strip.key]], span=span, window=window,
                tip=how.get(strip.key, "Mean over the run"))
        for strip in made
    ]  # fmt: skip


def _known(board: BoardTrace, key: str) -> Trace:
    return tuple((t, v) for t, v in zip(board.seconds, board.series[key], strict=True) if v is not None)


# ------------------------------------------------------------------ now


def of_feed(feed: Feed, facts: DeviceFacts | None, now: float) -> list[Strip]:
    """The newest figures and the last minute. The run is tinted from its job's start."""
    made = {strip.key: strip for strip in nothing_known(facts)}
    values = {key: value for key in _ALL if (value := feed.latest(key, now)) is not None}
    strips = _strips(values, facts)
    watts = feed.latest(POWER, now)
    if watts is not None:
        lines = _rail_lines(feed.rails(now), "now")
        strips.insert(0, Strip("power", "Power", words.significant(watts), "W", tip="\n".join(lines) or "As it is now"))
    window = _window(feed, now)
    for strip in strips:
        trace = tuple(feed.trace(_MAIN[strip.key]))
        made[strip.key] = replace(strip, trace=trace, span=(now - SPAN_S, now), window=window)
    order: Sequence[Key] = ("power", "gpu", "cpu", "memory", "temperature")
    return [made[key] for key in order if key in made]


def _window(feed: Feed, now: float) -> tuple[float, float] | None:
    if feed.began is None or (feed.ended is not None and feed.ended < now - SPAN_S):
        return None
    return max(feed.began, now - SPAN_S), feed.ended if feed.ended is not None else now


_MAIN: dict[Key, str] = {
    "power": POWER,
    "gpu": "gpu_load",
    "cpu": "cpu_load",
    "memory": "memory_mb",
    "temperature": "temperature_c",
}
_ALL = ("gpu_load", "cpu_load", "memory_mb", "gpu_memory_mb", "temperature_c", "cpu_mhz", "gpu_mhz")


def _strips(values: dict[str, float], facts: DeviceFacts | None) -> list[Strip]:
    """The strips of the figures that are there."""
    made: list[Strip] = []
    if (load := values.get("gpu_load")) is not None:
        made.append(Strip("gpu", "GPU load", f"{100 * load:.0f}", "%", _clock(values.get("gpu_mhz")), most=1.0))
    if (load := values.get("cpu_load")) is not None:
        made.append(Strip("cpu", "CPU load", f"{100 * load:.0f}", "%", _clock(values.get("cpu_mhz")), most=1.0))
    if (used := values.get("memory_mb")) is not None:
        figure, _, unit = words.megabytes(1e6 * used).partition(" ")
        gpu = values.get("gpu_memory_mb")
        whole = facts.memory_mb if facts is not None else None
        note = f"GPU {words.megabytes(1e6 * gpu)}" if gpu is not None else f"of {_giga(whole)}" if whole else ""
        made.append(Strip("memory", "Memory in use", figure, unit, note, most=whole))
    if (hot := values.get("temperature_c")) is not None:
        made.append(_temperature(hot, facts))
    return made


def _temperature(hot: float, facts: DeviceFacts | None) -> Strip:
    note = facts.throttling if facts is not None else ""
    return Strip("temperature", "Temperature", f"{hot:.0f}", "°C", note, floor=20.0, most=max(100.0, hot))


def _clock(mhz: float | None) -> str:
    return "" if mhz is None else f"{words.significant(mhz / 1000)} GHz" if mhz >= 1000 else f"{mhz:.0f} MHz"


def _giga(megabytes: float) -> str:
    return f"{words.significant(megabytes / 1000)} GB"


def _watts(watts: float) -> str:
    return f"{words.significant(watts)} W"


def _rail_lines(rails: dict[str, float], when: str) -> list[str]:
    if not rails:
        return []
    return [FROM_TOTAL.format(when=when), *(f"{name.removeprefix(RAIL)}  {_watts(w)}" for name, w in rails.items())]
