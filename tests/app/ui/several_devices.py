"""Profiles, sweeps and imports on several devices: what the views beside a run are shown with."""

from __future__ import annotations

from dataclasses import replace

from app.facts import Fact, Profiled, Swept
from profiler.measurement import DeviceFacts, Profile, ProfileSettings
from profiler.power import PowerTrace
from profiler.sweep import Sweep, SweepPoint
from tests.app.ui.pages_support import HERE, profile, study_facts

TX2 = DeviceFacts("tx2-lab", "NVIDIA Jetson TX2 Developer Kit", system="L4T 32.7.1", engines={"trtexec": "8.2"})
TK1 = DeviceFacts("tk1-desk", "NVIDIA Jetson TK1", system="L4T 21.8", engines={"caffe-gpu": "1.0"})
MEMORY = "The board ran out of memory while it loaded the network."


def power() -> PowerTrace:
    """3 W before and after, 8 W over a run of 10 s with 100 inferences: 500 mJ above idle each."""
    seconds = tuple(0.5 * n for n in range(41))  # 0 to 20 s
    watts = tuple(8.0 if 5.0 <= second <= 15.0 else 3.0 for second in seconds)
    return PowerTrace("jtop", "VDD_IN", seconds, watts, 3.0, 5.0, 15.0, 100, 3.0)


def on_tx2(ms: float = 20.0, at: str = "2026-11-23T09:00:00+00:00") -> Profile:
    """Fifty runs of `ms` by TensorRT in fp16, with power."""
    how = ProfileSettings(engine="trtexec", precision="fp16")
    return replace(profile(), device=TX2, settings=how, latencies_ms=(ms,) * 50, power=power(), at=at)


def from_caffe(at: str = "2026-11-20T09:00:00+00:00") -> Profile:
    """What a log of `caffe time` says: a mean, and a row a layer, each once."""
    rows = tuple(replace(row, microseconds=row.microseconds[:1]) for row in profile(scale=2.0).layers)
    how = ProfileSettings(runs=0, threads=0, engine="caffe-gpu", precision="")
    return replace(
        profile(), device=TK1, settings=how, latencies_ms=(89.0,), layers=rows, imported="caffe time, tk1.log", at=at
    )


def sweep(points: tuple[SweepPoint, ...], at: str = "2026-11-22T12:00:00+00:00", complete: bool = True) -> Sweep:
    return Sweep("a" * 64, HERE, ProfileSettings(runs=3, warmup=1), at, points, complete=complete)


def points() -> tuple[SweepPoint, ...]:
    """One thread: 40 ms an image whatever the batch. Four: 10 ms of one, 16 ms of two; 4 images did not fit."""
    return (
        SweepPoint(1, 1, (40.0, 40.0, 41.0)),
        SweepPoint(2, 1, (80.0, 80.0, 80.0)),
        SweepPoint(4, 1, (160.0, 160.0, 170.0)),
        SweepPoint(1, 4, (10.0, 10.0, 10.0)),
        SweepPoint(2, 4, (16.0, 16.0, 16.0)),
        SweepPoint(4, 4, (), MEMORY),
    )


def boards_facts() -> list[Fact]:
    """The study of the other pages; A and D ran on a TX2 as well, and D was seen to run on a TK1."""
    return [
        *study_facts(),
        Profiled("A", "tx2-lab", on_tx2(40.0, "2026-11-21T09:00:00+00:00")),
        Profiled("D", "tx2-lab", on_tx2()),
        Profiled("D", "tk1-desk", from_caffe()),
        Swept("D", "cpu", sweep(points())),
    ]
