"""Who is asked when a board is to be added, tried or removed, or lets nobody in."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app import boards
from app.ui.desk import Desk
from app.ui.devices.board_sheet import BoardSheet
from app.ui.devices.changed_key import show_changed_key
from app.ui.devices.password_sheet import PasswordSheet


class Doorman(QObject):
    """Opens what a board needs before it lets anyone in: its sheet, a password, the dialog of a changed key."""

    def __init__(self, window: QWidget, desk: Desk, sheet: BoardSheet, password: PasswordSheet) -> None:
        super().__init__(window)
        self._window, self.desk, self.sheet, self.password = window, desk, sheet, password
        desk.board_wanted.connect(sheet.present_for)
        desk.board_test_wanted.connect(lambda name: sheet.present_for(name, test=True))
        desk.board_removal_wanted.connect(self.remove)
        desk.secret_wanted.connect(password.present_for)
        desk.job_ended.connect(self._job_ended)
        desk.live.failed.connect(lambda name, error: self._trouble(name, error, lambda: None))

    def remove(self, name: str) -> None:
        """At once, and taken back by Undo: nothing that was measured on it is lost."""

        def removed(change: boards.BoardChange) -> None:
            roster = self.desk.roster
            roster.ask()
            undo = lambda: self.desk.aside(change.undo, lambda _: roster.ask())  # noqa: E731
            said = f"{roster.title(name)} was removed. What was measured on it stays in your studies."
            self.desk.told.emit(said, "Undo", undo)

        self.desk.aside(lambda: boards.remove_board(name), removed)

    def _job_ended(self, view) -> None:
        error = view.cause
        workbench = self.desk.workbench
        if view.state == "failed" and error is not None and view.device and workbench is not None:
            self._trouble(view.device, error, lambda: workbench.start_again(view.job))

    def _trouble(self, name: str, error, again: Callable[[], object]) -> None:
        """What a person must decide is asked for at once; everything else is said where it failed."""
        kind, workbench = type(error).__name__, self.desk.workbench
        if kind == "LoginRefused" and error.wanted:
            if workbench is not None:
                workbench.secrets.drop(name)
            self.password.present_for(name, again, error.wanted, error.what)
        elif kind == "UnknownHost":
            self.sheet.present_for(name, test=True)
        elif kind == "ChangedHost":
            address = boards.address_of(name)
            show_changed_key(self._window, self.desk, address, error, lambda: self.sheet.present_for(name, test=True))
