"""One-dimensional k-means: exact assignment, optimal values, and what is no number."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressors.sharing import START, Shared, cluster, rounded
from profiler.progress import Progress, drain


def share(weights: Any, k: int, start: str = "optimal", **settings: Any) -> Shared:
    return drain(cluster(np.asarray(weights), k, start, **settings))


def best_cost(values: np.ndarray, k: int) -> float:
    """The least squared error of k groups: every way of cutting the sorted values is tried."""
    values = np.sort(values)
    cuts = itertools.combinations(range(1, values.size), k - 1)
    return min(sum(float(((g - g.mean()) ** 2).sum()) for g in np.split(values, cut)) for cut in cuts)


@given(st.lists(st.integers(-50, 50), min_size=4, max_size=12), st.integers(2, 4))
@settings(max_examples=60, deadline=None)
def test_optimal_is_as_good_as_trying_every_partition(numbers: list[int], k: int):
    values = np.array(numbers, np.float64)
    found = share(values, k, keep_zeros=False)
    assert found.mse * values.size == pytest.approx(best_cost(values, k), abs=1e-9)


@pytest.mark.parametrize("start", START)
@pytest.mark.parametrize("size", [1000, 300_000])  # cells of their own, and bins
@pytest.mark.parametrize("k", [1, 2, 16, 256])
def test_every_weight_has_its_nearest_value(start: str, size: int, k: int):
    weights = np.random.default_rng(k).laplace(size=size).astype(np.float32)
    found = share(weights, k, start)
    nearest = np.concatenate(
        [np.abs(part[:, None].astype(np.float64) - found.codebook).min(1) for part in np.array_split(weights, 30)]
    )
    assert np.array_equal(np.abs(weights.astype(np.float64) - found.values), nearest)
    assert found.mse == pytest.approx(np.square(nearest).mean(), rel=1e-9)
    assert found.codebook.size <= k
    assert (np.diff(found.codebook) > 0).all()


@pytest.mark.parametrize("start", START)
def test_values_are_the_means_of_their_members(start: str):
    weights = np.random.default_rng(1).normal(size=50_000).astype(np.float32)
    found = share(weights, 16, start)
    means = [weights[found.indices == i].mean(dtype=np.float64) for i in range(16)]
    assert found.codebook == pytest.approx(means, rel=1e-5, abs=1e-7)


def test_bins_come_close_to_sorting_every_weight(monkeypatch: pytest.MonkeyPatch):
    weights = np.random.default_rng(2).laplace(size=100_000).astype(np.float32)
    exact = share(weights, 256)
    monkeypatch.setattr("compressors.sharing.cells.FEW", 0)
    binned = share(weights, 256)
    assert binned.mse == pytest.approx(exact.mse, rel=0.01)
    assert exact.mse < share(weights, 256, "linear").mse


def test_weights_far_out_cost_the_others_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("compressors.sharing.cells.FEW", 0)
    weights = np.random.default_rng(3).normal(size=10_000).astype(np.float32)
    alone = share(weights, 15)
    beside = share(np.append(weights, np.float32([-1e5, 1e6])), 17)
    assert (beside.codebook[0], beside.codebook[-1]) == (-1e5, 1e6)
    assert beside.mse * 10_002 <= alone.mse * 10_000 * 1.01


def test_starts_by_hand():
    """0 … 8, and three values: their starts before any step of Lloyd's."""
    from compressors.sharing.cells import Cells
    from compressors.sharing.starts import density, linear, quantile

    cells = Cells(np.arange(9.0), np.ones(9, np.int64), 0.0, 8.0, exact=True)
    assert linear(cells, 3).tolist() == [0, 4, 8]
    assert density(cells, 3).tolist() == [0, 4, 8]
    assert quantile(cells, 3).tolist() == [1, 4, 7]
    heavy = Cells(np.arange(3.0), np.array([1, 6, 2]), 0.0, 2.0, exact=True)
    assert linear(heavy, 3).tolist() == [0, 1, 2]
    assert density(heavy, 3).tolist() == [0, 1, 2]  # half of nine lies in the middle one
    assert density(heavy, 2).tolist() == [0, 2]


# ------------------------------------------------------------------------------- zeros


