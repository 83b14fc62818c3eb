"""Size against error as an SVG picture, without a plotting library."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 760, 430
LEFT, RIGHT, TOP, BOTTOM = 62, 24, 58, 52
INK, FAINT, OURS, THEIRS = "#1d2433", "#d8dce4", "#2563eb", "#b45309"
FONT = "font-family='Inter, Helvetica, Arial, sans-serif'"


@dataclass(frozen=True)
class Dot:
    """`times` smaller than the fp32 weights, and wrong of the test digits in percent. `mean`: of several seeds."""

    title: str
    times: float
    error: float
    mean: bool = False


@dataclass(frozen=True)
class Frame:
    """Where a value is on the picture: times smaller along a logarithm, error evenly."""

    most_times: float
    errors: tuple[float, float]

    def x(self, times: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(times) / math.log(self.most_times)

    def y(self, error: float) -> float:
        low, high = self.errors
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - error) / (high - low)


def plot(ours: Sequence[Dot], published: Sequence[Dot], whole: int) -> str:
    """`whole`: bytes at 1 time. Small dots are single seeds, large ones means; diamonds are claims of others."""
    every = [*ours, *published]
    most = 2 * max(dot.times for dot in every)
    errors = [dot.error for dot in every]
    frame = Frame(most, (math.floor(5 * min(errors)) / 5, math.ceil(5 * max(errors) + 0.2) / 5))
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' {FONT} font-size='12' fill='{INK}'>",
        f"<rect width='{WIDTH}' height='{HEIGHT}' fill='white'/>",
        _text(LEFT, 22, "LeNet-5 on MNIST: bytes of the file against the error", size=15, weight=600),
        *_grid(frame, whole),
        *(_diamond(frame, dot) for dot in published),
        *_line(frame, [dot for dot in ours if dot.mean]),
        *(_circle(frame, dot) for dot in sorted(ours, key=lambda dot: dot.mean)),
        *_legend(),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _grid(frame: Frame, whole: int) -> Iterable[str]:
    bottom = HEIGHT - BOTTOM
    for times in (1, 3, 10, 30, 100, 300, 1000, 3000):
        if times <= frame.most_times:
            x = frame.x(times)
            yield f"<path d='M{x:.1f} {TOP}V{bottom}' stroke='{FAINT}'/>"
            yield _text(x, bottom + 18, f"{times:,}×", anchor="middle")
            yield _text(x, bottom + 33, _bytes(whole / times), anchor="middle", fill="#667085")
    low, high = frame.errors
    step = 0.1 if high - low <= 1 else 0.2
    for number in range(round((high - low) / step) + 1):
        error = low + number * step
        yield f"<path d='M{LEFT} {frame.y(error):.1f}H{WIDTH - RIGHT}' stroke='{FAINT}'/>"
        yield _text(LEFT - 8, frame.y(error) + 4, f"{error:.1f} %", anchor="end")
    yield _text(WIDTH - RIGHT, HEIGHT - 4, "times smaller than fp32 (file size)", anchor="end", fill="#667085")
    yield _text(LEFT, TOP - 10, "wrong of 10,000 test digits", fill="#667085")


def _bytes(count: float) -> str:
    return (
        f"{count / 1e6:.1f} MB"
        if count >= 1e6
        else f"{count / 1e3:.0f} kB"
        if count >= 1e4
        else f"{count / 1e3:.1f} kB"
    )


def _circle(frame: Frame, dot: Dot) -> str:
    x, y = frame.x(dot.times), frame.y(dot.error)
    radius, opacity = (5.5, 1) if dot.mean else (3, 0.45)
    mark = f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{radius}' fill='{OURS}' opacity='{opacity}'>{_hint(dot)}</circle>"
    return mark + (
        _text(x + 2, y + 20, dot.title, anchor="start" if dot.times == 1 else "middle", weight=600) if dot.mean else ""
    )


def _diamond(frame: Frame, dot: Dot) -> str:
    x, y = frame.x(dot.times), frame.y(dot.error)
    shape = f"M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6z"
    title = _text(x, y - 12, dot.title, anchor="middle", fill=THEIRS)
    return f"<path d='{shape}' fill='white' stroke='{THEIRS}' stroke-width='1.6'>{_hint(dot)}</path>{title}"


def _line(frame: Frame, means: Sequence[Dot]) -> Iterable[str]:
    places = " ".join(f"{frame.x(dot.times):.1f},{frame.y(dot.error):.1f}" for dot in sorted(means, key=_times))
    yield f"<polyline points='{places}' fill='none' stroke='{OURS}' stroke-width='1.4' opacity='0.5'/>"


def _times(dot: Dot) -> float:
    return dot.times


def _legend() -> Iterable[str]:
    x, y = WIDTH - RIGHT - 345, 44
    yield f"<circle cx='{x}' cy='{y - 4}' r='5.5' fill='{OURS}'/>" + _text(x + 11, y, "mean of three seeds")
    yield f"<circle cx='{x + 152}' cy='{y - 4}' r='3' fill='{OURS}' opacity='0.45'/>" + _text(x + 161, y, "a seed")
    yield f"<path d='M{x + 224} {y - 10}l6 6l-6 6l-6 -6z' fill='white' stroke='{THEIRS}' stroke-width='1.6'/>"
    yield _text(x + 236, y, "published claims")


def _hint(dot: Dot) -> str:
    return f"<title>{dot.title}: {dot.times:.1f} times smaller, {dot.error:.2f} %</title>"


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", size: int = 12, weight: int = 400, fill: str = INK
) -> str:
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' font-size='{size}' font-weight='{weight}' "
        f"fill='{fill}'>{words}</text>"
    )
