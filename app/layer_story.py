"""A layer's figures with the arithmetic written out, as in the lecture: formula, numbers, result."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, prod

from app import words
from profiler.breakdown import CONVENTION_NAMES, Breakdown, Convention, LayerCost, operations


@dataclass(frozen=True)
class Sum:
    """One figure: `formula` in letters, `numbers` put in (both empty when there is none), `result` and `unit`."""

    title: str
    formula: str
    numbers: str
    result: str
    unit: str
    note: str = ""


@dataclass(frozen=True)
class LectureWay:
    """The lecture counts a convolution on its input size and with all channels; shown where that differs."""

    title: str
    numbers: str
    why: str


@dataclass(frozen=True)
class Share:
    """A layer's part of the whole: `14.6 %` of operations."""

    figure: str
    of: str
    exact: str


@dataclass(frozen=True)
class Convolution:
    """The numbers of a two-dimensional convolution, by the lecture's letters."""

    batch: int
    height: int
    width: int
    out_height: int
    out_width: int
    kernel: tuple[int, ...]
    channels: int  # that one filter sees: C/g
    groups: int
    filters: int  # T


def convolution(layer: LayerCost) -> Convolution | None:
    """The layer's numbers, when it is a convolution over height and width whose shapes are known."""
    shapes = (layer.input_shape, layer.weight_shape, layer.output_shape)
    if layer.op not in ("Conv", "ConvInteger", "QLinearConv") or any(s is None or len(s) != 4 for s in shapes):
        return None
    given, weight, out = (s for s in shapes if s is not None)
    groups = layer.geometry.get("groups", (1,))[0]
    return Convolution(out[0], given[2], given[3], out[2], out[3], (weight[2], weight[3]), weight[1], groups, weight[0])


def shares(
    layer: LayerCost, breakdown: Breakdown, convention: Convention, ms: float | None, all_ms: float
) -> list[Share]:
    """What part of parameters, operations and time this layer is."""
    totals = breakdown.totals()
    own, whole = (operations(x.macs, x.bias_adds, convention) for x in (layer, totals))
    found = [_share(layer.params, totals.params, "of parameters"), _share(own, whole, "of operations")]
    if ms is not None and all_ms:
        found.append(
            Share(percent(ms / all_ms), "of time", f"{words.milliseconds(ms)} of {words.milliseconds(all_ms)}")
        )
    return found


def _share(part: int | None, whole: int | None, of: str) -> Share:
    if part is None or not whole:
        return Share("not known" if part is None else "–", of, "")
    return Share(percent(part / whole), of, f"{words.exact(part)} of {words.exact(whole)}")


def percent(share: float) -> str:
    """Three digits at most, and two after the point for little: 0.06 %, 14.6 %."""
    return words.percent(share, 2 if 0 < share < 0.001 else 1)


def output_size(layer: LayerCost) -> Sum | None:
    """H′ = (H − d + 2z) / Δ + 1, for anything with a window that moves over its input."""
    kernel, given, out = layer.geometry.get("kernel"), layer.input_shape, layer.output_shape
    if not kernel or given is None or out is None or len(given) < 3 or layer.op == "ConvTranspose":
        return None
    axes = len(kernel)
    strides = layer.geometry.get("strides") or (1,) * axes
    pads = layer.geometry.get("pads") or (0,) * 2 * axes
    dilation = (layer.geometry.get("dilations") or (1,) * axes)[0]
    reach = dilation * (kernel[0] - 1) + 1
    size, before, after = given[2], pads[0], pads[axes]
    exact = (size - reach + before + after) / strides[0] + 1
    if out[2] not in (floor(exact), ceil(exact)):
        return None  # padded in a way that the formula does not say
    even = before == after
    numbers = f"({size} − {reach} + {f'2·{before}' if even else f'{before} + {after}'}) / {strides[0]} + 1"
    rounded = "" if exact == out[2] else f"{exact:g}, rounded {'down' if out[2] < exact else 'up'}"
    return Sum(
        "Output size",
        f"H′ = (H − d + {'2z' if even else 'z₁ + z₂'}) / Δ + 1",
        numbers,
        str(out[2]),
        _alike(out, rounded),
        f"d = {dilation}·({kernel[0]} − 1) + 1 = {reach}: dilated" if dilation != 1 else "",
    )


def _alike(out: tuple[int, ...], rounded: str) -> str:
    parts = [rounded] if rounded else []
    if len(out) > 3:
        parts.append("W′ alike" if out[3] == out[2] else f"W′ = {out[3]}")
    return " · ".join(parts)


def parameters(layer: LayerCost, nonzero: int | None = None) -> Sum | None:
    """d · d · C/g · T + T; N · T + T. None where there are none."""
    if not layer.params:
        return None
    formula, numbers = _parameter_formula(layer)
    unit = "weights and bias" if formula.endswith("+ T") else "weights" if formula else "parameters"
    left = "" if nonzero is None else _left(layer, nonzero)
    return Sum("Parameters", formula, numbers, words.exact(layer.params), unit, left)


def _left(layer: LayerCost, nonzero: int) -> str:
    """Only where some are zero: the bias is not among them."""
    weights = prod(layer.weight_shape) if layer.weight_shape else layer.params or 0
    if nonzero >= weights:
        return ""
    return f"{words.exact(nonzero)} weights are not zero, {words.percent(nonzero / weights)}"


