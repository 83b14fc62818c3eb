"""Which constants of a graph are weights: what learns when the graph is lifted, and what stays as it is."""

from collections.abc import Sequence

import onnx_ir as ir

from compressors.layers import LAYERS

WEIGHTED = {
    "Gemm": (0, 1, 2),
    "GroupNormalization": (1, 2),
    "GRU": (1, 2, 3),
    "InstanceNormalization": (1, 2),
    "LayerNormalization": (1, 2),
    "LSTM": (1, 2, 3, 7),
    "MatMul": (0, 1),
    "RMSNormalization": (1,),
    "RNN": (1, 2, 3),
}
"""Operators that are no layer of torch's here, and which of their inputs are weights."""

PLUMBING = ("Reshape", "Squeeze", "Transpose", "Unsqueeze")
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
        return index == 0 and _feeds_weights(node)
    return node.op_type == "Add" and any(_made_by_layer(other) for other in node.inputs)


def _feeds_weights(node: ir.Node) -> bool:
    """Everything that reads its output takes it as a weight."""
    uses = node.outputs[0].uses()
    return bool(uses) and all(
        (use.node.op_type in LAYERS and use.idx == 1) or (use.node.op_type in PLUMBING and _feeds_weights(use.node))
        for use in uses
    )


def _made_by_layer(value: ir.Value | None) -> bool:
    producer = None if value is None else value.producer()
    weights: Sequence[ir.Value | None] = () if producer is None else producer.inputs[1:2]
    return producer is not None and producer.op_type in LAYERS and any(map(_is_weight, weights))


def _is_weight(value: ir.Value | None) -> bool:
    """A constant, or one that is turned first."""
    producer = None if value is None else source(value).producer()
    while producer is not None and producer.op_type in PLUMBING:
        value = producer.inputs[0]
        producer = None if value is None else value.producer()
    return constant(value) is not None
