"""What went wrong, where, and what to try, in place: above what failed. Never a message box."""

from __future__ import annotations

import traceback
from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from app.ui import icons, theme
from app.ui.parts.buttons import button, icon_button
from app.ui.parts.card import column, row
from app.ui.parts.text import label
from profiler.errors import BadInput, Failed


class IconLabel(QWidget):
    """An icon that stands beside words."""

    def __init__(self, glyph: str, role: str = "muted", size: int = theme.ICON) -> None:
        super().__init__()
        self._glyph, self._role = glyph, role
        self.setFixedSize(theme.px(size), theme.px(size))

    def paintEvent(self, event) -> None:
        from PySide6.QtGui import QPainter

        icons.paint(QPainter(self), self.rect(), self._glyph, theme.colour(self._role))


def words_of(error: BaseException) -> tuple[str, str, str, str]:
    """What, where, what to try, and the evidence, of any exception."""
    if isinstance(error, BadInput):
        return error.what, error.where, error.fix, ""
    if isinstance(error, Failed):
        return error.what, "", error.fix, error.evidence
    trace = "".join(traceback.format_exception(error))
    return "Something went wrong in NetBonsai.", str(error) or type(error).__name__, "Try it again.", trace


class ErrorCard(QFrame):
    """An error with `Copy details`, an action where there is one, and ✕."""

    closed = Signal()

    def __init__(
        self,
        what: str,
        where: str = "",
        fix: str = "",
        evidence: str = "",
        *,
        action: tuple[str, Callable[[], object]] | None = None,
        tone: str = "bad",
    ) -> None:
        super().__init__()
        self.setProperty("card", "error" if tone == "bad" else True)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._details = "\n".join(part for part in (what, where, fix, evidence) if part)
        self.setAccessibleName(self._details if not evidence else "\n".join(p for p in (what, where, fix) if p))
        lines = [label(what, "strong", wrap=True)]
        lines += [label(text, role, wrap=True) for text, role in ((where, "table"), (fix, "muted")) if text]
        for line in lines:
            line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        glyph = IconLabel("warning-circle" if tone == "bad" else "clock-counter-clockwise", tone, 20)
        inner = QHBoxLayout(self)
        inner.setContentsMargins(*[theme.px(p) for p in (16, 12, 8, 12)])
        inner.setSpacing(theme.px(12))
        inner.addWidget(glyph, 0, Qt.AlignmentFlag.AlignTop)
        inner.addLayout(column(*lines, gap=4), 1)
        if action:
            inner.addWidget(button(action[0], action[1]), 0, Qt.AlignmentFlag.AlignVCenter)
        if tone == "bad":
            inner.addWidget(button("Copy details", self.copy_details, glyph="copy"), 0, Qt.AlignmentFlag.AlignVCenter)
        inner.addWidget(icon_button("x", "Close", self._close), 0, Qt.AlignmentFlag.AlignVCenter)

    @classmethod
    def of(cls, error: BaseException, action: tuple[str, Callable[[], object]] | None = None) -> ErrorCard:
        return cls(*words_of(error), action=action)

    def copy_details(self) -> None:
        QGuiApplication.clipboard().setText(self._details)

    def _close(self) -> None:
        self.hide()
        self.closed.emit()


class NoteLine(QWidget):
    """One line that warns (amber ⚠) or tells (ⓘ), with an action where there is one."""

    def __init__(
        self, text: str, *, tone: str = "warn", action: tuple[str, Callable[[], object]] | None = None
    ) -> None:
        super().__init__()
        from app.ui.parts.buttons import link_button

        self.words: QLabel = label(text, "warn" if tone == "warn" else "muted", wrap=True)
        glyph = IconLabel("warning" if tone == "warn" else "info", tone if tone == "warn" else "muted")
        items: list = [glyph, self.words]
        if action:
            items.append(link_button(action[0], action[1]))
        layout = row(*items)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
