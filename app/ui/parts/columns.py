"""A page's middle and right columns. In a small window the right one becomes a tab beside the middle one."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from app.ui import remember, theme
from app.ui.parts.card import row
from app.ui.parts.segmented import Segmented

NARROW = 940  # px at 100 %: below this two columns would cut both


class MiddleAndRight(QWidget):
    """Side by side with a splitter whose place is remembered under `key`; below `narrow` one at a time, by tabs."""

    def __init__(
        self,
        key: str,
        middle: QWidget,
        right: QWidget,
        names: tuple[str, str],
        *,
        right_width: int = 316,
        narrow: int = NARROW,
    ) -> None:
        super().__init__()
        self._key, self._narrow_below, self._right_width = key, narrow, right_width
        self.middle, self.right = middle, right
        self.tabs = Segmented([("middle", names[0]), ("right", names[1])], "Column")
        self.tabs.chosen.connect(lambda _: self._arrange())
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(theme.px(theme.SPACE[4]))
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(middle)
        self.splitter.addWidget(right)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 0)
        self.splitter.splitterMoved.connect(lambda *_: remember.keep(f"split/{key}", self.splitter.saveState()))
        self._tab_row = QWidget()
        self._tab_row.setProperty("clear", True)
        self._tab_row.setLayout(row(self.tabs, None))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(theme.SPACE[2]))
        layout.addWidget(self._tab_row)
        layout.addWidget(self.splitter, 1)
        self._was_narrow: bool | None = None
        self._arrange()

    @property
    def is_narrow(self) -> bool:
        return self.width() < theme.px(self._narrow_below)

    def name_right(self, name: str) -> None:
        """The right tab bears what it shows: the layer's name."""
        self.tabs.button("right").setText(_short(name))

    def show_right(self) -> None:
        """In a small window: turn to the right column."""
        self.tabs.choose("right")
        self._arrange()

    def _arrange(self) -> None:
        narrow = self.is_narrow
        self._tab_row.setVisible(narrow)
        self.middle.setVisible(not narrow or self.tabs.key == "middle")
        self.right.setVisible(not narrow or self.tabs.key == "right")
        if not narrow and self._was_narrow is not False and self.width() > 0:
            kept = remember.state(f"split/{self._key}")
            if kept.isEmpty() or not self.splitter.restoreState(kept):
                right = theme.px(self._right_width)
                self.splitter.setSizes([max(self.width() - right, right), right])
        self._was_narrow = narrow

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._arrange()


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:11]}…{name[-12:]}"
