"""An external meter's recording laid over a profile: recordings made up with a known offset, energy by hand."""

import random

import pytest

from devices.power.meter import Readings, align, clock_offset, correlation, metered
from profiler.errors import BadInput
from profiler.measurement import BoardTrace, DeviceFacts, Profile, ProfileSettings

MARKER = ((7.0, 9.0), (11.0, 13.0), (17.0, 19.0))
IDLE = ((21.0, 31.0), (43.0, 53.0))
RUN = (32.0, 42.0)
INFERENCES = 200


def profile(**changed):
    board = BoardTrace(
        seconds=(0.0, 53.0),
        series={},
        run_start=RUN[0],
        run_stop=RUN[1],
        inferences=INFERENCES,
        idle=IDLE,
        marker=MARKER,
        epoch=1_767_225_600.0,
    )
    settings = ProfileSettings(marker=True)
    fields = {"network": "", "device": DeviceFacts("tk1"), "settings": settings, "at": "", "latencies_ms": (50.0,)}
    return Profile(**fields, board=BoardTrace(**{**board.__dict__, **changed}))


def power(second):
    """A TK1 that idles at 2 W, loads a network at 5 W for its first 4 s, and runs it at 8 W; 10 W in the bursts."""
    if any(start <= second < stop for start, stop in MARKER):
        return 10.0
    if 0 <= second < 4.0:
        return 5.0
    return 8.0 if RUN[0] - 0.4 <= second < RUN[1] + 0.4 else 2.0


def recorded(offset, rate=10.0, noise=0.0, lasting=90.0, seed=0, level=power):
    """The recording of a meter whose clock stood at 0 at -`offset` of the profile's seconds."""
    source = random.Random(seed)
    seconds = [index / rate for index in range(int(lasting * rate))]
    watts = [level(second + offset) + source.gauss(0, noise) for second in seconds]
    return Readings("bench.csv", ("Time", "Power"), tuple(seconds), tuple(watts))


@pytest.mark.parametrize("rate", [1.0, 2.5, 10.0, 100.0, 1000.0])
@pytest.mark.parametrize("offset", [-12.345, -3.21, -31.0])
def test_the_marker_is_found_to_within_a_sample(rate, offset):
    found = align(recorded(offset, rate, noise=0.3), profile())
    assert found.offset_s == pytest.approx(offset, abs=0.55 / rate + 0.01)
    assert abs(found.offset_s - offset) <= 3 * found.error_s + 0.005
    assert found.error_s < 0.4 / rate + 0.02


def test_energy_by_an_external_meter():
    trace = metered(recorded(-12.0), profile(), -12.0)
    assert (trace.source, trace.rail, trace.imported) == ("external meter", "Power", "bench.csv")
    assert (trace.idle_watts, trace.idle_after_watts) == (2.0, 2.0)
    assert trace.mean_watts == pytest.approx(8.0)
    assert trace.energy_mj == pytest.approx((8.0 - 2.0) * 10.0 * 1000 / INFERENCES)


def test_energy_after_alignment_of_a_noisy_recording():
    readings = recorded(-12.3, noise=0.5, seed=3)
    trace = metered(readings, profile(), align(readings, profile()).offset_s)
    assert trace.energy_mj == pytest.approx(300.0, rel=0.03)


def test_a_recording_without_the_marker_is_refused():
    with pytest.raises(BadInput, match="three bursts of load are not seen"):
        align(recorded(-12.0, noise=0.5, level=lambda second: 8.0 if 32 <= second < 42 else 2.0), profile())


def test_a_marker_in_two_places_is_refused():
    def twice(second):
        return max(power(second), power(second - 60.0) if 65 <= second < 80 else 0.0)

    with pytest.raises(BadInput, match="not seen"):
        align(recorded(-12.0, level=twice, lasting=120.0), profile())


def test_a_recording_that_began_too_late_is_refused():
    with pytest.raises(BadInput, match=r"not seen|shorter"):
        align(recorded(12.0), profile())


def test_a_recording_shorter_than_the_marker_is_refused():
    with pytest.raises(BadInput, match="shorter than the marker"):
        align(recorded(-2.0, lasting=8.0), profile())


def test_a_meter_too_slow_for_the_bursts_is_refused():
    with pytest.raises(BadInput, match="a sample every 2 s"):
        align(recorded(-12.0, rate=0.5), profile())


def test_a_profile_without_a_marker_is_aligned_by_hand():
    with pytest.raises(BadInput, match="without a marker"):
        align(recorded(-12.0), profile(marker=()))
    assert metered(recorded(-12.0), profile(marker=()), -12.0).energy_mj == pytest.approx(300.0)


def test_without_idle_windows_what_was_before_the_profile_is_idle():
    assert metered(recorded(-12.0), profile(idle=(), marker=()), -12.0).idle_watts == pytest.approx(2.0)
    with pytest.raises(BadInput, match="no samples while the board idled"):
        metered(recorded(0.0), profile(idle=(), marker=()), 0.0)


def test_an_offset_that_puts_the_run_outside_is_refused():
    with pytest.raises(BadInput, match=r"covers 100\.0 to 189\.9 s"):
        metered(recorded(-12.0), profile(), 100.0)


def test_the_clocks_tell_an_offset_where_both_have_dates():
    readings = recorded(-12.0)
    dated = Readings("bench.csv", ("Time", "Power"), readings.seconds, readings.watts, epoch=1_767_225_588.0)
    assert clock_offset(dated, profile()) == -12.0
    assert clock_offset(readings, profile()) is None
    assert clock_offset(dated, profile(epoch=None)) is None


def test_a_profile_that_does_not_say_when_it_ran():
    without = Profile("", DeviceFacts("tk1"), ProfileSettings(), "", (50.0,))
    with pytest.raises(BadInput, match="does not say when"):
        align(recorded(-12.0), without)
    with pytest.raises(BadInput, match="how many inferences"):
        metered(recorded(-12.0), profile(inferences=0), -12.0)


def test_correlation_is_pearsons():
    import numpy as np

    signal, pattern = np.array([1.0, 5.0, 2.0, 8.0, 3.0, 3.0, 9.0]), np.array([0.0, 1.0, 0.0])
    expected = [np.corrcoef(signal[start : start + 3], pattern)[0, 1] for start in range(5)]
    assert correlation(signal, pattern) == pytest.approx(expected)


def test_a_flat_recording_correlates_with_nothing():
    with pytest.raises(BadInput, match="not seen"):
        align(recorded(-12.0, level=lambda _: 2.0), profile())
