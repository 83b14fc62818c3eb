"""The interval of a ratio: by hand where a table has it, by simulation for what it promises."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiler.errors import BadInput
from profiler.statistics import _rank, ratio

ONES = [1.0] * 10


@pytest.mark.parametrize(
    ("rounds", "critical"),
    # the largest rank sum still significant, two-sided 5 %, from printed tables of the signed-rank test
    [(6, 0), (7, 2), (8, 3), (9, 5), (10, 8), (12, 13), (15, 25), (20, 52), (25, 89)],
)
def test_ranks_are_those_of_the_printed_tables(rounds, critical):
    assert _rank(rounds, 0.95) == (critical + 1, 0.95)


def test_many_rounds_use_the_normal_form():
    """n = 100: 2525 − 1.96·√(100·101·201/24) = 2525 − 1.95996·290.84 = 1954.9…"""
    assert _rank(100, 0.95)[0] == 1954


def test_five_rounds_reach_less_than_95_percent():
    """All five signs alike by chance: 2/32."""
    found = ratio([2.0] * 5, [1.0] * 5, "A", "B")
    assert found.level == pytest.approx(1 - 2 / 32)
    assert (found.ratio, found.low, found.high, found.verdict) == (2.0, 2.0, 2.0, "faster")


def test_six_rounds_by_hand():
    """Powers of 2: log₂ 1 … 6. Walsh averages have median 3.5; rank 1 of 21 is the smallest, so 2¹ to 2⁶, and those
    follow each other in order, which shows in the widening: ranks 1 … 6 have a lag-1 correlation of 0.5, so √3."""
    found = ratio([2.0, 4.0, 8.0, 16.0, 32.0, 64.0], [1.0] * 6, "A", "B")
    assert found.ratio == pytest.approx(2**3.5)
    assert found.high == pytest.approx(2 ** (3.5 + 2.5 * math.sqrt(3)))
    shuffled = ratio([4.0, 64.0, 2.0, 32.0, 8.0, 16.0], [1.0] * 6, "A", "B")
    assert (shuffled.low, shuffled.high) == (pytest.approx(2), pytest.approx(64))


def test_one_wild_round_changes_little():
    calm = [1.20, 1.21, 1.19, 1.22, 1.18, 1.20, 1.21, 1.19, 1.20, 1.20]
    wild = [*calm[:-1], 50.0]
    found = ratio(wild, ONES, "A", "B")
    assert found.verdict == "faster"
    assert found.ratio == pytest.approx(1.2, rel=0.02)
    assert found.high < 1.3


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([1.0] * 4, [1.0] * 4),
        ([1.0] * 6, [1.0] * 5),
        ([], []),
        ([0.0] * 6, [1.0] * 6),
        ([math.nan] * 6, [1.0] * 6),
    ],
)
def test_what_cannot_be_compared(a, b):
    with pytest.raises(BadInput):
        ratio(a, b, "A", "B")


def simulated(rng, rounds, true, likeness=0.0):
    """Both drift together like a warming machine; 2 % noise each, of which `likeness` carries over; one run in ten is
    held up by half its time on average."""
    drift = np.exp(np.cumsum(rng.normal(0, 0.03, rounds)))

    def times():
        noise = rng.normal(0, 0.02, rounds)
        for i in range(1, rounds):
            noise[i] = likeness * noise[i - 1] + math.sqrt(1 - likeness**2) * noise[i]
        held = np.where(rng.random(rounds) < 0.1, rng.exponential(0.5, rounds), 0.0)
        return drift * np.exp(noise) * (1 + held)

    return true * times(), times()


@pytest.mark.parametrize("true", [1.0, 1.5])
def test_the_interval_contains_the_truth_as_often_as_it_says(true):
    """600 comparisons of 20 rounds. If the chance is 95 %, 570 ± 5.3 hit; 549 or fewer is four deviations away."""
    rng = np.random.default_rng(20)
    found = [ratio(*simulated(rng, 20, true), "A", "B") for _ in range(600)]
    assert sum(r.low <= true <= r.high for r in found) > 549
    assert np.median([(r.high - r.low) / 2 / r.ratio for r in found]) < 0.03


def test_noise_that_carries_over_widens_the_interval():
    """Where each round resembles the one before (0.6), plain ranks hit about 80 %; 87 % of 400 are wanted."""
    rng = np.random.default_rng(21)
    found = [ratio(*simulated(rng, 40, 1.0, likeness=0.6), "A", "B") for _ in range(400)]
    assert sum(r.low <= 1 <= r.high for r in found) > 348


def test_a_difference_of_ten_percent_is_seen():
    rng = np.random.default_rng(22)
    found = [ratio(*simulated(rng, 20, 1.1), "A", "B") for _ in range(100)]
    assert sum(r.verdict == "faster" for r in found) >= 95


def test_thousands_of_rounds():
    rng = np.random.default_rng(23)
    found = ratio(*simulated(rng, 5000, 1.02), "A", "B")
    assert found.low < 1.02 < found.high
    assert found.verdict == "faster"


times = st.lists(st.floats(0.01, 1000), min_size=6, max_size=30)


@settings(deadline=None)
@given(st.data(), times)
def test_turned_round_it_is_the_inverse(data, a):
    b = data.draw(st.lists(st.floats(0.01, 1000), min_size=len(a), max_size=len(a)))
    one, other = ratio(a, b, "A", "B"), ratio(b, a, "B", "A")
    assert one.low <= one.ratio <= one.high
    assert other.ratio == pytest.approx(1 / one.ratio)
    assert (other.low, other.high) == (pytest.approx(1 / one.high), pytest.approx(1 / one.low))
    assert {one.verdict, other.verdict} in ({"same"}, {"faster", "slower"})
