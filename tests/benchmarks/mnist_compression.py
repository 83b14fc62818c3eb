"""LeNet-5 on all of MNIST as a small file: `python tests/benchmarks/mnist_compression.py choose|final|draw`.

choose  applies recipes to the networks of the seeds for choosing; says bytes and errors on 5,000 held-out digits
final   applies the points' recipes to networks of other seeds and reads the 10,000 test digits once with each file
draw    the table and the plot of what `final` wrote down

The bytes are those of the `.nbz` file, every header included, against the four bytes of each of the 431,080 weights.
The errors are those of the file when it is opened again. What a step made is kept in the folder under the digest of
the seed and of all steps so far, so that recipes that begin alike share the work; the result is the same.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

import assets
from compressors import recipe
from compressors.data import DataSet, open_data
from compressors.evaluate import evaluate
from compressors.method import Context
from compressors.packing import pack, unpack
from profiler import formats
from profiler.network import Network, save
from profiler.progress import Progress, drain
from tests.benchmarks.mnist_plot import Dot, plot
from tests.benchmarks.mnist_pruning import SHARED, baseline

WEIGHTS = 431_080 * 4  # bytes of LeNet-5's weights and biases as fp32
CHOOSING, FINAL = (10, 11), (3, 4, 5)
POINTS = ("12x", "49x", "200x", "600x", "600x-trained", "1000x")
PUBLISHED = (
    Dot("Han 2015", 12, 0.77),
    Dot("Deep Compression", 39, 0.74),
    Dot("606×", 606, 1.0),
    Dot("1000×", 1000, 0.83),
)
"""Claims of others, from what they print: an error in percent, and how many times smaller."""


@dataclass(frozen=True)
class Outcome:
    """One recipe on one seed. Errors in percent, on the split that was asked for; `seconds` of processor time."""

    point: str
    seed: int
    split: str
    packed: int
    before: float
    after: float
    kept: int  # weights and biases that are not zero
    shapes: str
    seconds: float
    steps: str  # digest of the recipe's steps

    @property
    def times(self) -> float:
        return WEIGHTS / self.packed


class Work:
    """A folder of networks: the baselines, and what each step made of them."""

    def __init__(self, data: DataSet, folder: Path) -> None:
        self.data, self.folder = data, folder
        folder.mkdir(parents=True, exist_ok=True)

    def applied(self, chosen: recipe.Recipe, seed: int) -> tuple[Network, float]:
        """The compressed network, and the seconds of processor time that its steps took when they ran."""
        network = baseline(self.data, seed, self.folder)
        seconds = 0.0
        for number in range(1, len(chosen.steps) + 1):
            path = self.folder / f"{seed}-{digest(chosen.steps[:number])}.onnx"
            timed = path.with_suffix(".seconds")
            if not timed.exists():
                began = time.process_time()
                network = self._step(chosen.steps[number - 1], network, seed, path.stem)
                save(network, path)
                timed.write_text(f"{time.process_time() - began:.1f}")
            network = formats.read(path)
            seconds += float(timed.read_text())
        return network, seconds

    def _step(self, step: Any, network: Network, seed: int, name: str) -> Network:
        context = Context(data=self.data, folder=self.folder / name, seed=seed, threads=1)
        return drain(recipe.apply(recipe.Recipe((step,), seed), network, context), tell).network

    def outcome(self, point: str, chosen: recipe.Recipe, seed: int, split: str) -> Outcome:
        network, seconds = self.applied(chosen, seed)
        packed = self.folder / f"{point}-{seed}.nbz"
        drain(pack(network, packed))
        first = baseline(self.data, seed, self.folder)
        before, after = (self._error(each, first, split) for each in (first, unpack(packed)))
        weights = [network.weight(name) for name in network.weights()]
        return Outcome(
            point, seed, split, packed.stat().st_size, before, after,
            kept=sum(int(np.count_nonzero(weight)) for weight in weights),
            shapes=" ".join("×".join(map(str, weight.shape)) for weight in weights if weight.ndim > 1),
            seconds=seconds, steps=digest(chosen.steps),
        )  # fmt: skip

    def _error(self, network: Network, first: Network, split: str) -> float:
        path = self.folder / "candidate.onnx"
        save(network, path)
        found = drain(evaluate(path, first.input_recipe, self.data.split(split)))
        return 100 * (1 - found.accuracy)


def digest(steps: Iterable[Any]) -> str:
    plain = recipe.Recipe(tuple(steps)).to_plain()
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:12]


def tell(step: Progress) -> None:
    if "validation" in step.figures:
        error, loss = 100 * (1 - step.figures["validation"]), step.figures["loss"]
        print(f"    {step.text}: loss {loss:.4f}, {error:.2f} % wrong of the held-out digits", flush=True)


def point_recipe(point: str) -> recipe.Recipe:
    return recipe.read(assets.path(f"recipes/lenet5-mnist-{point}.toml"))


# -------------------------------------------------------------------------------- parts


def choose(work: Work, recipes: Sequence[Path], seeds: Sequence[int]) -> None:
    for path in recipes:
        for seed in seeds:
            print(row(work.outcome(path.stem, recipe.read(path), seed, "validation")), flush=True)


def final(work: Work, points: Sequence[str], seeds: Sequence[int]) -> None:
    """Each (recipe, seed) reads the test digits once: what is written down is not measured again."""
    for point in points:
        for seed in seeds:
            known = {(one.steps, one.seed) for one in written(work.folder)}
            chosen = point_recipe(point)
            if (digest(chosen.steps), seed) in known:
                continue
            found = work.outcome(point, chosen, seed, "test")
            with (work.folder / "final.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(found)) + "\n")
            print(row(found), flush=True)


def draw(work: Work, picture: Path) -> None:
    outcomes = written(work.folder)
    print("| point | seed | before | after | lost | bytes | times smaller | not zero | minutes |")
    print("|---|---|---|---|---|---|---|---|---|")
    dots = [Dot(f"fp32, seed {seed}", 1.0, error) for seed, error in {one.seed: one.before for one in outcomes}.items()]
    if dots:
        dots.append(Dot("fp32", 1.0, statistics.mean(dot.error for dot in dots), mean=True))
    for point in POINTS:
        found = [one for one in outcomes if one.point == point]
        for one in found:
            print(row(one))
            dots.append(Dot(f"{point}, seed {one.seed}", one.times, one.after))
        if found:
            before, after = (
                statistics.mean(values) for values in zip(*((o.before, o.after) for o in found), strict=True)
            )
            size = statistics.mean(one.packed for one in found)
            dots.append(Dot(f"{WEIGHTS / size:.0f}×", WEIGHTS / size, after, mean=True))
            print(
                f"| **{point}** | **mean** | {before:.2f} % | **{after:.2f} %** | {after - before:+.2f} | {size:,.0f} "
                f"| **{WEIGHTS / size:.1f}** | | |"
            )
    picture.write_text(plot(dots, PUBLISHED, WEIGHTS), encoding="utf-8")
    print(f"\n{picture}")


def written(folder: Path) -> list[Outcome]:
    path = folder / "final.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [Outcome(**json.loads(line)) for line in lines]


def row(one: Outcome) -> str:
    cells: Mapping[str, str] = {
        "point": one.point, "seed": str(one.seed), "before": f"{one.before:.2f} %", "after": f"{one.after:.2f} %",
        "lost": f"{one.after - one.before:+.2f}", "bytes": f"{one.packed:,}", "times": f"{one.times:.1f}",
        "kept": f"{one.kept:,}", "minutes": f"{one.seconds / 60:.1f}",
    }  # fmt: skip
    return "| " + " | ".join(cells.values()) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("choose", "final", "draw"))
    parser.add_argument("recipes", type=Path, nargs="*", help="choose: recipe files")
    parser.add_argument("--data", default=str(SHARED / "data" / "mnist.npz"))
    parser.add_argument("--points", nargs="+", default=POINTS, choices=POINTS)
    parser.add_argument("--seeds", type=int, nargs="+")
    parser.add_argument("--folder", type=Path, default=Path("build/mnist"), help="networks are kept here")
    parser.add_argument("--picture", type=Path, default=Path("docs/images/lenet5-size-error.svg"))
    asked = parser.parse_args()
    work = Work(open_data(asked.data), asked.folder)
    if asked.part == "choose":
        choose(work, asked.recipes, asked.seeds or CHOOSING)
    elif asked.part == "final":
        final(work, asked.points, asked.seeds or FINAL)
    else:
        draw(work, asked.picture)


if __name__ == "__main__":
    main()
