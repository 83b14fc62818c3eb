"""Power, loads, memory and temperature: a figure and a small trace each, of a run or as they are now."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QSizePolicy, QWidget

from app import words
from app.ui import theme
from app.ui.devices.strip_words import Strip
from app.ui.devices.trace import TraceLine
from app.ui.parts.buttons import link_button
from app.ui.parts.card import Card, clear, column, hairline, row
from app.ui.parts.focus_ring import paint_ring
from app.ui.parts.text import Elided, label, set_role

TALL, LOW = 68, 48  # px: with the note below the figure, and without


class StripView(QWidget):
    """One strip. Focus reaches it, so that F1 tells what its tooltip tells. `why`: there is no figure; say why."""

    why = Signal()

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.title, self.note = Elided("", "muted"), Elided("", "caption")
        self.figure, self.unit = label("", "title"), label("", "muted")
        self.ask = link_button("Why?", self.why.emit)
        self.ask.setAccessibleName("Why is power not measured?")
        self.trace = TraceLine()
        line = row(self.figure, self.unit, self.ask, None, gap=4)
        below = row(column(line, self.note, None, gap=1), self.trace, gap=8)
        below.setStretch(0, 5)
        below.setStretch(1, 6)
        layout = column(self.title, below, gap=2)
        layout.setContentsMargins(theme.px(4), theme.px(1), theme.px(4), theme.px(1))
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def show_strip(self, strip: Strip) -> None:
        known = bool(strip.figure)
        self.title.setText(strip.title)
        self.figure.setText(strip.figure if known else words.not_measured)
        set_role(self.figure, "title" if known else "muted")
        self.unit.setText(strip.unit)
        self.unit.setVisible(known)
        self.note.setText(strip.note)
        self.ask.setVisible(not known and strip.key == "power")
        self.trace.show_strip(strip)
        self.setToolTip(strip.tip)
        self.setAccessibleName(strip.spoken)
        self.setAccessibleDescription(strip.tip)

    def show_note(self, shown: bool) -> None:
        self.note.setVisible(shown)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint_ring(painter, self.rect(), theme.px(theme.RADIUS))
            painter.end()


class LiveStrips(Card):
    """`live` is the switch: what the device does now, rather than what it did during the run that is shown."""

    why = Signal()

    def __init__(self) -> None:
        super().__init__(pad=12)
        self.setAccessibleName("What the device does")
        self.views: dict[str, StripView] = {}
        self.live = QCheckBox("Live")
        self.live.setToolTip("Watch the device while this page is shown, without running anything on it")
        self.when = label("", "caption")
        self._strips = QHBoxLayout()
        self._strips.setSpacing(theme.px(8))
        right = column(None, self.live, self.when, None, gap=2)
        self.says = Elided("", "muted", Qt.TextElideMode.ElideRight)
        self.says_why = link_button("Why?", self.why.emit)
        self.says_why.setAccessibleName("Why is power not measured?")
        self._rest = QWidget()  # keeps the switch at the right where there is no strip
        self._rest.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        line = row(self.says, self.says_why, self._rest, self._strips, right, gap=12)
        line.setStretch(3, 1)
        self.body.setContentsMargins(theme.px(16), theme.px(8), theme.px(16), theme.px(8))
        self.body.addLayout(line)
        self._compact = False

    def show_strips(self, strips: Sequence[Strip], when: str, says: str = "", *, why: bool = False) -> None:
        """`when` says of what time they are. No strips: `says` stands in their place, with `Why?` beside it."""
        keys = [strip.key for strip in strips]
        if keys != list(self.views):
            self._build(keys)
        for strip in strips:
            self.views[strip.key].show_strip(strip)
        self.says.setText(says)
        for widget in (self.says, self._rest):
            widget.setVisible(not strips)
        self.says_why.setVisible(why and not strips)
        self.when.setText(when)
        self.when.setVisible(bool(when))
        self._fit()

    def _build(self, keys: Sequence[str]) -> None:
        clear(self._strips)
        self.views = {}
        for place, key in enumerate(keys):
            if place:
                self._strips.addWidget(hairline(vertical=True))
            view = StripView(key)
            view.why.connect(self.why)
            self.views[key] = view
            self._strips.addWidget(view, 1)

    def set_compact(self, compact: bool) -> None:
        """In a low window the notes go; the tooltips keep what they say."""
        self._compact = compact
        self._fit()

    def _fit(self) -> None:
        for view in self.views.values():
            view.show_note(not self._compact)
            view.setFixedHeight(theme.px(LOW if self._compact else TALL))
