"""An ONNX message as an `onnx_ir` model: the one that `onnx_ir.from_proto` makes, with its tensors mapped.

Opening a network is mostly this. A file says few things many times, so each shape, type and setting is read once and
shared, as the copies of a model share them. What does not hold together is refused by name where it is met.

Short lists of a message are gone through as copies (`[:]`) in half the time: the list’s own end is an exception.
"""

from __future__ import annotations

from collections import ChainMap, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import onnx
import onnx_ir as ir
from onnx import AttributeProto
from onnx_ir import serde

from profiler.formats.onnx_tensors import Tensors, refused
from profiler.shapes import opened

SMALL = 64  # bytes of a setting that is worth remembering
ANNOTATION = "quant_parameter_tensor_names"  # where onnx_ir keeps what a file says of a quantised value
INFOS_IN_FUNCTIONS = 10  # the version of the format from which a function says itself what its values are
HOLDS = frozenset(
    (
        AttributeProto.TENSOR,
        AttributeProto.TENSORS,
        AttributeProto.GRAPH,
        AttributeProto.GRAPHS,
        AttributeProto.SPARSE_TENSOR,
    )
)
Values = dict[str, ir.Value]
Scopes = tuple[Values, ...]  # what a node can read by name, the values of the innermost graph last


class Translator:
    """Makes one message a model. Raises BadInput, and what `malformed` tells, when it does not hold together."""

    def __init__(self, path: Path, tensors: Tensors) -> None:
        self._path = path
        self._tensors = tensors
        self._kinds: dict[bytes, tuple[ir.Shape | None, ir.TypeProtocol | None]] = {}
        self._types: dict[ir.DataType, ir.TensorType] = {}
        self._settings: dict[bytes, ir.Attr] = {}
        self._devices: dict[str, ir.ModelConfiguration] = {}
        self._unmade: set[ir.Value | None] = set()  # the values of nodes that are still to come
        self.graphs = 0
        self.in_order = True  # each node stands behind those that it reads

    def model(self, proto: onnx.ModelProto) -> ir.Model:
        devices = [serde.deserialize_model_configuration(said) for said in getattr(proto, "configuration", ())]
        self._devices = {device.name: device for device in devices}
        graph = self._graph(proto.graph, ())
        graph.opset_imports.update(serde.deserialize_opset_import(proto.opset_import))
        return ir.Model(
            graph,
            ir_version=proto.ir_version,
            producer_name=_said(proto, "producer_name"),
            producer_version=_said(proto, "producer_version"),
            domain=_said(proto, "domain"),
            model_version=_said(proto, "model_version"),
            doc_string=_said(proto, "doc_string"),
            functions=self._functions(proto) if proto.functions else (),
            metadata_props=serde.deserialize_metadata_props(proto.metadata_props),
            device_configurations=tuple(devices),
        )

    def _graph(self, proto: onnx.GraphProto, outer: Scopes) -> ir.Graph:
        self.graphs += 1
        inputs = [self._describe(ir.Value(name=info.name), info) for info in proto.input]
        values = {value.name or "": value for value in inputs}
        given = set(values)
        initializers = self._initializers(proto, values)
        self._declare(proto.node, values)
        for info in proto.value_info:
            if info.name in values and info.name not in given:
                self._describe(values[info.name], info)
        for note in proto.quantization_annotation:
            if note.tensor_name in values:
                names = serde.deserialize_metadata_props(note.quant_parameter_tensor_names)
                values[note.tensor_name].meta[ANNOTATION] = names
        scopes = (*outer, values)
        nodes = [self._node(node, scopes) for node in proto.node]
        return ir.Graph(
            inputs,
            [self._describe(self._output(info.name, values), info) for info in proto.output],
            nodes=nodes,
            initializers=initializers,
            doc_string=_said(proto, "doc_string"),
            name=_said(proto, "name"),
            metadata_props=serde.deserialize_metadata_props(proto.metadata_props),
        )

    def _functions(self, model: onnx.ModelProto) -> list[ir.Function]:
        """Before they could, the graph said what the values of functions are: `domain::function/value`."""
        infos: defaultdict[str, list[tuple[str, onnx.ValueInfoProto]]] = defaultdict(list)
        if model.ir_version < INFOS_IN_FUNCTIONS:
            for info in model.graph.value_info:
                function, _, name = info.name.partition("/")
                infos[function].append((name, info))
        return [self._function(proto, infos[f"{proto.domain}::{proto.name}"]) for proto in model.functions]

    def _function(self, proto: onnx.FunctionProto, infos: list[tuple[str, onnx.ValueInfoProto]]) -> ir.Function:
        self.graphs += 1
        inputs = [ir.Value(name=name) for name in proto.input]
        values = {value.name or "": value for value in inputs}
        self._declare(proto.node, values)
        for name, info in (*infos, *((info.name, info) for info in proto.value_info)):
            if name in values:
                self._describe(values[name], info)
        nodes = [self._node(node, (values,)) for node in proto.node]
        graph = ir.Graph(
            inputs,
            [self._output(name, values) for name in proto.output],
            nodes=nodes,
            doc_string=_said(proto, "doc_string"),
            opset_imports=serde.deserialize_opset_import(proto.opset_import),
            name=f"{proto.name}_{proto.domain}__{proto.overload}" if proto.overload else "",
            metadata_props=serde.deserialize_metadata_props(proto.metadata_props),
        )
        attributes = [
            *(self._attribute(attribute, None, ()) for attribute in proto.attribute_proto),
            *(ir.Attr(name, ir.AttributeType.UNDEFINED, None) for name in proto.attribute),
        ]
        return ir.Function(proto.domain, proto.name, proto.overload, graph=graph, attributes=attributes)

    def _initializers(self, proto: onnx.GraphProto, values: Values) -> list[ir.Value]:
        """The stored values; one of them may stand among the inputs too. One without a name is of no use to anyone."""
        found = [
            self._stored(tensor.name, self._tensors.dense(tensor, f"The weight “{tensor.name}”"), values)
            for tensor in proto.initializer
            if tensor.name
        ]
        for sparse in proto.sparse_initializer:
            name = sparse.values.name
            found.append(self._stored(name, self._tensors.sparse(sparse, name), values))
        return found

    def _stored(self, name: str, tensor: ir.TensorProtocol, values: Values) -> ir.Value:
        value = values.get(name)
        if value is not None:
            value.const_value = tensor
            return value
        dtype, shape = tensor.dtype, cast("ir.Shape", tensor.shape)
        if dtype not in self._types:
            self._types[dtype] = ir.TensorType(dtype)
        values[name] = ir.Value(name=name, shape=shape, type=self._types[dtype], const_value=tensor)
        return values[name]

    def _declare(self, nodes: Iterable[onnx.NodeProto], values: Values) -> None:
        """Make the values that the nodes make, so that nodes may stand in any order."""
        for node in nodes:
            for name in node.output[:]:
                if name in values:
                    self._refuse_second_maker(name, node, nodes)
                if name:
                    values[name] = value = ir.Value(name=name)
                    self._unmade.add(value)
        self._check_text(*values)

    def _refuse_second_maker(self, name: str, second: onnx.NodeProto, nodes: Iterable[onnx.NodeProto]) -> None:
        first = next(node for node in nodes if name in node.output)
        if first is second:
            raise refused(self._path, f"Node “{_called(second)}” makes the value “{name}”, which is there already.")
        both = f"“{_called(first)}” and “{_called(second)}”"
        raise refused(self._path, f"Two nodes make the value “{name}”: {both}.")

    def _output(self, name: str, values: Values) -> ir.Value:
        if name not in values:
            self._check_text(name)
            raise refused(self._path, f"Nothing makes its output “{name}”.")
        return values[name]

    def _describe(self, value: ir.Value, info: onnx.ValueInfoProto) -> ir.Value:
        """Give the value the shape and the type that the file says it has."""
        key = info.type.SerializeToString()
        if key not in self._kinds:
            shape = serde.deserialize_type_proto_for_shape(info.type)
            self._kinds[key] = opened(shape), serde.deserialize_type_proto_for_type(info.type)
        value.shape, value.type = self._kinds[key]
        value.doc_string = _said(info, "doc_string")
        if info.metadata_props:
            value.metadata_props.update(serde.deserialize_metadata_props(info.metadata_props) or {})
        return value

    def _node(self, proto: onnx.NodeProto, scopes: Scopes) -> ir.Node:
        values, name, op_type, domain = scopes[-1], proto.name, proto.op_type, proto.domain
        self._check_text(name, op_type, domain)
        inputs = [values.get(read) or self._from_around(read, proto, scopes) for read in proto.input[:]]
        outputs = [values[made] if made else ir.Value(name="") for made in proto.output[:]]
        attributes = [self._attribute(attribute, proto, scopes) for attribute in proto.attribute[:]]
        self.in_order = self.in_order and self._unmade.isdisjoint(inputs)
        self._unmade.difference_update(outputs)
        return ir.Node(
            domain,
            op_type,
            inputs,
            attributes,
            overload=proto.overload,
            outputs=outputs,
            name=name,
            doc_string=_said(proto, "doc_string"),
            metadata_props=serde.deserialize_metadata_props(proto.metadata_props),
            device_configurations=self._on_devices(proto, scopes) if proto.device_configurations else (),
        )

    def _from_around(self, name: str, reader: onnx.NodeProto, scopes: Scopes) -> ir.Value | None:
        """A value of a graph around this one; none for an input that is left out."""
        if not name:
            return None
        for values in reversed(scopes):
            if name in values:
                return values[name]
        self._check_text(name)
        raise refused(self._path, f"Node “{_called(reader)}” reads “{name}”, which nothing makes.")

    def _on_devices(self, proto: onnx.NodeProto, scopes: Scopes) -> tuple[ir.NodeDeviceConfiguration, ...]:
        known = ChainMap(*reversed(scopes))
        made = [serde.deserialize_node_device_configuration(said, values=known) for said in proto.device_configurations]
        return tuple(
            replace(one, configuration=self._devices.get(one.configuration.name, one.configuration))
            if one.configuration is not None
            else one
            for one in made
        )

    def _attribute(self, proto: AttributeProto, owner: onnx.NodeProto | None, scopes: Scopes) -> ir.Attr:
        kind = proto.type
        if kind not in HOLDS or proto.ref_attr_name:
            return self._setting(proto)
        who = f"Node “{_called(owner)}”" if owner is not None else "A function’s setting"
        about = {"doc_string": _said(proto, "doc_string")}
        if kind == AttributeProto.TENSOR:
            return ir.AttrTensor(proto.name, self._tensors.dense(proto.t, who), **about)
        if kind == AttributeProto.TENSORS:
            return ir.AttrTensors(proto.name, [self._tensors.dense(one, who) for one in proto.tensors], **about)
        if kind == AttributeProto.GRAPH:
            return ir.AttrGraph(proto.name, self._graph(proto.g, scopes), **about)
        if kind == AttributeProto.GRAPHS:
            return ir.AttrGraphs(proto.name, [self._graph(one, scopes) for one in proto.graphs], **about)
        if owner is not None and owner.op_type == "Constant" and proto.name == "sparse_value":
            return ir.AttrTensor("value", self._tensors.sparse(proto.sparse_tensor, "".join(owner.output[:1])), **about)
        return self._setting(proto)  # onnx_ir says that it knows no others

    def _setting(self, proto: AttributeProto) -> ir.Attr:
        """An attribute that holds neither tensors nor graphs."""
        key = proto.SerializeToString()
        found = self._settings.get(key)
        if found is None:
            found = serde.deserialize_attribute(proto)
            if len(key) <= SMALL:
                self._settings[key] = found
        return found

    def _check_text(self, *names: str | bytes) -> None:
        """Names are text; what is no UTF-8 arrives as bytes."""
        if bytes in map(type, names):
            name = next(name for name in names if isinstance(name, bytes))
            raise refused(self._path, f"It has a name that is no text: {name[:32]!r}.")


def _said(proto: Any, field: str) -> Any:
    return getattr(proto, field) if proto.HasField(field) else None


def _called(node: onnx.NodeProto) -> str:
    return node.name or node.op_type
