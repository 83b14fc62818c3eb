"""Shares of a metric, and how few layers hold most of it; AlexNet's figures are the published ones."""

from dataclasses import replace

import pytest

from app.facts import CandidateBorn
from app.shares import metrics, most_words, shares
from app.study import Candidate, Study, after
from profiler.breakdown import Breakdown, breakdown
from profiler.zoo import build


@pytest.fixture(scope="module")
def alexnet() -> Breakdown:
    return breakdown(build("AlexNet"))


def candidate(counted: Breakdown) -> Candidate:
    born = CandidateBorn("A", None, "Baseline", "zoo:AlexNet", "AlexNet", counted, None)
    return after(born, Study()).candidates["A"]


def test_three_layers_hold_nine_parameters_in_ten(alexnet):
    """fc6 37,752,832 + fc7 16,781,312 + fc8 4,097,000 of 60,965,224: 61.9, 89.5 and 96.2 %."""
    found = shares(candidate(alexnet), "params", "macs", "cpu")
    assert [one.layer for one in found.layers[:3]] == ["fc6", "fc7", "fc8"]
    assert found.layers[0].share == pytest.approx(37_752_832 / 60_965_224)
    assert found.cumulative()[-1] == pytest.approx(1)
    assert [found.most(share) for share in (0.6, 0.89, 0.9, 0.96, 1.0)] == [1, 2, 3, 3, 8]
    assert most_words(found, 0.9) == "90 % of the parameters are in these 3 layers of 8 that have any."
    assert most_words(found, 0.6) == "60 % of the parameters are in this 1 layer of 8 that have any."
    assert most_words(found, 1.0) == "100 % of the parameters are in all 8 layers that have any."


def test_operations_follow_the_convention(alexnet):
    """conv2: 223,948,800 MACs; with biases 186,624 more."""
    macs = shares(candidate(alexnet), "operations", "macs", "cpu")
    both = shares(candidate(alexnet), "operations", "ops", "cpu")
    assert (macs.layers[0].layer, macs.layers[0].value) == ("conv2", 223_948_800)
    assert both.layers[0].value == 223_948_800 + 256 * 27 * 27
    assert macs.title == "Operations, MACs"
    assert both.title == "Operations, MACs + bias"


def test_what_is_not_known_is_left_out_and_counted(alexnet):
    odd = replace(alexnet.layers[0], name="odd", params=None, macs=None)
    found = shares(candidate(replace(alexnet, layers=(odd, *alexnet.layers))), "params", "macs", "cpu")
    assert found.unknown == 1
    assert all(one.layer != "odd" for one in found.layers)


def test_a_network_that_never_ran_has_no_time(alexnet):
    assert metrics(candidate(alexnet), "cpu") == ("params", "operations", "weights", "activations")
    assert shares(candidate(alexnet), "time", "macs", "cpu").layers == ()
    assert most_words(shares(candidate(alexnet), "time", "macs", "cpu"), 0.9) == "No layer has any."
