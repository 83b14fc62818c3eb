"""Where a board is and how to log in there: what a person types, as an `Address`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
    QWidget,
)

from app.ui import theme
from app.ui.parts.buttons import icon_button, link_button
from app.ui.parts.card import column, holder, row
from app.ui.parts.segmented import Segmented
from app.ui.parts.text import caption, label

if TYPE_CHECKING:
    from devices.address_book import Address

LOGINS = (("key", "Key"), ("password", "Password"), ("keyring", "Keyring"))
LOGIN_TIPS = (
    "A key of yours, from a file or the SSH agent",
    "Asked for once in a session of this program, and kept nowhere",
    "Kept in the system’s keyring, never in a file of NetBonsai",
)
LEGACY = (
    "For OpenSSH 6.6, as on a TK1: it knows only older algorithms (SHA-1, RSA) which newer programs refuse. They are "
    "weaker, so they are allowed for this board alone."
)
FROM_CONFIG = "as in ~/.ssh/config"


class BoardForm(QWidget):
    """`changed` after every key; `entered` when Return is pressed in a field."""

    changed = Signal()
    entered = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("clear", True)
        self._own_name = False  # a name that was typed is no longer made from the host
        self._kept: Address | None = None  # title and kind of the board that is edited
        self.host = QComboBox()
        self.host.setEditable(True)
        self.host.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.host.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.name, self.user, self.key, self.jump = (QLineEdit() for _ in range(4))
        self.python, self.port = QLineEdit("python3"), QSpinBox()
        self.login = Segmented(LOGINS, "Log in with", LOGIN_TIPS)
        self.legacy = QCheckBox("Old board (OpenSSH 6.6)")
        self.login_words, self.legacy_words = caption(LOGIN_TIPS[0], wrap=True), caption(LEGACY, wrap=True)
        self.more_button = link_button("More settings", self._toggle_more, glyph="caret-down")
        self._assemble()
        self._connect()

    def _assemble(self) -> None:
        self.port.setRange(0, 65535)
        self.port.setSpecialValueText("22, or as configured")
        line = self.host.lineEdit()
        assert line is not None
        line.setPlaceholderText("192.168.0.12, or a name from ~/.ssh/config")
        self.user.setPlaceholderText(FROM_CONFIG)
        self.key.setPlaceholderText("your keys and the agent’s")
        self.jump.setPlaceholderText("user@gateway, where there is one between")
        self.browse = icon_button("folder-open", "Choose a key file", self._browse)
        self._form = QFormLayout()
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(theme.px(12))
        self._form.setVerticalSpacing(theme.px(8))
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self._row("Host", self.host)
        self._row("User", self.user)
        self._row("Name here", self.name)
        self._row("Log in with", holder(column(row(self.login, None), self.login_words, gap=4)))
        self._more = [
            self._row("Port", self.port),
            self._row("Key file", self.key, self.browse),
            self._row("Jump host", self.jump),
            self._row("Python there", self.python),
            self._row("", holder(column(self.legacy, self.legacy_words, gap=2))),
        ]
        self.setLayout(column(self._form, row(self.more_button, None), gap=8))
        self.show_more(False)

    def _row(self, name: str, field: QWidget, beside: QWidget | None = None) -> QWidget:
        """A line of the form; the field bears the line's name for screen readers."""
        if not isinstance(field, (QLineEdit, QComboBox, QSpinBox)):
            made = field
        else:
            field.setAccessibleName(name)
            field.setMinimumHeight(theme.px(theme.CONTROL))
            made = field if beside is None else holder(row(field, beside, gap=4))
        self._form.addRow(label(name, "muted"), made)
        return made

    def _connect(self) -> None:
        for field in (self.name, self.user, self.key, self.jump, self.python):
            field.textEdited.connect(lambda _: self.changed.emit())
            field.returnPressed.connect(self.entered)
        line = self.host.lineEdit()
        assert line is not None
        line.returnPressed.connect(self.entered)
        self.host.editTextChanged.connect(self._host_typed)
        self.name.textEdited.connect(self._name_typed)
        self.port.valueChanged.connect(lambda _: self.changed.emit())
        self.legacy.toggled.connect(lambda _: self.changed.emit())
        self.login.chosen.connect(self._login_chosen)

    # ------------------------------------------------------------------ what is typed

    def offer_hosts(self, aliases: Sequence[str]) -> None:
        """The names of ~/.ssh/config, to choose from; what is typed stays."""
        typed = self.host.currentText()
        self.host.blockSignals(True)
        self.host.clear()
        self.host.addItems(list(aliases))
        self.host.setEditText(typed)
        self.host.blockSignals(False)

    def show_address(self, address: Address | None) -> None:
        """Start from a board that is known; None: from nothing."""
        self._kept, self._own_name = address, address is not None
        self.host.setEditText(address.host if address else "")
        self.name.setText(address.name if address else "")
        self.user.setText(address.user if address else "")
        self.port.setValue(address.port or 0 if address else 0)
        self.key.setText(address.key if address else "")
        self.jump.setText(address.jump if address else "")
        self.python.setText(address.python if address else "python3")
        self.legacy.setChecked(address.legacy if address else False)
        self._login_chosen(address.login if address else "key")
        unusual = address is not None and (address.port or address.key or address.jump or address.legacy)
        self.show_more(bool(unusual or (address and address.python != "python3")))

    def address(self) -> Address:
        """As it is typed. Raises BadInput where it cannot be one."""
        from devices.address_book import Address, check

        user, host, port = split_place(self.host.currentText().strip())
        kept = self._kept
        made = Address(
            name=self.name.text().strip() or name_from(host),
            host=host,
            user=self.user.text().strip() or user,
            port=self.port.value() or port,
            key=self.key.text().strip(),
            jump=self.jump.text().strip(),
            python=self.python.text().strip() or "python3",
            legacy=self.legacy.isChecked(),
            login=self.login.key,  # type: ignore[arg-type]
            title=kept.title if kept else "",
            kind=kept.kind if kept else "",
        )
        check(made)
        return made

    @property
    def is_empty(self) -> bool:
        return not self.host.currentText().strip()

    def _host_typed(self, text: str) -> None:
        if not self._own_name:
            self.name.setText(name_from(split_place(text.strip())[1]))
        self.changed.emit()

    def _name_typed(self, text: str) -> None:
        self._own_name = bool(text.strip())

    def _login_chosen(self, key: str) -> None:
        self.login.choose(key)
        self.login_words.setText(LOGIN_TIPS[[name for name, _ in LOGINS].index(key)])
        self.changed.emit()

    def _browse(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Choose a key file")
        if chosen:
            self.key.setText(chosen)
            self.changed.emit()

    def _toggle_more(self) -> None:
        self.show_more(not self._more_shown)

    def show_more(self, shown: bool) -> None:
        """Port, key, jump host, Python and the legacy switch."""
        self._more_shown = shown
        for field in self._more:
            self._form.setRowVisible(field, shown)
        self.more_button.setText("Fewer settings" if shown else "More settings")

    def first_field(self) -> QWidget:
        return self.host


def split_place(text: str) -> tuple[str, str, int | None]:
    """(user, host, port) of what is pasted as `user@host:port`; an IPv6 address keeps its colons."""
    user, at, rest = text.rpartition("@")
    host, colon, port = rest.rpartition(":")
    if colon and port.isdigit() and (host.count(":") == 0 or host.startswith("[")):
        return user if at else "", host.strip("[]"), int(port)
    return user if at else "", rest.strip("[]") if rest.startswith("[") else rest, None


def name_from(host: str) -> str:
    """A name for commands, from the host: tx2.local is tx2; an address in figures keeps them all."""
    figures = host.replace(".", "").isdigit()
    short = host if figures else host.partition(".")[0]
    kept = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "._-") else "-" for sign in short)
    return kept.strip("-._")[:64]
