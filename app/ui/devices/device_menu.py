"""What can be done with a device, from the rail and from its tab."""

from __future__ import annotations

from PySide6.QtWidgets import QMenu, QWidget

from app.ui.desk import Desk
from app.ui.icons import icon


def device_menu(desk: Desk, name: str, parent: QWidget) -> QMenu:
    """What can be done with a device: a board in the address book can be tried, changed and removed."""
    menu = QMenu(parent)
    own = desk.roster.is_board(name)
    test = menu.addAction(icon("link"), "Test the connection", lambda: desk.board_test_wanted.emit(name))
    edit = menu.addAction(icon("pencil-simple"), "Edit…", lambda: desk.board_wanted.emit(name))
    remove = menu.addAction(icon("trash"), "Remove…", lambda: desk.board_removal_wanted.emit(name))
    for action in (test, edit, remove):
        action.setEnabled(own)
    menu.addSeparator()
    menu.addAction(icon("plus"), "Add a board", lambda: desk.board_wanted.emit(""))
    return menu
