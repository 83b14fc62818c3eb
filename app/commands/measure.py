"""Commands that measure: evaluate, profile, compare and pack."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from app import words
from app.against import accuracy_change
from app.answers import Answer, compared, evaluated, packed, profiled
from app.commands.bench import Bench, bench
from app.commands.networks import checked_out, copy_out, input_shapes
from app.commands.say import Say
from app.commands.secrets import run_on
from app.facts import Packed
from app.objects import path_of
from app.packing_story import HEADS, packed_rows, total_row
from app.power_words import memory_lines, power_lines
from app.study import Candidate
from profiler.errors import BadInput, Failed
from profiler.measurement import Comparison, Profile, ProfileSettings
from profiler.plain import to_plain


def study_folder(args: Namespace) -> Path | None:
    return Path(args.study) if args.study else None


def candidate_of(work: Bench, args: Namespace, source: str, *, again: bool = False) -> Candidate:
    preprocess = Path(args.preprocess) if args.preprocess else None
    return work.candidate(source, input_shapes(args.input), preprocess, args.architecture, again=again)


def evaluate(args: Namespace, say: Say) -> None:
    """Accuracy of a network on a data set."""
    with bench(study_folder(args)) as work:
        work.use_data(args.data)
        letter = candidate_of(work, args, args.network).letter
        found = work.study.candidate(letter).evaluation
        if found is None or found.split != args.split or not work.kept:
            work.run(work.workbench.evaluate(letter, args.split))
            found = work.study.candidate(letter).evaluation
        assert found is not None
    say.answer(evaluated(found))
    correct = f"{words.exact(found.correct)} of {words.exact(found.samples)}"
    say.line(f"Accuracy {words.percent(found.accuracy, 2)}: {correct} images of {found.data}, {found.split}")
    if found.top5 is not None:
        say.line(f"Top 5    {words.percent(found.top5, 2)}")


def settings_of(args: Namespace) -> ProfileSettings:
    return ProfileSettings(
        args.runs, args.warmup, args.batch, args.threads, args.engine, args.precision,
        getattr(args, "meter", ""), getattr(args, "marker", False),
    )  # fmt: skip


def profile(args: Namespace, say: Say) -> None:
    """Time, memory and power of a network, by layer, on one device or several: different boards at once.

    Where one of several fails, what the others measured is answered all the same, and the failure ends the command.
    """
    settings = settings_of(args)
    with bench(study_folder(args)) as work:
        known = list(dict.fromkeys(known_device(name) for name in args.device or ["cpu"]))
        for name in known:
            work.workbench.warm(name)
        letter = candidate_of(work, args, args.network).letter
        failures = run_on(work, known, lambda name: work.workbench.profile(letter, name, settings))
        measured = [name for name, failed in zip(known, failures, strict=True) if failed is None]
        found = [work.study.candidate(letter).profiles[name] for name in measured]
    if len(known) == 1 and failures[0] is not None:
        raise failures[0]
    answers = [profiled(each) for each in found]
    failed = [_failed(name, why) for name, why in zip(known, failures, strict=True) if why is not None]
    say.answer(answers[0] if len(known) == 1 else {"profiles": answers, "failed": failed})
    for each in found:
        say_profile(each, say)
    for warning in dict.fromkeys(w for each in found for w in each.load.warnings):
        say.warn(f"Warning: {warning}")
    for name, why in zip(known, failures, strict=True):
        if why is not None:
            say.warn(f"{name}: {why}")
    for why in failures:
        if why is not None:
            raise why


def _failed(name: str, why: BadInput | Failed) -> Answer:
    return {"device": name, "error": why.what, "fix": why.fix}


def known_device(name: str) -> str:
    """The device's own spelling. Raises BadInput when there is none, before anything is read."""
    from devices import device

    return device(name).name


def device_of(candidate: Candidate, name: str) -> str:
    """A device that the candidate ran on, whether or not it is still known; else as `known_device`."""
    ran = {device.lower(): device for device in candidate.profiles}
    return ran.get(name.strip().lower()) or known_device(name)


def say_profile(found: Profile, say: Say) -> None:
    """What a person wants of a profile: the median, where it goes, whether it adds up, and what it costs to run."""
    device, settings = words.device(found.device.name, found.device.model), found.settings
    engine = settings.engine if settings.precision == "fp32" else f"{settings.engine} {settings.precision}"
    threads = [words.plural(settings.threads, "thread")] if settings.threads else []  # 0: an import does not tell
    where = ", ".join([device, engine, *threads, f"batch {settings.batch}"])
    if found.latencies_ms:
        _say_latencies(found, where, say)
    else:
        say.line(f"No end-to-end latency of {where}: the file has none.")
    say.line()
    if found.layers:
        _say_layers(found, say)
    for label, text in [*memory_lines(found), *power_lines(found)]:
        say.line(f"{label} {text}")


