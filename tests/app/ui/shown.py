"""A widget shown without a screen, with the time it needs."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtWidgets import QApplication, QWidget

Shown = TypeVar("Shown", bound=QWidget)


def settle() -> None:
    """Let news arrive, the page refresh, and its new widgets be laid out."""
    for _ in range(4):
        QApplication.processEvents()


def show(qtbot, widget: Shown, width: int = 1190, height: int = 760) -> Shown:
    """Show it in this size, and let it settle."""
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.show()
    settle()
    return widget
