"""Channels that carry nothing, taken out of the layer that makes them and of the layer that reads them.

A channel is dead when its filter is all zeros and what it then is, a constant, can be moved into the reader's bias; or
when the reader multiplies it by zeros only. Taking it out changes nothing that the network computes (but where a
channel held infinities or NaN). Pruning leaves such channels behind: only without them is the network faster.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from profiler.rewriting import constant, give, only_reader


def _clip(node: ir.Node, value: np.ndarray) -> np.ndarray | None:
    bounds = [constant(each) for each in (*node.inputs[1:3], None, None)[:2]]
    if any(given is not None and bound is None for given, bound in zip(node.inputs[1:3], bounds, strict=False)):
        return None
    low, high = (default if bound is None else bound for bound, default in zip(bounds, (-np.inf, np.inf), strict=True))
    low, high = node.attributes.get_float("min", float(low)), node.attributes.get_float("max", float(high))
    return np.clip(value, low, high)


def _same(_: ir.Node, value: np.ndarray) -> np.ndarray:
    return value


def _average(node: ir.Node, value: np.ndarray) -> np.ndarray | None:
    """Of a constant, the same constant; but where zeros beside the picture are counted in, not at its edges."""
    padded = any(node.attributes.get_ints("pads", ())) or node.attributes.get_string("auto_pad", "NOTSET") != "NOTSET"
    if padded and node.attributes.get_int("count_include_pad", 0):
        return None if value.any() else value
    return value


THROUGH: dict[str, Callable[[ir.Node, np.ndarray], np.ndarray | None]] = {
    "Relu": lambda _, value: np.maximum(value, 0),
    "LeakyRelu": lambda node, value: np.where(value < 0, node.attributes.get_float("alpha", 0.01) * value, value),
    "Sigmoid": lambda _, value: 1 / (1 + np.exp(-value)),
    "Tanh": lambda _, value: np.tanh(value),
    "Clip": _clip,
    "Identity": _same,
    "Dropout": _same,
    "Flatten": _same,
    "MaxPool": _same,
    "GlobalMaxPool": _same,
    "GlobalAveragePool": _same,
    "AveragePool": _average,
}
"""What a channel of one constant is behind each operator that keeps channels apart; None: no constant any more."""


@dataclass(frozen=True)
class Link:
    """A layer, and the one layer that reads its channels through operators that keep them apart."""

    maker: ir.Node
    between: tuple[ir.Node, ...]
    reader: ir.Node


def remove_dead_channels(model: ir.Model) -> dict[str, int]:
    """Take dead channels out until none is left; at least one stays in each layer. Layer → how many are gone.

    Works along chains: a branch, a residual or a concatenation between two layers is left as it is.
    """
    removed: Counter[str] = Counter()
    while found := {link.maker.name or "": _remove(model, link) for link in list(_links(model))}:
        if not any(found.values()):
            break
        removed.update(found)
    return {layer: count for layer, count in removed.items() if count}


def _links(model: ir.Model) -> Iterator[Link]:
    for node in model.graph:
        if _is_layer(node) and _own(node.inputs[1]) and all(_own(value) for value in node.inputs[2:3] if value):
            link = _followed(node)
            if link is not None:
                yield link


def _followed(maker: ir.Node) -> Link | None:
    between: list[ir.Node] = []
    at = maker.outputs[0]
    while (reader := only_reader(at)) is not None and reader.inputs[0] is at:
        if _is_layer(reader):
            return Link(maker, tuple(between), reader) if _own(reader.inputs[1]) else None
        if reader.op_type not in THROUGH or (reader.op_type == "Flatten" and reader.attributes.get_int("axis", 1) != 1):
            return None
        between.append(reader)
        at = reader.outputs[0]
    return None


def _is_layer(node: ir.Node) -> bool:
    """A Conv without groups, or a Gemm of stored weights."""
    if node.op_type == "Conv":
        return node.attributes.get_int("group", 1) == 1
    plain = all(node.attributes.get_float(name, 1.0) == 1.0 for name in ("alpha", "beta"))
    return node.op_type == "Gemm" and plain and not node.attributes.get_int("transA", 0)


def _own(value: ir.Value | None) -> bool:
    """A stored tensor of floats that only this layer reads."""
    values = constant(value)
    return value is not None and values is not None and values.dtype.kind == "f" and len(list(value.uses())) == 1


def _outputs_first(node: ir.Node) -> np.ndarray:
    """The weight with the layer's outputs as its first axis and its inputs as the second."""
    weight = constant(node.inputs[1])
    assert weight is not None
    return weight if node.op_type == "Conv" or node.attributes.get_int("transB", 0) else weight.T


