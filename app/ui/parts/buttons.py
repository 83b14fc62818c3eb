"""Buttons. Every one has a text or a tooltip, is reached by Tab, and has a name for screen readers."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QMenu, QPushButton

from app.ui import theme
from app.ui.icons import icon


def button(
    text: str, do: Callable[[], object] | None = None, *, glyph: str = "", tip: str = "", role: str = "muted"
) -> QPushButton:
    """A framed button; `glyph` is a Phosphor name, `role` the icon's colour."""
    made = QPushButton(text)
    _dress(made, glyph, role, tip)
    if do is not None:
        made.clicked.connect(lambda: do())
    return made


def primary_button(text: str, do: Callable[[], object] | None = None, *, glyph: str = "", tip: str = "") -> QPushButton:
    """The one filled button of a page."""
    made = button(text, do, glyph=glyph, tip=tip, role="on_accent")
    made.setProperty("primary", True)
    return made


def icon_button(glyph: str, name: str, do: Callable[[], object] | None = None, *, role: str = "muted") -> QPushButton:
    """An icon alone; `name` is its tooltip and accessible name."""
    made = button("", do, glyph=glyph, tip=name, role=role)
    made.setProperty("plain", True)
    made.setAccessibleName(name)
    made.setFixedSize(theme.px(theme.CONTROL), theme.px(theme.CONTROL))
    return made


def link_button(text: str, do: Callable[[], object] | None = None, *, glyph: str = "", tip: str = "") -> QPushButton:
    """Text in the accent colour."""
    made = button(text, do, glyph=glyph, tip=tip, role="accent")
    made.setProperty("link", True)
    return made


def menu_button(text: str, menu: QMenu, *, glyph: str = "", tip: str = "", plain: bool = False) -> QPushButton:
    """A button that opens a menu; it ends in ▾."""
    made = button(text, glyph=glyph or "caret-down", tip=tip)
    if not glyph:
        made.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the caret stands behind the words
    made.setProperty("plain", plain)
    menu.setParent(made, menu.windowFlags())
    menu.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
    made.clicked.connect(lambda: menu.popup(made.mapToGlobal(made.rect().bottomLeft())))
    made.setAccessibleDescription("Opens a menu")
    return made


def _dress(made: QPushButton, glyph: str, role: str, tip: str) -> None:
    made.setAutoDefault(False)
    made.setToolTip(tip)
    if glyph:
        made.setIcon(icon(glyph, role))
        made.setIconSize(QSize(theme.px(theme.ICON + 4 if made.text() else theme.ICON), theme.px(theme.ICON)))
