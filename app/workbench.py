"""A study being worked on: its facts, its jobs, and what was just undone. Window and command line stand on it.

Knows no Qt. Listeners are called from whichever thread the news came on.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app import job_settings
from app.facts import Fact, JobEnded
from app.history import History
from app.job_queue import JobQueue
from app.jobs import HERE, JobView, measuring_lane
from app.store import Store
from app.streams import Streams
from app.study import JobRecord, Study, after
from app.vault import Vault
from app.workers import Workers
from profiler.errors import BadInput, Failed
from profiler.measurement import ProfileSettings
from profiler.plain import to_plain
from profiler.progress import Progress

if TYPE_CHECKING:
    from devices.address_book import Address
    from devices.ssh import Found


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


class Workbench:
    """An open study with its workers. `close` it: an unfinished job is then shown as interrupted next time."""

    def __init__(self, folder: Path, workers: Workers | None = None, secrets: Vault | None = None) -> None:
        """Open or begin the study in `folder`. Raises BadInput when it cannot be opened.

        `secrets`: what was typed to reach boards, to be shared by the studies that a program opens.
        """
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
        self._history = History()
        self.secrets = secrets or Vault()
        self._streams = Streams(self._workers, lambda device: job_settings.reaching(device, self.secrets))
        self._queue = JobQueue(self, self._workers, self._lock)
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
        return self._queue.views

    def interrupted(self) -> tuple[JobRecord, ...]:
        """Jobs that began and never ended, and that nobody runs now."""
        return tuple(
            record for job, record in self.study.jobs.items() if record.outcome is None and not self._queue.knows(job)
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
        return self._queue.submit("open", None, f"Open {name}", settings)

    def compress(
        self,
        parent: str,
        steps: Sequence[Mapping[str, Any]],
        *,
        seed: int = 0,
        title: str = "",
        profile_on: Sequence[str] = (),
        device: str = "",
    ) -> str:
        """Run the enabled steps on a candidate; the result is a new candidate, evaluated and packed.

        Steps that measure do so on `device`, else on the first of `profile_on`, else here.
        """
        chosen = [dict(step) for step in steps]
        settings = {
            "parent": parent,
            "steps": chosen,
            "seed": seed,
            "title": title,
            "profile_on": list(profile_on),
            **({"device": device} if device else {}),
        }
        return self._queue.submit("compress", None, title or "Run the recipe", settings)

    def evaluate(self, letter: str, split: str = "test") -> str:
        return self._queue.submit("evaluate", letter, "Measure accuracy", {"split": split})

    def activity(self, letter: str, split: str = "test", samples: int = 500) -> str:
        """Run images through the candidate and count what is not zero, layer by layer."""
        return self._queue.submit("activity", letter, "Measure activity", {"split": split, "samples": samples})

    def pack(self, letter: str) -> str:
        return self._queue.submit("pack", letter, "Pack", {})

    def profile(self, letter: str, device: str = "cpu", settings: ProfileSettings | None = None) -> str:
        how = to_plain(settings or ProfileSettings())
        return self._queue.submit("profile", letter, "Profile", {"device": device, "settings": how})

    def profile_on(self, letter: str, devices: Sequence[str], settings: ProfileSettings | None = None) -> list[str]:
        """Profile on several devices: one job each, at once where they are different boards."""
        return [self.profile(letter, device, settings) for device in dict.fromkeys(devices)]

    def sweep(
        self,
        letter: str,
        device: str,
        settings: ProfileSettings,
        batches: Sequence[int],
        threads: Sequence[int],
    ) -> str:
        """Latency and throughput at each batch size with each number of threads."""
        asked = {
            "device": device, "settings": to_plain(settings), "batches": list(batches), "threads": list(threads),
        }  # fmt: skip
        return self._queue.submit("sweep", letter, "Sweep", asked)

    def import_profile(self, letter: str, path: Path | Sequence[Path], device: str) -> str:
        """Take what another tool measured as a profile of `device`, marked as imported. Several files may belong
        together: what `trtexec` says of the times and of the layers."""
        paths = [path] if isinstance(path, Path) else list(path)
        asked = {"device": device, "paths": [str(each.expanduser().resolve()) for each in paths]}
        return self._queue.submit("import", letter, f"Import {paths[0].name}", asked)

    def meter(self, letter: str, device: str, csv: Path, offset_s: float | None = None) -> str:
        """Lay an external meter's CSV beside the newest profile on `device`. `offset_s` is added to the file's own
        seconds to give the profile's; None: found by the marker."""
        asked = {"device": device, "path": str(csv.expanduser().resolve()), "offset_s": offset_s}
        return self._queue.submit("meter", letter, f"Read {csv.name}", asked)

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
        return self._queue.submit("compare", letters[-1], title, asked)

    def choose_data(self, data: str) -> str:
        """Use a data set from now on; candidates without an accuracy are then evaluated on it."""
        return self._queue.submit("data", "", "Read the data set", {"data": data})

    def build_report(self, path: Path, parts: Sequence[str] | None = None) -> str:
        """Write the report to `path`, with CSV and JSON beside it."""
        asked = {"path": str(path), "parts": list(parts) if parts is not None else None}
        return self._queue.submit("report", "", f"Write {path.name}", asked)

    def start_again(self, job: str) -> str:
        """Begin an interrupted, failed or cancelled job anew. Training goes on at its last checkpoint."""
        record = self.study.jobs[job]
        with self._lock:
            if record.outcome is None and not self._queue.knows(job):
                self.record(JobEnded(job, "cancelled", "Interrupted, and started again."), undoable=False)
        letter = record.letter if record.kind not in ("compress", "open") else None
        return self._queue.submit(record.kind, letter, record.title, dict(record.settings))

    def dismiss(self, job: str) -> None:
        """An interrupted job that is not wanted any more."""
        self.record(JobEnded(job, "cancelled", "Interrupted."), undoable=False)

    def cancel(self, job: str) -> None:
        """Stop a job: at once when it waits, within two seconds when it runs."""
        self._queue.cancel(job)

    def wait(self, job: str, timeout: float | None = None) -> JobView:
        """Block until a job has ended, and say how. For scripts: the window never waits. Raises TimeoutError."""
        return self._queue.wait(job, timeout)

    def ask(self, question: str, settings: Mapping[str, Any]) -> Future[dict[str, Any]]:
        """A question of `app.questions` for a worker. With `letter` among the settings, its source is filled in."""
        asked = dict(settings)
        asked["objects"] = str(self.store.objects)
        if "device" in asked and "letter" in asked:
            asked.setdefault("profile", job_settings.profile_of(self.study, asked["letter"], asked["device"]))
        if "letter" in asked and asked["letter"] in self.study.candidates:
            candidate = self.study.candidates[asked["letter"]]
            asked.setdefault("source", candidate.source)
            layer = candidate.breakdown.layer(asked.get("layer", ""))
            if layer is not None:
                asked.setdefault("weight", layer.weight)
        return self._workers.ask(f"app.questions:{question}", asked)

    # ------------------------------------------------------------------ devices, unrecorded

    def warm(self, device: str) -> None:
        """Load what measuring on a device needs, while its job is still being made. Contacts nobody."""
        self._workers.prepare(measuring_lane(device), "app.boards:warm")

    def watch(
        self,
        device: str,
        on_figures: Callable[[Mapping[str, float]], None],
        on_end: Callable[[BaseException | None], None],
    ) -> Callable[[], None]:
        """Follow a device's figures (power_w, rail:NAME, the keys of BoardTrace) until the returned function is called.

        It gives way while that device, or this computer, is measured, and goes on by itself: a job's own progress has
        the same figures. `on_end` is called when the device goes away. Callbacks come from other threads.
        """
        return self._streams.watch(device, on_figures, on_end)

    def probe(
        self,
        address: Address,
        secret: str | None,
        on_progress: Callable[[Progress], None],
        on_end: Callable[[Found | None, BaseException | None], None],
    ) -> Callable[[], None]:
        """Reach for a board step by step, without recording anything. Callbacks come from other threads.

        Ends with what was found, or with an error (`devices.ssh`: UnknownHost, ChangedHost, LoginRefused). The
        returned function gives up.
        """
        from app.boards import found_from

        def ended(value: dict[str, Any] | None, error: BaseException | None) -> None:
            on_end(None if value is None else found_from(value), error)

        asked = {"address": to_plain(address), "secret": secret}
        return self._streams.probe(asked, on_progress, ended)

    def save_copy(self, folder: Path) -> None:
        """A complete copy of the study in another folder."""
        self.store.save_copy(folder)

    def close(self) -> None:
        """Stop everything. Unfinished jobs stay without an end in the study, and so are shown as interrupted."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            running = self._queue.close()
        self._streams.close()
        if self._own_workers:
            self._workers.close()
        else:
            for job in running:
                self._workers.cancel(job, grace=0.2)
        self.store.close()

    # ------------------------------------------------------------------ what the queue needs

    def tell_job(self, view: JobView) -> None:
        self._streams.heed(view)
        self._tell(JobChanged(self, view))

    def completed(self, view: JobView, asked: Mapping[str, Any]) -> dict[str, Any]:
        settings = job_settings.completed(view, asked, self.study, self.folder, self.store.objects)
        device = view.device or settings.get("device", "")
        return settings | (job_settings.reaching(device, self.secrets) if device else {})

    def redacted(self, text: str) -> str:
        return self.secrets.redacted(text)

    def _remember(self, view: JobView) -> None:
        """What a board said of itself while it measured, for when it is not connected."""
        from app.boards import see

        facts = job_settings.device_facts(self.study, view)
        if facts is not None:
            with contextlib.suppress(BadInput, Failed):  # the address book has gone or the disk is full: no harm here
                see(facts)

    def follow_up(self, view: JobView, asked: Mapping[str, Any]) -> None:
        """What naturally comes next: a new candidate is measured; a new data set gives each candidate its accuracy."""
        if view.device not in ("", HERE):
            self._remember(view)
        if view.kind == "compress":
            shutil.rmtree(self.completed(view, asked)["checkpoints"], ignore_errors=True)
        for device in asked.get("profile_on", ()):
            self.profile(view.letter, device)
        if view.kind == "data":
            for candidate in self.study.shown():
                if candidate.digest is not None:
                    self.evaluate(candidate.letter)
