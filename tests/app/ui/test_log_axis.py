"""Ticks of logarithmic axes: doublings for batches, round values for times and rates."""

import pytest

from app.ui.plots.log_axis import LogAxis, doublings, rounds


@pytest.mark.parametrize(
    ("low", "high", "most", "ticks"),
    [
        (1, 16, 6, [1, 2, 4, 8, 16]),
        (1, 128, 5, [1, 4, 16, 64]),
        (0.7, 180, 3, [1, 8, 64]),
        (3, 3.9, 4, []),
    ],
)
def test_batches_double_from_tick_to_tick(low, high, most, ticks):
    assert doublings(low, high, most) == ticks


@pytest.mark.parametrize(
    ("low", "high", "most", "ticks"),
    [
        (9, 1100, 8, [10, 20, 50, 100, 200, 500, 1000]),
        (9, 1100, 5, [10, 30, 100, 300, 1000]),
        (0.9, 12_000, 5, [1, 10, 100, 1000, 10_000]),
        (1, 1e6, 4, [1, 100, 10_000, 1_000_000]),
        (40, 60, 5, [40, 45, 50, 55, 60]),
        (40, 60, 3, [40, 50, 60]),
    ],
)
def test_round_values_as_many_as_fit(low, high, most, ticks):
    found = rounds(low, high, most)
    assert found == pytest.approx(ticks)
    assert len(found) <= most


def test_a_value_stands_at_its_logarithm_and_its_tick_says_the_value(qapp):
    axis = LogAxis("bottom", 2, "{:g}".format)
    assert axis.place(8) == pytest.approx(3.0)
    assert axis.tickStrings([0.0, 3.0], 1.0, 1.0) == ["1", "8"]
    assert [place for _, places in axis.tickValues(0.0, 4.0, 600) for place in places] == pytest.approx([0, 1, 2, 3, 4])
