"""Tiles whose areas are shares of a whole (Shneiderman 1992; squarified after Bruls, Huizing and van Wijk 2000)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import squarify  # pyright: ignore[reportMissingTypeStubs] - it has none

LEAST = 30.0  # square pixels: what would be smaller shares one tile


@dataclass(frozen=True)
class Tile:
    """A rectangle, in the units of the room, for the values from `first` up to, not including, `stop`."""

    first: int
    stop: int
    x: float
    y: float
    width: float
    height: float


def tiles(values: Sequence[float], width: float, height: float, least: float = LEAST) -> list[Tile]:
    """Tiles for positive values, the largest first, that fill the room. The smallest are one tile together.

    Raises ValueError when the values are not in falling order or not positive.
    """
    if any(value <= 0 for value in values) or any(a < b for a, b in pairwise(values)):
        raise ValueError("Values must be positive, the largest first.")
    total = sum(values)
    if not values or width <= 0 or height <= 0:
        return []
    areas = [value / total * width * height for value in values]
    shown = sum(area >= least for area in areas)
    rest = areas[shown:]
    # One left over needs no company, and the last place is the smallest: the rest is put where its sum belongs.
    if len(rest) > 1:
        groups = [((place, place + 1), area) for place, area in enumerate(areas[:shown])]
        groups.append(((shown, len(areas)), sum(rest)))
        groups.sort(key=lambda group: -group[1])
    else:
        groups = [((place, place + 1), area) for place, area in enumerate(areas)]
    laid = squarify.squarify([area for _, area in groups], 0.0, 0.0, width, height)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    made = cast("list[dict[str, float]]", laid)
    return [
        Tile(first, stop, tile["x"], tile["y"], tile["dx"], tile["dy"])
        for ((first, stop), _), tile in zip(groups, made, strict=True)
    ]
