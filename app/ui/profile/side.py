"""Plots side by side over a table; where there is no room for all, one at a time, by tabs."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from app.ui import remember, theme
from app.ui.parts.card import holder, row
from app.ui.parts.segmented import Segmented

WIDE, TALL = 680, 500  # px at 100 %: from here on there is room for two plots and a table


class PlotsAndTable(QWidget):
    """Equal parts above, the table below; the splitter's place is remembered under `key`. `names` are of the tabs.

    `least` is the width and height, in px at 100 %, that it takes to show all at once.
    """

    def __init__(
        self,
        key: str,
        plots: Sequence[QWidget],
        table: QWidget,
        names: Sequence[str],
        *,
        least: tuple[int, int] = (WIDE, TALL),
        shares: tuple[int, int] = (3, 2),
    ) -> None:
        super().__init__()
        self._least = least
        self._parts = {f"plot{place}": plot for place, plot in enumerate(plots)} | {"table": table}
        self.tabs = Segmented(list(zip(self._parts, names, strict=True)), "What is shown")
        self.tabs.chosen.connect(lambda _: self._arrange())
        self._tab_row = holder(row(self.tabs, None))
        both = row(*plots, gap=12)
        for place in range(len(plots)):
            both.setStretch(place, 1)
        self._above = holder(both)
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.setHandleWidth(theme.px(12))
        self._splitter.setChildrenCollapsible(False)
        for place, part in enumerate((self._above, table)):
            self._splitter.addWidget(part)
            self._splitter.setStretchFactor(place, shares[place])
        self._splitter.restoreState(remember.state(f"split/{key}"))
        self._splitter.splitterMoved.connect(lambda *_: remember.keep(f"split/{key}", self._splitter.saveState()))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(8))
        layout.addWidget(self._tab_row)
        layout.addWidget(self._splitter, 1)
        self.has_plots = True
        self._arrange()

    def show_plots(self, shown: bool) -> None:
        """Without anything to draw there is only the table."""
        self.has_plots = shown
        self._arrange()

    @property
    def is_small(self) -> bool:
        wide, tall = self._least
        return self.width() < theme.px(wide) or self.height() < theme.px(tall)

    def _arrange(self) -> None:
        tabbed = self.is_small and self.has_plots
        self._tab_row.setVisible(tabbed)
        for key, part in self._parts.items():
            part.setVisible((self.has_plots or key == "table") and (not tabbed or self.tabs.key == key))
        self._above.setVisible(self.has_plots and (not tabbed or self.tabs.key != "table"))

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._arrange()
