"""A study as one HTML file that needs nothing else, with CSV and JSON beside it."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.report.content import PARTS, Source, gathered
from app.report.tables import (
    answer,
    boards_csv,
    candidates_csv,
    latencies_csv,
    layers_csv,
    power_csv,
    sweeps_csv,
)
from app.study import Study
from profiler.errors import BadInput
from profiler.plain import to_json
from profiler.progress import Progress

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["PARTS", "build", "files", "write", "write_job"]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("app.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def build(study: Study, objects: Path | None, parts: Sequence[str] | None = None) -> str:
    """The HTML, as it is written and as the window shows it. `parts`: keys of `PARTS`; None: all.

    `objects` is the study's folder of objects (None: digits gained and lost are not known). Raises BadInput on an
    unknown part.
    """
    unknown = [key for key in parts or () if key not in PARTS]
    if unknown:
        raise BadInput(f"The report has no part “{unknown[0]}”.", fix=f"Its parts are: {', '.join(PARTS)}.")
    return _environment().get_template("report.html").render(gathered(study, objects, parts))


def files(study: Study, objects: Path | None, path: Path, parts: Sequence[str] | None = None) -> dict[Path, bytes]:
    """Everything that belongs to the report at `path`: the HTML, CSV tables and the JSON, named after it."""
    source = Source(study, objects)
    return {
        path.with_name(f"{path.stem}-candidates.csv"): candidates_csv(source).encode(),
        path.with_name(f"{path.stem}-layers.csv"): layers_csv(source).encode(),
        path.with_name(f"{path.stem}-latencies.csv"): latencies_csv(source).encode(),
        **({} if not study.sweeps else {path.with_name(f"{path.stem}-sweeps.csv"): sweeps_csv(source).encode()}),
        **_measured(source, path),
        path.with_suffix(".json"): to_json(answer(source)),
        path: build(study, objects, parts).encode(),
    }


def _measured(source: Source, path: Path) -> dict[Path, bytes]:
    """Tables that are only there where they say something: of several devices, and of power."""
    profiles = [profile for candidate in source.study.shown() for profile in candidate.profiles.values()]
    made: dict[Path, bytes] = {}
    if len({profile.device.name for profile in profiles}) > 1:
        made[path.with_name(f"{path.stem}-boards.csv")] = boards_csv(source).encode()
    if any(profile.power is not None for profile in profiles):
        made[path.with_name(f"{path.stem}-power.csv")] = power_csv(source).encode()
    return made


def write(study: Study, objects: Path | None, path: Path, parts: Sequence[str] | None = None) -> list[Path]:
    """Write the report; returns its files, the HTML first. Each is complete under its name or not there at all.

    Raises BadInput when the study is empty or the folder is not there, Failed when the disk is full.
    """
    from profiler.atomic import write_atomically

    if study.baseline is None:
        raise BadInput("There is nothing to report yet.", "The study has no network.", "Open a network first.")
    made = files(study, objects, path if path.suffix else path.with_suffix(".html"), parts)
    for name, text in made.items():
        write_atomically(name, [text])
    return list(reversed(made))


def write_job(settings: Mapping[str, Any]) -> Generator[Progress, None, dict[str, Any]]:
    """`write` as a job. Needs `folder` (the study's) and `path`; `parts` if not all."""
    from app.store import Store

    yield Progress(0.0, "Reading the study")
    store = Store(Path(settings["folder"]))
    try:
        study = store.study()
    finally:
        store.close()
    yield Progress(0.3, "Writing the report")
    written = write(study, store.objects, Path(settings["path"]), settings.get("parts"))
    return {"message": f"The report is written: {written[0]}", "files": [str(name) for name in written]}
