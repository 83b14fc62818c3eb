"""What operators without weights do, as functions of a node's settings and its inputs; and the module around them.

Integer inputs that a file keeps as constants (shapes, axes, sizes) arrive as lists, all others as tensors.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportUnknownParameterType=false
# torch is only partly typed; what comes out of it is checked by the tests.

# ruff: noqa: ARG001, ARG005 - every function of the table takes the settings and all inputs, used or not

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx_ir as ir
import torch
import torch.nn.functional as F
from torch import nn

from compressors.operator_settings import Settings
from compressors.padding import average_pool, max_pool
from compressors.shaping import (
    Numbers,
    axes_of,
    constant_of_shape,
    depth_to_space,
    expand,
    flatten,
    gather,
    pad,
    reshape,
    resize,
    scalar,
    shape_of,
    slices,
    split,
    squeeze,
    transpose,
    unsqueeze,
)

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


def clip(s: Settings, x: Tensor, low: Any = None, high: Any = None) -> Tensor:
    bottom = scalar(low, s.number("min", -math.inf))
    top = scalar(high, s.number("max", math.inf))
    return torch.clamp(x, bottom, top)


def softmax(s: Settings, x: Tensor) -> Tensor:
    """From opset 13 along one axis; before, over all axes from `axis` on."""
    if s.opset >= 13:
        return torch.softmax(x, s.integer("axis", -1))
    return torch.softmax(x.flatten(s.integer("axis", 1)), -1).reshape(x.shape)


def log_softmax(s: Settings, x: Tensor) -> Tensor:
    if s.opset >= 13:
        return torch.log_softmax(x, s.integer("axis", -1))
    return torch.log_softmax(x.flatten(s.integer("axis", 1)), -1).reshape(x.shape)


def lrn(s: Settings, x: Tensor) -> Tensor:
    """Local response normalisation across channels: x / (bias + alpha/size · Σ x²)^beta."""
    size = s.integer("size")
    squares = x.square().unsqueeze(1)
    before = (size - 1) // 2
    pads = [0, 0] * (x.dim() - 2) + [before, size - 1 - before]
    mean = F.pad(squares, pads).unfold(2, size, 1).sum(-1).squeeze(1) / size
    return x / (s.number("bias", 1.0) + s.number("alpha", 1e-4) * mean) ** s.number("beta", 0.75)


def reduce(how: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A reduction over some axes, or over all where none are named."""

    def reduced(s: Settings, x: Tensor, axes: Numbers = None) -> Tensor:
        chosen = axes_of(s, axes)
        if not chosen and s.integer("noop_with_empty_axes"):
            return x
        return how(x, tuple(chosen or range(x.dim())), bool(s.integer("keepdims", 1)))

    return reduced


def divide(s: Settings, a: Tensor, b: Tensor) -> Tensor:
    """Whole numbers are divided as in C: towards zero."""
    whole = not (a.is_floating_point() or b.is_floating_point())
    return torch.div(a, b, rounding_mode="trunc") if whole else a / b


