"""A lifted network that computes with pruned and quantised weights while its full-precision ones learn.

Tung and Mori 2018, §3.1: clipping, partitioning and quantising are done anew in every minibatch, so that a weight that
was pruned or put into the wrong interval may leave it; the full-precision weights are kept until the end of training,
and are updated by the gradients of the quantised ones.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# torch is only partly typed; what comes out of it is checked by the tests.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrize

from compressors.clipq.arithmetic import Setting, quantised
from compressors.methods.pruning_schedule import WHOLE, owners


class _Seen(torch.autograd.Function):
    """One tensor's values with another's gradient. `weight + (values − weight)` would round, and part equal values."""

    @staticmethod
    def forward(ctx: Any, weight: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        del ctx, weight
        return values

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        del ctx
        return gradients[0], None


class ClippedWeight(nn.Module):
    """A weight seen pruned and quantised, worked out anew whenever it has changed.

    The setting lies in a buffer: a checkpoint of another (p, b) is of another run.
    """

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.register_buffer("setting", torch.tensor(setting, dtype=torch.float64))
        self._known: tuple[int, int, Setting, torch.Tensor] | None = None

    @property
    def chosen(self) -> Setting:
        share, bits = self.get_buffer("setting").tolist()
        return Setting(share, int(bits))

    def choose(self, setting: Setting) -> None:
        """Another (p, b) from now on."""
        self.get_buffer("setting").copy_(torch.tensor(setting, dtype=torch.float64))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        values = self._values(weight)
        return cast(torch.Tensor, _Seen.apply(weight, values)) if torch.is_grad_enabled() else values

    def _values(self, weight: torch.Tensor) -> torch.Tensor:
        """In eval mode, the same for every batch: torch counts a tensor's changes."""
        mark = (id(weight), weight._version, self.chosen)
        if self._known is not None and self._known[:3] == mark and not self.training:
            return self._known[3]
        found = weight.detach().numpy()
        if not np.isfinite(found).all():  # the loss is no number either, and the training loop says so
            return weight.detach().clone()
        values = torch.from_numpy(quantised(found, *self.chosen).values)
        self._known = (*mark, values)
        return values


def clip_while_training(module: nn.Module, settings: Mapping[str, Setting]) -> None:
    """From now on these layers of a lifted network compute with what CLIP-Q makes of their weights.

    `module.weight` reads so, too: what is lowered has at most 2^b distinct values a layer. Layers that share a weight
    with one of these have its setting. Raises BadInput for a layer whose weight is held in several layouts.
    """
    for layer, owner in owners(module, settings).items():
        weight, clipped = owner.weight, ClippedWeight(settings[layer])
        for other in [other for other in module.modules() if getattr(other, "weight", None) is weight]:
            parametrize.register_parametrization(other, "weight", clipped)


def clipped_weights(module: nn.Module, layers: Iterable[str]) -> dict[str, tuple[ClippedWeight, np.ndarray]]:
    """Layer → what clips its weight, and the full-precision weight."""
    return {
        layer: (
            cast(ClippedWeight, owner.get_submodule("parametrizations.weight.0")),
            owner.get_parameter(WHOLE).detach().numpy(),
        )
        for layer, owner in owners(module, layers).items()
    }
