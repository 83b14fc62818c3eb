"""Two plots side by side over a table; where there is no room for all, one of the three at a time, by tabs."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from app.ui import remember, theme
from app.ui.parts.card import holder, row
from app.ui.parts.segmented import Segmented

WIDE, TALL = 680, 500  # px at 100 %: from here on there is room for all


class PlotsAndTable(QWidget):
    """Equal halves above, the table below; the splitter's place is remembered under `key`."""

    def __init__(self, key: str, plots: tuple[QWidget, QWidget], table: QWidget, names: tuple[str, str, str]) -> None:
        super().__init__()
        self._parts = {"first": plots[0], "second": plots[1], "table": table}
        self.tabs = Segmented(list(zip(self._parts, names, strict=True)), "What is shown")
        self.tabs.chosen.connect(lambda _: self._arrange())
        self._tab_row = holder(row(self.tabs, None))
        both = row(*plots, gap=12)
        both.setStretch(0, 1)
        both.setStretch(1, 1)
        self._above = holder(both)
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.setHandleWidth(theme.px(12))
        self._splitter.setChildrenCollapsible(False)
        for place, (part, share) in enumerate(((self._above, 3), (table, 2))):
            self._splitter.addWidget(part)
            self._splitter.setStretchFactor(place, share)
        self._splitter.restoreState(remember.state(f"split/{key}"))
        self._splitter.splitterMoved.connect(lambda *_: remember.keep(f"split/{key}", self._splitter.saveState()))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(8))
        layout.addWidget(self._tab_row)
        layout.addWidget(self._splitter, 1)
        self._arrange()

    @property
    def is_small(self) -> bool:
        return self.width() < theme.px(WIDE) or self.height() < theme.px(TALL)

    def _arrange(self) -> None:
        small = self.is_small
        self._tab_row.setVisible(small)
        for key, part in self._parts.items():
            part.setVisible(not small or self.tabs.key == key)
        self._above.setVisible(not small or self.tabs.key != "table")

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._arrange()
