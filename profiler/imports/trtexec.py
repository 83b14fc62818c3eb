"""What `trtexec` writes: --exportProfile, --exportLayerInfo and --exportTimes.

The formats are those of its sources (TensorRT 8.0 to 10, samples/common/sampleReporting.cpp). It writes JSON by hand:
names are not escaped, so a file may be no JSON at all, and is read line by line. medianMs came with 8.4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from profiler.imports.text import finite
from profiler.trace_named import NamedTime

NUMBER = r"([-+\d.eE]+|-?nan|-?inf)"
COUNT = re.compile(r'\{\s*"count"\s*:\s*(\d{1,12})\s*\}')
ROW = re.compile(
    r'(?:,\s*)?\{\s*"name"\s*:\s*"(.*)"\s*,\s*"timeMs"\s*:\s*' + NUMBER + r'\s*,\s*"averageMs"\s*:\s*' + NUMBER
    + r'(?:\s*,\s*"medianMs"\s*:\s*' + NUMBER + r")?\s*,"
)  # fmt: skip
ONNX_LAYER = re.compile(r"\[ONNX Layer: ([^\]]*)\]")


@dataclass(frozen=True)
class LayerProfile:
    """The rows of --exportProfile: the median of each layer where it was written, else its mean; runs in all."""

    runs: int
    rows: tuple[NamedTime, ...]


def layer_profile(text: str) -> LayerProfile | None:
    """The file of --exportProfile; None where it is none. Raises ValueError for a number that cannot be."""
    lines = [line.strip() for line in text.splitlines()]
    counts = [found for line in lines if (found := COUNT.match(line))]
    found = [match for line in lines if (match := ROW.match(line))]
    if not counts or not found:
        return None
    rows = [NamedTime(row[1], (1000 * finite(row[4] or row[3]),)) for row in found]
    return LayerProfile(int(counts[0][1]), tuple(rows))


class _Layer(msgspec.Struct):
    Name: str = ""
    Metadata: str = ""


class _LayerInfo(msgspec.Struct):
    Layers: list[str | _Layer]


class _Run(msgspec.Struct):
    latencyMs: Annotated[float, Meta(gt=0)]


def layer_info(text: str) -> Mapping[str, tuple[str, ...]] | None:
    """Of --exportLayerInfo: a row's name → the ONNX layers it was made from, where TensorRT tells (8.6 on, detailed).

    None where it is no such file. Without the detail the layers are mere names, which say nothing more.
    """
    try:
        found = msgspec.json.decode(text, type=_LayerInfo)
    except (msgspec.MsgspecError, RecursionError):
        return None
    detailed = [layer for layer in found.Layers if isinstance(layer, _Layer)]
    return {layer.Name: tuple(ONNX_LAYER.findall(layer.Metadata)) for layer in detailed}


def times(text: str) -> tuple[float, ...] | None:
    """Of --exportTimes: milliseconds of each inference, copies included. None where it is no such file."""
    try:
        found = msgspec.json.decode(text, type=list[_Run])
    except (msgspec.MsgspecError, RecursionError):
        return None
    return tuple(run.latencyMs for run in found) or None
