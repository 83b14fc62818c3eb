"""Pruning while training: more and more goes, and what went may come back.

Zhu and Gupta, “To prune, or not to prune: exploring the efficacy of pruning for model compression”, 2017, equation 1:
the share removed rises as s(t) = s_f · (1 − (1 − t)³), fast where much is redundant and slowly towards the end.

Guo, Yao and Chen, “Dynamic Network Surgery for Efficient DNNs”, NIPS 2016: the network computes with W ∘ T, T the mask,
but every weight goes on learning, also those that are masked, and T is drawn anew from their magnitudes (equations 3
and 4): what was cut by mistake is spliced in again. A weight comes back only when it clearly exceeds the threshold.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, cast

import torch
from torch import nn
from torch.nn.utils import parametrize

from compressors.lift import bindings
from profiler.errors import BadInput
from profiler.progress import drain

if TYPE_CHECKING:
    from compressors.methods.rule import Rule

RISING = 0.75  # of all steps; then the masks stand, and what is left settles
LOOKS = 100  # times that masks are drawn anew while the share rises
MARGIN = 0.1  # how far above the threshold a masked weight must be to come back (Guo 2016: b = a + t)
STEP = "pruning_step"  # the buffer that counts
MASK, WHOLE = "parametrizations.weight.0", "parametrizations.weight.original"  # torch's names for what is registered
CUT = f"{MASK}.cut"


def removed_at(done: float) -> float:
    """Which part of the final share is removed when a part `done` (0 to 1) of the rise is over: 1 − (1 − t)³."""
    return 1 - (1 - min(max(done, 0.0), 1.0)) ** 3


class Masked(nn.Module):
    """A weight seen through a mask, True where it is cut.

    `regrow`: the gradient reaches all of the weight, cut or not; else what is cut stays as it was.
    """

    def __init__(self, weight: torch.Tensor, *, regrow: bool) -> None:
        super().__init__()
        self.regrow = regrow
        self.register_buffer("cut", weight.detach() == 0)

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        seen = weight.masked_fill(self.get_buffer("cut"), 0.0)
        return weight + (seen - weight).detach() if self.regrow else seen


class Schedule:
    """Called after each step of a training of `steps` steps: draws the masks anew when it is time.

    `layers`: layer → the module of the lifted network whose `weight` is `Masked`. What it must remember lies in
    buffers, so that a training that was cut off goes on as if it had not been.
    """

    def __init__(self, module: nn.Module, layers: Mapping[str, nn.Module], rule: Rule, steps: int) -> None:
        self.layers, self.rule = dict(layers), rule
        self.rising = max(1, int(RISING * steps))
        self.every = max(1, self.rising // LOOKS)
        module.register_buffer(STEP, torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def __call__(self, module: nn.Module) -> None:
        count = module.get_buffer(STEP)
        count += 1
        step = int(count)
        if step == self.rising:
            self.draw(self.rule, last=True)
        elif step < self.rising and step % self.every == 0:
            self.draw(self.rule.weaker(removed_at(step / self.rising)), last=False)

    def draw(self, rule: Rule, *, last: bool) -> None:
        """Draw every layer's mask by the rule, from the magnitudes as they are now."""
        whole = {layer: owner.get_parameter(WHOLE) for layer, owner in self.layers.items()}
        cuts = {layer: owner.get_buffer(CUT) for layer, owner in self.layers.items()}
        regrow = any(cast(Masked, owner.get_submodule(MASK)).regrow for owner in self.layers.values())
        there = {
            layer: weight.detach() if regrow else weight.detach().masked_fill(cuts[layer], 0.0)
            for layer, weight in whole.items()
        }
        masks = drain(rule.masks({layer: weight.numpy() for layer, weight in there.items()}))
        for layer, mask in masks.items():
            cut = torch.from_numpy(mask)
            if regrow and not last:
                cut |= cuts[layer] & (there[layer].abs() <= _comes_back_above(there[layer], cut))
            cuts[layer].copy_(cut)


def _comes_back_above(weight: torch.Tensor, cut: torch.Tensor) -> float:
    """The magnitude that a cut weight must exceed: a margin above the largest that the rule cuts."""
    return (1 + MARGIN) * float(weight[cut].abs().max()) if bool(cut.any()) else 0.0


def scheduled(
    layers: Iterable[str], rule: Rule, steps: int, *, regrow: bool
) -> tuple[Callable[[nn.Module], None], Callable[[nn.Module], Callable[[nn.Module], None]]]:
    """What `retrain` takes: a change of the lifted module, and what makes the call after each step."""
    names = tuple(layers)

    def adapt(module: nn.Module) -> None:
        for owner in owners(module, names).values():
            weight = cast(torch.Tensor, owner.weight)
            parametrize.register_parametrization(owner, "weight", Masked(weight, regrow=regrow))

    def after_step(module: nn.Module) -> Callable[[nn.Module], None]:
        return Schedule(module, owners(module, names), rule, steps)

    return adapt, after_step


def owners(module: nn.Module, layers: Iterable[str]) -> dict[str, nn.Module]:
    """Layer → the module of the lifted network that holds its weight as `weight`. Raises BadInput where none does."""
    held = {binding.node: binding.path for binding in bindings(module) if binding.attribute == "weight"}
    missing = [layer for layer in layers if layer not in held]
    if missing:
        raise BadInput(
            f"“{missing[0]}” cannot be pruned while it trains: its weight is used in several layouts.",
            fix="Prune in rounds, or leave this layer out.",
        )
    return {layer: module.get_submodule(held[layer]) for layer in layers}


def steps_of(images: int, batch: int, epochs: int) -> int:
    """Steps of a training; the last batch of an epoch may be smaller."""
    return epochs * math.ceil(images / batch)
