"""Where a layer's weights are zero, as a picture: outputs down, inputs across; a shade for what a block has left."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QLinearGradient, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import words
from app.pattern import Pattern
from app.ui import theme
from app.ui.plots.base import Plot
from app.ui.plots.hover_card import HoverCard
from profiler.breakdown import Kind

FAINTEST = 0.22  # of the layer's colour, for a block with hardly anything left: it must not look like none


class PatternPicture(Plot):
    """Wheel zooms, drag pans, double click fits. The mouse, or the arrow keys, name what is at a spot."""

    def __init__(self) -> None:
        super().__init__("Pattern of zeros")
        self.shown: Pattern | None = None
        self.layer: tuple[str, str] = ("", "")  # of which candidate and layer it is
        self._kind: Kind = "other"
        self._spot: tuple[int, int] | None = None
        self._named = ""
        self.image = pg.ImageItem(axisOrder="row-major")
        self.addItem(self.image)
        self.ring = pg.QtWidgets.QGraphicsRectItem()
        self.ring.setZValue(20)
        self.put(self.ring)
        self.ring.hide()
        self.card = HoverCard(self)
        self.view.invertY(True)
        for axis in (self.x_axis, self.y_axis):
            axis.setGrid(False)
            axis.set_words(lambda value: words.three_digits(round(value)) if value >= 0 else "")
        cast(Any, self.scene()).sigMouseMoved.connect(self._hover)
        self.dress()

    def dress(self) -> None:
        self.ring.setPen(pg.mkPen(theme.colour("accent"), width=2, cosmetic=True))
        self._paint()

    @property
    def most(self) -> float:
        """The largest share that a spot has left: the end of the scale."""
        return 0.0 if self.shown is None else float(self.shown.shares.max(initial=0)) / 255

    def show_pattern(self, pattern: Pattern, layer: str, kind: Kind) -> None:
        fresh = self.shown is None or (pattern.rows, pattern.columns) != (self.shown.rows, self.shown.columns)
        self.shown, self._kind = pattern, kind
        if fresh or self._named != layer:
            self._named = layer
            self.name_axes(f"input × kernel of {layer}" if pattern.kernel > 1 else f"input of {layer}", "output")
            self.view.hold((0, pattern.columns), (0, pattern.rows))
            self._pick(None)
        self._paint()
        self.setAccessibleDescription(f"{layer}: {summary(pattern)}")

    def _paint(self) -> None:
        if self.shown is None:
            return
        self.image.setImage(self.shown.shares, autoLevels=False, levels=(0, 255))
        self.image.setLookupTable(self._shades())
        self.image.setRect(QRectF(0, 0, self.shown.columns, self.shown.rows))

    def _shades(self) -> np.ndarray:
        """256 colours: zero is the track's grey, then from faint to full at the largest share there is."""
        ground, full = theme.colour("surface"), theme.colour(self._kind)
        part = np.clip(np.arange(256) / max(255 * self.most, 1), 0, 1)
        part = np.where(np.arange(256) == 0, 0.0, FAINTEST + (1 - FAINTEST) * part)[:, None]
        low, high = (np.array([c.red(), c.green(), c.blue()], float) for c in (ground, full))
        return (low + (high - low) * part).round().astype(np.ubyte)

    # ------------------------------------------------------------------ naming a spot

    def _hover(self, scene: QPointF) -> None:
        if self.shown is None or not self.view.sceneBoundingRect().contains(scene):
            self.pointer_left()
            return
        at = self.view.mapSceneToView(scene)
        self._pick(self._spot_at(at.x(), at.y()))

    def _spot_at(self, x: float, y: float) -> tuple[int, int] | None:
        assert self.shown is not None
        high, wide = self.shown.shares.shape
        row, column = int(y * high / self.shown.rows), int(x * wide / self.shown.columns)
        return (row, column) if 0 <= row < high and 0 <= column < wide else None

    def _pick(self, spot: tuple[int, int] | None) -> None:
        self._spot = spot
        self.ring.setVisible(spot is not None)
        if spot is None or self.shown is None:
            self.card.hide()
            return
        rows, columns = self.shown.spot(*spot)
        self.ring.setRect(QRectF(columns.start, rows.start, len(columns), len(rows)))
        title, lines = spot_words(self.shown, *spot)
        middle = self.view.mapViewToScene(QPointF(columns.start + len(columns) / 2, rows.start + len(rows) / 2))
        self.card.show_at(self.mapFromScene(middle), title, lines)
        self.setAccessibleDescription(", ".join([title, *(" ".join(line) for line in lines)]))

    def pointer_left(self) -> None:
        self._pick(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        by = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}
        if self.shown is None or event.key() not in by:
            super().keyPressEvent(event)
            return
        tenfold = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        row, column = self._spot or (0, 0)
        down, across = by[Qt.Key(event.key())]
        high, wide = self.shown.shares.shape
        row, column = row + tenfold * down, column + tenfold * across
        self._pick((max(0, min(row, high - 1)), max(0, min(column, wide - 1))))

    def rows(self) -> list[list[str]]:
        """The shares that are left, row by row, as they are drawn."""
        if self.shown is None:
            return []
        wide = self.shown.shares.shape[1]
        head = ["output", *(str(self.shown.spot(0, n)[1].start) for n in range(wide))]
        shares = self.shown.shares / 255
        return [head, *([str(self.shown.spot(n, 0)[0].start), *(f"{v:.3g}" for v in r)] for n, r in enumerate(shares))]


