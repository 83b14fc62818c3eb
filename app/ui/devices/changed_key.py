"""A host key that changed: the one dialog that stops everything. Nothing goes on unless the old key is removed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QCheckBox, QDialog, QLabel, QVBoxLayout, QWidget

from app.ui import theme
from app.ui.parts.buttons import button, primary_button
from app.ui.parts.card import column, holder, row
from app.ui.parts.error_card import IconLabel
from app.ui.parts.text import label

if TYPE_CHECKING:
    from app.ui.desk import Desk
    from devices.address_book import Address

WHY = (
    "NetBonsai does not connect. Either the board was set up anew, or another machine answers in its place and may "
    "read all that you send it."
)
SURE = "The board was set up anew, and the new fingerprint is the one that the board itself shows."
CHECK = "On the board: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub (or the file of the key’s kind)."


class ChangedKey(QDialog):
    """Shows both fingerprints in full. `removal`: a person removes the old key on purpose."""

    removal = Signal()

    def __init__(self, parent: QWidget, name: str, error: Any, *, ours: bool) -> None:
        """`error` is a `devices.ssh.ChangedHost`. `ours`: the old key is in our own list, so that we may remove it."""
        super().__init__(parent)
        self.setWindowTitle("The host key has changed")
        self.setModal(True)
        self.setMinimumWidth(theme.px(560))
        self.setMaximumWidth(theme.px(640))
        head = label(f"The key of {name} has changed.", "title", wrap=True)
        title = row(IconLabel("warning-circle", "bad", 24), head, gap=12)
        title.setStretch(1, 1)
        why = label(WHY, "body", wrap=True)
        keys = column(
            label("The key you trusted", "muted"),
            fingerprint(error.known_fingerprint),
            8,
            label(f"The key that {error.host} shows now ({error.kind})", "muted"),
            fingerprint(error.fingerprint),
            gap=4,
        )
        self.sure = QCheckBox("I have compared the new fingerprint on the board")
        self.sure.setToolTip(SURE)
        self.remove = button("Remove the old key", self._remove)
        self.remove.setEnabled(False)
        self.sure.toggled.connect(self.remove.setEnabled)
        self.refuse = primary_button("Do not connect", self.reject)
        self.refuse.setDefault(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.px(24)] * 4)
        layout.setSpacing(theme.px(16))
        for item in (title, why, keys):
            layout.addWidget(item) if isinstance(item, QWidget) else layout.addLayout(item)
        layout.addWidget(label(CHECK, "muted", wrap=True))
        layout.addWidget(self._way_on(error, ours))
        layout.addLayout(row(None, self.refuse))
        self.refuse.setFocus()

    def _way_on(self, error: Any, ours: bool) -> QWidget:
        """How to go on: here where the key is ours, by the user's own hand where it is in ~/.ssh."""
        if ours:
            return holder(row(self.sure, None, self.remove))
        place = error.host if error.port == 22 else f"[{error.host}]:{error.port}"
        said = f"The old key is in {error.where}, which is yours. To remove it: ssh-keygen -R '{place}'"
        made = label(said, "body", wrap=True)
        made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return made

    def _remove(self) -> None:
        self.removal.emit()
        self.accept()


def fingerprint(text: str) -> QLabel:
    """In full, in letters of equal width, to be compared and copied."""
    made = label(text, "table")
    made.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    fixed.setPixelSize(theme.px(theme.TABLE))
    made.setFont(fixed)
    made.setAccessibleName(text)
    return made


def show_changed_key(
    parent: QWidget, desk: Desk, address: Address, error: Any, then: Callable[[], object]
) -> ChangedKey:
    """The one dialog; `then` when a person has removed the old key on purpose."""
    from app import boards
    from devices.address_book import config_folder

    ours = str(config_folder()) in str(error.where)
    dialog = ChangedKey(parent.window(), address.name, error, ours=ours)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.removal.connect(lambda: desk.aside(lambda: boards.forget_key(address), lambda _: then()))
    dialog.open()
    return dialog
