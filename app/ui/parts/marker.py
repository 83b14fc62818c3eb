"""A candidate's marker: shape and colour, filled when measured, hollow when predicted, dashed when imported."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.markers import Slot, born_with, markers
from app.study import Study
from app.ui import theme
from app.ui.parts.text import caption
from app.words import State


@dataclass(frozen=True)
class Look:
    """How a candidate is drawn: a pyqtgraph symbol name, and a slot of the theme's candidate colours."""

    shape: str
    slot: Slot

    @property
    def colour(self) -> QColor:
        """In the theme in force: text for the baseline, grey where it has no slot."""
        if self.slot == "baseline":
            return theme.colour("text")
        return theme.colour("muted") if self.slot is None else QColor(theme.current().candidates[self.slot])


DOT = Look("o", None)
SMALL = 0.6  # a grey dot against a marker


def look_of(study: Study, letter: str) -> Look:
    """The marker of one candidate; of one that is on its way, the marker it will have."""
    return looks(study).get(letter) or (_look(born_with(letter)) if letter else DOT)


def looks(study: Study) -> dict[str, Look]:
    return {letter: _look(slot) for letter, slot in markers(study).items()}


def _look(slot: Slot) -> Look:
    if slot == "baseline":
        return Look(theme.BASELINE_SHAPE, slot)
    return DOT if slot is None else Look(theme.CANDIDATE_SHAPES[slot], slot)


def _star(points: int, inner: float, turn: float = 0.0) -> list[tuple[float, float]]:
    """Corners of a star (inner < 1) or a polygon (inner = 1), its first corner at the top, in a circle of radius 1."""
    steps = points if inner == 1 else 2 * points
    return [
        (
            (1 if inner == 1 or k % 2 == 0 else inner) * sin(2 * pi * k / steps + turn),
            -(1 if inner == 1 or k % 2 == 0 else inner) * cos(2 * pi * k / steps + turn),
        )
        for k in range(steps)
    ]


_THIRD = 0.32
_SHAPES: dict[str, list[tuple[float, float]]] = {
    "d": [(0, -1.05), (1.05, 0), (0, 1.05), (-1.05, 0)],
    "s": [(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)],
    "t1": [(0, -0.95), (1, 0.8), (-1, 0.8)],
    "t": [(0, 0.95), (1, -0.8), (-1, -0.8)],
    "p": _star(5, 1),
    "h": _star(6, 1, pi / 6),
    "star": _star(5, 0.45),
    "+": [
        (-_THIRD, -1), (_THIRD, -1), (_THIRD, -_THIRD), (1, -_THIRD), (1, _THIRD), (_THIRD, _THIRD), (_THIRD, 1),
        (-_THIRD, 1), (-_THIRD, _THIRD), (-1, _THIRD), (-1, -_THIRD), (-_THIRD, -_THIRD),
    ],
}  # fmt: skip


def shape_path(shape: str, centre: QPointF, radius: float) -> QPainterPath:
    """The outline of a marker."""
    path = QPainterPath()
    if shape == "o":
        path.addEllipse(centre, radius * 0.95, radius * 0.95)
        return path
    corners = [centre + QPointF(x * radius, y * radius) for x, y in _SHAPES[shape]]
    path.addPolygon(QPolygonF(corners))
    path.closeSubpath()
    return path


def paint_marker(painter: QPainter, centre: QPointF, look: Look, state: State = "measured", size: float = 12) -> None:
    """Draw a marker `size` px wide (at 100 %): measured and counted filled, predicted hollow, imported dashed."""
    radius = theme.px(size if look.slot is not None else size * SMALL) / 2
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    filled = state in ("measured", "counted", "interrupted")
    pen = QPen(look.colour, max(theme.px(2) * 0.85, 1))
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    if state == "imported":
        pen.setDashPattern([1.8, 1.3])
    painter.setPen(Qt.PenStyle.NoPen if filled else pen)
    painter.setBrush(look.colour if filled else Qt.BrushStyle.NoBrush)
    painter.drawPath(shape_path(look.shape, centre, radius if filled else radius - pen.widthF() / 2))
    painter.restore()


class Marker(QWidget):
    """A marker as a widget of its own."""

    def __init__(self, look: Look = DOT, state: State = "measured", size: int = 12) -> None:
        super().__init__()
        self._look, self._size = look, size
        self._state: State = state
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_look(self, look: Look, state: State = "measured") -> None:
        self._look, self._state = look, state
        self.update()

    def sizeHint(self) -> QSize:
        shown = self._size if self._look.slot is not None else self._size * SMALL
        return QSize(theme.px(shown + 4), theme.px(shown + 4))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_marker(painter, QRectF(self.rect()).center(), self._look, self._state, self._size)


class FigureLegend(QWidget):
    """measured ● predicted ○ imported ◌: what the three marks say, on every page."""

    def __init__(self) -> None:
        super().__init__()
        from app.ui.parts.card import holder, row
        from app.ui.parts.flow import Flow

        items = Flow(gap=8, below=2)
        states: tuple[State, ...] = ("measured", "predicted", "imported")
        marks = [holder(row(Marker(DOT, state, 16), caption(state), gap=3)) for state in states]
        for mark in marks:
            items.addWidget(mark)
        self.setLayout(items)
        self._least = max(mark.sizeHint().width() for mark in marks)
        self.setAccessibleName("Legend: filled is measured, hollow is predicted, dashed is imported")

    def minimumSizeHint(self) -> QSize:
        """Its line breaks in a narrow rail."""
        return QSize(self._least, super().minimumSizeHint().height())
