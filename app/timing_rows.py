"""Time by layer on a device, against an earlier profile; and whether it adds up. Values only; the window draws them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from app import words
from app.heavy import time_by_kind
from app.study import Study
from profiler.breakdown import Breakdown, Kind
from profiler.measurement import LayerTiming, Profile, percentile

Change = Literal["faster", "slower", "same", "unknown"]


@dataclass(frozen=True)
class TimedRow:
    """One row of the split. `before_ms`: what the same layers took in the earlier profile (None: not one of its rows).

    `change` is `same` where the two spreads from p5 to p95 overlap: two separate runs cannot tell such times apart.
    """

    key: str  # the layer that stands for the row
    name: str
    covers: tuple[str, ...]
    kind: Kind
    ms: float
    p5_ms: float
    p95_ms: float
    before_ms: float | None
    change: Change

    @property
    def change_words(self) -> str:
        """same, 3.1 ×, or nothing."""
        if self.change == "unknown" or self.before_ms is None or not self.ms:
            return ""
        return "same" if self.change == "same" else words.times(self.before_ms / self.ms)


def timed_rows(profile: Profile, network: Breakdown, before: Profile | None = None) -> list[TimedRow]:
    """The rows in the order they ran."""
    earlier = {row.covers: row for row in before.layers} if before is not None else {}
    return [_row(row, network, earlier) for row in profile.layers if row.microseconds]


def _row(row: LayerTiming, network: Breakdown, earlier: Mapping[tuple[str, ...], LayerTiming]) -> TimedRow:
    main = _main(row.covers, network)
    then = earlier.get(row.covers)
    return TimedRow(
        key=main or row.name,
        name=" + ".join(row.covers) or row.name,
        covers=row.covers,
        kind=_kind(main, network),
        ms=row.median_us / 1000,
        p5_ms=percentile(row.microseconds, 0.05) / 1000,
        p95_ms=percentile(row.microseconds, 0.95) / 1000,
        before_ms=None if then is None else then.median_us / 1000,
        change="unknown" if then is None else _change(row, then),
    )


def _main(covers: tuple[str, ...], network: Breakdown) -> str:
    """Of fused layers, the one that multiplies most stands for all."""
    known = [layer for name in covers if (layer := network.layer(name)) is not None]
    heaviest = max(known, key=lambda layer: (layer.macs or 0, layer.kind != "other"), default=None)
    return heaviest.name if heaviest else ""


def _kind(name: str, network: Breakdown) -> Kind:
    layer = network.layer(name)
    return layer.kind if layer else "other"


def _change(now: LayerTiming, then: LayerTiming) -> Change:
    if max(_at(now, 0.05), _at(then, 0.05)) <= min(_at(now, 0.95), _at(then, 0.95)):
        return "same"
    return "faster" if now.median_us < then.median_us else "slower"


def _at(row: LayerTiming, share: float) -> float:
    return percentile(row.microseconds, share)


def comparable(study: Study, letter: str, device: str) -> tuple[str, ...]:
    """The other candidates that ran on this device, its parent first: what its times can be held against."""
    parent = study.candidates[letter].parent
    ran = [c.letter for c in study.shown() if c.letter != letter and device in c.profiles]
    return tuple(sorted(ran, key=lambda other: other != parent))


@dataclass(frozen=True)
class AddsUp:
    """The plain sum of the layers against the end-to-end time, in ms. `overhead_pct`: what profiling itself cost."""

    by_kind: Mapping[Kind, float]
    layers_ms: float
    unattributed_ms: float
    end_to_end_ms: float
    overhead_pct: float | None

    @property
    def overhead_words(self) -> str:
        if self.overhead_pct is None:
            return words.not_measured
        sign = "−" if self.overhead_pct < 0 else "+"
        return f"{sign} {abs(self.overhead_pct):.1f} %"


def adds_up(profile: Profile, network: Breakdown) -> AddsUp:
    """Does it add up? Raises ValueError when nothing was measured."""
    found = profile.reconciliation
    return AddsUp(
        by_kind=time_by_kind(network, profile),
        layers_ms=found.layers_sum_ms,
        unattributed_ms=found.unattributed_ms,
        end_to_end_ms=found.end_to_end_ms,
        overhead_pct=found.profiling_overhead_pct,
    )
