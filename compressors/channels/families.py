"""Which channels go together: a channel taken out of one layer must go from every layer that adds to it or reads it.

torch-pruning (Fang et al., “DepGraph: Towards Any Structural Pruning”, CVPR 2023) traces the lifted module and says,
layer by layer, which places of other layers belong to each of its channels. Here these are joined to families: channels
that are found in the same layers, of which any may go alone.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportUnknownParameterType=false, reportMissingTypeStubs=false
# torch is only partly typed; what comes out of it is checked by the tests.

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import fx, nn

from compressors.channels.passing import BATCH_NORMS, CONVS, NODE, Passing, is_depthwise
from compressors.lift import bindings, lift
from profiler.errors import BadInput
from profiler.network import Network


class Side(NamedTuple):
    """The channels that a layer makes (“out”: also a BatchNorm’s, and a parameter’s own) or reads (“in”)."""

    path: str
    way: Literal["out", "in"]


Pads = Mapping[str, tuple[Side | None, Side | None]]
"""Name of a Pad that adds channels of zeros → the sides that stand for those before and behind."""

Places = tuple[list[int], list[int]]
"""Places on a side, and for each the channel of the group’s first layer that it belongs to."""

Group = Mapping[Side, Places]
"""What hangs on the output channels of a layer, which is the first side."""

STRIDE = 1 << 32  # a place’s key is the number of its side times this, and the place


@dataclass(frozen=True)
class Family:
    """Channels that are in the same layers. `members[side]` is (channels, k): the places of each on that side.

    k is 1 but behind a Flatten, where each place of a channel’s picture is a column.
    """

    members: Mapping[Side, np.ndarray]

    @property
    def size(self) -> int:
        return len(next(iter(self.members.values())))


@dataclass(frozen=True)
class Channels:
    """A network, its lifted module, and the families of channels that may be cut.

    names: path of a layer → its name in the network; held: layer → why its channels stay, as `Passing` has it.
    """

    network: Network
    module: fx.GraphModule
    families: tuple[Family, ...]
    names: Mapping[str, str]
    held: Mapping[str, str]
    pads: Pads

    def makers(self, family: Family) -> list[str]:
        """The convolutions and fully connected layers that make these channels, by name; depthwise ones too."""
        found = [side.path for side in family.members if side.way == "out" and _is_layer(self.module, side.path)]
        return [self.names[path] for path in found]


def channels_of(network: Network) -> Channels:
    """Follow every channel of a network. Raises BadInput when it cannot be lifted, run or followed."""
    module = lift(network)
    inputs = example(network)
    passing = Passing(module, inputs)
    names = {b.path: b.node for b in bindings(module) if b.path}
    traced, pads = _with_zero_layers(module, passing)
    added = {path for path, _ in traced.named_children()} - {path for path, _ in module.named_children()}
    groups = [
        {side: found for side, found in group.items() if side.way == "out" or side.path not in added}
        for group in _groups(traced, inputs)
    ]
    zeros = {side for pair in pads.values() for side in pair if side is not None}
    families = tuple(_families(groups, passing.held.keys(), zeros))
    told = {names.get(path, path): why for path, why in passing.held.items()}
    return Channels(network, module, families, names, told, pads)


def example(network: Network) -> tuple[torch.Tensor, ...]:
    """Random inputs of the network’s own shape, the same each time; an open batch is 1."""
    generator = torch.Generator().manual_seed(0)
    made: list[torch.Tensor] = []
    for name, shape in network.inputs.items():
        sizes = [1 if axis == 0 and not isinstance(size, int) else size for axis, size in enumerate(shape)]
        if not all(isinstance(size, int) for size in sizes):
            raise BadInput(
                f"The input “{name}” has a size that is left open.",
                "How many operations it takes depends on it.",
                "Choose the input’s size when the network is opened.",
            )
        made.append(torch.randn([int(size) for size in sizes], generator=generator))
    return tuple(made)


def _is_layer(module: fx.GraphModule, path: str) -> bool:
    """Not one of the zero layers, which are in the traced copy only, and no parameter."""
    try:
        found = module.get_submodule(path)
    except AttributeError:
        return False
    return isinstance(found, (*CONVS, nn.Linear))


def _with_zero_layers(module: fx.GraphModule, passing: Passing) -> tuple[fx.GraphModule, Pads]:
    """The same layers, with channels of zeros made by layers of their own: then they can go one by one as well.

    A Pad beside channels is a concatenation with zeros (the shortcut “A” of He et al. 2016, section 4.2).
    """
    if not passing.zero_pads:
        return module, {}
    graph = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    graph.output(graph.graph_copy(module.graph, copies))
    traced = fx.GraphModule(module, graph)
    pads: dict[str, tuple[Side | None, Side | None]] = {}
    for node in passing.zero_pads:
        x, padded = copies[node.all_input_nodes[0]], copies[node]
        channels = node.all_input_nodes[0].meta["tensor_meta"].shape[1]
        sides: list[Side | None] = [None, None]
        joined = [x]
        with graph.inserting_before(padded):
            for place, count in enumerate(passing.zeros(node)):
                if count:
                    side = sides[place] = Side(f"{node.target}_zeros_{place}", "out")
                    traced.add_submodule(side.path, nn.Conv2d(channels, count, 1, bias=False))
                    joined.insert(len(joined) if place else 0, graph.call_module(side.path, (x,)))
            padded.replace_all_uses_with(graph.call_function(torch.cat, (joined, 1)))
        graph.erase_node(padded)
        pads[str(node.meta[NODE])] = (sides[0], sides[1])
    traced.recompile()
    return traced, pads


def _groups(traced: fx.GraphModule, inputs: tuple[torch.Tensor, ...]) -> Iterator[Group]:
    """For each layer: which places of which sides belong to each of its output channels, found by torch-pruning."""
    from torch_pruning import DependencyGraph

    try:
        with torch.enable_grad():
            graph: Any = DependencyGraph().build_dependency(traced, list(inputs), verbose=False)
        layers = {path: module for path, module in traced.named_modules() if isinstance(module, (*CONVS, nn.Linear))}
        paths: dict[int, str] = {id(module): path for path, module in traced.named_modules()}
        paths |= {id(tensor): path for path, tensor in traced.named_parameters()}
        covered: set[Side] = set()
        for path, layer in layers.items():
            if layer not in graph.module2node or Side(path, "out") in covered:
                continue
            pruner = graph.get_pruner_of_module(layer)
            size = pruner.get_out_channels(layer)
            found: Any = graph.get_pruning_group(layer, pruner.prune_out_channels, list(range(size)))
            group = dict(_items(graph, found, paths))
            covered |= {side for side, (places, roots) in group.items() if len(set(roots)) == len(places) == size}
            yield {Side(path, "out"): (list(range(size)), list(range(size))), **group}
    except (AssertionError, AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as problem:
        raise BadInput(
            "The channels of this network can’t be followed.",
            f"torch-pruning says: {type(problem).__name__}: {problem}",
            "Use the steps that remove single weights: they work on any network.",
        ) from problem


def _items(graph: Any, group: Any, paths: Mapping[int, str]) -> Iterator[tuple[Side, Places]]:
    for item in group.items:
        module = item.dep.target.module
        path = paths.get(id(module))
        if path is None or not isinstance(module, (*CONVS, nn.Linear, *BATCH_NORMS, nn.Parameter)):
            continue
        out = isinstance(module, (*BATCH_NORMS, nn.Parameter)) or is_depthwise(module)
        out = out or graph.is_out_channel_pruning_fn(item.dep.handler)
        yield Side(path, "out" if out else "in"), (list(item.idxs), list(item.root_idxs))


def _families(groups: Sequence[Group], held: Set[str], zeros: Set[Side]) -> Iterator[Family]:
    """Join what belongs together, leave out what is held, and put channels that are in the same layers side by side."""
    sides = list(dict.fromkeys(side for group in groups for side in group))
    number = {side: index for index, side in enumerate(sides)}
    pairs: list[np.ndarray] = []
    for group in groups:
        root = next(iter(group))
        for side, (places, roots) in group.items():
            ends = np.array([roots, places], np.int64) + np.array([[number[root]], [number[side]]], np.int64) * STRIDE
            pairs.append(ends)
    if not pairs:
        return
    keys, flat = np.unique(np.concatenate(pairs, axis=1), return_inverse=True)
    labels = _joined(flat.reshape(2, -1), len(keys))
    stay = {number[side] for side in sides if side.way == "out" and side.path in held}
    stuck = np.unique(labels[np.isin(keys // STRIDE, list(stay))])
    alike: defaultdict[tuple[tuple[int, int], ...], list[np.ndarray]] = defaultdict(list)
    order = np.argsort(labels, kind="stable")
    for channel in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
        if labels[channel[0]] in stuck:
            continue
        found, counts = np.unique(keys[channel] // STRIDE, return_counts=True)
        real = [(int(n), int(count)) for n, count in zip(found, counts, strict=True) if sides[int(n)] not in zeros]
        alike[tuple(real)].append(keys[channel])
    for signature, channels in alike.items():
        yield _family([sides[n] for n, _ in signature], [number[side] for side in zeros], sides, channels)


def _joined(pairs: np.ndarray, count: int) -> np.ndarray:
    """The least place that each place hangs together with."""
    labels = np.arange(count)
    while True:
        least = np.minimum(labels[pairs[0]], labels[pairs[1]])
        new = labels.copy()
        np.minimum.at(new, pairs[0], least)
        np.minimum.at(new, pairs[1], least)
        new = new[new]
        if np.array_equal(new, labels):
            return labels
        labels = new


def _family(
    real: Sequence[Side], zeros: Sequence[int], sides: Sequence[Side], channels: Sequence[np.ndarray]
) -> Family:
    """`channels` has the keys of each. A place among zeros is −1 for channels that have none there."""
    members: dict[Side, np.ndarray] = {}
    for n, side in enumerate(sides):
        if side in real:
            members[side] = np.array([keys[keys // STRIDE == n] % STRIDE for keys in channels])
        elif n in zeros:
            found = [keys[keys // STRIDE == n] % STRIDE for keys in channels]
            if any(len(each) for each in found):
                members[side] = np.array([[each[0] if len(each) else -1] for each in found])
    return Family(members)
