"""What stands below the steps to a board: a question with its answers, an error with what to try, what was found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QFrame, QLineEdit, QVBoxLayout, QWidget

from app import words
from app.ui import theme
from app.ui.devices.changed_key import fingerprint
from app.ui.devices.found_steps import breakable
from app.ui.parts.buttons import button, primary_button
from app.ui.parts.card import holder, row
from app.ui.parts.error_card import IconLabel, words_of
from app.ui.parts.text import caption, label
from app.ui.profile_words import ENGINES
from profiler.measurement import DeviceFacts

FIRST = "This board was not met before. Compare its fingerprint with the one that the board itself shows:"
COMPARE = "ssh-keygen -lf /etc/ssh/ssh_host_{kind}_key.pub"
KEEP = "Keep it in the system’s keyring"
NOT_KEPT = "Unticked, it is kept nowhere and asked for again in the next session."
NO_ENGINE = "No engine was found there. Install one on the board: {python} -m pip install onnxruntime"


class Message(QFrame):
    """Lines in a frame. `first` is what the focus goes to."""

    def __init__(self, *lines: QWidget, role: str = "inner", first: QWidget | None = None) -> None:
        super().__init__()
        self.first = first
        self.setProperty("card", role)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.px(12)] * 4)
        layout.setSpacing(theme.px(8))
        for line in lines:
            layout.addWidget(line)


def error_message(error: BaseException) -> Message:
    """What happened, where, what to try, and the last line of what the other side said."""
    what, where, fix, evidence = words_of(error)
    lines = [_headed("warning-circle", "bad", breakable(what))]
    lines += [label(breakable(text), role, wrap=True) for text, role in ((where, "table"), (fix, "muted")) if text]
    said = evidence.strip().splitlines()
    lines += [caption(breakable(words.shortened(said[-1], 160)), wrap=True)] if said else []
    made = Message(*lines, role="error")
    made.setAccessibleName(" ".join(part for part in (what, where, fix) if part))
    return made


def trust_message(error: Any, trust: Callable[[], object], not_now: Callable[[], object]) -> Message:
    """`error` is a `devices.ssh.UnknownHost`: its fingerprint in full, and how to compare it."""
    kind = str(error.kind).casefold().removeprefix("ssh-").split("-")[0]  # as the file is called
    command = label(COMPARE.format(kind=kind), "table")
    command.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    no = button("Not now", not_now)  # takes the focus: a second Enter after Connect must trust nobody
    return Message(
        label(FIRST, "body", wrap=True),
        command,
        label(f"{error.host}, {error.kind}", "muted"),
        fingerprint(error.fingerprint),
        holder(row(primary_button("Trust this key", trust), no, None)),
        first=no,
    )


def secret_message(wanted: str, whose: str, why: str, log_in: Callable[[str, bool], object]) -> Message:
    """`wanted`: password or passphrase. `log_in(secret, keep)`; only passwords can be kept, in the keyring."""
    field, keep = QLineEdit(), QCheckBox(KEEP)
    field.setEchoMode(QLineEdit.EchoMode.Password)
    field.setMinimumHeight(theme.px(theme.CONTROL))
    field.setAccessibleName(wanted.capitalize())
    keep.setToolTip(NOT_KEPT)
    go = primary_button("Log in", lambda: log_in(field.text(), keep.isChecked()) if field.text() else None)
    field.returnPressed.connect(go.click)
    title = f"Password of {whose}" if wanted == "password" else f"Passphrase of the key for {whose}"
    lines: list[QWidget] = [label(why, "warn", wrap=True)] if why else []
    lines += [label(title, "strong", wrap=True), field]
    lines += [keep, caption(NOT_KEPT, wrap=True)] if wanted == "password" else []
    return Message(*lines, holder(row(go, None)), first=field)


def found_message(facts: DeviceFacts, python: str) -> Message:
    """Board, system, engines, power."""
    engines = words.listed([f"{ENGINES.get(name, name)} {version}".strip() for name, version in facts.engines.items()])
    named = (("L4T", facts.l4t), ("JetPack", facts.jetpack), ("CUDA", facts.cuda))
    system = ", ".join(f"{name} {version}" for name, version in named if version)
    lines = [
        system or facts.system,
        engines or NO_ENGINE.format(python=python),
        f"Power from {words.listed(facts.meters)}" if facts.meters else "No power meter that can be read.",
    ]
    head = _headed("check-circle", "good", facts.model or facts.cpu or facts.name)
    return Message(head, *(label(text, "muted", wrap=True) for text in lines if text))


def _headed(glyph: str, role: str, text: str) -> QWidget:
    line = row(IconLabel(glyph, role, 20), label(text, "strong", wrap=True), gap=8)
    line.setStretch(1, 1)
    return holder(line)
