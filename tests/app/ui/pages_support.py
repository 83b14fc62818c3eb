"""A study made of facts, and a workbench that answers at once: what the pages need, without a worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.centroids import Spread, sharing
from app.facts import (
    CandidateBorn,
    Compared,
    DataChosen,
    Evaluated,
    Fact,
    Packed,
    PackedLayer,
    Profiled,
    Stored,
    StudyNamed,
)
from app.pattern import pattern_of
from app.study import Study, after, replay
from app.vault import Vault
from app.workbench import JobChanged, JobView, StudyChanged
from profiler.breakdown import Breakdown, LayerCost
from profiler.histogram import weight_histogram
from profiler.measurement import (
    Comparison,
    DeviceFacts,
    LayerTiming,
    Load,
    Memory,
    Profile,
    ProfileSettings,
    Ratio,
)
from profiler.plain import to_plain
from profiler.progress import Progress

HERE = DeviceFacts(
    "cpu", "ThinkPad X1", "Intel Core i7-1165G7", 8, 16_000.0, "Debian 13", "3.11.9", {"onnxruntime": "1.20.1"}
)

# name, operator, kind, weights, bias, output shape, MACs, milliseconds
ALEXNET = (
    ("conv1", "Conv", "conv", (96, 3, 11, 11), 96, (1, 96, 55, 55), 105_415_200, 5.31),
    ("norm1", "LRN", "other", None, 0, (1, 96, 55, 55), 0, 1.42),
    ("pool1", "MaxPool", "other", None, 0, (1, 96, 27, 27), 0, 0.38),
    ("conv2", "Conv", "conv", (256, 48, 5, 5), 256, (1, 256, 27, 27), 223_948_800, 8.94),
    ("norm2", "LRN", "other", None, 0, (1, 256, 27, 27), 0, 0.97),
    ("pool2", "MaxPool", "other", None, 0, (1, 256, 13, 13), 0, 0.22),
    ("conv3", "Conv", "conv", (384, 256, 3, 3), 384, (1, 384, 13, 13), 149_520_384, 4.87),
    ("conv4", "Conv", "conv", (384, 192, 3, 3), 384, (1, 384, 13, 13), 112_140_288, 3.92),
    ("conv5", "Conv", "conv", (256, 192, 3, 3), 256, (1, 256, 13, 13), 74_760_192, 2.71),
    ("pool5", "MaxPool", "other", None, 0, (1, 256, 6, 6), 0, 0.11),
    ("fc6", "Gemm", "fc", (4096, 9216), 4096, (1, 4096), 37_748_736, 7.42),
    ("fc7", "Gemm", "fc", (4096, 4096), 4096, (1, 4096), 16_777_216, 3.36),
    ("fc8", "Gemm", "fc", (1000, 4096), 1000, (1, 1000), 4_096_000, 0.88),
    ("prob", "Softmax", "other", None, 0, (1, 1000), 0, 0.04),
)


def breakdown() -> Breakdown:
    """AlexNet's layers, with the published counts."""
    return Breakdown("alexnet", {"data": (1, 3, 227, 227)}, 13, tuple(_layer(*row) for row in ALEXNET))


def _layer(name, op, kind, weight, bias, output, macs, _ms) -> LayerCost:
    params = (int(np.prod(weight)) if weight else 0) + bias
    return LayerCost(
        name=name,
        op=op,
        kind=kind,
        input_shape=None,
        weight_shape=weight,
        output_shape=output,
        params=params,
        macs=macs,
        bias_adds=0,
        weight_bytes=4 * params,
        activation_bytes=4 * int(np.prod(output)),
        weight=f"{name}.weight" if weight else None,
    )


def profile(
    times: Mapping[str, float] | None = None, scale: float = 1.0, fused: bool = False, seed: int = 0
) -> Profile:
    """Fifty runs whose layers take `scale` times AlexNet's times."""
    rng = np.random.default_rng(seed)
    each = {row[0]: row[7] * scale for row in ALEXNET} | dict(times or {})
    rows = [LayerTiming(n, (n,), tuple(1000 * ms * (1 + 0.02 * rng.random(20)))) for n, ms in each.items()]
    if fused:
        rows[0] = LayerTiming("conv1", ("conv1", "relu1"), rows[0].microseconds)
    total = sum(each.values()) + 0.27
    latencies = total * (1 + 0.01 * rng.gamma(2.0, 1.0, 50) - 0.015)
    return Profile(
        network="0" * 64,
        device=HERE,
        settings=ProfileSettings(),
        at="2026-11-22T12:00:00+00:00",
        latencies_ms=tuple(float(v) for v in latencies),
        profiled_ms=tuple(float(v) * 1.032 for v in latencies[:20]),
        layers=tuple(rows),
        unmatched_us=(30.0,) * 20,
        memory=Memory(120.4, 262.1, 243.9, 3.6),
        load=Load(0.03, 0.02),
    )


