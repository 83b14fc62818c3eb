"""How the heaviest layers add up: a bar a layer, the heaviest first, each as high as all up to it together."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app import words
from app.shares import Shares
from app.ui import theme

AXIS = 46  # px for the percentages
FADED = 0.35


class CumulativeBars(QWidget):
    """What a layer adds is drawn in its kind's colour, what those before it hold in a paler grey below it."""

    picked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.shares: Shares | None = None
        self.strong, self.share, self.layer = 0, 0.9, ""
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Cumulative share of the layers")

    def sizeHint(self) -> QSize:
        return QSize(theme.px(480), theme.px(96))

    def show_shares(self, shares: Shares, strong: int, share: float) -> None:
        """The line lies at `share` (0 to 1); the first `strong` layers reach it."""
        self.shares, self.strong, self.share = shares, strong, share
        reached = shares.cumulative()
        told = [f"{one.layer} {words.percent(sum_)}" for one, sum_ in zip(shares.layers[:8], reached, strict=False)]
        self.setAccessibleDescription(", ".join(told))
        self.update()

    def select(self, layer: str) -> None:
        self.layer = layer
        self.update()

    def rects(self) -> list[tuple[str, QRectF, QRectF]]:
        """For each layer its own part, and the part of those before it."""
        if self.shares is None or not self.shares.layers:
            return []
        left, height = theme.px(AXIS), self.height() - theme.px(8)
        step = (self.width() - left) / len(self.shares.layers)
        gap = min(2.0, step / 4)
        made, before = [], 0.0
        for place, one in enumerate(self.shares.layers):
            x, own = left + place * step, one.share * height
            top = theme.px(4) + height * (1 - before) - own
            made.append(
                (
                    one.layer,
                    QRectF(x, top, step - gap, max(own, 1.5)),
                    QRectF(x, top + own, step - gap, before * height),
                )
            )
            before += one.share
        return made

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        assert self.shares is not None or not self.rects()
        for place, ((layer, own, below), one) in enumerate(
            zip(self.rects(), self.shares.layers if self.shares else (), strict=True)
        ):
            fill, pale = theme.colour(one.kind), theme.colour("grid")
            if place >= self.strong:
                fill.setAlphaF(FADED)
            painter.fillRect(below, pale)
            painter.fillRect(own, fill)
            if layer == self.layer:
                painter.fillRect(
                    QRectF(own.x(), self.height() - theme.px(3), own.width(), theme.px(3)), theme.colour("accent")
                )
        self._line(painter)
        painter.end()

    def _line(self, painter: QPainter) -> None:
        height = self.height() - theme.px(8)
        y = theme.px(4) + height * (1 - self.share)
        painter.setPen(QPen(theme.colour("text"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(theme.px(AXIS), y), QPointF(self.width(), y))
        painter.setFont(theme.font(theme.CAPTION))
        painter.setPen(theme.colour("muted"))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for share in {0.0, self.share, 1.0} if 0.2 < self.share < 0.8 else {0.0, self.share}:
            at = theme.px(4) + height * (1 - share)
            room = QRectF(
                0, min(max(at - theme.px(8), 0), self.height() - theme.px(16)), theme.px(AXIS - 6), theme.px(16)
            )
            painter.drawText(room, right, words.percent(share, 0))

    def _at(self, x: float) -> int | None:
        for place, (_, own, _below) in enumerate(self.rects()):
            if own.left() <= x <= own.right():
                return place
        return None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._at(event.position().x())
        if place is not None and self.shares is not None:
            self.picked.emit(self.shares.layers[place].layer)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = self._at(event.position().x())
        if place is None or self.shares is None:
            QToolTip.hideText()
            return
        one, reached = self.shares.layers[place], self.shares.cumulative()[place]
        said = f"{one.layer}: {one.exact}, {words.percent(one.share)}\nWith those before it: {words.percent(reached)}"
        QToolTip.showText(event.globalPosition().toPoint(), said, self)
