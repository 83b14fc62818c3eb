"""What one picture of measured curves shows, as values."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt

from app.ui.parts.marker import Look
from app.words import State

# One line style for each curve of one candidate, in this order: they are told apart without a colour.
STROKES = (
    Qt.PenStyle.SolidLine,
    Qt.PenStyle.DashLine,
    Qt.PenStyle.DashDotLine,
    Qt.PenStyle.DashDotDotLine,
)


@dataclass(frozen=True)
class Mark:
    """A point at its own values, both more than nought. `lines` are the figures of its hover card."""

    key: str
    x: float
    y: float
    title: str
    lines: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Curve:
    """Points in the order of x. `state` "imported" draws them hollow and dashed: what others published."""

    name: str
    marks: tuple[Mark, ...]
    look: Look
    stroke: Qt.PenStyle = Qt.PenStyle.SolidLine
    state: State = "measured"


@dataclass(frozen=True)
class Refusal:
    """A place of x where nothing could be measured, and why."""

    key: str
    x: float
    title: str
    why: str


@dataclass(frozen=True)
class Chart:
    """Everything of one plot: curves, what was refused, and the titles of both axes."""

    curves: tuple[Curve, ...]
    refusals: tuple[Refusal, ...]
    x_title: str
    y_title: str

    @property
    def marks(self) -> tuple[Mark, ...]:
        return tuple(mark for curve in self.curves for mark in curve.marks)
