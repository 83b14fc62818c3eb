"""Add a board, change it, or try whether it answers: a side sheet whose steps fill in as they succeed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget
from shiboken6 import isValid

from app import boards
from app.ui import theme
from app.ui.desk import Desk
from app.ui.devices.board_form import BoardForm
from app.ui.devices.board_messages import (
    Message,
    error_message,
    found_message,
    secret_message,
    trust_message,
)
from app.ui.devices.changed_key import show_changed_key
from app.ui.devices.found_steps import FoundSteps
from app.ui.parts.buttons import button, link_button, primary_button
from app.ui.parts.card import clear, column, holder, row, scrolled
from app.ui.parts.sheet import Sheet
from app.ui.parts.text import Elided
from profiler.errors import BadInput

if TYPE_CHECKING:
    from devices.address_book import Address
    from devices.ssh import Found
    from profiler.progress import Progress


class BoardSheet(Sheet):
    """`saved(name)`: the address book has it now."""

    saved = Signal(str)
    _progress = Signal(int, object)  # from the workbench's threads to the window's
    _ended = Signal(int, object, object)

    def __init__(self, host: QWidget, desk: Desk) -> None:
        super().__init__(host, "Add a board", side="right", extent=470)
        self.desk = desk
        self.name = ""  # the board that is changed; "": a new one
        self.found: Found | None = None
        self._tried: Address | None = None  # the address that `found` belongs to
        self._secret: str | None = None
        self._keep = False
        self._round = 0
        self._stop: Callable[[], None] | None = None
        self.form, self.steps = BoardForm(), FoundSteps()
        self.where = Elided("", "strong")
        self.change = link_button("Change", self._change)
        self.message = QVBoxLayout()
        self.connect_button = primary_button("Connect", self.try_now)
        self.save_button = button("Save", self.save)
        self._assemble()
        queued = Qt.ConnectionType.QueuedConnection
        self._progress.connect(self._heard, queued)
        self._ended.connect(self._finished, queued)
        self.form.changed.connect(self._typed)
        self.form.entered.connect(self.try_now)
        self.closed.connect(self._give_up)

    def _assemble(self) -> None:
        line = row(self.where, self.change)
        line.setStretch(0, 1)
        self.summary = holder(line)
        inside = column(self.form, self.summary, self.steps, self.message, None, gap=16)
        inside.setContentsMargins(0, 0, theme.px(12), 0)
        self.body.addWidget(scrolled(holder(inside), sideways=False), 1)
        self.body.addLayout(row(self.save_button, None, self.connect_button))

    # ------------------------------------------------------------------ opening

    def present_for(self, name: str, *, test: bool = False) -> None:
        """`name` "": a new board. `test`: reach for it at once."""
        self._give_up()
        self.name, self.found, self._tried, self._secret, self._keep = name, None, None, None, False
        self.title.setText(f"{name}" if name else "Add a board")
        self.setAccessibleName(f"The board {name}" if name else "Add a board")
        known = self._known(name) if name else None
        self.form.show_address(known)
        self._show_form(True)
        self.save_button.setText("Save" if name else "Add without connecting")
        self._typed()
        self.present()
        self.form.first_field().setFocus()
        self.desk.aside(boards.ssh_aliases, self._offer_hosts, lambda _: None)
        if test and known is not None:
            self.try_now()

    def _offer_hosts(self, aliases: list[str]) -> None:
        """They may come when the window has been closed."""
        if isValid(self):
            self.form.offer_hosts(aliases)

    def _known(self, name: str) -> Address | None:
        try:
            return boards.address_of(name)
        except BadInput as error:
            self._say_error(error)
            return None

    # ------------------------------------------------------------------ what is shown

    def _show_form(self, shown: bool) -> None:
        """Either what is typed, or the way to the board."""
        self.form.setVisible(shown)
        for widget in (self.summary, self.steps):
            widget.setVisible(not shown)
        if shown:
            clear(self.message)
        self.connect_button.setText("Connect")
        self.save_button.setVisible(True)

    def _typed(self) -> None:
        """What was typed may be another board: what was found says nothing of it."""
        able = not self.form.is_empty
        self.connect_button.setEnabled(able and self.desk.workbench is not None)
        self.save_button.setEnabled(able)

    def _change(self) -> None:
        self._give_up()
        self._show_form(True)
        self._typed()
        self.form.first_field().setFocus()

    def _say(self, message: Message) -> None:
        clear(self.message)
        self.message.addWidget(message)
        if message.first is not None:
            message.first.setFocus()

    def _say_error(self, error: BaseException) -> None:
        self._say(error_message(error))

    # ------------------------------------------------------------------ the way to the board

    def try_now(self) -> None:
        """Reach for the board as it is typed."""
        workbench = self.desk.workbench
        if self.found is not None and self.connect_button.isEnabled():
            self.save()
            return
        if workbench is None or self.form.is_empty:
            return
        self._give_up()
        try:
            address = self.form.address()
        except BadInput as error:
            self._say_error(error)
            return
        self._tried = address
        if address.login == "password" and self._secret is None:
            self._secret = workbench.secrets.get(address.name)
        self.where.setText(f"{address.place}  ·  {address.name}")
        self._show_form(False)
        self.steps.begin()
        clear(self.message)
        if address.login == "password" and self._secret is None:
            self._ask_secret("password", "")
            return
        self.connect_button.setEnabled(False)
        self.connect_button.setText("Connecting…")
        now = self._round
        self._stop = workbench.probe(
            address,
            self._secret,
            lambda progress: self._progress.emit(now, progress),
            lambda value, error: self._ended.emit(now, value, error),
        )

    def _heard(self, of: int, progress: Progress) -> None:
        if of == self._round:
            self.steps.tell(progress.text)

    def _finished(self, of: int, value: Any, error: BaseException | None) -> None:
        if of != self._round:
            return
        self._stop = None
        self.connect_button.setText("Connect")
        self.connect_button.setEnabled(True)
        if error is None:
            self._show_found(value)
            return
        known = {"UnknownHost": self._ask_trust, "ChangedHost": self._refuse_changed, "LoginRefused": self._refused}
        known.get(type(error).__name__, self._failed)(error)

    def _failed(self, error: BaseException) -> None:
        self.steps.fail()
        self._say_error(error)
        self.connect_button.setText("Try again")
        if self.name:
            self.desk.roster.lost(self.name)

    def _give_up(self) -> None:
        stop, self._stop = self._stop, None
        self._round += 1
        if stop is not None:
            stop()
        self.found = None

    def dismiss(self) -> None:
        self._give_up()
        super().dismiss()

    # ------------------------------------------------------------------ its key

    def _ask_trust(self, error: Any) -> None:
        """First contact: the fingerprint in full."""
        self.steps.wait()
        self._say(trust_message(error, lambda: self._trust(error), self._change))
        self.connect_button.setEnabled(False)

    def _trust(self, error: Any) -> None:
        address = self._tried
        assert address is not None
        self.desk.aside(lambda: boards.trust(address, error.key_line), lambda _: self.try_now(), self._failed)

    def _refuse_changed(self, error: Any) -> None:
        self._failed(error)
        address = self._tried
        if address is not None:
            show_changed_key(self, self.desk, address, error, then=self.try_now)

    # ------------------------------------------------------------------ the login

    def _refused(self, error: Any) -> None:
        """Nobody is let in so: a password or passphrase may do it; else what to try."""
        if self._tried is not None and self._secret is not None and self.desk.workbench is not None:
            self.desk.workbench.secrets.drop(self._tried.name)
        self._secret = None
        if error.wanted:
            self._ask_secret(error.wanted, error.what)
        else:
            self._failed(error)

    def _ask_secret(self, wanted: str, why: str) -> None:
        self.steps.wait()
        whose = self._tried.place if self._tried is not None else ""
        if self._tried is not None and wanted == "password" and self._tried.login == "key":
            self.form.login.choose("password")  # that is how this board lets its user in
        self._say(secret_message(wanted, whose, why, self._log_in))
        self.connect_button.setEnabled(False)

    def _log_in(self, secret: str, keep: bool) -> None:
        self._secret, self._keep = secret, keep
        self.try_now()

    # ------------------------------------------------------------------ what was found

    def _show_found(self, found: Found) -> None:
        self.found = found
        self._say(found_message(found.facts, found.python))
        self.save_button.setVisible(False)
        self.connect_button.setText(f"Save {self._tried_name}" if self.name else f"Add {self._tried_name}")
        self.connect_button.setFocus()
        if self.name == self._tried_name:
            self.desk.roster.reached(self.name)

    @property
    def _tried_name(self) -> str:
        return self._tried.name if self._tried is not None else ""

    def save(self) -> None:
        """Write it into the address book, with what was found."""
        try:
            address = self._tried if self.found is not None and self._tried is not None else self.form.address()
        except BadInput as error:
            self._say_error(error)
            return
        self.desk.aside(lambda: self._write(address), lambda _: self._written(address), self._say_error)

    def _write(self, address: Address) -> None:
        secret, found = self._secret, self.found
        if secret and self._keep:
            address = replace(address, login="keyring")
        if self.name:
            if address != boards.address_of(self.name):
                boards.replace_board(self.name, address)
        else:
            boards.add_board(address)
        if secret and self._keep:
            boards.keep_in_keyring(address.name, secret)
        if found is not None:
            boards.see(replace(found.facts, name=address.name))

    def _written(self, address: Address) -> None:
        workbench, reached = self.desk.workbench, self.found is not None
        if workbench is not None and self._secret and not self._keep:
            workbench.secrets.put(address.name, self._secret)
        self.desk.roster.expect(address.name, reached=reached)
        self.dismiss()
        self.saved.emit(address.name)
