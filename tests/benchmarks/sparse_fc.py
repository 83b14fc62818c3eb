"""Where a sparse fully connected layer beats a dense one: `python tests/benchmarks/sparse_fc.py`.

One image, one thread: y = W·x with W dense (numpy's BLAS), and as compressed sparse rows (CSR) in a loop compiled by
numba, four-byte values and four-byte columns. The zeros are in no pattern. Dense and sparse run in turn and the
median counts; the crossover is where the two times are equal, between the shares that were measured.

This is no method of the program: no runtime here runs CSR. It says what a runtime that did would give.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse
import time
from collections.abc import Callable
from itertools import pairwise
from statistics import median

import numba
import numpy as np

SHAPES = {"LeNet-5 fc1": (500, 800), "AlexNet fc7": (4096, 4096), "AlexNet fc6": (4096, 9216)}  # outputs × inputs
SHARES = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.92, 0.95, 0.98, 0.99)  # of zeros
LEAST = 0.02  # seconds of one turn: so many calls count as one


@numba.njit(fastmath=True)
def multiplied(values: np.ndarray, columns: np.ndarray, rows: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """y = W·x; `rows[i]` is where row i of W begins in `values` and `columns`."""
    for row in range(len(rows) - 1):
        total = np.float32(0)
        for place in range(rows[row], rows[row + 1]):  # unsigned: no test for indices below zero
            total += values[place] * x[columns[place]]
        y[row] = total


def csr(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = np.concatenate([[0], np.count_nonzero(matrix, axis=1).cumsum()]).astype(np.uint64)
    places = np.nonzero(matrix)
    return matrix[places], places[1].astype(np.uint32), rows


def in_turn(calls: list[Callable[[], object]], turns: int) -> list[float]:
    """Microseconds of each call, the median of its turns."""
    counts = [max(1, round(LEAST / max(once(call), 1e-7))) for call in calls]
    found: list[list[float]] = [[] for _ in calls]
    for _ in range(turns):
        for times, call, count in zip(found, calls, counts, strict=True):
            began = time.perf_counter()
            for _ in range(count):
                call()
            times.append((time.perf_counter() - began) / count * 1e6)
    return [median(times) for times in found]


def once(call: Callable[[], object]) -> float:
    call()
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def measured(outputs: int, inputs: int, share: float, turns: int) -> tuple[float, float]:
    """(dense, sparse) in microseconds; both give the same."""
    random = np.random.default_rng(0)
    weight = random.standard_normal((outputs, inputs), np.float32)
    weight[random.random((outputs, inputs), np.float32) < share] = 0
    x, y, z = random.standard_normal(inputs, np.float32), *np.zeros((2, outputs), np.float32)
    parts = csr(weight)
    dense, sparse = in_turn([lambda: np.dot(weight, x, out=y), lambda: multiplied(*parts, x, z)], turns)
    np.testing.assert_allclose(y, z, rtol=1e-3, atol=1e-2)
    return dense, sparse


def crossover(rows: list[tuple[float, float]]) -> float | None:
    """The share of zeros where the ratio passes 1, on the straight line between two that were measured."""
    for (share, ratio), (after, larger) in pairwise(rows):
        if ratio < 1 <= larger:
            return share + (after - share) * (1 - ratio) / (larger - ratio)
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--layers", nargs="+", default=list(SHAPES), choices=SHAPES)
    asked = parser.parse_args()
    for name in asked.layers:
        outputs, inputs = SHAPES[name]
        print(f"\n{name}, {outputs} × {inputs}\n| zeros | dense µs | CSR µs | times as fast | CSR bytes ÷ dense |")
        print("|---|---|---|---|---|")
        rows: list[tuple[float, float]] = []
        for share in SHARES:
            dense, sparse = measured(outputs, inputs, share, asked.turns)
            rows.append((share, dense / sparse))
            size = (8 * (1 - share) * outputs * inputs + 4 * outputs) / (4 * outputs * inputs)
            print(f"| {share:.0%} | {dense:,.0f} | {sparse:,.0f} | {dense / sparse:.2f} | {size:.2f} |", flush=True)
        found = crossover(rows)
        print("no crossover" if found is None else f"as fast as dense at {found:.0%} zeros")


if __name__ == "__main__":
    main()
