"""The main job on the bundled network, without a window: open, compress, measure, compare, report."""

from __future__ import annotations

import shutil
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import assets
from app import words
from app.against import accuracy_change, interleaved
from app.answers import compared, evaluated, packed, profiled
from app.commands.bench import Bench, bench
from app.commands.networks import copy_out
from app.commands.say import Say
from app.commands.studies import compressed, read_study
from app.facts import Goal, GoalSet, StudyNamed
from app.objects import path_of
from app.reasons import no_faster
from app.store import is_study
from app.study import Candidate, Study
from profiler.errors import BadInput, Failed

NETWORK = "zoo:LeNet-5-digits"
NAME = "LeNet-5 on digits, the demo"
DEVICE = "cpu"
ROUNDS = 20
LOSES = 0.005  # the goal: at most half a point of accuracy
SHRINKS = 8  # and an eighth of the size


def demo(args: Namespace, say: Say) -> None:
    """Open the trained LeNet-5, prune it, measure both, compare them in turn, and write the report."""
    began = time.monotonic()
    out = Path(args.out).expanduser()
    folder = _fresh(out / "study")
    with bench(folder) as work:
        before, after = _run(work)
        study, objects = work.study, work.objects
        written = _write(study, objects, after, out)
    took = time.monotonic() - began
    say.answer(_answer(study, objects, before, after, written, took))
    _say(study, objects, before, after, written, took, say)


def recipe_steps() -> tuple[list[dict[str, Any]], int]:
    """The demo's recipe: its steps and its seed."""
    from compressors.recipe import read

    recipe = read(assets.path("recipes/demo.toml"))
    return recipe.to_plain(), recipe.seed


def _fresh(folder: Path) -> Path:
    """An empty folder for the study. One that an earlier demo left is made anew; anything else stays as it is."""
    if folder.exists():
        if not is_study(folder) or read_study(folder)[0].name != NAME:
            raise BadInput(f"“{folder}” is there and is no demo’s.", fix="Choose another folder with --out.")
        shutil.rmtree(folder)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise BadInput(
            f"“{folder}” cannot be made.", f"{error.strerror}.", "Choose another folder with --out."
        ) from error
    return folder


def _run(work: Bench) -> tuple[Candidate, Candidate]:
    steps, seed = recipe_steps()
    workbench = work.workbench
    workbench.record(StudyNamed(NAME), undoable=False)
    work.use_data("digits")
    baseline = work.run(workbench.open_network(NETWORK)).letter
    found = work.study.candidate(baseline)
    if found.evaluation is not None and found.file_bytes is not None:
        accuracy, size = round(found.evaluation.accuracy - LOSES, 4), found.file_bytes / SHRINKS / 1e6
        workbench.record(GoalSet(Goal(device=DEVICE, accuracy=accuracy, size_mb=round(size, 4))), undoable=False)
    pruned = work.run(workbench.compress(baseline, steps, seed=seed)).letter
    for letter in (baseline, pruned):
        work.run(workbench.profile(letter, DEVICE))
    work.run(workbench.compare([baseline, pruned], DEVICE, rounds=ROUNDS))
    return work.study.candidate(baseline), work.study.candidate(pruned)


def _write(study: Study, objects: Path, made: Candidate, out: Path) -> list[Path]:
    """The report, the compressed network and its packed file."""
    from app.report import write

    if made.digest is None or made.packed is None:
        raise Failed("The demo made no network.", "Start it again.")
    network, archive = out / "LeNet-5-digits-pruned.onnx", out / "LeNet-5-digits-pruned.nbz"
    copy_out(path_of(objects, made.digest), network)
    copy_out(path_of(objects, made.packed.digest), archive)
    return [*write(study, objects, out / "report.html"), network, archive]


def _answer(
    study: Study, objects: Path, before: Candidate, after: Candidate, written: list[Path], took: float
) -> dict[str, Any]:
    change = _change(objects, before, after)
    return {
        "networks": [_figures(before), _figures(after)],
        "compressed": compressed(after, next(path for path in written if path.suffix == ".onnx")),
        "gained": change.moved.gained if change and change.moved else None,
        "lost": change.moved.lost if change and change.moved else None,
        "comparison": compared(study.comparisons[-1].comparison, study.comparisons[-1].letters),
        "study": str(objects.parent),
        "files": [str(path) for path in written],
        "took_s": took,
    }


def _figures(candidate: Candidate) -> dict[str, Any]:
    profile = candidate.profiles.get(DEVICE)
    return {
        "letter": candidate.letter,
        "title": candidate.title,
        "params": candidate.breakdown.totals().params,
        "nonzero_params": candidate.nonzero_params,
        "evaluation": evaluated(candidate.evaluation) if candidate.evaluation else None,
        "packed": packed(candidate.packed) if candidate.packed else None,
        "profile": profiled(profile) if profile else None,
    }


def _change(objects: Path, before: Candidate, after: Candidate) -> Any:
    rights = [c.evaluation.right if c.evaluation else None for c in (before, after)]
    if None in rights:
        return None
    bits = [path_of(objects, right).read_bytes() for right in rights if right is not None]
    return accuracy_change(before.evaluation, after.evaluation, (bits[0], bits[1]))


def _say(
    study: Study, objects: Path, before: Candidate, after: Candidate, written: list[Path], took: float, say: Say
) -> None:
    rows = [_row(candidate) for candidate in (before, after)]
    say.table(("", "Candidate", "Accuracy", "Parameters that stay", "Stored size", "Latency"), rows, left=2)
    say.line()
    change = _change(objects, before, after)
    if change is not None:
        say.line(f"Accuracy changed by {change.words}: {change.moved_words}.")
    ratio = interleaved(study, before.letter, after.letter, DEVICE)
    if ratio is not None:
        said = words.ratio_words(ratio)
        faster = "as fast as before" if said == "same" else f"{said} as fast"
        say.line(f"In turn, {after.letter} is {faster} ({words.times(ratio.ratio)}, {words.interval(ratio)}).")
    for reason in no_faster(study, after.letter, DEVICE)[:1]:
        say.line(f"{reason.title} {reason.text}")
    say.line()
    say.line(f"In {words.took(took)}. Look at {written[0]}")


def _row(candidate: Candidate) -> tuple[str, ...]:
    profile, totals = candidate.profiles.get(DEVICE), candidate.breakdown.totals()
    size = candidate.packed.packed_bytes if candidate.parent and candidate.packed else candidate.file_bytes
    stay = candidate.nonzero_params
    return (
        candidate.letter,
        candidate.title,
        words.percent(candidate.evaluation.accuracy if candidate.evaluation else None, 2),
        f"{words.exact(stay)}, {words.percent(stay / totals.params)}" if stay is not None else words.not_measured,
        words.megabytes(size),
        words.milliseconds(profile.median_ms if profile else None),
    )
