"""The palette's promises, computed here from the standards themselves."""

from itertools import combinations

import numpy as np
import pytest
from PySide6.QtGui import QColor

from app.ui import theme
from app.ui.theme import DARK, LIGHT, Theme

GROUNDS = ("window", "surface", "raised", "selected")
TEXTS = ("text", "muted", "accent", "good", "warn", "bad")
MARKS = ("conv", "fc", "other", "accent", "good", "bad", "pareto")

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB
SIGHTS = {
    "normal": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour: str) -> np.ndarray:
    """sRGB to linear light, IEC 61966-2-1."""
    coded = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def contrast(a: str, b: str) -> float:
    """WCAG 2: the ratio of relative luminances."""
    light, dark = sorted((linear(c) @ [0.2126, 0.7152, 0.0722] for c in (a, b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Ottosson 2020, from linear sRGB."""
    lms = np.cbrt(
        np.array(
            [
                [0.4122214708, 0.5363325363, 0.0514459929],
                [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005],
            ]
        )
        @ rgb
    )
    return (
        np.array(
            [
                [0.2104542553, 0.7936177850, -0.0040720468],
                [1.9779984951, -2.4285922050, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.8086757660],
            ]
        )
        @ lms
    )


def test_contrast_of_black_on_white_is_21():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)


@pytest.mark.parametrize("chosen", [LIGHT, DARK], ids=lambda t: t.name)
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("text", TEXTS)
def test_text_can_be_read_on_every_ground(chosen: Theme, ground: str, text: str):
    assert contrast(getattr(chosen, text), getattr(chosen, ground)) >= 4.5


@pytest.mark.parametrize("chosen", [LIGHT, DARK], ids=lambda t: t.name)
@pytest.mark.parametrize("fill", ["accent", "conv", "fc", "other"])
def test_text_can_be_read_on_fills(chosen: Theme, fill: str):
    assert contrast(getattr(chosen, f"on_{fill}"), getattr(chosen, fill)) >= 4.5


@pytest.mark.parametrize("chosen", [LIGHT, DARK], ids=lambda t: t.name)
@pytest.mark.parametrize("ground", GROUNDS)
def test_marks_stand_out_from_every_ground(chosen: Theme, ground: str):
    for mark in MARKS:
        assert contrast(getattr(chosen, mark), getattr(chosen, ground)) >= 3, mark


@pytest.mark.parametrize("chosen", [LIGHT, DARK], ids=lambda t: t.name)
def test_candidates_stand_out_from_window_and_surface(chosen: Theme):
    for colour in chosen.candidates:
        assert min(contrast(colour, chosen.window), contrast(colour, chosen.surface)) >= 3, colour


@pytest.mark.parametrize("chosen", [LIGHT, DARK], ids=lambda t: t.name)
@pytest.mark.parametrize("sight", SIGHTS)
def test_every_two_candidates_are_told_apart(chosen: Theme, sight: str):
    seen = [oklab(np.clip(np.array(SIGHTS[sight]) @ linear(c), 0, 1)) for c in chosen.candidates]
    nearest = min(float(np.linalg.norm(a - b)) * 100 for a, b in combinations(seen, 2))
    assert len(chosen.candidates) == len(theme.CANDIDATE_SHAPES) == 8
    assert nearest >= 8


def test_sizes_grow_with_the_scale(qapp):
    theme.apply(qapp, LIGHT, 2.0)
    assert theme.px(30) == 60
    assert theme.px(0) == 0
    assert theme.font(theme.BODY).pixelSize() == 26
    assert "min-height: 56px" in theme.stylesheet(LIGHT)  # the button's 28


def test_no_size_vanishes_at_a_small_scale(qapp):
    theme.apply(qapp, LIGHT, 0.3)
    assert theme.px(1) == 1


def test_the_theme_in_force_is_the_one_applied(qapp):
    theme.apply(qapp, DARK)
    assert theme.colour("surface") == QColor("#191C22")
    assert qapp.palette().window().color() == QColor(DARK.window)
