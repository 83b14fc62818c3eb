"""One node on its way from one opset to the one before: what rules may ask of it, and what they may do to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from profiler import shapes


class Refused(Exception):
    """The older opset has no exact form for a node; `str` says for what of it."""


class Change:
    """A node of opset `version` that is to be valid in `version` − 1. New stored values lie in the node's own graph."""

    def __init__(self, node: ir.Node, version: int, taken: set[str]) -> None:
        assert isinstance(node.graph, ir.Graph)
        self.node, self.version, self.graph = node, version, node.graph
        self._taken = taken

    # ---- asking

    def input(self, index: int) -> ir.Value | None:
        return self.node.inputs[index] if index < len(self.node.inputs) else None

    def constant(self, index: int) -> np.ndarray | None:
        """The values of an input that is stored; None when it is not there or worked out while the network runs."""
        return stored_values(self.input(index))

    def needed(self, index: int, what: str) -> np.ndarray | None:
        """The same, None only when there is no such input. Raises Refused when it is worked out."""
        if self.input(index) is None:
            return None
        found = self.constant(index)
        if found is None:
            raise Refused(f"{what} are worked out while it runs")
        return found

    def rank(self, index: int = 0) -> int | None:
        value = self.input(index)
        return len(value.shape) if value is not None and value.shape is not None else None

    def size(self, axis: int, index: int = 0) -> int | None:
        """The length of an axis of an input, where it is a number."""
        value = self.input(index)
        if value is None or value.shape is None:
            return None
        found = value.shape[axis]
        return found if isinstance(found, int) else None

    def whole(self, name: str, default: int = 0) -> int:
        return int(self.node.attributes.get_int(name, default))

    def text(self, name: str, default: str = "") -> str:
        return self.node.attributes.get_string(name, default) or default

    def wholes(self, name: str) -> list[int] | None:
        found = self.node.attributes.get_ints(name, None)
        return [int(each) for each in found] if found is not None else None

    # ---- doing

    def set(self, name: str, value: Any) -> None:
        self.node.attributes[name] = ir.convenience.convert_attribute(name, value)

    def drop(self, name: str) -> None:
        self.node.attributes.pop(name, None)

    def drop_inputs(self, keep: int) -> None:
        """Leave the first `keep` inputs; what only the others read is taken out of the file too."""
        gone = list(self.node.inputs[keep:])
        for index in range(keep, len(self.node.inputs)):
            self.node.replace_input_with(index, None)
        self.node.resize_inputs(min(keep, len(self.node.inputs)))
        for value in gone:
            forget(value)

    def put_input(self, index: int, value: ir.Value | None) -> None:
        """Set an input, with gaps before it where there are none."""
        if index >= len(self.node.inputs):
            self.node.resize_inputs(index + 1)
        old = self.node.inputs[index]
        self.node.replace_input_with(index, value)
        forget(old)

    def stored(self, what: str, values: np.ndarray) -> ir.Value:
        """A new initializer called after the node."""
        name = self._free(f"{self.node.name}/{what}")
        tensor = ir.Tensor(np.ascontiguousarray(values), name=name)
        shape = ir.Shape(tensor.shape.numpy())
        value = ir.Value(name=name, type=ir.TensorType(tensor.dtype), shape=shape, const_value=tensor)
        self.graph.register_initializer(value)
        return value

    def made(
        self,
        op: str,
        inputs: Sequence[ir.Value | None],
        attributes: Mapping[str, Any] | None = None,
        *,
        what: str = "",
        outputs: int = 1,
    ) -> ir.Node:
        """A node that will stand beside or in place of this one; without `what` it bears this one's name."""
        name = self._free(f"{self.node.name}/{what}") if what else self.node.name
        written = ir.convenience.convert_attributes(dict(attributes or {}))
        node = ir.Node("", op, inputs, written, num_outputs=outputs, name=name)
        for output in node.outputs if what else ():
            output.name = self._free(f"{name}_out")
            output.type = next((value.type for value in inputs if value is not None), None)
        return node

    def replace(self, new: Sequence[ir.Node]) -> None:
        """Put nodes in this one's place; the last one's outputs take over its outputs' names and readers."""
        old, last = self.node, new[-1]
        gone = [value for value in old.inputs if value is not None]
        for before, after in zip(old.outputs, last.outputs, strict=False):
            after.type, after.shape, after.name = before.type, before.shape, before.name
        count = len(last.outputs)
        ir.convenience.replace_nodes_and_values(
            self.graph, old, [old], list(new), list(old.outputs)[:count], list(last.outputs)
        )
        for value in gone:
            forget(value)

    def _free(self, wanted: str) -> str:
        name, count = wanted, 1
        while name in self._taken:
            count += 1
            name = f"{wanted}_{count}"
        self._taken.add(name)
        return name


def stored_values(value: ir.Value | None) -> np.ndarray | None:
    """What an initializer or a Constant node holds; None for what is computed, and for an input that can be fed."""
    if value is None or value.is_graph_input():
        return None
    if value.const_value is not None:
        return value.const_value.numpy()
    node = value.producer()
    if node is None or node.op_type != "Constant" or node.domain not in ("", "ai.onnx"):
        return None
    tensor = ir.convenience.get_const_tensor(value)
    return tensor.numpy() if tensor is not None else None


def forget(value: ir.Value | None) -> None:
    """Take a stored value out of its graph when nothing reads it any more."""
    if value is None or value.uses() or value.is_graph_output() or value.is_graph_input():
        return
    node = value.producer()
    if node is not None:
        if node.op_type == "Constant" and isinstance(node.graph, ir.Graph):
            node.graph.remove(node, safe=True)
    elif value.is_initializer() and value.graph is not None:
        value.graph.initializers.pop(value.name or "", None)


def type_of(value: ir.Value | None) -> str:
    """As schemas spell it: `tensor(float)`, `seq(tensor(int64))`; "" when it is not known."""
    return _spelt(value.type) if value is not None else ""


def _spelt(kind: ir.TypeProtocol | None) -> str:
    if isinstance(kind, (ir.SequenceType, ir.OptionalType)):
        inner = _spelt(kind.elem_type)
        outer = "seq" if isinstance(kind, ir.SequenceType) else "optional"
        return f"{outer}({inner})" if inner else ""
    if not isinstance(kind, ir.TensorType) or kind.dtype == ir.DataType.UNDEFINED:
        return ""
    return f"tensor({kind.dtype.name.lower()})"


def known_shape(value: ir.Value | None) -> tuple[int, ...] | None:
    return shapes.known(value)
