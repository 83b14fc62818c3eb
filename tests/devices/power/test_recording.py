"""Recordings of external meters in several dialects; values by hand."""

from datetime import UTC, datetime

import pytest

from devices.power.recording import decimal, read_csv
from profiler.errors import BadInput


@pytest.fixture
def recording(tmp_path):
    def read(text, encoding="utf-8"):
        path = tmp_path / "meter.csv"
        path.write_bytes(text.encode(encoding))
        return read_csv(path)

    return read


def test_seconds_and_watts(recording):
    found = recording("time,power\n10.0,2.5\n10.5,3.5\n11.0,4\n")
    assert found.seconds == (0.0, 0.5, 1.0)
    assert found.watts == (2.5, 3.5, 4.0)
    assert (found.name, found.columns, found.epoch) == ("meter.csv", ("time", "power"), None)


def test_seconds_since_1970(recording):
    found = recording("timestamp;watts\n1767225600.25;5\n1767225601.25;6\n")
    assert found.epoch == 1767225600.25
    assert found.seconds == (0.0, 1.0)


def test_milliseconds_since_1970(recording):
    assert recording("t,w\n1767225600250,5\n1767225601250,6\n").seconds == (0.0, 1.0)


def test_dates(recording):
    found = recording("Time,Power (W)\n2026-01-01T00:00:00Z,1\n2026-01-01T00:00:02.5Z,2\n")
    assert found.epoch == datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    assert found.seconds == (0.0, 2.5)


def test_decimal_commas(recording):
    found = recording("Zeit [s];Leistung [mW]\n0,0;1.250,5\n0,1;1.500,0\n")
    assert found.seconds == (0.0, 0.1)
    assert found.watts == pytest.approx((1.2505, 1.5))


def test_quoted_decimal_commas_between_commas(recording):
    assert recording('time,power\n"0,5","2,5"\n"1,5","3,5"\n').watts == (2.5, 3.5)


def test_volts_times_amperes_in_their_units(recording):
    found = recording("Time(ms),Voltage(V),Current(mA)\n0,12.0,500\n100,12.0,1000\n")
    assert found.watts == (6.0, 12.0)
    assert found.seconds == pytest.approx((0.0, 0.1))
    assert found.columns == ("Time(ms)", "Voltage(V)", "Current(mA)")


def test_power_is_taken_before_volts_and_amperes(recording):
    assert recording("time,volts,amps,watts\n0,12,1,11.5\n1,12,1,11.5\n").watts == (11.5, 11.5)


def test_lines_before_the_header_and_columns_that_do_not_matter(recording):
    text = "Joulescope export\nserial;42\n\ntemperature;timestamp;power_mw\n20;0;1500\n20;1;2500\n"
    assert recording(text).watts == (1.5, 2.5)


def test_no_header(recording):
    found = recording("0\t2\n1\t3\n")
    assert found.watts == (2.0, 3.0)
    assert found.columns == ("first column", "second column")


def test_date_and_time_in_two_columns(recording):
    found = recording("Date,Time,Power\n2026-01-01,23:59:59.5,1\n2026-01-02,00:00:00.5,2\n")
    assert found.seconds == (0.0, 1.0)
    assert found.epoch is not None


def test_times_of_the_day_go_on_after_midnight(recording):
    found = recording("Time,Power\n23:59:59,1\n00:00:01,2\n")
    assert found.seconds == (0.0, 2.0)
    assert found.epoch is None


def test_samples_of_one_written_second_are_spread_over_it(recording):
    text = "Time,Power\n10:00:00,1\n10:00:00,2\n10:00:01,3\n10:00:01,4\n10:00:02,5\n"
    assert recording(text).seconds == (0.0, 0.5, 1.0, 1.5, 2.0)


def test_windows_files(recording):
    assert recording("time,power\r\n0,1\r\n1,2\r\n", "utf-16").watts == (1.0, 2.0)
    assert recording("Zeit;Leistung [µW]\r\n0;1000\r\n1;2000\r\n", "latin-1").watts == pytest.approx((1e-3, 2e-3))


def test_a_line_without_power_is_passed_over(recording):
    assert recording("time,power\n0,\n1,2\n2,3\n\n").watts == (2.0, 3.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no columns of time and power"),
        ("a,b\nx,y\n", "no columns of time and power"),
        ("time,power\n0,1\n", "1 samples"),
        ("time,power\n0,1\n1,nan\n", "Line 3: “nan” is no number"),
        ("time,power\n0,1\n1,1e9\n", "Line 3: 1e+09 W cannot be"),
        ("time,power\n0,1\n5,1\n4,1\n", "Line 4: the time goes back by 1 s"),
        ("time,power\n0,1\n0,1\n", "all samples have the same time"),
        ("time,power\nyesterday,1\ntoday,2\n", "“yesterday” is no time"),
        ("time,power\n0,1\n10:00:00,2\n", "written otherwise"),
    ],
)
def test_what_is_no_recording_is_refused_with_the_line(recording, text, words):
    with pytest.raises(BadInput) as caught:
        recording(text)
    assert words in f"{caught.value.what} {caught.value.where}"
    assert caught.value.fix


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        read_csv(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5", 1.5),
        ("1,5", 1.5),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("-2", -2.0),
        ("−2", -2.0),
        ("1e-3", 1e-3),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("12a", None),
        ("9" * 100, None),
    ],
)
def test_decimal(text, value):
    assert decimal(text) == value
