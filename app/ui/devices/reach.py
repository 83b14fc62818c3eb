"""Which boards answer: each is reached for once in a session, quietly, while nothing is measured."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal

from app import boards

if TYPE_CHECKING:
    from app.ui.desk import Desk


class Reach(QObject):
    """One board at a time. Nothing is asked and no fault is shown: the tab says “not connected”."""

    _ended = Signal(str, object)  # from the workbench's threads to the window's

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._tried: set[str] = set()
        self._now = ""
        self._ended.connect(self._end, Qt.ConnectionType.QueuedConnection)
        desk.study_opened.connect(self._begin_anew)

    def reach_all(self) -> None:
        """Reach for the next board that was not tried yet; those that want a password wait for a person."""
        desk = self._desk
        wanted = [
            name for name in desk.roster.boards if name not in self._tried and name not in desk.roster.connected()
        ]
        if self._now or not wanted or desk.workbench is None or any(not view.ended for view in desk.jobs):
            return
        self._now = name = wanted[0]
        self._tried.add(name)
        desk.aside(lambda: boards.address_of(name), self._probe, lambda _: self._next())

    def _probe(self, address: Any) -> None:
        workbench, name = self._desk.workbench, address.name
        if workbench is None or self._now != name:
            return
        secret = workbench.secrets.get(name)
        if address.login == "password" and secret is None:
            self._next()
            return
        workbench.probe(address, secret, lambda _: None, lambda value, _: self._ended.emit(name, value))

    def _end(self, name: str, found: Any) -> None:
        if found is not None:
            facts = replace(found.facts, name=name)
            self._desk.roster.reached(name)
            self._desk.aside(lambda: boards.see(facts), lambda _: self._desk.roster.ask())
        self._next()

    def _next(self) -> None:
        self._now = ""
        self.reach_all()

    def _begin_anew(self) -> None:
        """Another study: a probe of the old one is never heard of again."""
        self._now = ""
