"""What every page is: a widget that shows the desk's study, with one primary action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from PySide6.QtWidgets import QWidget

from app.ui.desk import Desk


class Page(QWidget):
    """One of the five verbs across the top. Subclasses build their widgets and follow the desk's signals."""

    key: ClassVar[str]
    title: ClassVar[str]
    icon: ClassVar[str]  # a name of QtAwesome's Phosphor set, such as "ph.tree-structure"

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk

    def primary(self) -> None:
        """The page's primary button, by Ctrl+Return."""

    def copy_rows(self) -> bool:
        """Copy the focused table as tab-separated text. False: there was nothing to copy."""
        return False

    def copy_picture(self) -> bool:
        """Copy the page's plot, or else the page, as a picture."""
        return False

    def export(self) -> bool:
        """Ask where to, and write the page's table or plot there."""
        return False

    def filter(self) -> bool:
        """F: focus the table's filter, or fit the plot."""
        return False

    def escape(self) -> bool:
        """Esc: clear a filter, close what is open on the page."""
        return False

    def parts(self) -> list[QWidget]:
        """Where F6 stops, from the head to the right column."""
        return [self]

    def undo(self) -> bool:
        """Ctrl+Z, before the study is asked. False: the page has nothing to take back."""
        return False

    def redo(self) -> bool:
        """Ctrl+Shift+Z, as `undo`."""
        return False

    def next_layer(self, by: int) -> None:
        """J and K: the next or the previous layer."""

    def take_recipe(self, steps: Sequence[Mapping[str, Any]]) -> None:
        """Add these steps to the recipe; only the page that makes candidates does."""
