"""Latency and throughput against batch size: the lines of a sweep, and published figures to hold them against."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import assets
from app import words
from app.study import Candidate, Study
from profiler.measurement import percentile
from profiler.sweep import Sweep, SweepPoint

REFERENCES = "references/alexnet_batches.toml"


@dataclass(frozen=True)
class Published:
    """A latency that others published: never measured here, and drawn so. `ms` is that of the whole batch."""

    name: str
    gflops: float
    batch: int
    ms: float
    network: str
    what: str
    source: str

    @property
    def images_per_second(self) -> float:
        return 1000 * self.batch / self.ms

    @property
    def title(self) -> str:
        """AlexNet on a Titan X, published"""
        return f"{self.network} on {self.name}, published"


@lru_cache(maxsize=1)
def published() -> tuple[Published, ...]:
    """The reference points that come with the program."""
    told: Mapping[str, Any] = tomllib.loads(assets.path(REFERENCES).read_text(encoding="utf-8"))
    return tuple(Published(network=told["network"], what=told["what"], **each) for each in told["published"])


def is_same_network(candidate: Candidate, reference: Published) -> bool:
    """Whether a reference is about this network, as far as its name tells; about another, it is only an order of
    magnitude."""
    wanted = reference.network.lower()
    return wanted in candidate.breakdown.network.lower() or wanted in candidate.file_name.lower()


def sweeps_of(study: Study, letter: str, device: str) -> tuple[Sweep, ...]:
    """A candidate's sweeps on a device, the newest first."""
    return tuple(fact.sweep for fact in reversed(study.sweeps) if (fact.letter, fact.device) == (letter, device))


@dataclass(frozen=True)
class SweepRow:
    """One point of a sweep. `ms` is the whole batch's median, None where the device refused (`refused` says why)."""

    batch: int
    threads: int
    ms: float | None
    p5_ms: float | None
    p95_ms: float | None
    ms_per_image: float | None
    images_per_second: float | None
    against_one: float | None  # throughput ÷ that of a batch of 1 with as many threads
    refused: str


@dataclass(frozen=True)
class SweepStory:
    """The rows as they were measured, the lines by number of threads, and the points that a reader looks for."""

    rows: tuple[SweepRow, ...]
    lines: Mapping[int, tuple[SweepRow, ...]]  # threads -> its measured rows, by batch
    quickest: SweepRow | None  # the least latency
    most: SweepRow | None  # the most images a second
    words: str


def sweep_story(sweep: Sweep) -> SweepStory:
    """A sweep as rows and lines; a sentence says what a larger batch gains and what it costs."""
    ones = {point.threads: point.images_per_second for point in sweep.points if point.batch == 1}
    rows = tuple(_row(point, ones.get(point.threads)) for point in sweep.points)
    measured = [row for row in rows if row.ms is not None]
    threads = sorted({row.threads for row in measured})
    lines = {
        each: tuple(sorted((row for row in measured if row.threads == each), key=lambda row: row.batch))
        for each in threads
    }
    quickest = min(measured, key=lambda row: row.ms or 0.0, default=None)
    most = max(measured, key=lambda row: row.images_per_second or 0.0, default=None)
    return SweepStory(rows, lines, quickest, most, _sentence(quickest, most))


def _row(point: SweepPoint, one: float | None) -> SweepRow:
    rate, values = point.images_per_second, point.latencies_ms
    return SweepRow(
        batch=point.batch,
        threads=point.threads,
        ms=point.median_ms,
        p5_ms=percentile(values, 0.05) if values else None,
        p95_ms=percentile(values, 0.95) if values else None,
        ms_per_image=None if point.median_ms is None else point.median_ms / point.batch,
        images_per_second=rate,
        against_one=rate / one if rate is not None and one else None,
        refused=point.refused,
    )


def _sentence(quickest: SweepRow | None, most: SweepRow | None) -> str:
    if quickest is None or most is None:
        return "Nothing was measured."
    rate, at = per_second(most.images_per_second), _settings(most)
    if most is quickest:
        return f"A larger batch gains nothing: {at} is both quickest and the most productive, {rate}."
    return (
        f"Most images a second: {rate} with {at}, which waits {words.milliseconds(most.ms)} for an answer; "
        f"quickest: {words.milliseconds(quickest.ms)} with {_settings(quickest)}."
    )


def _settings(row: SweepRow) -> str:
    return f"a batch of {row.batch} and {words.plural(row.threads, 'thread')}"


def per_second(rate: float | None) -> str:
    """1,058 images/s, 11.2 images/s."""
    if rate is None:
        return words.not_measured
    return f"{words.exact(round(rate)) if rate >= 1000 else words.significant(rate)} images/s"
