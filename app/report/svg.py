"""Small plots as inline SVG. They are given computed values and place them; colours come from the page's style."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import cos, floor, log10, pi, sin

from markupsafe import Markup, escape

WIDTH, HEIGHT = 1000, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 20, 52
LINE = 15  # px between two labels

Scale = Callable[[float], float]
SHAPES = ("circle", "square", "triangle-up", "pentagon", "triangle-down", "hexagon", "star", "cross")


@dataclass(frozen=True)
class Mark:
    """One point of a plot: `slot` is "baseline", 0 to 7 or None (a grey dot), as in `app.markers`."""

    x: float
    y: float
    name: str
    title: str
    slot: int | str | None
    solid: bool = True
    best: bool = False
    tip: str = ""


@dataclass(frozen=True)
class Plot:
    """What a trade-off plot shows, in the units of its axes."""

    x_title: str
    y_title: str
    marks: tuple[Mark, ...]
    stairs: tuple[tuple[float, float], ...] = ()
    x_limit: float | None = None
    y_limit: float | None = None
    x_limit_words: str = ""
    y_limit_words: str = ""
    lacking: tuple[str, ...] = field(default=())


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """At most `most` round values (1, 2 or 5 times a power of ten) from `low` to `high`."""
    span = high - low
    if span <= 0:
        return [low]
    power = 10 ** floor(log10(span / most))
    step = next(s * power for s in (1, 2, 5, 10, 20) if span / (s * power) <= most - 1 or s == 20)
    first = floor(low / step)
    values = [(first + i) * step for i in range(most + 3)]
    return [round(v, 12) for v in values if low - 1e-9 * span <= v <= high + 1e-9 * span]


def bounds(values: Iterable[float], least: float = 0.0) -> tuple[float, float]:
    """A range with some air around the values, at least `least` wide: noise is not blown up to fill a plot."""
    known = list(values)
    low, high = min(known), max(known)
    air = max(0.12 * (high - low), (least - (high - low)) / 2) or 0.1 * abs(high) or 1.0
    return low - air, high + air


def tick_words(value: float, step: float) -> str:
    """A tick with just the decimals that its step needs."""
    decimals = max(0, -floor(log10(step) + 1e-9)) if step > 0 else 2
    return f"{value:,.{decimals}f}".replace("-", "−")


def trade_off(plot: Plot) -> Markup:
    """The scatter of candidates, the staircase through the measured ones, and the limits."""
    xs, ys = [*(m.x for m in plot.marks), *_known(plot.x_limit)], [*(m.y for m in plot.marks), *_known(plot.y_limit)]
    x_low, x_high = bounds(xs, 0.4 * max(xs))
    y_low, y_high = bounds(ys, 2.0)
    x = scale(max(x_low, 0.0), x_high, LEFT, WIDTH - RIGHT)
    y = scale(y_low, y_high, HEIGHT - BOTTOM, TOP)
    parts = [
        *_x_axis(x, ticks(max(x_low, 0.0), x_high), plot.x_title),
        *_y_axis(y, ticks(y_low, y_high), plot.y_title),
        *_limits(plot, x, y),
        _stairs(plot.stairs, x, y),
        *(_mark(mark, x(mark.x), y(mark.y)) for mark in plot.marks),
        *_labels([(mark, x(mark.x), y(mark.y)) for mark in plot.marks]),
    ]
    named = ", ".join(mark.name for mark in plot.marks)
    return drawing(WIDTH, HEIGHT, f"{plot.y_title} against {plot.x_title}: {named}", parts)


def _known(value: float | None) -> list[float]:
    return [] if value is None else [value]


def scale(low: float, high: float, start: float, stop: float) -> Scale:
    return lambda value: start + (value - low) / (high - low) * (stop - start)


def _x_axis(x: Scale, at: Sequence[float], title: str) -> list[str]:
    step = at[1] - at[0] if len(at) > 1 else abs(at[0]) / 10
    bottom = HEIGHT - BOTTOM
    lines = [f'<line class="grid" x1="{x(v):.1f}" x2="{x(v):.1f}" y1="{TOP}" y2="{bottom}"/>' for v in at]
    names = [written(x(v), bottom + 18, tick_words(v, step), "tick", "middle") for v in at]
    return [*lines, *names, written((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, title, "axis", "middle")]


def _y_axis(y: Scale, at: Sequence[float], title: str) -> list[str]:
    step = at[1] - at[0] if len(at) > 1 else abs(at[0]) / 10
    lines = [f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(v):.1f}" y2="{y(v):.1f}"/>' for v in at]
    names = [written(LEFT - 8, y(v) + 4, tick_words(v, step), "tick", "end") for v in at]
    middle = (TOP + HEIGHT - BOTTOM) / 2
    turned = f'<g transform="translate(14 {middle:.0f}) rotate(-90)">{written(0, 0, title, "axis", "middle")}</g>'
    return [*lines, *names, turned]


def _limits(plot: Plot, x: Scale, y: Scale) -> list[str]:
    parts: list[str] = []
    if plot.x_limit is not None:
        at = x(plot.x_limit)
        parts.append(f'<line class="limit" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
        parts.append(written(at + 5, TOP + 10, plot.x_limit_words, "limit-words", "start"))
    if plot.y_limit is not None:
        at = y(plot.y_limit)
        parts.append(f'<line class="limit" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(written(WIDTH - RIGHT - 4, at - 5, plot.y_limit_words, "limit-words", "end"))
    return parts


def _stairs(corners: Sequence[tuple[float, float]], x: Scale, y: Scale) -> str:
    if not corners:
        return ""
    path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in corners)
    return f'<polyline class="stairs" points="{path} {WIDTH - RIGHT},{y(corners[-1][1]):.1f}"/>'


def _mark(mark: Mark, x: float, y: float) -> str:
    ring = f'<circle class="best" cx="{x:.1f}" cy="{y:.1f}" r="12"/>' if mark.best else ""
    return f'<g class="mark">{_tip(mark.tip)}{ring}{shape(mark.slot, x, y, solid=mark.solid)}</g>'


def _tip(text: str) -> str:
    return f"<title>{escape(text)}</title>" if text else ""


def shape(slot: int | str | None, x: float, y: float, size: float = 7, *, solid: bool = True) -> str:
    """A candidate's marker. The baseline is the diamond; later ones than the eighth are small grey dots."""
    style = f'class="shape {"solid" if solid else "hollow"} {_slot_class(slot)}"'
    if slot is None:
        return f'<circle {style} cx="{x:.1f}" cy="{y:.1f}" r="{size / 2:.1f}"/>'
    name = "diamond" if slot == "baseline" else SHAPES[int(slot)]
    if name == "circle":
        return f'<circle {style} cx="{x:.1f}" cy="{y:.1f}" r="{0.9 * size:.1f}"/>'
    corners = " ".join(f"{x + size * dx:.1f},{y + size * dy:.1f}" for dx, dy in _CORNERS[name])
    return f'<polygon {style} points="{corners}"/>'