def evaluated(letter: str, accuracy: float) -> Evaluated:
    return Evaluated(letter, "digits", "test", accuracy, None, round(2000 * accuracy), 2000)


def packed(letter: str, size: int) -> Packed:
    layers = tuple(
        PackedLayer(
            f"{row[0]}.weight", row[0], 4 * int(np.prod(row[3])), int(size * np.prod(row[3]) / 60_965_224), 0, "dense"
        )
        for row in ALEXNET
        if row[3]
    )
    return Packed(letter, "1" * 64, 243_860_896, size, size, layers)


def baseline_facts() -> list[Fact]:
    return [
        StudyNamed("AlexNet"),
        DataChosen("digits", "digits", tuple("0123456789"), {"train": 5000, "test": 2000}),
        CandidateBorn("A", None, "Baseline", "zoo:AlexNet", "alexnet.onnx", breakdown(), 60_965_224),
        Stored("A", "a" * 64, 243_900_000, 60_965_224),
        evaluated("A", 0.571),
        packed("A", 225_000_000),
        Profiled("A", "cpu", profile()),
    ]


PRUNE = {"method": "magnitude_pruning", "by": "share", "share": 0.91, "layers": ["fc6", "fc7", "fc8"]}

OTHERS = (
    ("B", "A", "Prune fc 91 %", 0.570, 24_600_000, 8_280_000, 0.995),
    ("C", "B", "B + fine-tune", 0.568, 16_900_000, 6_100_000, 1.0),
    ("D", "A", "Prune to 30 %", 0.566, 29_800_000, 18_300_000, 0.46),
    ("E", "D", "D + fine-tune", 0.563, 8_100_000, 9_000_000, 0.44),
)


def study_facts() -> list[Fact]:
    """Five candidates, each measured, and F, which has no accuracy yet."""
    facts = baseline_facts()
    for letter, parent, title, accuracy, size, left, scale in OTHERS:
        facts += [
            CandidateBorn(
                letter, parent, title, f"object:{letter * 64}", f"alexnet-{letter}.onnx", breakdown(), left, (PRUNE,),
                training=tuple({"epoch": n, "loss": 1 / n, "accuracy": accuracy - 0.01 / n} for n in (1, 2, 3)),
                took_s=90.0,
            ),
            evaluated(letter, accuracy),
            packed(letter, size),
            Profiled(letter, "cpu", profile(scale=scale, seed=ord(letter))),
        ]  # fmt: skip
    facts.append(
        CandidateBorn("F", "D", "D + prune 70 %", "object:f", "alexnet-F.onnx", breakdown(), 4_000_000, (PRUNE,))
    )
    facts.append(compared(("A", "E"), 2.30, 2.26, 2.34))
    return facts


def compared(letters: Sequence[str], ratio: float, low: float, high: float) -> Compared:
    verdict = "same" if low <= 1 <= high else "faster" if low > 1 else "slower"
    found = Ratio(letters[0], letters[1], ratio, low, high, 0.95, verdict)
    rounds = ((41.0,) * 20, (41.0 / ratio,) * 20)
    return Compared(
        tuple(letters),
        "cpu",
        Comparison(tuple(letters), HERE, ProfileSettings(), "2026-11-22T12:00:00+00:00", rounds, (found,)),
    )


def weights(layer: str, size: int = 20_000) -> np.ndarray:
    """Values that spread as trained weights do; the same for a name every time."""
    rng = np.random.default_rng(sum(map(ord, layer)))
    return rng.laplace(0, 0.004, size).clip(-0.03, 0.03).astype(np.float32)


def _spread(layer: str) -> Spread:
    means, counts = np.unique(weights(layer).astype(np.float64), return_counts=True)
    return Spread(means, counts, 0)


