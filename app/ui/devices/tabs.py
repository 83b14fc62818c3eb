"""The devices as tabs. What does not fit beside the others is in a menu at the end."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFont, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QMenu, QPushButton, QSizePolicy, QWidget

from app.ui import icons, theme
from app.ui.devices.roster import HERE, Known, State
from app.ui.icons import icon
from app.ui.parts.buttons import menu_button

HEIGHT, GAP, PAD, GLYPH, DOT = 34, 8, 11, 17, 4
AIR = 3  # px: a name that just fits is not cut for a rounding
SHORT_NAME = 64  # px a name keeps at least


def paint_state(painter: QPainter, centre: QPointF, state: State) -> None:
    """A filled dot for a device that answers, with a ring round it while it runs; an empty one for the others."""
    radius = theme.px(DOT)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if state == "not connected":
        painter.setPen(QPen(theme.colour("muted"), 1.4 * theme.scale()))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(centre, radius - 0.7, radius - 0.7)
    else:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("good"))
        painter.drawEllipse(
            centre, radius - (1 if state == "running" else 0), radius - (1 if state == "running" else 0)
        )
        if state == "running":
            painter.setPen(QPen(theme.colour("good"), 1.2 * theme.scale()))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(centre, radius + 1.6, radius + 1.6)
    painter.restore()


def glyph_of(name: str) -> str:
    return "desktop" if name == HERE else "cpu"


class DeviceTab(QPushButton):
    """Painted by itself: icon, name, dot, state. `menu_wanted`: what can be done with the device."""

    menu_wanted = Signal(str, QPoint)

    def __init__(self, known: Known) -> None:
        super().__init__()
        self.known = known
        self.setCheckable(True)
        self.setAutoDefault(False)
        self.setFixedHeight(theme.px(HEIGHT))
        self.show_known(known)

    def show_known(self, known: Known) -> None:
        self.known = known
        self.setAccessibleName(f"{known.title}, {known.state}")
        facts = known.facts
        self.setToolTip("\n".join(p for p in (known.title, known.state, facts.model if facts else "") if p))
        self.updateGeometry()
        self.update()

    def _fonts(self) -> tuple[QFont, QFont]:
        return theme.font(theme.BODY, QFont.Weight.Medium), theme.font(theme.CAPTION)

    def widths(self) -> tuple[int, int]:
        """(with everything, the least with the name elided and the state as a dot alone)."""
        name, state = (QFontMetrics(font) for font in self._fonts())
        fixed = theme.px(2 * PAD + GLYPH + 8 + 2 * DOT + 8) + AIR
        wide = name.horizontalAdvance(self.known.title)
        return fixed + wide + theme.px(8) + state.horizontalAdvance(self.known.state), fixed + min(
            wide, theme.px(SHORT_NAME)
        )

    def sizeHint(self) -> QSize:
        return QSize(self.widths()[0], theme.px(HEIGHT))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._frame(painter)
        name_font, state_font = self._fonts()
        side, x = theme.px(GLYPH), theme.px(PAD)
        chosen = self.isChecked()
        glyph = QRect(x, (self.height() - side) // 2, side, side)
        icons.paint(painter, glyph, glyph_of(self.known.name), theme.colour("accent" if chosen else "muted"))
        x += side + theme.px(8)
        full = self.width() >= self.widths()[0]
        state = self.known.state if full else ""
        said = QFontMetrics(state_font).horizontalAdvance(state)
        room = self.width() - x - theme.px(PAD + 2 * DOT + 8) - (said + theme.px(8) if full else 0)
        painter.setFont(name_font)
        painter.setPen(theme.colour("text" if chosen or self.known.connected else "muted"))
        title = painter.fontMetrics().elidedText(self.known.title, Qt.TextElideMode.ElideMiddle, room)
        painter.drawText(QRect(x, 0, room, self.height()), Qt.AlignmentFlag.AlignVCenter, title)
        x += painter.fontMetrics().horizontalAdvance(title) + theme.px(8 + DOT)
        paint_state(painter, QPointF(x, self.height() / 2), self.known.state)
        painter.setFont(state_font)
        painter.setPen(theme.colour("muted"))
        painter.drawText(QRect(x + theme.px(DOT + 6), 0, said + 4, self.height()), Qt.AlignmentFlag.AlignVCenter, state)
        painter.end()

    def _frame(self, painter: QPainter) -> None:
        chosen, focused = self.isChecked(), self.hasFocus()
        edge = theme.px(theme.RING) if focused else 1.4 if chosen else 1.0
        painter.setPen(QPen(theme.colour("accent" if chosen or focused else "line"), edge))
        painter.setBrush(theme.colour("surface" if chosen else "raised" if self.underMouse() else "window"))
        inside = QRectF(self.rect()).adjusted(edge / 2, edge / 2, -edge / 2, -edge / 2)
        painter.drawRoundedRect(inside, theme.px(theme.RADIUS), theme.px(theme.RADIUS))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_wanted.emit(self.known.name, event.globalPos())


class DeviceTabs(QWidget):
    """Tabs shrink first, the chosen one last; then the last ones go into `2 more`. ← and → move."""

    chosen = Signal(str)
    menu_wanted = Signal(str, QPoint)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Devices")
        self.tabs: dict[str, DeviceTab] = {}
        self.device = HERE
        self.more_menu = QMenu(self)
        self.more = menu_button("", self.more_menu, plain=True, tip="The other devices")
        self.more.setParent(self)
        self.more.hide()
        self.setFixedHeight(theme.px(HEIGHT))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_devices(self, entries: Sequence[Known], device: str) -> None:
        if list(self.tabs) != [entry.name for entry in entries]:
            self._build(entries)
        self.device = device
        for entry in entries:
            tab = self.tabs[entry.name]
            if tab.known != entry:
                tab.show_known(entry)
            tab.setChecked(entry.name == device)
            tab.setFocusPolicy(Qt.FocusPolicy.StrongFocus if entry.name == device else Qt.FocusPolicy.ClickFocus)
        self._place()

    def _build(self, entries: Sequence[Known]) -> None:
        for tab in self.tabs.values():
            tab.hide()
            tab.deleteLater()
        self.tabs = {}
        for entry in entries:
            tab = DeviceTab(entry)
            tab.setParent(self)
            tab.clicked.connect(lambda _=False, name=entry.name: self._pick(name))
            tab.menu_wanted.connect(self.menu_wanted)
            self.tabs[entry.name] = tab

    def _pick(self, name: str) -> None:
        for other, tab in self.tabs.items():
            tab.setChecked(other == name)  # also where it was the chosen one already
        self.chosen.emit(name)

    def sizeHint(self) -> QSize:
        wide = sum(tab.widths()[0] + theme.px(GAP) for tab in self.tabs.values())
        return QSize(wide, theme.px(HEIGHT))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(120), theme.px(HEIGHT))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def fitting(self) -> dict[str, int]:
        """Which tabs are shown, and how wide each."""
        names, gap = list(self.tabs), theme.px(GAP)
        wide, least = ({n: self.tabs[n].widths()[k] for n in names} for k in (0, 1))
        if self.device in least:
            least[self.device] = min(wide[self.device], least[self.device] + theme.px(64))
        shown = list(names)
        while len(shown) > 1 and sum(least[n] + gap for n in shown) > self.width() - self._more_width(names, shown):
            out = next(n for n in reversed(shown) if n != self.device)
            shown.remove(out)
        spare = self.width() - self._more_width(names, shown) - sum(least[n] + gap for n in shown)
        given: dict[str, int] = {}
        for name in sorted(shown, key=lambda n: n != self.device):  # the chosen one gets its words first
            more = max(min(spare, wide[name] - least[name]), 0)
            given[name], spare = least[name] + more, spare - more
        return {name: given[name] for name in shown}

    def _more_width(self, names: list[str], shown: list[str]) -> int:
        return theme.px(84) if len(shown) < len(names) else 0

    def _place(self) -> None:
        x, shown = 0, self.fitting()
        for name, tab in self.tabs.items():
            tab.setVisible(name in shown)
            if name in shown:
                tab.setGeometry(x, 0, shown[name], self.height())
                x += shown[name] + theme.px(GAP)
        hidden = [name for name in self.tabs if name not in shown]
        self.more.setVisible(bool(hidden))
        self.more.setText(f"{len(hidden)} more")
        self.more.setGeometry(x, 2, theme.px(80), self.height() - 4)
        self.more_menu.clear()
        for name in hidden:
            known = self.tabs[name].known
            said = f"{known.title}  ·  {known.state}"
            self.more_menu.addAction(icon(glyph_of(name)), said, lambda name=name: self._pick(name))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        names = list(self.tabs)
        if step and self.device in names:
            name = names[min(max(names.index(self.device) + step, 0), len(names) - 1)]
            self._pick(name)
            self.tabs[name].setFocus(Qt.FocusReason.TabFocusReason)
            return
        super().keyPressEvent(event)