def _parameter_formula(layer: LayerCost) -> tuple[str, str]:
    """Letters and numbers; empty when the count is not just the formula (weights shared with another layer, say)."""
    conv, full = convolution(layer), fully_connected(layer)
    if conv is not None:
        factors = [*conv.kernel, conv.channels, conv.filters]
        letters = f"d · d · C{'/g' if conv.groups > 1 else ''} · T"
    elif full is not None:
        factors, letters = [*full], "N · T"
    else:
        return "", ""
    bias = factors[-1]
    if layer.params == prod(factors):
        return letters, _product(factors)
    if layer.params == prod(factors) + bias:
        return f"{letters} + T", f"{_product(factors)} + {bias}"
    return "", ""


def fully_connected(layer: LayerCost) -> tuple[int, int] | None:
    """N and T of a layer whose every output sums all inputs."""
    weight, out = layer.weight_shape, layer.output_shape
    if layer.kind != "fc" or weight is None or out is None or len(weight) != 2 or out[-1] not in weight:
        return None
    outputs = out[-1]
    return (weight[0] if weight[1] == outputs else weight[1]), outputs


def _product(factors: list[int]) -> str:
    return " · ".join(str(f) for f in factors)


def operation_sum(layer: LayerCost, convention: Convention) -> Sum | None:
    """H′ · W′ · d · d · C/g · T, in the convention's own way. None where a layer has none."""
    count = operations(layer.macs, layer.bias_adds, convention)
    if not count:
        return None
    letters, factors = _operation_factors(layer)
    if not factors or prod(factors) != layer.macs:
        letters, numbers = "", ""
    else:
        letters, numbers = _in_convention(layer, convention, letters, _product(factors))
    return Sum("Operations", letters, numbers, words.exact(count), CONVENTION_NAMES[convention])


def _operation_factors(layer: LayerCost) -> tuple[str, list[int]]:
    conv, full = convolution(layer), fully_connected(layer)
    if conv is not None:
        factors = [conv.out_height, conv.out_width, *conv.kernel, conv.channels, conv.filters]
        letters = f"H′ · W′ · d · d · C{'/g' if conv.groups > 1 else ''} · T"
        return (letters, factors) if conv.batch == 1 else (f"batch · {letters}", [conv.batch, *factors])
    if full is not None and layer.output_shape is not None:
        rows = prod(layer.output_shape[:-1])
        return ("N · T", [*full]) if rows == 1 else ("rows · N · T", [rows, *full])
    return "", []


def _in_convention(layer: LayerCost, convention: Convention, letters: str, numbers: str) -> tuple[str, str]:
    if convention == "flops":
        return f"2 · {letters}", f"2 · {numbers}"
    if convention == "ops" and layer.bias_adds:
        bias = "H′ · W′ · T" if convolution(layer) is not None else "T"
        return f"{letters} + {bias}", f"{numbers} + {words.exact(layer.bias_adds)}"
    return letters, numbers


def lecture_way(layer: LayerCost) -> LectureWay | None:
    """The lecture's H · W · d · d · C · T beside our count of multiply-accumulates, where they differ."""
    conv = convolution(layer)
    if conv is None or not layer.macs or conv.batch != 1:
        return None
    all_channels = conv.channels * conv.groups
    theirs = conv.height * conv.width * prod(conv.kernel) * all_channels * conv.filters
    if theirs == layer.macs:
        return None
    more = theirs > layer.macs
    ratio = words.times(theirs / layer.macs if more else layer.macs / theirs)
    return LectureWay(
        f"The lecture’s way counts {ratio} {'more' if more else 'less'}",
        f"H · W · d · d · C · T = {words.three_digits(theirs, digits=4)}",
        _why(layer, conv, all_channels),
    )


def _why(layer: LayerCost, conv: Convolution, all_channels: int) -> str:
    reasons: list[str] = []
    if (conv.height, conv.width) != (conv.out_height, conv.out_width):
        stride = (layer.geometry.get("strides") or (1,))[0]
        padded = any(layer.geometry.get("pads", ()))
        how = f"With stride {stride}" if stride > 1 else "With this padding" if padded else "Without padding"
        reasons.append(
            f"It multiplies by the input size, {conv.height} × {conv.width}. "
            f"{how} the kernel lands on {conv.out_height} × {conv.out_width}."
        )
    if conv.groups > 1:
        reasons.append(
            f"It counts all {all_channels} channels. With {conv.groups} groups a filter sees {conv.channels}."
        )
    return " ".join(reasons)


def place(layer: LayerCost, breakdown: Breakdown) -> str:
    """first of 14 · reads data · feeds norm1."""
    at = breakdown.layers.index(layer) + 1
    parts = [f"{_ordinal(at)} of {len(breakdown.layers)}"]
    for verb, names in (("reads", layer.reads or tuple(breakdown.inputs)), ("feeds", layer.feeds)):
        if names:
            parts.append(f"{verb} {words.listed(names[:2])}{' and more' if len(names) > 2 else ''}")
    return " · ".join(parts)


def _ordinal(number: int) -> str:
    named = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
    if number <= len(named):
        return named[number - 1]
    ending = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def intensity(layer: LayerCost) -> float | None:
    """MACs for each byte of weights and output that moves: low means the memory decides."""
    if layer.macs is None or layer.weight_bytes is None or layer.activation_bytes is None:
        return None
    moved = layer.weight_bytes + layer.activation_bytes
    return layer.macs / moved if moved and layer.macs else None
