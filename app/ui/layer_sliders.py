"""How much of each layer goes, one slider a layer, under the histogram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from app import words
from app.cuts import Cut
from app.ui import theme
from app.ui.controls import ShareSlider
from app.ui.parts.buttons import link_button
from app.ui.parts.card import hairline, scrolled
from app.ui.parts.text import Elided, label
from app.ui.step_form import number_field

WIDTHS = (64, 64, 66, 90, 84, 60)  # px at 100 %: name, weights, threshold, slider, share, stay
AT_ONCE, A_TURN = 4, 4  # rows made at once, then in each turn of the event loop: a row takes some 3 ms
HEADS = ("Layer", "Weights", "Threshold", "Prune", "", "Stay")


def _grid(holder: QWidget, edge: int = 14) -> QGridLayout:
    """The columns that head, rows and total share."""
    grid = QGridLayout(holder)
    grid.setContentsMargins(theme.px(edge), 0, theme.px(edge), 0)
    grid.setHorizontalSpacing(theme.px(10))
    for column, width in enumerate(WIDTHS):
        grid.setColumnMinimumWidth(column, theme.px(width))
        grid.setColumnStretch(column, 3 if column == 3 else 2 if column == 0 else 0)
    return grid


def _put(grid: QGridLayout, widget: QWidget, column: int) -> None:
    """The name and the slider take the room there is, whatever they hold: so head, rows and total line up."""
    if column in (0, 3):
        widget.setSizePolicy(QSizePolicy.Policy.Ignored, widget.sizePolicy().verticalPolicy())
    grid.addWidget(widget, 0, column)


def _figure(text: str = "", role: str = "table") -> QLabel:
    made = label(text, role)
    made.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return made


class SliderRow(QWidget):
    """One layer. `slid` follows the slider and the typed share; `held` and `let_go` frame a drag."""

    slid = Signal(float)
    held = Signal()
    let_go = Signal()
    clicked = Signal()

    def __init__(self, name: str, kind: str) -> None:
        super().__init__()
        self._kind, self.is_shown = kind, False
        self.name = Elided(name, "table")
        self.name.setContentsMargins(theme.px(18), 0, 0, 0)
        self.weights, self.threshold, self.stay = _figure(), _figure(), _figure()
        self.slider = ShareSlider(f"{name}, share pruned")
        self.share = number_field(0, 99.9, 1, 1.0)
        self.share.setSuffix(" %")
        self.share.setAccessibleName(f"{name}, share pruned in percent")
        self.slider.valueChanged.connect(lambda _: self.slid.emit(self.slider.share()))
        self.slider.sliderPressed.connect(self.held)
        self.slider.sliderReleased.connect(self.let_go)
        self.share.valueChanged.connect(lambda value: self.slid.emit(value / 100))
        grid = _grid(self)
        for column, widget in enumerate((self.name, self.weights, self.threshold, self.slider, self.share, self.stay)):
            _put(grid, widget, column)
        self.setFixedHeight(theme.px(theme.ROW + 3))

    def show_cut(self, cut: Cut | None, shown: bool, size: int | None) -> None:
        """What the step does to this layer; None while its weights are being read."""
        if shown != self.is_shown:
            self.is_shown = shown
            self.update()
        self.weights.setText("–" if size is None else words.three_digits(size, digits=4))
        for field in (self.slider, self.share):
            field.setEnabled(cut is not None)
        if cut is None:
            self.threshold.setText("reading…")
            return
        self.threshold.setText(words.significant(cut.threshold))
        self.threshold.setToolTip("" if cut.own else "the same rule as for the other layers")
        self.slider.set_share(cut.share)
        self.share.blockSignals(True)
        self.share.setValue(100 * cut.share)
        self.share.blockSignals(False)
        self.stay.setText(words.three_digits(cut.stay))
        self.stay.setToolTip(f"{words.exact(cut.stay)} of {words.exact(cut.size)} weights stay")

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.is_shown:
            painter.fillRect(self.rect(), theme.colour("selected"))
            painter.fillRect(0, 0, theme.px(3), self.height(), theme.colour("accent"))
        side = theme.px(8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(self._kind))
        painter.drawRoundedRect(QRectF(theme.px(14), (self.height() - side) / 2, side, side), 2, 2)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit()


@dataclass(frozen=True)
class SliderLine:
    """One row's values."""

    name: str
    kind: str
    size: int | None
    cut: Cut | None
    shown: bool


