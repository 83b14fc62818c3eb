"""What every view of the Network page is: one way of looking at the selected candidate's layers."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from PySide6.QtCore import Signal

from app.study import Candidate
from app.ui.desk import Desk
from app.ui.keyed import Keyed


class View(Keyed):
    """Told what to show only while it is the one shown. The selection is the window's: `picked` asks for it."""

    picked = Signal(str)
    opened = Signal(str)  # a double click or Return on a layer: show its figures
    cleared = Signal()  # the filter by kind was taken back
    data_wanted = Signal()  # a person wants to choose a data set

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.setProperty("clear", True)

    def show_candidate(self, candidate: Candidate, other: Candidate | None) -> None:
        """Show `candidate`, with the figures of `other` beside its own where there is one."""

    def select(self, layer: str) -> None:
        """The selection moved, wherever that was done."""

    def filter_kind(self, kind: str) -> None:
        """Only this kind, as clicked in the bars above; "" all."""

    def search(self, words: str) -> None:
        """Show what bears these words, where the view can."""


@dataclass(frozen=True)
class ViewEntry:
    key: str
    title: str
    module: str
    name: str

    def make(self, desk: Desk) -> View:
        return getattr(importlib.import_module(self.module), self.name)(desk)
