"""Answers of a worker that follow a hand: one question at a time, the newest for each slot; what is known is kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.ui.desk import Desk

KEPT = 200  # answers
Read = Callable[[dict[str, Any]], Any]
Key = tuple[str, tuple[tuple[str, Any], ...]]


class Answers(QObject):
    """`arrived` carries the question; `failed` an exception, once for each thing that was asked."""

    arrived = Signal(str)
    failed = Signal(object)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._known: OrderedDict[Key, Any] = OrderedDict()
        self._lost: set[Key] = set()
        self._wanted: dict[tuple[str, str], tuple[Key, Read]] = {}
        self._asking = False
        desk.study_opened.connect(self.forget)

    def forget(self) -> None:
        """Another study: its letters mean other networks."""
        self._known.clear()
        self._lost.clear()
        self._wanted.clear()

    def of(self, question: str, slot: str, settings: Mapping[str, Any], read: Read) -> Any:
        """What is known, as `read` made it of the answer; None: it is asked, in place of what this slot wanted."""
        key = (question, tuple(sorted(settings.items())))
        if key in self._known:
            self._known.move_to_end(key)
            self._wanted.pop((question, slot), None)
            return self._known[key]
        if key not in self._lost:
            self._wanted[question, slot] = key, read
            self._next()
        return None

    def _next(self) -> None:
        if self._asking or not self._wanted or self._desk.workbench is None:
            return
        key, read = self._wanted.pop(next(iter(self._wanted)))
        self._asking, opened = True, self._desk.workbench

        def keep(answer: dict[str, Any]) -> None:
            self._asking = False
            if self._desk.workbench is opened:
                self._known[key] = read(answer)
                while len(self._known) > KEPT:
                    self._known.popitem(last=False)
                self.arrived.emit(key[0])
            self._next()

        def lost(error: BaseException) -> None:
            self._asking = False
            self._lost.add(key)
            self.failed.emit(error)
            self._next()

        self._desk.ask(key[0], dict(key[1]), keep, lost)
