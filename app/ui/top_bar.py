"""The top bar: the study and its menu, the pages, the counting convention, search and theme."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QMenu, QPushButton, QWidget

from app.ui import theme
from app.ui.icons import icon
from app.ui.parts.buttons import icon_button
from app.ui.parts.card import hairline
from app.ui.parts.error_card import IconLabel
from app.ui.parts.segmented import Segmented
from app.ui.parts.text import label
from profiler.breakdown import CONVENTION_NAMES

TIPS = (
    "Multiply-accumulates",
    "Multiply-accumulates and bias additions: the lecture’s “Ops”",
    "2 × MACs, bias apart",
)


class TopBar(QFrame):
    """`tabs` are (key, title, icon). Signals carry keys."""

    page_chosen = Signal(str)
    convention_chosen = Signal(str)
    search = Signal()
    switch_theme = Signal()

    def __init__(self, tabs: Sequence[tuple[str, str, str]]) -> None:
        super().__init__()
        self.setProperty("fill", "surface")
        self.setAccessibleName("Top bar")
        self.setFixedHeight(theme.px(theme.TOP_BAR))
        self.menu = QMenu(self)
        self.study = self._study_button()
        self.corner = QWidget()  # as wide as the rail, so that its edge goes on up here
        corner = QHBoxLayout(self.corner)
        corner.setContentsMargins(theme.px(8), 0, theme.px(8), 0)
        corner.addWidget(self.study)
        corner.addStretch(1)
        self.edge = hairline(vertical=True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, theme.px(12), 0)
        layout.setSpacing(0)
        layout.addWidget(self.corner)
        layout.addWidget(self.edge)
        layout.addSpacing(theme.px(6))
        self._add_tabs(layout, tabs)
        layout.addStretch(1)
        self._add_right(layout)

    def _study_button(self) -> QPushButton:
        made = QPushButton()
        made.setProperty("plain", True)
        made.setAutoDefault(False)
        made.clicked.connect(lambda: self.menu.popup(made.mapToGlobal(made.rect().bottomLeft())))
        inside = QHBoxLayout(made)
        inside.setContentsMargins(theme.px(8), 0, theme.px(6), 0)
        inside.setSpacing(theme.px(8))
        self._study_name: QLabel = label("", "heading")
        caret = IconLabel("caret-down", "muted", 12)
        for part in (IconLabel("tree-evergreen", "good", 20), self._study_name, caret):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            inside.addWidget(part)
        return made

    def show_study(self, name: str) -> None:
        room = self.corner.width() - theme.px(80)
        shown = self._study_name.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, max(room, theme.px(60)))
        self._study_name.setText(shown)
        wide = self._study_name.sizeHint().width() + theme.px(8 + 20 + 8 + 8 + 12 + 10)
        self.study.setFixedWidth(wide)
        self.study.setAccessibleName(f"Study {name}, opens a menu")
        self.study.setToolTip(f"Study: {name}" if shown != name else "Study")

    def set_corner(self, width: int) -> None:
        """As wide as the rail (at least as wide as the name needs, when the rail is hidden)."""
        self.edge.setVisible(width > 0)
        self.corner.setFixedWidth(max(width, theme.px(theme.RAIL_LEAST)))

    def _add_tabs(self, layout: QHBoxLayout, tabs: Sequence[tuple[str, str, str]]) -> None:
        self._group = QButtonGroup(self)
        self.tabs: dict[str, QPushButton] = {}
        for place, (key, title, glyph) in enumerate(tabs):
            made = QPushButton(title)
            made.setProperty("tab", True)
            made.setCheckable(True)
            made.setAutoDefault(False)
            made.setIcon(icon(glyph, "muted", "accent"))
            made.setIconSize(QSize(theme.px(24), theme.px(18)))
            made.setFixedHeight(theme.px(theme.TOP_BAR))
            made.setToolTip(f"Ctrl+{place + 1}")
            made.setAccessibleName(f"Page {title}")
            made.clicked.connect(lambda _=False, key=key: self.page_chosen.emit(key))
            self._group.addButton(made)
            self.tabs[key] = made
            layout.addWidget(made)

    def _add_right(self, layout: QHBoxLayout) -> None:
        self.convention_words = label("Operations as", "muted")
        self.convention = Segmented(list(CONVENTION_NAMES.items()), "Operations as", TIPS)
        self.convention.chosen.connect(self.convention_chosen)
        self.search_button = icon_button("magnifying-glass", "Search layers, candidates and commands (Ctrl+K)")
        self.search_button.clicked.connect(self.search)
        self.theme_button = icon_button("moon", "Dark theme")
        self.theme_button.clicked.connect(self.switch_theme)
        layout.addWidget(self.convention_words)
        layout.addSpacing(theme.px(8))
        layout.addWidget(self.convention)
        layout.addSpacing(theme.px(8))
        layout.addWidget(self.search_button)
        layout.addWidget(self.theme_button)

    def show_page(self, key: str) -> None:
        if key in self.tabs:
            self.tabs[key].setChecked(True)

    def show_theme(self, name: str) -> None:
        """The button shows where it leads."""
        other = "Dark" if name == "light" else "Light"
        self.theme_button.setIcon(icon("moon" if name == "light" else "sun"))
        self.theme_button.setToolTip(f"{other} theme")
        self.theme_button.setAccessibleName(f"{other} theme")

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self.convention_words.setVisible(self.width() >= theme.px(1180))
