"""Training that knows of the quantiser: numbers are rounded as it will round them, gradients pass straight through.

Jacob et al., “Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference”, CVPR 2018,
§3: weights symmetric a channel, activations affine with ranges followed by a moving average.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportPrivateImportUsage=false

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrize

AVERAGE = 0.99  # how much of the range known so far stays, per batch
WEIGHT_STEPS, ACTIVATION_STEPS = 127, 255
LAYERS: dict[type[nn.Module], int] = {
    nn.Conv1d: 0,
    nn.Conv2d: 0,
    nn.Conv3d: 0,
    nn.Linear: 0,
    nn.ConvTranspose1d: 1,
    nn.ConvTranspose2d: 1,
    nn.ConvTranspose3d: 1,
}
"""Layers that are quantised, with the axis of their weight that counts output channels."""


class FakeWeight(nn.Module):
    """Weights on the grid −127 … 127 times a scale, one scale a channel or one in all."""

    def __init__(self, axis: int | None) -> None:
        super().__init__()
        self.axis = axis

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        steps = WEIGHT_STEPS
        if self.axis is None:
            scale = float(weight.detach().abs().max()) / steps or 1.0
            return torch.fake_quantize_per_tensor_affine(weight, scale, 0, -steps, steps)
        others = [axis for axis in range(weight.dim()) if axis != self.axis]
        scales = weight.detach().abs().amax(others) / steps
        scales = torch.where(scales > 0, scales, torch.ones_like(scales))
        zeros = torch.zeros_like(scales, dtype=torch.int32)
        return torch.fake_quantize_per_channel_affine(weight, scales, zeros, self.axis, -steps, steps)


class FakeActivation(nn.Module):
    """A layer's input on 256 steps between the smallest and the largest value, followed by a moving average."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("bounds", torch.zeros(2))
        self.register_buffer("seen", torch.zeros((), dtype=torch.bool))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        bounds: Any = self.bounds
        if self.training:
            now = torch.stack([x.detach().min().clamp(max=0.0), x.detach().max().clamp(min=0.0)])
            bounds.copy_(AVERAGE * bounds + (1 - AVERAGE) * now if bool(self.seen) else now)
            self.seen.fill_(value=True)  # type: ignore[operator]
        scale = float(bounds[1] - bounds[0]) / ACTIVATION_STEPS
        if scale <= 0:
            return x
        zero = round(-float(bounds[0]) / scale)
        return torch.fake_quantize_per_tensor_affine(x, scale, zero, 0, ACTIVATION_STEPS)


def quantise_while_training(module: nn.Module, *, per_channel: bool = True) -> None:
    """From now on each convolution and fully connected layer computes with rounded weights and a rounded input.

    `module.weight` reads rounded, so what is lowered lies on the quantiser's own grid.
    """
    for layer in list(module.modules()):
        axis = LAYERS.get(type(layer))
        if axis is None:
            continue
        parametrize.register_parametrization(layer, "weight", FakeWeight(axis if per_channel else None))
        layer.add_module("fake_input", FakeActivation())
        layer.register_forward_pre_hook(_rounded_input)


def _rounded_input(layer: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    fake: Any = layer.get_submodule("fake_input")
    return (fake(inputs[0]), *inputs[1:])
