"""Letters at any size, with what was measured of them kept: the same words are painted again and again."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetricsF

from app.ui import theme

SMALLEST = 8  # px of a letter


def letters(size: float, scale: float, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The window's font, `size` px at scale 1, never too small to be read."""
    return _font(max(round(size * scale), SMALLEST), weight.value, theme.scale())


@lru_cache(maxsize=128)
def _font(pixels: int, weight: int, _scale: float) -> QFont:
    made = theme.font(theme.BODY, QFont.Weight(weight))
    made.setPixelSize(pixels)
    return made


@lru_cache(maxsize=128)
def _metrics(pixels: int, weight: int, scale: float) -> QFontMetricsF:
    return QFontMetricsF(_font(pixels, weight, scale))


@lru_cache(maxsize=8192)
def _width(text: str, pixels: int, weight: int, scale: float) -> float:
    return _metrics(pixels, weight, scale).horizontalAdvance(text)


@lru_cache(maxsize=8192)
def _elided(text: str, pixels: int, weight: int, scale: float, room: int) -> str:
    return _metrics(pixels, weight, scale).elidedText(text, Qt.TextElideMode.ElideMiddle, room)


def width_of(text: str, font: QFont) -> float:
    """In pixels."""
    return _width(text, font.pixelSize(), font.weight().value, theme.scale())


def elided(text: str, font: QFont, room: int) -> str:
    """Cut in the middle where it does not fit."""
    return _elided(text, font.pixelSize(), font.weight().value, theme.scale(), room)
