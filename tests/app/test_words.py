"""Expected words are those written in the interface's rules, or worked out by hand."""

import pytest

from app import words
from profiler.measurement import Ratio


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (34_944, "34.9 k"),
        (105_415_200, "105 M"),
        (1_233_000, "1.23 M"),
        (999_499, "999 k"),
        (999_500, "1.00 M"),  # rounding carries into the next prefix
        (15_470_264_320, "15.5 G"),
        (500, "500"),
        (0, "0"),
        (-1500, "−1.50 k"),
        (0.04126, "0.0413"),
        (9.996, "10.0"),
        (None, "not measured"),
    ],
)
def test_three_significant_digits_with_a_prefix(value, text):
    assert words.three_digits(value) == text


def test_totals_take_four_digits_and_name_their_convention():
    assert words.three_digits(60_965_224, digits=4) == "60.97 M"
    assert words.operations(724_406_816, "macs", 4) == "724.4 M MACs"
    assert words.operations(725_066_088, "ops", 4) == "725.1 M MACs + bias"
    assert words.operations(576_000, "flops") == "576 k FLOPs"


def test_exact_counts_have_separators_and_a_real_minus():
    assert words.exact(105_415_200) == "105,415,200"
    assert words.exact(-1200) == "−1,200"
    assert words.exact(None) == "not measured"


@pytest.mark.parametrize(
    ("ms", "text"),
    [(3.4512, "3.45 ms"), (17.94, "17.9 ms"), (1234.0, "1.23 s"), (999.6, "1.00 s"), (0.0413, "41.3 µs"),
     (0.213, "0.213 ms"), (0.0, "0 ms"), (None, "not measured")],
)  # fmt: skip
def test_times(ms, text):
    assert words.milliseconds(ms) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(243_860_896, "243.9 MB"), (24_600_000, "24.6 MB"), (1_724_320, "1.72 MB"), (153_900, "154 kB"),
     (999_600, "1.00 MB"), (512, "512 bytes"), (None, "not measured")],
)  # fmt: skip
def test_a_megabyte_is_a_million_bytes(size, text):
    assert words.megabytes(size) == text


def test_the_tooltip_of_a_size_gives_bytes_and_mebibytes():
    assert words.bytes_in_full(2**20) == "1,048,576 bytes (1.000 MiB)"


def test_shares_and_points():
    assert words.percent(0.5712) == "57.1 %"
    assert words.percent(0.0814, 0) == "8 %"
    assert words.percent(-0.00001) == "0.0 %"
    assert words.points(-0.008) == "−0.8 pt"
    assert words.points(0.002, 0.0031) == "+0.2 ± 0.3 pt"
    assert words.points(-0.0001) == "0.0 pt"
    assert words.points(None) == "not measured"


def test_a_ratio_inside_the_noise_reads_same():
    same = Ratio("A", "B", 1.01, 0.98, 1.04, 0.95, "same")
    faster = Ratio("A", "B", 2.3, 2.26, 2.34, 0.95, "faster")
    assert words.ratio_words(same) == "same"
    assert words.ratio_words(faster) == "2.30 ×"
    assert words.interval(faster) == "2.26 to 2.34, 95 % interval"
    assert words.times(30.13) == "30.1 ×"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3, "a few seconds"), (22, "about 20 s"), (54, "about 50 s"), (58, "about 1 min"), (118, "about 2 min"),
     (3440, "about 57 min"), (3500, "about 1 h"), (4790, "about 1 h 20 min")],
)  # fmt: skip
def test_time_left_is_rounded_as_an_estimate(seconds, text):
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(4.23, "4.2 s"), (40.6, "41 s"), (130, "2 min 10 s"), (3900, "1 h 5 min")]
)
def test_time_spent(seconds, text):
    assert words.took(seconds) == text


def test_shapes_states_lists_and_long_names():
    assert words.shape((1, 96, 55, 55)) == "96×55×55"
    assert words.shape((1, 3, 224, 224), batch=True) == "1×3×224×224"
    assert words.shape(None) == "not known"
    assert words.marked("17.6 ms", "predicted") == "≈ 17.6 ms"
    assert words.marked("17.9 ms", "imported") == "17.9 ms ↧"
    assert words.marked("17.9 ms", "measured") == "17.9 ms"
    assert words.listed(["a", "b", "c"]) == "a, b and c"
    assert words.listed(["a"]) == "a"
    assert words.plural(1, "layer") == "1 layer"
    assert words.plural(1200, "image") == "1,200 images"
    assert words.shortened("abcdefghij", 5) == "ab…ij"


def test_a_moment_is_given_in_utc():
    assert words.moment("2026-01-02T03:04:05Z") == "2026-01-02 03:04 UTC"
    assert words.moment("2026-01-02T03:04:05+02:00") == "2026-01-02 01:04 UTC"
    assert words.moment("unknown") == "unknown"


def test_figures_in_the_middle_of_a_sentence_lose_their_noughts():
    assert words.without_zeros("6.00 mJ") == "6 mJ"
    assert words.without_zeros("3.10 ms") == "3.1 ms"
    assert words.without_zeros("100 kB") == "100 kB"


def test_a_device_is_called_by_its_model():
    assert words.device("tx2-lab", "Jetson TX2") == "Jetson TX2"
    assert words.device("cpu") == "this computer"
    assert words.device("tx2-lab") == "tx2-lab"


def test_inputs_are_named_where_there_are_several():
    assert words.inputs({"data": (1, 1, 28, 28)}) == "1×1×28×28"
    assert words.inputs({"data": (1, 3, 8, 8), "info": (1, 3)}) == "data 1×3×8×8, info 1×3"
