"""One of a few: a row of joined buttons. Tab reaches the chosen one, ← and → move."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QPushButton, QSizePolicy

from app.ui import theme


class Segmented(QFrame):
    """`chosen(key)` is sent when a person picks another one, not by `choose`."""

    chosen = Signal(str)

    def __init__(self, options: Sequence[tuple[str, str]], name: str, tips: Sequence[str] = ()) -> None:
        """`options` are (key, words); `name` says what is chosen, for screen readers."""
        super().__init__()
        self.setProperty("segmented", True)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(*[theme.px(2)] * 4)
        layout.setSpacing(0)
        self._group = QButtonGroup(self)
        self._keys = [key for key, _ in options]
        for place, (key, words) in enumerate(options):
            made = QPushButton(words)
            made.setProperty("segment", True)
            made.setCheckable(True)
            made.setAutoDefault(False)
            made.setToolTip(tips[place] if place < len(tips) else "")
            made.setAccessibleName(f"{name}: {words}")
            made.clicked.connect(lambda _=False, key=key: self._pick(key))
            self._group.addButton(made, place)
            layout.addWidget(made)
        self.key = ""
        self.choose(self._keys[0])

    def choose(self, key: str) -> None:
        """Show `key` as chosen."""
        self.key = key
        for place, name in enumerate(self._keys):
            made = self._group.button(place)
            made.setChecked(name == key)
            made.setFocusPolicy(Qt.FocusPolicy.StrongFocus if name == key else Qt.FocusPolicy.ClickFocus)

    def button(self, key: str) -> QPushButton:
        return self._group.button(self._keys.index(key))  # type: ignore[return-value]

    def _pick(self, key: str) -> None:
        changed = key != self.key
        self.choose(key)
        if changed:
            self.chosen.emit(key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        place = self._keys.index(self.key) + step
        if step and 0 <= place < len(self._keys):
            self._pick(self._keys[place])
            self._group.button(place).setFocus(Qt.FocusReason.TabFocusReason)
            return
        super().keyPressEvent(event)
