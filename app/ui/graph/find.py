"""Finding a layer in a graph by its name or operator."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QLineEdit

from app.graph_figures import Figures
from app.ui import theme
from app.ui.graph.scene import Scene
from app.ui.icons import icon


class FindField(QLineEdit):
    """`wanted(1)`: the next hit (Return); `wanted(-1)`: the one before (Shift+Return); `left`: on to the graph (↓)."""

    wanted = Signal(int)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setPlaceholderText("Find a layer")
        self.setAccessibleName("Find a layer in the graph")
        self.setToolTip("Name or operator. Return goes to the next")
        self.setClearButtonEnabled(True)
        self.addAction(QAction(icon("magnifying-glass"), "", self), QLineEdit.ActionPosition.LeadingPosition)
        self.setFixedWidth(theme.px(170))
        self.setMinimumHeight(theme.px(theme.CONTROL - 4))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.wanted.emit(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        elif event.key() == Qt.Key.Key_Down:
            self.left.emit()
        else:
            super().keyPressEvent(event)


def hits(words: str, scene: Scene | None, figures: Figures | None) -> dict[str, int] | None:
    """The layers that bear the words, with the boxes they are or lie in; None: nothing is looked for."""
    wanted = words.strip().lower()
    if not wanted or scene is None or figures is None:
        return None
    found: dict[str, int] = {}
    for name in scene.drawing.names:
        place = scene.place_of(name)
        if place is not None and (wanted in name.lower() or wanted == figures.op(name).lower()):
            found[name] = place
    return found
