"""The colour of a box: its kind's, as a tint, or as strong as its figure; and the colour of the words on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

from PySide6.QtGui import QColor

from app.ui import theme

TINT = 0.16  # of the kind's colour, where the kind alone is shown
READABLE = 4.5  # to 1, of words on what is below them (WCAG 2.1)
INKS = ("text", "surface", "on_conv", "on_other")
STEPS = 24  # of a ramp: what can be told apart, and few enough to paint in one go


@dataclass(frozen=True)
class Fill:
    """Which kind's colour, how strong (0 to STEPS), None: the kind alone; `faded` where another kind is looked at."""

    kind: str
    step: int | None
    faded: bool = False


def fill_of(kind: str, metric: str, share: float, faded: bool) -> Fill:
    """The square root of the share: a tenth of the largest is still seen beside it."""
    step = None if metric == "kind" else round(STEPS * sqrt(min(max(share, 0.0), 1.0)))
    return Fill(kind, step, faded)


def colour(fill: Fill, *, far: bool) -> QColor:
    """From afar, where only boxes are seen, a kind has its full colour."""
    return _colour(theme.current().name, fill, far)


@lru_cache(maxsize=512)
def _colour(worn: str, fill: Fill, far: bool) -> QColor:
    own = theme.colour(fill.kind)
    if fill.faded:
        return mixed(theme.colour("surface"), theme.colour("track"), 1.0 if far else 0.35)
    if fill.step is None:
        return own if far else mixed(theme.colour("surface"), own, TINT)
    made = mixed(theme.colour("track"), own, fill.step / STEPS)
    if fill.step and contrast(_ink(made), made) < READABLE:  # halfway between light and dark: one step less
        return _colour(worn, Fill(fill.kind, fill.step - 1), far)
    return made


def _ink(below: QColor) -> QColor:
    return max((theme.colour(role) for role in INKS), key=lambda ink: contrast(ink, below))


@lru_cache(maxsize=512)
def _words_on(_theme: str, fill: Fill) -> QColor:
    return theme.colour("muted") if fill.faded else _ink(colour(fill, far=False))


def words_on(fill: Fill) -> QColor:
    """The colour of words on a box: whichever of the theme's is read best."""
    return _words_on(theme.current().name, fill)


def mixed(one: QColor, other: QColor, share: float) -> QColor:
    """`share` of the other in the one."""
    return QColor.fromRgbF(
        one.redF() + (other.redF() - one.redF()) * share,
        one.greenF() + (other.greenF() - one.greenF()) * share,
        one.blueF() + (other.blueF() - one.blueF()) * share,
    )


def contrast(one: QColor, other: QColor) -> float:
    """1 to 21 (WCAG 2.1)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(shown: QColor) -> float:
    def linear(value: float) -> float:
        return value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(shown.redF()) + 0.7152 * linear(shown.greenF()) + 0.0722 * linear(shown.blueF())
