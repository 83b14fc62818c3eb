"""The output of ncnn's `benchncnn`: a line a network, with least, largest and mean time (benchmark/benchncnn.cpp).

loop_count = 10
num_threads = 4
          squeezenet  min =   20.30  max =   20.73  avg =   20.52
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from profiler.imports.text import finite

NUMBER = r"([-+\d.e]+|-?nan|-?inf)"
LINE = re.compile(rf"(\S+)\s+min =\s*{NUMBER}\s+max =\s*{NUMBER}\s+avg =\s*{NUMBER}$")
SETTING = re.compile(r"(loop_count|num_threads|gpu_device) = (-?\d{1,6})$")


@dataclass(frozen=True)
class NetworkTimes:
    """Milliseconds of one network; only the mean says how long a run takes, and each run is not told."""

    network: str
    least_ms: float
    largest_ms: float
    mean_ms: float


@dataclass(frozen=True)
class BenchNcnn:
    """`loops` timed runs of each, by `threads` threads or a GPU; None where the beginning is missing."""

    networks: tuple[NetworkTimes, ...]
    loops: int | None
    threads: int | None
    gpu: bool


def benchncnn(text: str) -> BenchNcnn | None:
    """None where the text is no such output. Raises ValueError for a number that cannot be."""
    lines = [line.strip() for line in text.splitlines()]
    found = [match for line in lines if (match := LINE.match(line))]
    if not found:
        return None
    settings = {match[1]: int(match[2]) for line in lines if (match := SETTING.match(line))}
    return BenchNcnn(
        networks=tuple(NetworkTimes(each[1], finite(each[2]), finite(each[3]), finite(each[4])) for each in found),
        loops=settings.get("loop_count"),
        threads=settings.get("num_threads"),
        gpu=settings.get("gpu_device", -1) >= 0,
    )


def named(found: BenchNcnn, name: str) -> NetworkTimes | None:
    """The line of the network called so, whatever case and signs (“SqueezeNet 1.1” is squeezenet1_1); None if none."""
    wanted = _plain(name)
    return next((each for each in found.networks if _plain(each.network) == wanted), None)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
