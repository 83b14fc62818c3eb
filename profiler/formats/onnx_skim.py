"""An ONNX file's bytes less its large tensors: what is left is small, and says where in the file each one lies.

A tensor that was left out is marked as external data, with a location that no file can spell: `onnx_tensors` maps it.
Tensors of subgraphs, of Constant nodes and of functions are found as well as the initializers.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from mmap import mmap

from profiler.serial import BIG, DATA_LOCATION, EXTERNAL_DATA, RAW_DATA
from profiler.wire import BYTES, Field, WireError, encoded, fields, head

# Where messages that may hold tensors lie: ModelProto, GraphProto, NodeProto, AttributeProto, FunctionProto, …
INSIDE: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "sparse": {1: "tensor", 2: "tensor"},
}
FLOAT_DATA, DOUBLE_DATA, DATA_TYPE = 4, 10, 2
PLAIN = {FLOAT_DATA: 1, DOUBLE_DATA: 11}  # repeated fields whose packed bytes are those of their data type
VARINTS = {5: "int32_data", 7: "int64_data", 11: "uint64_data"}  # a value takes one byte there and eight when read
STRING_DATA = 6
VALUES = frozenset((RAW_DATA, STRING_DATA, *PLAIN, *VARINTS))  # the fields of a TensorProto that hold values
REPLACED = VALUES | {EXTERNAL_DATA, DATA_LOCATION}
DEEPEST = 60  # messages within messages; protobuf itself ends at 100
MOST = 1_000_000  # parts of one graph: some bytes each in the file, some kilobytes each in memory
FEW = 1000  # parts of one tensor; with more, its values are not packed, and take a multiple in memory
LARGEST = {"attribute": 1 << 24}  # bytes of what is no tensor: lists of numbers, what operators of one's own keep
LARGEST_WORDS = 1 << 20  # and of all else: names and words
METADATA, TRAINING = 14, 20  # of ModelProto; training is left out, as onnx_ir leaves it
Part = bytes | memoryview


class TooMuch(WireError):
    """More nodes and values, or longer lists of settings, than any network has."""


def skimmed(data: bytes | mmap, mark: str) -> bytes:
    """The model in `data` as one message in which each large tensor is marked as lying in the file called `mark`.

    Raises WireError when `data` is no protobuf message.
    """
    view = memoryview(data)
    return b"".join(_message(view, 0, len(view), "model", mark, 0))


def _message(data: memoryview, start: int, stop: int, kind: str, mark: str, depth: int) -> list[Part]:
    """The message as pieces, runs of the file itself wherever nothing was left out."""
    inside, parts, kept, count = INSIDE[kind], list[Part](), start, 0
    for field in fields(data, start, stop):
        count += 1
        if count > MOST:
            raise TooMuch(f"has more than {MOST:,} parts in one {kind}")
        part = inside.get(field.number)
        if part is None and field.stop - field.value > LARGEST.get(kind, LARGEST_WORDS):
            if kind != "model" or field.number not in (METADATA, TRAINING):
                raise TooMuch(f"has {field.stop - field.value:,} bytes where no weights belong")
            if field.number == TRAINING:
                parts.append(data[kept : field.start])
                kept = field.stop
        if part is None or field.stop - field.value <= BIG or field.wire != BYTES or depth > DEEPEST:
            continue
        short = (
            _tensor(data, field, mark)
            if part == "tensor"
            else _message(data, field.value, field.stop, part, mark, depth + 1)
        )
        if short is not None:
            parts += (data[kept : field.start], head(field.number, sum(len(piece) for piece in short)), *short)
            kept = field.stop
    parts.append(data[kept:stop])
    return parts


def _tensor(data: memoryview, outer: Field, mark: str) -> list[Part] | None:
    """A TensorProto without its values, which must lie in one piece; else None.

    The mark is followed by the field's name where the values are not as numbers lie in memory.
    """
    own = list(islice(fields(data, outer.value, outer.stop), FEW))
    if len([field for field in own if field.number in VALUES - {STRING_DATA}]) > FEW // 2:
        raise TooMuch("keeps the values of a weight one by one")
    found = _values(own)
    if found is None or len(own) == FEW or found.stop - found.value <= BIG or _number(data, own, DATA_LOCATION) == 1:
        return None
    if found.number in PLAIN and _number(data, own, DATA_TYPE) != PLAIN[found.number]:
        return None
    location = _entry("location", mark + VARINTS.get(found.number, ""))
    kept: list[Part] = [data[field.start : field.stop] for field in own if field.number not in REPLACED]
    place = _entry("offset", str(found.value)) + _entry("length", str(found.stop - found.value))
    return [*kept, encoded(DATA_LOCATION << 3) + b"\x01", location, place]


def _values(own: list[Field]) -> Field | None:
    """The one field that holds the values; of several `raw_data` the last, as protobuf takes it."""
    raw = [field for field in own if field.number == RAW_DATA]
    found = raw or [field for field in own if field.number in VALUES]
    if (len(found) > 1 and not raw) or not found or found[-1].wire != BYTES or found[-1].number == STRING_DATA:
        return None
    return found[-1]


def _number(data: memoryview, own: list[Field], number: int) -> int | None:
    """A field that is a small number, as it was said last."""
    stated = [data[field.value] for field in own if field.number == number and field.stop - field.value == 1]
    return stated[-1] if stated else None


def _entry(key: str, value: str) -> bytes:
    """One entry of TensorProto.external_data."""
    pair = b"".join(head(number, len(text)) + text for number, text in ((1, key.encode()), (2, value.encode())))
    return head(EXTERNAL_DATA, len(pair)) + pair
