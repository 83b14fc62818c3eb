"""Cards, hairlines, and rows and columns of widgets with the theme's spaces."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLayout,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.ui import theme
from app.ui.parts.text import caption, heading


def row(*items: QWidget | QLayout | int | None, gap: int = 8) -> QHBoxLayout:
    """Side by side. A number is a space in px at 100 %, None takes what is left."""
    return _line(QHBoxLayout(), items, gap)


def column(*items: QWidget | QLayout | int | None, gap: int = 8) -> QVBoxLayout:
    """One below the other, as `row`."""
    return _line(QVBoxLayout(), items, gap)


def _line(layout, items: tuple, gap: int):
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(theme.px(gap))
    for item in items:
        add(layout, item)
    return layout


def add(layout: QBoxLayout, item: QWidget | QLayout | int | None) -> None:
    if item is None:
        layout.addStretch(1)
    elif isinstance(item, int):
        layout.addSpacing(theme.px(item))
    elif isinstance(item, QWidget):
        layout.addWidget(item)
    else:
        layout.addLayout(item)


def holder(layout: QLayout) -> QWidget:
    """A see-through widget with this layout."""
    made = QWidget()
    made.setProperty("clear", True)
    made.setLayout(layout)
    return made


def scrolled(widget: QWidget, *, sideways: bool = True) -> QScrollArea:
    """What may be taller than its place, and, unless `sideways` is off, wider."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    if not sideways:
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(widget)
    return area


def clear(layout: QLayout) -> None:
    """Take everything out of a layout and delete the widgets."""
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
        elif (inner := item.layout()) is not None:
            clear(inner)


def hairline(vertical: bool = False) -> QFrame:
    made = QFrame()
    made.setProperty("hairline", True)
    if vertical:
        made.setFixedWidth(theme.HAIRLINE)
        made.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
    else:
        made.setFixedHeight(theme.HAIRLINE)
        made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return made


class Card(QFrame):
    """A white card. With a title it has a head: the title, a caption, and `tools` at its right (`add_tool`)."""

    def __init__(self, title: str = "", subtitle: str = "", *, pad: int = theme.CARD_PAD, gap: int = 12) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.body = QVBoxLayout(self)
        edge = theme.px(pad)
        self.body.setContentsMargins(edge, theme.px(min(pad, 16)), edge, theme.px(min(pad, 16)))
        self.body.setSpacing(theme.px(gap))
        self.title, self.subtitle = heading(title), caption(subtitle)
        self.tools = QHBoxLayout()
        self.tools.setSpacing(theme.px(8))
        if title:
            self.setAccessibleName(title)
            self.head = row(self.title, self.subtitle, None, self.tools)
            self.body.addLayout(self.head)

    def add(self, *items: QWidget | QLayout | int | None) -> None:
        for item in items:
            add(self.body, item)

    def add_tool(self, widget: QWidget) -> None:
        self.tools.addWidget(widget)
