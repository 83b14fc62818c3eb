"""What a job is to those who watch it: where it runs, how it stands, and how its end is put into words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.facts import JobKind
from profiler.errors import BadInput, Failed
from profiler.progress import Progress

State = Literal["waiting", "running", "stopping", "done", "failed", "cancelled"]
EVIDENCE_S = 5.0  # before this, how long is left would be a guess
HERE = "cpu"  # what this computer is called among the devices
MEASURING = ("profile", "compare", "sweep")
READING = ("import", "meter")
FUNCTIONS: Mapping[str, str] = {
    "open": "app.pipeline:open_network",
    "compress": "app.pipeline:compress",
    "evaluate": "app.pipeline:evaluate",
    "activity": "app.pipeline:activity",
    "pack": "app.pipeline:pack",
    "profile": "app.measuring:profile",
    "compare": "app.measuring:compare",
    "data": "app.pipeline:choose_data",
    "report": "app.report:write_job",
    "sweep": "app.measuring:sweep",
    "import": "app.measuring:import_profile",
    "meter": "app.measuring:meter",
}


@dataclass(frozen=True)
class JobView:
    """A job of this session as it stands. `history` has one row of figures an epoch, for live plots."""

    job: str
    kind: JobKind
    letter: str
    title: str
    state: State
    progress: Progress | None = None
    seconds_left: float | None = None
    error: str = ""
    fix: str = ""
    evidence: str = ""
    message: str = ""
    log: tuple[str, ...] = ()
    history: tuple[Mapping[str, float], ...] = ()
    exit_status: int = 0
    device: str = ""  # where it measures; "" it does not
    cause: BaseException | None = (
        None  # what it failed with, for those who can mend it: an unknown key, a login refused
    )

    @property
    def ended(self) -> bool:
        return self.state in ("done", "failed", "cancelled")


def device_of(kind: JobKind, settings: Mapping[str, Any]) -> str:
    """The device on which a job measures; "" when it measures nothing."""
    return str(settings.get("device", HERE)) if kind in MEASURING else ""


def lane_of(view: JobView) -> str:
    """The worker that runs a job: one for each board, one for measurements here, one for reading what others measured,
    which need not wait for a training, and one for all other work."""
    if view.device:
        return measuring_lane(view.device)
    return "read" if view.kind in READING else "work"


def measuring_lane(device: str) -> str:
    return "measure" if device == HERE else f"board {device}"


def may_start(views: Sequence[JobView]) -> list[str]:
    """Of the waiting jobs, in the order they were asked for, those whose turn it is.

    Each board has a queue of its own, and so has the work that is done here: they run side by side. A measurement of
    this computer runs alone: it waits for everything that runs, and whatever was asked for after it waits for it.
    """
    taken = {lane_of(view) for view in views if view.state in ("running", "stopping")}
    found: list[str] = []
    for view in views:
        if measuring_lane(HERE) in taken:
            break
        if view.state != "waiting":
            continue
        lane = lane_of(view)
        if view.device == HERE and taken:
            break
        if lane not in taken:
            taken.add(lane)
            found.append(view.job)
    return found


def explained(error: BaseException | None) -> tuple[str, str, str, int]:
    """What happened, what to try, the evidence, and the command line's exit status."""
    if error is None:
        return "", "", "", 0
    if isinstance(error, BadInput):
        return " ".join(w for w in (error.what, error.where) if w), error.fix, "", 2
    if isinstance(error, Failed):
        return error.what, error.fix, error.evidence, 1
    cause = getattr(error, "__cause__", None)
    said = f"{type(error).__name__}: {error}"
    return f"NetBonsai made a mistake: {said}", "Copy the details into a report of it.", str(cause or said), 1
