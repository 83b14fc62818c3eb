"""Damage to ONNX files: not only flipped bytes, but messages that are still well formed and say something else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import onnx

from profiler.wire import BYTES, VARINT, encoded, fields, head, varint

Damage = tuple[str, int, int]  # what is done, where, and with what: any numbers, taken modulo what there is
SIZES = (0, 1, 2, 3, 255, 2**31 - 1, 2**31, 2**32, 2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
LONGEST = 4096  # bytes of a value that is looked into


@dataclass(frozen=True)
class Part:
    """One field of a message: a number, bytes, or a message in turn."""

    number: int
    wire: int
    value: int | bytes | tuple[Part, ...]

    def encoded(self) -> bytes:
        if isinstance(self.value, int):
            return encoded(self.number << 3 | VARINT) + encoded(self.value)
        if self.wire != BYTES:
            assert isinstance(self.value, bytes)
            return encoded(self.number << 3 | self.wire) + self.value
        inner = written(self.value) if isinstance(self.value, tuple) else self.value
        return head(self.number, len(inner)) + inner


Parts = tuple[Part, ...]
Path = tuple[int, ...]


def written(parts: Parts) -> bytes:
    return b"".join(part.encoded() for part in parts)


def parsed(data: bytes, kind: Any = onnx.ModelProto.DESCRIPTOR) -> Parts:
    """The message as parts, its fields as the descriptor of `kind` has them."""
    known = kind.fields_by_number
    parts: list[Part] = []
    for field in fields(data, 0, len(data)):
        inner = known[field.number].message_type if field.number in known else None
        content = data[field.value : field.stop]
        if field.wire == VARINT:
            parts.append(Part(field.number, VARINT, varint(data, field.value, field.stop)[0]))
        elif field.wire == BYTES and inner is not None:
            parts.append(Part(field.number, BYTES, parsed(content, inner)))
        else:
            parts.append(Part(field.number, field.wire, content))
    return tuple(parts)


def paths(parts: Parts, above: Path = ()) -> list[Path]:
    """The way to each part, by index."""
    found: list[Path] = []
    for index, part in enumerate(parts):
        found.append((*above, index))
        if isinstance(part.value, tuple):
            found += paths(part.value, (*above, index))
    return found


def part_at(parts: Parts, path: Path) -> Part:
    part = parts[path[0]]
    if len(path) == 1:
        return part
    assert isinstance(part.value, tuple)
    return part_at(part.value, path[1:])


def changed(parts: Parts, path: Path, to: Sequence[Part]) -> Parts:
    """The message with one part replaced by none, one or several."""
    index = path[0]
    if len(path) > 1:
        part = parts[index]
        assert isinstance(part.value, tuple)
        to = [replace(part, value=changed(part.value, path[1:], to))]
    return (*parts[:index], *to, *parts[index + 1 :])


def mutated(data: bytes, damages: Sequence[Damage]) -> bytes:
    """The file with each damage done to it in turn; the structured ones first."""
    parts = parsed(data)
    for what, where, how in damages:
        ways = paths(parts)
        if what in STRUCTURED and ways:
            path = ways[where % len(ways)]
            parts = changed(parts, path, STRUCTURED[what](part_at(parts, path), parts, ways, how))
    content = bytearray(written(parts))
    for what, where, how in damages:
        if what == "flip" and content:
            at = where % min(len(content), 1 << 14)  # the graph; further on there are only weights
            content[at] ^= 1 << how % 8
        elif what == "byte" and content:
            content[where % len(content)] = how % 256
        elif what == "cut":
            del content[where % (len(content) + 1) :]
        elif what == "splice":
            start = where % (len(content) + 1)
            content[start : start + how % 64] = content[: how % 32]
    return bytes(content)


def _other_number(part: Part, parts: Parts, ways: list[Path], how: int) -> list[Part]:
    return [replace(part, value=SIZES[how % len(SIZES)])] if isinstance(part.value, int) else [part]


def _other_value(part: Part, parts: Parts, ways: list[Path], how: int) -> list[Part]:
    """Bytes or a name from elsewhere in the file: circles, gaps, two makers of one value."""
    others = [other for path in ways if isinstance((other := part_at(parts, path)).value, type(part.value))]
    return [replace(part, value=others[how % len(others)].value)]


def _shorter(part: Part, parts: Parts, ways: list[Path], how: int) -> list[Part]:
    if not isinstance(part.value, bytes) or part.wire != BYTES:
        return [part]
    return [replace(part, value=part.value[: how % (len(part.value) + 1)])]


def _from_elsewhere(part: Part, parts: Parts, ways: list[Path], how: int) -> list[Part]:
    return [part, part_at(parts, ways[how % len(ways)])]


STRUCTURED = {
    "remove": lambda *_: [],
    "double": lambda part, *_: [part, part],
    "many": lambda part, *rest: [part] * (rest[-1] % 50) if len(part.encoded()) <= LONGEST else [part, part],
    "renumber": lambda part, *rest: [replace(part, number=1 + rest[-1] % 30)],
    "number": _other_number,
    "value": _other_value,
    "shorten": _shorter,
    "insert": _from_elsewhere,
}
KINDS = (*STRUCTURED, "flip", "byte", "cut", "splice")
