"""Power over time: the rail that counts, the run window tinted, idle before and after; other rails where wanted."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent

from app import words
from app.ui import theme
from app.ui.plots.base import Plot
from app.ui.plots.hover_card import HoverCard
from profiler.power import PowerTrace

TINT = 0.10  # opacity of the run window
AIR = 0.12  # of the plot's height, above the largest value
LABEL_APART = 0.075  # of the plot's height: rails' names are pushed so far apart


def watts_words(watts: float | None) -> str:
    return words.not_measured if watts is None else f"{words.significant(watts)} W"


class Level(pg.PlotDataItem):
    """A level line over part of the time, with its words above it."""

    def __init__(self) -> None:
        super().__init__()
        self.words = pg.TextItem(anchor=(0, 1))

    def show_level(self, span: tuple[float, float], watts: float | None, said: str) -> None:
        known = watts is not None and span[1] > span[0]
        self.setVisible(known)
        self.words.setVisible(known)
        if watts is not None and known:
            self.setData(list(span), [watts, watts])
            self.words.setText(said)
            self.words.setPos(QPointF(span[0] + 0.01 * (span[1] - span[0]), watts))

    def dress(self, role: str) -> None:
        self.setPen(pg.mkPen(theme.colour(role), width=1.2, style=Qt.PenStyle.DashLine))
        self.words.setColor(theme.colour(role))
        self.words.setFont(theme.font(theme.CAPTION))


class PowerTracePlot(Plot):
    """← and → go from sample to sample (Shift: ten at a time); the card beside the cross has all rails."""

    def __init__(self) -> None:
        super().__init__("Power over time")
        self.power: PowerTrace | None = None
        self._device = ""
        self._at = -1
        self.rails: tuple[str, ...] = ()  # the shown ones, beside the one that counts
        self.window_item = pg.LinearRegionItem(movable=False)
        self.line, self.cross = pg.PlotDataItem(), pg.InfiniteLine(angle=90)
        self.before, self.after, self.mean = Level(), Level(), Level()
        self.run_words = pg.TextItem("run", anchor=(0, 0))
        self.rail_lines: dict[str, tuple[pg.PlotDataItem, pg.TextItem]] = {}
        for item in (self.window_item, self.line, self.before, self.after, self.mean, self.cross, self.run_words):
            self.put(item)
        for level in (self.before, self.after, self.mean):
            self.put(level.words)
        self.window_item.setZValue(-5)
        self.card = HoverCard(self)
        self.setMouseTracking(True)
        self.dress()
        self._hide_cross()

    def dress(self) -> None:
        tint = theme.colour("accent")
        tint.setAlphaF(TINT)
        self.window_item.setBrush(tint)
        for edge in self.window_item.lines:
            edge.setPen(pg.mkPen(theme.colour("line")))
        self.line.setPen(pg.mkPen(theme.colour("accent"), width=1.6))
        self.cross.setPen(pg.mkPen(theme.colour("muted"), width=1))
        self.before.dress("muted")
        self.after.dress("muted")
        self.mean.dress("text")
        self.run_words.setColor(theme.colour("muted"))
        self.run_words.setFont(theme.font(theme.CAPTION))
        for curve, name in self.rail_lines.values():
            curve.setPen(pg.mkPen(theme.colour("muted"), width=1.1))
            name.setColor(theme.colour("muted"))
            name.setFont(theme.font(theme.CAPTION))
        self.name_axes("seconds", f"watts, {self._device}" if self._device else "watts")

    # ------------------------------------------------------------------ showing

    def show_power(self, power: PowerTrace, device: str, rails: Collection[str] = ()) -> None:
        """`rails`: names of those to draw beside the one that counts. `device` stands at the axis."""
        self.power, self._device = power, device
        self.rails = tuple(rail.name for rail in power.rails if rail.name in rails)
        self._hide_cross()
        self.line.setData(list(power.seconds), list(power.watts))
        self._show_rails(power)
        top = max((*power.watts, *self._rail_values(power)), default=1.0) * (1 + AIR)
        first, last = power.seconds[0], max(power.seconds[-1], power.seconds[0] + 1e-3)
        self.view.hold((first, last), (0.0, top or 1.0))
        self.window_item.setRegion((power.run_start, power.run_stop))
        self.run_words.setPos(QPointF(power.run_start, top))
        self.before.show_level((first, power.run_start), power.idle_watts, f"idle {watts_words(power.idle_watts)}")
        after = power.idle_after_watts
        self.after.show_level((power.run_stop, last), after, f"idle {watts_words(after)}")
        mean = power.mean_watts
        self.mean.show_level((power.run_start, power.run_stop), mean, f"mean {watts_words(mean)}")
        self.setAccessibleDescription(self._described(power))
        self.dress()

    def _rail_values(self, power: PowerTrace) -> list[float]:
        shown = [rail for rail in power.rails if rail.name in self.rails]
        return [watts for rail in shown for watts in rail.watts if watts is not None]

    def _show_rails(self, power: PowerTrace) -> None:
        for curve, name in self.rail_lines.values():
            self.plotItem.removeItem(curve)  # type: ignore[union-attr]
            self.plotItem.removeItem(name)  # type: ignore[union-attr]
        self.rail_lines = {}
        ends: list[tuple[float, str]] = []
        for rail in power.rails:
            if rail.name not in self.rails:
                continue
            values = np.array([np.nan if watts is None else watts for watts in rail.watts], float)
            curve, name = pg.PlotDataItem(list(power.seconds), values, connect="finite"), pg.TextItem(anchor=(1, 1))
            name.setText(rail.name)
            self.put(curve)
            self.put(name)
            self.rail_lines[rail.name] = (curve, name)
            ends.append((mean_in_run(power, rail.watts), rail.name))
        apart = LABEL_APART * max((*power.watts, 1e-9))
        for y, name in pushed_apart(ends, apart):
            self.rail_lines[name][1].setPos(QPointF(power.run_stop, y))

    def _described(self, power: PowerTrace) -> str:
        return ", ".join(
            part
            for part in (
                f"{power.rail or 'power'} read by {power.source}",
                f"mean of the run {watts_words(power.mean_watts)}",
                f"idle {watts_words(power.idle_watts)} before",
                f"{watts_words(power.idle_after_watts)} after" if power.idle_after_watts is not None else "",
                f"run from {words.significant(power.run_start)} s to {words.significant(power.run_stop)} s",
            )
            if part
        )

    # ------------------------------------------------------------------ the cross

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        if self.power is not None:
            second = self.view.mapSceneToView(self.mapToScene(event.position().toPoint())).x()
            place = bisect_left(self.power.seconds, second)
            self._show_cross(min(place, len(self.power.seconds) - 1), event.position().toPoint())

    def pointer_left(self) -> None:
        self._hide_cross()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._hide_cross()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if not step or self.power is None:
            super().keyPressEvent(event)
            return
        step *= 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        last = len(self.power.seconds) - 1
        start = bisect_left(self.power.seconds, self.power.run_start)
        self._show_cross(min(max(self._at + step if self._at >= 0 else start, 0), last))

    def _show_cross(self, place: int, at: QPoint | None = None) -> None:
        power = self.power
        if power is None or not power.seconds:
            return
        self._at = place
        second, watts = power.seconds[place], power.watts[place]
        self.cross.setPos(second)
        self.cross.setVisible(True)
        lines = [(power.rail or "power", watts_words(watts))]
        lines += [(rail.name, watts_words(rail.watts[place])) for rail in power.rails]
        where = at or self.mapFromScene(self.view.mapViewToScene(QPointF(second, watts)))
        self.card.show_at(where, f"{words.significant(second)} s", lines)

    def _hide_cross(self) -> None:
        self._at = -1
        self.cross.setVisible(False)
        self.card.hide()

    # ------------------------------------------------------------------ files

    def rows(self) -> list[list[str]]:
        """Every sample of every rail, also of those not shown, and whether it fell into the run."""
        power = self.power
        if power is None:
            return [["seconds", "watts"]]
        head = ["seconds", f"{power.rail or 'power'} (W)", *(f"{rail.name} (W)" for rail in power.rails), "in the run"]
        made = [head]
        for place, (second, watts) in enumerate(zip(power.seconds, power.watts, strict=True)):
            others = ["" if rail.watts[place] is None else repr(rail.watts[place]) for rail in power.rails]
            inside = power.run_start <= second <= power.run_stop
            made.append([repr(second), repr(watts), *others, "yes" if inside else "no"])
        return made


def mean_in_run(power: PowerTrace, watts: Sequence[float | None]) -> float:
    """Where a rail's line runs while the network does; 0 where it was not read then."""
    inside = [
        value
        for second, value in zip(power.seconds, watts, strict=True)
        if value is not None and power.run_start <= second <= power.run_stop
    ]
    return sum(inside) / len(inside) if inside else 0.0


def pushed_apart(ends: Sequence[tuple[float, str]], least: float) -> list[tuple[float, str]]:
    """(y, name) from below, each at least so far above the one before."""
    placed: list[tuple[float, str]] = []
    for y, name in sorted(ends):
        placed.append((max(y, placed[-1][0] + least) if placed else y, name))
    return placed
