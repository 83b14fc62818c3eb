"""The steps of a recipe from top to bottom: pick, switch, move, take out, add."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QSizePolicy, QVBoxLayout, QWidget

from app.ui import icons, theme
from app.ui.controls import Switch
from app.ui.draft import Draft, Step, method_of
from app.ui.parts.card import clear, column
from app.ui.parts.text import Elided, set_role
from profiler.errors import BadInput

GLYPHS = {
    "prune and share": "scissors",
    "low rank": "grid-four",
    "compact filters": "funnel",
    "teacher and student": "student",
    "train": "activity",
    "clean up": "stack",
}
OWN_GLYPHS = {
    "weight_sharing": "circles-three",
    "channel_pruning": "columns",
    "clip_q": "crop",
    "int8": "number-square-eight",
    "half_precision": "divide",
    "four_bit": "number-square-four",
}


class StepRow(QFrame):
    """One step. Press and move to drag it; Alt with ↑ ↓ moves it, Space switches it, Delete takes it out."""

    picked = Signal()
    switched = Signal(bool)
    dragged = Signal(float)  # where the mouse is, in the list's pixels
    dropped = Signal(float)
    moved = Signal(int)  # by so many places
    removed = Signal()

    def __init__(self, step: Step, number: int, is_picked: bool) -> None:
        super().__init__()
        self._picked, self._press = is_picked, None
        self._dragging = False
        title, summary, self._glyph = _words(step)
        self.enabled = bool(step.get("enabled", True))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(f"Step {number}: {title}, {summary}{'' if self.enabled else ', switched off'}")
        self.setAccessibleDescription("Alt with arrow up or down moves it, Space switches it, Delete takes it out")
        self.title, self.summary = Elided(title, "strong"), Elided(summary, "caption")
        if not self.enabled:
            set_role(self.title, "muted")
        self.switch = Switch(f"Run step {number}, {title}")
        self.switch.setChecked(self.enabled)
        self.switch.toggled.connect(self.switched)
        inner = QHBoxLayout(self)
        inner.setContentsMargins(*[theme.px(p) for p in (50, 9, 6, 9)])
        inner.addLayout(column(self.title, self.summary, gap=2), 1)
        inner.addWidget(self.switch, 0, Qt.AlignmentFlag.AlignVCenter)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        strong = self._picked or self.hasFocus()
        painter.setPen(QPen(theme.colour("accent" if strong else "line"), theme.px(2) if self.hasFocus() else 1))
        painter.setBrush(theme.colour("selected" if self._picked else "raised"))
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.drawRoundedRect(box, theme.px(theme.RADIUS), theme.px(theme.RADIUS))
        side, middle = theme.px(theme.ICON), self.height() // 2
        grip = self.rect().adjusted(theme.px(8), 0, 0, 0)
        grip.setRect(theme.px(6), middle - side // 2, side, side)
        icons.paint(painter, grip, "dots-six-vertical", theme.colour("muted"))
        grip.moveLeft(theme.px(27))
        icons.paint(painter, grip, self._glyph, theme.colour("accent" if self._picked else "muted"))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._press = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is None:
            return
        if self._dragging or abs(event.position().y() - self._press.y()) > theme.px(8):
            self._dragging = True
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self.dragged.emit(self._in_list(event))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        was, self._dragging, self._press = self._dragging, False, None
        self.unsetCursor()
        if was:
            self.dropped.emit(self._in_list(event))
        elif event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit()

    def _in_list(self, event: QMouseEvent) -> float:
        return self.mapToParent(event.position()).y()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        by = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if by and alt:
            self.moved.emit(by)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self.picked.emit()
        elif event.key() == Qt.Key.Key_Space:
            self.switch.toggle()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
        elif by:
            self.focusNextPrevChild(by > 0)
        else:
            super().keyPressEvent(event)


def _words(step: Step) -> tuple[str, str, str]:
    """Title, settings in a few words, and the icon."""
    try:
        method = method_of(step)
    except BadInput as error:
        return str(step.get("method", "")), str(error), "warning"
    return method.title, method.summary(), OWN_GLYPHS.get(method.key) or GLYPHS.get(method.group, "circle")


class RecipeList(QWidget):
    """Shows the draft's steps and changes them."""

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self._draft = draft
        self.rows: list[StepRow] = []
        self._line: float | None = None
        self._shown: object = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(theme.px(8))
        self.setAccessibleName("Steps of the recipe")
        draft.changed.connect(self.show_steps)
        draft.step_picked.connect(lambda _: self.show_steps())

    def show_steps(self) -> None:
        """Again only where something a row shows has changed: a drag changes a step sixty times a second."""
        drawn = [(_words(step), step.get("enabled", True)) for step in self._draft.steps], self._draft.picked
        if drawn == self._shown:
            return
        self._shown = drawn
        focused = next((place for place, row in enumerate(self.rows) if row.hasFocus()), -1)
        clear(self._layout)
        self.rows = [self._row(step, place) for place, step in enumerate(self._draft.steps)]
        if focused >= 0 and self.rows:
            wanted = self._draft.picked if self._draft.picked >= 0 else focused
            self.rows[min(wanted, len(self.rows) - 1)].setFocus()

    def _row(self, step: Step, place: int) -> StepRow:
        row = StepRow(step, place + 1, place == self._draft.picked)
        row.picked.connect(lambda: self._draft.pick(place))
        row.switched.connect(lambda on: self._draft.enable(place, on))
        row.moved.connect(lambda by: self._draft.move(place, place + by))
        row.removed.connect(lambda: self._draft.remove(place))
        row.dragged.connect(lambda y: self._show_line(self._target(y)))
        row.dropped.connect(lambda y: self._drop(place, self._target(y)))
        row.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        row.customContextMenuRequested.connect(lambda at: self.menu(place).popup(row.mapToGlobal(at)))
        self._layout.addWidget(row)
        return row

    def menu(self, place: int) -> QMenu:
        """What can be done with a step, by mouse and without a drag."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        up = menu.addAction(icons.icon("arrow-up"), "Move up\tAlt+↑", lambda: self._draft.move(place, place - 1))
        down = menu.addAction(icons.icon("arrow-down"), "Move down\tAlt+↓", lambda: self._draft.move(place, place + 1))
        up.setEnabled(place > 0)
        down.setEnabled(place < len(self.rows) - 1)
        menu.addAction(icons.icon("trash"), "Take out\tDel", lambda: self._draft.remove(place))
        return menu

    def _target(self, y: float) -> int:
        """Before which row a step dropped here goes."""
        return sum(1 for row in self.rows if y > row.geometry().center().y())

    def _drop(self, place: int, target: int) -> None:
        self._show_line(None)
        self._draft.move(place, target - 1 if target > place else target)

    def _show_line(self, target: int | None) -> None:
        if target is None or not self.rows:
            self._line = None
        elif target < len(self.rows):
            self._line = self.rows[target].y() - theme.px(4)
        else:
            self._line = self.rows[-1].geometry().bottom() + theme.px(4)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(QPen(theme.colour("line"), 1))
        for above, below in zip(self.rows, self.rows[1:], strict=False):
            x = theme.px(35)
            painter.drawLine(QPointF(x, above.geometry().bottom()), QPointF(x, below.y()))
        if self._line is not None:
            painter.setPen(QPen(theme.colour("accent"), theme.px(2)))
            painter.drawLine(QPointF(0, max(self._line, 1)), QPointF(self.width(), max(self._line, 1)))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(160), super().minimumSizeHint().height())