def _as_stored(node: ir.Node, weight: np.ndarray) -> np.ndarray:
    return weight if node.op_type == "Conv" or node.attributes.get_int("transB", 0) else weight.T


def _bias(node: ir.Node, outputs: int) -> np.ndarray | None:
    """One number an output; None where it is no such thing."""
    if len(node.inputs) < 3 or node.inputs[2] is None:
        return np.zeros(outputs)
    values = constant(node.inputs[2])
    assert values is not None
    return np.broadcast_to(np.asarray(values, np.float64).reshape(-1), outputs) if values.size in (1, outputs) else None


def _remove(model: ir.Model, link: Link) -> int:
    made, read = _outputs_first(link.maker), _outputs_first(link.reader)
    channels = made.shape[0]
    bias, bias_read = _bias(link.maker, channels), _bias(link.reader, read.shape[0])
    if bias is None or bias_read is None or read.shape[1] % channels:
        return 0
    by_channel = read.reshape(read.shape[0], channels, -1)  # behind Flatten, a channel is a run of columns
    values = _behind(link, bias)
    silent = (made.reshape(channels, -1) == 0).all(axis=1) & _moves(link.reader, values)
    stays = ~(silent | (by_channel == 0).all(axis=(0, 2)))
    if not stays.any():
        stays[0] = True
    gone = int((~stays).sum())
    if not gone:
        return 0
    kind = read.dtype
    moved = by_channel.sum(axis=2, dtype=np.float64)[:, ~stays] @ np.where(silent, values, 0.0)[~stays]
    _store(model, link.maker, 1, _as_stored(link.maker, made[stays]), "weight")
    if len(link.maker.inputs) > 2 and link.maker.inputs[2] is not None:
        _store(model, link.maker, 2, bias[stays].astype(made.dtype), "bias")
    left = by_channel[:, stays].reshape(read.shape[0], -1, *read.shape[2:])
    _store(model, link.reader, 1, _as_stored(link.reader, left), "weight")
    if moved.any():
        _store(model, link.reader, 2, (bias_read + moved).astype(kind), "bias")
    return gone


def _behind(link: Link, bias: np.ndarray) -> np.ndarray:
    """What a channel without a filter is where it is read; NaN where it is no constant."""
    values: np.ndarray | None = np.asarray(bias, np.float64)
    for node in link.between:
        each = [THROUGH[node.op_type](node, value) for value in np.atleast_1d(values)]
        values = np.array([np.nan if value is None else float(value) for value in each])
    return values


def _moves(reader: ir.Node, values: np.ndarray) -> np.ndarray:
    """Whether each constant can go into the reader's bias: zeros always, others where nothing is padded with zeros."""
    padded = any(reader.attributes.get_ints("pads", ())) or reader.attributes.get_string("auto_pad", "NOTSET") not in (
        "NOTSET",
        "VALID",
    )
    return (values == 0) | (np.isfinite(values) & (not padded))


def _store(model: ir.Model, node: ir.Node, index: int, values: np.ndarray, part: str) -> None:
    give(model, node, index, np.ascontiguousarray(values), part)
