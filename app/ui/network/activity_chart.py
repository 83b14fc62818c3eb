"""Activity over the layers: of each a pale bar for the weights left, in it what is really needed, a dot for Act%."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import words
from app.activity_story import ActivityRow, share_words
from app.ui import theme
from app.ui.plots.hover_card import HoverCard

AXIS, FOOT, TOP = 46, 18, 26  # px for the percentages at the left, the names below, the legend above
WIDEST = 54  # px of a bar, however few there are
DOT, PALE = 3.5, 0.28
NAMED = 52  # px that a layer needs to have its name below
LEGEND = (("pale", "weights left"), ("full", "operations needed"), ("dot", "activations not zero, handed on"))


class ActivityChart(QWidget):
    """`picked(layer)` by click or arrow keys, `opened(layer)` by double click or Return."""

    picked = Signal(str)
    opened = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.layers: tuple[ActivityRow, ...] = ()
        self.layer, self.kind = "", ""
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Activity over the layers")
        self.hover = HoverCard(self)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(520), theme.px(180))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(240), theme.px(110))

    def show_layers(self, layers: Sequence[ActivityRow]) -> None:
        self.layers = tuple(layers)
        self._say()
        self.update()

    def select(self, layer: str) -> None:
        self.layer = layer
        self._say()
        self.update()

    def choose_kind(self, kind: str) -> None:
        """Fade all but this kind; "" none."""
        self.kind = kind
        self.update()

    def _say(self) -> None:
        row = next((row for row in self.layers if row.layer == self.layer), None)
        shares = zip(("Act", "weights", "operations needed"), _shares(row), strict=True) if row else ()
        told = ", ".join(f"{name} {share_words(share)}" for name, share in shares)
        self.setAccessibleDescription(f"{row.layer}, {told}" if row else "")

    # ---- where things lie

    def _step(self) -> float:
        return (self.width() - theme.px(AXIS)) / max(len(self.layers), 1)

    def _y(self, share: float) -> float:
        top, floor = theme.px(TOP), self.height() - theme.px(FOOT)
        return floor - share * (floor - top)

    def bar_rect(self, place: int, share: float) -> QRectF:
        """A layer's bar, so high."""
        step = self._step()
        wide = min(max(step - min(step / 4, theme.px(12)), 0.7), theme.px(WIDEST))
        left = theme.px(AXIS) + (place + 0.5) * step - wide / 2
        top = self._y(share)
        return QRectF(left, top, wide, max(self._y(0) - top, 1.0))

    def dot_at(self, place: int) -> QPointF | None:
        """The middle of a layer's dot; None where Act% is not known."""
        act = self.layers[place].act
        return None if act is None else QPointF(self.bar_rect(place, 0).center().x(), self._y(act))

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.layers:
            self._paint_axis(painter)
            self._paint_bars(painter)
            self._paint_dots(painter)
            self._paint_foot(painter)
            self._paint_legend(painter)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("accent"), theme.px(theme.RING)))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def _paint_axis(self, painter: QPainter) -> None:
        painter.setFont(theme.font(theme.CAPTION))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for share in (0.0, 0.5, 1.0):
            y = self._y(share)
            painter.setPen(theme.colour("line" if share == 0 else "grid"))
            painter.drawLine(QPointF(theme.px(AXIS), y), QPointF(self.width(), y))
            painter.setPen(theme.colour("muted"))
            painter.drawText(QRectF(0, y - 8, theme.px(AXIS - 8), 16), right, words.percent(share, 0))

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
        size = theme.px(1) * max(min(DOT, self._step() / 3), 1.0)
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
        step, top, high = self._step(), self._y(0), theme.px(FOOT)
        painter.setFont(theme.font(theme.CAPTION))
        metrics = painter.fontMetrics()
        named = step >= theme.px(NAMED)
        for place, row in enumerate(self.layers):
            chosen = row.layer == self.layer
            left = theme.px(AXIS) + place * step
            if chosen:
                bar = self.bar_rect(place, 0)
                mark = QRectF(bar.left(), top + 1, max(bar.width(), 3.0), theme.px(3))
                painter.fillRect(mark, theme.colour("accent"))
            if named or chosen:
                shown = metrics.elidedText(row.layer, Qt.TextElideMode.ElideMiddle, int(step if named else 200) - 4)
                wide = metrics.horizontalAdvance(shown)
                x = min(max(left + step / 2 - wide / 2, theme.px(AXIS)), self.width() - wide)
                painter.setPen(theme.colour("text" if chosen else "muted"))
                painter.drawText(QRectF(x, top + theme.px(3), wide + 2, high - theme.px(3)), shown)
        if not named and self.layer not in [row.layer for row in self.layers]:
            self._paint_ends(painter)

    def _paint_ends(self, painter: QPainter) -> None:
        left = theme.px(AXIS)
        room = QRectF(left, self._y(0) + theme.px(3), self.width() - left, theme.px(FOOT - 3))
        painter.setPen(theme.colour("muted"))
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft, "first layer")
        painter.drawText(room, Qt.AlignmentFlag.AlignRight, "last layer")

    def _paint_legend(self, painter: QPainter) -> None:
        """What bar, filled part and dot mean, so that a picture of the chart says it too."""
        x, middle, side = float(theme.px(AXIS)), theme.px(8), theme.px(9)
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

    # ---- mouse and keys

    def _place(self, x: float) -> int | None:
        place = int((x - theme.px(AXIS)) // self._step()) if x >= theme.px(AXIS) else -1
        return place if 0 <= place < len(self.layers) else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._place(event.position().x())
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(self.layers[place].layer)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        place = self._place(event.position().x())
        if place is not None:
            self.opened.emit(self.layers[place].layer)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        place = self._place(at.x())
        if place is None:
            self.hover.hide()
            return
        self.hover.show_at(QPoint(int(at.x()), int(at.y())), *told(self.layers[place]))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.hover.hide()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys, key = Qt.Key, Qt.Key(event.key())
        step = {keys.Key_Right: 1, keys.Key_Left: -1, keys.Key_Down: 1, keys.Key_Up: -1}.get(key, 0)
        if step and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            self.step(step)
        elif key in (keys.Key_Return, keys.Key_Enter) and not event.modifiers() and self.layer:
            self.opened.emit(self.layer)
        else:
            super().keyPressEvent(event)

    def step(self, by: int) -> None:
        """To the next layer of the table, or the one before."""
        names = [row.layer for row in self.layers]
        if names:
            place = names.index(self.layer) + by if self.layer in names else 0
            self.picked.emit(names[max(0, min(place, len(names) - 1))])

    def rows(self) -> list[list[str]]:
        """Shares are 0 to 1; empty: not known."""
        head = ["layer", "operator", "kind", "act", "weights", "flops", "macs", "needed_macs"]
        return [
            head,
            *([row.layer, row.op, row.kind, *map(_plain, (*_shares(row), row.macs, row.needed_macs))]
              for row in self.layers),
        ]  # fmt: skip


def told(row: ActivityRow) -> tuple[str, list[tuple[str, str]]]:
    """A layer's three shares, for the card beside the mouse."""
    lines = [("Activations not zero", share_words(row.act)), ("Weights left", share_words(row.weights))]
    lines.append(("Operations needed", share_words(row.flops)))
    return row.layer, [*lines, ("", row.flops_words)] if row.flops_words else lines


def _shares(row: ActivityRow) -> tuple[float | None, float | None, float | None]:
    return row.act, row.weights, row.flops


def _plain(value: float | None) -> str:
    return "" if value is None else repr(value)
