"""Energy from a processor's counters, worked out by hand."""

import pytest

from devices.power import rapl

RANGE = 262_143_328_850  # max_energy_range_uj of an Intel Xeon's package
TEN_WATTS_THEN_THIRTY = [
    (0.0, [1_000_000]),
    (1.0, [11_000_000]),  # idle: 10 J in 1 s
    (2.0, [21_000_000]),  # loading: the same
    (2.5, [36_000_000]),  # running: 15 J in 0.5 s
    (3.0, [51_000_000]),
]


def report(samples, **changed):
    zones = [{"name": "package-0", "range_uj": RANGE}]
    return {
        "source": "rapl",
        "zones": zones,
        "samples": samples,
        "idle": [0.0, 1.0],
        "run": [2.0, 3.0],
        "inferences": 100,
    } | changed


def test_a_counter_that_wraps_round():
    assert rapl.spent_uj(RANGE - 400, 600, RANGE) == 1000


def test_energy_of_a_run_above_idle():
    trace = rapl.power_trace(report(TEN_WATTS_THEN_THIRTY))
    assert trace.idle_watts == 10.0
    assert trace.energy_mj == pytest.approx((30 - 10) * 1.0 * 1000 / 100)  # 20 J above idle, 100 inferences
    assert trace.rail == "package-0"


def test_power_that_changes_within_the_run_is_counted_whole():
    samples = [(0.0, [0]), (1.0, [0]), (2.0, [0]), (2.2, [8_000_000]), (3.0, [9_000_000])]
    assert rapl.power_trace(report(samples)).energy_mj == pytest.approx(9 * 1000 / 100)  # 9 J above an idle of nothing


def test_packages_are_added_and_each_wraps_at_its_own_range():
    zones = [{"name": "package-0", "range_uj": 1000}, {"name": "package-1", "range_uj": 5000}]
    samples = [(0.0, [900, 4900]), (1.0, [100, 100])]  # 200 µJ and 200 µJ
    trace = rapl.power_trace(report(samples, zones=zones, idle=[0.0, 1.0], run=[0.0, 1.0]))
    assert trace.watts == (400e-6, 400e-6)
    assert trace.rail == "package-0 + package-1"


def test_the_staircase_has_a_step_for_each_pair_of_readings():
    found = rapl.readings([(0.0, [0]), (1.0, [4_000_000]), (1.5, [5_000_000])], [RANGE])
    assert rapl.steps(found) == ((0.0, 1.0, 1.0, 1.5), (4.0, 4.0, 2.0, 2.0))


def test_one_reading_is_no_power():
    with pytest.raises(ValueError, match="two readings"):
        rapl.mean_watts([rapl.Reading(0.0, 1.0)], 0.0, 1.0)
