"""Caffe networks for the tests: a few lines of prototxt, and weights written in protobuf's wire form."""

import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

HEAD = 'name: "written" input: "data" input_shape { %s }\n'


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def part(number: int, content: bytes) -> bytes:
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def blob(values: np.ndarray, form: str = "new") -> bytes:
    """A BlobProto: `new` with a shape, `old` with num, channels, height and width, `double` in 64 bits."""
    shape = part(7, part(1, b"".join(varint(size) for size in values.shape)))
    if form == "old":
        sizes = (1,) * (4 - values.ndim) + values.shape
        shape = b"".join(varint(number << 3) + varint(size) for number, size in enumerate(sizes, 1))
    if form == "double":
        return part(8, values.astype("<f8").tobytes()) + shape
    return shape + part(5, values.astype("<f4").tobytes())


def caffemodel(layers: Mapping[str, Sequence[np.ndarray]], form: str = "new") -> bytes:
    """A NetParameter with these layers' names and blobs, in Caffe's new form or its old one (`layers`)."""
    out = part(1, b"written")
    for name, blobs in layers.items():
        if form == "old":
            fields = part(2, b"below") + part(4, name.encode()) + varint(5 << 3) + varint(4)
            out += part(2, fields + b"".join(part(6, blob(values, form)) for values in blobs))
        else:
            fields = part(1, name.encode()) + part(2, b"Type") + varint(5 << 3 | 5) + struct.pack("<f", 1.0)
            out += part(100, fields + b"".join(part(7, blob(values, form)) for values in blobs))
    return out


@pytest.fixture
def caffe(tmp_path) -> Callable[..., Path]:
    """`caffe("layer { … }", "dim: 1 dim: 3 …", conv1=[kernel, bias])` is the path of a prototxt."""

    def write(text: str, dims: str | None = None, *, stem: str = "net", form: str = "new", **layers: list) -> Path:
        path = tmp_path / f"{stem}.prototxt"
        path.write_text((HEAD % dims if dims else "") + text)
        if layers:
            path.with_suffix(".caffemodel").write_bytes(caffemodel(layers, form))
        return path

    return write
