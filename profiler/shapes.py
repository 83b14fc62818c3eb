"""Shapes of values: inferring them, and making them right again after a change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import onnx
import onnx_ir as ir
from onnx import shape_inference
from onnx_ir.passes.common import LiftConstantsToInitializersPass, LiftSubgraphInitializersToMainGraphPass

from profiler.errors import BadInput
from profiler.lookalikes import disguise
from profiler.serial import BIG, inner_tensors, skeleton

Dims = tuple[int | str, ...]
UNNAMED = "?"  # a size that has not even a symbol
NO_RANK: Dims = ("…",)  # an input of which not even the number of axes is known


def dims(shape: ir.Shape | None) -> Dims:
    """A shape as plain values: numbers, symbols, `?` for a size without either, `…` for no shape at all."""
    if shape is None:
        return NO_RANK
    return tuple(size if isinstance(size, int) else (size.value or UNNAMED) for size in shape)


def known(value: ir.Value | None) -> tuple[int, ...] | None:
    """The value's shape, when every size is a number."""
    return None if value is None or value.shape is None else numbers(value.shape, {})


def numbers(shape: ir.Shape, symbols: Mapping[str, int]) -> tuple[int, ...] | None:
    """The shape, when every size is a number or a symbol that stands for one."""
    sizes: list[int] = []
    for size in shape:
        number = size if isinstance(size, int) else symbols.get(size.value or "")
        if number is None:
            return None
        sizes.append(number)
    return tuple(sizes)


def real_inputs(model: ir.Model) -> list[ir.Value]:
    """The inputs a user feeds: old files list their initializers among the inputs too."""
    return [value for value in model.graph.inputs if value.name not in model.graph.initializers]


def subgraphs(node: ir.Node) -> list[ir.Graph]:
    """The branches or the body of a node that runs graphs of its own."""
    found: list[ir.Graph] = []
    for attribute in node.attributes.values():
        if attribute.type == ir.AttributeType.GRAPH and not attribute.is_ref():
            found.append(attribute.as_graph())
        elif attribute.type == ir.AttributeType.GRAPHS and not attribute.is_ref():
            found.extend(attribute.as_graphs())
    return found


def opened(shape: ir.Shape | None) -> ir.Shape | None:
    """Some exporters write −1 (or 0) for a size that is open: make it one that has no number."""
    if shape is None or all(size >= 1 for size in shape if isinstance(size, int)):
        return shape
    return ir.Shape([None if isinstance(size, int) and size < 1 else size for size in shape], frozen=True)


def bind(model: ir.Model, sizes: Mapping[str, int]) -> None:
    """Put a number for each of these symbols, wherever it stands, in subgraphs too."""
    for value in _values(model.graph):
        if value.shape is not None and any(size in sizes for size in dims(value.shape)):
            value.shape = ir.Shape([sizes.get(str(size), size) for size in dims(value.shape)])


def _values(graph: ir.Graph) -> Iterable[ir.Value]:
    yield from graph.inputs
    for node in graph:
        yield from node.outputs
        for inner in subgraphs(node):
            yield from _values(inner)


def infer(model: ir.Model, *, strict: bool = False, outline: onnx.ModelProto | None = None) -> None:
    """Fill in the shapes of values, as far as they follow from the inputs. No weight of size is read.

    What cannot be inferred stays unknown. Strict: raises BadInput with the checker's reason when operators and shapes
    contradict each other. `outline` is the same model serialised, its large tensors left out; else it is made here.
    """
    outline = known_to_onnx(_outline(model) if outline is None else outline)
    try:
        proto = shape_inference.infer_shapes(outline, check_type=False, strict_mode=strict, data_prop=True)
    except (shape_inference.InferenceError, RuntimeError, ValueError) as error:
        if not strict:
            return
        raise BadInput(
            "The network’s shapes do not fit each other.",
            _first_line(error),
            "If its input’s size was chosen, choose another: this network may take only some.",
        ) from error
    _take_over(model, proto)
    _infer_through_plumbing(model)


def _outline(model: ir.Model) -> onnx.ModelProto:
    """The model as one message, without functions and large tensors."""
    inner = (tensor for tensor in inner_tensors(model) if tensor.nbytes > BIG)
    if model.functions or next(inner, None) is not None:
        from profiler.functions import inlined  # needs this module

        model = inlined(model, exact=False)
        model = model.clone()
        model.functions.clear()
        lift_constants(model)
    data, _ = skeleton(model)
    proto = onnx.ModelProto.FromString(data)
    without_words(proto)
    return proto


def without_words(proto: onnx.ModelProto) -> None:
    """Leave out what is said about the model and its nodes, which may be long: no shape follows from it. In place."""
    for field in ("producer_name", "producer_version", "domain", "doc_string", "metadata_props", "training_info"):
        proto.ClearField(field)
    for field in ("doc_string", "metadata_props", "quantization_annotation"):
        proto.graph.ClearField(field)
    for node in proto.graph.node:
        if node.ByteSize() > BIG:
            node.ClearField("doc_string")
            node.ClearField("metadata_props")
            for attribute in node.attribute:
                attribute.ClearField("doc_string")
                if len(attribute.s) > BIG:
                    attribute.ClearField("s")