def _say_latencies(found: Profile, where: str, say: Say) -> None:
    median = words.marked(words.milliseconds(found.median_ms), "imported" if found.imported else "measured")
    say.line(f"{median} median on {where}")
    counted = words.plural(len(found.latencies_ms), "run")
    if not found.complete:
        counted = f"{len(found.latencies_ms)} of {words.plural(found.settings.runs, 'run')}, interrupted,"
    spread = f"p5 {words.milliseconds(found.p5_ms)}, p95 {words.milliseconds(found.p95_ms)}"
    how = f"imported from {found.imported}" if found.imported else f"after {found.settings.warmup} to warm up"
    say.line(f"{spread}, {counted} {how}")


def _say_layers(found: Profile, say: Say) -> None:
    total = sum(row.median_us for row in found.layers) or 1.0
    rows = [
        (
            " + ".join(row.covers) or row.name,
            words.milliseconds(row.median_us / 1000),
            words.percent(row.median_us / total),
        )
        for row in found.layers
    ]
    say.table(("Layer", "Median", "Share"), rows)
    if not found.latencies_ms:
        say.line(f"Layers {words.milliseconds(total / 1000)}")
        return
    sums = found.reconciliation
    parts = f"{words.milliseconds(sums.layers_sum_ms)} + unattributed {words.milliseconds(sums.unattributed_ms)}"
    say.line(f"Layers {parts} = end to end {words.milliseconds(sums.end_to_end_ms)}")


def compare(args: Namespace, say: Say) -> None:
    """Networks timed in turn on a device, with an interval for each ratio."""
    settings, names = settings_of(args), [args.first, *args.networks]
    with bench(study_folder(args)) as work:
        device = known_device(args.device)
        work.use_data(args.data)
        chosen = [candidate_of(work, args, source, again=not work.kept).letter for source in names]
        if len(set(chosen)) < len(chosen):
            raise BadInput("Two of these are the same network of the study.", fix="Name different ones.")
        (failed,) = run_on(work, [device], lambda name: work.workbench.compare(chosen, name, settings, args.rounds))
        if failed is not None:
            raise failed
        found = work.study.comparisons[-1].comparison
        if args.data:
            measure_missing(work, chosen)
        candidates = [work.study.candidate(letter) for letter in chosen]
        changes = [_change(work, candidates[0], candidate) for candidate in candidates]
    answer = compared(found, names)
    answer["accuracy"] = [c.evaluation.accuracy if c.evaluation else None for c in candidates]
    answer["against_first"] = changes
    say.answer(answer)
    _say_compared(found, names, candidates, say)
    for warning in found.load.warnings:
        say.warn(f"Warning: {warning}")


def measure_missing(work: Bench, letters: list[str]) -> None:
    """Accuracy for those that have none yet."""
    for letter in letters:
        if work.study.candidate(letter).evaluation is None:
            work.run(work.workbench.evaluate(letter))


def _change(work: Bench, first: Candidate, other: Candidate) -> Answer | None:
    """Images gained and lost against the first network."""
    change = accuracy_change(first.evaluation, other.evaluation, work.bits(first, other))
    if change is None or first is other:
        return None
    moved = to_plain(change.moved) if change.moved else {"gained": None, "lost": None}
    return {"accuracy_change": change.delta, "standard_error": change.error, **moved}


def _say_compared(found: Comparison, names: list[str], candidates: list[Candidate], say: Say) -> None:
    called = dict(zip(found.networks, names, strict=True))
    rows = [
        (
            called[r.b],
            f"against {called[r.a]}",
            words.ratio_words(r),
            words.times(r.ratio),
            words.interval(r),
            r.verdict,
        )
        for r in found.ratios
    ]
    say.table(("Network", "", "Faster", "Ratio", "", "So"), rows, left=2)
    for name, candidate in zip(names, candidates, strict=True):
        if candidate.evaluation is not None:
            say.line(f"{name}: accuracy {words.percent(candidate.evaluation.accuracy, 2)}")


def pack(args: Namespace, say: Say) -> None:
    """The network as an .nbz file, every byte counted."""
    out = checked_out(args.out, ".nbz")
    with bench(study_folder(args)) as work:
        letter = candidate_of(work, args, args.network).letter
        if work.study.candidate(letter).packed is None:
            work.run(work.workbench.pack(letter))
        found = work.study.candidate(letter).packed
        assert found is not None
        copy_out(path_of(work.objects, found.digest), out)
    say.answer(packed(found))
    say_packed(found, say)


def say_packed(found: Packed, say: Say) -> None:
    """The size, tensor by tensor: index, codebook and values apart, the limit of ideal coding beside them."""
    rows = [row.written() for row in packed_rows(found)]
    if rows:
        say.table(HEADS, [*rows, total_row(found).written()], left=2)
    ratio = words.times(found.original_bytes / found.packed_bytes) if found.packed_bytes else ""
    say.line(f"{words.megabytes(found.original_bytes)} → {words.megabytes(found.packed_bytes)}, {ratio} smaller.")
    say.line(f"An ideal code without memory would take {words.megabytes(found.entropy_bytes)}.")