def gemm(s: Settings, a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
    left = a.t() if s.integer("transA") else a
    right = b.t() if s.integer("transB") else b
    product = s.number("alpha", 1.0) * (left @ right)
    return product if c is None else product + s.number("beta", 1.0) * c


def cast(s: Settings, x: Tensor) -> Tensor:
    kind = ir.DataType(s.integer("to")).numpy()
    return x.to(torch.from_numpy(np.zeros(1, kind)).dtype)


def where(s: Settings, condition: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return torch.where(condition, a, b)


def power(s: Settings, x: Tensor, exponent: Any) -> Tensor:
    return torch.pow(x, exponent).to(x.dtype)


def hard_sigmoid(s: Settings, x: Tensor) -> Tensor:
    return torch.clamp(s.number("alpha", 0.2) * x + s.number("beta", 0.5), 0, 1)


def layer_norm(s: Settings, x: Tensor, scale: Tensor, shift: Tensor | None = None) -> Tensor:
    axis = s.integer("axis", -1) % x.dim()
    return F.layer_norm(x, x.shape[axis:], scale, shift, s.number("epsilon", 1e-5))


def instance_norm(s: Settings, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    return F.instance_norm(x, weight=scale, bias=shift, eps=s.number("epsilon", 1e-5))


def _plain(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A function of the inputs alone."""
    return lambda s, *inputs: function(*inputs)


def _over_all(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """Sum, Max and Min take any number of inputs."""

    def folded(s: Settings, first: Tensor, *rest: Tensor) -> Tensor:
        for other in rest:
            first = function(first, other)
        return first

    return folded


def _spatial(how: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return lambda s, x: how(x, tuple(range(2, x.dim())), True)


OPERATORS: dict[str, Callable[..., Any]] = {
    "Abs": _plain(torch.abs),
    "Add": _plain(torch.add),
    "AveragePool": average_pool,
    "Cast": cast,
    "Ceil": _plain(torch.ceil),
    "Clip": clip,
    "Concat": lambda s, *inputs: torch.cat(inputs, s.integer("axis")),
    "ConstantOfShape": constant_of_shape,
    "DepthToSpace": depth_to_space,
    "Div": divide,
    "Elu": lambda s, x: F.elu(x, s.number("alpha", 1.0)),
    "Equal": _plain(torch.eq),
    "Erf": _plain(torch.erf),
    "Exp": _plain(torch.exp),
    "Expand": expand,
    "Flatten": flatten,
    "Floor": _plain(torch.floor),
    "Gather": gather,
    "Gelu": lambda s, x: F.gelu(x, approximate=s.text("approximate", "none")),
    "Gemm": gemm,
    "GlobalAveragePool": _spatial(torch.mean),
    "GlobalMaxPool": _spatial(torch.amax),
    "HardSigmoid": hard_sigmoid,
    "HardSwish": _plain(F.hardswish),
    "Identity": _plain(lambda x: x),
    "InstanceNormalization": instance_norm,
    "LRN": lrn,
    "LayerNormalization": layer_norm,
    "LeakyRelu": lambda s, x: F.leaky_relu(x, s.number("alpha", 0.01)),
    "Log": _plain(torch.log),
    "LogSoftmax": log_softmax,
    "MatMul": _plain(torch.matmul),
    "Max": _over_all(torch.maximum),
    "MaxPool": max_pool,
    "Min": _over_all(torch.minimum),
    "Mish": _plain(F.mish),
    "Mul": _plain(torch.mul),
    "Neg": _plain(torch.neg),
    "Not": _plain(torch.logical_not),
    "Pad": pad,
    "Pow": power,
    "Range": lambda s, start, end, step: torch.arange(start.item(), end.item(), step.item()),
    "Reciprocal": _plain(torch.reciprocal),
    "ReduceMax": reduce(torch.amax),
    "ReduceMean": reduce(torch.mean),
    "ReduceMin": reduce(torch.amin),
    "ReduceSum": reduce(torch.sum),
    "Reshape": reshape,
    "Resize": resize,
    "Selu": _plain(F.selu),
    "Shape": shape_of,
    "Sigmoid": _plain(torch.sigmoid),
    "Slice": slices,
    "Softmax": softmax,
    "Softplus": _plain(F.softplus),
    "Split": split,
    "Sqrt": _plain(torch.sqrt),
    "Squeeze": squeeze,
    "Sub": _plain(torch.sub),
    "Sum": _over_all(torch.add),
    "Tanh": _plain(torch.tanh),
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
    "Where": where,
}
"""Every operator here is differentiable where it can be. What is not in the table can’t be lifted."""

LISTS: dict[str, tuple[int, ...]] = {
    "ConstantOfShape": (0,),
    "Expand": (1,),
    "Pad": (1, 3),
    "ReduceMax": (1,),
    "ReduceMean": (1,),
    "ReduceMin": (1,),
    "ReduceSum": (1,),
    "Reshape": (1,),
    "Resize": (3,),
    "Slice": (1, 2, 3, 4),
    "Split": (1,),
    "Squeeze": (1,),
    "Unsqueeze": (1,),
}
"""Which inputs are lists of whole numbers: kept as such where the file holds them as constants."""
