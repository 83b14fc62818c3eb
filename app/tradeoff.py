"""Which candidate to ship: points, the staircase through the measured ones, the goal. Drawn elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app import words
from app.axes import AXES, Axis, AxisKey, Figure, figure, spoken
from app.facts import Goal
from app.study import Candidate, Study

__all__ = [
    "AXES", "Axis", "AxisKey", "Figure", "Lacking", "LimitCheck", "Nearest", "Point", "best", "figure", "front",
    "goal_words", "has_limits", "meets", "nearest", "points", "staircase", "without",
]  # fmt: skip


@dataclass(frozen=True)
class Point:
    """A candidate where both values are known. Drawn filled only when `solid`."""

    letter: str
    title: str
    x: Figure
    y: Figure

    @property
    def solid(self) -> bool:
        return self.x.solid and self.y.solid


@dataclass(frozen=True)
class Lacking:
    """A candidate that cannot be plotted, and the values it lacks. It is never given an invented one."""

    letter: str
    title: str
    missing: tuple[AxisKey, ...]

    @property
    def sentence(self) -> str:
        return f"{words.listed(spoken(AXES[key]) for key in self.missing)} {words.not_measured}"


def points(study: Study, up: AxisKey, across: AxisKey, device: str = "cpu") -> list[Point]:
    """The shown candidates with both values, in order of birth."""
    made: list[Point] = []
    for candidate in study.shown():
        x, y = figure(candidate, across, device), figure(candidate, up, device)
        if x is not None and y is not None:
            made.append(Point(candidate.letter, candidate.title, x, y))
    return made


def without(study: Study, up: AxisKey, across: AxisKey, device: str = "cpu") -> list[Lacking]:
    """The shown candidates that lack a value of these two: a strip below the plot."""
    lacking: list[Lacking] = []
    for candidate in study.shown():
        missing: tuple[AxisKey, ...] = tuple(key for key in (up, across) if figure(candidate, key, device) is None)
        if missing:
            lacking.append(Lacking(candidate.letter, candidate.title, missing))
    return lacking


def front(given: Iterable[Point], up: AxisKey = "accuracy", across: AxisKey = "latency") -> list[Point]:
    """The measured points that no other measured point beats on both axes, from the best `across` on."""
    x, y = AXES[across], AXES[up]
    signs = (1 if x.better == "less" else -1, 1 if y.better == "less" else -1)
    kept: list[Point] = []
    for point in sorted((p for p in given if p.solid), key=lambda p: (signs[0] * p.x.value, signs[1] * p.y.value)):
        if not kept or y.beats(point.y.value, kept[-1].y.value):
            kept.append(point)
    return kept


def staircase(kept: Iterable[Point]) -> list[tuple[float, float]]:
    """The corners of the line through a front: level to the next point, then up. No network lies between."""
    corners: list[tuple[float, float]] = []
    for point in kept:
        if corners:
            corners.append((point.x.value, corners[-1][1]))
        corners.append((point.x.value, point.y.value))
    return corners


@dataclass(frozen=True)
class LimitCheck:
    """One limit of the goal against one candidate. `ok` None: not measured. `miss`: how far off, in unit."""

    key: AxisKey
    label: str
    limit: float
    figure: Figure | None
    ok: bool | None
    miss: float | None

    @property
    def value_words(self) -> str:
        return (
            words.not_measured
            if self.figure is None
            else words.marked(self.write(self.figure.value), self.figure.state)
        )

    @property
    def limit_words(self) -> str:
        return f"{'≥' if AXES[self.key].better == 'more' else '≤'} {self.write(self.limit)}"

    @property
    def share(self) -> float | None:
        """How much of the limit is used, 0 to 1 and beyond; for accuracy, how much of it is reached."""
        return None if self.figure is None or not self.limit else self.figure.value / self.limit

    @property
    def miss_words(self) -> str:
        """energy is 6 mJ too high"""
        if not self.miss:
            return ""
        side = "low" if AXES[self.key].better == "more" else "high"
        amount = words.points(self.miss).lstrip("+") if self.key == "accuracy" else self.write(self.miss)
        return f"{spoken(AXES[self.key])} is {words.without_zeros(amount)} too {side}"

    def write(self, value: float) -> str:
        return AXES[self.key].write(value)


def meets(candidate: Candidate, goal: Goal, device: str | None = None) -> list[LimitCheck]:
    """Every limit that the goal sets, in the order of the axes, on the goal's device or the one named."""
    checks: list[LimitCheck] = []
    for axis in AXES.values():
        limit = None if axis.limit is None else getattr(goal, axis.limit)
        if limit is not None:
            checks.append(_check(axis, limit, axis.figure(candidate, device or goal.device)))
    return checks


def _check(axis: Axis, limit: float, found: Figure | None) -> LimitCheck:
    if found is None:
        return LimitCheck(axis.key, axis.label, limit, None, None, None)
    over = limit - found.value if axis.better == "more" else found.value - limit
    return LimitCheck(axis.key, axis.label, limit, found, over <= 0, max(over, 0.0))


def best(study: Study) -> Candidate | None:
    """Of the candidates measured to meet the whole goal: the most accurate, then the smallest."""
    if study.goal is None:
        return None
    goal = study.goal
    meeting = [c for c in study.shown() if _all_measured(checks := meets(c, goal)) and all(k.ok for k in checks)]
    return min(meeting, key=_preference, default=None)


def _all_measured(checks: list[LimitCheck]) -> bool:
    return bool(checks) and all(check.figure is not None and check.figure.solid for check in checks)


def _preference(candidate: Candidate) -> tuple[float, float]:
    accuracy, size = figure(candidate, "accuracy"), figure(candidate, "size")
    return (-accuracy.value if accuracy else 0.0, size.value if size else float("inf"))


@dataclass(frozen=True)
class Nearest:
    """The candidate that misses the goal by least: the sum of its misses, each as a share of its limit."""

    candidate: Candidate
    checks: tuple[LimitCheck, ...]

    @property
    def sentence(self) -> str:
        missed = words.listed(check.miss_words for check in self.checks if check.miss)
        return f"{self.candidate.letter} comes nearest: {missed}."


def nearest(study: Study) -> Nearest | None:
    """The candidate nearest to the goal among those with every limited value measured, if any."""
    if study.goal is None:
        return None
    measured = [(c, checks) for c in study.shown() if _all_measured(checks := meets(c, study.goal))]
    if not measured:
        return None
    candidate, checks = min(measured, key=lambda pair: sum((k.miss or 0.0) / (abs(k.limit) or 1.0) for k in pair[1]))
    return Nearest(candidate, tuple(checks))


def goal_words(study: Study) -> str:
    """The goal in one or two sentences: who meets it, who comes nearest, or that nothing can be said yet."""
    if study.goal is None or not has_limits(study.goal):
        return "No goal yet."
    found = best(study)
    if found is not None:
        return f"{found.letter} meets the goal."
    near = nearest(study)
    if near is None:
        return "Nothing measured can be held against the whole goal yet."
    return f"Nothing measured meets the goal. {near.sentence}"


def has_limits(goal: Goal) -> bool:
    """Whether the goal sets any limit."""
    return any(axis.limit is not None and getattr(goal, axis.limit) is not None for axis in AXES.values())
