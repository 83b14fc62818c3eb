"""Quick questions that a worker answers: plain settings in, a plain dictionary out. Nothing is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.networks import load
from profiler.errors import BadInput
from profiler.plain import from_plain, to_plain
from profiler.progress import drain

if TYPE_CHECKING:
    from app.centroids import Spread
    from profiler.network import Network


@lru_cache(maxsize=4)
def _network(source: str, objects: str) -> Network:
    return load(source, Path(objects))


def histogram(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A layer's weights as counts, to drag a threshold over. Needs `source`, `objects`, `weight`, `layer`."""
    from profiler.histogram import weight_histogram

    values = _network(settings["source"], settings["objects"]).weight(settings["weight"])
    return to_plain(weight_histogram(values, settings["weight"], settings["layer"]))


@lru_cache(maxsize=16)
def _spread(source: str, objects: str, weight: str) -> Spread:
    """A layer's weights in cells, some hundred thousand of a large one's: kept, for the next number of bits."""
    from app.centroids import Spread
    from compressors.sharing.cells import cells_of

    values = _network(source, objects).weight(weight)
    try:
        cells = drain(cells_of(values, skip_zeros=True))
    except ValueError as error:
        raise BadInput(f"The weights “{weight}” can’t share values: {error}.") from error
    return Spread(cells.means, cells.counts, int(values.size - cells.counts.sum()))


def cells(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A layer's weights in some thousand cells (`app.centroids.Spread`), to drag centroids over. Needs `source`,
    `objects`, `weight`."""
    from app.centroids import thinned

    return thinned(_spread(settings["source"], settings["objects"], settings["weight"])).plain()


def centroids(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The values that weight sharing starts from, `app.centroids.Sharing`. Needs `source`, `objects`, `weight`, `bits`,
    `start`; `above`: weights up to this magnitude are gone by then; `keep_zeros` if not True."""
    from app.centroids import sharing
    from compressors.sharing.cells import Cells
    from compressors.sharing.clustering import centres_of

    whole = _spread(settings["source"], settings["objects"], settings["weight"])
    left = whole.above(settings.get("above", 0.0), keep_zeros=settings.get("keep_zeros", True))
    ends = (float(left.means[0]), float(left.means[-1])) if left.means.size else (0.0, 0.0)
    found = centres_of(Cells(left.means, left.counts, *ends, exact=False), 1 << settings["bits"], settings["start"])
    return to_plain(sharing(left, found))


def pattern(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Where a layer's weights are zero, as a picture (`app.pattern.Pattern`). Needs `source`, `objects`, `weight`;
    `above`: weights up to this magnitude count as zero."""
    from app.pattern import pattern_of

    values = _network(settings["source"], settings["objects"]).weight(settings["weight"])
    return pattern_of(values, settings.get("above", 0.0)).plain()


def convert(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Write a candidate as an ONNX file. Needs `source`, `objects`, `out`; `opset` unless it is to stay."""
    from app.convert import convert as write

    network = _network(settings["source"], settings["objects"])
    return write(network, Path(settings["out"]), settings.get("opset"))


def fusion(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a runtime makes of a candidate: the values of `profiler.fusion.Fusion`. Needs `source`, `objects`."""
    from profiler.fusion import fusion as find

    return to_plain(find(_network(settings["source"], settings["objects"])))


def memory(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The life of every activation, a `MemoryUse`. Needs `source`, `objects`; `in_place` if not False."""
    from profiler.memory import memory_use

    network = _network(settings["source"], settings["objects"])
    return to_plain(memory_use(network, in_place=bool(settings.get("in_place", False))))


def problems(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Why steps cannot run: a list of [step, sentence]. Needs `steps`, `breakdown`, `has_data`."""
    from compressors.recipe import Recipe
    from compressors.recipe import problems as find
    from profiler.breakdown import Breakdown

    recipe = Recipe.from_plain(settings["steps"])
    found = find(recipe, from_plain(settings["breakdown"], Breakdown), bool(settings["has_data"]))
    return {"problems": [[step, sentence] for step, sentence in found]}


def read_recipe(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The steps in a recipe file. Needs `path`."""
    from compressors.recipe import read

    recipe = read(Path(settings["path"]))
    return {"steps": recipe.to_plain(), "seed": recipe.seed}


def recipe_text(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Steps as a recipe file's text. Needs `steps`; `seed` if it is not 0."""
    from compressors.recipe import Recipe, write

    return {"text": write(Recipe.from_plain(settings["steps"], seed=settings.get("seed", 0)))}


def open_sizes(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs of a file whose sizes must be asked for: name -> shape, with words for what is open. Needs `path`.

    Weights alone whose network is not known (nor right, where `architecture` names one): `unknown`, what to ask.
    """
    from profiler import formats
    from profiler.formats.architectures import UnknownArchitecture
    from profiler.zoo import entry

    try:
        inputs = formats.open_sizes(settings["path"], settings.get("architecture"))
    except UnknownArchitecture as error:
        known = [{"name": name, "title": entry(name).title} for name in error.candidates]
        words = {"what": error.what, "where": error.where, "code": error.code}
        return {"inputs": {}, "unknown": {**words, "architectures": known}}
    return {"inputs": {name: list(shape) for name, shape in inputs.items()}}


def zoo(_settings: Mapping[str, Any]) -> dict[str, Any]:
    """The built-in networks."""
    from profiler.zoo import ZOO

    return {
        "networks": [
            {"name": e.name, "title": e.title, "family": e.family, "source": e.source, "trained": e.trained}
            for e in ZOO.values()
        ]
    }


def devices(_settings: Mapping[str, Any]) -> dict[str, Any]:
    """All devices, this computer first: what each says of itself, its `title`, and when a board was `seen` to say so
    (ISO 8601; "" never, and then only its name is known). No board is contacted."""
    from app.boards import Known, known
    from app.jobs import HERE
    from devices import device

    here = device(HERE)
    told = [Known(here.facts(), here.title), *known()]
    return {"devices": [asdict(each.facts) | {"title": each.title, "seen": each.seen} for each in told]}


def meter_preview(settings: Mapping[str, Any]) -> dict[str, Any]:
    """An external meter's readings beside a profile, before they are kept (`app.metering.preview`). Needs `path`,
    `profile`; `offset_s` where it was set by hand."""
    from app.metering import preview
    from profiler.measurement import Profile

    return preview(Path(settings["path"]), from_plain(settings["profile"], Profile), settings.get("offset_s"))


def graph(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Where the boxes of the network's graph go. Needs `breakdown`; `opened` blocks, `room` as width and height."""
    from app.graph import drawn
    from profiler.breakdown import Breakdown

    opened = settings.get("opened")
    width, height = settings.get("room", (900.0, 560.0))
    return to_plain(drawn(from_plain(settings["breakdown"], Breakdown), opened, (width, height)))


def warm(_settings: Mapping[str, Any]) -> dict[str, Any]:
    """Load what answers will need, before anyone asks."""
    import onnx_ir  # noqa: F401  # pyright: ignore[reportUnusedImport] - seconds, spent while nobody waits

    return {}
