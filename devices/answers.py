"""From what the agent said to the values that are kept. Pure: messages in, `Profile` and `Comparison` out."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

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
    monitored = watched(messages, result["monitor"], title)
    return Profile(
        network=digest,
        device=device,
        settings=settings,
        at=at,
        latencies_ms=tuple(result["latencies_ms"]),
        profiled_ms=tuple(result["profiled_ms"]),
        layers=layers,
        unmatched_us=unmatched,
        memory=Memory(used["after_load"], used["after_run"], None, None, monitored.own_gpu_mb),
        power=monitored.power,
        load=load(result, title, device, settings, monitored),
        board=monitored.board,
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
        found.append(
            f"The clocks of {lower_first(title)} are not locked ({device.clocks}): times drift with load and heat. "
            "Run “sudo jetson_clocks” on it, or compare only interleaved runs."
        )
    if device.throttling:
        found.append(
            f"{title} slows itself down now: {device.throttling}. "
            "Let it cool, check its fan and its supply, then measure again."
        )
    return found


def _warnings(result: Mapping[str, Any], title: str, device: DeviceFacts, settings: ProfileSettings) -> list[str]:
    found: list[str] = []
    for when in ("before", "after"):
        share = result["load"][when]
        if share is not None and share > BUSY:
            found.append(f"{title} was busy {when} the run: {100 * share:.0f} % of its cores were at work.")
    if device.cores is not None and settings.threads > device.cores:
        found.append(f"{settings.threads} threads were asked for; {lower_first(title)} has {device.cores} cores.")
    return found
