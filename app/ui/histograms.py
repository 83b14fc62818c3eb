"""The histograms of a candidate's layers, asked from a worker once and kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from app.ui.desk import Desk
from profiler.plain import from_plain

if TYPE_CHECKING:
    from profiler.histogram import WeightHistogram


class Histograms(QObject):
    """`arrived` carries candidate and layer; `failed` an exception."""

    arrived = Signal(str, str)
    failed = Signal(object)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._known: dict[tuple[str, str], WeightHistogram] = {}
        self._asked: set[tuple[str, str]] = set()
        desk.study_opened.connect(self.forget)

    def forget(self) -> None:
        """Another study: its letters mean other networks."""
        self._known.clear()
        self._asked.clear()

    def of(self, letter: str) -> dict[str, WeightHistogram]:
        """Those that are here, by layer."""
        return {layer: found for (of, layer), found in self._known.items() if of == letter}

    def want(self, letter: str, layers: Iterable[str]) -> None:
        """Ask for those that are not here yet, in this order."""
        workbench = self._desk.workbench
        for layer in layers:
            if workbench is not None and (letter, layer) not in self._asked:
                self._asked.add((letter, layer))
                self._ask(letter, layer)

    def _ask(self, letter: str, layer: str) -> None:
        opened = self._desk.workbench

        def keep(answer: dict[str, Any]) -> None:
            from profiler.histogram import WeightHistogram

            if self._desk.workbench is opened:
                self._known[letter, layer] = from_plain(answer, WeightHistogram)
                self.arrived.emit(letter, layer)

        def lost(error: BaseException) -> None:
            self._asked.discard((letter, layer))
            self.failed.emit(error)

        self._desk.ask("histogram", {"letter": letter, "layer": layer}, keep, lost)
