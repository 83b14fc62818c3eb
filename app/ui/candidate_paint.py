"""How a candidate looks in the rail: tree lines, marker, letter and title, and its figures below."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPen
from PySide6.QtWidgets import QLineEdit, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.ui import icons, theme
from app.ui.parts.focus_ring import paint_ring
from app.ui.parts.marker import paint_marker

LINE = Qt.ItemDataRole.UserRole + 1
HEIGHT, STEP, LEFT = 52, 14, 28
MOST_STEPS = 5  # deeper candidates stay under the fifth: the title needs the room
Index = QModelIndex | QPersistentModelIndex


class CandidatePainter(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(theme.px(120), theme.px(HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        line = index.data(LINE)
        rect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._background(painter, option)
        self._lineage(painter, rect, line)
        centre = QPointF(_marker_x(rect, line.depth), rect.top() + theme.px(18))
        paint_marker(painter, centre, line.look, line.state, size=13)
        self._words(painter, rect, line)
        painter.restore()

    def _background(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        inside = QRectF(option.rect.adjusted(theme.px(8), 0, -theme.px(8), -theme.px(1)))
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if not chosen and not option.state & QStyle.StateFlag.State_MouseOver:
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("selected" if chosen else "raised"))
        painter.drawRoundedRect(inside, theme.px(theme.RADIUS), theme.px(theme.RADIUS))
        if chosen:
            edge = QRectF(inside.left(), inside.top() + theme.px(9), theme.px(3), inside.height() - theme.px(18))
            painter.setBrush(theme.colour("accent"))
            painter.drawRoundedRect(edge, 1.5, 1.5)
        view = option.widget
        if chosen and view is not None and view.hasFocus():
            paint_ring(painter, inside, theme.px(theme.RADIUS))

    def _lineage(self, painter: QPainter, rect: QRect, line) -> None:
        """A line from the parent's marker down and across to this one; older sisters' lines go on."""
        thin = theme.colour("other")
        thin.setAlphaF(0.55)
        painter.setPen(QPen(thin, theme.px(theme.HAIRLINE)))
        middle = rect.top() + theme.px(18)
        for level, goes_on in enumerate(line.goes_on):
            x = _marker_x(rect, level)
            last = level == line.depth - 1
            if last:
                painter.drawLine(QPointF(x, rect.top()), QPointF(x, middle))
                painter.drawLine(QPointF(x, middle), QPointF(_marker_x(rect, line.depth) - theme.px(8), middle))
            if goes_on:
                painter.drawLine(QPointF(x, rect.top()), QPointF(x, rect.bottom() + 1))
        if line.has_children:
            x = _marker_x(rect, line.depth)
            painter.drawLine(QPointF(x, middle + theme.px(9)), QPointF(x, rect.bottom() + 1))

    def _words(self, painter: QPainter, rect: QRect, line) -> None:
        candidate = line.candidate
        place = title_rect(rect, line.depth)
        quiet = "muted" if candidate.hidden else "text"
        painter.setPen(theme.colour(quiet))
        painter.setFont(theme.font(theme.BODY, QFont.Weight.DemiBold))
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, candidate.letter)
        place.setLeft(place.left() + painter.fontMetrics().horizontalAdvance(candidate.letter) + theme.px(8))
        painter.setFont(theme.font(theme.BODY, QFont.Weight.Medium))
        title = painter.fontMetrics().elidedText(candidate.title, Qt.TextElideMode.ElideMiddle, place.width())
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, title)
        below = title_rect(rect, line.depth).translated(0, theme.px(19))
        below.setRight(rect.right() - theme.px(10))
        painter.setPen(theme.colour("muted"))
        painter.setFont(theme.font(theme.CAPTION))
        shown = painter.fontMetrics().elidedText(line.figures, Qt.TextElideMode.ElideRight, below.width())
        painter.drawText(below, Qt.AlignmentFlag.AlignVCenter, shown)
        self._sign(painter, rect, line)

    def _sign(self, painter: QPainter, rect: QRect, line) -> None:
        """At the right: a dot while it is new, an icon where it is hidden."""
        centre = QPointF(rect.right() - theme.px(18), rect.top() + theme.px(18))
        if line.candidate.hidden:
            side = theme.px(14)
            place = QRect(int(centre.x() - side / 2), int(centre.y() - side / 2), side, side)
            icons.paint(painter, place, "eye-slash", theme.colour("muted"))
        elif line.new:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("accent"))
            painter.drawEllipse(centre, theme.px(4), theme.px(4))

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setMaxLength(24)
        editor.setAccessibleName("New name")
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        place = title_rect(option.rect, index.data(LINE).depth)
        editor.setGeometry(place.adjusted(theme.px(14), -theme.px(2), theme.px(14), theme.px(2)))


def _marker_x(rect: QRect, depth: int) -> float:
    return rect.left() + theme.px(LEFT) + min(depth, MOST_STEPS) * theme.px(STEP)


def title_rect(rect: QRect, depth: int) -> QRect:
    """Where the letter and the title stand."""
    left = int(_marker_x(rect, depth)) + theme.px(14)
    return QRect(left, rect.top() + theme.px(8), rect.right() - left - theme.px(28), theme.px(20))
