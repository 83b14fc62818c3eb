"""Operators that an older opset does not have, written out as the ONNX standard itself defines them."""

from __future__ import annotations

from typing import Any

import onnx
import onnx_ir as ir

from profiler.lowering.change import Change, Refused
from profiler.lowering.relabel import default, schema


def expand(change: Change) -> list[ir.Node]:
    """Put the operator's function body in the node's place; its nodes, in their order.

    Raises Refused when the standard has none for it.
    """
    body = _body(change)
    values: dict[str, ir.Value | None] = {"": None}
    for index, name in enumerate(body.input):
        values[name] = change.input(index)
    attributes = _attributes(change)
    outputs = zip(body.output, change.node.outputs, strict=False)
    results = {name: value for name, value in outputs if value.uses() or value.is_graph_output()}
    made: list[ir.Node] = []
    for proto in body.node:
        node = _node(change, proto, values, attributes)
        stored = _as_stored(change, node)
        if stored is None:
            made.append(node)
        else:
            values[proto.output[0]] = stored
    node = change.node
    new = [values.get(name) for name in results]
    old = list(results.values())
    if any(value is None for value in new):
        raise Refused(f"the standard’s formula for {node.op_type} has another form")
    _name_main(made, new[0], node.name or "")
    ir.convenience.replace_nodes_and_values(
        change.graph, node, [node], made, old, [value for value in new if value is not None]
    )
    return made


def _as_stored(change: Change, node: ir.Node) -> ir.Value | None:
    """A Constant of the formula as an initializer, so that what follows from it can be worked out at once."""
    tensor = ir.convenience.get_const_tensor(node.outputs[0]) if node.op_type == "Constant" else None
    return change.stored("constant", tensor.numpy()) if tensor is not None else None


def _name_main(made: list[ir.Node], result: ir.Value | None, name: str) -> None:
    """The node that makes the first result bears the old name."""
    maker = result.producer() if result is not None else None
    for node in made:
        if node is maker:
            node.name = name


def _body(change: Change) -> onnx.FunctionProto:
    op, version = change.node.op_type, change.version
    found: Any = schema(op, version)  # its type stubs do not name the functions
    if found is None:
        raise Refused("it is no operator of ONNX")
    fixed: list[int] = [each for each in found.function_opset_versions if each <= version]
    depends: list[int] = [each for each in found.context_dependent_function_opset_versions if each <= version]
    if fixed:
        return onnx.FunctionProto.FromString(found.get_function_with_opset_version(max(fixed)))
    if depends:
        node = ir.serde.serialize_node(change.node)
        types = [_type(value).SerializeToString() for value in change.node.inputs]
        try:
            data: bytes = found.get_context_dependent_function_with_opset_version(
                max(depends), node.SerializeToString(), types
            )
        except RuntimeError as error:
            raise Refused("its types are not known") from error
        if data:
            return onnx.FunctionProto.FromString(data)
    raise Refused(f"there is no such operator before opset {version}")


def _type(value: ir.Value | None) -> onnx.TypeProto:
    proto = onnx.TypeProto()
    if value is None:
        return proto
    if not isinstance(value.type, ir.TensorType):
        raise Refused("its types are not known")
    proto.tensor_type.elem_type = value.type.dtype.value
    if value.shape is not None:
        proto.tensor_type.shape.SetInParent()
        for size in value.shape:
            dim = proto.tensor_type.shape.dim.add()
            if isinstance(size, int):
                dim.dim_value = size
    return proto


def _attributes(change: Change) -> dict[str, ir.Attr]:
    """The node's own, and the defaults of those it leaves out."""
    found = schema(change.node.op_type, change.version)
    given: dict[str, ir.Attr] = {}
    for name, declared in found.attributes.items() if found is not None else ():
        value = default(declared)
        if value is not None:
            given[name] = ir.convenience.convert_attribute(name, value.decode() if isinstance(value, bytes) else value)
    return given | dict(change.node.attributes)


def _node(change: Change, proto: onnx.NodeProto, values: dict[str, Any], attributes: dict[str, ir.Attr]) -> ir.Node:
    own: list[ir.Attr] = []
    for each in proto.attribute:
        if each.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS):
            raise Refused("the standard’s formula for it needs a loop")
        if not each.ref_attr_name:
            own.append(ir.serde.deserialize_attribute(each))
        elif each.ref_attr_name in attributes:
            given = attributes[each.ref_attr_name]
            own.append(ir.Attr(each.name, given.type, given.value))
    node = change.made(
        proto.op_type, [values[name] for name in proto.input], what=proto.op_type, outputs=len(proto.output)
    )
    for attribute in own:
        node.attributes[attribute.name] = attribute
    for name, output in zip(proto.output, node.outputs, strict=True):
        output.type = None
        values[name] = output
    return node
