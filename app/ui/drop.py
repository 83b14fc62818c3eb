"""Dropping files anywhere on the window: what they are, and where they may go, shown before they are let go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app.ui import icons, theme

Dropped = Literal["network", "recipe", "data", "study", "unknown"]
STUDY_FILE = "study.sqlite"
NETWORKS = (
    ".onnx",
    ".pt2",
    ".pth",
    ".pt",
    ".th",
    ".safetensors",
    ".ckpt",
    ".bin",
    ".prototxt",
    ".caffemodel",
)  # as profiler.formats.READERS has them: the window's own process does not load it


@dataclass(frozen=True)
class Target:
    key: str
    words: str
    glyph: str


TARGETS: dict[Dropped, tuple[Target, ...]] = {
    "network": (
        Target("new_study", "Open as a new study", "folder-plus"),
        Target("add", "Add to this study", "plus"),
    ),
    "recipe": (Target("recipe", "Add its steps", "scissors"),),
    "data": (Target("data", "Use as data", "image"),),
    "study": (Target("study", "Open", "tree-evergreen"),),
    "unknown": (Target("unknown", "", "question"),),
}


def what_is(path: Path) -> Dropped:
    """By its name and, for a folder, by what is in it."""
    if path.is_dir():
        return "study" if (path / STUDY_FILE).is_file() else "data"
    if path.name == STUDY_FILE:
        return "study"
    kinds: dict[str, Dropped] = {".toml": "recipe", ".zip": "data", ".npz": "data"}
    return kinds.get(path.suffix.lower(), "network" if path.suffix.lower() in NETWORKS else "unknown")


def unknown_words(path: Path) -> str:
    """NetBonsai does not know .txt. It opens …"""
    ending = path.suffix or "a file without an ending"
    known = f"{', '.join(NETWORKS)}, a recipe (.toml), a folder, .zip or .npz of images, a study"
    return f"NetBonsai does not know {ending}. It opens {known}."


class DropTargets(QWidget):
    """Lies over the window while something is dragged in. `dropped(target key, path)` on release."""

    dropped = Signal(str, Path)

    def __init__(self, host: QWidget) -> None:
        super().__init__(host)
        self.host = host
        self._path, self._targets, self._over = Path(), TARGETS["unknown"], -1
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def offer(self, paths: Sequence[Path], at: QPoint) -> None:
        """Show where these may go."""
        self._path = paths[0]
        self._targets = TARGETS[what_is(self._path)]
        self.setGeometry(self.host.rect())
        self.show()
        self.raise_()
        self.move_to(at)

    def move_to(self, at: QPoint) -> None:
        self._over = next((place for place, rect in enumerate(self.rects()) if rect.contains(at)), -1)
        self.update()

    def release(self, at: QPoint) -> None:
        """Let go: beside all targets is the same as on the first."""
        self.move_to(at)
        self.hide()
        self.dropped.emit(self._targets[max(self._over, 0)].key, self._path)

    def rects(self) -> list[QRect]:
        """One beside the other, over the middle of the window."""
        edge, gap = theme.px(48), theme.px(24)
        count = len(self._targets)
        wide = (self.width() - 2 * edge - gap * (count - 1)) // count
        return [QRect(edge + n * (wide + gap), edge, wide, self.height() - 2 * edge) for n in range(count)]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = theme.colour("window")
        veil.setAlphaF(0.92)
        painter.fillRect(self.rect(), veil)
        for place, (target, rect) in enumerate(zip(self._targets, self.rects(), strict=True)):
            over = place == self._over
            pen = QPen(theme.colour("accent" if over else "muted"), theme.px(2))
            pen.setStyle(Qt.PenStyle.SolidLine if over else Qt.PenStyle.DashLine)
            painter.setPen(pen)
            painter.setBrush(theme.colour("selected" if over else "surface"))
            painter.drawRoundedRect(rect, theme.px(theme.CARD_RADIUS), theme.px(theme.CARD_RADIUS))
            self._words(painter, rect, target, over)

    def _words(self, painter: QPainter, rect: QRect, target: Target, over: bool) -> None:
        side = theme.px(36)
        glyph = QRect(rect.center().x() - side // 2, rect.center().y() - side - theme.px(8), side, side)
        icons.paint(painter, glyph, target.glyph, theme.colour("accent" if over else "muted"))
        painter.setPen(theme.colour("text"))
        painter.setFont(theme.font(theme.TITLE, QFont.Weight.DemiBold))
        below = rect.adjusted(theme.px(16), rect.height() // 2 + theme.px(8), -theme.px(16), 0)
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.drawText(below, flags, target.words or unknown_words(self._path))
        if target.words:
            painter.setPen(theme.colour("muted"))
            painter.setFont(theme.font(theme.BODY))
            painter.drawText(below.translated(0, theme.px(28)), flags, self._path.name)
