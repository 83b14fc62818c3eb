"""What the Compress page says: the checks before a run, the predicted effect, and how the learning goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app import words
from app.axes import Figure, figure
from app.effects import What
from app.fitting import strangers
from app.heavy import device_words
from app.predict import Predicted, predict
from app.study import Candidate, Study
from app.ui.checks import Check
from app.ui.effect_card import Effect, Remark
from app.words import State
from compressors.recipe import Recipe, problems
from profiler.errors import BadInput

if TYPE_CHECKING:
    from app.workbench import JobView
    from profiler.histogram import WeightHistogram

Steps = Sequence[Mapping[str, Any]]
FIT = "Leave out"
NOT_PREDICTED = "not predicted"
NO_FASTER = "No faster, because "


def problems_of(source: Candidate, study: Study, steps: Steps) -> list[str]:
    """Why the recipe cannot run, as sentences."""
    try:
        recipe = Recipe.from_plain(steps)
    except BadInput as error:
        return [str(error)]
    return [said for _, said in problems(recipe, source.breakdown, study.data is not None)]


def checks_of(source: Candidate, study: Study, steps: Steps, problems: Sequence[str]) -> list[Check]:
    """What was checked, and what came of it."""
    asks = "Use digits" if study.data is None else ""
    found = [Check(said, "bad", asks if "data" in said else "") for said in problems]
    if missing := strangers(steps, source.breakdown):
        names = words.plural(len(missing), "layer")
        found.append(
            Check(f"{names} named here {'is' if len(missing) == 1 else 'are'} in another network", "warn", FIT)
        )
    if not any("layer" in said for said in problems):
        found.insert(0, Check(f"all layers found in {source.letter}"))
    return [*found, *_data(study, problems), *_zeros(steps)]


def _data(study: Study, problems: Sequence[str]) -> list[Check]:
    if study.data is not None:
        classes = words.plural(len(study.data.classes), "class", "classes")
        return [Check(f"data: {study.data.title}, {classes}")]
    if any("data" in said for said in problems):
        return []
    return [Check("no data set, so accuracy is not measured", "muted")]


def _zeros(steps: Steps) -> list[Check]:
    prunes = any(s["method"] == "magnitude_pruning" and s.get("enabled", True) for s in steps)
    return [Check("zeros make the file smaller, not the network faster", "muted")] if prunes else []


def foresee(
    source: Candidate,
    histograms: Mapping[str, WeightHistogram],
    steps: Steps,
    device: str,
    index_bits: Mapping[str, float] | None = None,
) -> Predicted | BadInput | None:
    """What the steps will do; the error of a step that can't be used; None without steps."""
    try:
        return predict(source, steps, histograms, device, index_bits) if steps else None
    except BadInput as error:
        return error


def effects_of(source: Candidate, found: Predicted | BadInput | None, device: str) -> tuple[list[Effect], list[Remark]]:
    """The right card: four figures against the candidate the recipe starts from, and what is to be said of them."""
    if found is None:
        return [], [Remark("Nothing to predict yet", "What a step will do is shown here before it runs.")]
    if isinstance(found, BadInput):
        return [], [Remark("Nothing can be predicted.", str(found), "warning")]
    return _effects_of(source, found, device), _remarks(source, found)


def _effects_of(source: Candidate, found: Predicted, device: str) -> list[Effect]:
    return [
        _size(source, found),
        _parameters(source, found),
        _operations(source, found),
        _latency(source, found, device),
    ]


def _size(source: Candidate, found: Predicted) -> Effect:
    before = figure(source, "size")
    if "size" in found.why:
        return _unforeseen("Size on disk", found, "size", _before(_megabytes(before), ""))
    text, unit = _parted(_megabytes(found.size_mb), found)
    smaller = "" if not found.size_mb or not before else f"{words.times(before.value / found.size_mb.value)} smaller"
    gain = before is not None and found.size_mb is not None and before.value > found.size_mb.value
    return Effect(
        "Size on disk",
        text,
        unit,
        _before(_megabytes(before), unit),
        _share(found.size_mb, before),
        _state(found.size_mb),
        f"{smaller}, packed as .nbz" if gain else "packed as .nbz",
        "good" if gain else "muted",
        "Worked out with the packer’s own formula from the weights that stay. Packing measures it.",
    )


