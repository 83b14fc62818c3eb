"""What a conversation that was cut short still tells of a network: kept, and marked as not complete."""

from __future__ import annotations

from collections.abc import Sequence

from devices import answers
from devices.engines.said import latencies
from devices.power.trace import watched
from devices.session import Message
from profiler.measurement import Load, Profile, ProfileSettings

CUT = "The run was cut short: its split by layer, memory and energy are not known."


def profile(
    messages: Sequence[Message], *, name: str, title: str, settings: ProfileSettings, digest: str, at: str
) -> Profile | None:
    """The runs that were heard of, with what the board did meanwhile; None where there was not one."""
    times = latencies(messages)
    if not times or not any(message["type"] == "hello" for message in messages):
        return None
    monitored = watched(messages, None, title)
    return Profile(
        network=digest,
        device=answers.device_facts(messages, name),
        settings=settings,
        at=at,
        latencies_ms=times,
        load=Load(warnings=(CUT, *monitored.warnings)),
        board=monitored.board,
        complete=False,
    )
