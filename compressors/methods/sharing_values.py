"""Shared weights that learn: all members of a shared value move together, by the sum of their gradients."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# torch is only partly typed; what comes out of it is checked by the tests.

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import nn

    from compressors.sharing import Shared
    from profiler.network import Network


def groups_of(rows: list[Shared], shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """One group number a weight (int64, of the tensor's shape), and which groups are zeros that stay.

    `rows`: one codebook for the whole tensor, or one for each index of its first axis.
    """
    numbers: list[np.ndarray] = []
    zeros: list[np.ndarray] = []
    first = 0
    for row in rows:
        numbers.append(row.indices.reshape(-1).astype(np.int64) + first)
        zeros.append(np.arange(row.codebook.size) < int(row.zero))
        first += row.codebook.size
    return np.concatenate(numbers).reshape(shape), np.concatenate(zeros)


def moving_together(
    network: Network, groups: Mapping[str, tuple[np.ndarray, np.ndarray]]
) -> Callable[[nn.Module], Callable[[nn.Module], None]]:
    """For `retrain`: from now on the weights of the lifted module learn by group (“Deep Compression”, §3.3).

    Each member is given the sum of its group's gradients, so that any optimizer moves equal weights equally; after each
    step all take the value of the first, so that not even rounding parts them. `groups`: by initializer.
    """

    def begin(module: nn.Module) -> Callable[[nn.Module], None]:
        import torch

        held: list[tuple[nn.Parameter, torch.Tensor, torch.Tensor, torch.Tensor]] = []
        for parameter, name, turned in _parameters(module, network):
            if name not in groups or any(parameter is other for other, *_ in held):
                continue
            numbers, zeros = groups[name]
            index = torch.from_numpy(np.ascontiguousarray(numbers.T if turned else numbers)).reshape(-1)
            first = torch.from_numpy(np.unique(index.numpy(), return_index=True)[1])
            # Groups without a member have no first: numbers become those of the groups that have one.
            there, index = torch.unique(index, return_inverse=True)
            still = torch.from_numpy(zeros)[there]
            parameter.register_hook(_summed(index, still))
            held.append((parameter, index, first, still))

        @torch.no_grad()
        def equal_again(trained: nn.Module) -> None:
            del trained  # its parameters are those that are held
            for parameter, index, first, still in held:
                values = parameter.reshape(-1)[first].masked_fill(still, 0.0)
                parameter.copy_(values[index].reshape(parameter.shape))

        return equal_again

    return begin


def _summed(index: torch.Tensor, still: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
    def hook(gradient: torch.Tensor) -> torch.Tensor:
        sums = gradient.new_zeros(still.shape).index_add_(0, index, gradient.reshape(-1))
        return sums.masked_fill(still, 0.0)[index].reshape(gradient.shape)

    return hook


def _parameters(module: nn.Module, network: Network) -> list[tuple[nn.Parameter, str, bool]]:
    """(parameter, the initializer it came from, whether its two axes changed places), as the bindings say."""
    from compressors.lift import bindings
    from compressors.weights import source

    nodes = {node.name: node for node in network.model.graph}
    found: list[tuple[nn.Parameter, str, bool]] = []
    for binding in bindings(module):
        value = nodes[binding.node].inputs[binding.index]
        owner = module.get_submodule(binding.path) if binding.path else module
        parameter = getattr(owner, binding.attribute)
        if value is not None and parameter.requires_grad:  # running statistics are bound too, and do not learn
            found.append((parameter, source(value).name or "", binding.turned))
    return found
