"""Which layers a step works on, and how they are named in a few words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from profiler.breakdown import Breakdown


def picked(network: Breakdown, names: Iterable[str]) -> dict[str, str]:
    """Layer → its weight tensor: the named ones, or every convolution and fully connected layer when none is named.

    Layers that share one tensor are one: the first stands for all.
    """
    wanted = set(names)
    found: dict[str, str] = {}
    for name, weight in weighted(network).items():
        if (not wanted or name in wanted) and weight not in found.values():
            found[name] = weight
    return found


def weighted(network: Breakdown) -> dict[str, str]:
    """Every convolution and fully connected layer with a weight tensor of its own, and that tensor's name."""
    return {layer.name: layer.weight for layer in network.layers if layer.weight is not None and layer.kind != "other"}


def picks_problems(network: Breakdown, names: Iterable[str]) -> list[str]:
    """A sentence for each name that is no layer with weights, with the nearest name that is; or that none is there."""
    there = list(weighted(network))
    if not there:
        return ["The network has no convolution or fully connected layer with weights."]
    return [_missing(name, network, there) for name in dict.fromkeys(names) if name not in there]


def _missing(name: str, network: Breakdown, there: Sequence[str]) -> str:
    if network.layer(name) is not None:
        return f"Layer “{name}” has no weights to work on."
    near = difflib.get_close_matches(name, there, n=1, cutoff=0.0)
    return f"There is no layer “{name}”. Did you mean “{near[0]}”?"


def names_words(names: Sequence[str]) -> str:
    """`fc1`, `fc1, fc2`, `fc` for fc6, fc7 and fc8, else `5 layers`; empty for none."""
    if len(names) <= 2:
        return ", ".join(names)
    stems = {re.sub(r"[^A-Za-z].*", "", name) for name in names}
    stem = stems.pop()
    return stem if len(stem) > 1 and not stems else f"{len(names)} layers"