def _slot_class(slot: int | str | None) -> str:
    return "later" if slot is None else "baseline" if slot == "baseline" else f"c{slot}"


def _regular(corners: int, start: float = -pi / 2) -> list[tuple[float, float]]:
    return [(cos(start + 2 * pi * i / corners), sin(start + 2 * pi * i / corners)) for i in range(corners)]


def _star() -> list[tuple[float, float]]:
    outer, inner = _regular(5), _regular(5, -pi / 2 + pi / 5)
    return [
        p for o, i in zip(outer, inner, strict=True) for p in ((1.15 * o[0], 1.15 * o[1]), (0.5 * i[0], 0.5 * i[1]))
    ]


_ARM = 0.33
_CORNERS: dict[str, Sequence[tuple[float, float]]] = {
    "diamond": [(0, -1.1), (1.1, 0), (0, 1.1), (-1.1, 0)],
    "square": [(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)],
    "triangle-up": [(0, -1.05), (1, 0.8), (-1, 0.8)],
    "triangle-down": [(0, 1.05), (1, -0.8), (-1, -0.8)],
    "pentagon": _regular(5),
    "hexagon": _regular(6),
    "star": _star(),
    "cross": [(-_ARM, -1), (_ARM, -1), (_ARM, -_ARM), (1, -_ARM), (1, _ARM), (_ARM, _ARM), (_ARM, 1), (-_ARM, 1),
              (-_ARM, _ARM), (-1, _ARM), (-1, -_ARM), (-_ARM, -_ARM)],
}  # fmt: skip


def _labels(placed: Sequence[tuple[Mark, float, float]]) -> list[str]:
    """Letter and title beside each mark, to its right where there is room, pushed apart downwards."""
    texts: list[str] = []
    taken: list[tuple[bool, float, float]] = []  # side, x, y
    for mark, x, y in sorted(placed, key=lambda item: item[2]):
        if mark.slot is None:
            continue
        left = x > 0.62 * WIDTH
        at = y - 8  # above the staircase, which runs level to the right of a mark
        while any(side == left and abs(at - ty) < LINE and abs(x - tx) < 0.35 * WIDTH for side, tx, ty in taken):
            at += 3
        taken.append((left, x, at))
        texts.append(_name(mark, x - 14 if left else x + 14, at, "end" if left else "start"))
    return texts