def summary(pattern: Pattern) -> str:
    """`9.00 % stay · 12 of 500 outputs and 3 of 800 inputs empty · a spot is 8 × 12 weights`."""
    high, wide = pattern.block
    inputs = pattern.columns // pattern.kernel
    parts = [
        f"{words.percent(pattern.share)} stay",
        f"{words.exact(pattern.empty_rows)} of {words.plural(pattern.rows, 'output')} "
        f"and {words.exact(pattern.empty_inputs)} of {words.plural(inputs, 'input')} empty",
    ]
    if high * wide > 1:
        parts.append(f"a spot is up to {high} × {wide} weights")
    return "  ·  ".join(parts)


def spot_words(pattern: Pattern, row: int, column: int) -> tuple[str, list[tuple[str, str]]]:
    """What a spot is: a weight, or a block with the share that is left."""
    rows, columns = pattern.spot(row, column)
    kernel = pattern.kernel
    lines = [("output", _from_to(rows)), ("input", _from_to(range(columns[0] // kernel, columns[-1] // kernel + 1)))]
    share = float(pattern.shares[row, column]) / 255
    if len(rows) * len(columns) == 1:
        if kernel > 1:
            lines.append(("in the kernel", f"{columns[0] % kernel + 1} of {kernel}"))
        return ("stays" if share else "zero"), lines
    return f"{words.percent(share)} of {words.exact(len(rows) * len(columns))} weights stay", lines


def _from_to(numbers: range) -> str:
    first, last = numbers[0], numbers[-1]
    return words.exact(first) if first == last else f"{words.exact(first)} – {words.exact(last)}"


class PatternLegend(QWidget):
    """From zero to the largest share there is."""

    def __init__(self) -> None:
        super().__init__()
        self._most, self._kind = 1.0, "other"
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_scale(self, most: float, kind: str) -> None:
        self._most, self._kind = most, kind
        self.setAccessibleName(f"Legend: empty is zero, full colour is {words.percent(most)} left")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme.px(190), theme.px(20))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font(theme.CAPTION))
        side, middle = theme.px(10), self.height() / 2
        painter.setPen(QPen(theme.colour("muted"), 1))
        painter.setBrush(theme.colour("surface"))
        painter.drawRect(QRectF(0.5, middle - side / 2, side, side))
        bar = QRectF(theme.px(52), middle - side / 2, theme.px(56), side)
        shades = QLinearGradient(bar.topLeft(), bar.topRight())
        full = theme.colour(self._kind)
        faint = theme.colour(self._kind)
        faint.setAlphaF(FAINTEST)
        shades.setColorAt(0, faint)
        shades.setColorAt(1, full)
        painter.fillRect(bar, shades)
        painter.setPen(theme.colour("muted"))
        align = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.rect().adjusted(theme.px(15), 0, 0, 0), align, "zero")
        painter.drawText(self.rect().adjusted(theme.px(114), 0, 0, 0), align, f"{words.percent(self._most)} stay")