def _parameters(source: Candidate, found: Predicted) -> Effect:
    total = source.breakdown.totals().params
    now = found.nonzero_params
    if "nonzero" in found.why:
        return _unforeseen("Parameters that stay", found, "nonzero", _before(words.three_digits(total, digits=4), ""))
    text, unit = _parted(None if now is None else words.three_digits(now.value), found, _state(now))
    counted = now is None or now.state == "counted"
    return Effect(
        "Parameters that stay",
        text,
        unit,
        _before(words.three_digits(total, digits=4), unit),
        None if now is None or not total else now.value / total,
        _state(now),
        ""
        if now is None
        else "counted: weights that are not zero"
        if counted
        else "predicted: weights move in training",
        tip="" if now is None else f"{words.exact(round(now.value))} of {words.exact(total)}",
    )


def _operations(source: Candidate, found: Predicted) -> Effect:
    before = source.breakdown.totals().macs
    if found.macs is None:
        return _unforeseen("Operations", found, "macs", _before(words.three_digits(before, digits=4), ""))
    counted = found.macs.state == "counted"
    text, unit = _parted(words.three_digits(found.macs.value, digits=4), found, found.macs.state)
    return Effect(
        "Operations",
        text,
        f"{unit} MACs".strip(),
        _before(words.three_digits(before, digits=4), unit),
        found.macs.value / before if before else None,
        found.macs.state,
        "counted: MACs of a dense runtime" if counted else "the target of the step",
        tip=f"{words.exact(round(found.macs.value))} MACs",
    )


def _latency(source: Candidate, found: Predicted, device: str) -> Effect:
    before = figure(source, "latency", device)
    title = f"Latency {device_words(device)}"
    if "latency" in found.why:
        was = "" if before is None else _before(words.milliseconds(before.value), "")
        return _unforeseen(title, found, "latency", was)
    if found.latency_ms is None or before is None:
        return Effect(title, words.not_measured, note=found.reason)
    text, unit = _parted(words.milliseconds(found.latency_ms.value), found)
    was, share = _before(words.milliseconds(before.value), unit), _share(found.latency_ms, before)
    slow = found.reason.startswith(NO_FASTER)
    note, tone = ("no faster, because…", "warn") if slow else (found.reason, "muted")
    return Effect(title, text, unit, was, share, "predicted", note, tone)


def _unforeseen(title: str, found: Predicted, what: What, before: str) -> Effect:
    """A figure that a step leaves open: it says so, and why."""
    return Effect(title, NOT_PREDICTED, before=before, note=found.why[what])


def _remarks(source: Candidate, found: Predicted) -> list[Remark]:
    """Why it is no faster, and that accuracy is not predicted."""
    remarks = [Remark("No accuracy predicted yet", "Running the recipe measures it.")]
    if found.latency_ms is not None and found.reason.startswith(NO_FASTER):
        remarks.append(Remark("No faster, because…", _sentence(found.reason.removeprefix(NO_FASTER)), "warning"))
    if found.missing:
        names = words.plural(len(found.missing), "layer")
        remarks.insert(0, Remark("Reading the weights…", f"{names} of {source.letter} left to read."))
    return remarks


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _megabytes(size: Figure | None) -> str | None:
    return None if size is None else words.megabytes(1e6 * size.value)


def _parted(text: str | None, found: Predicted, state: State = "predicted") -> tuple[str, str]:
    """A figure and its unit apart: `≈ 6.9` and `MB`. Not known yet while weights are being read."""
    if text is None:
        return ("reading…", "") if found.missing else (words.not_measured, "")
    number, _, unit = words.marked(text, state).rpartition(" ")
    return (number, unit) if number and not unit[0].isdigit() else (words.marked(text, state), "")


def _before(text: str | None, unit: str) -> str:
    """`from 243.9`; with its unit where that is another than the figure's."""
    return "" if text is None else f"from {text.removesuffix(f' {unit}') if unit else text}"


def _state(value: Figure | None) -> State:
    return "predicted" if value is None else value.state


def _share(now: Figure | None, before: Figure | None) -> float | None:
    return None if now is None or before is None or not before.value else now.value / before.value


# ------------------------------------------------------------------------------ while it runs


def learning_words(view: JobView) -> str:
    """`epoch 3 of 8 · loss 0.412 · about 2 min left`, and how it ended."""
    if view.state == "failed":
        return "It failed."
    if view.state == "cancelled":
        return "Cancelled. What is measured stays."
    if view.state == "done":
        return f"{view.letter} is ready"
    if view.state == "waiting":
        return "Waiting for the job before it."
    if view.state == "stopping" or view.progress is None:
        return "Stopping…" if view.state == "stopping" else "Starting…"
    parts = [view.progress.text]
    if "loss" in view.progress.figures:
        parts.append(f"loss {words.significant(view.progress.figures['loss'])}")
    if view.seconds_left is not None:
        parts.append(f"{words.duration(view.seconds_left)} left")
    return "  ·  ".join(part for part in parts if part)
