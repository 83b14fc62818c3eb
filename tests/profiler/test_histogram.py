"""Thresholds and shares without the weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from profiler.histogram import CHUNK, weight_histogram
from profiler.plain import from_json, to_json


def histogram(values, dtype=np.float32):
    return weight_histogram(np.asarray(values, dtype), "w", "layer")


def test_by_hand():
    """Of ten values, two are 0, five are at most 1 and nine at most 2 in magnitude."""
    found = histogram([0, -0.0, 0.5, -1, 1, 1.5, -1.5, 2, -2, 4])
    assert (found.size, found.zeros) == (10, 2)
    below = dict(zip(found.magnitudes, found.below, strict=True))
    assert below[0.0] == 2
    assert below[4.0] == 10
    assert found.share_below(0) == 0.2
    assert found.share_below(1.2) == 0.5
    assert found.share_below(3) == 0.9
    assert found.share_below(4) == 1
    assert found.share_below(-1) == 0
    assert found.threshold_for(0.2) == 0
    assert 1 <= found.threshold_for(0.5) < 1.5
    assert found.threshold_for(1) == 4
    assert sum(found.counts) == 10
    assert len(found.edges) == len(found.counts) + 1
    assert found.edges[0] == -4
    assert found.edges[-1] == 4
    assert found.counts[80] == 2  # the middle bin holds the zeros: it reaches from −4/161 to 4/161
    assert (found.counts[0], found.counts[160]) == (0, 1)


@pytest.mark.parametrize("shape", [(CHUNK + 3,), (1000, 3, 3), (0,), (1,)])
def test_any_size(shape):
    values = np.random.default_rng(1).standard_normal(shape)
    found = histogram(values)
    assert sum(found.counts) == values.size
    assert found.below[-1] == values.size


def test_counts_at_the_points_are_exact_and_between_them_close():
    values = np.random.default_rng(2).laplace(size=300_000).astype(np.float32)
    found = histogram(values)
    for magnitude, below in zip(found.magnitudes, found.below, strict=True):
        assert (np.abs(values) <= np.float32(magnitude)).sum() == below
    for share in np.linspace(0, 1, 101):
        threshold = found.threshold_for(float(share))
        assert (np.abs(values) <= threshold).mean() == pytest.approx(share, abs=0.002)
    assert len(found.magnitudes) < 4000


def test_few_distinct_values_stay_steps():
    """After weight sharing: four magnitudes, a quarter each. Between two of them the share does not creep up."""
    found = histogram(np.repeat([0.1, 0.2, 0.3, 0.4], 1000))
    for threshold, share in ((0.05, 0), (0.15, 0.25), (0.199, 0.25), (0.25, 0.5), (0.35, 0.75), (0.5, 1)):
        assert found.share_below(threshold) == pytest.approx(share)


def test_a_pruned_weight_keeps_its_zeros():
    values = np.where(np.arange(1000) % 10 == 0, 1.0, 0.0)
    found = histogram(values)
    assert found.zeros == 900
    assert found.share_below(0) == 0.9
    assert found.threshold_for(0.9) == 0


def test_nothing_but_zeros():
    found = histogram(np.zeros(7))
    assert (found.share_below(0), found.threshold_for(0.5), found.counts[80]) == (1, 0, 7)


def test_nothing_at_all():
    found = histogram([])
    assert (found.size, found.share_below(1), found.threshold_for(0.5)) == (0, 0, 0)


def test_integers_and_what_is_not_a_number():
    assert histogram([-3, 0, 3], np.int8).share_below(2.9) == pytest.approx(1 / 3)
    found = histogram([1.0, np.nan, np.inf, -np.inf])
    assert found.share_below(1.5) == 0.25
    assert all(np.isfinite(found.magnitudes))
    assert sum(found.counts) == 4


def test_tiny_and_huge_values_do_not_overflow():
    for scale in (1e-44, 1e-38, 1e38):
        found = histogram(np.array([-1, 0.25, 0.5, 1], np.float64) * scale)
        assert sum(found.counts) == 4
        assert found.below[-1] == 4


def test_crosses_a_process_as_plain_values():
    found = histogram([0, 1, -2])
    assert from_json(to_json(found), type(found)) == found


@settings(deadline=None)
@given(
    hnp.arrays(np.float32, st.integers(1, 300), elements=st.floats(-100, 100, width=32)),
    st.lists(st.floats(0, 1), min_size=2, max_size=10),
    st.lists(st.floats(0, 120), min_size=2, max_size=10),
)
def test_both_ways_ascend(values, shares, thresholds):
    found = histogram(values)
    at = [found.threshold_for(share) for share in sorted(shares)]
    assert at == sorted(at)
    below = [found.share_below(threshold) for threshold in sorted(thresholds)]
    assert below == sorted(below)
    assert all(0 <= share <= 1 for share in below)
    for share in shares:
        assert found.share_below(found.threshold_for(share)) >= share - 1e-6
