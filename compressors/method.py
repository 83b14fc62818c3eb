"""What a compression is: a frozen dataclass of knobs with `apply`. Form, recipe file and report read its fields."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeVar, cast, runtime_checkable

from profiler.breakdown import Breakdown
from profiler.errors import BadInput
from profiler.progress import Job

if TYPE_CHECKING:
    from compressors.data.data_set import DataSet
    from profiler.network import Network

Group = Literal["prune and share", "low rank", "compact filters", "teacher and student", "train", "clean up"]


@dataclass(frozen=True)
class Context:
    """What a method may use of the other rooms; `app` supplies it.

    data: for training and validation (None: methods that train say they need data); folder: where checkpoints of this
    run go (None: nowhere); seed: everything random follows from it; evaluate: accuracy (0 to 1) of a network on a split
    ("validation" or "train"; never "test") as a job; measure: latency of a network on the chosen device as a job, in
    milliseconds (None: there is no device); learned: told of each epoch trained (`compressors.train`’s rows);
    found: told what a method chose by itself or what came of its work, by name ("share", "emptied"), for the report.
    """

    data: DataSet | None = None
    folder: Path | None = None
    seed: int = 0
    evaluate: Callable[[Network, str], Job[float]] | None = None
    measure: Callable[[Network], Job[float]] | None = None
    threads: int = 0  # 0: torch's own choice
    learned: Callable[[Mapping[str, float]], None] = field(default=lambda _: None)
    found: Callable[[str, Any], None] = field(default=lambda _name, _value: None)


@runtime_checkable
class Method(Protocol):
    """A registered dataclass: `key` is its name in recipe files; `title`, `group` and `gain` are shown to people."""

    key: ClassVar[str]
    title: ClassVar[str]
    group: ClassVar[Group]
    gain: ClassVar[str]  # one line: what it gains

    def apply(self, network: Network, context: Context) -> Job[Network]:
        """A new network; the given one is left as it is."""
        ...

    def problems(self, network: Breakdown, has_data: bool) -> list[str]:
        """Why this step cannot run on this network, as sentences; empty when it can. Cheap: reads no weight."""
        ...

    def summary(self) -> str:
        """Its settings in a few words, as a candidate's title has them: `fc1, fc2 to 8 %`."""
        ...


@dataclass(frozen=True)
class Knob:
    """One setting of a method, as a form shows it."""

    name: str
    default: Any
    kind: Literal["share", "number", "integer", "choice", "layers", "per_layer", "values", "switch"]
    label: str
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    of: str = ""  # of a table by layer: the knob whose value a layer has that is not in it


def knob(
    default: Any = MISSING,
    *,
    kind: str,
    label: str,
    help: str = "",  # noqa: A002 - the word a form uses
    low: float | None = None,
    high: float | None = None,
    choices: Sequence[str] = (),
    of: str = "",
    factory: Callable[[], Any] | None = None,
) -> Any:
    """A dataclass field that describes itself. Bounds are inclusive."""
    described = {
        "kind": kind, "label": label, "help": help, "low": low, "high": high, "choices": tuple(choices), "of": of
    }  # fmt: skip
    if factory is not None:
        return field(default_factory=factory, metadata=described)
    return field(default=default, metadata=described)


def knobs(method: type[Method] | Method) -> tuple[Knob, ...]:
    """The settings of a method, in their order."""
    return tuple(Knob(name=f.name, default=_default(f), **f.metadata) for f in fields(method) if f.metadata)  # type: ignore[arg-type]


def _default(f: Field[Any]) -> Any:
    return f.default_factory() if f.default_factory is not MISSING else f.default


METHODS: dict[str, type[Method]] = {}

M = TypeVar("M", bound=type[Any])


def method(cls: M) -> M:
    """Register a method under its `key`."""
    METHODS[cls.key] = cls
    return cls


def find(key: str) -> type[Method]:
    """The method called `key`. Raises BadInput that lists those there are."""
    importlib.import_module("compressors.methods")  # registers them all
    if key not in METHODS:
        raise BadInput(f"There is no method “{key}”.", fix=f"Methods are: {', '.join(sorted(METHODS))}.")
    return METHODS[key]


def checked(cls: type[Method], settings: Mapping[str, Any]) -> Method:
    """A method made from settings. Raises BadInput: an unknown knob, a wrong type, a value outside its bounds."""
    known = {k.name: k for k in knobs(cls)}
    for name, value in settings.items():
        if name not in known:
            raise BadInput(f"“{cls.key}” has no knob “{name}”.", fix=f"Its knobs are: {', '.join(known)}.")
        _check(cls.key, known[name], value)
    return cls(**{name: _tidy(value) for name, value in settings.items()})


def _tidy(value: Any) -> Any:
    """Lists become tuples, also those in a table: a method is a frozen value."""
    if isinstance(value, Mapping):
        return {name: _tidy(each) for name, each in cast("Mapping[str, Any]", value).items()}
    return tuple(cast("list[Any]", value)) if isinstance(value, list) else value


def _numbers(value: Any, *, several: bool) -> list[Any]:
    """What must be a number each: the value, a table's values, or with `several` what is in their lists."""
    if not isinstance(value, Mapping):
        return [value]
    each = list(cast("Mapping[str, Any]", value).values())
    if not several:
        return each
    return [number for one in each for number in (cast("list[Any]", one) if isinstance(one, (list, tuple)) else [one])]


def _check(key: str, k: Knob, value: Any) -> None:
    where = f"In “{key}”, knob “{k.name}” is {value!r}."
    numbers = _numbers(value, several=k.kind == "values")
    expected: dict[str, tuple[tuple[type, ...], str]] = {
        "share": ((int, float), "a number"),
        "number": ((int, float), "a number"),
        "integer": ((int,), "a whole number"),
        "choice": ((str,), "one of " + ", ".join(k.choices)),
        "switch": ((bool,), "true or false"),
        "layers": ((list, tuple), "a list of layer names"),
        "per_layer": ((Mapping,), "a table of layer names and numbers"),
        "values": ((Mapping,), "a table of layer names and lists of numbers"),
    }
    types, words = expected[k.kind]
    wrong = not isinstance(value, types) or (isinstance(value, bool) and k.kind != "switch")
    wrong = wrong or (k.kind == "choice" and value not in k.choices)
    if k.kind == "values" and not wrong:
        wrong = not all(isinstance(one, (list, tuple)) for one in cast("Mapping[str, Any]", value).values())
    if wrong or (k.kind == "layers" and not all(isinstance(name, str) for name in cast("list[Any]", value))):
        raise BadInput("A knob has a value that does not fit.", where, f"It takes {words}.")
    if k.kind in ("layers", "choice", "switch"):
        return
    for number in numbers:
        if not isinstance(number, (int, float)) or isinstance(number, bool):
            raise BadInput("A knob has a value that does not fit.", where, "It takes numbers.")
        if not _inside(number, k):
            raise BadInput("A knob is outside its range.", where, _range_words(k))


def _inside(number: float, k: Knob) -> bool:
    low = -math.inf if k.low is None else k.low
    high = math.inf if k.high is None else k.high
    return low <= number <= high and abs(number) != math.inf


def _range_words(k: Knob) -> str:
    if k.low is None and k.high is None:
        return "It takes a finite number."
    if k.high is None:
        return f"It is {k.low:g} or more."
    return f"It is {k.high:g} or less." if k.low is None else f"It goes from {k.low:g} to {k.high:g}."
