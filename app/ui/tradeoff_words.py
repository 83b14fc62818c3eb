"""What the Trade-off page draws and says: the plot's scene, the table, and one candidate against the baseline."""

from __future__ import annotations

from dataclasses import dataclass

from app import words
from app.against import accuracy_change, speed
from app.axes import AXES, Axis, AxisKey, Figure, figure
from app.facts import Goal
from app.heavy import device_words, time_head
from app.study import Candidate, Study
from app.tradeoff import best, front, meets, points, staircase, without
from app.ui.parts.marker import looks
from app.ui.parts.table import Cell, Column, Row
from app.ui.plots.scatter_scene import Dot, Scale, Scene
from profiler.breakdown import CONVENTION_NAMES, Convention, operations

COLUMNS: tuple[AxisKey, ...] = ("accuracy", "latency", "size", "nonzero_params", "energy")


# ------------------------------------------------------------------------------ the plot


def scene(study: Study, up: AxisKey, across: AxisKey, device: str, selected: str) -> Scene:
    """Points, staircase and limits, in the axes' shown units."""
    found = points(study, up, across, device)
    x, y, look = AXES[across], AXES[up], looks(study)
    kept = best(study)
    dots = tuple(
        Dot(
            letter=p.letter,
            title=p.title,
            x=p.x.value * x.shown,
            y=p.y.value * y.shown,
            look=look[p.letter],
            hollow=not p.solid,
            named=look[p.letter].slot is not None or p.letter == selected,
            lines=_lines(study.candidates[p.letter], device),
        )
        for p in found
    )
    stairs = tuple((a * x.shown, b * y.shown) for a, b in staircase(front(found, up, across)))
    return Scene(
        dots, stairs, _scale(study, x, device), _scale(study, y, device), selected, kept.letter if kept else ""
    )


def _lines(candidate: Candidate, device: str) -> tuple[tuple[str, str], ...]:
    """Every figure that is known, for the hover card."""
    shown = ((axis, figure(candidate, key, device)) for key, axis in AXES.items())
    return tuple((axis.label, written(axis, found)) for axis, found in shown if found is not None)


def written(axis: Axis, found: Figure | None) -> str:
    return words.not_measured if found is None else words.marked(axis.write(found.value), found.state)


def _scale(study: Study, axis: Axis, device: str) -> Scale:
    return Scale(
        title=axis_title(study, axis, device),
        write=lambda value: axis.write(value / axis.shown),
        tick=lambda value: _tick(axis, value),
        less_is_better=axis.better == "less",
        limit=limit_of(study.goal, axis, device),
    )


def _tick(axis: Axis, value: float) -> str:
    """The number alone, its unit stands in the title; counts have their prefix."""
    if axis.shown_unit in ("%", "ms", "MB", "mJ"):
        return f"{value:g}".replace("-", words.MINUS)
    return words.three_digits(round(value))


def axis_title(study: Study, axis: Axis, device: str) -> str:
    """`Latency here, ms, median of 50`; `Top-1 accuracy on digits, %`."""
    if axis.key == "accuracy":
        data = f" on {study.data.title}" if study.data is not None and study.data.title else ""
        return f"Top-1 accuracy{data}, %"
    place = f" {device_words(device)}" if axis.of_device else ""
    unit = f", {axis.shown_unit}" if axis.shown_unit and axis.shown_unit != axis.label else ""
    runs = {len(c.profiles[device].latencies_ms) for c in study.shown() if device in c.profiles}
    median = f", median of {runs.pop()}" if axis.key == "latency" and len(runs) == 1 else ""
    return f"{axis.label}{place}{unit}{median}"


def limit_of(goal: Goal | None, axis: Axis, device: str) -> float | None:
    """The goal's limit in the axis's shown unit; a limit of another device is none here."""
    if goal is None or axis.limit is None or (axis.of_device and goal.device != device):
        return None
    value = getattr(goal, axis.limit)
    return None if value is None else value * axis.shown


def counted(study: Study, up: AxisKey, across: AxisKey, device: str) -> str:
    """`5 measured, 1 predicted`, over the plot."""
    found = points(study, up, across, device)
    solid = sum(p.solid for p in found)
    parts = [f"{solid} measured"] + ([f"{len(found) - solid} not yet measured"] if solid < len(found) else [])
    return ", ".join(parts)


def lacking(study: Study, up: AxisKey, across: AxisKey, device: str) -> list[tuple[str, str]]:
    """(letter, `D + prune 70 %: accuracy not measured`) of those that cannot be plotted."""
    return [(k.letter, f"{k.letter}  {k.title}: {k.sentence}") for k in without(study, up, across, device)]


# ------------------------------------------------------------------------------ the table


def columns(study: Study, device: str, convention: Convention) -> list[Column]:
    """Energy has a column once it was measured anywhere."""
    heads = {"latency": time_head(device).replace("Time", "Latency"), "nonzero_params": "Not zero"}
    shown = [Column("name", "Candidate", left=True, width=170)]
    for key in COLUMNS:
        axis = AXES[key]
        if key == "energy" and all(figure(c, key, device) is None for c in study.shown()):
            continue
        bar = key != "accuracy"
        shown.append(Column(key, heads.get(key, axis.label), bar=bar, width=96, unit=axis.unit, tip=axis.label))
    name = CONVENTION_NAMES[convention]
    shown.insert(-1 if shown[-1].key == "energy" else len(shown), Column("ops", name, bar=True, width=92))
    return shown


