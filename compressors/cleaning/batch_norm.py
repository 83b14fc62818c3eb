"""BatchNorm folded into the layer before it: at inference it is one factor and one summand a channel.

y = γ·(Wx + b − μ)/√(σ² + ε) + β is a layer with W′ = sW and b′ = s(b − μ) + β, s = γ/√(σ² + ε)
(Ioffe and Szegedy 2015, algorithm 2). Worked out in float64; what is left is the rounding of W′.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from profiler.rewriting import bypass, constant, give, only_reader

EPSILON = 1e-5  # ONNX's default
FOLDED_INTO = ("Conv", "ConvTranspose", "Gemm")


def fold_batch_norms(model: ir.Model) -> list[str]:
    """Fold each BatchNormalization whose input is a layer with stored weights that nothing else reads.

    Returns the names of the nodes that are gone. The layers keep their names.
    """
    nodes = [node for node in model.graph if node.op_type == "BatchNormalization"]
    return [node.name or "" for node in nodes if _fold(model, node)]


def _fold(model: ir.Model, norm: ir.Node) -> bool:
    layer = norm.inputs[0].producer() if norm.inputs[0] is not None else None
    stored = [constant(value) for value in norm.inputs[1:5]]
    if layer is None or layer.op_type not in FOLDED_INTO or only_reader(layer.outputs[0]) is not norm:
        return False
    if any(values is None for values in stored) or norm.attributes.get_int("training_mode", 0):
        return False
    weight = constant(layer.inputs[1])
    bias = layer.inputs[2] if len(layer.inputs) > 2 else None
    if weight is None or weight.dtype.kind != "f" or (bias is not None and constant(bias) is None):
        return False
    gamma, beta, mean, variance = (np.asarray(values, np.float64) for values in stored)
    scale = gamma / np.sqrt(variance + norm.attributes.get_float("epsilon", EPSILON))
    share = layer.attributes.get_float("beta", 1.0) if layer.op_type == "Gemm" else 1.0
    if share == 0:
        return False
    before = 0.0 if bias is None else share * np.asarray(constant(bias), np.float64).reshape(-1)
    after = (scale * (before - mean) + beta) / share
    give(model, layer, 1, (weight * _along(layer, weight, scale)).astype(weight.dtype), "weight")
    give(model, layer, 2, after.astype(weight.dtype), "bias")
    bypass(model, norm)
    return True


def _along(layer: ir.Node, weight: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """One factor an output channel, shaped so that it multiplies the weight."""
    if layer.op_type == "Gemm":
        return scale[:, np.newaxis] if layer.attributes.get_int("transB", 0) else scale
    ones = (1,) * (weight.ndim - 2)
    if layer.op_type == "Conv":
        return scale.reshape(-1, 1, *ones)
    groups = layer.attributes.get_int("group", 1)  # ConvTranspose stores C × T/groups: each group has its own T/groups
    return np.repeat(scale.reshape(groups, -1), weight.shape[0] // groups, axis=0).reshape(*weight.shape[:2], *ones)
