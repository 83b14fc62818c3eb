"""Which constants of a graph are weights: what learns when the graph is lifted, and what stays as it is."""

from collections import defaultdict

import onnx_ir as ir

from compressors.layers import LAYERS
from profiler.shapes import known

WEIGHTED = {
    "Conv": (1, 2),
    "ConvTranspose": (1, 2),
    "Gemm": (0, 1, 2),
    "GroupNormalization": (1, 2),
    "GRU": (1, 2, 3),
    "InstanceNormalization": (1, 2),
    "LayerNormalization": (1, 2),
    "LSTM": (1, 2, 3, 7),
    "MatMul": (0, 1),
    "PRelu": (1,),
    "RMSNormalization": (1,),
    "RNN": (1, 2, 3),
}
"""Where these operators are no layer of torch’s: which of their inputs are weights."""

PLUMBING = ("Concat", "Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze")
"""What exporters put between a stored weight and its layer: the weight behind it learns, in the layout it has there."""

LEARNING = (ir.DataType.FLOAT, ir.DataType.DOUBLE)


def constant(value: ir.Value | None) -> ir.TensorProtocol | None:
    """What an initializer, a Constant or an Identity of one holds; None when it depends on the input."""
    return None if value is None else ir.convenience.get_const_tensor(source(value))


def source(value: ir.Value) -> ir.Value:
    """The value behind Identity nodes: exporters share equal biases through them."""
    producer = value.producer()
    while producer is not None and producer.op_type == "Identity" and producer.inputs[0] is not None:
        value = producer.inputs[0]
        producer = value.producer()
    return value


def learns(node: ir.Node, index: int) -> bool:
    """Input `index` is a weight of an operator that is no plain layer, or turned first, or a bias added to a layer."""
    found = constant(node.inputs[index])
    if found is None or found.dtype not in LEARNING:
        return False
    if node.op_type in WEIGHTED:
        return index in WEIGHTED[node.op_type]
    if node.op_type in PLUMBING:
        return (index == 0 or node.op_type == "Concat") and _feeds_weights(node)
    return node.op_type == "Add" and found.size in map(_outputs, node.inputs)


def in_several_layouts(graph: ir.Graph) -> set[str]:
    """The weights that are used as they are and turned as well, as a decoder may use its encoder’s."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for node in graph:
        for index, value in enumerate(node.inputs):
            if value is None or constant(value) is None:
                continue
            name = source(value).name or ""
            if node.op_type in LAYERS and index == 1:
                plain = node.op_type not in ("Gemm", "MatMul") or node.attributes.get_int("transB", 0)
                found[name].add("plain" if plain else "turned")
            elif learns(node, index) and node.op_type != "Add":
                found[name].add("moved")
    return {name for name, layouts in found.items() if len(layouts) > 1}


def _feeds_weights(node: ir.Node) -> bool:
    """Everything that reads its output takes it as a weight."""
    uses = node.outputs[0].uses()
    return bool(uses) and all(
        (use.node.op_type in LAYERS and use.idx == 1)
        or use.idx in WEIGHTED.get(use.node.op_type, ())
        or (use.node.op_type in PLUMBING and _feeds_weights(use.node))
        for use in uses
    )


def _outputs(value: ir.Value | None) -> int | None:
    """How many channels the layer that makes this value has; None where no layer makes it."""
    layer = None if value is None else value.producer()
    shape = None if layer is None or layer.op_type not in LAYERS else _weight_shape(layer.inputs[1])
    if layer is None or not shape:
        return None
    match layer.op_type:
        case "ConvTranspose":
            return shape[1] * layer.attributes.get_int("group", 1)
        case "Gemm":
            return shape[0 if layer.attributes.get_int("transB", 0) else -1]
        case "MatMul":
            return shape[-1]
        case _:
            return shape[0]


def _weight_shape(value: ir.Value | None) -> tuple[int, ...] | None:
    """The shape of a weight that is a constant, or that is turned first; None of what depends on the input."""
    shape = None if value is None else known(value)
    producer = None if value is None else source(value).producer()
    while producer is not None and producer.op_type in PLUMBING:
        value = producer.inputs[0]
        producer = None if value is None else source(value).producer()
    found = constant(value)
    return None if found is None else shape or tuple(found.shape.numpy())
