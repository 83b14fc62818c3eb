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
from app.ui.desk import Desk
from app.ui.devices.roster import device_title

Dropped = Literal["network", "recipe", "data", "study", "profile", "meter", "unknown"]
STUDY_FILE = "study.sqlite"
PROFILES = (".json", ".log", ".txt", ".out", ".info")  # what other tools write of a run; its content decides
READINGS = (".csv", ".tsv")  # of an external meter
MOST_DEVICES = 3  # that have a target of their own
IMPORT, METER = "import:", "meter:"  # before the device's name in a target's key; "" is another device
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
    "profile": (Target(IMPORT, "Import as a profile…", "download-simple"),),
    "meter": (Target(METER, "Add as power…", "lightning"),),
    "unknown": (Target("unknown", "", "question"),),
}


def targets(kind: Dropped, desk: Desk | None) -> tuple[Target, ...]:
    """Where something of this kind may go. A profile goes to a device, a meter's readings to a run on one."""
    candidate = desk.study.candidates.get(desk.candidate) if desk is not None else None
    if desk is None or candidate is None:
        return TARGETS[kind]
    if kind == "profile":
        first = [desk.device, *(name for name in desk.roster.names if name != desk.device)]
        named = [Target(f"{IMPORT}{name}", f"Import for {_there(name)}", "cpu") for name in first[:MOST_DEVICES]]
        return (*named, Target(IMPORT, "Import for another device…", "download-simple"))
    if kind == "meter" and desk.device in candidate.profiles:
        said = f"Add as the power of {candidate.letter} on {_there(desk.device)}"
        return (Target(f"{METER}{desk.device}", said, "lightning"),)
    return TARGETS[kind]


def _there(device: str) -> str:
    return device_title(device).replace("This", "this")


def what_is(path: Path) -> Dropped:
    """By its name and, for a folder, by what is in it."""
    if path.is_dir():
        return "study" if (path / STUDY_FILE).is_file() else "data"
    if path.name == STUDY_FILE:
        return "study"
    kinds: dict[str, Dropped] = {".toml": "recipe", ".zip": "data", ".npz": "data"}
    endings: tuple[tuple[Sequence[str], Dropped], ...]
    endings = ((NETWORKS, "network"), (PROFILES, "profile"), (READINGS, "meter"))
    kinds |= {ending: kind for several, kind in endings for ending in several}
    return kinds.get(path.suffix.lower(), "unknown")


def unknown_words(path: Path) -> str:
    """NetBonsai does not know .doc. It opens …"""
    ending = path.suffix or "a file without an ending"
    known = f"{', '.join(NETWORKS)}, a recipe (.toml), a folder, .zip or .npz of images, a study, "
    known += f"a profile or log ({', '.join(PROFILES)}), readings of a meter (.csv)"
    return f"NetBonsai does not know {ending}. It opens {known}."


class DropTargets(QWidget):
    """Lies over the window while something is dragged in. On release: `dropped(target key, path)`, or for what was
    measured, which may be several files, `measured(target key, paths)`."""

    dropped = Signal(str, Path)
    measured = Signal(str, list)

    def __init__(self, host: QWidget, desk: Desk | None = None) -> None:
        super().__init__(host)
        self.host, self._desk = host, desk
        self._paths: tuple[Path, ...] = (Path(),)
        self._targets, self._over = TARGETS["unknown"], -1
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def offer(self, paths: Sequence[Path], at: QPoint) -> None:
        """Show where these may go."""
        self._paths = tuple(paths)
        self._targets = targets(what_is(self._path), self._desk)
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
        key = self._targets[max(self._over, 0)].key
        if key.startswith((IMPORT, METER)):
            self.measured.emit(key, list(self._paths))
        else:
            self.dropped.emit(key, self._path)

    @property
    def _path(self) -> Path:
        """The first: all kinds but measured ones come alone."""
        return self._paths[0]

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
            painter.drawText(below.translated(0, theme.px(28)), flags, ", ".join(path.name for path in self._paths))
