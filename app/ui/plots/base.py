"""What all plots share: their looks, zooming, and getting a picture out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent

from app.ui import theme
from app.ui.parts.focus_ring import paint_ring

MOST_TICKS = 6


class QuietAxis(pg.AxisItem):
    """An axis without tick marks, with at most six ticks, whose grid is a hairline. `words` writes a tick's value."""

    def __init__(self, side: str, words: Callable[[float], str] | None = None) -> None:
        self._words = words
        super().__init__(side)
        self.enableAutoSIPrefix(False)
        self.setStyle(
            tickLength=0, maxTickLevel=0, tickTextOffset=theme.px(6), hideOverlappingLabels=False, tickAlpha=255
        )
        self.setTickFont(theme.font(theme.CAPTION))

    def set_words(self, words: Callable[[float], str] | None) -> None:
        self._words = words
        self.picture = None
        self.update()

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        if self._words is None:
            return [text.replace("-", "−") for text in super().tickStrings(list(values), scale, spacing)]
        return [self._words(value) for value in values]

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:
        if not maxVal > minVal:
            return []
        room = max(3, min(MOST_TICKS, int(size / theme.px(90 if self.orientation == "bottom" else 48))))
        return [(round_step((maxVal - minVal) / room), 0)]

    def dress(self) -> None:
        """Take the colours of the theme in force."""
        self.setPen(pg.mkPen(theme.colour("line")))
        self.setTickPen(pg.mkPen(theme.colour("grid")))
        self.setTextPen(pg.mkPen(theme.colour("muted")))
        if self.labelText:
            self.name(self.labelText)

    def name(self, text: str) -> None:
        """The axis's title: what, unit, statistic, device."""
        style = {"font-size": f"{theme.px(theme.CAPTION)}px", "color": theme.current().muted}
        self.setLabel(text, **style)  # type: ignore[arg-type]


def round_step(least: float) -> float:
    """The smallest of 1, 2, 5 · 10ⁿ that is not less."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * step for step in (1, 2, 5, 10, 20) if power * step >= least * (1 - 1e-9))


def decimals_of(step: float) -> int:
    """How many decimals tell ticks apart."""
    return max(0, -math.floor(math.log10(step) + 1e-9))


class QuietView(pg.ViewBox):
    """Wheel zooms, drag pans, double click fits. What is shown stays where the data are."""

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self.setDefaultPadding(0.0)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()
        self.fit()

    def fit(self) -> None:
        limits = self.state["limits"]
        (x0, x1), (y0, y1) = limits["xLimits"], limits["yLimits"]
        self.setRange(xRange=(x0, x1), yRange=(y0, y1), padding=0)

    def hold(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        """Show this range, and never more than it."""
        self.setLimits(xMin=x[0], xMax=x[1], yMin=y[0], yMax=y[1])
        self.fit()


class Plot(pg.PlotWidget):
    """One plot in the window's looks. `name` is what assistive technology calls it."""

    resized = Signal()
    _ready = False  # Qt may tell of a change of palette before there is anything to colour

    def __init__(
        self,
        name: str,
        x_axis: QuietAxis | None = None,
        y_axis: QuietAxis | None = None,
        view: QuietView | None = None,
    ) -> None:
        """The axes are plain ones unless others are given (`plots.log_axis`), and so is the view."""
        self.view = view or QuietView()
        self.x_axis, self.y_axis = x_axis or QuietAxis("bottom"), y_axis or QuietAxis("left")
        super().__init__(viewBox=self.view, axisItems={"bottom": self.x_axis, "left": self.y_axis})
        self.setAccessibleName(name)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setFrameShape(self.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAntialiasing(True)
        for axis in (self.x_axis, self.y_axis):
            axis.setGrid(255)
            axis.setZValue(-1)  # the grid lies under the data
        self.plotItem.layout.setContentsMargins(*[theme.px(p) for p in (4, 6, 14, 4)])  # type: ignore[union-attr]
        self._dress()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._ready:
            self._dress()
            self.dress()

    def _dress(self) -> None:
        self.setBackground(theme.colour("surface"))
        self.x_axis.dress()
        self.y_axis.dress()
        self._ready = True

    def dress(self) -> None:
        """Give the plot's own items the theme's colours."""

    def name_axes(self, x: str, y: str) -> None:
        self.x_axis.name(x)
        self.y_axis.name(y)

    def put(self, item: object) -> None:
        """Draw an item; it has no say in what range is shown."""
        self.plotItem.addItem(item, ignoreBounds=True)  # type: ignore[union-attr]

    def fit(self) -> None:
        self.view.fit()

    def sizeHint(self) -> QSize:
        return QSize(theme.px(320), theme.px(160))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(160), theme.px(90))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self.viewport())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint_ring(painter, self.viewport().rect(), theme.px(theme.RADIUS))
            painter.end()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.pointer_left()

    def pointer_left(self) -> None:
        """The mouse is no longer over the plot."""
