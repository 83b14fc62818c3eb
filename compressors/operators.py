"""What operators without weights do, as functions of a node's settings and its inputs; and the module around them.

Integer inputs that a file keeps as constants (shapes, axes, sizes) arrive as lists, all others as tensors.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportUnknownParameterType=false
# torch is only partly typed; what comes out of it is checked by the tests.

# ruff: noqa: ARG005 - every function of the table takes the settings and all inputs, used or not

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from compressors import arithmetic as a
from compressors import convolving, indexing, normalising, pooling, recurrent, resizing, sampling, shaping
from compressors.operator_settings import Settings

Tensor = torch.Tensor


class Operator(nn.Module):
    """One operator without weights of its own, as a module, so that tools which look at modules see it."""

    def __init__(self, op: str, settings: Settings) -> None:
        super().__init__()
        self.op, self.settings = op, settings

    def forward(self, *inputs: Any) -> Any:
        return OPERATORS[self.op](self.settings, *inputs)

    def extra_repr(self) -> str:
        return self.op


def _plain(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A function of the inputs alone."""
    return lambda s, *inputs: function(*inputs)


OPERATORS: dict[str, Callable[..., Any]] = {
    "Abs": _plain(torch.abs),
    "Acos": _plain(torch.acos),
    "Acosh": _plain(torch.acosh),
    "Add": _plain(torch.add),
    "AffineGrid": sampling.affine_grid,
    "And": _plain(torch.logical_and),
    "ArgMax": indexing.arg(torch.argmax),
    "ArgMin": indexing.arg(torch.argmin),
    "Asin": _plain(torch.asin),
    "Asinh": _plain(torch.asinh),
    "Atan": _plain(torch.atan),
    "Atanh": _plain(torch.atanh),
    "AveragePool": pooling.average_pool,
    "BatchNormalization": convolving.batch_norm,
    "Cast": a.cast,
    "CastLike": lambda s, x, like: a.cast_to(x, like.dtype),
    "Ceil": _plain(torch.ceil),
    "Celu": lambda s, x: F.celu(x, s.number("alpha", 1.0)),
    "Clip": a.clip,
    "Concat": lambda s, *inputs: torch.cat(inputs, s.integer("axis")),
    "ConstantOfShape": shaping.constant_of_shape,
    "Conv": convolving.conv,
    "ConvTranspose": convolving.conv_transpose,
    "Cos": _plain(torch.cos),
    "Cosh": _plain(torch.cosh),
    "CumProd": indexing.cumulative(torch.cumprod, 1),
    "CumSum": indexing.cumulative(torch.cumsum, 0),
    "DepthToSpace": shaping.depth_to_space,
    "Det": _plain(torch.linalg.det),
    "Div": a.divide,
    "Einsum": lambda s, *inputs: torch.einsum(s.text("equation", ""), *inputs),
    "Elu": a.elu,
    "Equal": _plain(torch.eq),
    "Erf": _plain(torch.erf),
    "Exp": _plain(torch.exp),
    "Expand": shaping.expand,
    "EyeLike": indexing.eye_like,
    "Flatten": shaping.flatten,
    "Floor": _plain(torch.floor),
    "GRU": recurrent.gru,
    "Gather": indexing.gather,
    "GatherElements": indexing.gather_elements,
    "GatherND": indexing.gather_nd,
    "Gelu": lambda s, x: F.gelu(x, approximate=s.text("approximate", "none")),
    "Gemm": a.gemm,
    "GlobalAveragePool": pooling.global_pool(torch.mean),
    "GlobalLpPool": pooling.global_lp_pool,
    "GlobalMaxPool": pooling.global_pool(torch.amax),
    "Greater": _plain(torch.gt),
    "GreaterOrEqual": _plain(torch.ge),
    "GridSample": sampling.grid_sample,
    "GroupNormalization": normalising.group_norm,
    "HardSigmoid": a.hard_sigmoid,
    "HardSwish": _plain(F.hardswish),
    "Hardmax": a.hardmax,
    "Identity": _plain(lambda x: x),
    "InstanceNormalization": normalising.instance_norm,
    "IsInf": a.is_inf,
    "IsNaN": _plain(torch.isnan),
    "LRN": normalising.lrn,
    "LSTM": recurrent.lstm,
    "LayerNormalization": normalising.layer_norm,
    "LeakyRelu": lambda s, x: F.leaky_relu(x, s.number("alpha", 0.01)),
    "Less": _plain(torch.lt),
    "LessOrEqual": _plain(torch.le),
    "Log": _plain(torch.log),
    "LogSoftmax": a.along(torch.log_softmax),
    "LpNormalization": normalising.lp_norm,
    "LpPool": pooling.lp_pool,
    "MatMul": _plain(torch.matmul),
    "Max": a.over_all(torch.maximum),
    "MaxPool": pooling.max_pool,
    "Mean": lambda s, *inputs: a.over_all(torch.add)(s, *inputs) / len(inputs),
    "MeanVarianceNormalization": normalising.mean_variance_norm,
    "Min": a.over_all(torch.minimum),
    "Mish": _plain(F.mish),
    "Mod": lambda s, x, y: torch.fmod(x, y) if s.integer("fmod") else torch.remainder(x, y),
    "Mul": _plain(torch.mul),
    "Neg": _plain(torch.neg),
    "NonZero": indexing.non_zero,
    "Not": _plain(torch.logical_not),
    "OneHot": indexing.one_hot,
    "Or": _plain(torch.logical_or),
    "PRelu": convolving.prelu,
    "Pad": shaping.pad,
    "Pow": a.power,
    "RMSNormalization": normalising.rms_norm,
    "RNN": recurrent.rnn,
    "Range": a.arange,
    "Reciprocal": _plain(torch.reciprocal),
    "ReduceL1": a.reduce(lambda x, axes, keep: x.abs().sum(axes, keep, dtype=x.dtype)),
    "ReduceL2": a.reduce(lambda x, axes, keep: torch.linalg.vector_norm(x, 2, axes, keep)),
    "ReduceLogSum": a.reduce(lambda x, axes, keep: x.sum(axes, keep).log()),
    "ReduceLogSumExp": a.reduce(torch.logsumexp),
    "ReduceMax": a.reduce(a.extreme(torch.amax)),
    "ReduceMean": a.reduce(torch.mean),
    "ReduceMin": a.reduce(a.extreme(torch.amin)),
    "ReduceProd": a.reduce(a.product),
    "ReduceSum": a.reduce(lambda x, axes, keep: x.sum(axes, keep, dtype=x.dtype)),
    "ReduceSumSquare": a.reduce(lambda x, axes, keep: x.square().sum(axes, keep, dtype=x.dtype)),
    "Reshape": shaping.reshape,
    "Resize": resizing.resize,
    "ReverseSequence": indexing.reverse_sequence,
    "Round": _plain(torch.round),
    "Scatter": indexing.scatter_elements,
    "ScatterElements": indexing.scatter_elements,
    "ScatterND": indexing.scatter_nd,
    "Selu": a.selu,
    "Shape": shaping.shape_of,
    "Shrink": a.shrink,
    "Sigmoid": _plain(torch.sigmoid),
    "Sign": _plain(torch.sign),
    "Sin": _plain(torch.sin),
    "Sinh": _plain(torch.sinh),
    "Size": lambda s, x: torch.tensor(x.numel()),
    "Slice": shaping.slices,
    "Softmax": a.along(torch.softmax),
    "Softplus": _plain(lambda x: F.softplus(x, threshold=60)),
    "Softsign": _plain(F.softsign),
    "SpaceToDepth": shaping.space_to_depth,
    "Split": shaping.split,
    "Sqrt": _plain(torch.sqrt),
    "Squeeze": shaping.squeeze,
    "Sub": _plain(torch.sub),
    "Sum": a.over_all(torch.add),
    "Swish": lambda s, x: x * torch.sigmoid(s.number("alpha", 1.0) * x),
    "Tan": _plain(torch.tan),
    "Tanh": _plain(torch.tanh),
    "ThresholdedRelu": lambda s, x: torch.where(x > s.number("alpha", 1.0), x, torch.zeros_like(x)),
    "Tile": shaping.tile,
    "TopK": indexing.top_k,
    "Transpose": shaping.transpose,
    "Trilu": indexing.trilu,
    "Unsqueeze": shaping.unsqueeze,
    "Upsample": resizing.upsample,
    "Where": _plain(torch.where),
    "Xor": _plain(torch.logical_xor),
}
"""Every operator here is differentiable where it can be. What is not in the table can’t be lifted."""

SEVERAL = frozenset({"GRU", "LSTM", "RNN", "Split", "TopK"})
"""Operators that give a tuple, a value for each output."""

LISTS: dict[str, tuple[int, ...]] = {
    "ConstantOfShape": (0,),
    "CumProd": (1,),
    "CumSum": (1,),
    "Expand": (1,),
    "Pad": (1, 3),
    **{op: (1,) for op in OPERATORS if op.startswith("Reduce")},
    "Reshape": (1,),
    "Resize": (3,),
    "Slice": (1, 2, 3, 4),
    "Split": (1,),
    "Squeeze": (1,),
    "Tile": (1,),
    "TopK": (1,),
    "Unsqueeze": (1,),
}
"""Which inputs are lists of whole numbers: kept as such where the file holds them as constants."""