def test_zeros_stay_zero_and_out_of_the_codebook():
    weights = np.random.default_rng(4).normal(size=(40, 50)).astype(np.float32)
    weights[np.abs(weights) < 1] = 0
    found = share(weights, 8)
    assert np.array_equal(found.values == 0, weights == 0)
    assert not found.values[weights == 0].view(np.uint32).any()  # +0.0
    assert (found.zero, found.codebook.size, found.codebook[0]) == (True, 9, 0)
    assert found.mse == pytest.approx(share(weights[weights != 0], 8).mse, rel=1e-6)


def test_zeros_as_weights_like_any_other():
    found = share(np.float32([0, 0, 0, 1, 5]), 2, keep_zeros=False)
    assert found.codebook.tolist() == [0.25, 5]
    assert not found.zero


def test_minus_zero_is_a_zero():
    found = share(np.float32([-0.0, 1, 2]), 2)
    assert not found.values[:1].view(np.uint32).any()


# ---------------------------------------------------------------------------- odd weights


@pytest.mark.parametrize("size", [10, 200_000])
def test_all_alike(size: int):
    found = share(np.full(size, 0.3, np.float32), 16)
    assert found.codebook.tolist() == [np.float32(0.3)]
    assert found.mse == 0


@pytest.mark.parametrize("start", START)
def test_fewer_distinct_weights_than_values_stay_as_they_are(start: str):
    weights = np.float32([[0.1, 0.2, 0.1], [3, -7, 0]])
    found = share(weights, 16, start)
    assert np.array_equal(found.values, weights)
    assert found.indices.shape == (2, 3)


@pytest.mark.parametrize("start", START)
def test_many_equal_weights_still_give_k_values(start: str):
    weights = np.concatenate([np.full(10_000, 0.5, np.float32), np.arange(1, 21, dtype=np.float32)])
    assert share(weights, 16, start).codebook.size == 16


@pytest.mark.parametrize("weights", [np.zeros(9, np.float32), np.zeros((0, 4), np.float32)])
def test_nothing_to_share(weights: np.ndarray):
    found = share(weights, 4)
    assert np.array_equal(found.values, weights)


def test_sixteen_bits():
    weights = np.random.default_rng(5).normal(size=200_000).astype(np.float32)
    found = share(weights, 1 << 16)
    assert found.codebook.size <= 1 << 16
    assert found.mse < share(weights, 1 << 12).mse / 50


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("size", [10, 200_000])
def test_what_is_no_number_is_refused(bad: float, size: int):
    weights = np.ones(size, np.float32)
    weights[size // 2] = bad
    with pytest.raises(ValueError, match="finite"):
        share(weights, 4)


@pytest.mark.parametrize("k", [0, -1, 65537])
def test_a_codebook_of_no_size_or_too_large(k: int):
    with pytest.raises(ValueError, match="codebook"):
        share(np.ones(3, np.float32), k)


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_floats_keep_their_type(dtype: Any):
    weights = np.random.default_rng(6).normal(size=300_000).astype(dtype)
    found = share(weights, 16)
    assert found.values.dtype == dtype
    assert found.mse == pytest.approx(share(weights.astype(np.float32), 16).mse, rel=1e-3)


def test_a_read_only_view_is_not_touched():
    weights = np.random.default_rng(7).normal(size=(300, 600)).astype(np.float32).T[::2]
    weights.flags.writeable = False
    found = share(weights, 4)
    assert found.values.shape == weights.shape
    assert np.abs(found.values - weights).max() < 4


def test_rounding_by_hand():
    values = np.float32([1.0, 1.4, 1.75, -3.3, 0.0])  # one bit after the leading one: 1, 1.5 | 2, 3 | …
    assert rounded(values, 1).tolist() == [1.0, 1.5, 2.0, -3.0, 0.0]
    assert rounded(values, 23) is values
    assert rounded(np.float32([1 / 3]), 7)[0].view(np.uint32) & 0xFFFF == 0  # a bfloat16


def test_progress_of_a_large_one():
    seen: list[Progress] = []
    drain(cluster(np.ones(9_000_000, np.float32), 4), seen.append)
    assert len(seen) > 5
    assert [p.fraction for p in seen] == sorted(p.fraction for p in seen)
