"""The flow, forward only: open, compress, evaluate, pack; `app.measuring` goes on from there.

These run on a worker (see `app.workers`): they take plain settings, write large files into the study's objects, and
yield facts, which the program records. They know no study and no window.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app import words
from app.facts import (
    ActivityMeasured,
    CandidateBorn,
    DataChosen,
    Evaluated,
    Packed,
    PackedLayer,
)
from app.measuring import latency
from app.networks import candidate_network, is_built_in, is_random, scratch, store, stored, with_recipe_inside
from app.objects import put_bytes, put_file
from app.steps import Steps, part
from profiler.errors import BadInput
from profiler.plain import to_plain
from profiler.progress import Job, Progress, scaled

if TYPE_CHECKING:
    from profiler.network import Network


def open_network(settings: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    """Read and count a network, keep a copy, then measure its accuracy and its packed size."""
    from profiler import formats
    from profiler.breakdown import breakdown
    from profiler.formats.caffe import random_weights

    objects, letter, source = Path(settings["objects"]), settings["letter"], str(settings["path"])
    yield Progress(0.0, f"Reading {Path(source).name}")
    preprocess = settings.get("preprocess")
    network = formats.read(
        source,
        input_shapes=settings.get("input_shapes") or None,
        preprocess=Path(preprocess) if preprocess else None,
        architecture=settings.get("architecture") or None,
    )
    counted = breakdown(network)
    built_in = is_built_in(source)
    # What was made of another format is kept at once: to make it again may take seconds, and torch.
    kept = store(network, objects, letter) if formats.is_converted(source) else None
    yield CandidateBorn(
        letter=letter,
        parent=None,
        title="Baseline" if letter == "A" else Path(source).stem[:24],
        source=source if built_in else f"object:{kept.digest}" if kept else f"file:{Path(source).resolve()}",
        file_name=network.name if built_in else Path(source).name,
        breakdown=counted,
        nonzero_params=None,
        input_recipe=network.input_recipe,
    )
    if is_random(source):
        return {"message": "Built-in network with random weights: its accuracy means nothing and is not measured."}
    yield Progress(0.1, "Keeping a copy in the study")
    fact = kept or store(network, objects, letter)
    yield fact
    missing = random_weights(network)
    if missing:
        named = words.listed([*missing[:3], *([f"{len(missing) - 3} more"] if len(missing) > 3 else [])])
        return {"message": f"No file gave weights for {named}: they are random, and accuracy would mean nothing."}
    again = {**settings, "source": f"object:{fact.digest}", "input_recipe": to_plain(network.input_recipe)}
    yield from part(pack(again), 0.2, 0.5)
    return (yield from part(_evaluate_if_it_fits(again), 0.5, 1.0))


def _evaluate_if_it_fits(settings: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    if not settings.get("data"):
        return {"message": "No data set yet, so accuracy is not measured."}
    try:
        yield from evaluate(settings)
    except BadInput as misfit:  # the network itself is fine, so the job is not a failure
        return {"message": f"Accuracy is not measured. {misfit}"}
    return {}


def compress(settings: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    """Run a recipe on the parent, keep the result as a new candidate, then evaluate and pack it."""
    from compressors.data import open_data
    from compressors.method import Context
    from compressors.recipe import Recipe, apply
    from profiler.breakdown import breakdown

    objects, letter = Path(settings["objects"]), settings["letter"]
    began = time.monotonic()
    yield Progress(0.0, "Reading the network")
    network = candidate_network(settings)
    recipe = Recipe.from_plain(settings["steps"], seed=settings.get("seed", 0))
    data = open_data(settings["data"]) if settings.get("data") else None
    context = Context(
        data=data,
        folder=Path(settings["checkpoints"]) if settings.get("checkpoints") else None,
        seed=recipe.seed,
        evaluate=lambda candidate, split: _accuracy(candidate, split, settings),
        measure=latency(settings),
    )
    applied = yield from scaled(apply(recipe, network, context), 0.02, 0.8)
    made = with_recipe_inside(applied.network)
    kept = store(made, objects, letter)
    yield CandidateBorn(
        letter=letter,
        parent=settings["parent"],
        title=settings.get("title") or recipe.title(),
        source=f"object:{kept.digest}",
        file_name=settings.get("file_name", f"{letter}.onnx"),
        breakdown=breakdown(made),
        nonzero_params=kept.nonzero_params,
        recipe=tuple(settings["steps"]),
        seed=recipe.seed,
        input_recipe=made.input_recipe,
        layer_nonzero=kept.layer_nonzero,
        training=tuple(applied.training),
        took_s=time.monotonic() - began,
    )
    yield kept
    again = {**settings, "source": f"object:{kept.digest}", "input_recipe": to_plain(made.input_recipe)}
    yield from part(pack(again), 0.8, 0.9)
    return (yield from part(_evaluate_if_it_fits(again), 0.9, 1.0))


def _accuracy(network: Network, split: str, settings: Mapping[str, Any]) -> Job[float]:
    """What methods are handed as `Context.evaluate`. The test split is never theirs."""
    from compressors.data import open_data
    from compressors.evaluate import evaluate as run
    from profiler.network import save

    if split == "test":
        raise BadInput("A recipe may not look at the test split.")
    with scratch(Path(settings["objects"]), ".onnx") as path:
        save(network, path)
        result = yield from run(path, network.input_recipe, open_data(settings["data"]).split(split))
    return result.accuracy


def evaluate(settings: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    """Accuracy of the candidate's file on a split of the data set."""
    from compressors.data import open_data
    from compressors.evaluate import evaluate as run

    objects, split = Path(settings["objects"]), str(settings.get("split", "test"))
    if not settings.get("data"):
        raise BadInput("No data set is chosen, so accuracy cannot be measured.", fix="Choose data first.")
    path = yield from stored(settings)
    data = open_data(settings["data"])
    recipe = candidate_network(settings).input_recipe
    result = yield from scaled(run(path, recipe, data.split(split)), 0.0, 1.0)
    yield Evaluated(
        letter=settings["letter"],
        data=data.title,
        split=split,
        accuracy=result.accuracy,
        top5=result.top5,
        correct=result.correct,
        samples=result.samples,
        right=put_bytes(objects, np.packbits(result.right).tobytes()),
    )
    return {}


