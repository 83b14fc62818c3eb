"""The layers as tiles, as large as their share. Click picks one; the arrow keys go to the next larger or smaller."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import words
from app.shares import LayerShare, Shares
from app.treemap import Tile, tiles
from app.ui import theme
from app.ui.parts.focus_ring import paint_ring
from app.ui.plots.hover_card import HoverCard

GAP = 2.0  # px between tiles
FADED = 0.35  # what is not among the heaviest keeps this much of its colour


class Treemap(QWidget):
    """`picked(layer)` by click or key, `opened(layer)` by double click or Return."""

    picked = Signal(str)
    opened = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.shares: Shares | None = None
        self.strong, self.layer, self.kind = 0, "", ""
        self._tiles: list[Tile] = []
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Treemap of the layers")
        self.hover = HoverCard(self)

    def sizeHint(self) -> QSize:
        return QSize(theme.px(480), theme.px(260))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(200), theme.px(120))

    # ---- what is shown

    def show_shares(self, shares: Shares, strong: int) -> None:
        """The tiles; the first `strong` of them in full colour."""
        self.shares, self.strong = shares, strong
        self._lay_out()
        self._say()

    def select(self, layer: str) -> None:
        self.layer = layer
        self._say()
        self.update()

    def choose_kind(self, kind: str) -> None:
        """Fade all but this kind; "" none."""
        self.kind = kind
        self.update()

    def _say(self) -> None:
        shown = self._shown(self.layer)
        if self.shares is not None:
            one = f"{shown.layer}, {shown.exact}, {words.percent(shown.share)}" if shown else self.shares.title
            self.setAccessibleDescription(one)

    def _shown(self, layer: str) -> LayerShare | None:
        return next((one for one in self.shares.layers if one.layer == layer), None) if self.shares else None

    def _lay_out(self) -> None:
        values = [one.value for one in self.shares.layers] if self.shares else []
        self._tiles = tiles(values, self.width(), self.height())
        self.update()

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def rect_of(self, layer: str) -> QRectF:
        """Where a layer's tile lies; empty when it has none."""
        for tile in self._tiles:
            assert self.shares is not None
            if any(one.layer == layer for one in self.shares.layers[tile.first : tile.stop]):
                return _rect(tile)
        return QRectF()

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        assert self.shares is not None or not self._tiles
        for tile in self._tiles:
            self._paint(painter, tile, self.shares.layers[tile.first : tile.stop])  # type: ignore[union-attr]
        chosen = self.rect_of(self.layer)
        if not chosen.isEmpty():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("surface"), theme.px(5)))
            painter.drawRect(chosen.adjusted(2, 2, -2, -2))
            painter.setPen(QPen(theme.colour("accent"), theme.px(theme.RING + 1)))
            painter.drawRect(chosen.adjusted(1, 1, -1, -1))
        if self.hasFocus():
            paint_ring(painter, self.rect())
        painter.end()

    def _paint(self, painter: QPainter, tile: Tile, layers: tuple[LayerShare, ...]) -> None:
        rect, first = _rect(tile), layers[0]
        several = len(layers) > 1
        kind = "other" if several else first.kind
        full = tile.first < self.strong and (not self.kind or first.kind == self.kind)
        fill = theme.colour(kind)
        if not full:
            fill.setAlphaF(FADED)
        painter.fillRect(rect, fill)
        name = f"{len(layers)} smaller layers" if several else first.layer
        share = words.percent(sum(one.share for one in layers))
        figures = (share,) if several else (f"{first.text}  {share}", share)
        self._write(painter, rect, name, figures, f"on_{kind}" if full else "text")

    def _write(self, painter: QPainter, rect: QRectF, name: str, figures: tuple[str, ...], role: str) -> None:
        """The name where most of it fits, and below it the first of the figures that fits too."""
        pad = theme.px(6)
        inside = rect.adjusted(pad, pad - 1, -pad, -pad + 1)
        strong, plain = theme.font(theme.TABLE, QFont.Weight.DemiBold), theme.font(theme.CAPTION)
        room = inside.width()
        painter.setPen(theme.colour(role))
        metrics = QFontMetrics(strong)
        if metrics.height() > inside.height() or room < min(metrics.horizontalAdvance(name), theme.px(48)):
            return
        painter.setFont(strong)
        top = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft
        painter.drawText(inside, top, metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, int(room)))
        below = inside.adjusted(0, metrics.height() + 1, 0, 0)
        small = QFontMetrics(plain)
        fitting = next((text for text in figures if small.horizontalAdvance(text) <= room), "")
        if fitting and small.height() <= below.height():
            painter.setFont(plain)
            painter.drawText(below, top, fitting)

    # ---- mouse and keys

    def _at(self, point: QPoint) -> Tile | None:
        return next((tile for tile in self._tiles if _rect(tile).contains(point)), None)

    def _pick(self, place: int) -> None:
        if self.shares is not None and self.shares.layers:
            self.picked.emit(self.shares.layers[max(0, min(place, len(self.shares.layers) - 1))].layer)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        tile = self._at(event.position().toPoint())
        if tile is not None and event.button() == Qt.MouseButton.LeftButton:
            self._pick(tile.first)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        tile = self._at(event.position().toPoint())
        if tile is not None and self.shares is not None:
            self.opened.emit(self.shares.layers[tile.first].layer)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        tile = self._at(event.position().toPoint())
        if tile is None or self.shares is None:
            self.hover.hide()
            return
        layers = self.shares.layers[tile.first : tile.stop]
        lines = [(self.shares.title, layers[0].exact), ("Of all", words.percent(layers[0].share))]
        title = layers[0].layer
        if len(layers) > 1:
            title = f"{len(layers)} smaller layers"
            lines = [(one.layer, f"{one.text}  {words.percent(one.share)}") for one in layers[:8]]
        self.hover.show_at(event.position().toPoint(), title, lines)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.hover.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = Qt.Key
        step = {keys.Key_Right: 1, keys.Key_Down: 1, keys.Key_Left: -1, keys.Key_Up: -1}.get(keys(event.key()), 0)
        if step:
            self.step(step)
        elif event.key() in (keys.Key_Return, keys.Key_Enter) and not event.modifiers() and self.layer:
            self.opened.emit(self.layer)
        else:
            super().keyPressEvent(event)

    def step(self, by: int) -> None:
        """To the next smaller layer (1) or the next larger one (−1)."""
        names = [one.layer for one in self.shares.layers] if self.shares else []
        self._pick(names.index(self.layer) + by if self.layer in names else 0)

    def rows(self) -> list[list[str]]:
        """As a table: layer, kind, value, share, cumulative share."""
        if self.shares is None:
            return []
        lines = zip(self.shares.layers, self.shares.cumulative(), strict=True)
        head = ["layer", "kind", self.shares.title, "share", "cumulative share"]
        return [head, *([one.layer, one.kind, repr(one.value), repr(one.share), repr(sum_)] for one, sum_ in lines)]


def _rect(tile: Tile) -> QRectF:
    gap = min(GAP, tile.width / 3, tile.height / 3)
    return QRectF(tile.x + gap / 2, tile.y + gap / 2, tile.width - gap, tile.height - gap)
