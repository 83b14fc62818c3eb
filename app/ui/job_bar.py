"""The job bar: what is running on each device, how far it is, and how to stop it. A click opens the queue."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QWidget

from app import words
from app.jobs import HERE, JobView
from app.ui import theme
from app.ui.desk import Desk
from app.ui.devices.roster import device_title
from app.ui.parts.buttons import link_button
from app.ui.parts.card import row
from app.ui.parts.focus_ring import paint_ring
from app.ui.parts.marker import Marker, look_of
from app.ui.parts.text import Elided, label

IDLE = "Nothing is running."
QUIET_MS = 300  # what is done sooner shows no sign
LEAST_SLOT = 400  # px at 100 %: what one job needs to be read
LONG_STEP_S = 1.0  # a step that takes longer says how long it has taken


class JobSlot(QWidget):
    """One running job: whose, what, how far, how to stop it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setProperty("clear", True)
        self._desk, self.job = desk, ""
        self.marker = Marker(size=11)
        self.what, self.figures = Elided("", "table"), Elided("", "muted")
        self.bar = progress_bar()
        self.cancel = link_button("Cancel", self._cancel, tip="Ctrl+.")
        line = row(self.marker, self.what, self.bar, self.figures, self.cancel)
        self.setLayout(line)

    def show_job(self, job: JobView, *, several: bool) -> None:
        """`several`: others run beside it, so it says where it runs, and is short."""
        self.job = job.job
        self.marker.show_look(look_of(self._desk.study, job.letter), "predicted")
        step = job.progress.text if job.progress else ""
        where = device_title(job.device) if job.device and (several or job.device != HERE) else ""
        named = "  ".join(part for part in (job.letter, job.title) if part)
        self.what.setText("  ·  ".join(part for part in (named, where, step) if part))
        self.bar.setValue(round(1000 * job.progress.fraction) if job.progress else 0)
        self.bar.setFixedWidth(theme.px(80 if several else 150))
        stopping = job.state == "stopping"
        self.figures.setText("Stopping…" if stopping else figure_words(job))
        self.figures.setVisible(not several or stopping)
        self.cancel.setVisible(not stopping)
        self.cancel.setAccessibleName(f"Cancel {named}{f' on {where}' if where else ''}")

    @property
    def spoken(self) -> str:
        return f"{self.what.text()}, {self.bar.value() // 10} percent, {self.figures.text()}"

    def _cancel(self) -> None:
        if self._desk.workbench is not None and self.job:
            self._desk.workbench.cancel(self.job)


class JobBar(QFrame):
    """`opened`: show the queue. Boards measure side by side: as many jobs as there is room for, the rest counted."""

    opened = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setProperty("fill", "surface")
        self.setFixedHeight(theme.px(theme.JOB_BAR))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Show the queue and the log")
        self.desk, self._shown = desk, frozenset[str]()
        self.idle = label(IDLE, "table")
        self.slots = [JobSlot(desk)]
        self.waiting = label("", "muted")
        self._build()
        self._late = QTimer(self, singleShot=True, interval=QUIET_MS)  # type: ignore[call-arg]
        self._late.timeout.connect(self._show_running)
        desk.jobs_changed.connect(self.refresh)
        desk.study_changed.connect(lambda _: self.refresh())
        desk.device_changed.connect(lambda _: self.refresh())
        self.refresh()

    def _build(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.px(18), 0, theme.px(18), 0)
        layout.setSpacing(theme.px(20))
        layout.addWidget(self.idle)
        self._places = QHBoxLayout()
        self._places.setSpacing(theme.px(24))
        self._places.addWidget(self.slots[0])
        layout.addLayout(self._places)
        layout.addWidget(self.waiting)
        layout.addStretch(1)

    def refresh(self) -> None:
        running = self.running()
        if not running:
            self._late.stop()
            self._shown = frozenset()
            self._show_idle()
        elif self._shown & {job.job for job in running}:
            self._show_running()
        elif not self._late.isActive():
            self._late.start()

    def running(self) -> list[JobView]:
        """What runs now: on the selected device first."""
        jobs = [job for job in self.desk.jobs if job.state in ("running", "stopping")]
        return sorted(jobs, key=lambda job: job.device != self.desk.device)

    def _show_idle(self) -> None:
        for slot in self.slots:
            slot.hide()
        self.waiting.hide()
        self.idle.show()
        self.setAccessibleName(IDLE)

    def _show_running(self) -> None:
        running = self.running()
        if not running:
            return
        self._shown = frozenset(job.job for job in running)
        room = max(self.width() // theme.px(LEAST_SLOT), 1)
        seen = running[:room]
        while len(self.slots) < len(seen):
            self.slots.append(JobSlot(self.desk))
            self._places.addWidget(self.slots[-1])
        self.idle.hide()
        for place, slot in enumerate(self.slots):
            slot.setVisible(place < len(seen))
            if place < len(seen):
                slot.show_job(seen[place], several=len(running) > 1)
        self._count(len(running) - len(seen))
        self.setAccessibleName("Running: " + "; ".join(slot.spoken for slot in self.slots[: len(seen)]))

    def _count(self, unseen: int) -> None:
        waiting = sum(1 for job in self.desk.jobs if job.state == "waiting")
        said = [f"{unseen} more running"] if unseen else []
        said += [f"{waiting} waiting"] if waiting else []
        self.waiting.setText("·  " + "  ·  ".join(said))
        self.waiting.setVisible(bool(said))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._shown:
            self._show_running()

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


def figure_words(job: JobView) -> str:
    """loss 0.412 · accuracy 97.6 % · about 2 min left."""
    figures = dict(job.progress.figures) if job.progress else {}
    parts = [f"loss {words.significant(figures['loss'])}"] if "loss" in figures else []
    parts += [f"accuracy {words.percent(figures['accuracy'])}"] if "accuracy" in figures else []
    step_s = figures.get("step_s", 0.0)
    parts += [f"this step {words.took(step_s)} so far"] if step_s >= LONG_STEP_S else []
    parts += [f"{words.duration(job.seconds_left)} left"] if job.seconds_left is not None else []
    return "  ·  ".join(parts)
