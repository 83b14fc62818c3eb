"""From what the agent said to the values that are kept. Pure: messages in, `Profile`, `Comparison` and `Sweep` out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from devices.engines.said import by_layer, latencies
from devices.jetpack import jetpack
from devices.power.trace import Watched, watched
from devices.session import Message, lower_first, one
from profiler.measurement import (
    Comparison,
    DeviceFacts,
    Load,
    Memory,
    Profile,
    ProfileSettings,
)
from profiler.plain import from_plain
from profiler.statistics import ratio
from profiler.sweep import Sweep, SweepPoint
from profiler.trace import Outline

BUSY = 0.15  # share of all cores at work, above which other programs disturb a measurement
QUIETER = "Stop what else runs there, or compare only interleaved runs."


def device_facts(messages: Sequence[Message], name: str) -> DeviceFacts:
    """From the agent's hello."""
    hello = one(messages, "hello")
    told: dict[str, Any] = {**hello["facts"], "engines": hello["engines"], "name": name}
    return from_plain({**told, "jetpack": jetpack(str(told.get("l4t", "")))}, DeviceFacts)


def profile(
    messages: Sequence[Message],
    *,
    device: DeviceFacts,
    title: str,
    outline: Outline,
    settings: ProfileSettings,
    digest: str,
    at: str,
) -> Profile:
    """A profile from the messages of one conversation."""
    result = one(messages, "result")
    split = by_layer(messages, settings.engine, outline)
    used = result["memory_mb"]
    monitored = watched(messages, result["monitor"], title)
    return Profile(
        network=digest,
        device=device,
        settings=settings,
        at=at,
        latencies_ms=latencies(messages),
        profiled_ms=tuple(result["profiled_ms"]),
        layers=split.layers,
        unmatched_us=split.unmatched_us,
        memory=Memory(used["after_load"], used["after_run"], None, None, monitored.own_gpu_mb),
        power=monitored.power,
        load=noted(load(result, title, device, settings, monitored), split.notes),
        board=monitored.board,
    )


def noted(found: Load, notes: Sequence[str]) -> Load:
    return replace(found, warnings=(*found.warnings, *notes))


def sweep(
    messages: Sequence[Message], *, device: DeviceFacts, title: str, settings: ProfileSettings, digest: str, at: str
) -> Sweep:
    """The points that were said. Without a result the conversation was cut short, and the sweep is not complete."""
    result = next((message for message in messages if message["type"] == "result"), None)
    times: dict[tuple[int, int], list[float]] = {}
    refused: dict[tuple[int, int], str] = {}
    for message in messages:
        if message["type"] == "point":
            key = (message["batch"], message["threads"])
            times.setdefault(key, []).extend(message.get("latencies_ms", ()))
            refused[key] = message.get("refused", "")
    # a point that was refused after some runs has none: they were not all under the same conditions
    points = (
        SweepPoint(*key, () if refused[key] else tuple(float(each) for each in ms), refused[key])
        for key, ms in times.items()
    )
    return Sweep(
        network=digest,
        device=device,
        settings=settings,
        at=at,
        points=tuple(points),
        load=load(result, title, device, settings) if result else Load(),
        complete=result is not None,
    )


def comparison(
    messages: Sequence[Message],
    *,
    device: DeviceFacts,
    title: str,
    labels: Sequence[str],
    settings: ProfileSettings,
    at: str,
) -> Comparison:
    """A comparison, with one ratio for each network after the first: how many times faster it is than the first."""
    result = one(messages, "result")
    rounds = tuple(tuple(float(ms) for ms in medians) for medians in result["rounds_ms"])
    first, *others = zip(labels, rounds, strict=True)
    return Comparison(
        networks=tuple(labels),
        device=device,
        settings=settings,
        at=at,
        rounds_ms=rounds,
        ratios=tuple(ratio(first[1], each[1], first[0], each[0]) for each in others),
        load=load(result, title, device, settings),
    )


def load(
    result: Mapping[str, Any],
    title: str,
    device: DeviceFacts,
    settings: ProfileSettings,
    monitored: Watched | None = None,
) -> Load:
    """How busy the machine was with other things, and what may disturb the measurement, in words."""
    before, after = result["load"]["before"], result["load"]["after"]
    found = [*_warnings(result, title, device, settings), *state_warnings(device, title)]
    return Load(before, after, (*found, *(monitored.warnings if monitored else ())))


def state_warnings(device: DeviceFacts, title: str) -> list[str]:
    """What the device's own state does to a measurement, and what to do about it."""
    found: list[str] = []
    if device.clocks_locked is False and device.l4t:
        told = f" ({device.clocks})" if device.clocks else ""
        found.append(
            f"The clocks of {lower_first(title)} are not locked{told}: times drift with load and heat. "
            f"{lock_clocks(device.l4t)}, or compare only interleaved runs."
        )
    if device.throttling:
        found.append(
            f"{title} slows itself down now: {device.throttling}. "
            "Let it cool, check its fan and its supply, then measure again."
        )
    return found


def lock_clocks(l4t: str) -> str:
    """How a Jetson's clocks are locked: by a program since R31, a script in the home folder since R24, else by hand."""
    release = int(l4t.partition(".")[0]) if l4t.partition(".")[0].isdigit() else 0
    if release >= 31:
        return "Run “sudo jetson_clocks” on it"
    if release >= 24:
        return "Run “sudo ~/jetson_clocks.sh” on it"
    return "Set its governors to “performance” (elinux.org/Jetson/Performance)"


def _warnings(result: Mapping[str, Any], title: str, device: DeviceFacts, settings: ProfileSettings) -> list[str]:
    found: list[str] = []
    for when in ("before", "after"):
        share = result["load"][when]
        if share is not None and share > BUSY:
            found.append(f"{title} was busy {when} the run: {100 * share:.0f} % of its cores were at work. {QUIETER}")
    if device.cores is not None and settings.threads > device.cores:
        found.append(f"{settings.threads} threads were asked for; {lower_first(title)} has {device.cores} cores.")
    return found
