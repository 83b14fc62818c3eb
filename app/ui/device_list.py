"""The devices: what is connected, and what it is doing."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QFont, QPainter
from PySide6.QtWidgets import QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app import words
from app.jobs import HERE
from app.ui import icons, theme
from app.ui.desk import Desk
from app.ui.devices.live_feed import POWER
from app.ui.devices.roster import Known, device_title
from app.ui.devices.tabs import glyph_of, paint_state
from app.ui.parts.focus_ring import paint_ring

ENTRY = Qt.ItemDataRole.UserRole + 1
HEIGHT = 42
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Entry:
    """One line: `facts` says what it does now."""

    known: Known
    facts: str
    tip: str

    @property
    def name(self) -> str:
        return self.known.name

    @property
    def title(self) -> str:
        return self.known.title


class DeviceModel(QAbstractListModel):
    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry] = [Entry(Known(HERE, device_title(HERE), None, "idle"), "idle", "")]

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
            Qt.ItemDataRole.AccessibleTextRole: f"{entry.title}, {entry.known.state}, {entry.facts}",
        }.get(role)


class DeviceList(QListView):
    """Selects the device on the desk. `menu_wanted`: what can be done with one."""

    menu_wanted = Signal(str, QPoint)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.rows = DeviceModel()
        self.setModel(self.rows)
        self.setProperty("rail", True)
        self.setAccessibleName("Devices")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setItemDelegate(DevicePainter(self))
        self.selectionModel().currentChanged.connect(self._moved)
        desk.jobs_changed.connect(self.refresh)
        desk.roster.changed.connect(self.refresh)
        desk.live.changed.connect(self.refresh)
        desk.device_changed.connect(self.refresh)
        self.refresh()

    def refresh(self, *_: object) -> None:
        entries = [self._entry(known) for known in self.desk.roster.entries]
        if entries != self.rows.entries:
            self.rows.show(entries)
        self._show_chosen()
        self.setFixedHeight(theme.px(HEIGHT) * min(len(entries), 5))

    def _entry(self, known: Known) -> Entry:
        facts = known.facts
        tip = [known.title, facts.model, facts.cpu, facts.system] if facts else [known.title]
        return Entry(known, self._said(known), "\n".join(dict.fromkeys(t for t in tip if t)))

    def _said(self, known: Known) -> str:
        """8.40 W · GPU 61 %, or how it stands and what it is."""
        feed, now = self.desk.live.feed(known.name), self.desk.live.clock()
        watts, gpu, cpu = (feed.latest(key, now) for key in (POWER, "gpu_load", "cpu_load"))
        live = [f"{words.significant(watts)} W"] if watts is not None else []
        live += [f"GPU {words.percent(gpu, 0)}"] if gpu is not None else []
        live += [f"CPU {words.percent(cpu, 0)}"] if cpu is not None and gpu is None else []
        if live:
            return "  ·  ".join(live)
        cores = known.facts.cores if known.facts is not None else None
        state = self._state(known)
        return "  ·  ".join(part for part in (state, words.plural(cores, "core") if cores else "") if part)

    def _state(self, known: Known) -> str:
        if known.state == "running":
            return "measuring"
        busy = known.name == HERE and any(job.state == "running" and not job.device for job in self.desk.jobs)
        return "busy" if busy else known.state

    def _show_chosen(self) -> None:
        for place, entry in enumerate(self.rows.entries):
            if entry.name == self.desk.device and self.currentIndex().row() != place:
                self.setCurrentIndex(self.rows.index(place))

    def _moved(self, now: QModelIndex, before: QModelIndex) -> None:
        if now.isValid():
            self.desk.select_device(now.data(ENTRY).name)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """By the mouse at the device under it, by the keyboard at the selected one."""
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_key else self.indexAt(event.pos())
        if index.isValid():
            at = self.visualRect(index).bottomLeft() if by_key else event.pos()
            self.menu_wanted.emit(index.data(ENTRY).name, self.viewport().mapToGlobal(at))


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
        icons.paint(painter, glyph, glyph_of(entry.name), theme.colour("muted"))
        inside = QRect(rect.left() + theme.px(46), rect.top() + theme.px(4), 0, theme.px(19))
        inside.setRight(rect.right() - theme.px(34))
        painter.setPen(theme.colour("text"))
        painter.setFont(theme.font(theme.BODY, QFont.Weight.Medium))
        title = painter.fontMetrics().elidedText(entry.title, Qt.TextElideMode.ElideMiddle, inside.width())
        painter.drawText(inside, Qt.AlignmentFlag.AlignVCenter, title)
        painter.setPen(theme.colour("muted"))
        painter.setFont(theme.font(theme.CAPTION))
        facts = painter.fontMetrics().elidedText(entry.facts, Qt.TextElideMode.ElideRight, inside.width())
        painter.drawText(inside.translated(0, theme.px(17)), Qt.AlignmentFlag.AlignVCenter, facts)
        paint_state(painter, QPointF(rect.right() - theme.px(26), rect.top() + theme.px(14)), entry.known.state)
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
