"""The report's parts about the road to a board: sweeps, and the same candidate on several devices."""

from __future__ import annotations

from typing import Any

from app import words
from app.battery import battery
from app.board_story import BoardRow, board_rows, sources_told
from app.facts import BatteryChosen, Swept
from app.markers import markers
from app.report import svg
from app.report.traces import Curve, over_batches
from app.study import Candidate, Study
from app.sweep_story import Published, SweepStory, is_same_network, per_second, published, sweep_story
from profiler.errors import BadInput
from profiler.measurement import Profile

Row = dict[str, Any]
NOT_KNOWN = "not known"


def sweeps(study: Study) -> list[Row]:
    """Every sweep of a shown candidate, the newest first."""
    shown = {candidate.letter for candidate in study.shown()}
    return [_sweep(study, fact) for fact in reversed(study.sweeps) if fact.letter in shown]


def _sweep(study: Study, fact: Swept) -> Row:
    candidate, sweep, story = study.candidates[fact.letter], fact.sweep, sweep_story(fact.sweep)
    references = [each for each in published() if is_same_network(candidate, each)]
    return {
        "letter": candidate.letter,
        "title": candidate.title,
        "marker": svg.marker(markers(study).get(candidate.letter)),
        "device": words.device(fact.device, sweep.device.model),
        "at": words.moment(sweep.at),
        "how": f"{sweep.settings.engine} {sweep.settings.precision}, {words.plural(sweep.settings.runs, 'run')} each",
        "complete": sweep.complete,
        "warnings": list(sweep.load.warnings),
        "words": story.words,
        "latency": over_batches(_curves(story, references, "ms"), "Milliseconds a batch"),
        "throughput": over_batches(_curves(story, references, "images_per_second"), "Images a second"),
        "rows": [
            (
                row.batch,
                row.threads,
                words.milliseconds(row.ms) if row.ms is not None else "",
                words.milliseconds(row.ms_per_image) if row.ms_per_image is not None else "",
                per_second(row.images_per_second) if row.images_per_second is not None else row.refused,
                words.times(row.against_one) if row.against_one is not None else "",
            )
            for row in story.rows
        ],
        "published": [
            (each.title, each.batch, words.milliseconds(each.ms), per_second(each.images_per_second), each.source)
            for each in references
        ],
    }


def _curves(story: SweepStory, references: list[Published], value: str) -> list[Curve]:
    lines = [
        Curve(words.plural(threads, "thread"), tuple((row.batch, getattr(row, value)) for row in rows))
        for threads, rows in story.lines.items()
    ]
    return [*lines, *(Curve(each.title, ((each.batch, getattr(each, value)),), published=True) for each in references)]


# ------------------------------------------------------------------------ boards compared


def boards(study: Study) -> list[Row]:
    """A table for each shown candidate that ran on more than one device."""
    return [_boards(study, candidate) for candidate in study.shown() if len(candidate.profiles) > 1]


def _boards(study: Study, candidate: Candidate) -> Row:
    rows = board_rows(study, candidate.letter)
    return {
        "letter": candidate.letter,
        "title": candidate.title,
        "marker": svg.marker(markers(study).get(candidate.letter)),
        "rows": [_board(row) for row in rows],
        "sources": sources_told(rows),
    }


def _board(row: BoardRow) -> Row:
    state = "imported" if row.imported else "measured"
    return {
        "device": row.title,
        "how": f"{row.engine} {row.precision}, batch {row.batch}" + ("" if row.complete else ", interrupted"),
        "latency": words.marked(words.milliseconds(row.median_ms), state) if row.median_ms else words.not_measured,
        "imported": row.imported,
        "fps": _figure(row.fps, words.not_measured),
        "per_dollar": _figure(row.fps_per_dollar),
        "per_watt": _figure(row.fps_per_watt, words.not_measured),
        "watts": _figure(row.watts, words.not_measured),
        "energy": words.millijoules(row.energy_mj),
        "price": f"${row.price_usd:,.0f}" if row.price_usd is not None else NOT_KNOWN,
        "peak": words.exact(round(row.peak_gflops)) if row.peak_gflops is not None else NOT_KNOWN,
        "bandwidth": _figure(row.bandwidth_gbs),
        "efficiency": words.percent(row.efficiency) if row.efficiency is not None else NOT_KNOWN,
    }


def _figure(value: float | None, none: str = NOT_KNOWN) -> str:
    return none if value is None else words.significant(value)


# -------------------------------------------------------------------------------- battery


def battery_words(profile: Profile, chosen: BatteryChosen | None) -> tuple[str, str] | None:
    """How long the study's battery lasts, and the arithmetic; None where there is no battery or no energy."""
    if chosen is None or chosen.watt_hours is None:
        return None
    try:
        found = battery(profile, chosen.watt_hours, chosen.per_hour)
    except BadInput as misfit:
        return str(misfit), ""
    if found is None:
        return None
    often = f"{words.exact(round(found.per_hour))} inferences an hour"
    lasts = f"{words.significant(found.hours)} h, {words.three_digits(found.inferences)} inferences"
    return f"{lasts} on {words.significant(found.watt_hours)} Wh at {often}", found.formula
