"""A network's memory over its layers, in words and shares. Values only; the window and the command line show them."""

from __future__ import annotations

from dataclasses import dataclass

from app import words
from profiler.breakdown import Breakdown, Kind
from profiler.memory import Lifetime, MemoryUse

LARGEST = 5


@dataclass(frozen=True)
class MemoryRow:
    """One layer: bytes alive while it runs, what it makes itself (0 where it writes into what is there), the weights it
    reads. `share` is of the peak, 0 to 1, from what is known; `alive_words` says when that is not all."""

    layer: str
    kind: Kind
    step: int
    alive_bytes: int | None
    known_bytes: int
    made_bytes: int | None
    weight_bytes: int
    share: float
    at_peak: bool  # as much is alive as at the peak
    is_peak: bool  # the layer that stands for the peak

    @property
    def alive_words(self) -> str:
        return known_words(self.alive_bytes, self.known_bytes)


@dataclass(frozen=True)
class AliveTensor:
    """Something alive at a step. `share` is of all that is known there; `story`: who made it and who still reads it."""

    value: str
    layer: str
    bytes: int | None
    share: float
    story: str

    @property
    def bytes_words(self) -> str:
        return "not known" if self.bytes is None else words.megabytes(self.bytes)


def known_words(alive: int | None, known: int) -> str:
    """25.7 MB; at least 3.21 MB where some of it is not known."""
    return words.megabytes(alive) if alive is not None else f"at least {words.megabytes(known)}"


def peak_words(use: MemoryUse) -> str:
    """25.7 MB; at least … where sizes are not known."""
    return known_words(use.peak_bytes, max(use.known, default=0))


def headline(use: MemoryUse) -> str:
    """Peak 25.7 MB at conv1_2 · weights 553.4 MB."""
    at = f" at {use.peak_layer}" if use.peak_layer else ""
    return f"Peak {peak_words(use)}{at} · weights {words.megabytes(use.weight_bytes)}"


def convention(use: MemoryUse) -> str:
    """What the figures mean, in one sentence beside them."""
    reuse = "elementwise operators write over what nothing needs any more" if use.in_place else "nothing else is reused"
    return f"Batch 1 where it is open, in the file’s order; what only looks at a tensor shares it, {reuse}."


def unknown_words(use: MemoryUse) -> str:
    """Empty when every size is known."""
    if not use.unknown:
        return ""
    rest = len(use.unknown) - 3
    named = [*use.unknown[:3], f"{rest} more"] if rest > 0 else list(use.unknown)
    return f"What {words.listed(named)} needs is not known. The figures leave it out."


def memory_rows(use: MemoryUse, breakdown: Breakdown | None = None) -> list[MemoryRow]:
    """A row for each layer that runs, in running order. Kinds are the breakdown's."""
    kinds: dict[str, Kind] = {layer.name: layer.kind for layer in breakdown.layers} if breakdown is not None else {}
    top = max(use.known, default=0)
    made = _made(use)
    return [
        MemoryRow(
            layer=name,
            kind=kinds.get(name, "other"),
            step=step,
            alive_bytes=use.alive[step],
            known_bytes=use.known[step],
            made_bytes=made.get(name, 0),
            weight_bytes=use.weights[step],
            share=use.known[step] / top if top else 0.0,
            at_peak=bool(top) and use.known[step] == top,
            is_peak=step == use.peak_step,
        )
        for step, name in enumerate(use.steps)
    ]


def _made(use: MemoryUse) -> dict[str, int | None]:
    """Bytes that come into being with each layer; None as soon as one of them is not known."""
    made: dict[str, int | None] = {}
    for life in use.lifetimes:
        before = made.get(life.layer, 0)
        made[life.layer] = None if before is None or life.bytes is None else before + life.bytes
    return made


def alive_tensors(use: MemoryUse, step: int) -> list[AliveTensor]:
    """What is alive while a step runs, the largest first. Nothing for a step that there is none of."""
    if not 0 <= step < len(use.steps):
        return []
    whole = use.known[step]
    return [
        AliveTensor(
            life.value, life.layer, life.bytes, (life.bytes or 0) / whole if whole else 0.0, _story(use, life, step)
        )
        for life in use.alive_at(step)
    ]


def _story(use: MemoryUse, life: Lifetime, step: int) -> str:
    """made by conv1_1, still read by conv1_2."""
    maker = "the network’s input" if not life.layer else f"made by {life.layer}"
    places = {name: place for place, name in enumerate(use.steps)}
    later = [name for name in life.readers if places[name] >= step]
    if later:
        named = later if len(later) <= 3 else [*later[:2], f"{len(later) - 2} more"]
        return f"{maker}, still read by {words.listed(named)}"
    return f"{maker}, kept to the end as an output" if life.dies == len(use.steps) - 1 else maker
