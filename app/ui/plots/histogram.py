"""How a layer's weights are spread, with the threshold that prunes them, or the values they share.

Both are dragged, typed, or moved with the arrow keys.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter, QPicture

from app import words
from app.ui import theme
from app.ui.plots.base import Plot
from app.ui.plots.handle import Handle
from app.ui.plots.value_marks import ValueMarks
from profiler.breakdown import Kind
from profiler.histogram import WeightHistogram


@dataclass(frozen=True)
class Bars:
    """What is drawn: bins, how many weights lie in each, and the magnitude up to which they go."""

    edges: np.ndarray
    counts: np.ndarray
    threshold: float


class _Columns(pg.GraphicsObject):
    """The bins: full colour outside the threshold, faded inside it."""

    def __init__(self) -> None:
        super().__init__()
        self._bars: Bars | None = None
        self._picture = QPicture()
        self.stays, self.goes = QColor(), QColor()

    def show_bars(self, bars: Bars) -> None:
        self._bars = bars
        self._draw()

    def _draw(self) -> None:
        self._picture = QPicture()
        if self._bars is not None:
            painter = QPainter(self._picture)
            painter.setPen(Qt.PenStyle.NoPen)
            for low, high, count in self._pieces(self._bars):
                painter.setBrush(self.goes if max(abs(low), abs(high)) <= self._bars.threshold else self.stays)
                painter.drawRect(QRectF(low, 0, high - low, count))
            painter.end()
        self.update()

    @staticmethod
    def _pieces(bars: Bars) -> list[tuple[float, float, float]]:
        """Columns, with the one the threshold falls in cut in two, so that the colour changes under the line."""
        gap = 0.14 * float(bars.edges[1] - bars.edges[0])
        pieces: list[tuple[float, float, float]] = []
        for low, high, count in zip(bars.edges[:-1], bars.edges[1:], bars.counts, strict=True):
            cuts = [at for at in (-bars.threshold, bars.threshold) if low + gap < at < high]
            at = [float(low) + gap, *cuts, float(high)]
            if count:
                pieces += [(a, b, float(count)) for a, b in itertools.pairwise(at)]
        return pieces

    def recolour(self, stays: QColor, goes: QColor) -> None:
        self.stays, self.goes = stays, goes
        self._draw()

    def boundingRect(self) -> QRectF:
        if self._bars is None:
            return QRectF()
        edges = self._bars.edges
        return QRectF(float(edges[0]), 0, float(edges[-1] - edges[0]), float(self._bars.counts.max(initial=1)))

    def paint(self, painter: QPainter, *_: Any) -> None:
        self._picture.play(painter)


class Histogram(Plot):
    """`…_moved` follows the hand; `…_settled` comes when it is let go or a key was pressed. A shared value is told by
    its place among the rising ones, and where it is now."""

    threshold_moved = Signal(float)
    threshold_settled = Signal(float)
    value_moved = Signal(int, float)
    value_settled = Signal(int, float)
    value_picked = Signal(int)

    def __init__(self) -> None:
        super().__init__("Histogram of weights with the pruning threshold")
        self.shown: WeightHistogram | None = None
        self._kind: Kind = "other"
        self._top = 1.0
        self.threshold = 0.0
        self.columns = _Columns()
        self.addItem(self.columns)
        self.left = self._handle(lambda value: words.significant(value, 2))
        self.right = self._handle(lambda value: "+" + words.significant(abs(value), 2))
        self.marks = ValueMarks()
        self.members: tuple[int, ...] = ()
        self.put(self.marks)
        self.marks.moved.connect(self.value_moved)
        self.marks.settled.connect(self.value_settled)
        self.marks.picked.connect(self.value_picked)
        self.share = pg.TextItem(anchor=(0.5, 0.5))
        self.share.setZValue(25)
        self.put(self.share)
        self.view.setMouseEnabled(x=True, y=False)
        self.y_axis.set_words(lambda value: words.three_digits(round(value)) if value else "0")
        self.view.sigRangeChanged.connect(self._place_share)
        self.view.sigResized.connect(self._place_pills)
        self.dress()

    def _handle(self, said: Callable[[float], str]) -> Handle:
        made = Handle(vertical=True, words=said, place=0.93)
        made.moved.connect(lambda value: self._pull(made, value, self.threshold_moved))
        made.settled.connect(lambda value: self._pull(made, value, self.threshold_settled))
        self.put(made)
        return made

    def dress(self) -> None:
        fill = theme.colour(self._kind)
        faded = QColor(fill)
        faded.setAlphaF(0.3)
        self.columns.recolour(fill, faded)
        for handle in (self.left, self.right):
            handle.dress("accent", filled=True)
        self.share.setColor(theme.colour("text"))
        self.marks.dress()

    def show_histogram(self, histogram: WeightHistogram, kind: Kind, threshold: float) -> None:
        """Show a layer's weights; `kind` gives the colour."""
        self.shown, self._kind = histogram, kind
        reach = max(abs(histogram.edges[0]), abs(histogram.edges[-1])) or 1.0
        self._top = 1.12 * max(1, *histogram.counts)
        self.view.hold((-reach, reach), (0.0, self._top))
        self.name_axes(f"weight of {histogram.layer}", "weights")
        self.set_threshold(threshold)
        self.dress()

    def set_cutting(self, cutting: bool) -> None:
        """Whether this layer is pruned at all: without, there is no line to drag."""
        for item in (self.left, self.right, self.left.pill, self.right.pill, self.share):
            item.setVisible(cutting)

    def set_values(
        self, values: Sequence[float], members: Sequence[int] = (), *, movable: bool = False, place: int = -1
    ) -> None:
        """The values that weights share, and how many take each; none: nothing is drawn."""
        self.members = tuple(members)
        self.marks.show_values(values, movable, place)
        if movable and 0 <= self.marks.place < len(values) and self.shown is not None:
            at, of = self.marks.place, len(values)
            taken = f", taken by {words.exact(members[at])} weights" if at < len(members) else ""
            value = words.significant(values[at])
            self.setAccessibleDescription(f"{self.shown.layer}, shared value {at + 1} of {of}: {value}{taken}")

    def set_threshold(self, threshold: float) -> None:
        """Weights up to this magnitude go."""
        self.threshold = abs(threshold)
        self.left.put(-self.threshold)
        self.right.put(self.threshold)
        if self.shown is None:
            return
        self.columns.show_bars(Bars(np.array(self.shown.edges), np.array(self.shown.counts), self.threshold))
        gone = words.percent(self.shown.share_below(self.threshold))
        self.share.setText(f"{gone} go")
        self.share.setFont(theme.font(theme.TABLE, QFont.Weight.Medium))
        self._place_share()
        self.setAccessibleDescription(
            f"{self.shown.layer}, threshold {words.significant(self.threshold)}, {gone} of the weights go"
        )

    def _place_pills(self, *_: object) -> None:
        """Near the top, and whole in a low window too."""
        place = min(0.93, 1 - theme.px(16) / max(self.view.height(), theme.px(32)))
        for handle in (self.left, self.right):
            handle.pill.setPosition(place)
        self._place_share()

    def _place_share(self, *_: object) -> None:
        """Between the pills where there is room, else to their right."""
        (x0, x1), (y0, y1) = self.view.viewRange()
        per_pixel = (x1 - x0) / max(self.view.width(), 1)
        middle = 0.0 if 2 * self.threshold > 150 * per_pixel else self.threshold + 80 * per_pixel
        self.share.setPos(middle, y0 + self.right.pill.orthoPos * (y1 - y0))

    def _pull(self, handle: Handle, value: float, tell: Any) -> None:
        reach = abs(self.shown.edges[-1]) if self.shown else 1.0
        outward = -value if handle is self.left else value
        threshold = min(max(outward, 0.0), reach)
        other = self.right if handle is self.left else self.left
        handle.setValue(-threshold if handle is self.left else threshold)
        other.setValue(threshold if handle is self.left else -threshold)
        self.set_threshold(threshold)
        tell.emit(threshold)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        others = {Qt.Key.Key_Down: -1, Qt.Key.Key_Up: 1}
        if self.marks.movable and event.key() in others:
            place = self.marks.place + others[Qt.Key(event.key())]
            self.value_picked.emit(max(0, min(place, self.marks.values.size - 1)))
            return
        if self.shown is None or event.key() not in steps or not (self.left.isVisible() or self.marks.movable):
            super().keyPressEvent(event)
            return
        tenfold = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        reach = abs(self.shown.edges[-1])
        if self.marks.movable:
            place = max(self.marks.place, 0)
            by = steps[Qt.Key(event.key())] * tenfold * reach / 1000
            self.value_settled.emit(place, float(self.marks.values[place]) + by)
            return
        moved = self.threshold + steps[Qt.Key(event.key())] * tenfold * reach / 200
        self.set_threshold(min(max(moved, 0.0), reach))
        self.threshold_settled.emit(self.threshold)

    def rows(self) -> list[list[str]]:
        """The bins as a table: from, to, weights; below it the shared values, where there are some."""
        if self.shown is None:
            return []
        bins = zip(self.shown.edges[:-1], self.shown.edges[1:], self.shown.counts, strict=True)
        rows = [["from", "to", "weights"], *([repr(a), repr(b), str(n)] for a, b, n in bins)]
        if self.members:
            shared = zip(self.marks.values.tolist(), self.members, strict=True)
            rows += [[], ["shared value", "weights"], *([repr(value), str(n)] for value, n in shared)]
        return rows
