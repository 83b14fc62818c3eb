"""What the report says, part by part: a study as words and drawings. The template only lays them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

from app import tradeoff, words
from app.against import AccuracyChange, accuracy_change, speed
from app.answers import version
from app.facts import Goal
from app.markers import markers
from app.objects import path_of
from app.reasons import no_faster
from app.report import devices, layers, road, svg
from app.report.activity import activity
from app.report.devices import device_title
from app.report.plots import plots
from app.study import Candidate, Study

PARTS: Mapping[str, str] = {
    "summary": "Summary",
    "tradeoff": "Trade-off",
    "network": "Where the network is heavy",
    "activity": "At work on data",
    "candidates": "How each candidate was made",
    "packing": "Stored size, tensor by tensor",
    "profiles": "Measured on a device",
    "boards": "Boards compared",
    "sweeps": "Batch sizes and threads",
    "comparisons": "Compared in turn",
    "method": "How it was measured",
}
"""The parts that can be left out, with their titles, in their order."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """A study with its objects, and what every part asks of them."""

    study: Study
    objects: Path | None

    def device_names(self) -> list[str]:
        """Every device something was measured on, in the order it was first met."""
        return list(dict.fromkeys(name for c in self.study.shown() for name in c.profiles))

    def change(self, candidate: Candidate) -> AccuracyChange | None:
        """Accuracy against the baseline, with digits gained and lost where both bitmaps are there."""
        baseline = self.study.baseline
        if baseline is None or candidate.letter == baseline.letter:
            return None
        bits = (self._bits(baseline), self._bits(candidate))
        known = (bits[0], bits[1]) if bits[0] is not None and bits[1] is not None else None
        return accuracy_change(baseline.evaluation, candidate.evaluation, known)

    def _bits(self, candidate: Candidate) -> bytes | None:
        found = candidate.evaluation
        if found is None or found.right is None or self.objects is None:
            return None
        try:
            bits = path_of(self.objects, found.right).read_bytes()
        except OSError:
            return None
        return bits if 8 * len(bits) >= found.samples else None


def gathered(study: Study, objects: Path | None, parts: Sequence[str] | None = None) -> Row:
    """Everything the template needs. `parts` are keys of `PARTS`; None: all of them."""
    source = Source(study, objects)
    chosen = [key for key in PARTS if parts is None or key in parts]
    return {
        "title": study.name,
        "version": version(),
        "at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "parts": {key: PARTS[key] for key in chosen},
        "facts_pairs": _facts(study),
        "goal": _goal(study),
        "candidates": [_summary(source, candidate) for candidate in study.shown()],
        "devices": [device_title(study, name) for name in source.device_names()],
        "headline": _headline(source),
        "plots": plots(study, source.device_names()) if "tradeoff" in chosen else [],
        "networks": layers.networks(study) if "network" in chosen else [],
        "active": [activity(c.letter, c.title, c.activity) for c in study.shown() if c.activity]
        if "activity" in chosen
        else [],
        "made": [_made(source, c) for c in study.shown() if c.recipe or c.training] if "candidates" in chosen else [],
        "packed": [layers.packing(c) for c in study.shown() if c.packed] if "packing" in chosen else [],
        "profiles": devices.profiles(study) if "profiles" in chosen else [],
        "boards": road.boards(study) if "boards" in chosen else [],
        "sweeps": road.sweeps(study) if "sweeps" in chosen else [],
        "comparisons": devices.comparisons(study) if "comparisons" in chosen else [],
    }


# ------------------------------------------------------------------------------ summary


def _facts(study: Study) -> list[tuple[str, str]]:
    baseline, data = study.baseline, study.data
    facts: list[tuple[str, str]] = []
    if baseline is not None:
        inputs = words.inputs(baseline.breakdown.inputs)
        facts.append(("Network", f"{baseline.file_name} · input {inputs} · opset {baseline.breakdown.opset}"))
        totals = baseline.breakdown.totals()
        counts = f"{words.exact(totals.params)} parameters · {words.operations(totals.macs, 'macs', 4)}"
        facts.append(("Size of it", f"{counts} · {words.plural(len(baseline.breakdown.layers), 'layer')}"))
    if data is None:
        facts.append(("Data", "No data set was chosen, so accuracy is not measured."))
    else:
        sizes = ", ".join(f"{name} {words.exact(count)}" for name, count in data.samples.items())
        facts.append(
            ("Data", f"{data.title or data.data} · {words.plural(len(data.classes), 'class', 'classes')} · {sizes}")
        )
    if baseline is not None and baseline.input_recipe is not None:
        facts.append(("Image to input", _input_recipe(baseline)))
    return facts


def _input_recipe(candidate: Candidate) -> str:
    recipe = candidate.input_recipe
    assert recipe is not None
    resize = f"resize to {recipe.resize} px, " if recipe.resize else ""
    crop = f"crop {recipe.crop[0]}×{recipe.crop[1]}, " if recipe.crop else ""
    mean, std = (", ".join(f"{v:g}" for v in values) for values in (recipe.mean, recipe.std))
    sums = f"(pixel × {recipe.scale:.6g} − {mean}) ÷ {std}"
    return f"{resize}{crop}{recipe.colour}, {sums}, {recipe.layout} (from: {recipe.source})"


def _goal(study: Study) -> Row:
    goal = study.goal if study.goal is not None and tradeoff.has_limits(study.goal) else None
    best = tradeoff.best(study)
    return {
        "words": tradeoff.goal_words(study),
        "limits": [] if goal is None else _limit_words(goal),
        "device": device_title(study, goal.device) if goal is not None else "",
        "best": best.letter if best is not None else None,
        "rows": [] if goal is None else [_against_goal(c, goal) for c in study.shown()],
    }


def _limit_words(goal: Goal) -> list[str]:
    limits = [(axis, getattr(goal, axis.limit)) for axis in tradeoff.AXES.values() if axis.limit is not None]
    signs = {"more": "≥", "less": "≤"}
    return [f"{axis.label} {signs[axis.better]} {axis.write(limit)}" for axis, limit in limits if limit is not None]


def _against_goal(candidate: Candidate, goal: Goal) -> Row:
    checks = tradeoff.meets(candidate, goal)
    marks = {True: "✓", False: "✕", None: ""}
    return {
        "letter": candidate.letter,
        "checks": [(check.value_words, marks[check.ok], check.ok) for check in checks],
    }


def _headline(source: Source) -> Row | None:
    """The smallest packed version against the baseline: what a reader wants first."""
    study, baseline = source.study, source.study.baseline
    if baseline is None:
        return None
    chosen = tradeoff.best(study) or min(
        (c for c in study.shown() if c.packed is not None and c.parent is not None),
        key=lambda c: c.packed.packed_bytes if c.packed else 0,
        default=None,
    )
    if chosen is None or chosen.letter == baseline.letter:
        return None
    return {"letter": chosen.letter, "title": chosen.title, "figures": _headline_figures(source, baseline, chosen)}


def _headline_figures(source: Source, before: Candidate, after: Candidate) -> list[tuple[str, str, str]]:
    """(label, figure, note) against the baseline."""
    figures: list[tuple[str, str, str]] = []
    old, new = tradeoff.figure(before, "size"), tradeoff.figure(after, "size")
    if old is not None and new is not None and new.value:
        note = f"{words.megabytes(1e6 * old.value)} → {words.megabytes(1e6 * new.value)}"
        figures.append(("Smaller to store", words.times(old.value / new.value), note))
    params = after.breakdown.totals().params
    if after.nonzero_params is not None and params:
        note = f"{words.exact(after.nonzero_params)} of {words.exact(params)}"
        figures.append(("Parameters that stay", words.percent(after.nonzero_params / params), note))
    change = source.change(after)
    if change is not None:
        figures.append(("Accuracy", change.words, change.moved_words))
    for device in source.device_names():
        gained = speed(source.study, before.letter, after.letter, device)
        if gained is not None:
            figures.append((f"Faster on {device_title(source.study, device)}", gained.words, gained.note))
    return figures


def _named(source: Source, candidate: Candidate) -> Row:
    slot = markers(source.study).get(candidate.letter)
    return {
        "letter": candidate.letter,
        "title": candidate.title,
        "marker": svg.marker(slot),
        "lineage": " › ".join(source.study.lineage(candidate.letter)),
    }


def _summary(source: Source, candidate: Candidate) -> Row:
    totals, found = candidate.breakdown.totals(), candidate.evaluation
    return {
        **_named(source, candidate),
        "accuracy": words.percent(found.accuracy) if found else words.not_measured,
        "accuracy_note": f"{words.exact(found.correct)} of {words.exact(found.samples)}, {found.split}"
        if found
        else "",
        "change": _change_words(source.change(candidate)),
        "packed": words.megabytes(candidate.packed.packed_bytes) if candidate.packed else words.not_measured,
        "file": words.megabytes(candidate.file_bytes),
        "nonzero": words.three_digits(candidate.nonzero_params),
        "nonzero_share": words.percent(candidate.nonzero_params / totals.params)
        if candidate.nonzero_params is not None and totals.params
        else "",
        "macs": words.three_digits(totals.macs),
        "latency": [_latency(source.study, candidate, device) for device in source.device_names()],
    }


def _change_words(change: AccuracyChange | None) -> tuple[str, str]:
    return ("", "") if change is None else (change.words, change.moved_words)


def _latency(study: Study, candidate: Candidate, device: str) -> tuple[str, str]:
    profile, baseline = candidate.profiles.get(device), study.baseline
    if profile is None or not profile.latencies_ms:
        return words.not_measured, ""
    text = words.marked(words.milliseconds(profile.median_ms), "imported" if profile.imported else "measured")
    if not profile.complete:
        return f"{text}, {len(profile.latencies_ms)} of {profile.settings.runs} runs", ""
    gained = None
    if baseline is not None and baseline.letter != candidate.letter:
        gained = speed(study, baseline.letter, candidate.letter, device)
    return text, gained.words if gained is not None else ""


# ------------------------------------------------------------------------------ recipes


def _made(source: Source, candidate: Candidate) -> Row:
    return {
        **_named(source, candidate),
        "took": words.took(candidate.took_s) if candidate.took_s is not None else "",
        "seed": candidate.seed,
        "toml": recipe_text(candidate),
        "curve": _curve(candidate),
        "epochs": words.plural(len(candidate.training), "epoch"),
        "digest": candidate.digest,
        "reasons": [r for device in source.device_names() for r in no_faster(source.study, candidate.letter, device)],
    }


def recipe_text(candidate: Candidate) -> str:
    """The candidate's recipe as the TOML file that makes it again."""
    from compressors.recipe import Recipe, write
    from profiler.errors import BadInput

    try:
        return write(Recipe.from_plain(candidate.recipe, seed=candidate.seed))
    except BadInput as unknown:  # a step of a newer program, or a method that is gone
        return "".join(f"# {line}\n" for line in (str(unknown), *map(str, candidate.recipe)))


def _curve(candidate: Candidate) -> Markup | None:
    accuracies = [100 * row["validation"] for row in candidate.training if row.get("validation") is not None]
    if not accuracies:
        return None
    return svg.curve(accuracies, None, "Accuracy on the validation images by epoch, %")
