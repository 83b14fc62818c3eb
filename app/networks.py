"""The networks of a study as files: read from what a candidate’s `source` names, and kept among the objects."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.facts import Stored
from app.objects import path_of, put_file
from app.steps import Steps
from profiler.input_recipe import InputRecipe
from profiler.plain import from_plain
from profiler.progress import Progress

if TYPE_CHECKING:
    from profiler.network import Network


def is_built_in(source: str) -> bool:
    """Whether `source` is `zoo:NAME`."""
    return source.lower().startswith("zoo:")


def is_random(source: str) -> bool:
    """A built-in network that was never trained: what depends on its weights means nothing."""
    from profiler.zoo import entry

    return is_built_in(source) and not entry(source.partition(":")[2]).trained


def load(source: str, objects: Path, recipe: Mapping[str, Any] | None = None) -> Network:
    """The network that a candidate's `source` names; with the study's input recipe, where that is known."""
    from profiler import formats

    kind, _, rest = source.partition(":")
    if kind == "object":
        network = formats.read_stored(path_of(objects, rest))
    else:
        network = formats.read(source if kind == "zoo" else rest)
    return network.with_guessed_recipe(from_plain(recipe, InputRecipe)) if recipe is not None else network


def candidate_network(settings: Mapping[str, Any]) -> Network:
    """The network of the candidate that a job is about."""
    return load(str(settings["source"]), Path(settings["objects"]), settings.get("input_recipe"))


def with_recipe_inside(network: Network) -> Network:
    """A network whose file says by itself how its input is made."""
    from profiler.network import RECIPE_KEY

    recipe = network.input_recipe
    if recipe is None or RECIPE_KEY in network.model.metadata_props:
        return network
    return network.with_guessed_recipe(None).with_input_recipe(recipe)


@contextmanager
def scratch(objects: Path, suffix: str) -> Generator[Path]:
    """A file name beside the objects, gone afterwards whatever happens."""
    objects.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=objects) as folder:
        yield Path(folder) / f"network{suffix}"


def nonzero(network: Network) -> tuple[int, dict[str, int]]:
    """Parameters that are not zero: in all, and each layer's main weight. A tensor used twice counts once."""
    from profiler.costs import counted_weights

    all_of_them, main = counted_weights(network)
    count = {id(tensor): int(np.count_nonzero(tensor.numpy())) for tensor in all_of_them}
    return sum(count.values()), {layer: count[id(tensor)] for layer, tensor in main.items() if id(tensor) in count}


def store(network: Network, objects: Path, letter: str) -> Stored:
    """Keep the network among the study's objects."""
    from profiler.network import save

    with scratch(objects, ".onnx") as path:
        save(network, path)
        size = path.stat().st_size
        digest = put_file(objects, path, move=True)
    count, by_layer = nonzero(network)
    return Stored(letter, digest, size, count, by_layer)


def stored(settings: Mapping[str, Any]) -> Steps[Path]:
    """The candidate's file among the objects; put there first when it is not (a built-in network, a copy cut off)."""
    objects, source, letter = Path(settings["objects"]), str(settings["source"]), str(settings["letter"])
    kind, _, rest = source.partition(":")
    if kind == "object":
        return path_of(objects, rest)
    yield Progress(0.0, "Writing the network into the study")
    fact = store(candidate_network(settings), objects, letter)
    yield fact
    return path_of(objects, fact.digest)
