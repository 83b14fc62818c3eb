"""What an agent may say: one JSON object a line, checked before anything is made of it. A board is never trusted.

The agent is our own file, but what runs it is not: another program may write into its output, a broken disk or a
hostile board may write anything. So a line is strict JSON (no NaN), its numbers are numbers that can be, its texts are
short and carry no control characters (they reach terminals), and what is unknown is refused.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Message = dict[str, Any]

Text = Annotated[str, Meta(max_length=10_000)]
Long = Annotated[str, Meta(max_length=1_000_000)]
Milliseconds = Annotated[float, Meta(gt=0, lt=1e9)]  # a run of more than eleven days is a slip of a clock
Microseconds = Annotated[float, Meta(ge=0, lt=1e12)]
Share = Annotated[float, Meta(ge=-1e-6, le=1 + 1e-6)]  # sums of shares are a rounding off


class _Facts(msgspec.Struct):
    model: Text = ""
    cpu: Text = ""
    cores: Annotated[int, Meta(ge=1, le=65536)] | None = None
    memory_mb: Annotated[float, Meta(gt=0, lt=1e9)] | None = None
    system: Text = ""
    python: Text = ""
    power_mode: Text = ""
    clocks: Text = ""
    clocks_locked: bool | None = None
    gpu: Text = ""
    l4t: Text = ""
    cuda: Text = ""
    meters: Annotated[list[Text], Meta(max_length=64)] = []
    throttling: Text = ""


class _Hello(msgspec.Struct, tag_field="type", tag="hello"):
    facts: _Facts
    engines: Annotated[Mapping[Text, Text], Meta(max_length=64)]


class _Progress(msgspec.Struct, tag_field="type", tag="progress"):
    fraction: Share
    text: Text
    figures: Mapping[str, float]


class _Sample(msgspec.Struct, tag_field="type", tag="sample"):
    source: Text
    samples: list[tuple[float, Any, Any]]  # seconds, what the source of power read, what the board did


class _Latencies(msgspec.Struct, tag_field="type", tag="latencies"):
    ms: list[Milliseconds]


class _Events(msgspec.Struct, tag_field="type", tag="events"):
    events: list[Mapping[str, Any]]


class _Layers(msgspec.Struct, tag_field="type", tag="layers"):
    layers: list[tuple[Text, Text, list[Microseconds]]]


class _Output(msgspec.Struct, tag_field="type", tag="output"):
    tool: Text
    kind: Text
    text: Annotated[str, Meta(max_length=32_000_000)]  # a file that a program there wrote


class _Point(msgspec.Struct, tag_field="type", tag="point"):
    batch: int
    threads: int
    latencies_ms: list[Milliseconds] = []
    refused: Text = ""


class _Result(msgspec.Struct, tag_field="type", tag="result"):
    pass


class _Error(msgspec.Struct, tag_field="type", tag="error"):
    kind: Literal["bad_input", "failed"]
    what: Long
    where: Long
    fix: Long
    evidence: Long


_KNOWN = _Hello | _Progress | _Sample | _Latencies | _Events | _Layers | _Output | _Point | _Result | _Error
_check: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_KNOWN)
_read: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


def understood(line: str) -> Message:
    """The message in a line, with its texts cleaned. Raises ValueError for everything that is no message."""
    try:
        _check.decode(line)
        return cleaned(_read.decode(line))
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as problem:
        raise ValueError(str(problem)) from None


def cleaned(value: Any) -> Any:
    """`value` without control characters in its strings, so that none steers a terminal; line ends and tabs stay."""
    if isinstance(value, str):
        return value if value.isprintable() else "".join(letter for letter in value if _is_plain(letter))
    if isinstance(value, dict):
        found: dict[Any, Any] = value  # pyright: ignore[reportUnknownVariableType]
        return {cleaned(key): cleaned(each) for key, each in found.items()}
    if isinstance(value, list):
        several: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
        return [cleaned(each) for each in several]
    return value


def _is_plain(letter: str) -> bool:
    """Neither a control character nor one that turns the direction of the text."""
    return letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cf", "Cs")
