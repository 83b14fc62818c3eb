"""A job in the place where its result will be: what it does, how far it is, and how to stop it."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.jobs import JobView
from app.ui.desk import Desk
from app.ui.job_bar import figure_words, progress_bar
from app.ui.parts.buttons import link_button
from app.ui.parts.card import row
from app.ui.parts.text import Elided, label

WAITING = "Waiting until what runs now is done"


class JobLine(QWidget):
    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setProperty("clear", True)
        self._desk, self._job = desk, ""
        self.what, self.left = Elided("", "table"), label("", "muted")
        self.bar = progress_bar()
        self.cancel = link_button("Cancel", self._cancel, tip="Ctrl+.")
        self.setLayout(row(self.what, self.bar, self.left, self.cancel, gap=12))

    def show_job(self, job: JobView) -> None:
        """How it stands now."""
        self._job = job.job
        stopping = job.state == "stopping"
        step = job.progress.text if job.progress else ""
        self.what.setText(WAITING if job.state == "waiting" else step or job.title)
        self.bar.setValue(round(1000 * job.progress.fraction) if job.progress else 0)
        self.left.setText("Stopping…" if stopping else figure_words(job))
        self.left.setVisible(bool(self.left.text()))
        self.cancel.setVisible(not stopping)
        self.setAccessibleName(f"{self.what.text()}, {self.bar.value() // 10} percent")

    def _cancel(self) -> None:
        if self._desk.workbench is not None:
            self._desk.workbench.cancel(self._job)
