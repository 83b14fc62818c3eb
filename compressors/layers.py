"""Nodes with weights as torch's own layers: which module, and which of its tensors is which input of the node."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportUnknownParameterType=false
# torch is only partly typed; what comes out of it is checked by the tests.

# ruff: noqa: ARG001 - every function of the table is called alike

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from compressors.operator_settings import Settings
from compressors.padding import Crop, Pad, Window

CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
NORMS = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}


@dataclass(frozen=True)
class Held:
    """Input `index` of the node is `attribute` of the module; turned: its two axes change places."""

    attribute: str
    index: int
    turned: bool = False


@dataclass(frozen=True)
class Layer:
    """A module on the meta device, the tensors it is still to be given, and what goes before and after it."""

    module: nn.Module
    held: tuple[Held, ...]
    before: nn.Module | None = None
    after: nn.Module | None = None


Shapes = Sequence[tuple[int, ...] | None]
"""For each input of a node: the shape of the constant it is, or None."""


class PRelu(nn.Module):
    """Leaky where the slope is learnt; the slope keeps ONNX's shape and broadcasts."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(shape, device="meta"))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.where(x < 0, x * self.weight, x)


def has(shapes: Shapes, index: int) -> bool:
    return index < len(shapes) and shapes[index] is not None


def conv(s: Settings, shapes: Shapes, rank: int | None) -> Layer | None:
    shape = shapes[1]
    if shape is None or len(shape) - 2 not in CONVOLUTIONS:
        return None
    window = Window(s, shape[2:])
    pad, groups, bias = window.static(), s.integer("group", 1), has(shapes, 2)
    module = CONVOLUTIONS[len(shape) - 2](
        shape[1] * groups,
        shape[0],
        tuple(window.kernel),  # type: ignore[arg-type]
        tuple(window.strides),  # type: ignore[arg-type]
        0 if pad is None else pad,  # type: ignore[arg-type]
        tuple(window.dilations),  # type: ignore[arg-type]
        groups,
        bias,
        device="meta",
    )
    return Layer(module, _weight_and_bias(bias), None if pad is not None else Pad(window))


def conv_transpose(s: Settings, shapes: Shapes, rank: int | None) -> Layer | None:
    """Padding that torch’s layer cannot have is cut off behind it."""
    shape = shapes[1]
    if shape is None or len(shape) - 2 not in TRANSPOSED:
        return None
    window = Window(s, shape[2:])
    groups, bias, free = s.integer("group", 1), has(shapes, 2), (0,) * len(window.kernel)
    wanted = s.integers("output_shape", [])[-len(free) :] or None
    pad = None if wanted is not None or window.auto.startswith("SAME") else window.static()
    extra = tuple(s.integers("output_padding", free))
    module = TRANSPOSED[len(free)](
        shape[0],
        shape[1] * groups,
        tuple(window.kernel),  # type: ignore[arg-type]
        tuple(window.strides),  # type: ignore[arg-type]
        free if pad is None else pad,  # type: ignore[arg-type]
        extra,  # type: ignore[arg-type]
        groups,
        bias,
        tuple(window.dilations),  # type: ignore[arg-type]
        device="meta",
    )
    return Layer(module, _weight_and_bias(bias), after=Crop(window, extra, wanted) if pad is None else None)


def gemm(s: Settings, shapes: Shapes, rank: int | None) -> Layer | None:
    """x·Wᵀ + b; any other Gemm stays an operator."""
    shape = shapes[1]
    plain = not s.integer("transA") and s.number("alpha", 1.0) == 1 and s.number("beta", 1.0) == 1
    if shape is None or len(shape) != 2 or not plain or (has(shapes, 2) and len(shapes[2] or ()) != 1):
        return None
    turned = not s.integer("transB")
    outputs, inputs = reversed(shape) if turned else shape
    bias = has(shapes, 2)
    if bias and shapes[2] != (outputs,):
        return None
    return Layer(nn.Linear(inputs, outputs, bias, device="meta"), _weight_and_bias(bias, turned))


def matmul(s: Settings, shapes: Shapes, rank: int | None) -> Layer | None:
    shape = shapes[1]
    if shape is None or len(shape) != 2 or shapes[0] is not None:
        return None
    return Layer(nn.Linear(shape[0], shape[1], False, device="meta"), _weight_and_bias(False, True))


def batch_norm(s: Settings, shapes: Shapes, rank: int | None) -> Layer | None:
    """ONNX's momentum is the share that stays, torch's the share that is new."""
    shape = shapes[1]
    if shape is None or any(other is None for other in shapes[1:5]) or s.integer("training_mode"):
        return None
    epsilon, new = s.number("epsilon", 1e-5), 1 - s.number("momentum", 0.9)
    module = NORMS[rank or 4](shape[0], epsilon, new, device="meta")
    # The count of batches is used only without a momentum; it has no place in the graph.
    module.num_batches_tracked = torch.tensor(0)
    names = ("weight", "bias", "running_mean", "running_var")
    return Layer(module, tuple(Held(name, index) for index, name in enumerate(names, 1)))


def prelu(s: Settings, shapes: Shapes, rank: int | None) -> Layer | None:
    """Before opset 7 the slopes were one a channel ; since, they broadcast. An operator does both."""
    channels = s.opset < 7 and shapes[1] != (1,)
    return None if shapes[1] is None or channels else Layer(PRelu(shapes[1]), (Held("weight", 1),))


def _weight_and_bias(bias: bool, turned: bool = False) -> tuple[Held, ...]:
    weight = Held("weight", 1, turned)
    return (weight, Held("bias", 2)) if bias else (weight,)


LAYERS: Mapping[str, Callable[[Settings, Shapes, int | None], Layer | None]] = {
    "BatchNormalization": batch_norm,
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "Gemm": gemm,
    "MatMul": matmul,
    "PRelu": prelu,
}
"""From a node's settings, its constants' shapes and its input's rank to a layer; None: it is no such layer."""
