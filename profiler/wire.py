"""The protobuf wire format, as far as finding where things lie in a file without reading them.

https://protobuf.dev/programming-guides/encoding: a message is a run of fields, each a key (field number and wire
type, as a varint) and a value. Every length is checked against the end before it is believed.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol, cast

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
NUMBERED = (VARINT, BYTES)  # what begins with a number: the value itself, or the length of it
FIXED = {FIXED32: 4, FIXED64: 8}
SHORT = [bytes((number,)) for number in range(0x80)]


class Buffer(Protocol):
    """Bytes that may lie in a file: `bytes`, a memory view or a memory map."""

    def __getitem__(self, key: int, /) -> int: ...


class WireError(ValueError):
    """The bytes are not a protobuf message. `cut_short`: a field claims more than there is."""

    def __init__(self, reason: str, cut_short: bool = False) -> None:
        super().__init__(reason)
        self.cut_short = cut_short


class Field(NamedTuple):
    """One field: its number and wire type, where it starts (with its key), and where its value lies."""

    number: int
    wire: int
    start: int
    value: int
    stop: int


# Field(…) takes twice as long, and a file has many
_field = cast("Callable[[type[Field], tuple[int, ...]], Field]", tuple.__new__)  # pyright: ignore[reportUnknownMemberType]


def varint(data: Buffer, at: int, stop: int) -> tuple[int, int]:
    """The number at `at` and where it ends. Raises WireError when it does not end before `stop`."""
    number = shift = 0
    for place in range(at, min(at + 10, stop)):
        byte = data[place]
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, place + 1
        shift += 7
    if stop - at < 10:
        raise WireError("a number goes on beyond the end", cut_short=True)
    raise WireError("a number is longer than ten bytes")


def fields(data: Buffer, start: int, stop: int) -> Iterator[Field]:
    """The fields of the message in data[start:stop]. Raises WireError at the first that cannot be one."""
    at = start
    while at < stop:
        key, value = data[at], at + 1
        if key >= 0x80:
            key, value = varint(data, at, stop)
        number, wire = key >> 3, key & 7
        if number == 0:
            raise WireError("field number 0 does not exist")
        if wire in NUMBERED:
            if value < stop and data[value] < 0x80:  # most are
                told, behind = data[value], value + 1
            else:
                told, behind = varint(data, value, stop)
            value, end = (behind, behind + told) if wire == BYTES else (value, behind)
        elif wire in FIXED:
            end = value + FIXED[wire]
        else:
            raise WireError(f"wire type {wire} is not used")
        if end > stop:
            raise WireError(f"field {number} claims {end - stop} bytes beyond the end", cut_short=True)
        yield _field(Field, (number, wire, at, value, end))
        at = end


def encoded(number: int) -> bytes:
    """A non-negative number as a varint."""
    if number <= 0x7F:
        return SHORT[number]
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def head(number: int, length: int) -> bytes:
    """Key and length of a length-delimited field; its bytes follow."""
    return encoded(number << 3 | BYTES) + encoded(length)
