"""Layers whose weights the network itself works out, as functions of settings and inputs."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# torch is only partly typed; what comes out of it is checked by the tests.

import torch
import torch.nn.functional as F

from compressors.operator_settings import Settings
from compressors.padding import Crop, Window

Tensor = torch.Tensor

CONVOLUTIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def conv(s: Settings, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    window, rank = Window(s, weight.shape[2:]), weight.dim() - 2
    x = window.padded(x, 0.0)
    return CONVOLUTIONS[rank](x, weight, bias, window.strides, 0, window.dilations, s.integer("group", 1))


def conv_transpose(s: Settings, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    window, rank = Window(s, weight.shape[2:]), weight.dim() - 2
    extra = s.integers("output_padding", [0] * rank)
    groups, dilations = s.integer("group", 1), window.dilations
    full = TRANSPOSED[rank](x, weight, bias, window.strides, 0, extra, groups, dilations)  # type: ignore[arg-type]
    return Crop(window, extra, s.integers("output_shape", [])[-rank:] or None)(full)


def batch_norm(s: Settings, x: Tensor, scale: Tensor, shift: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    return F.batch_norm(x, mean, variance, scale, shift, False, 0.0, s.number("epsilon", 1e-5))


def prelu(s: Settings, x: Tensor, slope: Tensor) -> Tensor:
    """Before opset 7 the slopes were one a channel; since, they broadcast."""
    if s.opset < 7 and slope.numel() > 1:
        slope = slope.reshape(-1, *[1] * (x.dim() - 2))
    return torch.where(x < 0, x * slope, x)
