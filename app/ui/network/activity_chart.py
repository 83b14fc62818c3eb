"""Activity over the layers: of each a pale bar for the weights left, in it what is really needed, a dot for Act%."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen

from app import words
from app.activity_story import ActivityRow, share_words
from app.ui import theme
from app.ui.network.layer_chart import LayerChart, Told

FOOT, TOP = 18, 26  # px for the names below, the legend above
WIDEST = 54  # px of a bar, however few there are
DOT, PALE = 3.5, 0.28
NAMED = 52  # px that a layer needs to have its name below
LEGEND = (("pale", "weights left"), ("full", "operations needed"), ("dot", "activations not zero, handed on"))


class ActivityChart(LayerChart):
    """A kind that was chosen above stays in full colour, the others fade."""

    def __init__(self) -> None:
        super().__init__("Activity over the layers")
        self.layers: tuple[ActivityRow, ...] = ()
        self.kind = ""

    def sizeHint(self) -> QSize:
        return QSize(theme.px(520), theme.px(180))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(240), theme.px(110))

    def show_layers(self, layers: Sequence[ActivityRow]) -> None:
        self.layers = tuple(layers)
        self.show_again()

    def names(self) -> list[str]:
        return [row.layer for row in self.layers]

    def choose_kind(self, kind: str) -> None:
        """Fade all but this kind; "" none."""
        self.kind = kind
        self.update()

    def described(self) -> str:
        row = next((row for row in self.layers if row.layer == self.layer), None)
        shares = zip(("Act", "weights", "operations needed"), _shares(row), strict=True) if row else ()
        told = ", ".join(f"{name} {share_words(share)}" for name, share in shares)
        return f"{row.layer}, {told}" if row else ""

    # ---- where things lie

    def _y(self, share: float) -> float:
        top, floor = theme.px(TOP), self.height() - theme.px(FOOT)
        return floor - share * (floor - top)

    def bar_rect(self, place: int, share: float) -> QRectF:
        """A layer's bar, so high."""
        step = self.column_width()
        wide = min(max(step - min(step / 4, theme.px(12)), 0.7), theme.px(WIDEST))
        left = theme.px(self.axis) + (place + 0.5) * step - wide / 2
        top = self._y(share)
        return QRectF(left, top, wide, max(self._y(0) - top, 1.0))

    def dot_at(self, place: int) -> QPointF | None:
        """The middle of a layer's dot; None where Act% is not known."""
        act = self.layers[place].act
        return None if act is None else QPointF(self.bar_rect(place, 0).center().x(), self._y(act))

    # ---- painting

    def draw(self, painter: QPainter) -> None:
        self._paint_axis(painter)
        self._paint_bars(painter)
        self._paint_dots(painter)
        self._paint_foot(painter)
        self._paint_legend(painter)

    def _paint_axis(self, painter: QPainter) -> None:
        painter.setFont(theme.font(theme.CAPTION))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for share in (0.0, 0.5, 1.0):
            y = self._y(share)
            painter.setPen(theme.colour("line" if share == 0 else "grid"))
            painter.drawLine(QPointF(theme.px(self.axis), y), QPointF(self.width(), y))
            painter.setPen(theme.colour("muted"))
            painter.drawText(QRectF(0, y - 8, theme.px(self.axis - 8), 16), right, words.percent(share, 0))

    def _paint_bars(self, painter: QPainter) -> None:
        for place, row in enumerate(self.layers):
            painter.setOpacity(self._strength(row))
            full, pale = theme.colour(row.kind), theme.colour(row.kind)
            pale.setAlphaF(PALE)
            if row.weights is not None:
                painter.fillRect(self.bar_rect(place, row.weights), pale)
            if row.flops is not None:
                painter.fillRect(self.bar_rect(place, row.flops), full)
        painter.setOpacity(1.0)

    def _paint_dots(self, painter: QPainter) -> None:
        dots = [self.dot_at(place) for place in range(len(self.layers))]
        size = theme.px(1) * max(min(DOT, self.column_width() / 3), 1.0)
        for row, dot in zip(self.layers, dots, strict=True):
            if dot is not None:
                painter.setOpacity(self._strength(row))
                painter.setPen(QPen(theme.colour("surface"), 1.5))
                painter.setBrush(theme.colour("text"))
                painter.drawEllipse(dot, size, size)
        painter.setOpacity(1.0)

    def _strength(self, row: ActivityRow) -> float:
        return 0.3 if self.kind and row.kind != self.kind else 1.0

    def _paint_foot(self, painter: QPainter) -> None:
        """Names where there is room, else the two ends; a mark under the selected one, which is always named."""
        step, top, high = self.column_width(), self._y(0), theme.px(FOOT)
        painter.setFont(theme.font(theme.CAPTION))
        metrics = painter.fontMetrics()
        named = step >= theme.px(NAMED)
        for place, row in enumerate(self.layers):
            chosen = row.layer == self.layer
            left = theme.px(self.axis) + place * step
            if chosen:
                bar = self.bar_rect(place, 0)
                mark = QRectF(bar.left(), top + 1, max(bar.width(), 3.0), theme.px(3))
                painter.fillRect(mark, theme.colour("accent"))
            if named or chosen:
                shown = metrics.elidedText(row.layer, Qt.TextElideMode.ElideMiddle, int(step if named else 200) - 4)
                wide = metrics.horizontalAdvance(shown)
                x = min(max(left + step / 2 - wide / 2, theme.px(self.axis)), self.width() - wide)
                painter.setPen(theme.colour("text" if chosen else "muted"))
                painter.drawText(QRectF(x, top + theme.px(3), wide + 2, high - theme.px(3)), shown)
        if not named and self.layer not in [row.layer for row in self.layers]:
            self._paint_ends(painter)

    def _paint_ends(self, painter: QPainter) -> None:
        left = theme.px(self.axis)
        room = QRectF(left, self._y(0) + theme.px(3), self.width() - left, theme.px(FOOT - 3))
        painter.setPen(theme.colour("muted"))
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft, "first layer")
        painter.drawText(room, Qt.AlignmentFlag.AlignRight, "last layer")

    def _paint_legend(self, painter: QPainter) -> None:
        """What bar, filled part and dot mean, so that a picture of the chart says it too."""
        x, middle, side = float(theme.px(self.axis)), theme.px(8), theme.px(9)
        painter.setFont(theme.font(theme.CAPTION))
        kind = "conv" if any(row.kind == "conv" for row in self.layers) else "fc"
        for mark, text in LEGEND:
            box = QRectF(x, middle - side / 2, side, side)
            fill = theme.colour(kind)
            if mark == "dot":
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.colour("text"))
                painter.drawEllipse(box.center(), theme.px(1) * DOT, theme.px(1) * DOT)
            else:
                fill.setAlphaF(PALE if mark == "pale" else 1.0)
                painter.fillRect(box, fill)
            painter.setPen(theme.colour("muted"))
            wide = painter.fontMetrics().horizontalAdvance(text)
            left = QRectF(x + side + theme.px(6), 0, wide + 2, 2 * middle)
            painter.drawText(left, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
            x = left.right() + theme.px(16)

    def told(self, at: QPointF, place: int) -> Told:
        return told(self.layers[place])

    def rows(self) -> list[list[str]]:
        """Shares are 0 to 1; empty: not known."""
        head = ["layer", "operator", "kind", "act", "weights", "flops", "macs", "needed_macs"]
        return [
            head,
            *([row.layer, row.op, row.kind, *map(_plain, (*_shares(row), row.macs, row.needed_macs))]
              for row in self.layers),
        ]  # fmt: skip


def told(row: ActivityRow) -> Told:
    """A layer's three shares, for the card beside the mouse."""
    lines = [("Activations not zero", share_words(row.act)), ("Weights left", share_words(row.weights))]
    lines.append(("Operations needed", share_words(row.flops)))
    return row.layer, [*lines, ("", row.flops_words)] if row.flops_words else lines


def _shares(row: ActivityRow) -> tuple[float | None, float | None, float | None]:
    return row.act, row.weights, row.flops


def _plain(value: float | None) -> str:
    return "" if value is None else repr(value)
