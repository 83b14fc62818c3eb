"""Which size will you run? Asked when a network leaves the height and width of its input open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtWidgets import QHBoxLayout, QSpinBox, QWidget

from app.ui import theme
from app.ui.parts.buttons import primary_button
from app.ui.parts.card import clear, column, holder, row
from app.ui.parts.sheet import Sheet
from app.ui.parts.text import label

USUAL = 224  # of an image's side
Shapes = dict[str, list[int]]


def open_words(name: str, shape: Sequence[int | str]) -> str:
    """What is open: the height and width of an image, or whichever sizes."""
    places = [axis for axis, size in enumerate(shape) if axis and not isinstance(size, int)]
    if len(shape) == 4 and places == [2, 3]:
        return f"The height and width of “{name}” are open."
    return f"{len(places)} sizes of “{name}” are open." if len(places) > 1 else f"A size of “{name}” is open."


class OpenSizes(Sheet):
    """`ask` shows it; the answer has a whole shape for each open input."""

    def __init__(self, host: QWidget) -> None:
        super().__init__(host, "Input size", side="top", extent=520)
        self._then: Callable[[Shapes], None] = lambda _: None
        self.fields: dict[str, list[QSpinBox | int]] = {}
        self._lines = column(gap=12)
        self.use = primary_button("Use it", self._answer)
        self.body.addLayout(self._lines)
        self.body.addStretch(1)
        self.body.addLayout(row(None, self.use))

    def ask(self, name: str, inputs: Mapping[str, Sequence[int | str]], then: Callable[[Shapes], None]) -> None:
        clear(self._lines)
        self.title.setText(name)
        self._then, self.fields = then, {}
        for put, shape in inputs.items():
            words = f"{open_words(put, shape)} Which size will you run?"
            self._lines.addWidget(label(words, "body", wrap=True))
            self._lines.addWidget(holder(self._fields(put, shape)))
        self.present()

    def _fields(self, name: str, shape: Sequence[int | str]) -> QHBoxLayout:
        items: list = []
        self.fields[name] = []
        for axis, size in enumerate(shape):
            if axis:
                items.append(label("×", "muted"))
            if isinstance(size, int):
                self.fields[name].append(size)
                items.append(label(str(size), "strong"))
            elif axis == 0:
                self.fields[name].append(1)
                items.append(label("1", "strong"))
            else:
                items.append(self._field(name, str(size), USUAL if len(shape) == 4 else 1))
        return row(*items, None)

    def _field(self, name: str, axis: str, usual: int) -> QSpinBox:
        field = QSpinBox()
        field.setRange(1, 16384)
        field.setValue(usual)
        field.setMinimumHeight(theme.px(theme.CONTROL))
        field.setAccessibleName(f"Size of {axis} of {name}")
        self.fields[name].append(field)
        return field

    def _answer(self) -> None:
        shapes = {
            name: [part if isinstance(part, int) else part.value() for part in parts]
            for name, parts in self.fields.items()
        }
        self.dismiss()
        self._then(shapes)
