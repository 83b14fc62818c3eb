"""From what the agent said to the values that are kept. Pure: messages in, `Profile` and `Comparison` out."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from devices.power.rapl import power_trace
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
from profiler.trace import Outline, kernel_times, match

BUSY = 0.15  # share of all cores at work, above which other programs disturb a measurement


def device_facts(messages: Sequence[Message], name: str) -> DeviceFacts:
    """From the agent's hello."""
    hello = one(messages, "hello")
    return from_plain({**hello["facts"], "engines": hello["engines"], "name": name}, DeviceFacts)


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
    events = list(chain.from_iterable(message["events"] for message in messages if message["type"] == "events"))
    layers, unmatched = match(kernel_times(events), outline)
    used = result["memory_mb"]
    return Profile(
        network=digest,
        device=device,
        settings=settings,
        at=at,
        latencies_ms=tuple(result["latencies_ms"]),
        profiled_ms=tuple(result["profiled_ms"]),
        layers=layers,
        unmatched_us=unmatched,
        memory=Memory(used["after_load"], used["after_run"], None, None),
        power=power_trace(result["power"]) if result["power"] else None,
        load=load(result, title, device, settings),
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


def load(result: Mapping[str, Any], title: str, device: DeviceFacts, settings: ProfileSettings) -> Load:
    """How busy the machine was with other things, and what may disturb the measurement, in words."""
    before, after = result["load"]["before"], result["load"]["after"]
    return Load(before, after, tuple(_warnings(result, title, device, settings)))


def _warnings(result: Mapping[str, Any], title: str, device: DeviceFacts, settings: ProfileSettings) -> list[str]:
    found: list[str] = []
    for when in ("before", "after"):
        share = result["load"][when]
        if share is not None and share > BUSY:
            found.append(f"{title} was busy {when} the run: {100 * share:.0f} % of its cores were at work.")
    if device.cores is not None and settings.threads > device.cores:
        found.append(f"{settings.threads} threads were asked for; {lower_first(title)} has {device.cores} cores.")
    if result.get("power_unreadable"):
        counter = f"{result['power_unreadable'][0]}/energy_uj"
        found.append(f"{title} has an energy meter, but only root may read it ({counter}).")
    return found
