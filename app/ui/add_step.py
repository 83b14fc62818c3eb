"""`Add step`: every method, grouped as in the lecture, searchable; one that cannot apply is grey with its reason."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.ui import icons, theme
from app.ui.draft import all_methods, why_not
from app.ui.parts.card import column, holder
from app.ui.parts.text import caption, label, set_role
from profiler.breakdown import Breakdown

GROUPS = ("prune and share", "low rank", "compact filters", "teacher and student", "train", "clean up")
ORDER = (  # as the lecture goes on; what is not named comes last
    "magnitude_pruning", "channel_pruning", "weight_sharing", "clip_q", "int8", "half_precision", "four_bit",
)  # fmt: skip
KEY = Qt.ItemDataRole.UserRole


class AddStep(QFrame):
    """A popup. `chosen` carries the method's key."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setProperty("card", "sheet")
        self.setAccessibleName("Add a step")
        self.field = QLineEdit()
        self.field.setPlaceholderText("Search steps")
        self.field.setAccessibleName("Search steps")
        self.field.setMinimumHeight(theme.px(theme.CONTROL))
        self.field.textChanged.connect(self._filter)
        self.field.installEventFilter(self)
        self.list = QListWidget()
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setAccessibleName("Steps")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(self._choose)
        self.list.itemActivated.connect(self._choose)
        self.nothing = caption("")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.px(12)] * 4)
        layout.addWidget(self.field)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.nothing)
        self.resize(theme.px(340), theme.px(440))

    def open_at(self, point: QPoint, network: Breakdown, has_data: bool) -> None:
        """Below a button, for this network."""
        self.show_methods(network, has_data)
        self.field.clear()
        self.move(point)
        self.show()
        self.field.setFocus()

    def show_methods(self, network: Breakdown, has_data: bool) -> None:
        self.list.clear()
        methods = sorted(all_methods().values(), key=lambda m: ORDER.index(m.key) if m.key in ORDER else len(ORDER))
        for group in GROUPS:
            of_group = [method for method in methods if method.group == group]
            if of_group:
                self._head(group)
            for method in of_group:
                self._item(method.key, method.title, method.gain, why_not(method.key, network, has_data))
        self._filter(self.field.text())

    def _head(self, group: str) -> None:
        item = QListWidgetItem()
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        words = caption(group[:1].upper() + group[1:])
        words.setContentsMargins(theme.px(4), theme.px(8), 0, theme.px(2))
        item.setSizeHint(words.sizeHint())
        self.list.addItem(item)
        self.list.setItemWidget(item, words)

    def _item(self, key: str, title: str, gain: str, reason: str) -> None:
        item = QListWidgetItem()
        item.setData(KEY, key)
        name, line = label(title, "strong"), label(reason or gain, "muted", wrap=True)
        if reason:
            set_role(name, "muted")
            item.setFlags(Qt.ItemFlag.NoItemFlags)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{title}. {reason or gain}")
        lines = column(name, line, gap=2)
        lines.setContentsMargins(*[theme.px(p) for p in (8, 6, 8, 6)])
        body = holder(lines)
        body.setFixedWidth(theme.px(300))
        item.setSizeHint(body.sizeHint().expandedTo(body.minimumSizeHint()))
        self.list.addItem(item)
        self.list.setItemWidget(item, body)

    def _filter(self, words: str) -> None:
        wanted, head, left = words.casefold().split(), None, 0
        for item in (self.list.item(row) for row in range(self.list.count())):
            if item.data(KEY) is None:
                head = item
                head.setHidden(True)
                continue
            text = str(item.data(Qt.ItemDataRole.AccessibleTextRole)).casefold()
            found = all(word in text for word in wanted)
            item.setHidden(not found)
            left += found
            if found and head is not None:
                head.setHidden(False)
        self.nothing.setText("" if left else f"No step matches “{words}”.")
        first = next(iter(self._ready()), None)
        if first is not None:
            self.list.setCurrentItem(first)

    def _ready(self) -> list[QListWidgetItem]:
        items = [self.list.item(row) for row in range(self.list.count())]
        return [i for i in items if not i.isHidden() and i.flags() & Qt.ItemFlag.ItemIsEnabled]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """From the search field, the arrows move in the list and Return adds."""
        if watched is self.field and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                self._step(1 if event.key() == Qt.Key.Key_Down else -1)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._choose(self.list.currentItem())
                return True
        return super().eventFilter(watched, event)

    def _step(self, by: int) -> None:
        ready = self._ready()
        if ready:
            now = self.list.currentItem()
            at = ready.index(now) + by if now in ready else 0
            self.list.setCurrentItem(ready[max(0, min(at, len(ready) - 1))])

    def _choose(self, item: QListWidgetItem | None) -> None:
        if item is not None and item.data(KEY) and item.flags() & Qt.ItemFlag.ItemIsEnabled and not item.isHidden():
            self.hide()
            self.chosen.emit(str(item.data(KEY)))


class AddButton(QPushButton):
    """A dashed place where the next step goes."""

    def __init__(self) -> None:
        super().__init__("Add step")
        self.setProperty("link", True)
        self.setIcon(icons.icon("plus", "accent"))
        self.setAutoDefault(False)
        self.setMinimumHeight(theme.px(38))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(theme.colour("muted"), 1)
        pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        box = self.rect().adjusted(1, 1, -2, -2)
        painter.drawRoundedRect(box, theme.px(theme.RADIUS), theme.px(theme.RADIUS))