class LayerSliders(QWidget):
    """`slid` carries layer and share; `picked` the layer that was clicked; `spread`: `Apply … to all like this`."""

    slid = Signal(str, float)
    held = Signal()
    let_go = Signal()
    picked = Signal(str)
    spread = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, SliderRow] = {}
        self._names: list[str] = []
        self._lines: tuple[SliderLine, ...] = ()
        self._later = QTimer(self, singleShot=True, interval=0)  # type: ignore[call-arg]
        self._later.timeout.connect(lambda: self._grow(A_TURN))
        self._body = QWidget()
        self._body.setProperty("clear", True)
        self._list = QVBoxLayout(self._body)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(0)
        self._list.addStretch(1)
        self._scroll = scrolled(self._body, sideways=False)
        self._scroll.setMinimumHeight(theme.px(36))  # a row: in a low window the weights need the room
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._head())
        layout.addWidget(hairline())
        layout.addWidget(self._scroll, 1)
        layout.addWidget(hairline())
        layout.addWidget(self._total())

    def _head(self) -> QWidget:
        head = QWidget()
        grid = _grid(head)
        for column, text in enumerate(HEADS):
            made = label(text, "caption")
            right = Qt.AlignmentFlag.AlignRight if column not in (0, 3) else Qt.AlignmentFlag.AlignLeft
            made.setAlignment(right | Qt.AlignmentFlag.AlignVCenter)
            _put(grid, made, column)
        head.setFixedHeight(theme.px(30))
        return head

    def _total(self) -> QWidget:
        total = QWidget()
        grid = _grid(total)
        self.total_weights, self.total_stay = _figure(role="table"), _figure(role="table")
        self.spread_button = link_button("", self.spread.emit)
        _put(grid, label("Total", "strong"), 0)
        _put(grid, self.total_weights, 1)
        grid.addWidget(self.spread_button, 0, 3, 1, 2, Qt.AlignmentFlag.AlignLeft)
        _put(grid, self.total_stay, 5)
        total.setFixedHeight(theme.px(34))
        return total

    def show_lines(self, lines: Sequence[SliderLine], weights: str, stay: str, spread: str) -> None:
        """`weights` and `stay` are the totals in words; `spread` the link's words, "" hides it."""
        self._lines = tuple(lines)
        if self._names != (names := [line.name for line in lines]):
            self._names = names
            self._clear()
            self._grow(AT_ONCE)
        for line in lines[: len(self.rows)]:
            self.rows[line.name].show_cut(line.cut, line.shown, line.size)
        self.total_weights.setText(weights)
        self.total_stay.setText(stay)
        self.spread_button.setText(spread)
        self.spread_button.setVisible(bool(spread))

    def _clear(self) -> None:
        for row in self.rows.values():
            self._list.removeWidget(row)
            row.deleteLater()
        self.rows = {}

    def _grow(self, count: int) -> None:
        """Make the next rows; the rest follow in later turns, so that many layers do not hold the window up."""
        made = len(self.rows)
        for place, line in enumerate(self._lines[made : made + count], made):
            self._add(place, line)
        if len(self.rows) < len(self._lines):
            self._later.start()

    def _add(self, place: int, line: SliderLine) -> None:
        row = SliderRow(line.name, line.kind)
        row.slid.connect(lambda share, name=line.name: self.slid.emit(name, share))
        row.held.connect(self.held)
        row.let_go.connect(self.let_go)
        row.clicked.connect(lambda name=line.name: self.picked.emit(name))
        self._list.insertWidget(place, row)
        row.show_cut(line.cut, line.shown, line.size)
        self.rows[line.name] = row

    def reveal(self, name: str) -> None:
        if name in self.rows:
            self._scroll.ensureWidgetVisible(self.rows[name])

    def sizeHint(self) -> QSize:
        return QSize(theme.px(480), theme.px(68) + theme.px(theme.ROW + 3) * max(min(len(self.rows), 6), 3))
