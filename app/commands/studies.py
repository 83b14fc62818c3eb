"""Commands that make something of a study: compress, report and study list."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from app import words
from app.answers import Answer
from app.commands.bench import bench
from app.commands.measure import study_folder
from app.commands.networks import checked_out, copy_out, input_shapes
from app.commands.say import Say
from app.objects import path_of
from app.store import Store, is_study
from app.study import Candidate, Study
from profiler.errors import BadInput


def compress(args: Namespace, say: Say) -> None:
    """Run a recipe on a network and write what it makes."""
    from compressors.recipe import read

    recipe, out = read(Path(args.recipe)), checked_out(args.out, ".onnx")
    with bench(study_folder(args)) as work:
        work.use_data(args.data)
        preprocess = Path(args.preprocess) if args.preprocess else None
        parent = work.candidate(args.network, input_shapes(args.input), preprocess, args.architecture).letter
        seed = recipe.seed if args.seed is None else args.seed
        letter = work.run(work.workbench.compress(parent, recipe.to_plain(), seed=seed, device=args.device)).letter
        made = work.study.candidate(letter)
        assert made.digest is not None
        copy_out(path_of(work.objects, made.digest), out)
    answer = compressed(made, out)
    say.answer(answer)
    _say_compressed(made, out, say)


def compressed(made: Candidate, out: Path) -> Answer:
    """What was made, as --json says it."""
    totals, found = made.breakdown.totals(), made.evaluation
    return {
        "out": str(out),
        "digest": made.digest,
        "params": totals.params,
        "nonzero_params": made.nonzero_params,
        "macs": totals.macs,
        "file_bytes": made.file_bytes,
        "packed_bytes": made.packed.packed_bytes if made.packed else None,
        "accuracy": found.accuracy if found else None,
        "seed": made.seed,
        "steps": [dict(step) for step in made.recipe],
    }


def _say_compressed(made: Candidate, out: Path, say: Say) -> None:
    totals, found = made.breakdown.totals(), made.evaluation
    say.line(f"{out}: {made.title}, in {words.took(made.took_s)}")
    if made.nonzero_params is not None and totals.params:
        share = words.percent(made.nonzero_params / totals.params)
        say.line(f"Parameters that stay  {words.exact(made.nonzero_params)} of {words.exact(totals.params)}, {share}")
    say.line(f"Operations            {words.operations(totals.macs, 'macs', 4)}")
    say.line(f"Size                  {words.megabytes(made.packed.packed_bytes if made.packed else None)} packed")
    say.line(f"Accuracy              {words.percent(found.accuracy if found else None, 2)}")


def read_study(folder: Path) -> tuple[Study, Path]:
    """A study that is there, and its objects. Raises BadInput when there is none: reading begins none."""
    if not is_study(folder):
        raise BadInput(f"There is no study in “{folder}”.", fix="Give the folder that holds study.sqlite.")
    store = Store(folder)
    try:
        return store.study(), store.objects
    finally:
        store.close()


def report(args: Namespace, say: Say) -> None:
    """A study as one HTML file, with CSV and JSON beside it."""
    from app.report import write

    out = checked_out(args.out, ".html")
    study, objects = read_study(Path(args.folder).expanduser())
    written = write(study, objects, out)
    say.answer({"files": [str(path) for path in written]})
    for path in written:
        say.line(str(path))


def study_list(args: Namespace, say: Say) -> None:
    """The candidates of a study; for a folder of studies, the studies in it."""
    folder = Path(args.folder).expanduser()
    if is_study(folder) or not folder.is_dir():
        _list_candidates(*read_study(folder), say)
        return
    found = sorted(path for path in folder.iterdir() if path.is_dir() and is_study(path))
    if not found:
        raise BadInput(f"There is no study in “{folder}”.", fix="Give the folder that holds study.sqlite.")
    studies = [(path, read_study(path)[0]) for path in found]
    say.answer({"studies": [{"folder": str(p), "study": s.name, "candidates": len(s.candidates)} for p, s in studies]})
    rows = [(str(path), study.name, words.plural(len(study.candidates), "candidate")) for path, study in studies]
    say.table(("Folder", "Study", ""), rows, left=2)


def _list_candidates(study: Study, objects: Path, say: Say) -> None:
    del objects
    interrupted = [job for job in study.jobs.values() if job.outcome is None]
    say.answer(
        {
            "study": study.name,
            "data": study.data.data if study.data else None,
            "candidates": [_listed(candidate) for candidate in study.candidates.values()],
            "interrupted": [{"kind": job.kind, "letter": job.letter, "title": job.title} for job in interrupted],
        }
    )
    say.line(f"{study.name} · data {study.data.title if study.data else 'none'}")
    say.line()
    say.table(("", "Candidate", "Accuracy", "Packed", "Parameters that stay", "Latency"), _rows(study), left=2)
    for job in interrupted:
        say.line(f"Interrupted: {job.letter} {job.title}")


def _listed(candidate: Candidate) -> Answer:
    found = candidate.evaluation
    return {
        "letter": candidate.letter,
        "parent": candidate.parent,
        "title": candidate.title,
        "hidden": candidate.hidden,
        "digest": candidate.digest,
        "file_bytes": candidate.file_bytes,
        "packed_bytes": candidate.packed.packed_bytes if candidate.packed else None,
        "params": candidate.breakdown.totals().params,
        "nonzero_params": candidate.nonzero_params,
        "accuracy": found.accuracy if found else None,
        "median_ms": {name: p.median_ms for name, p in candidate.profiles.items() if p.latencies_ms},
    }


def _rows(study: Study) -> list[tuple[str, ...]]:
    return [
        (
            c.letter,
            c.title,
            words.percent(c.evaluation.accuracy if c.evaluation else None),
            words.megabytes(c.packed.packed_bytes if c.packed else None),
            words.three_digits(c.nonzero_params),
            ", ".join(f"{words.milliseconds(p.median_ms)} {name}" for name, p in c.profiles.items() if p.latencies_ms)
            or words.not_measured,
        )
        for c in study.shown()
    ]
