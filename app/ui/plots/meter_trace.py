"""An external meter's readings over the run window: the trace is moved until its load lies where the run was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent

from app import words
from app.ui import theme
from app.ui.plots.base import Plot, QuietView

STEP, TENFOLD = 0.1, 10  # s: an arrow key's step; times with Shift
ZOOMS = {Qt.Key.Key_Up: 0.5, Qt.Key.Key_Down: 2.0}
TINT = 0.10  # opacity of the run window


class ShiftView(QuietView):
    """Dragging moves the data, not the view. `dragged` carries how far, in the axis's unit; the wheel zooms."""

    dragged = Signal(float)

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:
        if ev.button() != Qt.MouseButton.LeftButton:
            return
        ev.accept()
        self.dragged.emit(self.mapSceneToView(ev.scenePos()).x() - self.mapSceneToView(ev.lastScenePos()).x())


class MeterTrace(Plot):
    """`shifted` carries the seconds added to the meter's own. ← and → move by 0.1 s, with Shift by 1 s; ↑ and ↓ zoom
    on the run."""

    shifted = Signal(float)

    def __init__(self) -> None:
        view = ShiftView()
        super().__init__("Readings of the meter over the run", view=view)
        view.dragged.connect(lambda by: self._move(by))
        self.seconds: tuple[float, ...] = ()
        self.watts: tuple[float, ...] = ()
        self.run: tuple[float, float] | None = None
        self.offset = 0.0
        self.line = pg.PlotCurveItem()
        self.window_item = pg.LinearRegionItem(movable=False)
        self.window_item.setZValue(-5)
        self.run_words = pg.TextItem("run", anchor=(0, 0))
        self.bursts: list[pg.LinearRegionItem] = []
        for item in (self.window_item, self.line, self.run_words):
            self.put(item)
        self.name_axes("seconds of the profile", "watts, the meter")
        self.setCursor(Qt.CursorShape.SizeHorCursor)
        self.dress()

    def dress(self) -> None:
        tint = theme.colour("accent")
        tint.setAlphaF(TINT)
        self.window_item.setBrush(tint)
        for edge in self.window_item.lines:
            edge.setPen(pg.mkPen(theme.colour("accent")))
        self.line.setPen(pg.mkPen(theme.colour("text"), width=1))
        self._dress_bursts()
        self.run_words.setColor(theme.colour("accent"))
        self.run_words.setFont(theme.font(theme.CAPTION))

    def show_marker(self, bursts: Sequence[tuple[float, float]]) -> None:
        """Where the marker's bursts of load lie, in the profile's seconds: outlined, to lay the trace's over them."""
        for item in self.bursts:
            self.removeItem(item)
        self.bursts = [pg.LinearRegionItem(burst, movable=False) for burst in bursts]
        for item in self.bursts:
            item.setZValue(-6)
            self.put(item)
        self._dress_bursts()

    def _dress_bursts(self) -> None:
        for item in self.bursts:
            item.setBrush(pg.mkBrush(None))
            for edge in item.lines:
                edge.setPen(pg.mkPen(theme.colour("muted"), style=Qt.PenStyle.DashLine))

    def show_trace(self, seconds: Sequence[float], watts: Sequence[float], run: Sequence[float] | None) -> None:
        """The meter's own seconds and watts; `run`: where the run window lies, in the profile's seconds."""
        self.seconds, self.watts = tuple(seconds), tuple(watts)
        self.line.setData(list(seconds), list(watts))
        self.show_run(run)

    def show_run(self, run: Sequence[float] | None) -> None:
        self.run = (run[0], run[1]) if run is not None else None
        known = self.run is not None
        self.window_item.setVisible(known)
        self.run_words.setVisible(known)
        if self.run is not None:
            self.window_item.setRegion(self.run)
        self.fit_both()

    def show_offset(self, offset: float) -> None:
        """Move the trace there, without telling anyone."""
        self.offset = offset
        self.line.setPos(offset, 0)
        said = "no run window" if self.run is None else f"run from {self.run[0]:g} s to {self.run[1]:g} s"
        self.setAccessibleDescription(f"{len(self.seconds)} readings, moved by {shift_words(offset)}; {said}")

    def fit_both(self) -> None:
        """Show the run window and the whole trace."""
        if not self.seconds:
            return
        start, stop = self.seconds[0] + self.offset, self.seconds[-1] + self.offset
        first, last = self.run or (start, stop)
        low, high = min(start, first), max(stop, last)
        span = max(high - low, 1.0)
        least, most = min(self.watts), max(self.watts)
        air = 0.12 * (most - least) or 0.1 * abs(most) or 1.0
        length = self.seconds[-1] - self.seconds[0]
        self.view.hold((low - length - span, high + length + span), (min(least - air, 0.0), most + air))
        self.view.setXRange(low - 0.04 * span, high + 0.04 * span, padding=0)
        self.run_words.setPos(first, most + air)

    def fit(self) -> None:
        self.fit_both()

    def _move(self, by: float) -> None:
        self.show_offset(self.offset + by)
        self.shifted.emit(self.offset)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Right: STEP, Qt.Key.Key_Left: -STEP}.get(Qt.Key(event.key()), 0.0)
        if step:
            tenfold = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self._move(step * TENFOLD if tenfold else step)
        elif event.key() in ZOOMS:
            self._zoom(ZOOMS[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def _zoom(self, factor: float) -> None:
        """Show `factor` times as many seconds, with the run in the middle."""
        low, high = self.view.viewRange()[0]
        middle = sum(self.run) / 2 if self.run is not None else (low + high) / 2
        half = factor * (high - low) / 2
        self.view.setXRange(middle - half, middle + half, padding=0)

    def rows(self) -> list[list[str]]:
        head = ["seconds of the meter", "seconds of the profile", "W"]
        return [
            head,
            *([repr(s), repr(s + self.offset), repr(w)] for s, w in zip(self.seconds, self.watts, strict=True)),
        ]


def shift_words(offset: float) -> str:
    """+ 1.25 s, − 0.4 s."""
    sign = words.MINUS if offset < 0 else "+"
    return f"{sign} {abs(offset):.2f} s"
