"""Numbers that are typed: a short list of whole ones (`1, 2, 4, 8`), and seconds that may be less than nought."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QDoubleSpinBox, QLineEdit, QWidget

from app.ui import theme
from app.ui.parts.card import column
from app.ui.parts.text import caption, set_role
from app.words import MINUS

MOST = 16  # numbers in one list


def parsed(text: str, high: int) -> tuple[int, ...] | str:
    """The numbers in rising order, each once; or what is wrong, in words."""
    parts = [part for part in re.split(r"[\s,;]+", text.strip()) if part]
    if not parts:
        return "Type at least one number."
    wrong = next((part for part in parts if not part.isascii() or not part.isdigit() or not 1 <= int(part) <= high), "")
    if wrong:
        return f"“{wrong}” is no whole number from 1 to {high:,}."
    numbers = tuple(sorted({int(part) for part in parts}))
    return numbers if len(numbers) <= MOST else f"{len(numbers)} numbers are too many: {MOST} at most."


class Numbers(QWidget):
    """A field and, below it, what is wrong with what was typed. `changed` comes when the numbers are others."""

    changed = Signal()

    def __init__(self, name: str, start: Sequence[int], high: int, tip: str) -> None:
        super().__init__()
        self._high = high
        self.numbers: tuple[int, ...] = ()
        self.field = QLineEdit(", ".join(map(str, start)))
        self.field.setAccessibleName(name)
        self.field.setToolTip(tip)
        self.field.setMinimumHeight(theme.px(theme.CONTROL - 2))
        self.words = caption(wrap=True)
        self.setLayout(column(caption(name), self.field, self.words, gap=4))
        self.field.textChanged.connect(lambda _: self._read())
        self._read()

    def _read(self) -> None:
        found = parsed(self.field.text(), self._high)
        said = found if isinstance(found, str) else ""
        self.words.setText(said)
        self.words.setVisible(bool(said))
        set_role(self.words, "bad" if said else "caption")
        self.field.setAccessibleDescription(said)
        self.numbers = () if isinstance(found, str) else found
        self.changed.emit()

    def show_numbers(self, numbers: Sequence[int]) -> None:
        self.field.setText(", ".join(map(str, numbers)))


class Signed(QDoubleSpinBox):
    """Written with a minus sign; both it and the hyphen of a keyboard are read."""

    def textFromValue(self, value: float) -> str:
        return super().textFromValue(value).replace("-", MINUS)

    def valueFromText(self, text: str) -> float:
        return super().valueFromText(text.replace(MINUS, "-"))

    def validate(self, text: str, place: int) -> QValidator.State:
        found = super().validate(text.replace(MINUS, "-"), place)
        return found[0] if isinstance(found, tuple) else found
