"""One-dimensional k-means beside others: `python tests/benchmarks/sharing.py`.

37.7 million weights, as many as AlexNet's fc6, against faiss and scikit-learn on the same data in one run, one thread
each; 100,000 against kmeans1d's exact optimum. What is not installed is left out: `pip install --group bench`.
scikit-learn runs on a part of the weights, and ours on the same part: all of them take it many minutes.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np

from compressors.sharing import START, cluster
from profiler.progress import drain

SIZE = 4096 * 9216
PART = 1 << 20  # of them for scikit-learn


def timed(work: Callable[[], float]) -> tuple[float, float]:
    """(seconds, mean squared error)."""
    began = time.perf_counter()
    error = work()
    return time.perf_counter() - began, error


def ours(weights: np.ndarray, k: int) -> float:
    return drain(cluster(weights, k)).mse


def faiss(weights: np.ndarray, k: int) -> float:
    """faiss.Kmeans on every weight (its own default would train on 256 for each centroid), 20 steps."""
    import faiss as library

    library.omp_set_num_threads(1)
    column = weights.reshape(-1, 1)
    means = library.Kmeans(1, k, niter=20, max_points_per_centroid=weights.size, min_points_per_centroid=1, seed=1)
    means.train(column)
    distances, _ = means.index.search(column, 1)
    return float(distances.mean(dtype=np.float64))


def sklearn(weights: np.ndarray, k: int) -> float:
    """Lloyd's steps, 20 at most, from k-means++."""
    from sklearn.cluster import KMeans

    means = KMeans(k, n_init=1, max_iter=20, random_state=1).fit(weights.reshape(-1, 1))
    return float(means.inertia_) / weights.size


def optimum(weights: np.ndarray, k: int) -> float:
    import kmeans1d

    clusters, centres = kmeans1d.cluster(weights.astype(np.float64), k)
    return float(np.square(weights - np.array(centres)[clusters]).mean())


def against(name: str, weights: np.ndarray, k: int, other: Callable[[np.ndarray, int], float]) -> None:
    """Both on the same weights, ours first."""
    try:
        theirs, their_error = timed(lambda: other(weights, k))
    except ImportError:
        print(f"  {name}: not installed")
        return
    own, error = timed(lambda: ours(weights, k))
    print(
        f"  {name:28} n = {weights.size:10,}  {theirs:7.2f} s against {own:5.2f} s: {theirs / own:6.1f} times;"
        f"  mse {their_error:.4e} against {error:.4e}: {error / their_error:.4f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--others", nargs="*", default=["faiss", "sklearn", "kmeans1d"])
    parser.add_argument("--k", type=int, nargs="+", default=[16, 256])
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    weights = (rng.standard_normal(asked.size, np.float32) * np.float32(0.01)).astype(np.float32)
    ours(weights[:200_000], 16)  # compiled by now
    for k in asked.k:
        print(
            f"k = {k}: ours alone {timed(lambda k=k: ours(weights, k))[0]:.2f} s for {weights.size:,} weights",
            flush=True,
        )
        if "sklearn" in asked.others:
            against("scikit-learn, a part", weights[:PART], k, sklearn)
        if "faiss" in asked.others:
            against("faiss", weights, k, faiss)
    print("100,000 Laplace weights: mean squared error over that of the exact optimum (kmeans1d)")
    few = (rng.laplace(size=100_000) * 0.03).astype(np.float32)
    for k in (16, 256):
        try:
            seconds, best = timed(lambda k=k: optimum(few, k)) if "kmeans1d" in asked.others else (0.0, np.nan)
        except ImportError:
            seconds, best = 0.0, np.nan
        ratios = [f"{start} {drain(cluster(few, k, start)).mse / best:.4f}" for start in START]
        own = timed(lambda k=k: ours(few, k))[0]
        print(f"  k = {k:3}: {', '.join(ratios)}; optimal took {own:.3f} s, kmeans1d {seconds:.2f} s", flush=True)


if __name__ == "__main__":
    main()
