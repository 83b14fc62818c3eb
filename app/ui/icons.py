"""Icons: Phosphor glyphs from QtAwesome's font, in the theme's colours.

`icon("scissors")` is painted anew whenever it is shown, so a change of theme needs no new icon. Names are the
font's, without the leading `ph.` (`ph.scissors` is taken as well).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPixmap

from app.ui import theme


@lru_cache(maxsize=1)
def _font_set():
    """Phosphor alone: all of QtAwesome's fonts would cost the first paint a tenth of a second more."""
    import qtawesome
    from qtawesome.iconic_font import IconicFont

    folder = Path(qtawesome.__file__).parent / "fonts"
    drawn = next(folder.glob("phosphor-[0-9]*.ttf"))
    names = next(folder.glob("phosphor-charmap-*.json"))
    return IconicFont(("ph", drawn.name, names.name))


def glyph(name: str) -> str:
    """The sign of an icon in the Phosphor font. Raises KeyError for a name it does not have."""
    return _font_set().charmap["ph"][name.removeprefix("ph.")]


def paint(painter: QPainter, rect: QRect, name: str, colour: QColor) -> None:
    """Draw an icon into a square, in a widget that paints itself."""
    painter.save()
    drawn = _font_set().font("ph", min(rect.width(), rect.height()))
    painter.setFont(drawn)
    painter.setPen(colour)
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, glyph(name))
    painter.restore()


class _Glyph(QIconEngine):
    """One glyph; the colour is looked up while painting."""

    def __init__(self, name: str, role: str, on_role: str) -> None:
        super().__init__()
        self._name, self._role, self._on_role = name, role, on_role

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        role = self._on_role if state == QIcon.State.On else self._role
        paint(painter, rect, self._name, theme.colour("muted" if mode == QIcon.Mode.Disabled else role))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        made = QPixmap(size)
        made.fill(Qt.GlobalColor.transparent)
        painter = QPainter(made)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return made

    def clone(self) -> QIconEngine:
        copy = _Glyph(self._name, self._role, self._on_role)
        _alive.append(copy)
        return copy


_alive: list[QIconEngine] = []  # Qt holds engines without a reference that Python sees


@lru_cache(maxsize=256)
def icon(name: str, role: str = "muted", on_role: str | None = None) -> QIcon:
    """An icon in the theme's colour `role` (`on_role` when its button is checked)."""
    glyph(name)  # a name that is not there is found here, not in a paint event
    engine = _Glyph(name, role, on_role or role)
    _alive.append(engine)
    return QIcon(engine)
