"""A sweep as two charts and a table: values and words, no widgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt

from app import words
from app.heavy import device_words, time_head
from app.sweep_story import Published, SweepRow, SweepStory, per_second
from app.ui.parts.marker import Look
from app.ui.parts.table import Cell, Column, Row
from app.ui.plots.curves_scene import STROKES, Chart, Curve, Mark, Refusal
from profiler.sweep import Sweep

BATCH = "images in one batch"
PUBLISHED = Look("o", None)


def threads_words(threads: int) -> str:
    return words.plural(threads, "thread")


def charts(story: SweepStory, look: Look, device: str, published: Sequence[Published]) -> tuple[Chart, Chart]:
    """Latency and throughput against the batch size: a curve for each number of threads, then what was published."""
    where = device_words(device)
    curves = (*_measured(story, look), *_published(published))
    refusals = tuple(Refusal(key_of(row), row.batch, title_of(row), row.refused) for row in story.rows if row.refused)
    return (
        Chart(curves, refusals, BATCH, f"ms a batch, {where}"),
        Chart(tuple(map(_throughput, curves)), refusals, BATCH, f"images/s, {where}"),
    )


def key_of(row: SweepRow) -> str:
    return f"{row.batch}/{row.threads}"


def title_of(row: SweepRow) -> str:
    return f"Batch {row.batch}, {threads_words(row.threads)}"


def _measured(story: SweepStory, look: Look) -> list[Curve]:
    return [
        Curve(threads_words(threads), tuple(_mark(row) for row in line), look, STROKES[place % len(STROKES)])
        for place, (threads, line) in enumerate(story.lines.items())
    ]


def _mark(row: SweepRow) -> Mark:
    lines = (
        ("median", words.milliseconds(row.ms)),
        ("p5 to p95", f"{words.milliseconds(row.p5_ms)} to {words.milliseconds(row.p95_ms)}"),
        ("an image", words.milliseconds(row.ms_per_image)),
        ("throughput", per_second(row.images_per_second)),
    )
    return Mark(key_of(row), row.batch, row.ms or 0.0, title_of(row), lines)


def _throughput(curve: Curve) -> Curve:
    """The same points as images a second: the batch ÷ its time."""
    return replace(curve, marks=tuple(replace(mark, y=1000 * mark.x / mark.y) for mark in curve.marks))


def _published(published: Sequence[Published]) -> tuple[Curve, ...]:
    """One dashed curve for each machine that was published."""
    return tuple(
        Curve(
            f"{name}, published",
            tuple(_published_mark(one) for one in sorted(published, key=lambda p: p.batch) if one.name == name),
            PUBLISHED,
            Qt.PenStyle.DotLine,
            "imported",
        )
        for name in dict.fromkeys(one.name for one in published)
    )


def _published_mark(one: Published) -> Mark:
    lines = (
        ("published", words.milliseconds(one.ms)),
        ("throughput", per_second(one.images_per_second)),
        ("peak", f"{words.exact(round(one.gflops))} GFLOPS"),
        ("how", one.what),
    )
    return Mark(_published_key(one), one.batch, one.ms, f"{one.title}, batch {one.batch}", lines)


def _published_key(one: Published) -> str:
    return f"{one.name}/{one.batch}"


def columns(device: str) -> list[Column]:
    return [
        Column("name", "Batch", left=True, width=150),
        Column("threads", "Threads", width=70),
        Column(
            "batch_ms", time_head(device), bar=True, width=110, unit="ms", tip="Of a whole batch: median of the runs"
        ),
        Column("image_ms", "An image", width=100, unit="ms", tip="The batch’s median ÷ the batch"),
        Column("rate", "Images/s", bar=True, width=100, tip="The batch ÷ its median time"),
        Column("gain", "Gain", width=80, tip="Images a second ÷ those of a batch of 1 with as many threads"),
        Column("note", "Note", left=True, width=160),
    ]


def table_rows(story: SweepStory, look: Look, published: Sequence[Published]) -> list[Row]:
    """Every point in the order it ran, then what was published."""
    return [*(_row(row, look) for row in story.rows), *(_published_row(one) for one in published)]


def _row(row: SweepRow, look: Look) -> Row:
    refused = f"refused: {row.refused}" if row.refused else ""
    spread = f"p5 {words.milliseconds(row.p5_ms)}, p95 {words.milliseconds(row.p95_ms)}" if row.ms is not None else ""
    rate = row.images_per_second
    cells = {
        "name": Cell(f"Batch {row.batch}", row.batch),
        "threads": Cell(str(row.threads), row.threads),
        "batch_ms": Cell(words.milliseconds(row.ms), row.ms, spread, "measured"),
        "image_ms": Cell(words.milliseconds(row.ms_per_image), row.ms_per_image, state="measured"),
        "rate": Cell(_rate(rate), rate, per_second(rate), "measured"),
        "gain": Cell("" if row.against_one is None else words.times(row.against_one), row.against_one),
        "note": Cell(refused, refused or None, refused, muted=True),
    }
    return Row(key_of(row), cells, look, muted=bool(row.refused))


def _rate(rate: float | None) -> str:
    return per_second(rate).removesuffix(" images/s")


def _published_row(one: Published) -> Row:
    source = f"{one.title}: {one.what}. {one.source}"

    def cell(text: str, value: float) -> Cell:
        return Cell(words.marked(text, "imported"), value, source, "imported")

    cells = {
        "name": Cell(f"Batch {one.batch}, {one.name}", one.batch, source),
        "threads": Cell(words.does_not_apply),
        "batch_ms": cell(words.milliseconds(one.ms), one.ms),
        "image_ms": cell(words.milliseconds(one.ms / one.batch), one.ms / one.batch),
        "rate": cell(_rate(one.images_per_second), one.images_per_second),
        "gain": Cell(words.does_not_apply),
        "note": Cell(f"{one.network}, published", f"{one.network}, published", source, muted=True),
    }
    return Row(_published_key(one), cells, PUBLISHED, "imported", muted=True)


def tick_words(value: float) -> str:
    """1,000 · 30 · 0.5."""
    return words.exact(round(value)) if value >= 10 else f"{value:g}"


def sweep_line(sweep: Sweep) -> tuple[str, str]:
    """When, and which batches: one line of the list."""
    return words.moment(sweep.at).removesuffix(" UTC"), _span(sweep)


def _span(sweep: Sweep) -> str:
    """1 to 64."""
    batches = sorted({point.batch for point in sweep.points})
    return f"{batches[0]} to {batches[-1]}" if len(batches) > 1 else str(batches[0]) if batches else "none"


def sweep_title(sweep: Sweep) -> str:
    """Batch 1 to 64, 1 and 4 threads."""
    threads = sorted({point.threads for point in sweep.points})
    many = "thread" if threads == [1] else "threads"
    return f"Batch {_span(sweep)}, {words.listed(map(str, threads))} {many}"


def how_words(sweep: Sweep) -> str:
    """onnxruntime 1.20.1 fp32, 50 runs each after 10 · 2026-01-02 03:04 UTC."""
    how = sweep.settings
    engine = " ".join(part for part in (how.engine, sweep.device.engines.get(how.engine, ""), how.precision) if part)
    cut = "" if sweep.complete else " · interrupted, what was measured is kept"
    return f"{engine}, {words.plural(how.runs, 'run')} each after {how.warmup} · {words.moment(sweep.at)}{cut}"


def warning_words(sweep: Sweep, story: SweepStory) -> str:
    """What the machine had to say of the run, then what could not be measured."""
    return " ".join((*sweep.load.warnings, refused_words(story))).strip()


def refused_words(story: SweepStory) -> str:
    """What could not be measured, and why: one sentence for each reason."""
    reasons: dict[str, list[str]] = {}
    for row in story.rows:
        if row.refused:
            reasons.setdefault(row.refused, []).append(title_of(row))
    return " ".join(f"{'; '.join(names)}: {_sentence(why)}" for why, names in reasons.items())


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
