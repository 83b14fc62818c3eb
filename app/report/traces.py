"""Plots over time and over batch sizes as inline SVG: the power of a run, and what a sweep found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log10

from markupsafe import Markup, escape

from app import words
from app.report.svg import Scale, drawing, scale, tick_words, ticks, written
from profiler.power import PowerTrace

WIDE, HIGH = 840.0, 190.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 12.0, 12.0, 34.0
BUCKETS = 400  # of a line: each is drawn by its least and its most, so that no peak is lost
COLOURS = 8  # of the page's style, for rails and numbers of threads


def power_trace(power: PowerTrace) -> Markup | None:
    """Watts over seconds: the rail that counts, the others thinner, the run's window tinted, idle as a level line."""
    if len(power.seconds) < 2:
        return None
    rails = [(rail.name, [(t, w) for t, w in zip(power.seconds, rail.watts, strict=False) if w is not None])
             for rail in power.rails]  # fmt: skip
    main = list(zip(power.seconds, power.watts, strict=True))
    most = max(w for _, line in [("", main), *rails] for _, w in line)
    x = scale(power.seconds[0], power.seconds[-1], LEFT, WIDE - RIGHT)
    y = scale(0.0, 1.1 * most or 1.0, HIGH - BOTTOM, TOP)
    start, stop = (min(max(at, power.seconds[0]), power.seconds[-1]) for at in (power.run_start, power.run_stop))
    window = f'x="{x(start):.1f}" y="{TOP:g}" width="{max(x(stop) - x(start), 1):.1f}" height="{HIGH - BOTTOM - TOP:g}"'
    parts = [f'<rect class="window" {window}><title>The run</title></rect>', *_levels(y, most, "W")]
    parts += _seconds(x, power.seconds[0], power.seconds[-1])
    idle = y(power.baseline_watts)
    parts.append(f'<line class="level" x1="{LEFT:g}" x2="{WIDE - RIGHT:g}" y1="{idle:.1f}" y2="{idle:.1f}"/>')
    parts += [_line(line, x, y, f"rail c{n % COLOURS}", name) for n, (name, line) in enumerate(rails) if line]
    parts.append(_line(main, x, y, "curve", power.rail))
    return drawing(WIDE, HIGH, f"Power of {power.rail} over {power.seconds[-1]:.1f} seconds, the run tinted", parts)


def _levels(y: Scale, most: float, unit: str) -> list[str]:
    at = ticks(0.0, 1.1 * most, 5)
    step = at[1] - at[0] if len(at) > 1 else 1.0
    lines = [f'<line class="grid" x1="{LEFT:g}" x2="{WIDE - RIGHT:g}" y1="{y(v):.1f}" y2="{y(v):.1f}"/>' for v in at]
    return [*lines, *(written(LEFT - 6, y(v) + 4, f"{tick_words(v, step)} {unit}", "tick", "end") for v in at)]


def _seconds(x: Scale, low: float, high: float) -> list[str]:
    at = ticks(low, high, 8)
    step = at[1] - at[0] if len(at) > 1 else 1.0
    return [written(x(v), HIGH - 14, f"{tick_words(v, step)} s", "tick", "middle") for v in at]


def _line(points: Sequence[tuple[float, float]], x: Scale, y: Scale, style: str, name: str) -> str:
    path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in thinned(points))
    return f'<polyline class="{style}" points="{path}"><title>{escape(name)}</title></polyline>'


def thinned(points: Sequence[tuple[float, float]], buckets: int = BUCKETS) -> list[tuple[float, float]]:
    """At most two points a bucket, its lowest and its highest, in their order."""
    if len(points) <= 2 * buckets:
        return list(points)
    size = -(-len(points) // buckets)
    kept: list[tuple[float, float]] = []
    for start in range(0, len(points), size):
        part = points[start : start + size]
        kept += sorted({min(part, key=lambda p: p[1]), max(part, key=lambda p: p[1])})
    return kept


@dataclass(frozen=True)
class Curve:
    """A line over batch sizes, or single published points (`published`, drawn hollow and never joined)."""

    name: str
    points: tuple[tuple[float, float], ...]
    published: bool = False


def over_batches(curves: Sequence[Curve], title: str) -> Markup | None:
    """A value against the batch size, both axes logarithmic: a straight line is a power of the batch."""
    known = [point for curve in curves for point in curve.points]
    if not known:
        return None
    width, height = 400.0, 230.0
    xs, ys = [log10(a) for a, _ in known], [log10(b) for _, b in known]
    x = scale(*_room(xs), 52, width - 14)
    y = scale(*_room(ys), height - 40, 14)
    parts = [written(x(log10(a)), height - 22, f"{a:g}", "tick", "middle") for a in sorted({a for a, _ in known})]
    parts += [
        f'<line class="grid" x1="52" x2="{width - 14:g}" y1="{y(log10(v)):.1f}" y2="{y(log10(v)):.1f}"/>'
        + written(46, y(log10(v)) + 4, words.significant(v, 2), "tick", "end")
        for v in _decades(10 ** _room(ys)[0], 10 ** _room(ys)[1])
    ]
    for number, curve in enumerate(curves):
        placed = [(x(log10(a)), y(log10(b))) for a, b in curve.points]
        style = "published" if curve.published else f"c{number % COLOURS}"
        if not curve.published and len(placed) > 1:
            path = " ".join(f"{a:.1f},{b:.1f}" for a, b in placed)
            parts.append(f'<polyline class="rail {style}" points="{path}"/>')
        parts += [_dot(place, point, curve.name, style) for place, point in zip(placed, curve.points, strict=True)]
    parts.append(written((52 + width) / 2, height - 6, f"{title}, against the batch size", "tick", "middle"))
    return drawing(width, height, f"{title} against the batch size", parts)


def _dot(place: tuple[float, float], point: tuple[float, float], name: str, style: str) -> str:
    tip = escape(f"{name}: batch {point[0]:g}, {words.significant(point[1])}")
    return (
        f'<circle class="point {style}" cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="3.6"><title>{tip}</title></circle>'
    )


def _room(values: Iterable[float]) -> tuple[float, float]:
    """A range of logarithms with air around it."""
    known = list(values)
    low, high = min(known), max(known)
    air = max(0.08 * (high - low), 0.08)
    return low - air, high + air


def _decades(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten in the range; only the powers where that is many."""
    powers = [10.0**n for n in range(-6, 9)]
    fine = [step * power for power in powers for step in (1, 2, 5) if low <= step * power <= high]
    return fine if len(fine) <= 7 else [value for value in powers if low <= value <= high]
