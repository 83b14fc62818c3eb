"""A plain list: an icon, words at the left, a quiet note at the right."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import (
    QFrame,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from app.ui import icons, theme

NOTE, GLYPH = Qt.ItemDataRole.UserRole + 1, Qt.ItemDataRole.UserRole + 2
Index = QModelIndex | QPersistentModelIndex


class LineList(QListWidget):
    """`show_lines` takes (words, note, glyph)."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setItemDelegate(LinePainter(self))

    def show_lines(self, lines: Sequence[tuple[str, str, str]]) -> None:
        """Lines that are there already only change their words, so that the picked one stays."""
        while self.count() > len(lines):
            self.takeItem(self.count() - 1)
        while self.count() < len(lines):
            self.addItem(QListWidgetItem())
        for place, (words, note, glyph) in enumerate(lines):
            item = self.item(place)
            item.setText(words)
            item.setData(NOTE, note)
            item.setData(GLYPH, glyph)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{words}, {note}" if note else words)


class LinePainter(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(theme.px(120), theme.px(theme.ROW))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        rect = option.rect
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            focused = chosen and option.widget is not None and option.widget.hasFocus()
            painter.setPen(QPen(theme.colour("accent"), theme.px(theme.RING)) if focused else Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("selected" if chosen else "raised"))
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), theme.px(theme.RADIUS), theme.px(theme.RADIUS))
        inside = rect.adjusted(theme.px(8), 0, -theme.px(8), 0)
        glyph = index.data(GLYPH)
        if glyph:
            side = theme.px(theme.ICON)
            place = QRect(inside.left(), inside.center().y() - side // 2, side, side)
            icons.paint(painter, place, glyph, theme.colour("muted"))
            inside.setLeft(inside.left() + side + theme.px(8))
        note = index.data(NOTE) or ""
        painter.setFont(theme.font(theme.TABLE))
        painter.setPen(theme.colour("muted"))
        painter.drawText(inside, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, note)
        inside.setRight(inside.right() - painter.fontMetrics().horizontalAdvance(note) - theme.px(12))
        painter.setFont(theme.font(theme.BODY))
        painter.setPen(theme.colour("text"))
        words = painter.fontMetrics().elidedText(index.data(), Qt.TextElideMode.ElideMiddle, inside.width())
        painter.drawText(inside, Qt.AlignmentFlag.AlignVCenter, words)
        painter.restore()
