"""CLIP-Q on LeNet-5 (MNIST) and ResNet-20 (CIFAR-10 as JPEG): `python tests/benchmarks/clip_q.py lenet search`.

`search` finds (p, b) of every layer on the held-out training images and prints them; `train` applies a recipe to the
baseline of each seed, packs what comes out, and measures it on `--split`. The test images are read with the final
recipe only. `base` trains or fine-tunes the baseline alone. `--images` and `--held-out` cut the splits to their first
so many of a fixed shuffle, for machines that have little time.
"""

import argparse
import json
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from compressors import recipe
from compressors.clipq.table import markdown, table
from compressors.data import DataSet, open_data
from compressors.evaluate import evaluate
from compressors.method import Context
from compressors.methods.clip_q import ClipQ
from compressors.methods.fine_tune import FineTune
from compressors.packing import pack
from profiler import formats
from profiler.network import Network, save
from profiler.progress import Progress, drain
from profiler.zoo import build

SHARED = Path(os.environ.get("NETBONSAI_SHARED", Path(__file__).parents[3] / "shared")) / "data"
DATA = {"lenet": SHARED / "mnist.npz", "resnet": SHARED / "cifar10-jpeg.zip"}
BASELINE = {
    "lenet": FineTune(epochs=8, optimizer="adam", learning_rate=0.001, shift=1, keep_zeros=False),
    "resnet": FineTune(epochs=2, learning_rate=0.02, batch=128, shift=4, flip=True, keep_zeros=False),
}
CLIP_Q = {
    "lenet": ClipQ(epochs=12, optimizer="adam", learning_rate=0.001, shift=1),
    "resnet": ClipQ(epochs=2, learning_rate=0.02, batch=128, shift=4, flip=True),
}


def first(data: DataSet, split: str, images: int) -> DataSet:
    """The same data with so many images in a split; 0: all. The other splits stay."""
    there = data.split(split)
    if not 0 < images < len(there):
        return data
    which = np.sort(np.random.default_rng(0).permutation(len(there))[:images])
    return replace(data, splits={**data.splits, split: there.take(which)})


def fresh(name: str, seed: int) -> Network:
    """ResNet-20 as published; LeNet-5 with random weights of its own (He 2015: normal, variance 2 / inputs)."""
    if name == "resnet":
        return formats.read(SHARED / "weights" / "resnet20-12fca82f.th")
    network, random = build("LeNet-5"), np.random.default_rng(seed)
    weights = {
        name: random.standard_normal(shape, np.float32) * np.float32((2 / np.prod(shape[1:])) ** 0.5)
        for name, (shape, _) in network.weights().items()
        if len(shape) > 1
    }
    return network.with_weights(weights)


def baseline(name: str, data: DataSet, seed: int, folder: Path) -> Network:
    """The network before: trained, and kept in the folder."""
    path = folder / f"baseline-{seed}.onnx"
    if not path.exists():
        context = Context(data=data, folder=folder / f"training-{seed}", seed=seed, threads=1)
        save(drain(BASELINE[name].apply(fresh(name, seed), context), Teller()), path)
    return formats.read(path)


def error(path: Path, network: Network, data: DataSet, split: str) -> float:
    return 1 - drain(evaluate(path, network.input_recipe, data.split(split))).accuracy


def found(name: str, data: DataSet, seed: int, folder: Path, changes: Mapping[str, Any]) -> None:
    """Search, and print the recipe that it found."""
    step = replace(CLIP_Q[name], search=True, **{**changes, "epochs": 0})
    told: dict[str, Any] = {}
    context = Context(
        data=data, folder=folder / f"search-{seed}", seed=seed, threads=1, found=told.__setitem__
    )  # fmt: skip
    drain(step.apply(baseline(name, data, seed, folder), context), Teller())
    settings: dict[str, dict[str, float]] = told["clip_q"]
    chosen = replace(
        CLIP_Q[name],
        per_layer={layer: one["share"] for layer, one in settings.items()},
        per_layer_bits={layer: one["bits"] for layer, one in settings.items()},
    )
    print(json.dumps(told["search"]))
    print(recipe.write(recipe.Recipe((chosen,), seed)))


def trained(name: str, chosen: recipe.Recipe, data: DataSet, seed: int, split: str, folder: Path) -> None:
    """One seed: before, after, bytes, and the table."""
    before = baseline(name, data, seed, folder)
    told: dict[str, Any] = {}
    context = Context(data=data, folder=folder / f"clip-q-{seed}", seed=seed, threads=1, found=told.__setitem__)
    (step,) = chosen.steps
    after = drain(step.apply(before, context), Teller())
    save(after, folder / f"clip-q-{seed}.onnx")
    summary = drain(pack(after, folder / f"clip-q-{seed}.nbz"))
    errors = [error(folder / f"{kind}-{seed}.onnx", net, data, split) for kind, net in
              (("baseline", before), ("clip-q", after))]  # fmt: skip
    real = (folder / f"clip-q-{seed}.nbz").stat().st_size
    print(f"seed {seed}, {split}: error {errors[0]:.2%} before, {errors[1]:.2%} after, {real:,} bytes of .nbz")
    print(markdown(table(summary, told["clip_q"])))
    for row in summary.layers:
        weight = after.weight(row.name)
        print(row.layer, row.form, row.values, "distinct", np.unique(weight).size, "kept", np.count_nonzero(weight))


class Teller:
    """Epochs and trials as they end."""

    def __init__(self) -> None:
        self.began, self.said = time.monotonic(), ""

    def __call__(self, step: Progress) -> None:
        if ("validation" in step.figures or step.text.startswith("Searching")) and step.text != self.said:
            self.said = step.text
            print(f"  {time.monotonic() - self.began:5.0f} s {step.text} {dict(step.figures)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=tuple(DATA))
    parser.add_argument("what", choices=("base", "search", "train"))
    parser.add_argument("--recipe", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[3, 4, 5])
    parser.add_argument("--split", choices=("validation", "test"), default="validation")
    parser.add_argument("--images", type=int, default=0)
    parser.add_argument("--held-out", type=int, default=0, help="search: measure on the first so many held-out images")
    parser.add_argument("--folder", type=Path, default=Path("build/clip-q"), help="baselines are kept here")
    parser.add_argument("--set", default="{}", help="JSON: knobs of the search in place of the defaults")
    asked = parser.parse_args()
    folder = asked.folder / asked.network
    folder.mkdir(parents=True, exist_ok=True)
    data = first(open_data(str(DATA[asked.network])), "train", asked.images)
    for seed in asked.seeds:
        began = time.monotonic()
        if asked.what == "base":
            save(baseline(asked.network, data, seed, folder), folder / f"baseline-{seed}.onnx")
        elif asked.what == "search":
            held_out = first(data, "validation", asked.held_out)
            found(asked.network, held_out, seed, folder, json.loads(asked.set))
        else:
            chosen = recipe.read(asked.recipe) if asked.recipe else recipe.Recipe((CLIP_Q[asked.network],), seed)
            trained(asked.network, chosen, data, seed, asked.split, folder)
        print(f"seed {seed}: {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
