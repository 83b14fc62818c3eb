"""The steps on the way to a board, which fill in as they succeed."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QWidget

from app.ui import icons, theme
from app.ui.parts.text import label, set_role

STEPS = (
    ("address", "Address"),
    ("key", "Host key"),
    ("login", "Login"),
    ("python", "Python"),
    ("engines", "Engines"),
    ("power", "Power"),
)  # as devices.ssh.probe tells them, in its order
Mark = Literal["waiting", "now", "done", "failed"]
LONG_WORD = 30  # signs, from which a word may break anywhere
SPOKEN = {"waiting": "not yet", "now": "under way", "done": "found", "failed": "failed"}


class StepMark(QWidget):
    """✓ done, ✕ failed, a ring with a dot for the one under way, an empty ring for those to come."""

    def __init__(self) -> None:
        super().__init__()
        self.mark: Mark = "waiting"
        self.setFixedSize(theme.px(18), theme.px(18))

    def show_mark(self, mark: Mark) -> None:
        self.mark = mark
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme.px(18), theme.px(18))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.mark in ("done", "failed"):
            glyph, role = ("check", "good") if self.mark == "done" else ("x", "bad")
            icons.paint(painter, self.rect(), glyph, theme.colour(role))
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.colour("accent" if self.mark == "now" else "muted"), theme.px(1.5)))
        ring = QRectF(self.rect()).adjusted(4, 4, -4, -4)
        painter.drawEllipse(ring)
        if self.mark == "now":
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("accent"))
            painter.drawEllipse(ring.adjusted(3, 3, -3, -3))
        painter.end()


class FoundSteps(QWidget):
    """`tell` takes a probe's line, “key: ssh-ed25519 SHA256:…”; a step that is told has succeeded."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("clear", True)
        self.setAccessibleName("Steps to the board")
        self.found: dict[str, str] = {}
        self._marks: dict[str, StepMark] = {}
        self._words = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.px(8))
        grid.setVerticalSpacing(theme.px(8))
        grid.setColumnStretch(2, 1)
        top = Qt.AlignmentFlag.AlignTop
        for place, (key, name) in enumerate(STEPS):
            self._marks[key], self._words[key] = StepMark(), label("", "muted", wrap=True)
            grid.addWidget(self._marks[key], place, 0, top)
            grid.addWidget(label(name, "table"), place, 1, top)
            grid.addWidget(self._words[key], place, 2, top)
        self.begin()

    def begin(self) -> None:
        """Nothing is known yet, and the first step is under way."""
        self.found = {}
        for key, _ in STEPS:
            self._words[key].setText("")
            set_role(self._words[key], "muted")
        self._show_marks("now")

    def tell(self, text: str) -> None:
        step, colon, found = text.partition(": ")
        if not colon or step not in self._marks:
            return
        self.found[step] = found
        self._words[step].setText(breakable(found))
        set_role(self._words[step], "table")
        self._show_marks("now")

    def fail(self) -> None:
        """The step that was under way has failed; why is said below."""
        self._show_marks("failed")

    def wait(self) -> None:
        """The step under way waits for a person."""
        self._show_marks("now")

    def _show_marks(self, current: Mark) -> None:
        pending = current
        for key, name in STEPS:
            mark: Mark = "done"
            if key not in self.found:
                mark, pending = pending, "waiting"
            self._marks[key].show_mark(mark)
            said = self.found.get(key, "")
            self._marks[key].setAccessibleName(f"{name}: {SPOKEN[mark]}{', ' + said if said else ''}")

    def marks(self) -> dict[str, Mark]:
        return {key: self._marks[key].mark for key, _ in STEPS}


def breakable(text: str) -> str:
    """A fingerprint or a path has no spaces to break at: zero-width ones let it wrap, so that it is shown in full."""
    return " ".join(
        "\u200b".join(word[at : at + 8] for at in range(0, len(word), 8)) if len(word) > LONG_WORD else word
        for word in text.split(" ")
    )
