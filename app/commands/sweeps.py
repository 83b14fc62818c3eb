"""`sweep`: latency and throughput against batch size and number of threads."""

from __future__ import annotations

from argparse import Namespace

from app import words
from app.answers import swept
from app.commands.bench import bench
from app.commands.measure import candidate_of, known_device, study_folder
from app.commands.say import Say
from app.commands.secrets import run_on
from app.sweep_story import Published, is_same_network, per_second, published, sweep_story
from profiler.measurement import ProfileSettings
from profiler.sweep import Sweep


def sweep(args: Namespace, say: Say) -> None:
    """Each batch size with each number of threads, and published figures to hold it against."""
    settings = ProfileSettings(args.runs, args.warmup, engine=args.engine, precision=args.precision)
    with bench(study_folder(args)) as work:
        device = known_device(args.device)
        letter = candidate_of(work, args, args.network).letter
        (failed,) = run_on(
            work, [device], lambda name: work.workbench.sweep(letter, name, settings, args.batches, args.threads)
        )
        if failed is not None:
            raise failed
        found = work.study.sweeps[-1].sweep
        references = [each for each in published() if is_same_network(work.study.candidate(letter), each)]
    say.answer(swept(found) | {"published": [_published(each) for each in references]})
    _say(found, references, say)
    for warning in found.load.warnings:
        say.warn(f"Warning: {warning}")


def _say(found: Sweep, references: list[Published], say: Say) -> None:
    story = sweep_story(found)
    rows = [
        (
            str(row.batch),
            str(row.threads),
            words.milliseconds(row.ms) if row.ms is not None else f"refused: {row.refused}",
            words.milliseconds(row.ms_per_image) if row.ms_per_image is not None else "",
            per_second(row.images_per_second) if row.images_per_second is not None else "",
            words.times(row.against_one) if row.against_one is not None else "",
        )
        for row in story.rows
    ]
    say.table(("Batch", "Threads", "Median", "An image", "Throughput", "Against batch 1"), rows, left=0)
    say.line(story.words)
    for each in references:
        rate = per_second(each.images_per_second)
        say.line(f"{each.title}: batch {each.batch}, {words.milliseconds(each.ms)}, {rate}. {each.source}.")


def _published(each: Published) -> dict[str, object]:
    return {
        "name": each.name,
        "network": each.network,
        "batch": each.batch,
        "ms": each.ms,
        "images_per_second": each.images_per_second,
        "source": each.source,
    }
