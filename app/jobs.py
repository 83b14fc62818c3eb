"""What a job is to those who watch it: where it runs, how it stands, and how its end is put into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from app.facts import JobKind
from profiler.errors import BadInput, Failed
from profiler.progress import Progress

State = Literal["waiting", "running", "stopping", "done", "failed", "cancelled"]
EVIDENCE_S = 5.0  # before this, how long is left would be a guess
LANES: Mapping[str, str] = {"profile": "measure", "compare": "measure"}
FUNCTIONS: Mapping[str, str] = {
    "open": "app.pipeline:open_network",
    "compress": "app.pipeline:compress",
    "evaluate": "app.pipeline:evaluate",
    "activity": "app.pipeline:activity",
    "pack": "app.pipeline:pack",
    "profile": "app.pipeline:profile",
    "compare": "app.pipeline:compare",
    "data": "app.pipeline:choose_data",
    "report": "app.report:write_job",
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

    @property
    def ended(self) -> bool:
        return self.state in ("done", "failed", "cancelled")


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