def rows(study: Study, device: str, convention: Convention) -> list[Row]:
    look = looks(study)
    return [
        Row(c.letter, _cells(c, study.goal, device, convention), look[c.letter], _state(c, device))
        for c in study.shown()
    ]


def _state(candidate: Candidate, device: str):
    known = figure(candidate, "accuracy", device) and figure(candidate, "latency", device)
    return "measured" if known else "predicted"


def _cells(candidate: Candidate, goal: Goal | None, device: str, convention: Convention) -> dict[str, Cell]:
    ok = {check.key: check.ok for check in meets(candidate, goal, device)} if goal is not None else {}
    cells = {"name": Cell(f"{candidate.letter}  {candidate.title}", candidate.letter, tip=candidate.title)}
    for key in COLUMNS:
        found = figure(candidate, key, device)
        cells[key] = (
            Cell(words.not_measured, None, muted=True)
            if found is None
            else Cell(
                written(AXES[key], found),
                found.value,
                state=found.state,
                muted=found.state == "predicted",
                glyph={True: "check", False: "x"}.get(ok.get(key), ""),  # type: ignore[arg-type]
            )
        )
    totals = candidate.breakdown.totals()
    ops = operations(totals.macs, totals.bias_adds, convention)
    cells["ops"] = Cell(words.three_digits(ops), ops, f"{words.exact(ops)} {CONVENTION_NAMES[convention]}")
    return cells


# ------------------------------------------------------------------------------ the detail


@dataclass(frozen=True)
class Versus:
    """One figure of a candidate, and how it stands against the baseline: `gain` in words, `note` under it."""

    title: str
    text: str
    unit: str
    gain: str
    note: str
    good: bool = False


def versus(study: Study, letter: str, device: str) -> list[Versus]:
    """Accuracy, latency, size and what stays, against the baseline. The baseline itself has figures only."""
    base, candidate = study.baseline, study.candidates[letter]
    assert base is not None
    against = base if base.letter != letter else None
    return [
        _accuracy(candidate, against),
        _latency(study, candidate, against, device),
        _times(candidate, against, "size", _size_note(candidate)),
        _times(candidate, against, "nonzero_params", "weights and biases that are not zero"),
    ]


def _size_note(candidate: Candidate) -> str:
    if candidate.parent is None:
        return "the file as it came"
    return ".nbz, every byte counted" if candidate.packed else ""


def _parted(text: str) -> tuple[str, str]:
    if text == words.not_measured:
        return text, ""
    number, _, unit = text.rpartition(" ")
    return (number, unit) if number else (text, "")


def _accuracy(candidate: Candidate, base: Candidate | None) -> Versus:
    text, unit = _parted(written(AXES["accuracy"], figure(candidate, "accuracy")))
    change = accuracy_change(base.evaluation, candidate.evaluation) if base else None
    if change is None:
        images = candidate.evaluation.samples if candidate.evaluation else 0
        return Versus("Accuracy", text, unit, "", words.plural(images, "image") if images else "")
    note = f"{words.plural(change.samples, 'image')}, ± {100 * change.error:.1f} pt"
    return Versus("Accuracy", text, unit, words.points(change.delta), note)


def _latency(study: Study, candidate: Candidate, base: Candidate | None, device: str) -> Versus:
    title = f"Latency {device_words(device)}"
    text, unit = _parted(written(AXES["latency"], figure(candidate, "latency", device)))
    gained = speed(study, base.letter, candidate.letter, device) if base else None
    if gained is None:
        return Versus(title, text, unit, "", "")
    note = (
        gained.note
        if gained.ratio is None
        else f"{words.significant(gained.ratio.low)} to " + (f"{words.significant(gained.ratio.high)}, interleaved")
    )
    return Versus(title, text, unit, gained.words, note, gained.verdict == "faster")


def _times(candidate: Candidate, base: Candidate | None, key: AxisKey, note: str) -> Versus:
    axis = AXES[key]
    now, then = figure(candidate, key), figure(base, key) if base else None
    text, unit = _parted(written(axis, now))
    if now is None or then is None or not now.value:
        return Versus(axis.label, text, unit, "", note)
    return Versus(axis.label, text, unit, words.times(then.value / now.value), note, then.value > now.value)


def misses(study: Study, letter: str) -> list[str]:
    """`Latency is 1.2 ms too high`: where the candidate misses the goal."""
    if study.goal is None:
        return []
    return [_sentence(check.miss_words) for check in meets(study.candidates[letter], study.goal) if check.miss]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def recipe_lines(candidate: Candidate) -> list[tuple[str, str]]:
    """(title, settings in a few words) of each step that made it."""
    from compressors.recipe import Recipe
    from profiler.errors import BadInput

    try:
        recipe = Recipe.from_plain(candidate.recipe)
    except BadInput:
        return [(str(step.get("method", "")), "") for step in candidate.recipe]
    return [(step.title, step.summary()) for _, step in recipe.enabled()]
