"""Measured curves over logarithmic axes: points joined in their order, read by mouse and keys."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from itertools import pairwise
from math import hypot

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent

from app.ui import theme
from app.ui.parts.marker import shape_path
from app.ui.plots.base import Plot
from app.ui.plots.curves_scene import Chart, Curve, Mark, Refusal
from app.ui.plots.hover_card import HoverCard
from app.ui.plots.labels import placed
from app.ui.plots.log_axis import LogAxis

SIZE, NEAR = 9, 14  # px: a mark; how close the mouse must be to mean one
LINE_STEP = 8.0  # px between the squares that stand for a line
AIR = 0.09  # of the span, round the points
STEPS = {Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}


class Curves(Plot):
    """`picked` carries a mark's key. ← and → move along a curve, ↑ and ↓ between curves, Return picks."""

    picked = Signal(str)

    def __init__(self, name: str, x_words: Callable[[float], str], y_words: Callable[[float], str]) -> None:
        self._x, self._y = LogAxis("bottom", 2, x_words), LogAxis("left", 10, y_words)
        super().__init__(name, self._x, self._y)
        self.chart = Chart((), (), "", "")
        self.hovered = ""
        self.marks, self.ring = pg.ScatterPlotItem(pxMode=True), pg.ScatterPlotItem(pxMode=True)
        self.crosses = pg.ScatterPlotItem(pxMode=True)
        self.marks.setZValue(10)
        self.ring.setZValue(9)
        self.cross = (pg.InfiniteLine(angle=90), pg.InfiniteLine(angle=0))
        self.strokes: list[pg.PlotCurveItem] = []
        self.names: list[pg.TextItem] = []
        self.card = HoverCard(self)
        self._later = QTimer(self, singleShot=True, interval=0)  # type: ignore[call-arg]
        self._later.timeout.connect(self._lay_out)
        for item in (self.ring, self.marks, self.crosses, *self.cross):
            self.put(item)
        for line in self.cross:
            line.setVisible(False)
        self.view.sigRangeChanged.connect(lambda *_: self._later.start())
        self.resized.connect(self._later.start)
        self.setMouseTracking(True)
        self.dress()

    # -------------------------------------------------------------------------------------- showing

    def show_chart(self, chart: Chart) -> None:
        self.chart = chart
        self.name_axes(chart.x_title, chart.y_title)
        self.view.hold(*self._spans())
        self._draw()
        self.hover("")
        said = [
            f"{mark.title}: " + ", ".join(f"{name} {figure}" for name, figure in mark.lines) for mark in chart.marks
        ]
        said += [f"{refusal.title}: refused, {refusal.why}" for refusal in chart.refusals]
        self.setAccessibleDescription("; ".join(said))

    def _spans(self) -> tuple[tuple[float, float], tuple[float, float]]:
        xs = [self._x.place(at.x) for at in (*self.chart.marks, *self.chart.refusals)]
        ys = [self._y.place(mark.y) for mark in self.chart.marks]
        return _aired(xs, 0.5), _aired(ys, 0.15)

    def _at(self, mark: Mark) -> QPointF:
        return QPointF(self._x.place(mark.x), self._y.place(mark.y))

    def dress(self) -> None:
        for line in self.cross:
            line.setPen(pg.mkPen(theme.colour("muted"), width=1, style=Qt.PenStyle.DotLine))
        self._draw()

    def _draw(self) -> None:
        for item in (*self.strokes, *self.names):
            self.removeItem(item)
        self.strokes = [self._stroke(curve) for curve in self.chart.curves if len(curve.marks) > 1]
        self.marks.setData([self._spot(mark, curve) for curve in self.chart.curves for mark in curve.marks])
        self.names = [self._name(curve) for curve in self.chart.curves if _is_named(curve)]
        self._draw_refusals()
        self._later.start()

    def _stroke(self, curve: Curve) -> pg.PlotCurveItem:
        at = [self._at(mark) for mark in curve.marks]
        pen = pg.mkPen(
            _colour(curve), width=theme.px(2) * (0.6 if curve.state == "imported" else 0.9), style=curve.stroke
        )
        made = pg.PlotCurveItem([p.x() for p in at], [p.y() for p in at], pen=pen)
        self.put(made)
        return made

    def _spot(self, mark: Mark, curve: Curve) -> dict[str, object]:
        at, colour, hollow = self._at(mark), _colour(curve), curve.state != "measured"
        pen = pg.mkPen(colour if hollow else theme.colour("surface"), width=1.6 if hollow else 1)
        if hollow:
            pen.setDashPattern([1.8, 1.3])
        brush = pg.mkBrush(theme.colour("surface") if hollow else colour)
        symbol = shape_path(curve.look.shape, QPointF(0, 0), 0.5)
        return {"pos": (at.x(), at.y()), "symbol": symbol, "size": theme.px(SIZE + 1), "brush": brush, "pen": pen}

    def _name(self, curve: Curve) -> pg.TextItem:
        plate = theme.colour("surface")
        plate.setAlphaF(0.8)
        made = pg.TextItem(fill=plate, html=f'<span style="color:{theme.current().muted}">{escape(curve.name)}</span>')
        made.textItem.document().setDocumentMargin(2)
        made.setFont(theme.font(theme.CAPTION))
        made.setZValue(12)
        self.put(made)
        return made

    def _draw_refusals(self) -> None:
        """A ✕ for each, at the lower edge: there is no figure to place it by."""
        (_, _), (low, high) = self._spans()
        y = low + 0.04 * (high - low)
        pen = pg.mkPen(theme.colour("bad"), width=2)
        self.crosses.setData([
            {"pos": (self._x.place(r.x), y), "symbol": "x", "size": theme.px(SIZE), "pen": pen,
             "brush": pg.mkBrush(theme.colour("bad"))}
            for r in self.chart.refusals
        ])  # fmt: skip

    def _lay_out(self) -> None:
        """Push the names clear of points and lines, once the view stands still."""
        at = [[self.view.mapViewToScene(self._at(mark)) for mark in curve.marks] for curve in self.chart.curves]
        half = theme.px(SIZE) / 2 + 2
        blocked = [QRectF(p.x() - half, p.y() - half, 2 * half, 2 * half) for points in at for p in points]
        blocked += [dot for points in at for pair in pairwise(points) for dot in _along(*pair)]
        sizes = [QSizeF(item.textItem.boundingRect().size()) for item in self.names]
        ends = [points[-1] for curve, points in zip(self.chart.curves, at, strict=True) if _is_named(curve)]
        for item, place in zip(self.names, placed(ends, sizes, blocked, self.view.sceneBoundingRect()), strict=True):
            item.setPos(self.view.mapSceneToView(place.topLeft()))

    # -------------------------------------------------------------------------------------- pointing

    def _found(self, key: str) -> Mark | Refusal | None:
        return next((at for at in (*self.chart.marks, *self.chart.refusals) if at.key == key), None)

    def _scene(self, at: Mark | Refusal) -> QPointF:
        if isinstance(at, Mark):
            return self.view.mapViewToScene(self._at(at))
        (_, _), (low, high) = self._spans()
        return self.view.mapViewToScene(QPointF(self._x.place(at.x), low + 0.04 * (high - low)))

    def _nearest(self, at: QPointF) -> str:
        every = (*self.chart.marks, *self.chart.refusals)
        away = {one.key: (self._scene(one) - at).manhattanLength() for one in every}
        key = min(away, key=lambda key: away[key], default="")
        return key if key and away[key] <= NEAR else ""

    def hover(self, key: str) -> None:
        """Show the card and the crosshair of one point; "" takes them away."""
        self.hovered = key
        found = self._found(key)
        for line in self.cross:
            line.setVisible(isinstance(found, Mark))
        self.ring.setData([])
        if found is None:
            self.card.hide()
            return
        lines = found.lines if isinstance(found, Mark) else (("refused", found.why),)
        if isinstance(found, Mark):
            at = self._at(found)
            self.cross[0].setValue(at.x())
            self.cross[1].setValue(at.y())
            pen = pg.mkPen(theme.colour("accent"), width=2)
            ring = {"pos": (at.x(), at.y()), "symbol": "o", "size": theme.px(20), "pen": pen, "brush": pg.mkBrush(None)}
            self.ring.setData([ring])
        self.card.show_at(self.mapFromScene(self._scene(found)), found.title, lines)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        if not event.buttons():
            self.hover(self._nearest(self.mapToScene(event.position().toPoint())))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if self.hovered and event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(self.hovered)

    def pointer_left(self) -> None:
        self.hover("")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in STEPS and self.chart.marks:
            self._step(*STEPS[Qt.Key(event.key())])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.hovered:
            self.picked.emit(self.hovered)
        else:
            super().keyPressEvent(event)

    def _step(self, along: int, across: int) -> None:
        """Along the curve of the point that is read, or to the nearest point of the next curve."""
        rows = [curve.marks for curve in self.chart.curves if curve.marks]
        rows += [(refusal,) for refusal in self.chart.refusals]  # type: ignore[list-item]
        place = next(
            ((r, n) for r, row in enumerate(rows) for n, mark in enumerate(row) if mark.key == self.hovered), None
        )
        if place is None:
            self.hover(rows[0][0].key)
            return
        row, at = place
        if along:
            self.hover(rows[row][max(0, min(at + along, len(rows[row]) - 1))].key)
            return
        other = rows[max(0, min(row + across, len(rows) - 1))]
        self.hover(min(other, key=lambda mark: abs(mark.x - rows[row][at].x)).key)

    def rows(self) -> list[list[str]]:
        """Every point as a row: curve, both values, and whether it was measured."""
        made = [["curve", self.chart.x_title, self.chart.y_title, "state"]]
        for curve in self.chart.curves:
            state = "published" if curve.state == "imported" else curve.state
            made += [[curve.name, repr(mark.x), repr(mark.y), state] for mark in curve.marks]
        return [*made, *([r.title, repr(r.x), "", f"refused: {r.why}"] for r in self.chart.refusals)]


def _along(start: QPointF, stop: QPointF) -> list[QRectF]:
    """A line as small squares, in pixels: names keep clear of them."""
    steps = max(int(hypot(stop.x() - start.x(), stop.y() - start.y()) / LINE_STEP), 1)
    points = (start + (stop - start) * (n / steps) for n in range(1, steps))
    return [QRectF(p.x() - 2, p.y() - 2, 4, 4) for p in points]


def _is_named(curve: Curve) -> bool:
    """What was published has its name beside it; which of the measured ones is which, the legend says."""
    return curve.state == "imported" and bool(curve.marks)


def _spoken(at: Mark | Refusal) -> str:
    if isinstance(at, Refusal):
        return f"{at.title}: refused, {at.why}"
    return f"{at.title}: " + ", ".join(f"{name} {figure}" for name, figure in at.lines)


def _colour(curve: Curve) -> QColor:
    return theme.colour("muted") if curve.state == "imported" else curve.look.colour


def _aired(places: list[float], least: float) -> tuple[float, float]:
    low, high = min(places, default=0.0), max(places, default=1.0)
    air = max(AIR * (high - low), least)
    return low - air, high + air
