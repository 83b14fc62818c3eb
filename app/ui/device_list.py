"""The devices: what is connected, and what it is doing."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter
from PySide6.QtWidgets import QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app import words
from app.ui import icons, theme
from app.ui.desk import Desk
from app.ui.parts.focus_ring import paint_ring

ENTRY = Qt.ItemDataRole.UserRole + 1
HEIGHT = 42
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Entry:
    name: str
    title: str
    facts: str
    running: bool
    tip: str


class DeviceModel(QAbstractListModel):
    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry] = [Entry("cpu", "This computer", "idle", False, "")]

    def show(self, entries: list[Entry]) -> None:
        self.beginResetModel()
        self.entries = entries
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's
        return 0 if parent.isValid() else len(self.entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole):
        entry = self.entries[index.row()]
        return {
            ENTRY: entry,
            Qt.ItemDataRole.DisplayRole: entry.title,
            Qt.ItemDataRole.ToolTipRole: entry.tip or None,
            Qt.ItemDataRole.AccessibleTextRole: f"{entry.title}, {entry.facts}",
        }.get(role)


class DeviceList(QListView):
    """Selects the device on the desk."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._facts: list[dict] = []
        self.rows = DeviceModel()
        self.setModel(self.rows)
        self.setProperty("rail", True)
        self.setAccessibleName("Devices")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setItemDelegate(DevicePainter(self))
        self.selectionModel().currentChanged.connect(self._moved)
        desk.study_opened.connect(self._ask)
        desk.jobs_changed.connect(self.refresh)
        desk.device_changed.connect(lambda _: self.refresh())
        self.refresh()

    def _ask(self) -> None:
        self.desk.ask("devices", {}, self._know)

    def _know(self, answer: dict) -> None:
        self._facts = answer["devices"]
        self.refresh()

    def refresh(self) -> None:
        measuring = any(job.kind in ("profile", "compare") and job.state == "running" for job in self.desk.jobs)
        busy = any(job.state == "running" for job in self.desk.jobs)
        state = "measuring" if measuring else "busy" if busy else "idle"
        known = self._facts or [{"name": "cpu"}]
        entries = [_entry(facts, state if facts["name"] == "cpu" else "", busy) for facts in known]
        if entries != self.rows.entries:
            self.rows.show(entries)
        self._show_chosen()
        self.setFixedHeight(theme.px(HEIGHT) * min(len(entries), 5))

    def _show_chosen(self) -> None:
        for place, entry in enumerate(self.rows.entries):
            if entry.name == self.desk.device and self.currentIndex().row() != place:
                self.setCurrentIndex(self.rows.index(place))

    def _moved(self, now: QModelIndex, before: QModelIndex) -> None:
        if now.isValid():
            self.desk.select_device(now.data(ENTRY).name)


def _entry(facts: dict, state: str, busy: bool) -> Entry:
    cores = facts.get("cores")
    said = [state, words.plural(cores, "core") if cores else ""]
    tip = [facts.get("model", ""), facts.get("cpu", ""), facts.get("system", "")]
    title = "This computer" if facts["name"] == "cpu" else facts["name"]
    return Entry(facts["name"], title, "  ·  ".join(s for s in said if s), busy, "\n".join(t for t in tip if t))


class DevicePainter(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(theme.px(120), theme.px(HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        entry, rect = index.data(ENTRY), option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._background(painter, option)
        side = theme.px(17)
        glyph = QRect(rect.left() + theme.px(20), rect.top() + theme.px(6), side, side)
        icons.paint(painter, glyph, "desktop" if entry.name == "cpu" else "cpu", theme.colour("muted"))
        inside = QRect(rect.left() + theme.px(46), rect.top() + theme.px(4), 0, theme.px(19))
        inside.setRight(rect.right() - theme.px(34))
        painter.setPen(theme.colour("text"))
        painter.setFont(theme.font(theme.BODY, QFont.Weight.Medium))
        title = painter.fontMetrics().elidedText(entry.title, Qt.TextElideMode.ElideMiddle, inside.width())
        painter.drawText(inside, Qt.AlignmentFlag.AlignVCenter, title)
        painter.setPen(theme.colour("muted"))
        painter.setFont(theme.font(theme.CAPTION))
        painter.drawText(inside.translated(0, theme.px(17)), Qt.AlignmentFlag.AlignVCenter, entry.facts)
        self._dot(painter, QPointF(rect.right() - theme.px(26), rect.top() + theme.px(14)))
        painter.restore()

    def _background(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        view = option.widget
        several = isinstance(view, DeviceList) and len(view.rows.entries) > 1
        focused = view is not None and view.hasFocus() and bool(option.state & QStyle.StateFlag.State_Selected)
        inside = QRectF(option.rect.adjusted(theme.px(8), 0, -theme.px(8), -1))
        round_by = theme.px(theme.RADIUS)
        if several and option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("selected"))
            painter.drawRoundedRect(inside, round_by, round_by)
        if focused:
            paint_ring(painter, inside, round_by)

    def _dot(self, painter: QPainter, centre: QPointF) -> None:
        """Connected: filled. The word beside it says what it does."""
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("good"))
        painter.drawEllipse(centre, theme.px(4), theme.px(4))