def activity(settings: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    """Shares of non-zero activations and weights, layer by layer, on images of a split of the data set."""
    from compressors.activity_run import SAMPLES, measure_activity
    from compressors.data import open_data

    objects, split = Path(settings["objects"]), str(settings.get("split", "test"))
    if not settings.get("data"):
        raise BadInput("No data set is chosen, so there is nothing to run.", fix="Choose data first.")
    yield Progress(0.0, "Reading the network")
    network = candidate_network(settings)
    data = open_data(settings["data"])
    objects.mkdir(parents=True, exist_ok=True)
    named = network.named(str(settings.get("name", network.name)))  # a stored file is called by its digest
    found = yield from measure_activity(
        named, data.split(split), samples=int(settings.get("samples", SAMPLES)), folder=objects
    )
    yield ActivityMeasured(settings["letter"], data.title, split, found)
    return {}


def pack(settings: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    """Write the candidate's `.nbz` file among the objects and count its bytes."""
    from compressors.packing import pack as write

    objects = Path(settings["objects"])
    network = candidate_network(settings)
    with scratch(objects, ".nbz") as path:
        summary = yield from write(network, path)
        digest = put_file(objects, path, move=True)
    yield Packed(
        letter=settings["letter"],
        digest=digest,
        original_bytes=summary.original_bytes,
        packed_bytes=summary.packed_bytes,
        entropy_bytes=summary.entropy_bytes,
        layers=tuple(PackedLayer(**asdict(tensor)) for tensor in summary.layers),
    )
    return {}


def choose_data(settings: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    """Open a data set once to see that it is one, and say what is in it."""
    from compressors.data import open_data

    yield Progress(0.0, "Reading the data set")
    data = open_data(settings["data"])
    yield DataChosen(settings["data"], data.title, tuple(data.classes), dict(data.sizes))
    return {}
