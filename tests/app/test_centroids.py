"""Shared values over cells: against the weights themselves, and against arithmetic done by hand."""

import numpy as np
import pytest

from app.centroids import MOST, Spread, entropy, moved, sharing, thinned
from app.pattern import Pattern, pattern_of
from app.questions import centroids
from compressors.sharing import cluster
from profiler.progress import drain


def spread_of(weights: np.ndarray) -> Spread:
    means, counts = np.unique(weights[weights != 0].astype(np.float64), return_counts=True)
    return Spread(means, counts, int((weights == 0).sum()))


@pytest.fixture(scope="module")
def weights():
    return np.random.default_rng(1).laplace(0, 0.01, 200_000).astype(np.float32)


def test_by_hand():
    # 1, 2 and 2 go to 1.5; 6 and 10 to 8: errors 3·0.25 and 2·4; two groups of 3 and 2
    found = sharing(Spread(np.array([1.0, 2, 6, 10]), np.array([1, 2, 1, 1]), 7), [8, 1.5])
    assert (found.values, found.counts) == ((1.5, 8), (3, 2))
    assert found.error == pytest.approx((3 * 0.25 + 2 * 4) / 5)
    assert found.bits == pytest.approx(-0.6 * np.log2(0.6) - 0.4 * np.log2(0.4))


def test_halfway_goes_to_the_lower_value():
    assert sharing(Spread(np.array([1.0]), np.array([4]), 0), [0, 2]).counts == (4, 0)


def test_members_are_those_of_the_weights(weights):
    values = np.linspace(-0.05, 0.05, 32)
    found = sharing(spread_of(weights), values)
    nearest = np.abs(weights.astype(np.float64)[:, None] - values).argmin(1)
    assert found.counts == tuple(np.bincount(nearest, minlength=32).tolist())
    assert found.error == pytest.approx(np.square(weights - values[nearest]).mean(), rel=1e-6)


def test_thin_cells_lose_no_weight_and_hardly_any_place(weights):
    whole, thin = spread_of(weights), thinned(spread_of(weights))
    assert thin.means.size <= MOST < whole.means.size
    assert thin.size == whole.size == weights.size
    assert float((thin.means * thin.counts).sum()) == pytest.approx(float(weights.sum(dtype=np.float64)), abs=1e-6)
    assert (np.diff(thin.means) > 0).all()
    values = np.linspace(-0.05, 0.05, 32)
    exact, about = sharing(whole, values), sharing(thin, values)
    assert np.abs(np.subtract(exact.counts, about.counts)).max() < 0.002 * weights.size
    assert about.bits == pytest.approx(exact.bits, abs=0.005)


def test_a_drag_counts_cells_and_not_weights(weights):
    """However large the layer is, one move of the hand looks at no more than so many cells."""
    for repeats in (1, 188):  # 188 · 200,000 = 37.6 M weights, as many as fc6 of AlexNet
        whole = spread_of(weights)
        large = thinned(Spread(whole.means, whole.counts * repeats, 0))
        assert large.means.size <= MOST
        assert large.size == repeats * weights.size


def test_what_was_pruned_is_zero(weights):
    left = spread_of(weights).above(0.01)
    assert left.zeros == int((np.abs(weights) <= 0.01).sum())
    assert left.size == weights.size
    among = spread_of(weights).above(0.01, keep_zeros=False)
    assert among.zeros == 0
    assert among.counts[np.searchsorted(among.means, 0.0)] == left.zeros


def test_a_value_stays_between_its_neighbours():
    assert moved([1.0, 2.0, 3.0], 1, 2.5) == (1.0, 2.5, 3.0)
    low, middle, high = moved([1.0, 2.0, 3.0], 1, 9.0)
    assert low < middle < high
    assert moved([1.0, 2.0, 3.0], 0, -4.0) == (-4.0, 2.0, 3.0)


@pytest.mark.parametrize(("counts", "bits"), [([4, 4], 1.0), ([1, 1, 1, 1], 2.0), ([5], 0.0), ([0, 3], 0.0)])
def test_entropy(counts, bits):
    assert entropy(np.array(counts)) == bits


def test_nothing_left_is_nothing_shared():
    assert sharing(Spread(np.array([]), np.array([], np.int64), 9), [1.0]).counts == (0,)
    assert sharing(Spread(np.array([1.0]), np.array([1]), 0), []).values == ()


@pytest.mark.parametrize("start", ["optimal", "linear", "density", "quantile"])
def test_the_worker_finds_what_the_method_will(start, tmp_path):
    from profiler.zoo import build

    asked = {"source": "zoo:LeNet-5", "objects": str(tmp_path), "weight": _weight_of_ip1(), "bits": 4, "start": start}
    found = centroids(asked)
    truth = drain(cluster(build("LeNet-5").weight(_weight_of_ip1()), 16, start))
    assert found["values"] == pytest.approx(truth.codebook.tolist(), rel=1e-3)
    assert sum(found["counts"]) == truth.indices.size


def _weight_of_ip1() -> str:
    from profiler.breakdown import breakdown
    from profiler.zoo import build

    return next(layer.weight for layer in breakdown(build("LeNet-5")).layers if layer.params > 400_000)


# ------------------------------------------------------------------------------ the pattern


def test_a_small_layer_is_drawn_weight_by_weight():
    weights = np.array([[0, 1, 0], [0, 0, 0]], np.float32)
    found = Pattern.of(pattern_of(weights).plain())
    assert found.shares.tolist() == [[0, 255, 0], [0, 0, 0]]
    assert (found.kept, found.empty_rows, found.empty_inputs) == (1, 1, 2)
    assert found.block == (1, 1)


def test_up_to_the_threshold_counts_as_zero():
    assert pattern_of(np.array([[0.5, -0.5, 0.6]]), above=0.5).kept == 1


def test_a_large_layer_is_drawn_in_blocks_that_lose_nothing():
    rng = np.random.default_rng(2)
    weights = (rng.random((1000, 1700)) < 0.1) * rng.normal(size=(1000, 1700))
    weights[3], weights[:, 5] = 0, 0
    found = pattern_of(weights)
    assert found.shares.shape == (512, 768)
    assert found.kept == np.count_nonzero(weights)
    assert (found.empty_rows, found.empty_inputs) == (1, 1)
    rows, columns = found.spot(100, 200)
    block = weights[rows.start : rows.stop, columns.start : columns.stop]
    assert found.shares[100, 200] == pytest.approx(255 * np.count_nonzero(block) / block.size, abs=1)
    spans = [found.spot(n, 0)[0] for n in range(512)]
    assert [row for span in spans for row in span] == list(range(1000))


def test_an_input_of_a_convolution_is_all_of_its_kernel():
    weights = np.ones((4, 3, 2, 2))
    weights[:, 1] = 0
    found = pattern_of(weights)
    assert (found.rows, found.columns, found.kernel) == (4, 12, 4)
    assert (found.empty_rows, found.empty_inputs) == (0, 1)


def test_a_vector_is_one_row():
    assert pattern_of(np.array([1.0, 0.0])).shares.tolist() == [[255, 0]]
