"""The keys of the frame. Keys without Ctrl or Alt reach it only when nothing that has the focus wants them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

if TYPE_CHECKING:
    from app.ui.window import Window


class Shortcuts(QObject):
    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        commands, opening = window.commands, window.opening
        for place, key in enumerate(window.entries, 1):
            self._add(f"Ctrl+{place}", lambda key=key: window.show_page(key))
        for keys, do in (
            ("Ctrl+K", window.open_search),
            ("Ctrl+O", opening.open_file),
            ("Ctrl+N", commands.new_study),
            ("Ctrl+Return", lambda: window.shown.primary()),
            ("Ctrl+Enter", lambda: window.shown.primary()),
            ("Ctrl+.", commands.cancel),
            ("Ctrl+Z", commands.undo),
            ("Ctrl+Shift+Z", commands.redo),
            ("Ctrl+C", lambda: window.shown.copy_rows()),
            ("Ctrl+Shift+C", lambda: window.shown.copy_picture()),
            ("Ctrl+E", lambda: window.shown.export()),
            ("Ctrl+B", window.toggle_rail),
            ("Alt+Down", lambda: window.rail.candidates.step(1)),
            ("Alt+Up", lambda: window.rail.candidates.step(-1)),
            ("F6", lambda: self.next_part(1)),
            ("Shift+F6", lambda: self.next_part(-1)),
            ("F1", self.what_is_this),
        ):
            self._add(keys, do)

    def _add(self, keys: str, do: Callable[[], object]) -> None:
        QShortcut(QKeySequence(keys), self._window, activated=lambda: do())  # type: ignore[call-arg]

    def plain_key(self, event: QKeyEvent) -> bool:
        """A key that nothing with the focus wanted. True when it meant something."""
        window = self._window
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return False
        page, listed = window.shown, window.rail.candidates
        meant: dict[Qt.Key, Callable[[], object]] = {
            Qt.Key.Key_J: lambda: page.next_layer(1),
            Qt.Key.Key_K: lambda: page.next_layer(-1),
            Qt.Key.Key_Down: lambda: page.next_layer(1),
            Qt.Key.Key_Up: lambda: page.next_layer(-1),
            Qt.Key.Key_F: page.filter,
            Qt.Key.Key_M: window.desk.next_convention,
            Qt.Key.Key_P: listed.pin,
            Qt.Key.Key_F2: listed.rename,
            Qt.Key.Key_Delete: listed.hide_or_show,
            Qt.Key.Key_Escape: lambda: window.close_sheet() or page.escape(),
        }
        do = meant.get(Qt.Key(event.key()))
        if do is None:
            return False
        do()
        return True

    def next_part(self, by: int) -> None:
        """F6: the focus to the next part of the window."""
        parts = self._window.parts()
        focused = QApplication.focusWidget()
        at = next((n for n, part in enumerate(parts) if _holds(part, focused)), -1 if by > 0 else 0)
        for step in range(1, len(parts) + 1):
            target = _first_focusable(parts[(at + by * step) % len(parts)])
            if target is not None:
                target.setFocus(Qt.FocusReason.TabFocusReason)
                return

    def what_is_this(self) -> None:
        """F1: what the thing with the focus is, as its tooltip says it."""
        widget = QApplication.focusWidget()
        if widget is None:
            return
        said = [widget.accessibleName(), widget.toolTip(), widget.accessibleDescription()]
        text = "\n".join(dict.fromkeys(part for part in said if part))
        QToolTip.showText(widget.mapToGlobal(QPoint(0, widget.height())), text, widget)


def _holds(part: QWidget, focused: QWidget | None) -> bool:
    return focused is not None and (part is focused or part.isAncestorOf(focused))


def _first_focusable(part: QWidget) -> QWidget | None:
    """The part itself or the first in it that Tab would reach."""
    for widget in (part, *part.findChildren(QWidget)):
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible() and widget.isEnabled():
            return widget
    return None
