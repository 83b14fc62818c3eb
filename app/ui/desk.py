"""What the whole window shares: the study as it stands, the jobs, and the one selection."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal

from app.study import Study
from app.ui.devices.live_feed import LiveFeed
from app.ui.devices.reach import Reach
from app.ui.devices.roster import Roster
from app.ui.theme import LIGHT, Theme
from profiler.breakdown import Convention

if TYPE_CHECKING:
    from app.workbench import JobChanged, JobView, StudyChanged, Workbench

CONVENTIONS: tuple[Convention, ...] = ("macs", "ops", "flops")


class Desk(QObject):
    """Signals carry values, never widgets. Whatever is selected stays selected on every page."""

    study_changed = Signal(object)
    study_opened = Signal()
    jobs_changed = Signal()
    job_ended = Signal(object)
    candidate_changed = Signal(str)
    layer_changed = Signal(str)
    device_changed = Signal(str)
    convention_changed = Signal(str)
    page_changed = Signal(str)
    theme_changed = Signal(object)
    problem = Signal(object)
    board_wanted = Signal(str)  # show the sheet of a board; "": a new one
    board_test_wanted = Signal(str)  # reach for it now, step by step
    board_removal_wanted = Signal(str)
    secret_wanted = Signal(str, object)  # a board's password or passphrase, then the call to make
    recipe_wanted = Signal(str, str)  # a candidate's recipe, on another candidate: to the Compress page
    told = Signal(str, str, object)  # a line that something was done, words for taking it back, and how

    _arrived = Signal(object)  # from the workbench's threads to the window's
    _answered = Signal(object)

    def __init__(self, theme: Theme = LIGHT) -> None:
        super().__init__()
        self.workbench: Workbench | None = None
        self.study = Study()
        self.candidate, self.layer, self.device, self.page = "", "", "cpu", "network"
        self.convention: Convention = "macs"
        self.theme = theme
        self.roster, self.live, self.reach = Roster(self), LiveFeed(self), Reach(self)
        self._stop_listening: Callable[[], None] = lambda: None
        self._arrived.connect(self._receive, Qt.ConnectionType.QueuedConnection)
        self._answered.connect(lambda call: call(), Qt.ConnectionType.QueuedConnection)

    @property
    def jobs(self) -> tuple[JobView, ...]:
        return self.workbench.jobs if self.workbench else ()

    def attach(self, workbench: Workbench) -> None:
        """Show this study from now on."""
        self._stop_listening()
        self.workbench = workbench
        self._stop_listening = workbench.listen(self._arrived.emit)
        self.candidate = self.layer = ""
        self.study_opened.emit()
        self._show(workbench.study)
        self.jobs_changed.emit()

    def detach(self) -> None:
        self._stop_listening()
        self._stop_listening = lambda: None

    def _receive(self, event: StudyChanged | JobChanged) -> None:
        if event.workbench is not self.workbench:
            return  # it left while its last news was on the way
        if event.view is None:
            self._show(event.study)
            return
        self.jobs_changed.emit()
        if event.view.state in ("done", "failed", "cancelled"):
            self.job_ended.emit(event.view)

    def _show(self, study: Study) -> None:
        self.study = study
        shown = [candidate.letter for candidate in study.shown()]
        if self.candidate not in shown:
            self.candidate = shown[0] if shown else ""
            self.study_changed.emit(study)
            self.candidate_changed.emit(self.candidate)
        else:
            self.study_changed.emit(study)

    def select_candidate(self, letter: str) -> None:
        if letter != self.candidate and letter in self.study.candidates:
            self.candidate = letter
            self.candidate_changed.emit(letter)

    def select_layer(self, name: str) -> None:
        if name != self.layer:
            self.layer = name
            self.layer_changed.emit(name)

    def select_device(self, name: str) -> None:
        if name != self.device:
            self.device = name
            self.device_changed.emit(name)

    def set_convention(self, convention: Convention) -> None:
        if convention != self.convention:
            self.convention = convention
            self.convention_changed.emit(convention)

    def next_convention(self) -> None:
        self.set_convention(CONVENTIONS[(CONVENTIONS.index(self.convention) + 1) % len(CONVENTIONS)])

    def set_page(self, key: str) -> None:
        if key != self.page:
            self.page = key
            self.page_changed.emit(key)

    def set_theme(self, theme: Theme) -> None:
        if theme is not self.theme:
            self.theme = theme
            self.theme_changed.emit(theme)

    def with_secret(self, device: str, then: Callable[[], object]) -> None:
        """Do something with a device; where that needs a password that is not known yet, ask for it first."""
        if self.roster.wants_secret(device):
            self.secret_wanted.emit(device, then)
        else:
            then()

    def aside(
        self,
        do: Callable[[], Any],
        then: Callable[[Any], object] | None = None,
        failed: Callable[[BaseException], object] | None = None,
    ) -> None:
        """Do something with files or the keyring off the window's thread; `then` gets its value on it."""

        def work() -> None:
            try:
                value = do()
            except Exception as error:  # noqa: BLE001 - shown where it was asked for
                self._answered.emit(lambda error=error: (failed or self.problem.emit)(error))
            else:
                self._answered.emit(lambda: then(value) if then is not None else None)

        threading.Thread(target=work, daemon=True, name="aside").start()

    def ask(
        self,
        question: str,
        settings: Mapping[str, Any],
        then: Callable[[dict[str, Any]], None],
        failed: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Ask a worker something; `then` gets the answer on the window's thread."""
        if self.workbench is None:
            return

        def done(future: Future[dict[str, Any]]) -> None:
            error = None if future.cancelled() else future.exception()
            if future.cancelled():
                return
            if error is None:
                answer = future.result()
                self._answered.emit(lambda: then(answer))
            else:
                self._answered.emit(lambda: (failed or self.problem.emit)(error))

        self.workbench.ask(question, settings).add_done_callback(done)
