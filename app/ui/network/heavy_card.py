"""Where the network is heavy: three stacked bars that stay above the table. A part clicked filters it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from app import words
from app.heavy import Heavy
from app.ui import theme
from app.ui.parts.bars import Part, StackedBar
from app.ui.parts.card import Card, row
from app.ui.parts.text import caption, label
from profiler.breakdown import KIND_NAMES, KINDS


class Swatch(QWidget):
    """A small square in a kind's colour."""

    def __init__(self, fill: str, size: int = 9) -> None:
        super().__init__()
        self.fill = fill
        self._side = theme.px(size)
        self.setFixedSize(QSize(self._side, self._side + theme.px(2)))

    def paintEvent(self, event) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(self.fill))
        painter.drawRoundedRect(QRectF(0, (self.height() - self._side) / 2, self._side, self._side), 2, 2)


class HeavyCard(Card):
    """`picked(kind)`: filter by it; "" when the filter is taken back."""

    picked = Signal(str)

    def __init__(self) -> None:
        super().__init__("Where the network is heavy")
        for kind in KINDS:
            self.add_tool(_legend(kind))
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(theme.px(16))
        self._grid.setVerticalSpacing(theme.px(6))
        self._grid.setColumnStretch(1, 1)
        self.body.addLayout(self._grid)
        self.bars: list[StackedBar] = []
        self._labels: list[tuple[QLabel, QLabel, QLabel, QLabel]] = []
        self.kind = ""

    def show_bars(self, bars: Sequence[Heavy], letter: str = "", others: Sequence[Heavy] = ()) -> None:
        """The bars, and at their ends the totals of another candidate where one is compared with."""
        before = {other.title: other.total for other in others}
        while len(self.bars) < len(bars):
            self._add_bar(bars[len(self.bars)].title)
        for place, (bar, texts) in enumerate(zip(self.bars, self._labels, strict=True)):
            for widget in (bar, *texts):
                widget.setVisible(place < len(bars))
        for heavy, bar, texts in zip(bars, self.bars, self._labels, strict=False):
            against = f"{letter} {before[heavy.title]}" if heavy.title in before else ""
            for text, words_ in zip(texts, (heavy.title, heavy.total, heavy.unit, against), strict=True):
                text.setText(words_)
            texts[3].setVisible(bool(against))
            texts[1].setToolTip(heavy.exact)
            texts[2].setVisible(bool(heavy.unit))
            bar.show_parts(_parts(heavy), self.kind)

    def choose(self, kind: str) -> None:
        """Fade all but this kind; "" none."""
        self.kind = kind
        for bar in self.bars:
            bar.choose(kind)

    def _add_bar(self, title: str) -> None:
        place = len(self.bars)
        bar = StackedBar(title)
        bar.picked.connect(self._pick)
        texts = (label(title, "muted"), label("", "strong"), caption(), caption())
        texts[1].setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._grid.addWidget(texts[0], place, 0)
        self._grid.addWidget(bar, place, 1)
        self._grid.addLayout(row(None, texts[1], texts[2], texts[3], gap=6), place, 2)
        self.bars.append(bar)
        self._labels.append(texts)

    def _pick(self, kind: str) -> None:
        self.choose("" if kind == self.kind else kind)
        self.picked.emit(self.kind)


def _legend(kind: str) -> QWidget:
    from app.ui.parts.card import holder

    return holder(row(Swatch(kind), caption(KIND_NAMES[kind].lower()), 4, gap=6))  # type: ignore[index]


def _parts(heavy: Heavy) -> list[Part]:
    return [Part(p.kind, p.share, words.percent(p.share), p.exact, p.kind, f"on_{p.kind}") for p in heavy.parts]
