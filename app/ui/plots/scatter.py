"""The trade-off: candidates as points, the staircase through the measured, the goal's limits as lines to move."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent

from app.ui import theme
from app.ui.parts.marker import Look, shape_path
from app.ui.plots.base import Plot
from app.ui.plots.handle import Handle
from app.ui.plots.hover_card import HoverCard
from app.ui.plots.labels import placed

Side = Literal["x", "y"]
NEAR = 14  # px: how close the mouse must be to mean a point
SIZE = 13


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
        self.corner = pg.QtWidgets.QGraphicsRectItem()
        self.corner.setZValue(-10)
        self.within = pg.TextItem("within both limits", anchor=(0, 0))
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
        for item in (self.corner, self.within, self.stairs, self.rings, self.marks, *self.cross):
            self.put(item)
        for line in self.cross:
            line.setVisible(False)
            line.setZValue(5)
        self._corner_box = QRectF()
        self.corner.setVisible(False)
        self.within.setVisible(False)
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
        if not same_axes or before is None or _spans(before) != _spans(scene):
            self.view.hold(*_spans(scene))
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
        """Tint what lies on the right side of both limits."""
        scene = self.scene_shown
        both = scene is not None and scene.x.limit is not None and scene.y.limit is not None
        self.corner.setVisible(both)
        self.within.setVisible(both)
        if not both or scene is None:
            return
        (x0, x1), (y0, y1) = self.view.viewRange()
        x, y = self.limits["x"].at, self.limits["y"].at
        left, right = (x0, x) if scene.x.less_is_better else (x, x1)
        low, high = (y0, y) if scene.y.less_is_better else (y, y1)
        self.corner.setRect(QRectF(left, low, max(right - left, 0.0), max(high - low, 0.0)))
        self._corner_box = QRectF(left, low, max(right - left, 0.0), max(high - low, 0.0))
        self.within.setVisible(right > left and high > low)
        self._place_words()

    def _place_words(self) -> None:
        """`within both limits` in the corner's upper or lower left, wherever it covers fewer markers."""
        scene, box = self.scene_shown, self._corner_box
        if scene is None or not self.within.isVisible():
            return
        x, y = self.view.viewPixelSize()
        size = self.within.textItem.boundingRect()
        wide, tall = size.width() * x, size.height() * y
        tops = (box.bottom(), box.bottom() - 30 * y, box.top() + tall)  # the scale goes up: bottom() is the upper edge
        pill = self.limits["x"].at

        def covered(top: float) -> float:
            under_pill = top > box.bottom() - 20 * y and box.left() + wide > pill - 45 * x
            place = QRectF(box.left() - 10 * x, top - tall - 10 * y, wide + 20 * x, tall + 20 * y)
            return sum(place.contains(QPointF(dot.x, dot.y)) for dot in scene.dots) + 2 * under_pill

        self.within.setPos(box.left(), min(tops, key=covered))

    def dress(self) -> None:
        good = theme.colour("good")
        for handle in self.limits.values():
            handle.dress("good", filled=False)
        tint = QColor(good)
        tint.setAlphaF(0.09)
        self.corner.setBrush(tint)
        self.corner.setPen(pg.mkPen(None))
        self.within.setColor(good)
        self.within.setFont(theme.font(theme.CAPTION, QFont.Weight.Medium))
        self.stairs.setPen(pg.mkPen(theme.colour("pareto"), width=1.5))
        for line in self.cross:
            line.setPen(pg.mkPen(theme.colour("muted"), width=1, style=Qt.PenStyle.DotLine))
        if self.scene_shown is not None:
            self._draw(self.scene_shown)
            self._later.start()

    def _draw(self, scene: Scene) -> None:
        self.stairs.setData([x for x, _ in scene.stairs], [y for _, y in scene.stairs])
        self.marks.setData([self._spot(dot) for dot in scene.dots])
        self.rings.setData([ring for dot in scene.dots for ring in self._rings(dot, scene)])
        self._name(scene)
        self._describe(scene)

    def _spot(self, dot: Dot) -> dict[str, object]:
        return {
            "pos": (dot.x, dot.y),
            "symbol": shape_path(dot.look.shape, QPointF(0, 0), 0.5),
            "size": theme.px(SIZE if dot.look.slot is not None else 7),
            "brush": pg.mkBrush(theme.colour("surface") if dot.hollow else dot.look.colour),
            "pen": pg.mkPen(dot.look.colour if dot.hollow else theme.colour("surface"), width=1.6 if dot.hollow else 1),
        }

    def _rings(self, dot: Dot, scene: Scene) -> list[dict[str, object]]:
        wanted = [(dot.letter == scene.best, 32, "good"), (dot.letter == scene.selected, 24, "accent")]
        tint = theme.colour("accent")
        tint.setAlphaF(0.14)
        return [
            {"pos": (dot.x, dot.y), "symbol": "o", "size": theme.px(size), "pen": pg.mkPen(theme.colour(role), width=2),
             "brush": pg.mkBrush(tint if role == "accent" else None)}
            for shown, size, role in wanted if shown
        ]  # fmt: skip

    def _name(self, scene: Scene) -> None:
        worn, plate = theme.current(), theme.colour("surface")
        plate.setAlphaF(0.8)
        for item in self.names.values():
            self.removeItem(item)
        self.names = {}
        for dot in scene.dots:
            if not dot.named:
                continue
            word = f' <span style="color:{worn.good}">best</span>' if dot.letter == scene.best else ""
            strong = 600 if dot.letter == scene.selected else 400
            colour = worn.text if dot.letter == scene.selected else worn.muted
            item = pg.TextItem(fill=plate, html=(
                f'<span style="color:{worn.text};font-weight:600">{dot.letter}</span>&nbsp; '
                f'<span style="color:{colour};font-weight:{strong}">{_escaped(dot.title)}</span>{word}'
            ))  # fmt: skip
            item.textItem.document().setDocumentMargin(2)
            item.setFont(theme.font(theme.TABLE))
            item.setZValue(12)
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
        blocked += [line.sceneBoundingRect() for line in (self.within,) if line.isVisible()] + self._lines(scene)
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


def _spans(scene: Scene) -> tuple[tuple[float, float], tuple[float, float]]:
    """Room for every point and both limits, with air around."""
    xs = [dot.x for dot in scene.dots] + ([scene.x.limit] if scene.x.limit is not None else [])
    ys = [dot.y for dot in scene.dots] + ([scene.y.limit] if scene.y.limit is not None else [])
    return _aired(xs), _aired(ys)


def _aired(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    air = 0.14 * (high - low) or 0.1 * abs(high) or 1.0
    return low - air, high + air


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
