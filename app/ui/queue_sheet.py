"""The queue: what runs, what waits, what ended, and the log of the one picked."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QWidget

from app import words
from app.jobs import HERE, JobView
from app.ui import theme
from app.ui.desk import Desk
from app.ui.devices.roster import device_title
from app.ui.job_bar import figure_words
from app.ui.parts.buttons import button
from app.ui.parts.card import column, holder, row
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.lines import LineList
from app.ui.parts.sheet import Sheet
from app.ui.parts.text import Elided, label

STATES = {
    "waiting": "waiting", "running": "running", "stopping": "stopping…", "done": "done", "failed": "failed",
    "cancelled": "cancelled",
}  # fmt: skip


class QueueSheet(Sheet):
    def __init__(self, host: QWidget, desk: Desk) -> None:
        super().__init__(host, "Jobs", side="bottom", extent=340)
        self.desk = desk
        self.list = LineList("Jobs of this session")
        self._ids: list[str] = []
        self.list.setMinimumWidth(theme.px(320))
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setAccessibleName("Log")
        self.head, self.figures = Elided("", "heading"), label("", "muted", wrap=True)
        self.cancel = button("Cancel", self._cancel)
        self.again = button("Start again", self._again)
        right = column(row(self.head, None, self.again, self.cancel), self.figures, self.log, gap=8)
        layout = QHBoxLayout()
        layout.setSpacing(theme.px(16))
        layout.addWidget(self.list, 2)
        layout.addWidget(holder(right), 3)
        self.full = holder(layout)
        self.empty = EmptyState("Nothing has run in this session.")
        self.body.addWidget(self.full, 1)
        self.body.addWidget(self.empty, 1)
        self.list.currentItemChanged.connect(lambda *_: self._show_picked())
        desk.jobs_changed.connect(lambda: self.refresh() if self.isVisible() else None)

    def present(self) -> None:
        self.refresh()
        super().present()
        self.list.setFocus()

    def refresh(self) -> None:
        jobs = by_queue(self.desk.jobs)
        self.full.setVisible(bool(jobs))
        self.empty.setVisible(not jobs)
        picked = self._picked_id()
        self._ids = [job.job for job in jobs]
        self.list.show_lines([("  ".join(p for p in (j.letter, j.title) if p), note_of(j), "") for j in jobs])
        self.list.setCurrentRow(self._ids.index(picked) if picked in self._ids else 0)
        self._show_picked()

    def _picked_id(self) -> str:
        place = self.list.currentRow()
        return self._ids[place] if 0 <= place < len(self._ids) else ""

    def _picked(self):
        return next((job for job in self.desk.jobs if job.job == self._picked_id()), None)

    def _show_picked(self) -> None:
        job = self._picked()
        self.cancel.setVisible(job is not None and job.state in ("running", "waiting"))
        self.again.setVisible(job is not None and job.state in ("failed", "cancelled"))
        self.head.setText(f"{job.letter}  {job.title}" if job else "")
        self.figures.setText((job.error or job.message or figure_words(job)) if job else "")
        text = "\n".join([*job.log, *([job.evidence] if job.evidence else [])]) if job else ""
        if text != self.log.toPlainText():
            self.log.setPlainText(text)
            self.log.verticalScrollBar().setValue(self.log.verticalScrollBar().maximum())

    def _cancel(self) -> None:
        if self.desk.workbench is not None and self._picked_id():
            self.desk.workbench.cancel(self._picked_id())

    def _again(self) -> None:
        if self.desk.workbench is not None and self._picked_id():
            self.desk.workbench.start_again(self._picked_id())


def by_queue(jobs: Sequence[JobView]) -> list[JobView]:
    """What has not ended by its queue, this computer's first, each in its order; then what has ended."""
    queues = dict.fromkeys(job.device if job.device != HERE else "" for job in jobs)
    order = sorted(queues, key=bool)
    going = [job for job in jobs if not job.ended]
    place = {queue: number for number, queue in enumerate(order)}
    going.sort(key=lambda job: (place[job.device if job.device != HERE else ""], job.state == "waiting"))
    return going + [job for job in jobs if job.ended]


def note_of(job: JobView) -> str:
    """tx2-lab · running, 42 %."""
    far = f", {words.percent(job.progress.fraction, 0)}" if job.progress and job.state == "running" else ""
    where = device_title(job.device) if job.device else ""
    return "  ·  ".join(part for part in (where, STATES[job.state] + far) if part)
