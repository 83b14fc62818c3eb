"""What a step does layer by layer: a row for each, a slider and a field for each setting, and what all have in common.

Made from the method's own description, as the form is: every setting that a layer may have for itself is here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from app import words
from app.by_layer import ByLayer
from app.ui import theme
from app.ui.controls import ShareSlider
from app.ui.parts.buttons import link_button
from app.ui.parts.card import clear, hairline, holder, row, scrolled
from app.ui.parts.text import Elided, label, set_role
from app.ui.step_form import number_field

AT_ONCE, A_TURN = 4, 4  # rows made at once, then in each turn of the event loop: a row takes some 3 ms
NAME, WEIGHTS, SLIDER, FIELD, SIZE = 64, 64, 84, 84, 76  # px at 100 %


@dataclass(frozen=True)
class KnobLine:
    """One layer: its values in the order of the settings, which of them are its own, and its bytes in words."""

    name: str
    kind: str
    weights: str
    values: tuple[float, ...]
    own: tuple[bool, ...]
    size: str
    shown: bool = False


class _Setting(QWidget):
    """A slider and a field for one value. `moved` follows both."""

    moved = Signal(float)
    held = Signal()
    let_go = Signal()

    def __init__(self, setting: ByLayer, of: str) -> None:
        super().__init__()
        self._setting = setting
        self._span = setting.high - setting.low or 1.0
        self.slider = ShareSlider(f"{of}, {setting.title.lower()}")
        factor, unit = (100, " %") if setting.percent else (1, "")
        self._factor = factor
        self.field = number_field(factor * setting.low, factor * setting.high, 0 if setting.whole else 1, 1.0)
        self.field.setSuffix(unit)
        self.field.setAccessibleName(f"{of}, {setting.title.lower()}{' in percent' if setting.percent else ''}")
        self.field.setFixedWidth(theme.px(FIELD - 8))
        if setting.whole:
            step = max(1, round(ShareSlider.STEPS / self._span))
            self.slider.setSingleStep(step)
            self.slider.setPageStep(step)
        self.slider.valueChanged.connect(lambda _: self._slid())
        self.slider.sliderPressed.connect(self.held)
        self.slider.sliderReleased.connect(self.let_go)
        self.field.valueChanged.connect(lambda value: self.moved.emit(value / factor))
        inner = row(self.slider, self.field, gap=10)
        inner.setStretch(0, 1)
        self.setLayout(inner)
        self.setProperty("clear", True)

    def _slid(self) -> None:
        value = self._setting.low + self.slider.share() * self._span
        self.moved.emit(round(value) if self._setting.whole else value)

    def show_value(self, value: float, own: bool) -> None:
        if not self.slider.isSliderDown():
            self.slider.set_share((value - self._setting.low) / self._span)
        self.field.blockSignals(True)
        self.field.setValue(self._factor * value)
        self.field.blockSignals(False)
        tip = "this layer’s own" if own else "as all layers have it in common"
        self.field.setToolTip(tip)
        self.slider.setToolTip(tip)


def _figure(role: str = "table") -> QLabel:
    made = label("", role)
    made.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return made


def _grid(holder_: QWidget, settings: int) -> QGridLayout:
    """The columns that head, rows and common row share."""
    grid = QGridLayout(holder_)
    grid.setContentsMargins(theme.px(14), 0, theme.px(14), 0)
    grid.setHorizontalSpacing(theme.px(12))
    widths = (NAME, WEIGHTS, *[SLIDER + FIELD] * settings, SIZE)
    for place, width in enumerate(widths):
        grid.setColumnMinimumWidth(place, theme.px(width))
        grid.setColumnStretch(place, 2 if place == 0 else 3 if 2 <= place < 2 + settings else 0)
    return grid


class KnobRow(QWidget):
    """One layer, or what all have in common."""

    moved = Signal(int, float)  # which setting, and its value
    held = Signal()
    let_go = Signal()
    clicked = Signal()

    def __init__(self, name: str, kind: str, settings: Sequence[ByLayer]) -> None:
        super().__init__()
        self._kind, self.is_shown = kind, False
        self.name = Elided(name, "table" if kind else "strong")
        self.name.setContentsMargins(theme.px(18) if kind else 0, 0, 0, 0)
        self.name.setSizePolicy(QSizePolicy.Policy.Ignored, self.name.sizePolicy().verticalPolicy())
        self.weights, self.size_words = _figure(), _figure()
        self.settings = [_Setting(setting, name) for setting in settings]
        grid = _grid(self, len(settings))
        for place, widget in enumerate((self.name, self.weights, *self.settings, self.size_words)):
            grid.addWidget(widget, 0, place)
        for place, setting in enumerate(self.settings):
            setting.moved.connect(lambda value, place=place: self.moved.emit(place, value))
            setting.held.connect(self.held)
            setting.let_go.connect(self.let_go)
        self.setFixedHeight(theme.px(theme.ROW + 3))

    def show_line(self, line: KnobLine) -> None:
        if line.shown != self.is_shown:
            self.is_shown = line.shown
            self.update()
        self.weights.setText(line.weights)
        self.size_words.setText(line.size)
        for setting, value, own in zip(self.settings, line.values, line.own, strict=True):
            setting.show_value(value, own)
        set_role(self.name, "strong" if not self._kind else "table")

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not self._kind:
            return
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


class KnobTable(QWidget):
    """`moved` carries layer, setting and value, with "" for what all have in common; `picked` the layer clicked;
    `spread`: `Apply … to all like this`; `levelled`: every layer takes the common values again. `links`, with the
    buttons for both, stands where there is room."""

    moved = Signal(str, int, float)
    held = Signal()
    let_go = Signal()
    picked = Signal(str)
    spread = Signal()
    levelled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, KnobRow] = {}
        self.common: KnobRow | None = None
        self._settings: tuple[ByLayer, ...] = ()
        self._names: list[str] = []
        self._lines: tuple[KnobLine, ...] = ()
        self._later = QTimer(self, singleShot=True, interval=0)  # type: ignore[call-arg]
        self._later.timeout.connect(lambda: self._grow(A_TURN))
        body = QWidget()
        body.setProperty("clear", True)
        self._list = QVBoxLayout(body)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(0)
        self._list.addStretch(1)
        self._scroll = scrolled(body, sideways=False)
        self._scroll.setMinimumHeight(theme.px(36))
        self._head, self._foot = QVBoxLayout(), QVBoxLayout()
        self._scroll.verticalScrollBar().rangeChanged.connect(lambda _, most: self._line_up(most > 0))
        self.spread_button = link_button("", self.spread.emit)
        self.level_button = link_button("All as common", self.levelled.emit, tip="No layer has values of its own")
        self.links = holder(row(None, self.spread_button, self.level_button, gap=16))  # for the card's head
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._head)
        layout.addWidget(hairline())
        layout.addWidget(self._scroll, 1)
        layout.addWidget(hairline())
        layout.addLayout(self._foot)

    def show_lines(self, settings: Sequence[ByLayer], lines: Sequence[KnobLine], common: KnobLine, spread: str) -> None:
        """`spread`: the link's words, "" hides it."""
        self._lines = tuple(lines)
        names = [line.name for line in lines]
        if tuple(settings) != self._settings or names != self._names:
            self._build(tuple(settings), names)
        for line in lines[: len(self.rows)]:
            self.rows[line.name].show_line(line)
        assert self.common is not None
        self.common.show_line(common)
        self.spread_button.setText(spread)
        self.spread_button.setVisible(bool(spread))
        self.level_button.setVisible(any(any(line.own) for line in lines))

    def _line_up(self, scrolls: bool) -> None:
        """Head and foot leave the room that the rows leave to a scroll bar."""
        room = self._scroll.verticalScrollBar().sizeHint().width() if scrolls else 0
        for line in (self._head, self._foot):
            line.setContentsMargins(0, 0, room, 0)

    def _build(self, settings: tuple[ByLayer, ...], names: list[str]) -> None:
        for made in self.rows.values():
            self._list.removeWidget(made)
            made.deleteLater()
        self.rows, self._names = {}, names
        if settings != self._settings or self.common is None:
            self._settings = settings
            clear(self._head)
            clear(self._foot)
            self._head.addWidget(self._heads())
            self.common = KnobRow("All in common", "", settings)
            self._wire(self.common, "")
            self._foot.addWidget(self.common)
        self._grow(AT_ONCE)

    def _heads(self) -> QWidget:
        head = QWidget()
        grid = _grid(head, len(self._settings))
        titles = ("Layer", "Weights", *(setting.title for setting in self._settings), "Packed")
        for place, text in enumerate(titles):
            made = label(text, "caption")
            left = place == 0 or 2 <= place < 2 + len(self._settings)
            side = Qt.AlignmentFlag.AlignLeft if left else Qt.AlignmentFlag.AlignRight
            made.setAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(made, 0, place)
        head.setFixedHeight(theme.px(28))
        return head

    def _wire(self, made: KnobRow, name: str) -> None:
        made.moved.connect(lambda place, value: self.moved.emit(name, place, value))
        made.held.connect(self.held)
        made.let_go.connect(self.let_go)
        if name:
            made.clicked.connect(lambda: self.picked.emit(name))

    def _grow(self, count: int) -> None:
        """Make the next rows; the rest follow in later turns, so that many layers do not hold the window up."""
        made = len(self.rows)
        for place, line in enumerate(self._lines[made : made + count], made):
            new = KnobRow(line.name, line.kind, self._settings)
            self._wire(new, line.name)
            self._list.insertWidget(place, new)
            new.show_line(line)
            self.rows[line.name] = new
        if len(self.rows) < len(self._lines):
            self._later.start()

    def sizeHint(self) -> QSize:
        return QSize(theme.px(480), theme.px(104) + theme.px(theme.ROW + 3) * max(min(len(self.rows), 6), 3))


def size_words(size: float | None) -> str:
    """`≈ 24.6 kB`; nothing while it is not known."""
    return "" if size is None else words.marked(words.megabytes(size), "predicted")


def sum_words(sizes: Mapping[str, float], names: Sequence[str]) -> str:
    """Of all these layers; nothing while one is not known."""
    return size_words(sum(sizes[name] for name in names)) if names and all(n in sizes for n in names) else ""
