"""A panel over the page: the queue, the goal, the search. Esc closes it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPropertyAnimation, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QGraphicsOpacityEffect, QStyle, QVBoxLayout, QWidget

from app.ui import theme
from app.ui.parts.buttons import icon_button
from app.ui.parts.card import row
from app.ui.parts.text import label


class Sheet(QFrame):
    """Put your widgets into `body`. `side` is where it stands over its host: "right", "bottom" or "top"."""

    closed = Signal()

    def __init__(self, host: QWidget, title: str, *, side: str = "right", extent: int = 420, head: bool = True) -> None:
        super().__init__(host)
        self.setProperty("card", "sheet")
        self.setAccessibleName(title)
        self.setAutoFillBackground(True)
        self._host, self._side, self._extent = host, side, extent
        self._returns_to: QWidget | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.px(theme.SPACE[4])] * 4)
        layout.setSpacing(theme.px(theme.SPACE[3]))
        self.title = label(title, "title")
        self.close_button = icon_button("x", "Close (Esc)", self.dismiss)
        if head:
            layout.addLayout(row(self.title, None, self.close_button))
        self.body = QVBoxLayout()
        self.body.setSpacing(theme.px(theme.SPACE[3]))
        layout.addLayout(self.body, 1)
        host.installEventFilter(self)
        self.hide()

    def present(self) -> None:
        """Show it and move the focus into it; the focus goes back when it is closed."""
        self._returns_to = self.window().focusWidget()
        for other in self._host.findChildren(Sheet, options=Qt.FindChildOption.FindDirectChildrenOnly):
            if other is not self:
                other.dismiss()  # one at a time: the newest is what a person asked for
        self._place()
        self.show()
        self.raise_()
        self._fade_in()
        self.focusNextChild() if not self.isAncestorOf(self.window().focusWidget() or self) else None

    def dismiss(self) -> None:
        if self.isHidden():
            return
        self.hide()
        if self._returns_to is not None:
            self._returns_to.setFocus(Qt.FocusReason.PopupFocusReason)
        self.closed.emit()

    def _place(self) -> None:
        width, height, edge = self._host.width(), self._host.height(), theme.px(theme.SPACE[3])
        extent = theme.px(self._extent)
        if self._side == "right":
            across = min(extent, width - 2 * edge)
            self.setGeometry(width - across - edge, edge, across, height - 2 * edge)
        elif self._side == "bottom":
            tall = min(extent, height - 2 * edge)
            self.setGeometry(edge, height - tall - edge, width - 2 * edge, tall)
        else:
            across = min(extent, width - 2 * edge)
            top = theme.px(56)
            tall = min(max(self._needed(across), theme.px(120)), height - top - edge)
            self.setGeometry((width - across) // 2, top, across, tall)

    def _needed(self, width: int) -> int:
        """How high it must be for all its lines, wrapped at this width."""
        layout = self.layout()
        if layout is None or not layout.hasHeightForWidth():
            return self.sizeHint().height()
        return layout.totalHeightForWidth(width)

    def _fade_in(self) -> None:
        """120 ms, and none where the system wants no motion."""
        if not self.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration):
            return
        effect = QGraphicsOpacityEffect(self)
        self.setGraphicsEffect(effect)
        fade = QPropertyAnimation(effect, b"opacity", self)
        fade.setDuration(theme.FADE_MS)
        fade.setStartValue(0.0)
        fade.setEndValue(1.0)
        fade.finished.connect(lambda: self.setGraphicsEffect(None))  # type: ignore[arg-type]
        fade.start(QPropertyAnimation.DeletionPolicy.DeleteWhenStopped)

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest and self.isVisible():
            self._place()  # what is in it has changed, and so has the room it needs
        return done

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._host and event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
            return
        super().keyPressEvent(event)
