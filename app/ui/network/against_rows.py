"""Two candidates' layers as rows of one table: the shown one's figures, the other's behind them, and the change."""

from __future__ import annotations

from app import words
from app.difference_story import Column as Metric
from app.difference_story import DifferenceRow, DifferenceStory, Figure, Side, change_words, side_by_side, value_words
from app.heavy import operator_words, time_head
from app.study import Candidate
from app.ui.parts.table import Cell, Column, Row
from profiler.breakdown import CONVENTION_NAMES, KIND_NAMES, Convention

GONE = "gone:"  # before the key of a layer that the shown candidate has not
STATUS = {"same": "same", "changed": "changed", "added": "new", "removed": "gone"}


def story(shown: Candidate, other: Candidate, convention: Convention, device: str) -> DifferenceStory:
    """What became of `other` in `shown`."""
    return side_by_side(_side(other, device), _side(shown, device), convention)


def _side(one: Candidate, device: str) -> Side:
    known = one.layer_nonzero if one.nonzero_params is not None else None
    return Side(one.breakdown, known, one.profiles.get(device), one.nonzero_params)


def _metrics(found: DifferenceStory, convention: Convention, device: str) -> list[tuple[Metric, str, int]]:
    """Metric, the head of its column, and the width; only those of which something is known on both sides."""
    heads: list[tuple[Metric, str, int]] = [
        ("params", "Parameters", 88),
        ("nonzero", "Not zero", 80),
        ("operations", CONVENTION_NAMES[convention], 88),
        ("activation_bytes", "Activation", 84),
        ("ms", time_head(device), 88),
    ]
    totals = found.totals
    zeros = totals["nonzero"].change is not None and totals["nonzero"].change != totals["params"].change
    there = {"params", "operations", *(["nonzero"] if zeros else [])}
    if _changes(found, "activation_bytes"):
        there.add("activation_bytes")
    if totals["ms"].change is not None:
        there.add("ms")
    return [head for head in heads if head[0] in there]


def columns(found: DifferenceStory, other: str, device: str) -> list[Column]:
    shown = [
        Column("name", "Layer", left=True, width=112),
        Column("status", f"Against {other}", left=True, width=76),
        Column("op", "Operator", left=True, width=116),
    ]
    for metric, head, width in _metrics(found, found.convention, device):
        shown.append(Column(metric, head, bar=True, width=width, tip=f"The bar behind is {other}’s"))
        if _changes(found, metric):
            shown.append(Column(f"{metric} change", "Change", width=78, tip=f"{head}, against {other}"))
    return shown


def _changes(found: DifferenceStory, metric: Metric) -> bool:
    """What is the same in every layer needs no column to say so."""
    return any(row.figures[metric].change for row in found.rows)


def rows(found: DifferenceStory, device: str) -> list[Row]:
    return [_row(row, [metric for metric, _, _ in _metrics(found, found.convention, device)]) for row in found.rows]


def _row(row: DifferenceRow, metrics: list[Metric]) -> Row:
    layer, gone = row.pair.layer, row.pair.b is None
    cells = {
        "name": Cell(row.name, row.name, tip=f"{row.name}: {KIND_NAMES[row.kind]}, {row.shape_words}"),
        "status": Cell(STATUS[row.status], STATUS[row.status], _why(row), muted=row.status == "same"),
        "op": Cell(operator_words(layer), tip=layer.op, muted=True),
    }
    for metric in metrics:
        cells |= _cells(metric, row.figures[metric])
    return Row(f"{GONE}{layer.name}" if gone else layer.name, cells, row.kind, muted=gone or row.status == "same")


def _why(row: DifferenceRow) -> str:
    """conv1: 96×3×11×11 → 64×3×11×11, matched by its structure."""
    if row.pair.a is None or row.pair.b is None:
        return row.shape_words
    return f"{row.shape_words}\nMatched by {row.pair.by}"


def _cells(metric: Metric, figure: Figure) -> dict[str, Cell]:
    own, before = figure.after, figure.before
    nothing = words.does_not_apply if before is not None or metric == "ms" else "not known"
    text = value_words(metric, own) if own is not None else nothing
    tip = f"{value_words(metric, before)} before" if before is not None else ""
    state = "measured" if metric == "ms" else "counted"
    change = change_words(metric, figure)
    if change == words.does_not_apply:
        change = ""
    return {
        metric: Cell(text, own, tip, state, behind=before),
        f"{metric} change": Cell(change, figure.change, muted=change == "same"),
    }


def total(found: DifferenceStory, device: str) -> Row:
    cells = {"name": Cell("Total", "Total", strong=True)}
    for metric, _, _ in _metrics(found, found.convention, device):
        figure = found.totals[metric]
        counted = metric in ("params", "nonzero", "operations") and figure.after is not None
        text = words.three_digits(figure.after, digits=4) if counted else value_words(metric, figure.after)
        cells[metric] = Cell(text, figure.after, strong=True)
        cells[f"{metric} change"] = Cell(change_words(metric, figure), figure.change, strong=True)
    return Row("", cells)
