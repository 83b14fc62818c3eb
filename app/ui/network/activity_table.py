"""The lecture's table: of each layer what is not zero, what is left, and what is really needed."""

from __future__ import annotations

from app import words
from app.activity_story import HEADS, MEANING, ActivityRow, activity_rows, share_words
from app.ui.parts.table import Cell, Column, Row
from profiler.activity import Activity
from profiler.breakdown import CONVENTION_NAMES, Breakdown, Convention, operations

KEYS = ("act", "weights", "flops")
BEHIND = ("act", "flops")  # what another candidate is compared by


def columns(convention: Convention, other: str = "") -> list[Column]:
    """`other`: the letter of a candidate whose activity is known too."""
    name = CONVENTION_NAMES[convention]
    shown = [
        Column("name", "Layer", left=True, width=130),
        Column("ops", name, width=84, tip=f"Operations of one image, counted as {name}"),
    ]
    for key, head in zip(KEYS, HEADS, strict=True):
        shown.append(Column(key, head, bar=True, width=92, unit="%", tip=MEANING[head]))
        if other and key in BEHIND:
            tip = f"{other}’s; the bar behind"
            shown.append(Column(f"{key} other", f"{head}, {other}", width=84, unit="%", tip=tip))
    needed = f"FLOP% of the {name}" + (", and every addition of the bias" if convention == "ops" else "")
    shown.append(Column("needed", f"{name} needed", bar=True, width=112, tip=needed))
    return shown


def rows(found: Activity, breakdown: Breakdown, convention: Convention, other: Activity | None) -> list[Row]:
    before = {row.layer: row for row in activity_rows(other)} if other is not None else {}
    return [_row(row, breakdown, convention, before.get(row.layer)) for row in activity_rows(found)]


def total(found: Activity, breakdown: Breakdown, convention: Convention, other: Activity | None) -> Row:
    """Over all of them; a sum of what is known."""
    listed = activity_rows(found)
    whole = [counted(row, breakdown, convention) for row in listed]
    needed = [counted(row, breakdown, convention, needed=True) for row in listed]
    cells = {
        "name": Cell("Total", "Total", strong=True),
        "ops": _count(_sum(whole), strong=True),
        "needed": _count(_sum(needed), strong=True),
        **{key: _share(getattr(found, key), strong=True) for key in KEYS},
    }
    if other is not None:
        cells |= {f"{key} other": _share(getattr(other, key)) for key in BEHIND}
    return Row("", cells)


def _row(row: ActivityRow, breakdown: Breakdown, convention: Convention, other: ActivityRow | None) -> Row:
    cells = {
        "name": Cell(row.layer, row.layer, tip=f"{row.layer}: {row.op}"),
        "ops": _count(counted(row, breakdown, convention)),
        "needed": _count(counted(row, breakdown, convention, needed=True)),
    }
    tips = {"act": _of_values(row), "flops": row.flops_words}
    for key in KEYS:
        behind = getattr(other, key) if other is not None and key in BEHIND else None
        cells[key] = _share(getattr(row, key), tips.get(key, ""), behind)
        if key in BEHIND:
            cells[f"{key} other"] = _share(behind) if other is not None else Cell(words.does_not_apply, muted=True)
    return Row(row.layer, cells, row.kind)


def counted(row: ActivityRow, breakdown: Breakdown, convention: Convention, *, needed: bool = False) -> float | None:
    """A layer's operations, all or only those needed, in a convention. A bias is always added."""
    layer = breakdown.layer(row.layer)
    macs = row.needed_macs if needed else row.macs
    if macs is None or layer is None:
        return None
    return operations(round(macs), layer.bias_adds, convention)


def _of_values(row: ActivityRow) -> str:
    return f"of {words.exact(row.values)} values for one image" if row.values is not None else ""


def _share(share: float | None, tip: str = "", behind: float | None = None, *, strong: bool = False) -> Cell:
    percent = None if share is None else 100 * share
    return Cell(
        share_words(share), percent, tip, "measured", muted=share is None, strong=strong,
        behind=None if behind is None else 100 * behind,
    )  # fmt: skip


def _count(value: float | None, *, strong: bool = False) -> Cell:
    if value is None:
        return Cell("not known", None, muted=True)
    digits = 4 if strong else 3
    return Cell(words.three_digits(value, digits=digits), value, words.exact(round(value)), strong=strong)


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
