"""A study: one network, everything made from it, and everything measured. Replayed from its facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import singledispatch
from typing import Any

from app.facts import (
    ActivityMeasured,
    BatteryChosen,
    CandidateBorn,
    Compared,
    DataChosen,
    Evaluated,
    Fact,
    Goal,
    GoalSet,
    Hidden,
    JobEnded,
    JobKind,
    JobReached,
    JobStarted,
    Outcome,
    Packed,
    Pinned,
    Profiled,
    Renamed,
    Stored,
    StudyNamed,
    Swept,
)
from profiler.breakdown import Breakdown
from profiler.input_recipe import InputRecipe
from profiler.measurement import Comparison, Profile


@dataclass(frozen=True)
class Candidate:
    """One version of the network, and what is known of it. None: not measured."""

    letter: str
    parent: str | None
    title: str
    source: str
    file_name: str
    breakdown: Breakdown
    recipe: tuple[Mapping[str, Any], ...]
    seed: int
    input_recipe: InputRecipe | None
    training: tuple[Mapping[str, float], ...]
    took_s: float | None
    digest: str | None = None
    file_bytes: int | None = None
    nonzero_params: int | None = None
    layer_nonzero: Mapping[str, int] = field(default_factory=dict[str, int])
    evaluation: Evaluated | None = None
    activity: ActivityMeasured | None = None
    packed: Packed | None = None
    profiles: Mapping[str, Profile] = field(default_factory=dict[str, Profile])  # device -> the one that counts
    history: tuple[Profile, ...] = ()  # all of them, oldest first, from every device
    hidden: bool = False
    pinned: bool = False


@dataclass(frozen=True)
class JobRecord:
    """A job as the study knows it. `outcome` None: still running, or interrupted when no one runs it."""

    job: str
    kind: JobKind
    letter: str
    title: str
    settings: Mapping[str, Any]
    outcome: Outcome | None = None
    message: str = ""
    evidence: str = ""
    reached: str = ""


@dataclass(frozen=True)
class Study:
    """Everything recorded so far. A new value for each fact; nothing in it changes."""

    name: str = "Study"
    data: DataChosen | None = None
    candidates: Mapping[str, Candidate] = field(default_factory=dict[str, Candidate])  # by letter, in order of birth
    comparisons: tuple[Compared, ...] = ()
    sweeps: tuple[Swept, ...] = ()  # oldest first
    battery: BatteryChosen | None = None
    goal: Goal | None = None
    jobs: Mapping[str, JobRecord] = field(default_factory=dict[str, JobRecord])
    letters_used: int = 0

    @property
    def baseline(self) -> Candidate | None:
        return next(iter(self.candidates.values()), None)

    def candidate(self, letter: str) -> Candidate:
        return self.candidates[letter]

    def shown(self) -> tuple[Candidate, ...]:
        """The candidates that are not hidden."""
        return tuple(c for c in self.candidates.values() if not c.hidden)

    def lineage(self, letter: str) -> tuple[str, ...]:
        """A › D › E: the letters from the baseline to this one."""
        line: list[str] = []
        at: str | None = letter
        while at is not None and at in self.candidates and at not in line:
            line.append(at)
            at = self.candidates[at].parent
        return tuple(reversed(line))

    def comparison(self, a: str, b: str, device: str) -> Comparison | None:
        """The newest interleaved comparison of just these two on a device."""
        for fact in reversed(self.comparisons):
            if set(fact.letters) >= {a, b} and fact.device == device:
                return fact.comparison
        return None

    @property
    def next_letter(self) -> str:
        return letter_of(self.letters_used)


def letter_of(index: int) -> str:
    """0 is A, 25 is Z, 26 is AA: never reused."""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def index_of(letter: str) -> int:
    """The inverse of `letter_of`."""
    value = 0
    for sign in letter:
        value = value * 26 + ord(sign) - ord("A") + 1
    return value - 1


def replay(facts: Iterable[Fact]) -> Study:
    study = Study()
    for fact in facts:
        study = after(fact, study)
    return study


@singledispatch
def after(fact: Any, study: Study) -> Study:  # noqa: ARG001 - the kinds below use it
    """The study once `fact` is known."""
    raise TypeError(f"Not a fact: {fact!r}")


def _change(study: Study, letter: str, **changes: Any) -> Study:
    if letter not in study.candidates:
        return study
    changed = replace(study.candidates[letter], **changes)
    return replace(study, candidates={**study.candidates, letter: changed})


@after.register
def _(fact: StudyNamed, study: Study) -> Study:
    return replace(study, name=fact.name)


@after.register
def _(fact: DataChosen, study: Study) -> Study:
    return replace(study, data=fact if fact.data is not None else None)


@after.register
def _(fact: CandidateBorn, study: Study) -> Study:
    made = Candidate(
        letter=fact.letter,
        parent=fact.parent,
        title=fact.title,
        source=fact.source,
        file_name=fact.file_name,
        breakdown=fact.breakdown,
        recipe=fact.recipe,
        seed=fact.seed,
        input_recipe=fact.input_recipe,
        training=fact.training,
        took_s=fact.took_s,
        nonzero_params=fact.nonzero_params,
        layer_nonzero=fact.layer_nonzero,
    )
    used = max(study.letters_used, index_of(fact.letter) + 1)
    return replace(study, candidates={**study.candidates, fact.letter: made}, letters_used=used)


@after.register
def _(fact: Stored, study: Study) -> Study:
    known: dict[str, Any] = {
        "source": f"object:{fact.digest}",
        "digest": fact.digest,
        "file_bytes": fact.file_bytes,
    }
    if fact.nonzero_params is not None:
        known |= {"nonzero_params": fact.nonzero_params, "layer_nonzero": fact.layer_nonzero}
    return _change(study, fact.letter, **known)


@after.register
def _(fact: Evaluated, study: Study) -> Study:
    return _change(study, fact.letter, evaluation=fact)


@after.register
def _(fact: ActivityMeasured, study: Study) -> Study:
    return _change(study, fact.letter, activity=fact)


@after.register
def _(fact: Packed, study: Study) -> Study:
    return _change(study, fact.letter, packed=fact)


@after.register
def _(fact: Profiled, study: Study) -> Study:
    if fact.letter not in study.candidates:
        return study
    profile = replace(fact.profile, device=replace(fact.profile.device, name=fact.device))
    known = study.candidates[fact.letter]
    history = (*(past for past in known.history if not _same_run(past, profile)), profile)
    ran_there = [past for past in history if past.device.name == fact.device]
    return _change(study, fact.letter, profiles={**known.profiles, fact.device: _counts(ran_there)}, history=history)


def _same_run(past: Profile, profile: Profile) -> bool:
    """Whether `profile` is what was already known, and more: an external meter's readings were laid beside it."""
    return all(
        getattr(past, name) == getattr(profile, name)
        for name in ("device", "at", "latencies_ms", "layers", "settings", "imported")
    )


