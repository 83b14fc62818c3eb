"""Energy from a processor's counters, worked out by hand."""

import pytest

from devices.power import rapl
from devices.power.trace import watched

RANGE = 262_143_328_850  # max_energy_range_uj of an Intel Xeon's package
TEN_WATTS_THEN_THIRTY = [
    (0.0, 1_000_000),
    (1.0, 11_000_000),  # idle: 10 J in 1 s
    (2.0, 21_000_000),  # loading: the same
    (2.5, 36_000_000),  # running: 15 J in 0.5 s
    (3.0, 51_000_000),
]


def trace(samples, package="package-0", wraps=RANGE, idle=(0.0, 1.0), run=(2.0, 3.0), inferences=100):
    told = [[seconds, {package: [str(count), str(wraps)]}, {}] for seconds, count in samples]
    report = {"source": "rapl", "idle": [idle], "runs": [[*run, inferences]], "seconds": 3.0}
    return watched([{"type": "sample", "source": "rapl", "samples": told}], report, "This computer").power


def test_a_counter_that_wraps_round():
    assert rapl.spent_uj(RANGE - 400, 600, RANGE) == 1000


def test_energy_of_a_run_above_idle():
    power = trace(TEN_WATTS_THEN_THIRTY)
    assert power.idle_watts == 10.0
    assert power.energy_mj == pytest.approx((30 - 10) * 1.0 * 1000 / 100)  # 20 J above idle, 100 inferences
    assert (power.source, power.rail) == ("RAPL", "package-0")


def test_power_that_changes_within_the_run_is_counted_whole():
    samples = [(0.0, 0), (1.0, 0), (2.0, 0), (2.2, 8_000_000), (3.0, 9_000_000)]
    assert trace(samples).energy_mj == pytest.approx(9 * 1000 / 100)  # 9 J above an idle of nothing


def test_a_reading_counts_once_though_the_staircase_has_two_points_there():
    power = trace(TEN_WATTS_THEN_THIRTY)
    assert power.samples == 3  # at 2, 2.5 and 3 s
    assert power.rate_hz == pytest.approx(4 / 3)  # five readings in three seconds


def test_packages_are_added_and_each_wraps_at_its_own_range():
    counters = [{"package-0": ["900", "1000"], "package-1": ["4900", "5000"]}]
    counters.append({"package-0": ["100", "1000"], "package-1": ["100", "5000"]})  # 200 µJ and 200 µJ
    messages = [{"type": "sample", "source": "rapl", "samples": [[0.0, counters[0], {}], [1.0, counters[1], {}]]}]
    report = {"source": "rapl", "idle": [[0.0, 1.0]], "runs": [[0.0, 1.0, 1]]}
    power = watched(messages, report, "This computer").power
    assert power.watts == pytest.approx((400e-6, 400e-6))
    assert power.rail == "package-0 + package-1"


def test_the_staircase_has_a_step_for_each_pair_of_readings():
    found = rapl.readings([(0.0, [0]), (1.0, [4_000_000]), (1.5, [5_000_000])], [RANGE])
    assert rapl.steps(found) == ((0.0, 1.0, 1.0, 1.5), (4.0, 4.0, 2.0, 2.0))


@pytest.mark.parametrize("told", [["-5", "1000"], ["nan", "1000"], ["5", ""], ["2000", "1000"], ["1" * 400, "1"]])
def test_counters_that_cannot_be_are_named_and_left_out(told):
    sound, faults = rapl.counted({"package-0": told})
    assert sound == {}
    assert len(faults) == 1
    assert "package-0" in faults[0]
    assert len(faults[0]) < 150


def test_mean_power_between_two_samples():
    before, after = {"package-0": (900, 1000)}, {"package-0": (400, 1000)}
    assert rapl.watts_between(before, after, 0.5) == {"package-0": pytest.approx(500e-6 / 0.5)}
