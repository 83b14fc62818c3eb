"""LeNet-5 on all of MNIST, pruned twelve times smaller: `python tests/benchmarks/mnist_pruning.py`.

For each seed: a baseline is trained from its own random weights on 55,000 digits, the recipe is applied to it, and
both are run once on the 10,000 test digits. The recipe was chosen on the 5,000 digits that are held out of training.
"""

import argparse
import os
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import assets
from compressors import recipe
from compressors.data import DataSet, open_data
from compressors.evaluate import evaluate
from compressors.method import Context
from compressors.methods.fine_tune import FineTune
from profiler import formats
from profiler.breakdown import breakdown
from profiler.network import Network, save
from profiler.progress import Progress, drain
from profiler.zoo import build

SHARED = Path(os.environ.get("NETBONSAI_SHARED", Path(__file__).parents[3] / "shared"))
BASELINE = FineTune(epochs=8, optimizer="adam", learning_rate=0.001, shift=1, keep_zeros=False)
HAN_2015 = {"conv1": 0.66, "conv2": 0.12, "fc1": 0.08, "fc2": 0.19}  # share that stays; table 3 of the paper


@dataclass(frozen=True)
class Outcome:
    """One seed: errors (0 to 1) before and after, and the share of all parameters that is left, by layer too."""

    seed: int
    before: float
    after: float
    left: float
    by_layer: Mapping[str, float]


def fresh(seed: int) -> Network:
    """LeNet-5 with random weights of its own (He 2015: normal, variance 2 / inputs)."""
    network, random = build("LeNet-5"), np.random.default_rng(seed)
    weights = {
        name: random.standard_normal(shape, np.float32) * np.float32((2 / np.prod(shape[1:])) ** 0.5)
        for name, (shape, _) in network.weights().items()
        if len(shape) > 1
    }
    return network.with_weights(weights)


def baseline(data: DataSet, seed: int, folder: Path) -> Network:
    """The trained network; kept in the folder, so that a second recipe need not wait for it."""
    path = folder / f"baseline-{seed}.onnx"
    if not path.exists():
        context = Context(data=data, folder=folder / f"training-{seed}", seed=seed, threads=1)
        save(drain(BASELINE.apply(fresh(seed), context), tell), path)
    return formats.read(path)


def error(network: Network, data: DataSet, split: str, folder: Path) -> float:
    path = folder / "candidate.onnx"
    save(network, path)
    return 1 - drain(evaluate(path, network.input_recipe, data.split(split))).accuracy


def outcome(chosen: recipe.Recipe, data: DataSet, seed: int, split: str, folder: Path) -> Outcome:
    before = baseline(data, seed, folder)
    context = Context(data=data, seed=seed, threads=1)
    after = drain(recipe.apply(recipe.Recipe(chosen.steps, seed), before, context), tell).network
    left = sum(int(np.count_nonzero(after.weight(name))) for name in after.weights())
    total = sum(after.weight(name).size for name in after.weights())
    layers = {
        layer.name: float(np.count_nonzero(after.weight(layer.weight)) / after.weight(layer.weight).size)
        for layer in breakdown(after).layers
        if layer.weight is not None
    }
    save(after, folder / f"pruned-{seed}.onnx")
    errors = (error(network, data, split, folder) for network in (before, after))
    return Outcome(seed, *errors, left=left / total, by_layer=layers)


def tell(step: Progress) -> None:
    if "validation" in step.figures:
        print(f"  {step.text}: {dict(step.figures)}", flush=True)


def table(outcomes: list[Outcome], split: str) -> str:
    rows = [f"errors on the {split} split", "seed   before    after     lost   left  times smaller"]
    for one in outcomes:
        lost = 100 * (one.after - one.before)
        rows.append(
            f"{one.seed:4d} {one.before:8.2%} {one.after:8.2%} {lost:+8.2f} {one.left:6.2%} {1 / one.left:10.1f}"
        )
    before, after = (statistics.mean(values) for values in zip(*((o.before, o.after) for o in outcomes), strict=True))
    rows += [f"mean {before:8.2%} {after:8.2%} {100 * (after - before):+8.2f}", "", "layer    left  Han 2015"]
    for layer, theirs in HAN_2015.items():
        ours = statistics.mean(one.by_layer[layer] for one in outcomes)
        rows.append(f"{layer:6s} {ours:6.1%} {theirs:9.0%}")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default=str(SHARED / "data" / "mnist.npz"))
    parser.add_argument("--recipe", type=Path, default=assets.path("recipes/lenet5-mnist-12x.toml"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[3, 4, 5])
    parser.add_argument("--split", choices=("validation", "test"), default="test")
    parser.add_argument("--folder", type=Path, default=Path("build/mnist"), help="baselines are kept here")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    data, chosen, outcomes = open_data(asked.data), recipe.read(asked.recipe), []
    for seed in asked.seeds:
        began = time.monotonic()
        outcomes.append(outcome(chosen, data, seed, asked.split, asked.folder))
        print(f"seed {seed}: {time.monotonic() - began:.0f} s", flush=True)
    print(table(outcomes, asked.split))


if __name__ == "__main__":
    main()
