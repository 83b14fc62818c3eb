from dataclasses import replace

import pytest

from app import heavy
from app.facts import CandidateBorn, Profiled, Stored
from app.study import replay
from profiler.measurement import LayerTiming


@pytest.fixture
def candidate(lenet, profile_of):
    """Times: conv 40 + 60, fc 80 + 2 microseconds."""
    facts = [
        CandidateBorn("A", None, "Baseline", "file:x", "x.onnx", lenet, None),
        Stored("A", "d" * 64, 1),
        Profiled("A", "cpu", profile_of(0.2)),
    ]
    return replay(facts).candidates["A"]


def test_shares_by_kind(candidate):
    """Convolutions: 25,570 of 431,080 parameters; 1,888,000 of 2,293,000 MACs; 100 of 182 microseconds."""
    params, ops, time = heavy.heavy(candidate, "macs", "cpu")
    assert [p.share for p in params.parts] == pytest.approx([25_570 / 431_080, 405_510 / 431_080, 0])
    assert [p.share for p in ops.parts] == pytest.approx([1_888_000 / 2_293_000, 405_000 / 2_293_000, 0])
    assert [p.share for p in time.parts] == pytest.approx([100 / 182, 82 / 182, 0])
    assert (params.total, ops.total, ops.unit) == ("431.1 k", "2.293 M", "MACs")
    assert (time.title, time.total) == ("Time here", "0.182 ms")
    assert params.parts[0].exact == "Convolution: 5.9 %, 25,570 parameters"


def test_the_convention_is_in_the_total(candidate):
    """Bias additions: 11,520 + 3,200 + 500 + 10 = 15,230."""
    assert heavy.heavy(candidate, "ops", "cpu")[1].exact == "2,308,230 MACs + bias"
    assert heavy.heavy(candidate, "flops", "cpu")[1].exact == "4,586,000 FLOPs"


def test_without_a_profile_there_are_two_bars(candidate):
    assert [bar.title for bar in heavy.heavy(candidate, "macs", "tx2")] == ["Parameters", "Operations"]


def test_a_fused_row_is_its_heaviest_layers_and_the_others_are_inside(candidate):
    timing = LayerTiming("conv1", ("conv1", "pool1"), (30.0, 50.0, 40.0))
    profile = replace(candidate.profiles["cpu"], layers=(timing,))
    times = heavy.layer_times(candidate.breakdown, profile)
    assert times["conv1"].ms == pytest.approx(0.040)
    assert (times["pool1"].ms, times["pool1"].inside) == (None, "conv1")
    assert "conv2" not in times
    assert heavy.time_by_kind(candidate.breakdown, profile) == {"conv": pytest.approx(0.040), "fc": 0, "other": 0}


def test_a_layer_that_runs_as_two_kernels_has_their_sum(candidate):
    halves = (LayerTiming("a", ("conv1",), (30.0,)), LayerTiming("b", ("conv1",), (12.0,)))
    profile = replace(candidate.profiles["cpu"], layers=halves)
    assert heavy.layer_times(candidate.breakdown, profile)["conv1"].ms == pytest.approx(0.042)


def test_a_row_of_layers_that_are_not_known_is_other(candidate):
    profile = replace(candidate.profiles["cpu"], layers=(LayerTiming("x", ("strange",), (7.0,)),))
    assert heavy.time_by_kind(candidate.breakdown, profile)["other"] == pytest.approx(0.007)
    assert heavy.layer_times(candidate.breakdown, profile) == {}


@pytest.mark.parametrize(
    ("op", "kind", "geometry", "channels", "words"),
    [
        ("Conv", "conv", {"kernel": (11, 11), "strides": (4, 4), "groups": (1,)}, 3, "Conv 11×11 /4"),
        ("Conv", "conv", {"kernel": (5, 5), "strides": (1, 1), "groups": (2,)}, 96, "Conv 5×5, g 2"),
        ("Conv", "conv", {"kernel": (3, 3), "strides": (1, 1), "groups": (32,)}, 32, "Conv 3×3, depthwise"),
        ("Conv", "conv", {"kernel": (1, 7), "strides": (1, 2)}, 8, "Conv 1×7 /1×2"),
        ("MaxPool", "other", {"kernel": (3, 3), "strides": (2, 2)}, 8, "MaxPool 3 /2"),
        ("Relu", "other", {}, 8, "Relu"),
    ],
)
def test_operators_in_words(lenet, op, kind, geometry, channels, words):
    layer = replace(lenet.layers[0], op=op, kind=kind, geometry=geometry, input_shape=(1, channels, 9, 9))
    assert heavy.operator_words(layer) == words
