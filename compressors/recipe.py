"""A recipe: methods in order, with a seed. Written and read as TOML; run as one job."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import tomli_w

from compressors.method import Context, Method, checked, find, knobs
from profiler.breakdown import Breakdown
from profiler.errors import BadInput
from profiler.progress import Job, scaled

if TYPE_CHECKING:
    from profiler.network import Network

VERSION = 1
TITLE_LENGTH = 24


@dataclass(frozen=True)
class Recipe:
    """Steps in order. `off` holds the indices (from 0) of steps that are written down but do not run."""

    steps: tuple[Method, ...]
    seed: int = 0
    off: frozenset[int] = frozenset()

    @classmethod
    def from_plain(cls, steps: Sequence[Mapping[str, Any]], seed: int = 0) -> Recipe:
        """From `{"method": key, **knobs, "enabled": bool}` each. Raises BadInput naming the step's number, from 1."""
        made = tuple(_step(number, plain) for number, plain in enumerate(steps, 1))
        off = frozenset(index for index, plain in enumerate(steps) if not plain.get("enabled", True))
        return cls(made, seed, off)

    def to_plain(self) -> list[dict[str, Any]]:
        """What `from_plain` takes, every knob written out: a recipe means the same when a default changes."""
        return [self._plain(index) for index in range(len(self.steps))]

    def enabled(self) -> Iterator[tuple[int, Method]]:
        """The steps that run, with their indices from 0."""
        return ((index, step) for index, step in enumerate(self.steps) if index not in self.off)

    def title(self) -> str:
        """At most 24 characters: `Prune to 8 %`, `Prune fc 91 %`, `Prune to 8 % + fine-tune`."""
        words = [_words(step) for _, step in self.enabled()]
        if not words:
            return "No steps"
        first, *rest = words
        tails = ["".join(f" + {_verb(text).lower()}" for text in rest), f" + {len(rest)} more"] if rest else [""]
        fitting = (first + tail for tail in tails if len(first + tail) <= TITLE_LENGTH)
        return next(fitting, _cut(first))

    def _plain(self, index: int) -> dict[str, Any]:
        step = self.steps[index]
        named = {k.name: _plain_value(getattr(step, k.name)) for k in knobs(step)}
        return {"method": step.key, **({"enabled": False} if index in self.off else {}), **named}


@dataclass(frozen=True)
class Applied:
    """What a recipe made. `training` has a row an epoch with the number of its `step`; `steps` says what each did."""

    network: Network
    training: tuple[Mapping[str, float], ...]
    steps: tuple[Mapping[str, Any], ...]


# ------------------------------------------------------------------------------ as a file


def read(source: Path | str) -> Recipe:
    """From a TOML file (a path) or its text (anything with a line break). Raises BadInput saying where it is wrong."""
    if isinstance(source, str) and "\n" in source:
        return _parsed(source, "The recipe")
    path = Path(source).expanduser()
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"The recipe “{path}” can’t be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"“{path.name}” is no recipe: it is not UTF-8 text.", fix="Choose a .toml file.") from error
    return _parsed(text, f"The recipe “{path.name}”")


def write(recipe: Recipe) -> str:
    """As TOML that `read` takes."""
    steps = [_written(plain) for plain in recipe.to_plain()]
    return tomli_w.dumps({"version": VERSION, "seed": recipe.seed, "step": steps})


def _written(plain: dict[str, Any]) -> dict[str, Any]:
    """Empty lists and tables say nothing: every layer, no exception."""
    return {name: value for name, value in plain.items() if value not in ([], {})}


def _parsed(text: str, name: str) -> Recipe:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{name} is not valid TOML.", f"{error}.", 'A step is [[step]] with method = "…".') from error
    version = document.get("version", VERSION)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BadInput(f"{name} has version {version!r}.", fix=f"This program reads version {VERSION}.")
    if version > VERSION:
        raise BadInput(
            f"{name} was written by a newer NetBonsai (recipe version {version}).",
            f"This one reads up to version {VERSION}.",
            "Install the newer version.",
        )
    try:
        return _from_document(document)
    except BadInput as problem:
        raise BadInput(f"{name} can’t be used.", f"{problem.what} {problem.where}".strip(), problem.fix) from problem


