"""A page with nothing but a count of what the frame asked of it."""

from typing import ClassVar

from PySide6.QtWidgets import QPushButton

from app.ui.page import Page


class BlankPage(Page):
    key: ClassVar[str] = "compress"
    title: ClassVar[str] = "Compress"
    icon: ClassVar[str] = "scissors"

    def build(self):
        self.asked: list[object] = []
        self.button = QPushButton("A button", self)
        yield

    def primary(self) -> None:
        self.asked.append("primary")

    def undo(self) -> bool:
        self.asked.append("undo")
        return True

    def take_recipe(self, steps) -> None:
        self.asked.append(list(steps))
