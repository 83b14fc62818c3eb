"""A board’s password, asked for where something is about to be done with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import boards
from app.ui.desk import Desk
from app.ui.devices.board_messages import Message, error_message, secret_message
from app.ui.parts.card import clear
from app.ui.parts.sheet import Sheet


class PasswordSheet(Sheet):
    """Kept for this session alone, or in the system's keyring where that is ticked; never in a file of ours."""

    def __init__(self, host: QWidget, desk: Desk) -> None:
        super().__init__(host, "Log in", side="top", extent=460)
        self.desk = desk
        self.name, self._then = "", lambda: None
        self.inside = QVBoxLayout()
        self.body.addLayout(self.inside)

    def present_for(self, name: str, then: Callable[[], object], wanted: str = "password", why: str = "") -> None:
        """`then` is done once the secret is typed; not at all when the sheet is closed."""
        self.name, self._then = name, then
        message = secret_message(wanted, self.desk.roster.title(name), why, self._log_in)
        self._say(message)
        self.present()
        if message.first is not None:
            message.first.setFocus()

    def _say(self, message: Message) -> None:
        clear(self.inside)
        self.inside.addWidget(message)

    def _log_in(self, secret: str, keep: bool) -> None:
        if keep:
            name = self.name
            self.desk.aside(lambda: keep_for_good(name, secret), lambda _: self._go_on(secret), self._failed)
        else:
            self._go_on(secret)

    def _go_on(self, secret: str) -> None:
        if self.desk.workbench is not None:
            self.desk.workbench.secrets.put(self.name, secret)
        then, self._then = self._then, lambda: None
        self.dismiss()
        then()

    def _failed(self, error: BaseException) -> None:
        self._say(error_message(error))


def keep_for_good(name: str, secret: str) -> None:
    """Into the system's keyring, and say so in the address book. Raises Failed where there is no keyring."""
    boards.keep_in_keyring(name, secret)
    boards.replace_board(name, replace(boards.address_of(name), login="keyring"))
