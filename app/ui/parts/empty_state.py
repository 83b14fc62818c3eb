"""An empty place: the exact words of what is missing, then what to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui import theme
from app.ui.parts.buttons import button, primary_button
from app.ui.parts.card import column, row
from app.ui.parts.error_card import IconLabel
from app.ui.parts.text import label

Action = tuple[str, Callable[[], object]]


class EmptyState(QWidget):
    """Words in the middle of the free room; the first action is the primary one when `primary` is True."""

    def __init__(self, words: str, actions: Sequence[Action] = (), *, glyph: str = "", primary: bool = False) -> None:
        super().__init__()
        text = label(words, "body", wrap=True)
        text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        text.setMinimumWidth(theme.px(220))
        self.words = text
        self.buttons = [
            primary_button(name, do) if primary and place == 0 else button(name, do)
            for place, (name, do) in enumerate(actions)
        ]
        parts: list = [None]
        if glyph:
            parts.append(row(None, IconLabel(glyph, "muted", 32), None))
        parts += [text, row(None, *self.buttons, None), None]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.px(24)] * 4)
        layout.addLayout(column(*parts, gap=12))
        self.setAccessibleName(words)
