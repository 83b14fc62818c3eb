"""Operators that divide by a norm or a spread, as functions of settings and inputs."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# torch is only partly typed; what comes out of it is checked by the tests.

import torch
import torch.nn.functional as F

from compressors.operator_settings import Settings

Tensor = torch.Tensor


def lrn(s: Settings, x: Tensor) -> Tensor:
    """Local response normalisation across channels: x / (bias + alpha/size · Σ x²)^beta."""
    size = s.integer("size")
    squares = x.square().unsqueeze(1)
    before = (size - 1) // 2
    pads = [0, 0] * (x.dim() - 2) + [before, size - 1 - before]
    mean = F.pad(squares, pads).unfold(2, size, 1).sum(-1).squeeze(1) / size
    return x / (s.number("bias", 1.0) + s.number("alpha", 1e-4) * mean) ** s.number("beta", 0.75)


def layer_norm(s: Settings, x: Tensor, scale: Tensor, shift: Tensor | None = None) -> Tensor:
    axis = s.integer("axis", -1) % x.dim()
    normal = F.layer_norm(x, x.shape[axis:], None, None, s.number("epsilon", 1e-5)) * scale
    return normal if shift is None else normal + shift


def rms_norm(s: Settings, x: Tensor, scale: Tensor) -> Tensor:
    axes = tuple(range(s.integer("axis", -1) % x.dim(), x.dim()))
    mean = x.square().mean(axes, keepdim=True)
    return x / torch.sqrt(mean + s.number("epsilon", 1e-5)) * scale


def instance_norm(s: Settings, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Each channel of each image by its own mean and variance."""
    axes, shape = tuple(range(2, x.dim())), (-1, *[1] * (x.dim() - 2))
    spread, mean = torch.var_mean(x, axes, correction=0, keepdim=True)
    return (x - mean) * torch.rsqrt(spread + s.number("epsilon", 1e-5)) * scale.reshape(shape) + shift.reshape(shape)


def group_norm(s: Settings, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Scale and shift are one number a group until opset 20, one a channel since."""
    groups, eps = s.integer("num_groups"), s.number("epsilon", 1e-5)
    if scale.numel() == groups and x.shape[1] != groups:
        each = x.shape[1] // groups
        scale, shift = scale.repeat_interleave(each), shift.repeat_interleave(each)
    return F.group_norm(x, groups, scale, shift, eps)


def mean_variance_norm(s: Settings, x: Tensor) -> Tensor:
    axes = tuple(s.integers("axes", [0, 2, 3]))
    mean = x.mean(axes, keepdim=True)
    spread = torch.sqrt((x.square().mean(axes, keepdim=True) - mean.square()).clamp_min(0))
    return (x - mean) / (spread + 1e-9)


def lp_norm(s: Settings, x: Tensor) -> Tensor:
    """Divided by the 1- or 2-norm along one axis; where that is 0, so is the result."""
    norm = torch.linalg.vector_norm(x, s.integer("p", 2), s.integer("axis", -1), keepdim=True)
    return x / torch.where(norm == 0, torch.ones_like(norm), norm)
