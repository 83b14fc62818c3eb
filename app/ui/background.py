"""Something that takes a moment (copying a file, writing a page), off the window's thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal


class _Told(QObject):
    """Carries the outcome to the window's thread; lives until it has."""

    done = Signal(object)
    failed = Signal(object)


class _Run(QRunnable):
    def __init__(self, work: Callable[[], Any], told: _Told) -> None:
        super().__init__()
        self._work, self._told = work, told

    def run(self) -> None:
        try:
            found = self._work()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is shown where it was asked for
            self._say(self._told.failed, error)
        else:
            self._say(self._told.done, found)

    @staticmethod
    def _say(signal: Any, value: object) -> None:
        try:
            signal.emit(value)
        except RuntimeError:  # the window was closed meanwhile: nobody listens
            return


def in_background(
    owner: QObject,
    work: Callable[[], Any],
    done: Callable[[Any], None] = lambda _: None,
    failed: Callable[[BaseException], None] = lambda _: None,
) -> None:
    """Run `work` on a thread of the pool; `done` or `failed` is then called on the window's, while `owner` lives."""
    told = _Told(owner)
    told.done.connect(done, Qt.ConnectionType.QueuedConnection)
    told.failed.connect(failed, Qt.ConnectionType.QueuedConnection)
    told.done.connect(lambda _: told.deleteLater(), Qt.ConnectionType.QueuedConnection)
    told.failed.connect(lambda _: told.deleteLater(), Qt.ConnectionType.QueuedConnection)
    QThreadPool.globalInstance().start(_Run(work, told))
