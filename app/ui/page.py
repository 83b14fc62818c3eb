"""What every page is: a widget that shows the desk's study, with one primary action."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from app.ui.desk import Desk
from app.ui.keyed import Keyed


class Page(Keyed):
    """One of the five verbs across the top. Subclasses build their widgets and follow the desk's signals."""

    icon: ClassVar[str]  # a name of QtAwesome's Phosphor set, such as "ph.tree-structure"
    spares: ClassVar[tuple[type[QWidget], ...]] = ()  # what it takes from `plots.spares`: made in turns of their own

    def __init__(self, desk: Desk, *, at_once: bool = True) -> None:
        """Not `at_once`: whoever makes it goes through `rest`, with pauses between its pieces, or calls `finish`."""
        super().__init__(desk)
        self._stale = True
        self._soon = QTimer(self, singleShot=True, interval=0)  # type: ignore[call-arg]
        self._soon.timeout.connect(self._refresh_now)
        self.rest = self.build()
        if at_once:
            self.finish()

    def build(self) -> Iterator[None]:
        """Make the page's widgets. A page that takes long yields between pieces too short to be felt."""
        yield from ()

    def finish(self) -> None:
        """Make now what is left to be made."""
        for _ in self.rest:
            pass

    def freshen(self, *_: object) -> None:
        """Show the desk anew: once for many signals in a row, and a page out of sight not before it is shown."""
        self._stale = True
        if self.isVisible():
            self._soon.start()

    def refresh(self) -> None:
        """Show the desk as it stands. Connect signals to `freshen`, which calls this."""

    def _refresh_now(self) -> None:
        if self._stale:
            self._stale = False
            self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        self._refresh_now()
        super().showEvent(event)

    def prepare(self) -> None:
        """Make what will be wanted later and takes a moment; called once, while nobody waits."""

    def primary(self) -> None:
        """The page's primary button, by Ctrl+Return."""

    def parts(self) -> list[QWidget]:
        """Where F6 stops, from the head to the right column."""
        return [self]

    def undo(self) -> bool:
        """Ctrl+Z, before the study is asked. False: the page has nothing to take back."""
        return False

    def redo(self) -> bool:
        """Ctrl+Shift+Z, as `undo`."""
        return False

    def take_recipe(self, steps: Sequence[Mapping[str, Any]]) -> None:
        """Add these steps to the recipe; only the page that makes candidates does."""

    def has_steps(self) -> bool:
        """Whether a recipe is being written on this page."""
        return False
