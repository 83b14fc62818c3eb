"""The facts a study is made of. Each is recorded before it is shown, and none is ever erased."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from profiler.activity import Activity
from profiler.breakdown import Breakdown
from profiler.input_recipe import InputRecipe
from profiler.measurement import Comparison, Profile
from profiler.sweep import Sweep

JobKind = Literal[
    "open", "data", "compress", "evaluate", "activity", "pack", "profile", "compare", "report", "sweep", "import",
    "meter",
]  # fmt: skip
Outcome = Literal["done", "failed", "cancelled"]


@dataclass(frozen=True)
class StudyNamed:
    name: str


@dataclass(frozen=True)
class DataChosen:
    """What DATA names: `digits`, a folder, a zip, an `.npz`. None: no data set."""

    data: str | None
    title: str = ""
    classes: tuple[str, ...] = ()
    samples: Mapping[str, int] = field(default_factory=dict[str, int])  # split -> images


@dataclass(frozen=True)
class CandidateBorn:
    """A network in the study. `source` is `zoo:NAME`, `file:PATH` or `object:DIGEST` (once stored, see `Stored`)."""

    letter: str
    parent: str | None
    title: str
    source: str
    file_name: str
    breakdown: Breakdown
    nonzero_params: int | None  # None: not counted yet
    recipe: tuple[Mapping[str, Any], ...] = ()  # the steps as in the recipe file
    seed: int = 0
    input_recipe: InputRecipe | None = None
    layer_nonzero: Mapping[str, int] = field(default_factory=dict[str, int])  # layer -> weights that are not zero
    training: tuple[Mapping[str, float], ...] = ()  # a row an epoch: step, epoch, loss, accuracy, validation
    took_s: float | None = None


@dataclass(frozen=True)
class Stored:
    """The candidate's network lies in the study's objects under its digest."""

    letter: str
    digest: str
    file_bytes: int
    nonzero_params: int | None = None
    layer_nonzero: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True)
class Evaluated:
    """Accuracy (0 to 1) of the file. `right` is the digest of a bitmap, one bit a sample: two can be compared."""

    letter: str
    data: str
    split: str
    accuracy: float
    top5: float | None
    correct: int
    samples: int
    right: str | None = None


@dataclass(frozen=True)
class ActivityMeasured:
    """Shares of what is not zero, on images spread over a split. Only a look: nothing is chosen by it."""

    letter: str
    data: str
    split: str
    activity: Activity


@dataclass(frozen=True)
class PackedLayer:
    """One tensor in the packed file; bytes. `index` (saying where the values are) and `codebook` (the list of shared
    values) are part of `packed`. None: not told, by a study from before it was counted."""

    name: str
    layer: str
    original: int
    packed: int
    index: int
    form: str  # dense, bitmap, csr or relative
    codebook: int = 0
    values: str = ""  # how values are said: planes, codebook or row codebooks
    entropy: int | None = None  # the limit of an ideal code without memory
    kept: int | None = None  # words that are not zero,
    total: int | None = None  # of so many
    distinct: int | None = None  # different values in the codebook


@dataclass(frozen=True)
class Packed:
    """The real size of the `.nbz` file, headers included. `entropy_bytes`: the limit of an ideal order-0 code."""

    letter: str
    digest: str
    original_bytes: int
    packed_bytes: int
    entropy_bytes: int
    layers: tuple[PackedLayer, ...]


@dataclass(frozen=True)
class Profiled:
    """A candidate ran on a device, or was seen to run there (`profile.imported`); also what a lost line left of it."""

    letter: str
    device: str
    profile: Profile


@dataclass(frozen=True)
class Compared:
    letters: tuple[str, ...]
    device: str
    comparison: Comparison


@dataclass(frozen=True)
class Swept:
    """A candidate at several batch sizes and numbers of threads on a device."""

    letter: str
    device: str
    sweep: Sweep


@dataclass(frozen=True)
class BatteryChosen:
    """The battery that candidates are to live on, and how often they run. `per_hour` None: without a pause."""

    watt_hours: float | None  # None: no battery
    per_hour: float | None = None


@dataclass(frozen=True)
class Goal:
    """What the board allows; None: no limit. Accuracy 0 to 1, the others in the unit of their name; counts in MACs."""

    device: str = "cpu"
    accuracy: float | None = None
    latency_ms: float | None = None
    size_mb: float | None = None
    energy_mj: float | None = None
    macs: float | None = None


@dataclass(frozen=True)
class GoalSet:
    goal: Goal | None


@dataclass(frozen=True)
class Renamed:
    letter: str
    title: str


@dataclass(frozen=True)
class Hidden:
    letter: str
    hidden: bool


@dataclass(frozen=True)
class Pinned:
    letter: str
    pinned: bool


@dataclass(frozen=True)
class JobStarted:
    """A job began. `letter`: the candidate it makes or measures (the last compared). No `JobEnded`: interrupted."""

    job: str
    kind: JobKind
    letter: str
    title: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class JobReached:
    """How far a long job has come, once an epoch: what an interrupted one is shown with."""

    job: str
    reached: str


@dataclass(frozen=True)
class JobEnded:
    job: str
    outcome: Outcome
    message: str = ""
    evidence: str = ""
    reached: str = ""  # how far it was: the last progress line


Fact = (
    StudyNamed | DataChosen | CandidateBorn | Stored | Evaluated | Packed | Profiled | Compared | GoalSet | Renamed
    | Hidden | Pinned | JobStarted | JobReached | JobEnded | ActivityMeasured | Swept | BatteryChosen
)  # fmt: skip

FACTS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        StudyNamed, DataChosen, CandidateBorn, Stored, Evaluated, Packed, Profiled, Compared, GoalSet, Renamed,
        Hidden, Pinned, JobStarted, JobReached, JobEnded, ActivityMeasured, Swept,
        BatteryChosen,
    )
}  # fmt: skip
