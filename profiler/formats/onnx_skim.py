"""An ONNX file's bytes less its large tensors: what is left is small, and says where in the file each one lies.

A tensor that was left out is marked as external data, with a location that no file can spell: `onnx_tensors` maps it.
Tensors of subgraphs, of Constant nodes and of functions are found as well as the initializers.
"""

from __future__ import annotations

from collections.abc import Mapping
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
VALUES = frozenset((FLOAT_DATA, 5, 6, 7, RAW_DATA, DOUBLE_DATA, 11))  # the fields of a TensorProto that hold values
PLAIN = {FLOAT_DATA: 1, DOUBLE_DATA: 11}  # repeated fields whose packed bytes are those of their data type
DEEPEST = 60  # messages within messages; protobuf itself ends at 100
Part = bytes | memoryview
MOST = 1_000_000  # parts of one graph: some bytes each in the file, some kilobytes each in memory


class TooManyParts(WireError):
    """A graph of more nodes and values than any network has."""


def skimmed(data: bytes | mmap, mark: str) -> bytes:
    """The model in `data` as one message in which each large tensor is marked as lying in the file called `mark`.

    Raises WireError when `data` is no protobuf message.
    """
    view = memoryview(data)
    return b"".join(_message(view, 0, len(view), "model", _entry("location", mark), 0))


def _message(data: memoryview, start: int, stop: int, kind: str, mark: bytes, depth: int) -> list[Part]:
    """The message as pieces, runs of the file itself wherever nothing was left out."""
    inside, parts, kept, count = INSIDE[kind], list[Part](), start, 0
    for field in fields(data, start, stop):
        count += 1
        part = inside.get(field.number)
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
    if count > MOST:
        raise TooManyParts(f"{count:,}")
    parts.append(data[kept:stop])
    return parts


def _tensor(data: memoryview, outer: Field, mark: bytes) -> list[Part] | None:
    """A TensorProto without its values, which must lie in one piece as the type has them; else None."""
    own = list(fields(data, outer.value, outer.stop))
    values = [field for field in own if field.number in VALUES]
    if len(values) != 1 or values[0].wire != BYTES or any(field.number == DATA_LOCATION for field in own):
        return None
    (found,) = values
    if found.stop - found.value <= BIG:
        return None
    if found.number != RAW_DATA and _type(data, own) != PLAIN.get(found.number):
        return None
    kept: list[Part] = [data[f.start : f.stop] for f in own if f is not found and f.number != EXTERNAL_DATA]
    place = _entry("offset", str(found.value)) + _entry("length", str(found.stop - found.value))
    return [*kept, encoded(DATA_LOCATION << 3) + b"\x01", mark, place]


def _type(data: memoryview, own: list[Field]) -> int:
    stated = [data[field.stop - 1] for field in own if field.number == DATA_TYPE and field.stop - field.value == 1]
    return stated[-1] if stated else -1


def _entry(key: str, value: str) -> bytes:
    """One entry of TensorProto.external_data."""
    pair = b"".join(head(number, len(text)) + text for number, text in ((1, key.encode()), (2, value.encode())))
    return head(EXTERNAL_DATA, len(pair)) + pair
