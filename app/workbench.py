"""A study being worked on: its facts, its jobs, and what was just undone. Window and command line stand on it.

Knows no Qt. Listeners are called from whichever thread the news came on.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.facts import Fact, JobEnded, JobKind, JobReached, JobStarted, Outcome
from app.history import History
from app.jobs import EVIDENCE_S, FUNCTIONS, LANES, JobView, explained
from app.store import Store
from app.study import Candidate, JobRecord, Study, after
from app.workers import Cancelled, Task, Workers
from profiler.errors import BadInput, Failed
from profiler.measurement import ProfileSettings
from profiler.plain import to_json, to_plain
from profiler.progress import Progress


@dataclass(frozen=True)
class StudyChanged:
    workbench: Workbench
    study: Study
    fact: Fact
    view: None = None


@dataclass(frozen=True)
class JobChanged:
    workbench: Workbench
    view: JobView


Listener = Callable[[StudyChanged | JobChanged], None]


@dataclass
class _Entry:
    view: JobView
    settings: dict[str, Any]
    started: float = 0.0
    ended: threading.Event | None = None


class Workbench:
    """An open study with its workers. `close` it: an unfinished job is then shown as interrupted next time."""

    def __init__(self, folder: Path, workers: Workers | None = None) -> None:
        """Open or begin the study in `folder`. Raises BadInput when it cannot be opened."""
        self.store = Store(folder)
        self.folder = folder
        try:
            self.study = self.store.study()
        except BaseException:
            self.store.close()
            raise
        self._workers = workers or Workers()
        self._own_workers = workers is None
        self._lock = threading.RLock()
        self._listeners: list[Listener] = []
        self._entries: dict[str, _Entry] = {}
        self._history = History()
        self._closed = False

    # ------------------------------------------------------------------ listening

    def listen(self, callback: Listener) -> Callable[[], None]:
        """Call `callback` with every change from now on; the returned function ends it."""
        self._listeners.append(callback)

        def stop() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)

        return stop

    @property
    def jobs(self) -> tuple[JobView, ...]:
        """Running first, then waiting, then those that ended in this session, the newest first."""
        with self._lock:
            views = [entry.view for entry in self._entries.values()]
        now = [v for v in views if v.state in ("running", "stopping")]
        return (*now, *(v for v in views if v.state == "waiting"), *reversed([v for v in views if v.ended]))

    def interrupted(self) -> tuple[JobRecord, ...]:
        """Jobs that began and never ended, and that nobody runs now."""
        return tuple(
            record for job, record in self.study.jobs.items() if record.outcome is None and job not in self._entries
        )

    def record(self, *facts: Fact, undoable: bool = True) -> None:
        """Write facts, then let them be seen. Raises Failed when the disk is full: then nothing changed."""
        with self._lock:
            before = self.study
            self.store.record(*facts)
            for fact in facts:
                if undoable:
                    self._history.remember(before, fact)
                self.study = after(fact, self.study)
                before = self.study
            study = self.study
        for fact in facts:
            self._tell(StudyChanged(self, study, fact))

    def _tell(self, event: StudyChanged | JobChanged) -> None:
        for listener in list(self._listeners):
            listener(event)

    # ---------------------------------------------------------------------- undo

    @property
    def can_undo(self) -> str | None:
        """What undoing would take back, in words; None: nothing."""
        return self._history.can_undo

    @property
    def can_redo(self) -> str | None:
        return self._history.can_redo

    def undo(self) -> None:
        """Take back the last change of goal, name, hiding or pinning: a new fact, for none is erased."""
        fact = self._history.undo()
        if fact is not None:
            self.record(fact, undoable=False)

    def redo(self) -> None:
        fact = self._history.redo()
        if fact is not None:
            self.record(fact, undoable=False)

    # ---------------------------------------------------------------------- jobs

    def open_network(
        self,
        source: str,
        *,
        input_shapes: Mapping[str, Sequence[int]] | None = None,
        preprocess: str | None = None,
        architecture: str | None = None,
        profile_on: Sequence[str] = (),
    ) -> str:
        """Read a network (a path or `zoo:NAME`) into the study; measured on the named devices once it is there.

        `architecture`: the built-in network that a file of weights alone belongs to.
        """
        name = source.partition(":")[2] if source.lower().startswith("zoo:") else Path(source).name
        shapes = {key: list(shape) for key, shape in (input_shapes or {}).items()}
        settings = {
            "path": source, "input_shapes": shapes, "preprocess": preprocess, "architecture": architecture,
            "profile_on": list(profile_on),
        }  # fmt: skip
        return self._submit("open", None, f"Open {name}", settings)

    def compress(
        self,
        parent: str,
        steps: Sequence[Mapping[str, Any]],
        *,
        seed: int = 0,
        title: str = "",
        profile_on: Sequence[str] = (),
    ) -> str:
        """Run the enabled steps on a candidate; the result is a new candidate, evaluated and packed."""
        chosen = [dict(step) for step in steps]
        settings = {
            "parent": parent,
            "steps": chosen,
            "seed": seed,
            "title": title,
            "profile_on": list(profile_on),
        }
        return self._submit("compress", None, title or "Run the recipe", settings)

    def evaluate(self, letter: str, split: str = "test") -> str:
        return self._submit("evaluate", letter, "Measure accuracy", {"split": split})

    def activity(self, letter: str, split: str = "test", samples: int = 500) -> str:
        """Run images through the candidate and count what is not zero, layer by layer."""
        return self._submit("activity", letter, "Measure activity", {"split": split, "samples": samples})

    def pack(self, letter: str) -> str:
        return self._submit("pack", letter, "Pack", {})

    def profile(self, letter: str, device: str = "cpu", settings: ProfileSettings | None = None) -> str:
        how = to_plain(settings or ProfileSettings())
        return self._submit("profile", letter, "Profile", {"device": device, "settings": how})

    def compare(
        self,
        letters: Sequence[str],
        device: str = "cpu",
        settings: ProfileSettings | None = None,
        rounds: int = 20,
    ) -> str:
        how = to_plain(settings or ProfileSettings())
        title = "Compare " + " with ".join(letters)
        asked = {"letters": list(letters), "device": device, "settings": how, "rounds": rounds}
        return self._submit("compare", letters[-1], title, asked)

    def choose_data(self, data: str) -> str:
        """Use a data set from now on; candidates without an accuracy are then evaluated on it."""
        return self._submit("data", "", "Read the data set", {"data": data})

    def build_report(self, path: Path, parts: Sequence[str] | None = None) -> str:
        """Write the report to `path`, with CSV and JSON beside it."""
        asked = {"path": str(path), "parts": list(parts) if parts is not None else None}
        return self._submit("report", "", f"Write {path.name}", asked)

    def start_again(self, job: str) -> str:
        """Begin an interrupted, failed or cancelled job anew. Training goes on at its last checkpoint."""
        record = self.study.jobs[job]
        with self._lock:
            if record.outcome is None and job not in self._entries:
                self.record(JobEnded(job, "cancelled", "Interrupted, and started again."), undoable=False)
        letter = record.letter if record.kind not in ("compress", "open") else None
        return self._submit(record.kind, letter, record.title, dict(record.settings))

    def dismiss(self, job: str) -> None:
        """An interrupted job that is not wanted any more."""
        self.record(JobEnded(job, "cancelled", "Interrupted."), undoable=False)

    def cancel(self, job: str) -> None:
        """Stop a job: at once when it waits, within two seconds when it runs."""
        with self._lock:
            entry = self._entries.get(job)
            if entry is None or entry.view.ended or entry.view.state == "stopping":
                return
            if entry.view.state == "waiting":
                self._finish(entry, "cancelled")
                return
            self._update(entry, state="stopping")
        self._workers.cancel(job)

    def wait(self, job: str, timeout: float | None = None) -> JobView:
        """Block until a job has ended, and say how. For scripts: the window never waits. Raises TimeoutError."""
        entry = self._entries[job]
        assert entry.ended is not None
        if not entry.ended.wait(timeout):
            raise TimeoutError(job)
        return entry.view

    def ask(self, question: str, settings: Mapping[str, Any]) -> Future[dict[str, Any]]:
        """A question of `app.questions` for a worker. With `letter` among the settings, its source is filled in."""
        asked = dict(settings)
        asked["objects"] = str(self.store.objects)
        if "letter" in asked and asked["letter"] in self.study.candidates:
            candidate = self.study.candidates[asked["letter"]]
            asked.setdefault("source", candidate.source)
            layer = candidate.breakdown.layer(asked.get("layer", ""))
            if layer is not None:
                asked.setdefault("weight", layer.weight)
        return self._workers.ask(f"app.questions:{question}", asked)

    def save_copy(self, folder: Path) -> None:
        """A complete copy of the study in another folder."""
        self.store.save_copy(folder)

    def close(self) -> None:
        """Stop everything. Unfinished jobs stay without an end in the study, and so are shown as interrupted."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            running = [entry.view.job for entry in self._entries.values() if not entry.view.ended]
        if self._own_workers:
            self._workers.close()
        else:
            for job in running:
                self._workers.cancel(job, grace=0.2)
        self.store.close()

    # ------------------------------------------------------------------ the queue

    def _submit(self, kind: JobKind, letter: str | None, title: str, settings: dict[str, Any]) -> str:
        with self._lock:
            if letter is None:
                letter = self.study.next_letter
            job = uuid.uuid4().hex[:12]
            view = JobView(job, kind, letter, title, "waiting")
            entry = _Entry(view, settings, ended=threading.Event())
            self._entries[job] = entry
            try:
                self.record(JobStarted(job, kind, letter, title, settings), undoable=False)
            except Failed:
                del self._entries[job]
                raise
        self._tell(JobChanged(self, view))
        self._start_next()
        return job

    def _start_next(self) -> None:
        """One heavy job at a time: nothing of ours may run while this computer is measured."""
        with self._lock:
            views = [entry.view for entry in self._entries.values()]
            if self._closed or any(view.state in ("running", "stopping") for view in views):
                return
            waiting = next((e for e in self._entries.values() if e.view.state == "waiting"), None)
            if waiting is None:
                return
            waiting.started = time.monotonic()
            self._update(waiting, state="running")
        self._start(waiting)

    def _start(self, entry: _Entry) -> None:
        try:
            settings = self._completed(entry)
        except (BadInput, Failed) as error:
            self._finish(entry, "failed", error=error)
            return
        task = Task(
            entry.view.job,
            on_progress=lambda progress: self._heard(entry, progress),
            on_fact=lambda fact: self.record(fact, undoable=False),
            on_end=lambda value, error: self._ended(entry, value, error),
        )
        self._workers.start(LANES.get(entry.view.kind, "work"), task, FUNCTIONS[entry.view.kind], settings)

    def _completed(self, entry: _Entry) -> dict[str, Any]:
        """The settings a worker needs, from what the study knows now."""
        kind, asked = entry.view.kind, entry.settings
        settings: dict[str, Any] = {
            **asked, "letter": entry.view.letter, "objects": str(self.store.objects), "folder": str(self.folder)
        }  # fmt: skip
        if self.study.data is not None:
            settings.setdefault("data", self.study.data.data)
        if kind == "compress":
            parent = self._candidate(asked["parent"])
            steps = [step for step in asked["steps"] if step.get("enabled", True)]
            settings |= {"source": parent.source, "steps": steps, "input_recipe": to_plain(parent.input_recipe)}
            settings["file_name"] = f"{Path(self.study_file_stem()).stem}-{entry.view.letter}.onnx"
            settings["checkpoints"] = str(self._checkpoints(settings))
        elif kind == "compare":
            chosen = [self._candidate(letter) for letter in asked["letters"]]
            settings["networks"] = [{"letter": c.letter, "source": c.source} for c in chosen]
        elif kind in ("evaluate", "activity", "pack", "profile"):
            candidate = self._candidate(entry.view.letter)
            settings |= {"source": candidate.source, "input_recipe": to_plain(candidate.input_recipe)}
            settings["name"] = candidate.breakdown.network
        return settings

    def study_file_stem(self) -> str:
        baseline = self.study.baseline
        return baseline.file_name if baseline is not None else "network"

    def _candidate(self, letter: str) -> Candidate:
        if letter not in self.study.candidates:
            known = ", ".join(self.study.candidates) or "none yet"
            raise BadInput(f"There is no candidate {letter} in this study.", fix=f"There are: {known}.")
        return self.study.candidates[letter]

    def _checkpoints(self, settings: Mapping[str, Any]) -> Path:
        """The same work finds the same checkpoints, whichever job does it."""
        same = {key: settings.get(key) for key in ("source", "steps", "seed", "data")}
        return self.folder / "checkpoints" / hashlib.sha256(to_json(same)).hexdigest()[:16]

    def _heard(self, entry: _Entry, progress: Progress) -> None:
        with self._lock:
            if entry.view.ended:
                return
            elapsed = time.monotonic() - entry.started
            left = None
            if elapsed >= EVIDENCE_S and progress.fraction > 0.02:
                left = elapsed * (1 - progress.fraction) / progress.fraction
            changes: dict[str, Any] = {"progress": progress, "seconds_left": left}
            log = entry.view.log
            if progress.text and (not log or log[-1] != progress.text):
                changes["log"] = (*log[-499:], progress.text)
            if "validation" in progress.figures:  # an epoch has ended; until then its figures still move
                number = len(entry.view.history) + 1  # counted on through rounds and steps
                changes["history"] = (*entry.view.history, {**progress.figures, "epoch": number})
            self._update(entry, **changes)
        if "validation" in progress.figures:
            self.record(JobReached(entry.view.job, progress.text), undoable=False)

    def _ended(self, entry: _Entry, value: dict[str, Any] | None, error: BaseException | None) -> None:
        if error is None:
            self._finish(entry, "done", message=str((value or {}).get("message", "")))
            if entry.view.kind == "compress":
                shutil.rmtree(self._checkpoints(self._completed(entry)), ignore_errors=True)
            self._follow_up(entry)
        elif isinstance(error, Cancelled):
            self._finish(entry, "cancelled")
        else:
            self._finish(entry, "failed", error=error)
        self._start_next()

    def _follow_up(self, entry: _Entry) -> None:
        """What naturally comes next: a new candidate is measured; a new data set gives each candidate its accuracy."""
        for device in entry.settings.get("profile_on", ()):
            self.profile(entry.view.letter, device)
        if entry.view.kind == "data":
            for candidate in self.study.shown():
                if candidate.digest is not None:
                    self.evaluate(candidate.letter)

    def _finish(
        self, entry: _Entry, outcome: Outcome, *, message: str = "", error: BaseException | None = None
    ) -> None:
        reached = entry.view.progress.text if entry.view.progress else ""
        what, fix, evidence, status = explained(error)
        ended = JobEnded(entry.view.job, outcome, message or " ".join(w for w in (what, fix) if w), evidence, reached)
        with contextlib.suppress(Failed):  # a full disk takes this note too; the job is then shown as interrupted
            self.record(ended, undoable=False)
        with self._lock:
            self._update(
                entry, state=outcome, error=what, fix=fix, evidence=evidence, message=message,
                seconds_left=None, exit_status=130 if outcome == "cancelled" else status,
            )  # fmt: skip
        if entry.ended is not None:
            entry.ended.set()

    def _update(self, entry: _Entry, **changes: Any) -> None:
        entry.view = replace(entry.view, **changes)
        self._tell(JobChanged(self, entry.view))
