"""The log of `caffe time`: glog's lines on standard error, as tools/caffe.cpp prints them.

    I0820 09:52:15.820946  4075 caffe.cpp:401] Average time per layer:
    I0820 09:52:15.820991  4075 caffe.cpp:404]      conv1	forward: 1.62752 ms.
    I0228 11:53:41.861127  7979 caffe.cpp:412] Average Forward pass: 12.9396 ms.

They are means over all iterations. What went backward is of no interest here: nothing learns on a board.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from profiler.imports.text import finite
from profiler.trace_named import NamedTime

GLOG = re.compile(r"^[IWEF]\d{4,8} \d\d:\d\d:\d\d\.\d+\s+\d+ \S+\] ")
MILLISECONDS = re.compile(r"([-+\d.e]+|-?nan|-?inf) ms\.")
FORWARD = "Average Forward pass: "
ITERATIONS = re.compile(r"Testing for (\d{1,9}) iterations\.")
BATCH = re.compile(r"(?:dim|input_dim): (\d{1,9})")


@dataclass(frozen=True)
class CaffeTime:
    """Means: each layer's way forward, the whole's in milliseconds (None where the log ends before it), iterations."""

    rows: tuple[NamedTime, ...]
    forward_ms: float | None
    iterations: int | None
    gpu: bool
    batch: int | None  # of the first input, where the log shows the network


def caffe_time(text: str) -> CaffeTime | None:
    """None where the text is no such log. Raises ValueError for a number that cannot be."""
    lines = [GLOG.sub("", line.strip(), count=1).strip() for line in text.splitlines()]
    layers = [found for line in lines if (found := _layer(line))]
    forward = [found for line in lines if line.startswith(FORWARD) and (found := _ms(line.removeprefix(FORWARD)))]
    if not layers and not forward:
        return None
    iterations = [found for line in lines if (found := ITERATIONS.fullmatch(line))]
    batches = [found for line in lines if (found := BATCH.fullmatch(line))]
    return CaffeTime(
        rows=tuple(NamedTime(name, (1000 * finite(ms),)) for name, ms in layers),
        forward_ms=finite(forward[-1]) if forward else None,
        iterations=int(iterations[-1][1]) if iterations else None,
        gpu=any("Use GPU with device ID" in line for line in lines),
        batch=int(batches[0][1]) if batches else None,
    )


def _layer(line: str) -> tuple[str, str] | None:
    """A layer's name and its milliseconds, from “conv1  forward: 1.62752 ms.”; a tab, or blanks where it was pasted."""
    name, found, rest = line.rpartition("forward: ")
    ms = _ms(rest)
    return (name.strip(), ms) if found and name.strip() and name[-1].isspace() and ms else None


def _ms(text: str) -> str:
    found = MILLISECONDS.fullmatch(text)
    return found[1] if found else ""
