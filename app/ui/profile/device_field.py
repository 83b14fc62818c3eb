"""Which device something was measured on: one that is known, or a name that is typed."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox

from app.board_facts import boards
from app.study import Study
from app.ui import theme
from app.ui.desk import Desk


class DeviceField(QComboBox):
    """`named` carries the device whenever another is meant."""

    named = Signal(str)

    def __init__(self, desk: Desk, name: str) -> None:
        super().__init__()
        self._desk = desk
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setAccessibleName(name)
        self.setToolTip("Choose one of the devices, or type the name of another")
        self.setMinimumHeight(theme.px(theme.CONTROL - 2))
        self.setMinimumContentsLength(8)
        self.editTextChanged.connect(lambda _: self.named.emit(self.device))

    def show_devices(self, study: Study) -> None:
        """The user's devices, others that profiles were imported for, then known boards. What was typed stays."""
        names = dict.fromkeys(self._desk.roster.names)
        names |= {past.device.name: None for c in study.candidates.values() for past in c.history}
        names |= {board.name: None for board in boards().values()}
        listed = [self.itemData(place) for place in range(self.count())]
        if listed == list(names):
            return
        typed, first = self.currentText(), not listed
        self.blockSignals(True)
        self.clear()
        for name in names:
            self.addItem(self._desk.roster.title(name), name)
        self.setEditText(typed)
        self.blockSignals(False)
        if first:
            self.choose(self._desk.device)

    def choose(self, device: str) -> None:
        self.setEditText(self._desk.roster.title(device))

    @property
    def device(self) -> str:
        """The device's name; "" while nothing is typed."""
        typed = " ".join(self.currentText().split())
        known = {str(self.itemText(place)).casefold(): str(self.itemData(place)) for place in range(self.count())}
        return known.get(typed.casefold(), typed)
