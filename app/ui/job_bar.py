"""The job bar: what is running, how far it is, and how to stop it. A click opens the queue."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar

from app import words
from app.ui import theme
from app.ui.desk import Desk
from app.ui.parts.buttons import link_button
from app.ui.parts.focus_ring import paint_ring
from app.ui.parts.marker import Marker, look_of
from app.ui.parts.text import Elided, label

IDLE = "Nothing is running."
QUIET_MS = 300  # what is done sooner shows no sign
LONG_STEP_S = 1.0  # a step that takes longer says how long it has taken


class JobBar(QFrame):
    """`opened`: show the queue."""

    opened = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setProperty("fill", "surface")
        self.setFixedHeight(theme.px(theme.JOB_BAR))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Show the queue and the log")
        self.desk, self._job = desk, ""
        self.marker = Marker(size=11)
        self.what, self.figures = Elided("", "table"), Elided("", "muted")
        self.bar = progress_bar()
        self.cancel = link_button("Cancel", self._cancel, tip="Ctrl+.")
        self.waiting = label("", "muted")
        self._build()
        self._late = QTimer(self, singleShot=True, interval=QUIET_MS)
        self._late.timeout.connect(self._show_running)
        desk.jobs_changed.connect(self.refresh)
        desk.study_changed.connect(lambda _: self.refresh())
        self.refresh()

    def _build(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.px(18), 0, theme.px(18), 0)
        layout.setSpacing(theme.px(8))
        for widget in (self.marker, self.what, self.bar, self.figures, self.waiting, self.cancel):
            layout.addWidget(widget)
        layout.addStretch(1)

    def refresh(self) -> None:
        running = self._running()
        if running is None:
            self._late.stop()
            self._job = ""
            self._show_idle()
        elif running.job == self._job:
            self._show_running()
        elif not self._late.isActive():
            self._late.start()

    def _running(self):
        return next((job for job in self.desk.jobs if job.state in ("running", "stopping")), None)

    def _show_idle(self) -> None:
        for widget in (self.marker, self.bar, self.figures, self.cancel, self.waiting):
            widget.hide()
        self.what.setText(IDLE)
        self.setAccessibleName(IDLE)

    def _show_running(self) -> None:
        job = self._running()
        if job is None:
            return
        self._job = job.job
        for widget in (self.marker, self.bar, self.figures, self.cancel):
            widget.show()
        self.marker.show_look(look_of(self.desk.study, job.letter), "predicted")
        step = job.progress.text if job.progress else ""
        named = "  ".join(part for part in (job.letter, job.title) if part)
        self.what.setText("  ·  ".join(part for part in (named, step) if part))
        self.bar.setValue(round(1000 * job.progress.fraction) if job.progress else 0)
        stopping = job.state == "stopping"
        self.figures.setText("Stopping…" if stopping else figure_words(job))
        self.cancel.setVisible(not stopping)
        waiting = sum(1 for other in self.desk.jobs if other.state == "waiting")
        self.waiting.setText(f"·  {waiting} waiting")
        self.waiting.setVisible(waiting > 0)
        self.setAccessibleName(f"Running: {self.what.text()}, {self.bar.value() // 10} percent, {self.figures.text()}")

    def _cancel(self) -> None:
        job = self._running()
        if job is not None and self.desk.workbench is not None:
            self.desk.workbench.cancel(job.job)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.opened.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and not event.modifiers():
            self.opened.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.hasFocus():
            paint_ring(QPainter(self), self.rect().adjusted(0, 0, -1, -1))


def progress_bar() -> QProgressBar:
    """A thin one, in thousandths."""
    made = QProgressBar()
    made.setTextVisible(False)
    made.setRange(0, 1000)
    made.setFixedSize(theme.px(150), theme.px(4))
    made.setAccessibleName("Progress")
    return made


def figure_words(job) -> str:
    """loss 0.412 · accuracy 97.6 % · about 2 min left."""
    figures = dict(job.progress.figures) if job.progress else {}
    parts = [f"loss {words.significant(figures['loss'])}"] if "loss" in figures else []
    parts += [f"accuracy {words.percent(figures['accuracy'])}"] if "accuracy" in figures else []
    step_s = figures.get("step_s", 0.0)
    parts += [f"this step {words.took(step_s)} so far"] if step_s >= LONG_STEP_S else []
    parts += [f"{words.duration(job.seconds_left)} left"] if job.seconds_left is not None else []
    return "  ·  ".join(parts)