def _centroids(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Evenly between the ends, whatever start was asked for."""
    left = _spread(asked["layer"]).above(asked["above"])
    return to_plain(sharing(left, np.linspace(left.means[0], left.means[-1], 1 << asked["bits"])))


def _pattern(asked: Mapping[str, Any]) -> dict[str, Any]:
    return pattern_of(weights(asked["layer"]).reshape(100, 200), asked["above"]).plain()


WORKED_OUT: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "cells": lambda asked: _spread(asked["layer"]).plain(),
    "centroids": _centroids,
    "pattern": _pattern,
}


@dataclass
class Watched:
    """A watch that was begun."""

    device: str
    on_figures: Callable[[Mapping[str, float]], None]
    on_end: Callable[[BaseException | None], None]
    stopped: bool = False

    def stop(self) -> None:
        self.stopped = True


@dataclass
class Probed:
    """A board that was reached for."""

    address: Any
    secret: str | None
    on_progress: Callable[[Progress], None]
    on_end: Callable[[Any, BaseException | None], None]
    stopped: bool = False

    def stop(self) -> None:
        self.stopped = True


class InstantWorkbench:
    """Answers at once and runs nothing: what it was asked is kept."""

    def __init__(self, facts: Sequence[Fact] = (), folder: Path | None = None) -> None:
        self.study: Study = replay(facts)
        self.folder = folder or Path("study")
        self.jobs: tuple[JobView, ...] = ()
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.recorded: list[Fact] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.told: dict[str, Any] = {}  # question -> its answer, or the error it ends with
        self.can_undo = self.can_redo = None
        self.devices: list[DeviceFacts] = [HERE]
        self.secrets = Vault()
        self.watched: list[Watched] = []
        self.probed: list[Probed] = []
        self._listeners: list[Callable[[Any], None]] = []
        self.sizes = {row[0]: int(np.prod(row[3])) for row in ALEXNET if row[3]}

    def listen(self, callback: Callable[[Any], None]) -> Callable[[], None]:
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def record(self, *facts: Fact, undoable: bool = True) -> None:
        for fact in facts:
            self.recorded.append(fact)
            self.study = after(fact, self.study)
            for listener in self._listeners:
                listener(StudyChanged(self, self.study, fact))  # type: ignore[arg-type]

    def show_job(self, view: JobView) -> None:
        self.jobs = (view, *(job for job in self.jobs if job.job != view.job))
        for listener in self._listeners:
            listener(JobChanged(self, view))  # type: ignore[arg-type]

    def ask(self, question: str, settings: Mapping[str, Any]) -> Future:
        self.asked.append((question, dict(settings)))
        answer: Future = Future()
        if question == "histogram":
            layer = settings["layer"]
            scaled = to_plain(weight_histogram(weights(layer), f"{layer}.weight", layer))
            answer.set_result(_as_large(scaled, self.sizes[layer]))
        elif question in WORKED_OUT and question not in self.told:
            answer.set_result(WORKED_OUT[question](settings))
        elif question in self.told:
            told = self.told[question]
            answer.set_exception(told) if isinstance(told, Exception) else answer.set_result(told)
        elif question == "devices":
            told = [
                {**to_plain(facts), "title": facts.name, "seen": "2026-11-22T12:00:00+00:00"} for facts in self.devices
            ]
            answer.set_result({"devices": told})
        else:
            answer.set_result({})
        return answer

    def interrupted(self) -> tuple[()]:
        return ()

    def compress(self, parent: str, steps: Sequence[Mapping[str, Any]], **more: Any) -> str:
        return self._call("compress", parent=parent, steps=[dict(step) for step in steps], **more)

    def profile(self, letter: str, device: str = "cpu", settings: ProfileSettings | None = None) -> str:
        return self._call("profile", letter=letter, device=device, settings=settings)

    def compare(self, letters: Sequence[str], device: str = "cpu", settings=None, rounds: int = 20) -> str:
        return self._call("compare", letters=tuple(letters), device=device, settings=settings, rounds=rounds)

    def choose_data(self, data: str) -> str:
        return self._call("choose_data", data=data)

    def build_report(self, path: Path, parts: Sequence[str] | None = None) -> str:
        return self._call("build_report", path=path, parts=parts)

    def sweep(self, letter: str, device: str, settings, batches, threads) -> str:
        return self._call("sweep", letter=letter, device=device, settings=settings, batches=batches, threads=threads)

    def profile_on(self, letter: str, devices: Sequence[str], settings=None) -> list[str]:
        return [self._call("profile_on", letter=letter, devices=tuple(devices), settings=settings)]

    def import_profile(self, letter: str, path, device: str) -> str:
        return self._call("import_profile", letter=letter, path=path, device=device)

    def meter(self, letter: str, device: str, csv: Path, offset_s: float | None = None) -> str:
        return self._call("meter", letter=letter, device=device, csv=csv, offset_s=offset_s)

    def watch(self, device: str, on_figures: Callable[[Mapping[str, float]], None], on_end) -> Callable[[], None]:
        """Never says anything by itself: a test calls what it kept."""
        kept = Watched(device, on_figures, on_end)
        self.watched.append(kept)
        return kept.stop

    def probe(self, address, secret, on_progress, on_end) -> Callable[[], None]:
        kept = Probed(address, secret, on_progress, on_end)
        self.probed.append(kept)
        return kept.stop

    def _call(self, name: str, **given: Any) -> str:
        self.calls.append((name, given))
        return f"job-{len(self.calls)}"


def _as_large(plain: dict[str, Any], size: int) -> dict[str, Any]:
    """The histogram of a layer of `size` weights with the same spread."""
    factor = size / plain["size"]
    return plain | {
        "size": size,
        "zeros": 0,
        "counts": [round(n * factor) for n in plain["counts"]],
        "below": [round(n * factor) for n in plain["below"][:-1]] + [size],
    }
