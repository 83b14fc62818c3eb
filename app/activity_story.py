"""A network's activity in words: the lecture's table for any network. Values only; others show them."""

from __future__ import annotations

from dataclasses import dataclass

from app import words
from app.facts import ActivityMeasured
from app.study import Study
from profiler.activity import Activity, LayerActivity
from profiler.breakdown import Kind

HEADS = ("Act%", "Weights%", "FLOP%")
RANDOM = "a built-in network has random weights, so these shares say little."
MEANING = {
    "Act%": "The share of non-zero values in what the layer hands on, behind its activation function and pooling.",
    "Weights%": "The share of its weights that are not zero; the bias is not among them.",
    "FLOP%": "The operations that are really needed: Weights% times the share of non-zero values in what it reads. "
    "The network’s own input counts as all there.",
}


@dataclass(frozen=True)
class ActivityRow:
    """One layer of the table. Shares are 0 to 1; None: not known, or the layer has none. `flops_words` is the product
    written out: 12 % · 82 %."""

    layer: str
    op: str
    kind: Kind
    act: float | None
    weights: float | None
    flops: float | None
    macs: int | None
    needed_macs: float | None
    values: int | None
    flops_words: str


def activity_rows(found: Activity, *, every: bool = False) -> list[ActivityRow]:
    """The layers that multiply by weights, as in the lecture; with `every` the others too, with their Act% only."""
    return [_row(layer) for layer in (found.layers if every else found.counted)]


def _row(layer: LayerActivity) -> ActivityRow:
    return ActivityRow(
        layer=layer.layer,
        op=layer.op,
        kind=layer.kind,
        act=layer.act,
        weights=layer.weights,
        flops=layer.flops,
        macs=layer.macs,
        needed_macs=layer.flops * layer.macs if layer.flops is not None and layer.macs is not None else None,
        values=layer.values,
        flops_words=_product(layer),
    )


def _product(layer: LayerActivity) -> str:
    if layer.flops is None or layer.weights is None:
        return ""
    if layer.read is None or layer.flops != layer.weights * layer.read:
        note = "" if layer.read is None else f" (of its numbers {words.percent(layer.read)} are not zero)"
        return f"{words.percent(layer.weights)} of the weights · the whole input{note}"
    return f"{words.percent(layer.weights)} of the weights · {words.percent(layer.read)} of what it reads"


def share_words(share: float | None, *, applies: bool = True) -> str:
    """82.1 %; a dash where there is no such share; “not known” is never a nought."""
    if share is not None:
        return words.percent(share)
    return "not known" if applies else words.does_not_apply


def headline(found: Activity) -> str:
    """Act 76.9 %, weights 8.4 %, 16.3 % of the operations needed."""
    parts = (share_words(share) for share in (found.act, found.weights, found.flops))
    return "Act {}, weights {}, {} of the operations needed".format(*parts)


def is_random(study: Study, letter: str) -> bool:
    """Whether a candidate comes from a built-in network that nobody trained, by what was opened in the beginning."""
    line = study.lineage(letter)
    opened = [job.settings.get("path", "") for job in study.jobs.values() if job.kind == "open" and job.letter in line]
    built_in = [path for path in opened if str(path).lower().startswith("zoo:")]
    if not built_in or any(study.candidates[one].training for one in line):
        return False
    from app.networks import is_random as untrained  # needs numpy

    return untrained(built_in[-1])


def looked_at(fact: ActivityMeasured) -> str:
    """500 images of Digits, test."""
    return f"{words.plural(fact.activity.images, 'image')} of {fact.data}, {fact.split}"
