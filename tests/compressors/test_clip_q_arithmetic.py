"""CLIP-Q's three steps on vectors small enough to work out by hand, and their limits on any weights."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from compressors.clipq.arithmetic import quantised

HAND = [-4, -3, -2, -1, 1, 2, 3, 4, 5, 6]


def of(values, share, bits):
    return quantised(np.array(values, np.float32), share, bits)


def test_clip_points_partitions_and_means_by_hand():
    """Half of the six positive weights go and half of the four negative ones: c+ = 4 and c− = −3 are the smallest left.

    Lengths 1 below and 2 above divide 2² − 1 = 3 intervals into one and two: [−4, −3], [4, 5) and [5, 6].
    """
    made = of(HAND, 0.5, 2)
    assert (made.low, made.high) == (-3, 4)
    assert made.edges_below.tolist() == [-4, -3]
    assert made.edges_above.tolist() == [4, 5, 6]
    assert made.levels.tolist() == [-3.5, 4, 5.5]
    assert made.members.tolist() == [2, 1, 2]
    assert made.values.tolist() == [-3.5, -3.5, 0, 0, 0, 0, 0, 4, 5.5, 5.5]


def test_nothing_clipped():
    """p = 0 only quantises: lengths 3 and 5 divide 7 intervals into 3 and 4 (7 · 3/8 = 2.6)."""
    made = of(HAND, 0, 3)
    assert made.zeros == 0
    assert made.edges_below.tolist() == [-4, -3, -2, -1]
    assert made.edges_above.tolist() == [1, 2.25, 3.5, 4.75, 6]
    # Below, an edge belongs to the interval away from zero: −2 and −3 begin theirs, −4 is in the last.
    assert made.values.tolist() == [-3.5, -3.5, -2, -1, 1.5, 1.5, 3, 4, 5.5, 5.5]


def test_bits_of_an_ideal_code_by_hand():
    """Half of eight weights zero, a quarter each of two values: 4·1 + 4·2 bits, and two values of 32 bits."""
    made = of([0, 0, 0, 0, 2, 2, 3, 3], 0, 2)
    assert made.levels.tolist() == [2, 3]
    assert made.bits == 4 * 1 + 4 * 2 + 2 * 32


def test_zeros_that_are_there_count():
    """Six of ten are zero: with p = 0.6 nothing more goes, with p = 0.8 the smaller half of each sign."""
    weights = [0] * 6 + [1, 2, -3, -5]
    assert of(weights, 0.6, 8).values.tolist() == weights
    assert of(weights, 0.2, 8).values.tolist() == weights
    assert of(weights, 0.8, 8).values.tolist() == [0] * 7 + [2, 0, -5]


def test_one_sign_only():
    made = of([1, 2, 3, 4], 0.5, 2)
    assert made.values.tolist() == [0, 0, 3, 4]
    assert made.low == -math.inf
    assert made.edges_below.size == 0
    assert of([-1, -2, -3, -4], 0.5, 2).values.tolist() == [0, 0, -3, -4]


def test_a_side_that_is_clipped_away_entirely():
    """Of two negative weights p = 0.8 takes both (1.6, rounded); of eight positive ones six."""
    made = of([-1, -2, *range(1, 9)], 0.8, 2)
    assert made.low == -math.inf
    assert made.values.tolist() == [0] * 8 + [7, 8]


def test_everything_rounded_away():
    made = of([1.0, -1.0], 0.9, 2)
    assert made.values.tolist() == [0, 0]
    assert (made.levels.size, made.bits) == (0, 0)


def test_constant_weights_and_no_weights():
    assert of([0.5] * 8, 0.9, 4).values.tolist() == [0.5] * 8  # equal weights stay together
    assert of([0.5, -0.5] * 4, 0.4, 4).values.tolist() == [0.5, -0.5] * 4
    assert of([0.0] * 4, 0.5, 4).values.tolist() == [0.0] * 4
    assert of([], 0.5, 4).values.size == 0
    assert of([3.0], 0, 2).values.tolist() == [3.0]


def test_a_layer_smaller_than_its_values():
    weights = np.random.default_rng(0).normal(size=50).astype(np.float32)
    made = quantised(weights, 0, 16)
    assert made.values == pytest.approx(weights, abs=float(np.ptp(weights)) / 2**15)


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_weights_that_are_no_numbers(broken):
    with pytest.raises(ValueError, match="finite"):
        of([1, broken, 2], 0.5, 4)


@pytest.mark.parametrize(("share", "bits"), [(1, 4), (1.5, 4), (-0.1, 4), (0.5, 0), (0.5, 1), (0.5, 17)])
def test_settings_outside_their_ranges(share, bits):
    with pytest.raises(ValueError, match="below 1"):
        of(HAND, share, bits)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F", "channels last"])
def test_type_and_memory_order_stay(dtype, order):
    plain = np.random.default_rng(1).normal(size=(4, 3, 2, 2)).astype(dtype)
    last = plain.transpose(0, 2, 3, 1).copy().transpose(0, 3, 1, 2)
    given = last if order == "channels last" else np.asarray(plain, order=order)
    made = quantised(given, 0.5, 3)
    assert made.values.dtype == dtype
    assert made.values.strides == given.strides
    assert np.array_equal(made.values, quantised(plain, 0.5, 3).values)


floats = st.floats(-1e6, 1e6, width=32, allow_subnormal=True)


@given(arrays(np.float32, st.integers(0, 60), elements=floats), st.floats(0, 0.999), st.integers(2, 16))
def test_what_holds_for_any_weights(weights, share, bits):
    made = quantised(weights, share, bits)
    values = made.values
    assert np.unique(values).size <= 2**bits
    assert not np.signbit(values[values == 0]).any()
    # What stays keeps its sign, the order of weights, and lies between the ends of its side.
    assert ((values == 0) | (np.sign(values) == np.sign(weights))).all()
    order = np.argsort(weights, kind="stable")
    assert (np.diff(values[order]) >= -1e-5 * np.abs(weights).max(initial=0)).all()
    inside = (weights > made.low) & (weights < made.high)
    assert not values[inside].any()
    assert made.zeros == int(inside.sum())


@given(st.integers(1, 400), st.integers(0, 400), st.floats(0, 0.999))
def test_the_share_is_met_to_one_weight_of_each_sign(above, below, share):
    """Distinct magnitudes; the share of each sign is rounded by itself."""
    random = np.random.default_rng(above)
    weights = np.concatenate([random.permutation(above) + 1.0, -random.permutation(below) - 1.5]).astype(np.float32)
    made = quantised(weights, share, 4)
    for side in (weights > 0, weights < 0):
        assert abs(int((made.values[side] == 0).sum()) - share * side.sum()) <= 0.5 + 1e-9


def test_clip_points_in_the_midst_of_many_floats():
    """Against numpy's partition: the clip point is found in two passes over bits."""
    weights = np.random.default_rng(2).normal(size=100_000).astype(np.float32) ** 3
    made = quantised(weights, 0.37, 5)
    above, below = np.sort(weights[weights > 0]), np.sort(-weights[weights < 0])
    assert made.high == above[int(0.37 * above.size + 0.5)]
    assert made.low == -below[int(0.37 * below.size + 0.5)]
