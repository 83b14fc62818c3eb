"""Painted pieces of a graph, kept while the scale stays: panning shows what is there and paints only what is new.

Painting takes a share of each frame and no more. What is not ready yet is painted without words, and the rest follows
in the next frames: the picture never waits for its letters.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSizeF
from PySide6.QtGui import QPainter, QPixmap

from app.ui import theme
from app.ui.graph.camera import Camera
from app.ui.graph.paint import GraphPainter, Look
from app.ui.graph.scene import Scene

SIDE = 256  # pixels of a tile
MOST = 192  # tiles that are kept: 48 MB
HURRY, CALM = 0.008, 0.08  # seconds of a frame for new tiles: while the picture moves, and where it stands

FURTHEST = 6.0  # times: a piece stretched more, or less, tells nothing
Key = tuple[int, int]


@dataclass(frozen=True)
class View:
    """What is looked at. `camera` stands on whole pixels; `ratio` is the screen's pixel ratio."""

    scene: Scene
    look: Look
    camera: Camera
    size: QSizeF
    ratio: float


class Tiles:
    """`forget` whenever something but the place one looks at has changed."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, QPixmap] = OrderedDict()
        self._old: dict[Key, QPixmap] = {}  # of another scale: stretched, until there are new ones
        self._scale, self._old_scale, self._ratio = 0.0, 0.0, 1.0

    def forget(self) -> None:
        self._kept.clear()
        self._old = {}

    def __len__(self) -> int:
        return len(self._kept)

    def paint(self, painter: QPainter, brush: GraphPainter, view: View, budget: float) -> bool:
        """Paint what the view shows, with so many seconds for new pieces. True when all of it is there."""
        self._turn_to(view)
        wanted = self._wanted(view.camera, view.size)
        until = time.perf_counter() + budget
        missing: list[Key] = []
        for key in wanted:
            if key not in self._kept and budget and time.perf_counter() < until:
                self._make(key, view)
            if key in self._kept:
                self._kept.move_to_end(key)
            else:
                missing.append(key)
        if missing:
            self._stand_in(painter, brush, view)
        else:
            self._old = {}
        for key in wanted:
            if key in self._kept:
                painter.drawPixmap(self._place(key, view.camera, 1.0).topLeft(), self._kept[key])
        while len(self._kept) > max(MOST, len(wanted)):
            self._kept.popitem(last=False)
        return not missing

    def _turn_to(self, view: View) -> None:
        if (view.camera.scale, view.ratio) == (self._scale, self._ratio):
            return
        if self._kept:
            self._old, self._old_scale = dict(self._kept), self._scale
        self._kept.clear()
        self._scale, self._ratio = view.camera.scale, view.ratio

    def _stand_in(self, painter: QPainter, brush: GraphPainter, view: View) -> None:
        """The old pieces stretched, and where they do not reach, the picture without words."""
        stretched = view.camera.scale / self._old_scale if self._old else 0.0
        if not 1 / FURTHEST <= stretched <= FURTHEST:
            brush.quick()
            return
        window = QRectF(0, 0, view.size.width(), view.size.height())
        seen = [(self._place(key, view.camera, stretched), tile) for key, tile in self._old.items()]
        seen = [(place, tile) for place, tile in seen if place.intersects(window)]
        covered = sum(place.intersected(window).width() * place.intersected(window).height() for place, _ in seen)
        if covered < window.width() * window.height() - 1:
            brush.quick()
        for place, tile in seen:
            painter.drawPixmap(place, tile, QRectF(tile.rect()))

    @staticmethod
    def _place(key: Key, camera: Camera, stretched: float) -> QRectF:
        side = SIDE * stretched
        return QRectF(camera.x + key[0] * side, camera.y + key[1] * side, side, side)

    def _wanted(self, camera: Camera, size: QSizeF) -> list[Key]:
        """Those that are seen, from the middle outwards."""
        left, top = math.floor(-camera.x / SIDE), math.floor(-camera.y / SIDE)
        right, bottom = math.floor((size.width() - camera.x) / SIDE), math.floor((size.height() - camera.y) / SIDE)
        keys = [(x, y) for y in range(top, bottom + 1) for x in range(left, right + 1)]
        middle = (left + right) / 2, (top + bottom) / 2
        return sorted(keys, key=lambda key: abs(key[0] - middle[0]) + abs(key[1] - middle[1]))

    def _make(self, key: Key, view: View) -> None:
        made = QPixmap(math.ceil(SIDE * view.ratio), math.ceil(SIDE * view.ratio))
        made.setDevicePixelRatio(view.ratio)
        painter = QPainter(made)
        painter.fillRect(QRectF(0, 0, SIDE, SIDE), theme.colour("surface"))
        camera = Camera(view.camera.scale, -key[0] * SIDE, -key[1] * SIDE)
        GraphPainter(painter, view.scene, camera, view.look, QSizeF(SIDE, SIDE)).still()
        painter.end()
        self._kept[key] = made
