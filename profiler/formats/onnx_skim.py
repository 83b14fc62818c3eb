"""An ONNX file's bytes less its large tensors: what is left is small, and says where in the file each one lies.

A tensor that was left out is marked as external data, at a location that no file can spell: `onnx_tensors` maps it.
Tensors of subgraphs, of Constant nodes and of functions are found as well as the initializers.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import islice
from mmap import mmap
from typing import NamedTuple

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
ONE_BY_ONE = VALUES - {STRING_DATA}
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


class LeftOut(NamedTuple):
    """Where the values of a tensor lie in the file; `field` is the name of theirs, where they are kept as varints."""

    field: str
    offset: int
    length: int


class Skimmed(NamedTuple):
    """A model as a message of its own, and where each tensor lies that it says is outside, by the location it says."""

    message: bytes
    left_out: Mapping[str, LeftOut]


def skimmed(data: bytes | mmap) -> Skimmed:
    """The model in `data` less its large tensors. Raises WireError when `data` is no protobuf message."""
    skimmer = _Skimmer(memoryview(data))
    return Skimmed(b"".join(skimmer.message(0, len(data), "model", 0)), skimmer.left_out)


class _Skimmer:
    """Goes through one file."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._mark = f"{os.urandom(8).hex()}/"  # nothing a file that was written before could say
        self.left_out: dict[str, LeftOut] = {}

    def message(self, start: int, stop: int, kind: str, depth: int) -> list[Part]:
        """The message as pieces, runs of the file itself wherever nothing was left out."""
        parts: list[Part] = []
        kept = start
        for count, field in enumerate(fields(self._data, start, stop), 1):
            size = field.stop - field.value
            if size <= BIG and count <= MOST:
                continue
            if count > MOST:
                raise TooMuch(f"has more than {MOST:,} parts in one {kind}")
            part = INSIDE[kind].get(field.number)
            if part is None and size > LARGEST.get(kind, LARGEST_WORDS):
                if kind != "model" or field.number not in (METADATA, TRAINING):
                    raise TooMuch(f"has {size:,} bytes where no weights belong")
                if field.number == TRAINING:
                    parts.append(self._data[kept : field.start])
                    kept = field.stop
            if part is None or field.wire != BYTES or depth > DEEPEST:
                continue
            short = self._tensor(field) if part == "tensor" else self.message(field.value, field.stop, part, depth + 1)
            if short is not None:
                length = sum(map(len, short))
                parts += (self._data[kept : field.start], head(field.number, length), *short)
                kept = field.stop
        parts.append(self._data[kept:stop])
        return parts

    def _tensor(self, outer: Field) -> list[Part] | None:
        """A TensorProto without its values, which must lie in one piece; else None."""
        own = list(islice(fields(self._data, outer.value, outer.stop), FEW))
        parts: list[Part] = []
        replaced: list[Field] = []
        kept = outer.value
        for field in own:
            if field.number in REPLACED:
                parts.append(self._data[kept : field.start])
                kept = field.stop
                replaced.append(field)
        if len([field for field in replaced if field.number in ONE_BY_ONE]) > FEW // 2:
            raise TooMuch("keeps the values of a weight one by one")
        found = _values([field for field in replaced if field.number in VALUES])
        if found is None or len(own) == FEW or found.stop - found.value <= BIG:
            return None
        if self._number(replaced, DATA_LOCATION) == 1:
            return None
        if found.number in PLAIN and self._number(own, DATA_TYPE) != PLAIN[found.number]:
            return None
        return [*parts, self._data[kept : outer.stop], self._marked(found)]

    def _marked(self, values: Field) -> bytes:
        """The fields that say that values lie outside, and where."""
        location = f"{self._mark}{len(self.left_out)}"
        self.left_out[location] = LeftOut(VARINTS.get(values.number, ""), values.value, values.stop - values.value)
        entry = KEY + head(2, len(location)) + location.encode()
        return OUTSIDE + head(EXTERNAL_DATA, len(entry)) + entry

    def _number(self, among: list[Field], number: int) -> int | None:
        """A field that is a small number, as it was said last."""
        said = [field for field in among if field.number == number and field.stop - field.value == 1]
        return self._data[said[-1].value] if said else None


OUTSIDE = encoded(DATA_LOCATION << 3) + b"\x01"
KEY = head(1, len("location")) + b"location"


def _values(held: list[Field]) -> Field | None:
    """The one field that holds the values; of several `raw_data` the last, as protobuf takes it."""
    if len(held) > 1:
        held = [field for field in held if field.number == RAW_DATA][-1:]
    if not held or held[0].wire != BYTES or held[0].number == STRING_DATA:
        return None
    return held[0]
