"""How long a battery lasts, against arithmetic done by hand."""

import pytest

from app.battery import battery
from profiler.errors import BadInput
from profiler.measurement import ProfileSettings
from profiler.power import PowerTrace


@pytest.fixture
def measured(profile_of):
    """5 W over a run of 2 s with 40 inferences, 3 W idle before and after: 2 W · 2 s ÷ 40 = 100 mJ each."""
    trace = PowerTrace("jtop", "VDD_IN", (0.0, 1.0, 2.0), (5.0, 5.0, 5.0), 3.0, 0.0, 2.0, 40, idle_after_watts=3.0)
    return profile_of(50.0, power=trace)


def test_idling_between_inferences_counts(measured):
    found = battery(measured, 31, 3600)
    # one a second: 3 W + 0.1 J · 3600 ÷ 3600 s = 3.1 W; 31 Wh ÷ 3.1 W = 10 h; 10 h · 3600 = 36,000
    assert found.mean_watts == pytest.approx(3.1)
    assert found.hours == pytest.approx(10)
    assert found.inferences == pytest.approx(36_000)
    assert found.duty == pytest.approx(0.05)  # 3600 of the 72,000 that 50 ms each would allow
    assert (found.rail, found.source, found.imported) == ("VDD_IN", "jtop", False)


def test_without_a_pause_the_power_is_that_of_the_run(measured):
    found = battery(measured, 50)
    assert found.per_hour == pytest.approx(72_000)  # 3600 s ÷ (2 s ÷ 40)
    assert found.mean_watts == pytest.approx(5.0)
    assert found.hours == pytest.approx(10)
    assert found.inferences == pytest.approx(720_000)
    assert found.duty == 1


def test_a_battery_that_only_idles(measured):
    found = battery(measured, 30, 0)
    assert (found.hours, found.inferences, found.duty) == (pytest.approx(10), 0, 0)


def test_images_of_a_batch(measured, profile_of):
    eight = profile_of(50.0, power=measured.power, settings=ProfileSettings(batch=8))
    assert battery(eight, 31, 3600).images == pytest.approx(288_000)


def test_the_formula_has_its_numbers(measured):
    formula = battery(measured, 31, 3600).formula
    assert formula == "3.00 W idle + 100 mJ × 3,600 ÷ 3,600 s = 3.10 W; 31.0 Wh ÷ 3.10 W = 10.0 h"


def test_without_energy_there_is_nothing_to_say(profile_of):
    assert battery(profile_of(50.0), 10) is None
    one_sample = PowerTrace("jtop", "VDD_IN", (0.0,), (5.0,), 3.0, 0.0, 2.0, 40)
    assert battery(profile_of(50.0, power=one_sample), 10) is None


@pytest.mark.parametrize(("pace", "said"), [(72_200, "72,200"), (-1, "−1"), (float("nan"), "nan")])
def test_a_pace_that_cannot_be_met(measured, pace, said):
    with pytest.raises(BadInput) as refused:
        battery(measured, 10, pace)
    assert refused.value.what == f"{said} inferences an hour cannot be met."
    assert "at most 72,000 times an hour" in refused.value.where


@pytest.mark.parametrize("watt_hours", [0, -5, float("inf"), float("nan")])
def test_a_battery_that_is_none(measured, watt_hours):
    with pytest.raises(BadInput, match="more than 0 watt-hours"):
        battery(measured, watt_hours)
