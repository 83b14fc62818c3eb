"""How much memory a network's activations need at once, and who makes the peak."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from app import words
from app.answers import Answer
from app.commands.networks import named_network
from app.commands.say import Say
from app.memory_story import (
    LARGEST,
    MemoryRow,
    alive_tensors,
    convention,
    headline,
    memory_rows,
    unknown_words,
)
from profiler.plain import to_plain

if TYPE_CHECKING:
    from profiler.memory import MemoryUse


def memory(args: Namespace, say: Say) -> None:
    """The bytes alive while each layer runs, the peak marked, and the largest tensors there."""
    from profiler.memory import memory_use

    found = memory_use(named_network(args), in_place=args.in_place)
    say.answer(answer(found))
    _say(found, say)


def answer(found: MemoryUse) -> Answer:
    return {
        "network": found.network,
        "in_place": found.in_place,
        "peak_bytes": found.peak_bytes,
        "peak_layer": found.peak_layer or None,
        "weight_bytes": found.weight_bytes,
        "unknown": list(found.unknown),
        "layers": [
            {
                "name": row.layer,
                "alive_bytes": row.alive_bytes,
                "known_bytes": row.known_bytes,
                "made_bytes": row.made_bytes,
                "weight_bytes": row.weight_bytes,
            }
            for row in memory_rows(found)
        ],
        "tensors": [to_plain(life) for life in found.lifetimes],
    }


def _say(found: MemoryUse, say: Say) -> None:
    say.line(f"{found.network} · {headline(found)}")
    say.line(convention(found))
    say.line()
    say.table(("Layer", "Alive", "of peak", "Makes", "Weights", ""), [_row(row) for row in memory_rows(found)])
    there = alive_tensors(found, found.peak_step)
    if there:
        say.line()
        rows = [(t.value, t.story, t.bytes_words, words.percent(t.share)) for t in there[:LARGEST]]
        say.table((f"Alive at {found.peak_layer}", "", "Size", "of it"), rows, left=2)
        if len(there) > LARGEST:
            say.line(f"and {len(there) - LARGEST} smaller")
    if found.unknown:
        say.line(unknown_words(found))


def _row(row: MemoryRow) -> tuple[str, ...]:
    made = "not known" if row.made_bytes is None else words.megabytes(row.made_bytes) if row.made_bytes else ""
    return (
        row.layer,
        row.alive_words,
        words.percent(row.share),
        made or words.does_not_apply,
        words.megabytes(row.weight_bytes) if row.weight_bytes else words.does_not_apply,
        "◂ peak" if row.is_peak else "",
    )
