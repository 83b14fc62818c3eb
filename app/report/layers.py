"""The report's tables by layer: what the network costs, what stayed of it, and what storing it takes."""

from __future__ import annotations

from typing import Any

from app import words
from app.markers import markers
from app.packing_story import HEADS, packed_rows, total_row
from app.report import svg
from app.study import Candidate, Study
from profiler.breakdown import KIND_NAMES, KINDS, Breakdown, Kind, LayerCost, operations

Row = dict[str, Any]


def networks(study: Study) -> list[Row]:
    """One for each shown candidate whose layers differ in cost from those of its parent: the baseline always."""
    made: list[Row] = []
    for candidate in study.shown():
        parent = study.candidates.get(candidate.parent or "")
        if parent is None or parent.breakdown.layers != candidate.breakdown.layers:
            made.append(_network(study, candidate))
        elif candidate.layer_nonzero:
            made.append(_network(study, candidate, brief=True))
    return made


def _network(study: Study, candidate: Candidate, brief: bool = False) -> Row:
    breakdown = candidate.breakdown
    return {
        "letter": candidate.letter,
        "title": candidate.title,
        "marker": svg.marker(markers(study).get(candidate.letter)),
        "brief": brief,
        "unknown": list(breakdown.unknown_ops),
        "bars": [] if brief else [_bar(breakdown, "params", "Parameters"), _bar(breakdown, "macs", "MACs")],
        "layers": [
            _layer(candidate, layer) for layer in breakdown.layers if not brief or layer.name in candidate.layer_nonzero
        ],
        "totals": _totals(candidate),
    }


def _bar(breakdown: Breakdown, key: str, label: str) -> Row:
    """Convolution, fully connected and other as shares of one total."""
    total = getattr(breakdown.totals(), key)
    parts: list[tuple[Kind, float]] = [
        (kind, getattr(breakdown.totals(kind), key) / total if total else 0.0) for kind in KINDS
    ]
    named = ", ".join(f"{KIND_NAMES[kind].lower()} {words.percent(share)}" for kind, share in parts)
    segments = [svg.Segment(kind, share, words.percent(share)) for kind, share in parts]
    return {
        "label": label,
        "bar": svg.stacked(segments, f"{label}: {named}"),
        "total": words.three_digits(total, digits=4),
    }


def _layer(candidate: Candidate, layer: LayerCost) -> Row:
    kept, size = candidate.layer_nonzero.get(layer.name), _size(layer)
    return {
        "name": layer.name,
        "op": layer.op,
        "kind": layer.kind,
        "weights": words.shape(layer.weight_shape, batch=True) if layer.weight_shape else words.does_not_apply,
        "output": words.shape(layer.output_shape),
        "params": _count(layer.params),
        "kept": words.exact(kept) if kept is not None else "",
        "kept_share": words.percent(kept / size) if kept is not None and size else "",
        "kept_bar": kept / size if kept is not None and size else None,
        "operations": [_count(operations(layer.macs, layer.bias_adds, c)) for c in ("macs", "ops", "flops")],
        "weight_bytes": words.megabytes(layer.weight_bytes) if layer.weight_bytes != 0 else words.does_not_apply,
        "activation_bytes": words.megabytes(layer.activation_bytes),
    }


def _size(layer: LayerCost) -> int | None:
    """Elements of the layer's main weight."""
    if layer.weight_shape is None:
        return None
    size = 1
    for length in layer.weight_shape:
        size *= length
    return size


def _count(value: int | None) -> str:
    """Exact; – where there is nothing to count; “not known” is never a nought."""
    if value is None:
        return "not known"
    return words.exact(value) if value else words.does_not_apply


def _totals(candidate: Candidate) -> Row:
    totals = candidate.breakdown.totals()
    return {
        "params": words.exact(totals.params),
        "kept": words.exact(candidate.nonzero_params) if candidate.nonzero_params is not None else words.not_measured,
        "operations": [words.exact(operations(totals.macs, totals.bias_adds, c)) for c in ("macs", "ops", "flops")],
        "weight_bytes": words.megabytes(totals.weight_bytes),
        "activation_bytes": words.megabytes(totals.activation_bytes),
    }


def packing(candidate: Candidate) -> Row:
    """The packed file of a candidate, tensor by tensor, with what the index costs."""
    packed = candidate.packed
    assert packed is not None
    total = total_row(packed)
    return {
        "letter": candidate.letter,
        "title": candidate.title,
        "original": words.megabytes(packed.original_bytes),
        "packed": words.megabytes(packed.packed_bytes),
        "packed_exact": words.bytes_in_full(packed.packed_bytes),
        "entropy": words.megabytes(packed.entropy_bytes),
        "ratio": words.times(packed.original_bytes / packed.packed_bytes) if packed.packed_bytes else "",
        "index": _part(total.index, packed.packed_bytes),
        "codebook": _part(total.codebook, packed.packed_bytes),
        "heads": HEADS,
        "tensors": [row.written() for row in (*packed_rows(packed), total)] if packed.layers else [],
    }


def _part(count: int | None, whole: int) -> str:
    """Bytes and their share of the file."""
    return f"{words.megabytes(count)} · {words.percent((count or 0) / whole)}" if whole else words.megabytes(count)
