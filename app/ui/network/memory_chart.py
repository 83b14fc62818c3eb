"""Memory over the layers: above, the bytes alive while each layer runs; below, from when to when each tensor lives."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter

from app import words
from app.memory_story import MemoryRow, known_words
from app.ui import theme
from app.ui.network.layer_chart import LayerChart, Told
from profiler.memory import Lifetime, MemoryUse

FOOT = 16  # px for the words under each part
LANE, MOST_LANES = 9, 9  # px a tensor's line has with its gap; how many lie one below the other
FADED = 0.4


class MemoryChart(LayerChart):
    """Bars are in the layer's kind; the peak and the selected one are full."""

    axis = 58

    def __init__(self) -> None:
        super().__init__("Memory over the layers")
        self.use: MemoryUse | None = None
        self.bars: tuple[MemoryRow, ...] = ()
        self.lanes: list[list[Lifetime]] = []

    def sizeHint(self) -> QSize:
        return QSize(theme.px(520), theme.px(240))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(240), theme.px(150))

    def show_memory(self, use: MemoryUse, bars: Sequence[MemoryRow]) -> None:
        self.use, self.bars = use, tuple(bars)
        self.lanes = lanes(use.lifetimes)
        self.show_again()

    def names(self) -> list[str]:
        return [bar.layer for bar in self.bars]

    def described(self) -> str:
        bar = next((bar for bar in self.bars if bar.layer == self.layer), None)
        return f"{bar.layer}, {bar.alive_words} alive" if bar is not None else ""

    # ---- where things lie

    def _floor(self) -> float:
        """Where the bars stand: the lifetimes are below."""
        lines = min(len(self.lanes), MOST_LANES)
        return self.height() - theme.px(2 * FOOT + 6) - lines * theme.px(LANE)

    def bar_rect(self, place: int) -> QRectF:
        step, floor = self.column_width(), self._floor()
        gap = min(2.0, step / 4)
        high = max(self.bars[place].share * (floor - theme.px(18)), 1.0)
        return QRectF(theme.px(self.axis) + place * step, floor - high, max(step - gap, 0.7), high)

    def life_rect(self, lane: int, life: Lifetime) -> QRectF:
        step = self.column_width()
        top = self._floor() + theme.px(FOOT + 4) + lane * theme.px(LANE)
        left = theme.px(self.axis) + life.born * step
        return QRectF(left, top, max((life.dies + 1 - life.born) * step - 1.5, 1.0), theme.px(LANE - 3))

    # ---- painting

    def draw(self, painter: QPainter) -> None:
        self._paint_lives(painter)
        self._paint_bars(painter)
        self._paint_axis(painter)

    def _paint_bars(self, painter: QPainter) -> None:
        for place, bar in enumerate(self.bars):
            fill = theme.colour(bar.kind)
            if not bar.at_peak and bar.layer != self.layer:
                fill.setAlphaF(FADED)
            rect = self.bar_rect(place)
            painter.fillRect(rect, fill)
            if bar.layer == self.layer:
                mark = QRectF(rect.left(), self._floor() + 1, max(rect.width(), 3.0), theme.px(3))
                painter.fillRect(mark, theme.colour("accent"))

    def _paint_lives(self, painter: QPainter) -> None:
        largest = max((life.bytes or 0 for line in self.lanes for life in line), default=0)
        place = next((place for place, bar in enumerate(self.bars) if bar.layer == self.layer), -1)
        for lane, line in enumerate(self.lanes[:MOST_LANES]):
            for life in line:
                fill = theme.colour("accent" if life.born <= place <= life.dies else "muted")
                fill.setAlphaF(0.2 + 0.7 * (life.bytes or 0) / largest if largest else 0.2)
                painter.fillRect(self.life_rect(lane, life), fill)

    def _paint_axis(self, painter: QPainter) -> None:
        painter.setFont(theme.font(theme.CAPTION))
        painter.setPen(theme.colour("line"))
        floor = self._floor()
        painter.drawLine(QPointF(theme.px(self.axis), floor), QPointF(self.width(), floor))
        painter.setPen(theme.colour("muted"))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        top = max(bar.known_bytes for bar in self.bars)
        for share in (0.0, 0.5, 1.0):
            y = floor - share * (floor - theme.px(18))
            painter.drawText(QRectF(0, y - 8, theme.px(self.axis - 8), 16), right, words.megabytes(share * top))
        lane = QRectF(0, floor + theme.px(FOOT + 2), theme.px(self.axis - 8), theme.px(12))
        painter.drawText(lane, right, "Tensors")
        hidden = sum(len(line) for line in self.lanes[MOST_LANES:])
        foot = QRectF(
            theme.px(self.axis), self.height() - theme.px(FOOT), self.width() - theme.px(self.axis), theme.px(FOOT)
        )
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, "first layer")
        last = f"{hidden} small tensors are not drawn  ·  last layer" if hidden else "last layer"
        painter.drawText(foot, right, last)
        self._name_peak(painter)

    def _name_peak(self, painter: QPainter) -> None:
        place = next((place for place, bar in enumerate(self.bars) if bar.is_peak), None)
        if place is None:
            return
        bar, rect = self.bars[place], self.bar_rect(place)
        text = f"{bar.alive_words} at {words.shortened(bar.layer)}"
        width = painter.fontMetrics().horizontalAdvance(text)
        left = min(max(rect.center().x() - width / 2, theme.px(self.axis)), self.width() - width)
        painter.setPen(theme.colour("text"))
        painter.drawText(QRectF(left, rect.top() - theme.px(16), width + 2, theme.px(15)), text)

    def told(self, at: QPointF, place: int) -> Told:
        """The tensor under the mouse, else the layer."""
        for lane, line in enumerate(self.lanes[:MOST_LANES]):
            for life in line:
                if self.life_rect(lane, life).contains(at) and self.use is not None:
                    steps = self.use.steps
                    size = "not known" if life.bytes is None else words.bytes_in_full(life.bytes)
                    lines = [("Size", size), ("Made by", life.layer or "the input")]
                    return life.value, [*lines, ("From", steps[life.born]), ("To", steps[life.dies])]
        bar = self.bars[place]
        made = "not known" if bar.made_bytes is None else words.megabytes(bar.made_bytes)
        alive = known_words(bar.alive_bytes, bar.known_bytes)
        return bar.layer, [("Alive", alive), ("Made here", made), ("Weights", words.megabytes(bar.weight_bytes))]

    def rows(self) -> list[list[str]]:
        """Layer, bytes alive, bytes made, bytes of weights."""
        head = ["layer", "alive_bytes", "made_bytes", "weight_bytes"]
        return [
            head,
            *([b.layer, *("" if v is None else str(v) for v in (b.alive_bytes, b.made_bytes, b.weight_bytes))]
              for b in self.bars),
        ]  # fmt: skip


def lanes(lives: Sequence[Lifetime]) -> list[list[Lifetime]]:
    """Lifetimes in lines in which no two overlap; the largest tensors have the first lines."""
    made: list[list[Lifetime]] = []
    taken: list[list[tuple[int, int]]] = []
    for life in sorted(lives, key=lambda one: -(one.bytes or 0)):
        for line, spans in zip(made, taken, strict=True):
            if all(life.dies < born or life.born > dies for born, dies in spans):
                line.append(life)
                spans.append((life.born, life.dies))
                break
        else:
            made.append([life])
            taken.append([(life.born, life.dies)])
    return made
