"""Operators that sample a picture at places the network works out, as functions of settings and inputs."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# torch is only partly typed; what comes out of it is checked by the tests.

import torch
import torch.nn.functional as F

from compressors.operator_settings import Settings, listed
from compressors.shaping import Numbers

Tensor = torch.Tensor

MODES = {"linear": "bilinear", "bilinear": "bilinear", "nearest": "nearest", "cubic": "bicubic", "bicubic": "bicubic"}


def grid_sample(s: Settings, x: Tensor, grid: Tensor) -> Tensor:
    """Mode names changed with opset 20; places and padding are torch's."""
    return F.grid_sample(
        x,
        grid,
        MODES[s.text("mode", "linear")],
        s.text("padding_mode", "zeros"),
        bool(s.integer("align_corners")),
    )


def affine_grid(s: Settings, theta: Tensor, size: Numbers) -> Tensor:
    return F.affine_grid(theta, listed(size) or [], bool(s.integer("align_corners")))
