"""What the keys of the window ask of a page, and a page of the view that it shows."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtWidgets import QWidget

from app.ui.desk import Desk


class Keyed(QWidget):
    """Each key does nothing until a subclass says what. False: there was nothing to do."""

    key: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk

    def copy_rows(self) -> bool:
        """Copy the focused table as tab-separated text."""
        return False

    def copy_picture(self) -> bool:
        """Copy the plot, or else all of it, as a picture."""
        return False

    def export(self) -> bool:
        """Ask where to, and write the table or plot there."""
        return False

    def filter(self) -> bool:
        """F: focus the table's filter, or fit the plot."""
        return False

    def escape(self) -> bool:
        """Esc: clear a filter, close what is open."""
        return False

    def next_layer(self, by: int) -> None:
        """J and K: the next or the previous layer."""
