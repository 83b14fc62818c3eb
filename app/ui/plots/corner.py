"""The corner of the trade-off where both limits hold: tinted, with words that say so."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFont

from app.ui import theme
from app.ui.plots.base import QuietView
from app.ui.plots.scatter_scene import Scene


class Corner(pg.QtWidgets.QGraphicsRectItem):
    """The tint. `words` is an item of its own, put into the plot beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.words = pg.TextItem("within both limits", anchor=(0, 0))
        self.setZValue(-10)
        self.setVisible(False)
        self.words.setVisible(False)

    def dress(self) -> None:
        tint = theme.colour("good")
        tint.setAlphaF(0.09)
        self.setBrush(tint)
        self.setPen(pg.mkPen(None))
        self.words.setColor(theme.colour("good"))
        self.words.setFont(theme.font(theme.CAPTION, QFont.Weight.Medium))

    def show_within(self, scene: Scene | None, x: float, y: float, view: QuietView) -> None:
        """Tint what lies on the right side of the limits `x` and `y`, as far as `view` goes. Both must be set."""
        both = scene is not None and scene.x.limit is not None and scene.y.limit is not None
        self.setVisible(both)
        self.words.setVisible(both)
        if not both or scene is None:
            return
        (x0, x1), (y0, y1) = view.viewRange()
        left, right = (x0, x) if scene.x.less_is_better else (x, x1)
        low, high = (y0, y) if scene.y.less_is_better else (y, y1)
        self.setRect(QRectF(left, low, max(right - left, 0.0), max(high - low, 0.0)))
        self.words.setVisible(right > left and high > low)
        self._place_words(scene, x, view)

    def _place_words(self, scene: Scene, pill: float, view: QuietView) -> None:
        """In the corner's upper or lower left, wherever they cover fewer markers and not the `pill` of the limit."""
        if not self.words.isVisible():
            return
        box = self.rect()
        x, y = view.viewPixelSize()
        size = self.words.textItem.boundingRect()
        wide, tall = size.width() * x, size.height() * y
        tops = (box.bottom(), box.bottom() - 30 * y, box.top() + tall)  # the scale goes up: bottom() is the upper edge

        def covered(top: float) -> float:
            under_pill = top > box.bottom() - 20 * y and box.left() + wide > pill - 45 * x
            place = QRectF(box.left() - 10 * x, top - tall - 10 * y, wide + 20 * x, tall + 20 * y)
            return sum(place.contains(QPointF(dot.x, dot.y)) for dot in scene.dots) + 2 * under_pill

        self.words.setPos(box.left(), min(tops, key=covered))
