"""What one picture of the trade-off shows, as values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.ui.parts.marker import Look


@dataclass(frozen=True)
class Dot:
    """A candidate as it is drawn. `lines` are the figures of its hover card."""

    letter: str
    title: str
    x: float
    y: float
    look: Look
    hollow: bool = False
    named: bool = True
    lines: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Scale:
    """One axis: its title, how a value reads, whether less is better, and the goal's limit."""

    title: str
    write: Callable[[float], str]
    tick: Callable[[float], str]
    less_is_better: bool
    limit: float | None = None


@dataclass(frozen=True)
class Scene:
    """Everything that one picture of the trade-off shows."""

    dots: tuple[Dot, ...]
    stairs: tuple[tuple[float, float], ...]
    x: Scale
    y: Scale
    selected: str = ""
    best: str = ""


def spans(scene: Scene) -> tuple[tuple[float, float], tuple[float, float]]:
    """Room for every point and both limits, with air around."""
    xs = [dot.x for dot in scene.dots] + ([scene.x.limit] if scene.x.limit is not None else [])
    ys = [dot.y for dot in scene.dots] + ([scene.y.limit] if scene.y.limit is not None else [])
    return _aired(xs), _aired(ys)


def _aired(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    air = 0.14 * (high - low) or 0.1 * abs(high) or 1.0
    return low - air, high + air
