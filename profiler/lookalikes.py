"""Operators of ONNX Runtime's own, and the ONNX operators whose results have the same shape.

ONNX's inference does not know the domain com.microsoft and would know nothing behind such a node. Files that were
optimised or quantised by ONNX Runtime have many.
"""

from __future__ import annotations

from collections.abc import Mapping

import onnx

RUNTIME = "com.microsoft"

# The operator to infer with, and which inputs it is given
ALIKE: Mapping[str, tuple[str, tuple[int, ...]]] = {
    "BiasGelu": ("Identity", (0,)),
    "FastGelu": ("Identity", (0,)),
    "FusedConv": ("Conv", (0, 1, 2)),
    "FusedGemm": ("Gemm", (0, 1, 2)),
    "FusedMatMul": ("MatMul", (0, 1)),
    "Gelu": ("Identity", (0,)),
    "QLinearAdd": ("Add", (0, 3)),
    "QLinearAveragePool": ("AveragePool", (0,)),
    "QLinearGlobalAveragePool": ("GlobalAveragePool", (0,)),
    "QLinearLeakyRelu": ("Identity", (0,)),
    "QLinearMul": ("Mul", (0, 3)),
    "QLinearSigmoid": ("Identity", (0,)),
    "QLinearSoftmax": ("Identity", (0,)),
    "QuickGelu": ("Identity", (0,)),
}
QUANTISING = ("DequantizeLinear", "QuantizeLinear")  # the same operators, with more types than ONNX allowed then
TURNED = ("transA", "transB", "transBatchA", "transBatchB", "channels_last")  # settings that change the shape


def disguise(graph: onnx.GraphProto) -> None:
    """Let each node of ONNX Runtime's own pass for its lookalike, in a graph made for inferring shapes. In place."""
    for node in graph.node:
        if node.domain != RUNTIME:
            continue
        if node.op_type in QUANTISING:
            node.domain = ""
        elif node.op_type == "QLinearConcat":
            _become(node, "Concat", tuple(range(2, len(node.input), 3)))
        elif node.op_type in ALIKE and not any(a.i and a.name in TURNED for a in node.attribute):
            _become(node, *ALIKE[node.op_type])


def _become(node: onnx.NodeProto, operator: str, inputs: tuple[int, ...]) -> None:
    kept = [node.input[index] for index in inputs if index < len(node.input)]
    node.domain, node.op_type = "", operator
    node.input[:] = kept
