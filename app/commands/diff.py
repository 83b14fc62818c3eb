"""Two networks layer by layer: what is the same, what changed, what came and what went."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from app import words
from app.answers import Answer
from app.commands.networks import input_shapes
from app.commands.say import Say
from app.difference_story import (
    COLUMNS,
    Column,
    DifferenceRow,
    DifferenceStory,
    Figure,
    Side,
    change_words,
    side_by_side,
    value_words,
)
from profiler.breakdown import CONVENTION_NAMES, breakdown

if TYPE_CHECKING:
    from profiler.network import Network

SHOWN: tuple[Column, ...] = ("params", "nonzero", "operations", "weight_bytes", "activation_bytes")


def diff(args: Namespace, say: Say) -> None:
    """Align two networks and show the change of every metric."""
    from profiler import formats

    shapes = input_shapes(args.input)
    names = (args.first, args.network)
    networks = [formats.read(name, input_shapes=shapes, architecture=args.architecture) for name in names]
    sides = [_side(name, network) for name, network in zip(names, networks, strict=True)]
    story = side_by_side(sides[0], sides[1], args.convention)
    say.answer(answer(story))
    _say(story, names, args.all, say)


def _side(name: str, network: Network) -> Side:
    """With the weights that are not zero counted, but for a built-in network: its random weights say nothing."""
    from app.networks import is_random, nonzero

    return Side(breakdown(network), None if is_random(name) else nonzero(network)[1])


def answer(story: DifferenceStory) -> Answer:
    return {
        "a": story.found.a,
        "b": story.found.b,
        "convention": story.convention,
        "same": story.counts["same"],
        "changed": story.counts["changed"],
        "added": story.counts["added"],
        "removed": story.counts["removed"],
        "totals": _figures(story.totals),
        "layers": [
            {
                "status": row.status,
                "by": row.pair.by,
                "group": row.pair.group or None,
                "a": row.pair.a.name if row.pair.a else None,
                "b": row.pair.b.name if row.pair.b else None,
                "op": row.pair.layer.op,
                "kind": row.kind,
                "differs": list(row.pair.differs()),
                **_figures(row.figures),
            }
            for row in story.rows
        ],
    }


def _figures(figures: Any) -> Answer:
    """Times are not measured here, so they are left out."""
    return {
        column: {"a": figures[column].before, "b": figures[column].after, "change": figures[column].change}
        for column in COLUMNS
        if column in SHOWN
    }


def _say(story: DifferenceStory, names: tuple[str, str], every: bool, say: Say) -> None:
    say.line(f"{names[0]} → {names[1]}")
    say.line(f"{story.headline}.")
    say.line()
    operations = CONVENTION_NAMES[story.convention]
    head = ("", "Layer", "Operator", "Shape", "Parameters", "Non-zero", operations, "Weights", "Activation")
    rows = list(_rows(story, every))
    say.table(head, [*rows, ("", "Total", "", "", *_changes(story.totals))], left=4)
    say.line()
    rows = [
        (title, *(value_words(column, value) for value in (figure.before, figure.after)), _ratio(figure))
        for title, column in zip(head[4:], SHOWN, strict=True)
        if (figure := story.totals[column]).before is not None and figure.after is not None
    ]
    say.table(("Total", "Before", "After", "Ratio"), rows)


def _rows(story: DifferenceStory, every: bool) -> Iterator[tuple[str, ...]]:
    for same, found in groupby(story.rows, key=lambda row: row.status == "same" and not every):
        block = list(found)
        if same and len(block) > 2:
            yield ("=", f"{len(block)} layers, {block[0].name} to {block[-1].name}", *[""] * 7)
        else:
            yield from (_row(row) for row in block)


def _row(row: DifferenceRow) -> tuple[str, ...]:
    return (row.mark, row.name, row.pair.layer.op, row.shape_words, *_changes(row.figures))


def _changes(figures: Any) -> list[str]:
    return [change_words(column, figures[column]) for column in SHOWN]


def _ratio(figure: Figure) -> str:
    return words.times(figure.after / figure.before) if figure.before and figure.after is not None else ""
