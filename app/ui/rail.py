"""The rail: candidates as a tree of lineage, what the three marks say, and the devices."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QMenu, QVBoxLayout, QWidget

from app.ui import theme
from app.ui.candidate_list import CandidateList
from app.ui.desk import Desk
from app.ui.device_list import DeviceList
from app.ui.devices.device_menu import device_menu
from app.ui.icons import icon
from app.ui.parts.buttons import icon_button, link_button
from app.ui.parts.card import column, hairline, holder, row
from app.ui.parts.marker import FigureLegend
from app.ui.parts.text import caption, heading

NO_BOARD = "Measure on a board: a Jetson or any Linux machine you reach by SSH."


class Rail(QFrame):
    """`make_one`: the + beside Candidates."""

    make_one = Signal()
    open_network = Signal()
    save_network = Signal(str)
    resized = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setProperty("fill", "window")
        self.setAccessibleName("Candidates and devices")
        self.desk = desk
        self.candidates = CandidateList(desk)
        self.devices = DeviceList(desk)
        self.count = caption()
        self.add_button = icon_button("plus", "Make a new candidate, or add a network")
        self.add_button.clicked.connect(self._add_menu)
        self.hidden = link_button("", self.candidates.toggle_hidden)
        self.hidden.hide()
        self.add_board = icon_button("plus", "Add a board", lambda: desk.board_wanted.emit(""))
        self.no_board = _no_board(lambda: desk.board_wanted.emit(""))
        self.legend = FigureLegend()
        self._build()
        self._show_boards()
        desk.study_changed.connect(lambda _: self._recount())
        self.candidates.menu_wanted.connect(self._menu)
        self.devices.menu_wanted.connect(lambda name, at: device_menu(desk, name, self).popup(at))
        desk.roster.changed.connect(self._show_boards)

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, theme.px(8), 0, theme.px(8))
        layout.setSpacing(0)
        layout.addWidget(_head("Candidates", self.count, self.add_button))
        layout.addWidget(self.candidates)
        below = row(self.hidden, None)
        below.setContentsMargins(theme.px(12), 0, 0, 0)
        layout.addLayout(below)
        marks = row(self.legend)
        marks.setContentsMargins(theme.px(20), theme.px(10), theme.px(4), theme.px(12))
        layout.addLayout(marks)
        layout.addStretch(1)
        layout.addWidget(hairline())
        layout.addSpacing(theme.px(8))
        layout.addWidget(_head("Devices", self.add_board))
        layout.addWidget(self.devices)
        layout.addWidget(self.no_board)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()

    def _recount(self) -> None:
        study = self.desk.study
        shown, hidden = len(study.shown()), len(study.candidates) - len(study.shown())
        self.count.setText(str(shown) if shown else "")
        self.count.setAccessibleName(f"{shown} candidates")
        self.hidden.setVisible(hidden > 0)
        self.hidden.setText("Hide hidden" if self.candidates.with_hidden else f"Show hidden ({hidden})")

    def _show_boards(self) -> None:
        self.no_board.setVisible(len(self.desk.roster.names) == 1)

    def _add_menu(self) -> None:
        menu = QMenu(self)
        menu.addAction(icon("scissors"), "Make one by a recipe", self.make_one.emit)
        menu.addAction(icon("folder-open"), "Add a network…", self.open_network.emit)
        menu.popup(self.add_button.mapToGlobal(self.add_button.rect().bottomLeft()))

    def _menu(self, letter: str, at: QPoint) -> None:
        """What can be done with a candidate: the same as the keys do."""
        listed = self.candidates
        candidate = self.desk.study.candidates[letter]
        menu = QMenu(self)
        menu.addAction(icon("pencil-simple"), "Rename\tF2", listed.rename)
        menu.addAction(icon("push-pin"), "Let go of its marker\tP" if candidate.pinned else "Pin\tP", listed.pin)
        hide = "Show again\tDel" if candidate.hidden else "Hide\tDel"
        menu.addAction(icon("eye" if candidate.hidden else "eye-slash"), hide, listed.hide_or_show)
        menu.addAction(icon("floppy-disk"), "Save as ONNX…", lambda: self.save_network.emit(letter))
        menu.popup(at)


def _no_board(add: Callable[[], object]) -> QWidget:
    """What stands below this computer while it is the only device."""
    said = column(caption(NO_BOARD, wrap=True), row(link_button("Add a board", add, glyph="plus"), None), gap=2)
    said.setContentsMargins(theme.px(20), theme.px(4), theme.px(16), theme.px(4))
    return holder(said)


def _head(title: str, *right: QWidget) -> QWidget:
    line = row(heading(title), None, *right, gap=4)
    line.setContentsMargins(theme.px(20), 0, theme.px(10), 0)
    made = holder(line)
    made.setFixedHeight(theme.px(theme.CONTROL + 4))
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return made
