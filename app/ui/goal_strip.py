"""The goal strip: the selected candidate against each limit, always in sight."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from app import words
from app.heavy import device_words
from app.tradeoff import LimitCheck, has_limits, meets
from app.ui import theme
from app.ui.desk import Desk
from app.ui.parts.bars import SizeBar
from app.ui.parts.buttons import icon_button, link_button
from app.ui.parts.card import clear, holder, row
from app.ui.parts.error_card import IconLabel
from app.ui.parts.marker import Marker, look_of, looks
from app.ui.parts.text import label
from profiler.breakdown import CONVENTION_NAMES, Convention, operations

NO_GOAL = "No goal yet. Set what your board allows:"


class GoalStrip(QFrame):
    """`edit`: open the goal sheet."""

    edit = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setProperty("fill", "window")
        self.setAccessibleName("Goal")
        self.desk = desk
        self.setFixedHeight(theme.px(theme.GOAL_STRIP))
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(theme.px(theme.MARGIN), 0, theme.px(14), 0)
        self._layout.setSpacing(theme.px(8))
        self.checks: list[_Check] = []
        self._shown: tuple | None = None
        for signal in (desk.study_changed, desk.candidate_changed, desk.convention_changed):
            signal.connect(lambda _: self.refresh())
        self.refresh()

    def refresh(self) -> None:
        goal = self.desk.study.goal
        candidate = self.desk.study.candidates.get(self.desk.candidate)
        shown = (goal, candidate, self.desk.convention, looks(self.desk.study).get(self.desk.candidate))
        if shown == self._shown:
            return
        self._shown = shown
        clear(self._layout)
        self.checks = []
        self._layout.addWidget(IconLabel("target", "muted", 18))
        if goal is None or not has_limits(goal):
            self._layout.addWidget(label(NO_GOAL, "muted"))
            self._layout.addWidget(link_button("Set a goal", self.edit.emit))
            self._layout.addStretch(1)
            return
        self._where = label(f"Goal {device_words(goal.device)}", "muted")
        self._layout.addWidget(self._where)
        if candidate is not None:
            marker = Marker(look_of(self.desk.study, candidate.letter))
            self._layout.addWidget(holder(row(marker, label(candidate.letter, "strong"), gap=4)))
            for check in meets(candidate, goal):
                self._add(in_convention(check, self.desk.convention), check)
        self._layout.addStretch(1)
        self._layout.addWidget(icon_button("sliders-horizontal", "Change the goal", self.edit.emit, role="accent"))
        self._fit()

    def _add(self, shown: tuple[str, str, str], check: LimitCheck) -> None:
        made = _Check(shown, check)
        self.checks.append(made)
        self._layout.addSpacing(theme.px(8))
        self._layout.addWidget(made)

    def _fit(self) -> None:
        """Where the room is short, first the bars go, then the strip's own words, then the limits (see the tooltip)."""
        if not self.checks:
            return
        for level in range(4):
            self._where.setVisible(level < 2)
            needed = sum(check.shorten(level) + theme.px(24) for check in self.checks)
            needed += theme.px(130) + (self._where.sizeHint().width() if level < 2 else 0)
            if needed <= self.width():
                return

    def minimumSizeHint(self):
        hint = super().minimumSizeHint()
        hint.setWidth(theme.px(200))
        return hint

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._fit()


class _Check(QWidget):
    """Value, bar, limit, ✓ or ✕. Without a value: `not measured`, and neither bar nor sign."""

    def __init__(self, shown: tuple[str, str, str], check: LimitCheck) -> None:
        super().__init__()
        self.setProperty("clear", True)
        name, value, limit = shown
        self._known = known = check.figure is not None
        self._words = label(name, "muted")
        self._value: QLabel = label(value, "strong" if known else "muted")
        self.bar = SizeBar(name, height=4, width=32)
        self.bar.show_share(check.share, f"{value}, limit {limit}", "good" if check.ok else "bad", _state(check))
        items: list = [self._words, self._value]
        items.append(self.bar)
        self._limit, self._sign = label(limit, "muted"), None
        items.append(self._limit)
        if known and check.ok is not None:
            self._sign = IconLabel("check" if check.ok else "x", "good" if check.ok else "bad", 14)
            items.append(self._sign)
        layout = row(*items, gap=6)
        layout.setAlignment(self.bar, Qt.AlignmentFlag.AlignVCenter)
        self.setLayout(layout)
        verdict = words.not_measured if check.ok is None else "met" if check.ok else check.miss_words
        self.setToolTip(f"{name}: {value}, limit {limit}: {verdict}")
        self.setAccessibleName(self.toolTip())

    def shorten(self, level: int) -> int:
        """Leave out what goes first; the width that is then needed."""
        self.bar.setVisible(level == 0 and self._known)
        self._limit.setVisible(level < 3)
        shown = [w for w in (self._words, self._value, self.bar, self._limit, self._sign) if w and not w.isHidden()]
        return sum(w.sizeHint().width() if w is not self.bar else w.width() for w in shown) + theme.px(6) * len(shown)


def _state(check: LimitCheck) -> words.State:
    return check.figure.state if check.figure is not None else "measured"


def in_convention(check: LimitCheck, convention: Convention) -> tuple[str, str, str]:
    """Name, value and limit in words. A limit on operations is kept in MACs, and shown as FLOPs where they are."""
    if check.key != "macs" or convention != "flops":
        return check.label, check.value_words, check.limit_words
    value = operations(round(check.figure.value), 0, convention) if check.figure else None
    limit = operations(round(check.limit), 0, convention)
    return CONVENTION_NAMES[convention], words.three_digits(value), f"≤ {words.three_digits(limit)}"