def _name(mark: Mark, x: float, y: float, anchor: str) -> str:
    rest = f"{mark.title} · best" if mark.best else mark.title
    return (
        f'<text class="name" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">'
        f'<tspan class="letter">{escape(mark.name)}</tspan> {escape(rest)}</text>'
    )


def written(x: float, y: float, words: str, style: str, anchor: str) -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def drawing(width: float, height: float, name: str, parts: Iterable[str]) -> Markup:
    inside = "".join(parts)
    return Markup(
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(name)}" '
        f'style="max-width:{width:g}px">{inside}</svg>'
    )


def marker(slot: int | str | None, *, solid: bool = True) -> Markup:
    """A marker alone, for a table."""
    return Markup(
        f'<svg class="marker" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">'
        f"{shape(slot, 8, 8, 6, solid=solid)}</svg>"
    )


@dataclass(frozen=True)
class Segment:
    """A part of a stacked bar; `kind` is its style: conv, fc, other, rest."""

    kind: str
    share: float
    words: str = ""


def stacked(segments: Sequence[Segment], name: str, height: float = 22) -> Markup:
    """One bar of the whole width, cut into parts with a 1 px gap; a share is written where it fits."""
    width, at, parts = 840.0, 0.0, list[str]()
    for part in segments:
        wide = part.share * width
        if wide > 0:
            box = f'x="{at:.2f}" y="0" width="{max(wide - 1, 0.6):.2f}" height="{height:g}"'
            parts.append(f'<rect class="{escape(part.kind)}" {box}>{_tip(part.words)}</rect>')
        if wide > 52:
            parts.append(written(at + 8, height / 2 + 4, part.words, f"on-{part.kind}", "start"))
        at += wide
    return drawing(width, height, name, parts)


def dots(values: Sequence[float], median: float, unit: str) -> Markup:
    """Each run as a dot, stacked where they are close, with a line at the median."""
    width, height, radius = 360.0, 96.0, 2.6
    low, high = bounds(values)
    x = scale(low, high, 12, width - 12)
    floor_y, heights, parts = height - 24, dict[int, int](), list[str]()
    for value in sorted(values):
        column = round(x(value) / (2 * radius))
        heights[column] = heights.get(column, 0) + 1
    tallest = max(heights.values())
    pitch = min(2 * radius, (floor_y - 14) / tallest)
    for column, count in heights.items():
        parts += [
            f'<circle class="run" cx="{2 * radius * column:.1f}" cy="{floor_y - 4 - pitch * i:.1f}" r="2.2"/>'
            for i in range(count)
        ]
    at = ticks(low, high, 4)
    step = at[1] - at[0] if len(at) > 1 else abs(at[0]) / 10
    parts.append(f'<line class="rule" x1="8" x2="{width - 8:g}" y1="{floor_y:g}" y2="{floor_y:g}"/>')
    parts += [written(x(v), height - 8, f"{tick_words(v, step)} {unit}", "tick", "middle") for v in at]
    parts.append(f'<line class="median" x1="{x(median):.1f}" x2="{x(median):.1f}" y1="4" y2="{floor_y:g}"/>')
    return drawing(width, height, f"{len(values)} runs, median {median:g} {unit}", parts)


def curve(values: Sequence[float], level: float | None, title: str) -> Markup:
    """A value per epoch as a line, with the baseline's value as a level line."""
    width, height = 360.0, 130.0
    low, high = bounds([*values, *_known(level)])
    x = scale(1, max(len(values), 2), 52, width - 12)
    y = scale(low, high, height - 26, 12)
    at = ticks(low, high, 4)
    step = at[1] - at[0] if len(at) > 1 else abs(at[0]) / 10
    parts = [f'<line class="grid" x1="52" x2="{width - 12:g}" y1="{y(v):.1f}" y2="{y(v):.1f}"/>' for v in at]
    parts += [written(46, y(v) + 4, tick_words(v, step), "tick", "end") for v in at]
    if level is not None:
        parts.append(f'<line class="level" x1="52" x2="{width - 12:g}" y1="{y(level):.1f}" y2="{y(level):.1f}"/>')
    path = " ".join(f"{x(i):.1f},{y(v):.1f}" for i, v in enumerate(values, 1))
    parts.append(f'<polyline class="curve" points="{path}"/>')
    parts += [f'<circle class="run" cx="{x(i):.1f}" cy="{y(v):.1f}" r="2.4"/>' for i, v in enumerate(values, 1)]
    parts.append(written((52 + width) / 2, height - 8, title, "tick", "middle"))
    return drawing(width, height, title, parts)
