"""The trade-off: candidates as points, the staircase through the measured, the goal's limits as lines to move."""

from __future__ import annotations

import itertools
from typing import Literal

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent

from app.ui import theme
from app.ui.plots.base import Plot
from app.ui.plots.corner import Corner
from app.ui.plots.handle import Handle
from app.ui.plots.hover_card import HoverCard
from app.ui.plots.labels import placed
from app.ui.plots.scatter_marks import SIZE, name, rings, spot
from app.ui.plots.scatter_scene import Scene, spans

Side = Literal["x", "y"]
NEAR = 14  # px: how close the mouse must be to mean a point


class Scatter(Plot):
    """`picked` carries a letter; `limit_settled` the axis ("x" or "y") and the limit's new value."""

    picked = Signal(str)
    limit_moved = Signal(str, float)
    limit_settled = Signal(str, float)

    def __init__(self) -> None:
        super().__init__("Trade-off plot")
        self.scene_shown: Scene | None = None
        self.hovered = ""
        self._focus: Literal["dots", "x", "y"] = "dots"
        self.corner = Corner()
        self.stairs = pg.PlotCurveItem()
        self.rings, self.marks = pg.ScatterPlotItem(pxMode=True), pg.ScatterPlotItem(pxMode=True)
        self.rings.setZValue(8)
        self.marks.setZValue(10)
        self.cross = (pg.InfiniteLine(angle=90), pg.InfiniteLine(angle=0))
        self.limits: dict[Side, Handle] = {"x": self._limit("x"), "y": self._limit("y")}
        self.names: dict[str, pg.TextItem] = {}
        self.card = HoverCard(self)
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._lay_out)
        self._assemble()
        self.dress()

    def _assemble(self) -> None:
        for item in (self.corner, self.corner.words, self.stairs, self.rings, self.marks, *self.cross):
            self.put(item)
        for line in self.cross:
            line.setVisible(False)
            line.setZValue(5)
        self.view.sigRangeChanged.connect(lambda *_: self._later.start())
        self.resized.connect(self._later.start)
        self.setMouseTracking(True)

    def _limit(self, side: Side) -> Handle:
        made = Handle(vertical=side == "x", words=lambda value: self._limit_words(side, value), place=0.95)
        made.moved.connect(lambda value: self._limit_to(side, value, self.limit_moved))
        made.settled.connect(lambda value: self._limit_to(side, value, self.limit_settled))
        self.put(made)
        made.setVisible(False)
        return made

    def _limit_words(self, side: Side, value: float) -> str:
        if self.scene_shown is None:
            return ""
        scale = self.scene_shown.x if side == "x" else self.scene_shown.y
        return f"{'≤' if scale.less_is_better else '≥'} {scale.write(value)}"

    def _limit_to(self, side: Side, value: float, tell: object) -> None:
        self._colour_corner()
        tell.emit(side, value)  # type: ignore[attr-defined]

    # -------------------------------------------------------------------------------------- showing

    def show_scene(self, scene: Scene) -> None:
        same_axes = self.scene_shown is not None and self._axes_of(self.scene_shown) == self._axes_of(scene)
        before = self.scene_shown
        self.scene_shown = scene
        self.name_axes(scene.x.title, scene.y.title)
        self.x_axis.set_words(scene.x.tick)
        self.y_axis.set_words(scene.y.tick)
        self._put_limits(scene)
        if not same_axes or before is None or spans(before) != spans(scene):
            self.view.hold(*spans(scene))
        self._draw(scene)
        self._later.start()

    @staticmethod
    def _axes_of(scene: Scene) -> tuple[str, str]:
        return scene.x.title, scene.y.title

    def _put_limits(self, scene: Scene) -> None:
        for handle, scale in ((self.limits["x"], scene.x), (self.limits["y"], scene.y)):
            handle.setVisible(scale.limit is not None)
            handle.pill.setVisible(scale.limit is not None)
            if scale.limit is not None:
                handle.put(scale.limit)
                handle.pill.valueChanged()
        self._colour_corner()

    def _colour_corner(self) -> None:
        self.corner.show_within(self.scene_shown, self.limits["x"].at, self.limits["y"].at, self.view)

    def dress(self) -> None:
        for handle in self.limits.values():
            handle.dress("good", filled=False)
        self.corner.dress()
        self.stairs.setPen(pg.mkPen(theme.colour("pareto"), width=1.5))
        for line in self.cross:
            line.setPen(pg.mkPen(theme.colour("muted"), width=1, style=Qt.PenStyle.DotLine))
        if self.scene_shown is not None:
            self._draw(self.scene_shown)
            self._later.start()

    def _draw(self, scene: Scene) -> None:
        self.stairs.setData([x for x, _ in scene.stairs], [y for _, y in scene.stairs])
        self.marks.setData([spot(dot) for dot in scene.dots])
        self.rings.setData([ring for dot in scene.dots for ring in rings(dot, scene)])
        self._name(scene)
        self._describe(scene)

    def _name(self, scene: Scene) -> None:
        for item in self.names.values():
            self.removeItem(item)
        self.names = {}
        for dot in scene.dots:
            if not dot.named:
                continue
            item = name(dot, scene)
            self.put(item)
            self.names[dot.letter] = item

    def _describe(self, scene: Scene) -> None:
        said = "; ".join(
            f"{dot.letter} {dot.title}: " + ", ".join(f"{a} {b}" for a, b in dot.lines) for dot in scene.dots
        )
        self.setAccessibleDescription(said)

    def _lay_out(self) -> None:
        """Push the names apart, once the view stands still."""
        self._colour_corner()
        scene = self.scene_shown
        if scene is None:
            return
        at = {dot.letter: self.view.mapViewToScene(QPointF(dot.x, dot.y)) for dot in scene.dots}
        half = theme.px(SIZE) / 2 + 2
        blocked = [QRectF(p.x() - half, p.y() - half, 2 * half, 2 * half) for p in at.values()]
        blocked += [h.pill.sceneBoundingRect() for h in self.limits.values() if h.isVisible()]
        blocked += [line.sceneBoundingRect() for line in (self.corner.words,) if line.isVisible()] + self._lines(scene)
        sizes = [QSizeF(item.textItem.boundingRect().size()) for item in self.names.values()]
        area = self.view.sceneBoundingRect()
        for (_, item), place in zip(
            self.names.items(), placed([at[letter] for letter in self.names], sizes, blocked, area), strict=True
        ):
            item.setPos(self.view.mapSceneToView(place.topLeft()))

    def _lines(self, scene: Scene) -> list[QRectF]:
        """The staircase and the limits as thin rectangles, in pixels: names keep clear of them."""
        corners = [self.view.mapViewToScene(QPointF(x, y)) for x, y in scene.stairs]
        pieces = [QRectF(a, b).normalized() for a, b in itertools.pairwise(corners)]
        pieces += [h.mapRectToScene(h.boundingRect() or QRectF()) for h in self.limits.values() if h.isVisible()]
        area = self.view.sceneBoundingRect()
        return [piece.adjusted(-2, -2, 2, 2).intersected(area) for piece in pieces]

    # -------------------------------------------------------------------------------------- pointing

    def _nearest(self, at: QPointF) -> str:
        if self.scene_shown is None:
            return ""
        away = {
            dot.letter: (self.view.mapViewToScene(QPointF(dot.x, dot.y)) - at).manhattanLength()
            for dot in self.scene_shown.dots
        }
        letter = min(away, key=lambda key: away[key], default="")
        return letter if letter and away[letter] <= NEAR else ""

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        if not event.buttons():
            self.hover(self._nearest(self.mapToScene(event.position().toPoint())))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        letter = self._nearest(self.mapToScene(event.position().toPoint()))
        if letter and event.button() == Qt.MouseButton.LeftButton and letter == self.hovered:
            self.picked.emit(letter)

    def pointer_left(self) -> None:
        self.hover("")

    def hover(self, letter: str) -> None:
        """Show the card and the crosshair of one candidate; "" takes them away."""
        self.hovered = letter
        dot = next((d for d in self.scene_shown.dots if d.letter == letter), None) if self.scene_shown else None
        for line in self.cross:
            line.setVisible(dot is not None)
        if dot is None:
            self.card.hide()
            return
        self.cross[0].setValue(dot.x)
        self.cross[1].setValue(dot.y)
        self.card.show_at(
            self.mapFromScene(self.view.mapViewToScene(QPointF(dot.x, dot.y))), f"{dot.letter}  {dot.title}", dot.lines
        )

    # -------------------------------------------------------------------------------------- keys

    def _stops(self) -> list[Literal["dots", "x", "y"]]:
        sides: tuple[Side, ...] = ("x", "y")
        return ["dots", *(side for side in sides if self.limits[side].isVisible())]

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes through the points, then each limit, then on."""
        stops = self._stops()
        at = (stops.index(self._focus) if self._focus in stops else 0) + (1 if forward else -1)
        if not 0 <= at < len(stops):
            self._focus = "dots"
            self.hover("")
            return super().focusNextPrevChild(forward)
        self._focus = stops[at]
        self.hover("" if self._focus != "dots" else self.hovered)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        forward = {Qt.Key.Key_Right: 1, Qt.Key.Key_Up: 1, Qt.Key.Key_Left: -1, Qt.Key.Key_Down: -1}
        if event.key() in forward and self.scene_shown is not None:
            step = forward[Qt.Key(event.key())]
            tenfold = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            self._step_dots(step) if self._focus == "dots" else self._step_limit(self._focus, step * tenfold)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.hovered:
            self.picked.emit(self.hovered)
        else:
            super().keyPressEvent(event)

    def _step_dots(self, step: int) -> None:
        assert self.scene_shown is not None
        order = [dot.letter for dot in sorted(self.scene_shown.dots, key=lambda dot: (dot.x, dot.y))]
        if order:
            now = self.hovered or self.scene_shown.selected
            at = order.index(now) + step if now in order and self.hovered else 0
            self.hover(order[max(0, min(at, len(order) - 1))] if self.hovered or now not in order else now)

    def _step_limit(self, side: Side, steps: int) -> None:
        handle = self.limits[side]
        x, y = self.view.viewRange()
        low, high = x if side == "x" else y
        handle.setValue(handle.at + steps * (high - low) / 200)
        self._limit_to(side, handle.at, self.limit_settled)

    def rows(self) -> list[list[str]]:
        """The points as a table: candidate, title, and both values."""
        if self.scene_shown is None:
            return []
        head = ["candidate", "title", self.scene_shown.x.title, self.scene_shown.y.title, "state"]
        return [head, *([d.letter, d.title, repr(d.x), repr(d.y), "predicted" if d.hollow else "measured"]
                        for d in self.scene_shown.dots)]  # fmt: skip
