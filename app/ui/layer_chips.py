"""Layers as chips: which one is shown, and which ones a step works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from app.ui import theme
from app.ui.parts.flow import Flow


@dataclass(frozen=True)
class Chip:
    """A layer: its kind, whether the step works on it, and whether it is the one shown."""

    name: str
    kind: str
    picked: bool
    shown: bool


class ChipButton(QAbstractButton):
    """A dot in the layer's kind and its name; an accent edge says picked, a filled ground says shown."""

    def __init__(self, chip: Chip) -> None:
        super().__init__()
        self.chip = chip
        self.setText(chip.name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.show_chip(chip)

    def show_chip(self, chip: Chip) -> None:
        self.chip = chip
        said = "picked" if chip.picked else "left out"
        self.setAccessibleName(f"{chip.name}, {said}{', shown' if chip.shown else ''}")
        does = "leave it out" if chip.shown and chip.picked else "show it" if chip.picked else "pick it"
        self.setToolTip(f"{chip.name} is {said}. Click to {does}.")
        self.update()

    def _words(self) -> str:
        return QFontMetrics(self._font()).elidedText(self.text(), Qt.TextElideMode.ElideMiddle, theme.px(150))

    def _font(self) -> QFont:
        return theme.font(theme.TABLE, QFont.Weight.DemiBold if self.chip.shown else QFont.Weight.Normal)

    def sizeHint(self) -> QSize:
        wide = QFontMetrics(theme.font(theme.TABLE, QFont.Weight.DemiBold)).horizontalAdvance(self._words())
        return QSize(wide + theme.px(34), theme.px(26))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(QPen(theme.colour("accent" if self.chip.picked else "line"), 2 if self.hasFocus() else 1))
        painter.setBrush(theme.colour("selected" if self.chip.shown else "surface"))
        painter.drawRoundedRect(box, theme.px(theme.RADIUS), theme.px(theme.RADIUS))
        side = theme.px(8)
        dot = QRectF(theme.px(9), (self.height() - side) / 2, side, side)
        painter.setPen(QPen(theme.colour(self.chip.kind), 1.4))
        painter.setBrush(theme.colour(self.chip.kind) if self.chip.picked else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(dot, 2, 2)
        painter.setPen(theme.colour("text" if self.chip.picked or self.chip.shown else "muted"))
        painter.setFont(self._font())
        painter.drawText(self.rect().adjusted(theme.px(23), 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self._words())


class LayerChips(QWidget):
    """`shown` asks to see a layer; `picked` to have it in the step (True) or out of it."""

    shown = Signal(str)
    picked = Signal(str, bool)

    def __init__(self) -> None:
        super().__init__()
        self._flow = Flow()
        self.setLayout(self._flow)
        self.buttons: dict[str, ChipButton] = {}
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName("Layers of this step")

    def show_chips(self, chips: Sequence[Chip]) -> None:
        if list(self.buttons) != [chip.name for chip in chips]:
            self._build(chips)
        for chip in chips:
            if self.buttons[chip.name].chip != chip:
                self.buttons[chip.name].show_chip(chip)

    def _build(self, chips: Sequence[Chip]) -> None:
        for button in self.buttons.values():
            self._flow.removeWidget(button)
            button.deleteLater()
        self.buttons = {}
        for chip in chips:
            button = ChipButton(chip)
            button.clicked.connect(lambda _=False, name=chip.name: self._clicked(name))
            self._flow.addWidget(button)
            self.buttons[chip.name] = button
        self.updateGeometry()

    def _clicked(self, name: str) -> None:
        """Not picked: pick and show. Picked: show. Shown already: leave it out."""
        chip = self.buttons[name].chip
        if not chip.picked or chip.shown:
            self.picked.emit(name, not chip.picked)
        if not chip.shown:
            self.shown.emit(name)
