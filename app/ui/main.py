"""The window's entry. The frame is painted first; torch, onnx_ir and pyqtgraph are loaded when it stands."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from app.ui import remember, theme
from app.ui.desk import Desk
from app.ui.studies import Studies
from app.ui.window import Window
from profiler.errors import BadInput, Failed


def run(argv: Sequence[str] = ()) -> int:
    """Show the window until it is closed. `argv` may name a study or a network to open. The exit status."""
    app = application()
    desk = Desk(theme.current())
    studies = Studies(desk)
    window = Window(desk, studies)
    sys.excepthook = lambda _kind, error, _trace: show_fault(desk, error)
    start = Start(window, [Path(name) for name in argv])
    window.installEventFilter(start)
    window.show()
    return app.exec()


def show_fault(desk: Desk, error: BaseException) -> None:
    """What nothing caught (a full disk while a name is recorded, say) becomes a card. Our faults go to stderr too."""
    if not isinstance(error, BadInput | Failed):
        sys.__excepthook__(type(error), error, error.__traceback__)
    if isinstance(error, Exception):
        desk.problem.emit(error)


def application() -> QApplication:
    """The program's Qt: name, theme and scale."""
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("NetBonsai")
    app.setApplicationDisplayName("NetBonsai")
    app.setDesktopFileName("netbonsai")
    kept = theme.THEMES.get(remember.text("theme"))
    theme.apply(app, kept or theme.system_theme(), theme.system_scale())
    return app


class Start(QObject):
    """What happens once the first paint is done: the study opens, and the other pages load on a thread."""

    _loaded = Signal()

    def __init__(self, window: Window, given: Sequence[Path]) -> None:
        super().__init__(window)
        self._window, self._given, self._begun = window, given, False
        self._loaded.connect(self._make_pages)
        window.studies.opened.connect(self._opened)
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self._system_theme)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and not self._begun:
            self._begun = True
            QTimer.singleShot(0, self._begin)
        return super().eventFilter(watched, event)

    def _begin(self) -> None:
        page = self._window.shown
        if hasattr(page, "say_reading"):
            page.say_reading("Reading LeNet-5…" if not remember.recent() else "Reading the study…")  # type: ignore[attr-defined]
        first = self._given[0] if self._given else None
        if first is not None and (first / "study.sqlite").is_file():
            self._window.studies.open(first)
        elif first is not None:
            self._window.studies.begin()
            self._window.studies.opened.connect(self._take_given)
        else:
            self._window.studies.begin()

    def _take_given(self) -> None:
        given, self._given = self._given, ()
        if given:
            self._window.opening.take(given[0], as_new=True)

    def _opened(self) -> None:
        threading.Thread(target=self._load_pages, daemon=True, name="load pages").start()

    def _load_pages(self) -> None:
        for entry in self._window.entries.values():
            entry.load()
        self._loaded.emit()

    def _make_pages(self) -> None:
        QTimer.singleShot(0, self._window.make_rest)

    def _system_theme(self) -> None:
        """Follow the system until a person has chosen."""
        if not remember.text("theme"):
            self._window.desk.set_theme(theme.system_theme())
