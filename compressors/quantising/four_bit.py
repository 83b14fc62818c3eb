"""Weights of fully connected layers as 4-bit integers in blocks, by ONNX Runtime's own quantiser.

A block of weights that lie one behind the other along a layer's inputs shares one scale; activations stay floats. What
is written is ONNX's own (INT4 tensors and DequantizeLinear with `block_size`, opset 21), which ONNX Runtime turns into
its kernel MatMulNBits when it loads the file.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir

from profiler import shapes
from profiler.errors import BadInput
from profiler.network import Network
from profiler.normalise import normalised
from profiler.rewriting import add_initializer, constant, drop_unused, free_name, only_reader, replace

OPSET, IR_VERSION = 21, 10  # the first with 4-bit integers
BITS = 4
ENDING = f"_matmul_Q{BITS}"  # what the quantiser puts behind a layer's name


def in_four_bits(network: Network, layers: Iterable[str], *, block: int) -> Network:
    """These Gemm and MatMul layers with 4-bit weights, in blocks of `block` inputs; they keep their names.

    Raises BadInput when the graph cannot be brought to opset 21, or the quantiser refuses it.
    """
    names = tuple(layers)
    model = normalised(network).edit()
    for node in list(model.graph):
        if node.name in names and node.op_type == "Gemm":
            _as_matmul(model, node)
    for node in list(model.graph):
        if node.name in names and node.op_type == "MatMul":
            _keep_bias_apart(model, node)
    shapes.refresh(model)
    quantised = ir.serde.deserialize_model(_quantised(_raised(model, network.name), names, block))
    for node in quantised.graph:
        stem = (node.name or "").removesuffix(ENDING)
        if stem in names:
            node.name = stem
    return Network.from_model(quantised, name=network.name, path=network.path, input_recipe=network.input_recipe)


def _as_matmul(model: ir.Model, gemm: ir.Node) -> None:
    """α·x·W + β·c as a MatMul of the layer's name and, where there is a bias, an Add behind it."""
    weight, bias = constant(gemm.inputs[1]), gemm.inputs[2] if len(gemm.inputs) > 2 else None
    if weight is None or gemm.attributes.get_int("transA", 0) or (bias is not None and constant(bias) is None):
        return
    stored = [value for value in gemm.inputs[1:] if value is not None]
    turned = weight.T if gemm.attributes.get_int("transB", 0) else weight
    values = (gemm.attributes.get_float("alpha", 1.0) * turned).astype(weight.dtype)
    named = stored[0].name if len(list(stored[0].uses())) == 1 else None
    product = ir.Node("", "MatMul", [gemm.inputs[0], None], name=gemm.name)
    last = product
    if bias is not None:
        added = np.asarray(constant(bias)) * np.float32(gemm.attributes.get_float("beta", 1.0))
        summand = add_initializer(model, free_name(model, f"{gemm.name}.bias"), added.astype(weight.dtype))
        product.outputs[0].name = free_name(model, f"{gemm.name}_product")
        product.outputs[0].type = gemm.outputs[0].type
        last = ir.Node("", "Add", [product.outputs[0], summand], name=f"{gemm.name}.add")
    new = [product] if last is product else [product, last]
    before = gemm.outputs[0]
    last.outputs[0].type, last.outputs[0].shape = before.type, before.shape
    name = before.name
    ir.convenience.replace_nodes_and_values(model.graph, gemm, [gemm], new, [before], [last.outputs[0]])
    last.outputs[0].name = name
    drop_unused(model, stored)
    kept = named if named and named not in model.graph.initializers else free_name(model, f"{gemm.name}.weight")
    product.replace_input_with(1, add_initializer(model, kept, values))


def _keep_bias_apart(model: ir.Model, matmul: ir.Node) -> None:
    """The bias behind it is subtracted with the other sign, which comes to the same to the last bit.

    ONNX Runtime makes MatMul, Add and Relu one FusedGemm of floats before it looks for 4-bit weights, and would then
    widen all weights in each run (seen in 1.32: AlexNet at less than half its speed). It does not do so with a Sub.
    """
    add = only_reader(matmul.outputs[0])
    if add is None or add.op_type != "Add" or len(add.inputs) != 2:
        return
    bias = next((value for value in add.inputs if value is not matmul.outputs[0]), None)
    values = constant(bias)
    if values is None:
        return
    name = free_name(model, f"{matmul.name}.minus_bias")
    subtracted = add_initializer(model, name, -values)
    replace(model, add, ir.Node("", "Sub", [matmul.outputs[0], subtracted], name=add.name))


def _raised(model: ir.Model, name: str) -> onnx.ModelProto:
    """The model in an opset that has 4-bit integers."""
    from onnx import version_converter

    proto = ir.serde.serialize_model(model)
    version = next((each.version for each in proto.opset_import if each.domain in ("", "ai.onnx")), 0)
    if version < OPSET:
        try:
            proto = version_converter.convert_version(proto, OPSET)
        except Exception as problem:
            raise BadInput(
                f"“{name}” cannot be brought from opset {version} to {OPSET}, which 4-bit weights need.",
                f"onnx says: {str(problem).splitlines()[0]}",
                "Use int8 instead.",
            ) from problem
    proto.ir_version = max(proto.ir_version, IR_VERSION)
    return proto


def _quantised(proto: onnx.ModelProto, names: tuple[str, ...], block: int) -> onnx.ModelProto:
    from onnxruntime.quantization import QuantFormat
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    logging.getLogger("onnxruntime.quantization.matmul_nbits_quantizer").setLevel(logging.ERROR)
    quantiser = MatMulNBitsQuantizer(
        proto,
        bits=BITS,
        block_size=block,
        is_symmetric=True,
        nodes_to_include=list(names),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=("MatMul",),
    )
    quantiser.process()
    made: Any = quantiser.model  # an ONNXModel around what it was given
    return made.model
