"""A candidate's layers as rows of the table."""

from __future__ import annotations

from app import words
from app.heavy import LayerTime, layer_times, operator_words, time_head, total_operations
from app.study import Candidate
from app.ui.parts.table import Cell, Column, Row
from profiler.breakdown import CONVENTION_NAMES, KIND_NAMES, Convention, LayerCost, operations
from profiler.measurement import Profile


def columns(candidate: Candidate, convention: Convention, device: str) -> list[Column]:
    """Weights that are not zero have a column where some are zero; the time where the candidate has run."""
    shown = [
        Column("name", "Layer", left=True, width=112),
        Column("op", "Operator", left=True, width=124),
        Column("output", "Output", width=92),
        Column("params", "Parameters", bar=True, width=104),
    ]
    if _has_zeros(candidate):
        shown.append(Column("nonzero", "Not zero", bar=True, width=92, tip="Weights that are not zero"))
    name = CONVENTION_NAMES[convention]
    shown += [
        Column("ops", name, bar=True, width=104, tip=f"Operations, counted as {name}"),
        Column("activation", "Activation", width=92, unit="bytes", tip="Bytes that the layer writes"),
    ]
    if device in candidate.profiles:
        shown.append(
            Column("time", time_head(device), bar=True, width=112, unit="ms", tip="Median of the profiled runs")
        )
    return shown


def _has_zeros(candidate: Candidate) -> bool:
    total = candidate.breakdown.totals().params
    return candidate.nonzero_params is not None and candidate.nonzero_params < total


def rows(candidate: Candidate, convention: Convention, device: str) -> list[Row]:
    times = layer_times(candidate.breakdown, candidate.profiles.get(device))
    return [
        Row(
            layer.name,
            _cells(layer, candidate, convention, times.get(layer.name)),
            layer.kind,
            muted=layer.kind == "other",
        )
        for layer in candidate.breakdown.layers
    ]


def _cells(layer: LayerCost, candidate: Candidate, convention: Convention, time: LayerTime | None) -> dict[str, Cell]:
    ops = operations(layer.macs, layer.bias_adds, convention)
    return {
        "name": Cell(layer.name, layer.name, tip=f"{layer.name}: {KIND_NAMES[layer.kind]}"),
        "op": Cell(operator_words(layer), muted=True, tip=layer.op),
        "output": Cell(words.shape(layer.output_shape), tip=words.shape(layer.output_shape, batch=True)),
        "params": count(layer.params, "parameters"),
        "nonzero": _nonzero(layer, candidate),
        "ops": count(ops, CONVENTION_NAMES[convention]),
        "activation": _bytes(layer.activation_bytes),
        "time": _time(time),
    }


def count(value: int | None, unit: str) -> Cell:
    """34.9 k, exact in the tooltip; – for none; not known for what could not be counted."""
    if value is None:
        return Cell("not known", None, "This operator is not in the table of costs", muted=True)
    if value == 0:
        return Cell(words.does_not_apply, 0, f"no {unit}", muted=True)
    return Cell(words.three_digits(value), value, f"{words.exact(value)} {unit}")


def _nonzero(layer: LayerCost, candidate: Candidate) -> Cell:
    value = candidate.layer_nonzero.get(layer.name)
    if value is None or not layer.params:
        return Cell(words.does_not_apply if not layer.params else "", None, muted=True)
    return Cell(words.three_digits(value), value, f"{words.exact(value)} of {words.exact(layer.params)}")


def _bytes(value: int | None) -> Cell:
    if value is None:
        return Cell("not known", None, muted=True)
    return Cell(words.megabytes(value), value, words.bytes_in_full(value))


def _time(time: LayerTime | None) -> Cell:
    if time is None:
        return Cell(words.does_not_apply, None, "The runtime ran no kernel for this layer", muted=True)
    if time.ms is None:
        return Cell(f"in {time.inside}", None, time.spread, "measured", muted=True)
    return Cell(words.milliseconds(time.ms), time.ms, time.spread, "measured")


def total(candidate: Candidate, convention: Convention, device: str) -> Row:
    """Sums of what is known."""
    sums = candidate.breakdown.totals()
    ops = total_operations(candidate.breakdown, convention)
    cells = {
        "name": Cell("Total", "Total", strong=True),
        "params": _sum(sums.params),
        "ops": _sum(ops),
        "activation": Cell(words.megabytes(sums.activation_bytes), sums.activation_bytes, strong=True),
    }
    if candidate.nonzero_params is not None:
        cells["nonzero"] = _sum(candidate.nonzero_params)
    profile = candidate.profiles.get(device)
    if profile is not None:
        cells["time"] = _time_sum(profile)
    return Row("", cells)


def _sum(value: int) -> Cell:
    return Cell(words.three_digits(value, digits=4), value, words.exact(value), strong=True)


def _time_sum(profile: Profile) -> Cell:
    ms = sum(row.median_us for row in profile.layers) / 1000
    return Cell(words.milliseconds(ms), ms, "imported" if profile.imported else "measured", strong=True)
