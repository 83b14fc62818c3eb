"""The bytes that nodes read and write: each tensor a node takes in once, each it gives out once, at a batch of 1.

What a processor's caches save, and what a kernel reads twice because its caches are small, is not in it.
"""

from __future__ import annotations

from collections.abc import Callable

import onnx_ir as ir

from profiler.layer import operator_name

Size = Callable[[ir.Value], int | None]

MOVES_NOTHING = frozenset(("Dropout", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"))
LOOKS_AT_SHAPE = frozenset(("Shape", "Size"))
# They read only what they give out, not the whole of their first input.
TAKES_A_PART = frozenset(("Gather", "GatherElements", "GatherND", "Slice"))


def node_bytes(node: ir.Node, size: Size) -> tuple[int | None, int | None, int | None]:
    """Bytes read and written by one node, and how many of those read are stored values. None: a size is not known."""
    if operator_name(node) in MOVES_NOTHING:
        return 0, 0, 0
    written = _sum([size(value) for value in node.outputs if is_used(value)])
    read: list[int | None] = []
    stored: list[int | None] = []
    for value in dict.fromkeys(value for value in node.inputs if value is not None):
        bytes_read = _read(node, value, size, written)
        read.append(bytes_read)
        if value.is_initializer():
            stored.append(bytes_read)
    return _sum(read), written, _sum(stored)


def _read(node: ir.Node, value: ir.Value, size: Size, written: int | None) -> int | None:
    if operator_name(node) in LOOKS_AT_SHAPE:
        return 0
    if operator_name(node) in TAKES_A_PART and value is node.inputs[0]:
        return written
    return size(value)


def is_used(value: ir.Value) -> bool:
    """Something reads it, or it is an output of the network."""
    return bool(value.uses()) or value.is_graph_output()


def _sum(sizes: list[int | None]) -> int | None:
    return None if None in sizes else sum(size for size in sizes if size is not None)


def total(sizes: list[int | None]) -> int | None:
    """Their sum; None as soon as one is not known."""
    return _sum(sizes)
