"""What holds for every operator: does this node mean the same under the older schema?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx
import onnx.defs
import onnx_ir as ir

from profiler.lowering.change import Change, Refused, type_of

OpSchema = onnx.defs.OpSchema

# Values of attributes that an opset brought: (operator, attribute) -> opset -> values.
BROUGHT: dict[tuple[str, str], dict[int, tuple[str, ...]]] = {
    ("Pad", "mode"): {19: ("wrap",)},
    ("Resize", "coordinate_transformation_mode"): {19: ("half_pixel_symmetric",)},
    ("ScatterElements", "reduction"): {18: ("max", "min")},
    ("ScatterND", "reduction"): {18: ("max", "min")},
}
# Attributes without a default that say nothing when every value is this one.
NEUTRAL: dict[str, int] = {"dilations": 1}
MEANINGLESS = frozenset(("saturate",))  # about types that the older schema does not take anyway


def schema(op: str, opset: int) -> OpSchema | None:
    """The operator as that opset has it; None when it has none, or gave it up for another meaning."""
    try:
        found = onnx.defs.get_schema(op, opset, "")
    except onnx.defs.SchemaError:
        return None
    return None if found.deprecated else found


def default(declared: Any) -> Any:
    """An attribute's default as a plain value; None without one."""
    value = declared.default_value
    return onnx.helper.get_attribute_value(value) if value.ByteSize() and value.name else None


def relabel(change: Change) -> None:
    """Drop what only the newer schema has and what says nothing there. Raises Refused when something else is left."""
    op = change.node.op_type
    old, new = schema(op, change.version - 1), schema(op, change.version)
    if old is None or new is None:
        raise Refused(f"there is no such operator before opset {change.version}")
    _attributes(change, old, new)
    _values(change, op)
    _ends(change, old)
    _types(change.node.inputs, old.inputs, old, change.version)
    _types(change.node.outputs, old.outputs, old, change.version)


def _attributes(change: Change, old: OpSchema, new: OpSchema) -> None:
    attributes = change.node.attributes
    for name, declared in new.attributes.items():
        if name not in attributes and name in old.attributes:
            value, before = default(declared), default(old.attributes[name])
            if value is not None and value != before:
                change.set(name, value.decode() if isinstance(value, bytes) else value)
    for name in list(attributes):
        if name in old.attributes:
            continue
        value = attributes[name].value
        usual = default(new.attributes[name]) if name in new.attributes else None
        usual = usual.decode() if isinstance(usual, bytes) else usual
        neutral = name in NEUTRAL and all(each == NEUTRAL[name] for each in value)
        zero = usual is None and value == 0
        if not (neutral or zero or name in MEANINGLESS or (usual is not None and value == usual)):
            raise Refused(f"{name} = {_written(value)}")
        change.drop(name)


def _written(value: Any) -> str:
    return str(value).translate({ord("("): "[", ord(")"): "]"})


def _values(change: Change, op: str) -> None:
    for (operator, name), by_opset in BROUGHT.items():
        if operator == op and change.text(name) in by_opset.get(change.version, ()):
            raise Refused(f"{name} = {change.text(name)}")


def _ends(change: Change, old: OpSchema) -> None:
    """As many inputs and outputs as the older schema takes."""
    node = change.node
    while node.inputs and node.inputs[-1] is None:
        node.resize_inputs(len(node.inputs) - 1)
    if len(node.inputs) > old.max_input:
        extra = node.inputs[old.max_input]
        raise Refused(f"its input “{extra.name if extra is not None else old.max_input}”")
    single = onnx.defs.OpSchema.FormalParameterOption.Single
    for index, formal in enumerate(old.inputs):
        if formal.option == single and change.input(index) is None:
            raise Refused(f"it has no “{formal.name}”")
    spare = [value for value in node.outputs[old.max_output :] if value.uses() or value.is_graph_output()]
    if spare:
        raise Refused(f"its output “{spare[0].name}”")
    if len(node.outputs) > old.max_output:
        node.resize_outputs(old.max_output)


def _types(values: Sequence[ir.Value | None], formals: Sequence[Any], old: OpSchema, version: int) -> None:
    """Raises Refused on a tensor type that the older schema does not take."""
    allowed = {each.type_param_str: set(each.allowed_type_strs) for each in old.type_constraints}
    for index, value in enumerate(values):
        formal = formals[min(index, len(formals) - 1)] if formals else None
        found = type_of(value)
        if formal is None or not found:
            continue
        if found not in allowed.get(formal.type_str, {formal.type_str}):
            words = found[len("tensor(") : -1] if found.startswith("tensor(") else found
            raise Refused(f"values of type {words}, which it takes from opset {version} on")