def known_to_onnx(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Versions and operators that ONNX's inference knows, and nothing that stands against what it finds. In place."""
    for opset in proto.opset_import:
        if opset.domain in ("", "ai.onnx"):
            opset.version = min(opset.version, onnx.defs.onnx_opset_version())
    for output in proto.graph.output:  # what a file claims of them must not stand against what follows
        if output.type.HasField("tensor_type"):
            output.type.tensor_type.ClearField("shape")
    disguise(proto.graph)
    return proto


def batch_of_one(model: ir.Model) -> tuple[dict[str, Dims], dict[str, int]]:
    """The shapes of the inputs whose batch is open, with 1 for it; and 1 for each symbol that stood there."""
    inputs = {value.name or "": dims(value.shape) for value in real_inputs(model)}
    free = {name: shape for name, shape in inputs.items() if shape and shape != NO_RANK and isinstance(shape[0], str)}
    symbols = {str(shape[0]): 1 for shape in free.values() if shape[0] != UNNAMED}
    return {name: (1, *shape[1:]) for name, shape in free.items()}, symbols


def bound(proto: onnx.ModelProto, inputs: Mapping[str, Dims], sizes: Mapping[str, int]) -> onnx.ModelProto:
    """The message with its inputs shaped so, and these numbers for its symbols. In place."""
    for info in proto.graph.input:
        for dim, size in zip(info.type.tensor_type.shape.dim, inputs.get(info.name, ()), strict=False):
            if isinstance(size, int):
                dim.dim_value = size
            elif dim.HasField("dim_value") and dim.dim_value < 1:
                dim.ClearField("dim_value")
    for info in proto.graph.value_info:
        for dim in info.type.tensor_type.shape.dim:
            if dim.dim_param in sizes:
                dim.dim_value = sizes[dim.dim_param]
            elif dim.HasField("dim_value") and dim.dim_value < 1:
                dim.ClearField("dim_value")
    return proto


def lift_constants(model: ir.Model) -> None:
    """Make every Constant an initializer of the main graph, also those of subgraphs. In place."""
    LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    if any(subgraphs(node) for node in model.graph):
        LiftSubgraphInitializersToMainGraphPass()(model)


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _take_over(model: ir.Model, proto: onnx.ModelProto) -> None:
    values = {value.name: value for node in model.graph for value in node.outputs}
    for info in (*proto.graph.value_info, *proto.graph.output):
        value = values.get(info.name)
        if value is None or value.producer() is None or _has(value, info):
            continue
        found = ir.Value(name=info.name)
        ir.serde.deserialize_value_info_proto(info, found)
        if found.shape is not None:
            value.shape = found.shape
        if found.type is not None:
            value.type = found.type


def _has(value: ir.Value, info: onnx.ValueInfoProto) -> bool:
    """The value has this type and these sizes, all of them numbers, already."""
    kind, sizes = info.type.tensor_type, known(value)
    if sizes is None or not info.type.HasField("tensor_type") or value.dtype is None or not kind.HasField("shape"):
        return False
    found = tuple(dim.dim_value if dim.HasField("dim_value") else -1 for dim in kind.shape.dim)
    return sizes == found and value.dtype.value == kind.elem_type


def _infer_through_plumbing(model: ir.Model) -> None:
    """Where shapes stay unknown although the inputs are not: work out the sizes that the graph computes, and go on."""
    if any(known(value) is None for value in real_inputs(model)):
        return
    missing = _unknown(model)
    while missing:
        from profiler.plumbing import settled  # needs onnx.reference, which few networks do

        trial = settled(model)
        if trial is None:
            return
        try:
            proto = shape_inference.infer_shapes(known_to_onnx(_outline(trial)), data_prop=True)
        except (shape_inference.InferenceError, RuntimeError, ValueError):
            return
        _take_over(model, proto)
        still = _unknown(model)
        if still == missing:
            return
        missing = still


def _unknown(model: ir.Model) -> int:
    return sum(known(value) is None for node in model.graph for value in node.outputs if value.name)


def refresh(model: ir.Model) -> None:
    """After a weight or an input changed its shape: forget every intermediate shape and infer again, strictly.

    Raises BadInput when the shapes contradict each other. An output keeps the shape it had where inference cannot
    follow at all: behind operators that are not ONNX's own, or sizes known only when it runs.
    """
    declared = {output.name: output.shape for output in model.graph.outputs}
    foreign = any(node.domain not in ("", "ai.onnx") for node in model.graph)
    for node in model.graph:
        for value in node.outputs:
            value.shape = None
    infer(model, strict=not foreign)
    for output in model.graph.outputs:
        if output.shape is None:
            output.shape = declared[output.name]
