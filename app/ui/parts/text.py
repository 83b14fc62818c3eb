"""Labels by role. The sheet in `theme.py` gives each role its size, weight and colour."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget


def label(text: str = "", role: str = "body", *, wrap: bool = False, tip: str = "") -> QLabel:
    """Plain text (never rich: names come from files). Roles: page, title, heading, figure, strong, body, table, muted,
    caption, good, warn, bad."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setProperty("role", role)
    made.setWordWrap(wrap)
    made.setToolTip(tip)
    return made


def heading(text: str) -> QLabel:
    """The title of a card."""
    return label(text, "heading")


def caption(text: str = "", *, wrap: bool = False) -> QLabel:
    """Small muted text."""
    return label(text, "caption", wrap=wrap)


def set_role(widget: QLabel, role: str) -> None:
    """Give a label another role later."""
    if widget.property("role") != role:
        widget.setProperty("role", role)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


class Elided(QLabel):
    """A line of text that is cut in the middle (or at the right) when there is no room; the tooltip has all of it."""

    def __init__(
        self,
        text: str = "",
        role: str = "body",
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", role)
        self._mode, self._tip = mode, ""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def set_tip(self, tip: str) -> None:
        """A tooltip of its own, shown below the full text where that is cut."""
        self._tip = tip
        self._retip()

    def setText(self, text: str) -> None:
        super().setText(text)
        self._retip()

    def minimumSizeHint(self) -> QSize:
        least = self.fontMetrics().horizontalAdvance("MM…")
        return QSize(min(least, super().sizeHint().width()), super().sizeHint().height())

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._retip()

    def _shown(self) -> str:
        return self.fontMetrics().elidedText(self.text(), self._mode, self.contentsRect().width())

    def _retip(self) -> None:
        cut = self._shown() != self.text()
        self.setToolTip("\n".join(part for part in (self.text() if cut else "", self._tip) if part))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        flags = self.alignment() | Qt.TextFlag.TextSingleLine
        painter.drawText(self.contentsRect(), flags, self._shown())
