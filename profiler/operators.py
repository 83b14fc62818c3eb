"""What each operator costs, as a table: one small function per operator.

A multiply-accumulate (MAC) is one product added to a sum. An operator outside the table is unknown, never zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import NamedTuple

from profiler.breakdown import Kind
from profiler.layer import Layer


class Work(NamedTuple):
    """Kind, multiply-accumulates and bias additions of one layer; None: the shapes that decide them are not known."""

    kind: Kind
    macs: int | None
    bias_adds: int | None


def conv(layer: Layer) -> Work:
    """Each output value sums one filter's worth of products: H'·W'·T · d·d·C/groups."""
    return _convolution(layer, weight=1, bias=2)


def qlinear_conv(layer: Layer) -> Work:
    return _convolution(layer, weight=3, bias=8)


def _convolution(layer: Layer, weight: int, bias: int) -> Work:
    kernel, output = layer.input(weight), layer.output
    if kernel is None or output is None:
        return Work("conv", None, None)
    return Work("conv", prod(output) * prod(kernel[1:]), _adds(layer, bias))


def conv_transpose(layer: Layer) -> Work:
    """Each input value is multiplied into one filter's worth of outputs; the weight is (C, T/groups, d, d)."""
    x, kernel = layer.input(0), layer.input(1)
    if x is None or kernel is None or layer.output is None:
        return Work("conv", None, None)
    return Work("conv", prod(x) * prod(kernel[1:]), _adds(layer, 2))


def gemm(layer: Layer) -> Work:
    """(M, K) times (K, N): M·N·K."""
    a = layer.input(0)
    if a is None or layer.output is None:
        return Work(_fc(layer, 0, 1), None, None)
    inner = a[0] if layer.numbers.get("transA", 0) else a[1]
    return Work(_fc(layer, 0, 1), prod(layer.output) * inner, _adds(layer, 2))


def matmul(layer: Layer) -> Work:
    return _product(layer, 0, 1)


def qlinear_matmul(layer: Layer) -> Work:
    return _product(layer, 0, 3)


def _product(layer: Layer, left: int, right: int) -> Work:
    """Each output value is a sum over the left side's last axis."""
    a = layer.input(left)
    if a is None or layer.output is None:
        return Work(_fc(layer, left, right), None, None)
    return Work(_fc(layer, left, right), prod(layer.output) * a[-1], 0)


def _fc(layer: Layer, left: int, right: int) -> Kind:
    """Fully connected means one side is stored; a product of two activations (attention) is not."""
    return "fc" if layer.is_constant(left) or layer.is_constant(right) else "other"


def recurrent(layer: Layer) -> Work:
    """RNN, GRU, LSTM: at each step of each sequence, the input times W and the state times R."""
    x, w, r = layer.input(0), layer.input(1), layer.input(2)
    if x is None or w is None or r is None:
        return Work("other", None, None)
    steps = x[0] * x[1]  # sequence and batch, whichever comes first
    bias = layer.input(3)
    return Work("other", steps * (prod(w) + prod(r)), steps * prod(bias) if bias is not None else 0)


def free(_: Layer) -> Work:
    """Pooling, normalisation, elementwise operators and what only moves values: nothing, by convention."""
    return Work("other", 0, 0)


def _adds(layer: Layer, bias: int) -> int:
    return prod(layer.output or ()) if layer.has(bias) else 0


FREE = """
    Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization Bernoulli BitShift
    BitwiseAnd BitwiseNot BitwiseOr BitwiseXor BlackmanWindow Cast CastLike Ceil Celu CenterCropPad Clip
    Compress Concat Constant ConstantOfShape Cos Cosh CumSum DepthToSpace DequantizeLinear Div Dropout
    DynamicQuantizeLinear Elu Equal Erf Exp Expand EyeLike Flatten Floor Gather GatherElements GatherND Gelu
    GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual GroupNormalization HammingWindow
    HannWindow HardSigmoid HardSwish Hardmax Identity InstanceNormalization IsInf IsNaN LRN LayerNormalization
    LeakyRelu Less LessOrEqual Log LogSoftmax LpNormalization LpPool Max MaxPool MaxRoiPool MaxUnpool Mean
    MeanVarianceNormalization Min Mish Mod Mul Neg NonMaxSuppression NonZero Not OneHot Or PRelu Pad Pow
    QuantizeLinear RMSNormalization RandomNormal RandomNormalLike RandomUniform RandomUniformLike Range
    Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd
    ReduceSum ReduceSumSquare Relu Reshape Resize ReverseSequence RoiAlign Round Scatter Selu Shape Shrink
    Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Swish Tan
    Tanh ThresholdedRelu Tile TopK Transpose Trilu Unique Unsqueeze Upsample Where Xor
"""

COSTS: Mapping[str, Callable[[Layer], Work]] = {
    **dict.fromkeys(FREE.split(), free),
    "Conv": conv,
    "ConvInteger": conv,
    "QLinearConv": qlinear_conv,
    "ConvTranspose": conv_transpose,
    "Gemm": gemm,
    "MatMul": matmul,
    "MatMulInteger": matmul,
    "QLinearMatMul": qlinear_matmul,
    "RNN": recurrent,
    "GRU": recurrent,
    "LSTM": recurrent,
}

EVERY = tuple(range(64))
# The inputs that are weights when they are stored. Other stored inputs (axes, scales, limits) belong to the formula.
WEIGHT_INPUTS: Mapping[str, tuple[int, ...]] = {
    "Conv": (1, 2),
    "ConvInteger": (1,),
    "QLinearConv": (3, 8),
    "ConvTranspose": (1, 2),
    "Gemm": (1, 0, 2),
    "MatMul": (1, 0),
    "MatMulInteger": (1, 0),
    "QLinearMatMul": (3, 0),
    "RNN": (1, 2, 3),
    "GRU": (1, 2, 3),
    "LSTM": (1, 2, 3, 7),
    "BatchNormalization": (1, 2, 3, 4),
    "InstanceNormalization": (1, 2),
    "LayerNormalization": (1, 2),
    "GroupNormalization": (1, 2),
    "RMSNormalization": (1,),
    "PRelu": (1,),
    "Add": (0, 1),
    "Sub": (0, 1),
    "Mul": (0, 1),
    "Div": (0, 1),
    "Gather": (0,),
    "Expand": (0,),
    "Concat": EVERY,
    "Sum": EVERY,
}
ELEMENTWISE = frozenset({"Add", "Sub", "Mul", "Div", "Sum"})
INTEGER = frozenset({"ConvInteger", "QLinearConv", "MatMulInteger", "QLinearMatMul"})
