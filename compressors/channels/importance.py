"""How much each channel matters, by its weights, its BatchNorm, what the loss would feel, or what it carries.

Scores of layers of different size are made comparable: each layer's are divided by their mean, and a channel that
several layers make has the mean of theirs.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportUnknownParameterType=false
# torch is only partly typed; what comes out of it is checked by the tests.

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from compressors.channels.families import Channels, Side
from compressors.channels.passing import BATCH_NORMS, CONVS, is_depthwise
from compressors.data.prepare import Inputs
from compressors.lift import logits
from profiler.errors import BadInput
from profiler.progress import Job, Progress

AT_ONCE = 32  # images in one pass
Scores = list[np.ndarray]
"""For each family: one number a channel, the larger the more it matters."""


def by_weights(channels: Channels, power: int) -> Scores:
    """The norm of each filter: L1 (Li et al., “Pruning Filters for Efficient ConvNets”, ICLR 2017) or L2."""
    return _scores(channels, lambda layer, side: _norms(layer, power) if side.way == "out" else None)


def by_batch_norm(channels: Channels) -> Scores:
    """|γ| (Liu et al., “Network Slimming”, ICCV 2017); where no BatchNorm follows, the filter's L2 norm."""
    gammas = _scores(channels, lambda layer, _: _numpy(layer.weight.abs()) if isinstance(layer, BATCH_NORMS) else None)
    norms = by_weights(channels, 2)
    return [gamma if gamma.any() else norm for gamma, norm in zip(gammas, norms, strict=True)]


def by_taylor(channels: Channels, images: Inputs, labels: np.ndarray) -> Job[Scores]:
    """What the loss would feel, to first order: (Σ gradient · weight)² over a filter, averaged over batches.

    Molchanov et al., “Importance Estimation for Neural Network Pruning”, CVPR 2019, equation 8.
    """
    learner = logits(channels.module)
    felt: dict[str, np.ndarray] = {}
    layers = _makers(channels)
    for part, done in _batches(labels):
        learner.zero_grad()
        outputs: Any = learner(torch.as_tensor(np.ascontiguousarray(images[part], np.float32)))
        scores = outputs[0] if isinstance(outputs, tuple) else outputs
        F.cross_entropy(scores.flatten(1), torch.from_numpy(labels[part].astype(np.int64))).backward()
        for path, layer in layers.items():
            if layer.weight.grad is not None:
                products = _rows((layer.weight * layer.weight.grad).detach(), layer).sum(1)
                felt[path] = felt.get(path, 0.0) + _numpy(products) ** 2
        yield Progress(done, "Measuring what the loss would feel")
    learner.zero_grad()
    return _scores(channels, lambda _, side: felt.get(side.path) if side.way == "out" else None)


def by_activation(channels: Channels, images: Inputs, labels: np.ndarray) -> Job[Scores]:
    """The mean size of what its readers are given (Molchanov et al., ICLR 2017, section 2.2)."""
    seen: dict[str, np.ndarray] = {}
    sides = {side.path for family in channels.families for side in family.members if side.way == "in"}
    hooks = [channels.module.get_submodule(path).register_forward_pre_hook(_noting(seen, path)) for path in sides]
    try:
        for part, done in _batches(labels):
            with torch.no_grad():
                channels.module(torch.as_tensor(np.ascontiguousarray(images[part], np.float32)))
            yield Progress(done, "Looking at activations")
    finally:
        for hook in hooks:
            hook.remove()
    return _scores(channels, lambda _, side: seen.get(side.path) if side.way == "in" else None)


def check_weights(channels: Channels) -> None:
    """Raises BadInput where a weight is not a number: nothing can be said of what matters there."""
    for path, layer in _makers(channels).items():
        if not bool(torch.isfinite(layer.weight).all()):
            raise BadInput(
                f"The weights of “{channels.names[path]}” hold values that are not numbers.",
                "Which of its channels matter can’t be said.",
                "Train the network again, or leave this layer out of the picked ones.",
            )


def _noting(seen: dict[str, np.ndarray], path: str) -> Callable[[nn.Module, tuple[torch.Tensor, ...]], None]:
    def note(_: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        sizes = inputs[0].abs()
        seen[path] = seen.get(path, 0.0) + _numpy(sizes.sum([axis for axis in range(sizes.dim()) if axis != 1]))

    return note


def _batches(labels: np.ndarray) -> list[tuple[np.ndarray, float]]:
    starts = range(0, len(labels), AT_ONCE)
    return [
        (np.arange(start, min(start + AT_ONCE, len(labels))), min(start + AT_ONCE, len(labels)) / len(labels))
        for start in starts
    ]


def _makers(channels: Channels) -> Mapping[str, Any]:
    """The layers that make channels which may go."""
    paths = dict.fromkeys(side.path for family in channels.families for side in family.members if side.way == "out")
    found = {path: _module(channels, path) for path in paths}
    return {path: layer for path, layer in found.items() if isinstance(layer, (*CONVS, nn.Linear))}


def _module(channels: Channels, path: str) -> Any:
    """None of a parameter, and of the zeros that a Pad adds."""
    try:
        return channels.module.get_submodule(path)
    except AttributeError:
        return None


def _rows(weight: torch.Tensor, layer: nn.Module) -> torch.Tensor:
    """A row for each output channel."""
    turned = isinstance(layer, CONVS) and layer.transposed and not is_depthwise(layer)
    return (weight.transpose(0, 1) if turned else weight).flatten(1)


def _norms(layer: Any, power: int) -> np.ndarray | None:
    if not isinstance(layer, (*CONVS, nn.Linear)):
        return None
    return _numpy(torch.linalg.vector_norm(_rows(layer.weight.detach().double(), layer), power, 1))


def _numpy(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().double().numpy()


def _scores(channels: Channels, score: Callable[[Any, Side], np.ndarray | None]) -> Scores:
    found: Scores = []
    for family in channels.families:
        each: list[np.ndarray] = []
        for side, places in family.members.items():
            layer = _module(channels, side.path)
            values = None if layer is None else score(layer, side)
            if values is not None:
                mean = float(values.mean())
                each.append((values / mean if mean > 0 else values)[places].mean(axis=1))
        found.append(np.mean(each, axis=0) if each else np.zeros(family.size))
    return found


def kept(scores: Sequence[np.ndarray], counts: Sequence[int]) -> list[np.ndarray]:
    """For each family, which channels stay: so many, those that matter most; of equals the first."""
    stays: list[np.ndarray] = []
    for score, count in zip(scores, counts, strict=True):
        mask = np.zeros(len(score), bool)
        mask[np.argsort(-score, kind="stable")[:count]] = True
        stays.append(mask)
    return stays