def _counts(profiles: Sequence[Profile]) -> Profile:
    """Of one device's profiles, oldest first, the newest that was measured here whole, else in part, else imported."""
    whole = [profile for profile in profiles if not profile.imported and profile.complete]
    measured = [profile for profile in profiles if not profile.imported]
    return (whole or measured or profiles)[-1]


@after.register
def _(fact: Swept, study: Study) -> Study:
    return replace(study, sweeps=(*study.sweeps, fact))


@after.register
def _(fact: BatteryChosen, study: Study) -> Study:
    return replace(study, battery=fact if fact.watt_hours is not None else None)


@after.register
def _(fact: Compared, study: Study) -> Study:
    return replace(study, comparisons=(*study.comparisons, fact))


@after.register
def _(fact: GoalSet, study: Study) -> Study:
    return replace(study, goal=fact.goal)


@after.register
def _(fact: Renamed, study: Study) -> Study:
    return _change(study, fact.letter, title=fact.title)


@after.register
def _(fact: Hidden, study: Study) -> Study:
    return _change(study, fact.letter, hidden=fact.hidden)


@after.register
def _(fact: Pinned, study: Study) -> Study:
    return _change(study, fact.letter, pinned=fact.pinned)


@after.register
def _(fact: JobStarted, study: Study) -> Study:
    record = JobRecord(fact.job, fact.kind, fact.letter, fact.title, fact.settings)
    used = study.letters_used
    if fact.kind in ("open", "compress"):  # the letter is taken at birth of the job, and never reused
        used = max(used, index_of(fact.letter) + 1)
    return replace(study, jobs={**study.jobs, fact.job: record}, letters_used=used)


@after.register
def _(fact: JobReached, study: Study) -> Study:
    if fact.job not in study.jobs:
        return study
    return replace(study, jobs={**study.jobs, fact.job: replace(study.jobs[fact.job], reached=fact.reached)})


@after.register
def _(fact: JobEnded, study: Study) -> Study:
    if fact.job not in study.jobs:
        return study
    ended = replace(
        study.jobs[fact.job],
        outcome=fact.outcome,
        message=fact.message,
        evidence=fact.evidence,
        reached=fact.reached,
    )
    return replace(study, jobs={**study.jobs, fact.job: ended})
