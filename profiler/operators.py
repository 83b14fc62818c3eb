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


def deform_conv(layer: Layer) -> Work:
    """As a convolution; reading between pixels is not counted, as it is not for Resize."""
    return _convolution(layer, weight=1, bias=3)


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
    """Each output value is a sum over the left side's last axis (FusedMatMul may turn it first)."""
    a = layer.input(left)
    if a is None or layer.output is None:
        return Work(_fc(layer, left, right), None, None)
    inner = a[-2] if layer.numbers.get("transA", 0) else a[-1]
    return Work(_fc(layer, left, right), prod(layer.output) * inner, 0)


def einsum(layer: Layer) -> Work:
    """Of two operands: a product for each combination of the letters that both have or that the result keeps.

    Without a letter to sum over, it is an elementwise product. Of three or more, the cost depends on the order.
    """
    terms, result = _letters(layer)
    known = [dict(term) for term in terms if term is not None]
    if len(terms) > 2 or len(known) < len(terms):
        return Work("other", None, None)
    sizes = {letter: size for term in known for letter, size in term.items()}
    shared = set(known[0]) & set(known[-1])
    if len(known) == 1 or shared <= result:
        return Work("other", 0, 0)
    return Work(_fc(layer, 0, 1), prod(size for letter, size in sizes.items() if letter in shared | result), 0)


def _letters(layer: Layer) -> tuple[list[list[tuple[str, int]] | None], set[str]]:
    """Each operand’s letters with their sizes (None: not known), and the result’s; the axes of `...` are numbers."""
    equation = layer.texts.get("equation", "").replace(" ", "")
    left, arrow, right = equation.partition("->")
    terms = [_term(text, shape) for text, shape in zip(left.split(","), layer.inputs, strict=True)]
    spread = {letter for term in terms for letter, _ in term or () if letter.isdigit()}
    if arrow:
        return terms, set(right.replace(".", "")) | (spread if "..." in right else set())
    single = {letter for letter in left if letter.isalpha() and left.count(letter) == 1}
    return terms, single | spread


def _term(text: str, shape: tuple[int, ...] | None) -> list[tuple[str, int]] | None:
    if shape is None:
        return None
    before, dots, after = text.partition("...")
    missing = len(shape) - len(before) - len(after) if dots else 0
    names = [*before, *(str(index) for index in reversed(range(missing))), *after]
    return list(zip(names, shape, strict=True))


def attention(layer: Layer) -> Work:
    """Queries times keys and weights times values: each L × S × d, for every head; masked places count too."""
    q, k, v = layer.input(0), layer.input(1), layer.input(2)
    past = layer.input(4)
    if q is None or k is None or v is None or (layer.has(4) and past is None):
        return Work("other", None, None)
    if len(q) == 4:  # (batch, heads, length, d)
        batch, heads, length, d = q
        keys, dv = k[2], v[3]
    else:  # (batch, length, heads · d)
        heads, groups = int(layer.numbers["q_num_heads"]), int(layer.numbers["kv_num_heads"])
        batch, length, d = q[0], q[1], q[2] // heads
        keys, dv = k[1], v[2] // groups
    keys += past[2] if past is not None else 0
    return Work("other", batch * heads * length * keys * (d + dv), 0)


def _fc(layer: Layer, left: int, right: int) -> Kind:
    """Fully connected means one side is stored; a product of two activations (attention) is not."""
    return "fc" if layer.is_constant(left) or layer.is_constant(right) else "other"


def recurrent(layer: Layer) -> Work:
    """RNN, GRU, LSTM: at each step of each sequence, the input times W and the state times R."""
    x, w, r = layer.input(0), layer.input(1), layer.input(2)
    if x is None or w is None or r is None:
        return Work("other", None, None)
    steps = x[0] * x[1]  # sequence and batch, whichever comes first
    bias = layer.input(3) if layer.has(3) else (0,)
    return Work("other", steps * (prod(w) + prod(r)), None if bias is None else steps * prod(bias))


def free(_: Layer) -> Work:
    """Pooling, normalisation, elementwise operators and what only moves values: nothing, by convention."""
    return Work("other", 0, 0)


def _adds(layer: Layer, bias: int) -> int:
    return prod(layer.output or ()) if layer.has(bias) else 0


FREE = """
    Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization Bernoulli BitCast
    BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor BlackmanWindow Cast CastLike Ceil Celu CenterCropPad Clip
    Col2Im Compress Concat ConcatFromSequence Constant ConstantOfShape Cos Cosh CumProd CumSum DepthToSpace
    DequantizeLinear Div Dropout DynamicQuantizeLinear Elu Equal Erf Exp Expand EyeLike Flatten Floor Gather
    GatherElements GatherND Gelu GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual GridSample
    GroupNormalization HammingWindow HannWindow HardSigmoid HardSwish Hardmax Identity InstanceNormalization IsInf
    IsNaN LRN LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax LpNormalization LpPool Max MaxPool
    MaxRoiPool MaxUnpool Mean MeanVarianceNormalization Min Mish Mod Mul Multinomial Neg NonMaxSuppression NonZero
    Not OneHot Optional OptionalGetElement OptionalHasElement Or PRelu Pad Pow QuantizeLinear RMSNormalization
    RandomNormal RandomNormalLike RandomUniform RandomUniformLike Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum
    ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize
    ReverseSequence RoiAlign RotaryEmbedding Round Scatter ScatterElements ScatterND Selu SequenceAt
    SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength Shape Shrink Sigmoid Sign Sin Sinh
    Size Slice Softmax Softplus Softsign SpaceToDepth Split SplitToSequence Sqrt Squeeze Sub Sum SwiGLU Swish Tan
    Tanh TensorScatter ThresholdedRelu Tile TopK Transpose Trilu Unique Unsqueeze Upsample Where Xor
"""

# ONNX Runtime's own (domain com.microsoft), as its optimiser and its quantiser write them
FREE_OF_RUNTIME = """
    BiasGelu DequantizeLinear FastGelu Gelu QLinearAdd QLinearAveragePool QLinearConcat QLinearGlobalAveragePool
    QLinearLeakyRelu QLinearMul QLinearSigmoid QLinearSoftmax QuantizeLinear QuickGelu
"""
RUNTIME = "com.microsoft::"

COSTS: Mapping[str, Callable[[Layer], Work]] = {
    **dict.fromkeys(FREE.split(), free),
    **{f"{RUNTIME}{name}": free for name in FREE_OF_RUNTIME.split()},
    f"{RUNTIME}FusedConv": conv,
    f"{RUNTIME}FusedGemm": gemm,
    f"{RUNTIME}FusedMatMul": matmul,
    "Attention": attention,
    "DeformConv": deform_conv,
    "Einsum": einsum,
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
    f"{RUNTIME}FusedConv": (1, 2),
    f"{RUNTIME}FusedGemm": (1, 0, 2),
    f"{RUNTIME}FusedMatMul": (1, 0),
    "Conv": (1, 2),
    "DeformConv": (1, 3),
    "Einsum": (1, 0),
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
