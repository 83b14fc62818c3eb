"""The one card that a plot shows beside the point under the mouse or the keyboard's focus."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QWidget

from app.ui import theme
from app.ui.parts.card import clear
from app.ui.parts.text import caption, label


class HoverCard(QFrame):
    """A name and all figures. It never takes the mouse."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        self.setProperty("card", True)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(*[theme.px(p) for p in (12, 8, 12, 8)])
        self._grid.setHorizontalSpacing(theme.px(16))
        self._grid.setVerticalSpacing(2)
        self.hide()

    def show_at(self, point: QPoint, title: str, lines: Sequence[tuple[str, str]]) -> None:
        """Beside `point` (in the widget it is over), on whichever side has room."""
        self._fill(title, lines)
        self.adjustSize()
        x = point.x() + 18 if point.x() + 18 + self.width() < self._over.width() else point.x() - 18 - self.width()
        y = min(max(point.y() - self.height() - 12, 4), self._over.height() - self.height() - 4)
        self.move(max(x, 4), max(y, 4))
        self.show()
        self.raise_()

    def _fill(self, title: str, lines: Sequence[tuple[str, str]]) -> None:
        clear(self._grid)
        self._grid.addWidget(label(title, "strong"), 0, 0, 1, 2)
        for row, (name, value) in enumerate(lines, start=1):
            self._grid.addWidget(caption(name), row, 0)
            self._grid.addWidget(label(value, "table"), row, 1, Qt.AlignmentFlag.AlignRight)
