"""Channels taken out of the graph: smaller weights, narrower zero pads, and a check that nothing else changed."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportUnknownParameterType=false, reportMissingTypeStubs=false
# torch is only partly typed; what comes out of it is checked by the tests.

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir
import torch
from torch import fx, nn

from compressors.channels.families import Channels, Side, example
from compressors.channels.passing import is_depthwise
from compressors.lift import lift
from compressors.lower import lower
from profiler.errors import Failed
from profiler.network import Network
from profiler.rewriting import give

Gone = Mapping[Side, np.ndarray]
"""The places that go, in order, by side."""

CLOSE = 1e-3
"""How far two ways to the same outputs may differ, as a share of the largest: sums in another order, no other sum."""


def gone(channels: Channels, stays: Sequence[np.ndarray]) -> Gone:
    """The places of all sides that go. `stays[i]` says of each channel of family i whether it stays."""
    found: defaultdict[Side, list[np.ndarray]] = defaultdict(list)
    for family, kept in zip(channels.families, stays, strict=True):
        for side, places in family.members.items():
            taken = places[~kept].reshape(-1)
            found[side].append(taken[taken >= 0])
    joined = {side: np.unique(np.concatenate(parts)) for side, parts in found.items()}
    return {side: places for side, places in joined.items() if len(places)}


def without(channels: Channels, places: Gone) -> Network:
    """The network without these channels."""
    if not places:
        return channels.network
    module = copy.deepcopy(channels.module)
    for side, taken in places.items():
        if not _is_zeros(channels, side):
            _cut(module, side, taken)
    return lower(module, _with_pads(channels, places))


def check(channels: Channels, places: Gone, made: Network) -> None:
    """Compare with the whole network whose channels are zero where they are made and where they are read.

    The two compute the same, whatever stands between. Raises Failed when they do not: then a channel was not followed.
    """
    whole = copy.deepcopy(channels.module)
    for side, taken in places.items():
        if not _is_zeros(channels, side):
            _silence(whole, side, taken)
    inputs = example(channels.network)
    with torch.no_grad():
        for one, other in zip(_outputs(whole, inputs), _outputs(lift(made), inputs), strict=True):
            gap = float((one - other).abs().max()) if one.shape == other.shape else np.inf
            if not gap <= CLOSE * max(1e-6, float(one.abs().max())):
                raise Failed(
                    "The channels of this network were not followed rightly, so nothing was cut.",
                    "Use the steps that remove single weights, and report this network.",
                    f"Outputs differ by {gap:g}, of up to {float(one.abs().max()):g}.",
                )


def _outputs(module: nn.Module, inputs: Sequence[torch.Tensor]) -> tuple[torch.Tensor, ...]:
    found: Any = module(*inputs)
    return found if isinstance(found, tuple) else (found,)


def _is_zeros(channels: Channels, side: Side) -> bool:
    return any(side in pair for pair in channels.pads.values())


def _cut(module: fx.GraphModule, side: Side, places: np.ndarray) -> None:
    from torch_pruning.ops import module2type
    from torch_pruning.pruner.function import PrunerBox

    owner, _, name = side.path.rpartition(".")
    found = getattr(module.get_submodule(owner), name)
    if isinstance(found, nn.Parameter):
        axis = next(axis for axis, size in enumerate(found.shape) if size > 1)
        setattr(module.get_submodule(owner), name, nn.Parameter(_left(found.detach(), axis, places)))
        return
    pruner: Any = PrunerBox[module2type(found)]
    cut = pruner.prune_out_channels if side.way == "out" else pruner.prune_in_channels
    cut(found, places.tolist())


def _left(tensor: torch.Tensor, axis: int, places: np.ndarray) -> torch.Tensor:
    kept = np.setdiff1d(np.arange(tensor.shape[axis]), places)
    return tensor.index_select(axis, torch.from_numpy(kept))


@torch.no_grad()
def _silence(module: fx.GraphModule, side: Side, places: np.ndarray) -> None:
    """Zeros where the channel is made, or where it is read."""
    owner, _, name = side.path.rpartition(".")
    found = getattr(module.get_submodule(owner), name)
    index = torch.from_numpy(places)
    if isinstance(found, nn.Parameter):
        axis = next(axis for axis, size in enumerate(found.shape) if size > 1)
        found.index_fill_(axis, index, 0.0)
        return
    turned = isinstance(found, (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d))
    if side.way == "in":
        found.weight.index_fill_(0 if turned else 1, index, 0.0)
        return
    found.weight.index_fill_(1 if turned and not is_depthwise(found) else 0, index, 0.0)
    if found.bias is not None:
        found.bias.index_fill_(0, index, 0.0)


def _with_pads(channels: Channels, places: Gone) -> Network:
    """The network with fewer channels of zeros where some of them go."""
    changed = {
        name: tuple(0 if side is None else len(places.get(side, ())) for side in pair)
        for name, pair in channels.pads.items()
    }
    if not any(map(any, changed.values())):
        return channels.network
    model = channels.network.edit()
    for node in model.graph:
        if node.name in changed and node.op_type == "Pad":
            _narrow(model, node, *changed[node.name])
    network = channels.network
    return Network.from_model(model, name=network.name, path=network.path, input_recipe=network.input_recipe)


def _narrow(model: ir.Model, node: ir.Node, before: int, after: int) -> None:
    given = node.inputs[1] if len(node.inputs) > 1 else None
    stored = None if given is None else ir.convenience.get_const_tensor(given)
    pads = list(node.attributes.get_ints("pads", ())) if stored is None else stored.numpy().tolist()
    pads[1] -= before
    pads[len(pads) // 2 + 1] -= after
    if stored is None:
        node.attributes["pads"] = ir.AttrInt64s("pads", pads)
    else:
        give(model, node, 1, np.array(pads, np.int64), "pads")
