"""Opening studies in the background: the demo at first start, later the last one; new ones, copies, recent ones."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
from PySide6.QtCore import QObject, Qt, Signal

from app.facts import StudyNamed
from app.ui import remember
from app.ui.desk import Desk

if TYPE_CHECKING:
    from app.workbench import Workbench
    from app.workers import Workers

DEMO, DEMO_NAME, DEMO_NETWORK, DEMO_DATA = "demo", "Demo: LeNet-5", "zoo:LeNet-5-digits", "digits"


def studies_folder() -> Path:
    return Path(platformdirs.user_data_dir("netbonsai", appauthor=False)) / "studies"


class Studies(QObject):
    """`opened` and `failed` are sent on the window's thread."""

    opened = Signal(object)
    failed = Signal(object)
    _ready = Signal(object)

    def __init__(self, desk: Desk, folder: Path | None = None) -> None:
        super().__init__()
        self.desk, self.folder = desk, folder or studies_folder()
        self._workers: Workers | None = None
        self._ready.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def _run(self, call: Callable[[], None]) -> None:
        call()

    def begin(self) -> None:
        """The last study, else the demo."""
        last = remember.recent()
        self.open(last[0] if last else self.folder / DEMO)

    def open(self, folder: Path, then: Callable[[Workbench], None] | None = None) -> None:
        """Open or begin the study in a folder; `then` is called once it is shown."""
        threading.Thread(target=self._open, args=(folder, then), daemon=True, name="open study").start()

    def _open(self, folder: Path, then: Callable[[Workbench], None] | None) -> None:
        """On a thread of its own: the import alone would hold the window up."""
        try:
            from app.workbench import Workbench
            from app.workers import Workers

            if self._workers is None:
                self._workers = Workers()
                for lane in ("look", "work"):  # to start a process takes a moment: here, not on the window's thread
                    self._workers.lanes[lane].submit(int)
            workbench = Workbench(folder, self._workers)
        except Exception as error:  # noqa: BLE001 - shown as a card, with its evidence
            self._ready.emit(lambda error=error: self.failed.emit(error))
            return
        self._ready.emit(lambda: self._attach(workbench, then))

    def _attach(self, workbench: Workbench, then: Callable[[Workbench], None] | None) -> None:
        before = self.desk.workbench
        self._keep_selection()
        self.desk.attach(workbench)
        remember.keep_recent(workbench.folder)
        self._restore_selection(workbench)
        if before is not None:
            threading.Thread(target=before.close, daemon=True, name="close study").start()
        if workbench.folder.name == DEMO and not workbench.study.candidates and not workbench.study.jobs:
            begin_demo(workbench)
        if then is not None:
            then(workbench)
        self.opened.emit(workbench)

    # ---- the study's menu

    def new(self, name: str, then: Callable[[Workbench], None] | None = None) -> None:
        """Begin a study of this name in a folder of its own."""

        def named(workbench: Workbench) -> None:
            workbench.record(StudyNamed(name), undoable=False)
            if then is not None:
                then(workbench)

        self.open(free_folder(self.folder, name), named)

    def new_with(self, source: str, name: str = "") -> None:
        """A new study of one network, measured on this computer."""
        stem = name or (source.partition(":")[2] if source.startswith("zoo:") else Path(source).stem)
        data = DEMO_DATA if source == DEMO_NETWORK else None
        self.new(stem, lambda workbench: open_in(workbench, source, data))

    def save_copy(self, folder: Path) -> None:
        if self.desk.workbench is not None:
            try:
                self.desk.workbench.save_copy(folder)
            except Exception as error:  # noqa: BLE001 - shown as a card
                self.desk.problem.emit(error)

    def close(self) -> None:
        """The window is going: keep the selection, stop everything."""
        self._keep_selection()
        self.desk.detach()
        if self.desk.workbench is not None:
            self.desk.workbench.close()
        if self._workers is not None:
            self._workers.close()

    # ---- selection

    def _keep_selection(self) -> None:
        desk = self.desk
        if desk.workbench is not None:
            chosen = {"candidate": desk.candidate, "layer": desk.layer, "device": desk.device}
            remember.keep_selection(desk.workbench.folder, {**chosen, "convention": desk.convention})

    def _restore_selection(self, workbench: Workbench) -> None:
        kept = remember.selection(workbench.folder)
        self.desk.select_candidate(kept.get("candidate", ""))
        candidate = self.desk.study.candidates.get(self.desk.candidate)
        if candidate is not None and candidate.breakdown.layer(kept.get("layer", "")) is not None:
            self.desk.select_layer(kept["layer"])
        match kept.get("convention"):
            case "macs" | "ops" | "flops" as convention:
                self.desk.set_convention(convention)


def begin_demo(workbench: Workbench) -> None:
    """LeNet-5 on digits, counted first, then measured."""
    workbench.record(StudyNamed(DEMO_NAME), undoable=False)
    open_in(workbench, DEMO_NETWORK, DEMO_DATA)


def open_in(workbench: Workbench, source: str, data: str | None = None, **how) -> None:
    """Read a network into a study and time it here. Its layers are shown before its data set is read."""
    workbench.open_network(source, profile_on=["cpu"], **how)
    if data is not None:
        workbench.choose_data(data)


def free_folder(parent: Path, name: str) -> Path:
    """`AlexNet`, `AlexNet-2`, …: the first that is not there."""
    stem = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "study"
    folder, number = parent / stem, 2
    while folder.exists():
        folder, number = parent / f"{stem}-{number}", number + 1
    return folder