def _from_document(document: Mapping[str, Any]) -> Recipe:
    unknown = [key for key in document if key not in ("version", "seed", "step")]
    if unknown:
        raise BadInput(f"There is no setting “{unknown[0]}”.", fix="It takes version, seed and [[step]].")
    seed, steps = document.get("seed", 0), document.get("step", [])
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**63:
        raise BadInput(f"The seed is {seed!r}.", fix="It takes a whole number, 0 or more.")
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in cast("list[Any]", steps)):
        raise BadInput("“step” is no list of steps.", fix="Write [[step]], with two brackets, before each.")
    return Recipe.from_plain(cast("list[dict[str, Any]]", steps), seed)


def _step(number: int, plain: Mapping[str, Any]) -> Method:
    try:
        return _method(plain)
    except BadInput as problem:
        raise BadInput(f"Step {number}: {problem.what}", problem.where, problem.fix) from problem


def _method(plain: Mapping[str, Any]) -> Method:
    key, enabled = plain.get("method"), plain.get("enabled", True)
    if not isinstance(key, str):
        raise BadInput("It names no method.", fix='Add a line such as method = "magnitude_pruning".')
    if not isinstance(enabled, bool):
        raise BadInput(f"“enabled” is {enabled!r}.", fix="It takes true or false.")
    settings = {name: value for name, value in plain.items() if name not in ("method", "enabled")}
    return checked(find(key), settings)


def _plain_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain_value(each) for name, each in cast("Mapping[str, Any]", value).items()}
    return list(cast("tuple[Any, ...]", value)) if isinstance(value, tuple) else value


# ------------------------------------------------------------------------------- in words


def _words(step: Method) -> str:
    return f"{_verb(step.title)} {step.summary()}"


def _verb(text: str) -> str:
    return text.split(maxsplit=1)[0]


def _cut(text: str) -> str:
    return text if len(text) <= TITLE_LENGTH else text[: TITLE_LENGTH - 1].rstrip(" ,") + "…"


# ---------------------------------------------------------------------------------- run


def problems(recipe: Recipe, network: Breakdown, has_data: bool) -> list[tuple[int, str]]:
    """(index of the step from 0, sentence) for everything that keeps the recipe from running; reads no weight."""
    return [(index, said) for index, step in recipe.enabled() for said in step.problems(network, has_data)]


def apply(recipe: Recipe, network: Network, context: Context) -> Job[Applied]:
    """Run the steps. Checkpoints go to a folder a step, so that a run cut off goes on where it was.

    The recipe's seed rules, not the context's. Raises BadInput before anything runs where `problems` finds some.
    """
    from profiler.breakdown import breakdown

    for index, said in problems(recipe, breakdown(network), context.data is not None):
        raise BadInput(f"Step {index + 1} of the recipe cannot run.", said)
    training: list[Mapping[str, float]] = []
    infos: list[Mapping[str, Any]] = []
    steps = list(recipe.enabled())
    edges = _edges([_effort(step) for _, step in steps])
    for (index, step), start, stop in zip(steps, edges, edges[1:], strict=False):
        run = _run(step, index + 1, network, replace(context, seed=recipe.seed), training, infos)
        network = yield from scaled(run, start, stop)
    return Applied(network, tuple(training), tuple(infos))


def _run(
    step: Method,
    number: int,
    network: Network,
    context: Context,
    training: list[Mapping[str, float]],
    infos: list[Mapping[str, Any]],
) -> Job[Network]:
    """One step; its rows and what it says of itself are added to the lists."""
    found: dict[str, Any] = {}

    def learned(row: Mapping[str, float]) -> None:
        training.append({"step": number, **row})

    folder = None if context.folder is None else context.folder / f"step-{number}-{step.key}"
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    own = replace(context, folder=folder, learned=learned, found=found.__setitem__)
    began = time.monotonic()
    made = yield from step.apply(network, own)
    seconds = round(time.monotonic() - began, 3)
    infos.append({"step": number, "method": step.key, "summary": step.summary(), "seconds": seconds, "found": found})
    return made


def _effort(step: Method) -> float:
    """How long a step takes beside the others: a guess, for the progress bar only."""
    chosen = {f.name: getattr(step, f.name) for f in fields(step)}  # type: ignore[arg-type]
    return 1 + 4 * chosen.get("epochs", 0) * chosen.get("rounds", 1)


def _edges(efforts: Sequence[float]) -> list[float]:
    """0, …, 1: where each step's part of the progress starts and stops."""
    total, edges = sum(efforts), [0.0]
    for effort in efforts:
        edges.append(edges[-1] + effort / total)
    return edges
