"""What a pruning step cuts, from histograms worked out by hand."""

from math import sqrt

import numpy as np
import pytest

from app.cuts import at_share, at_threshold, cuts, in_mode, like_this, picked, sigma, together, with_layer
from compressors.methods.magnitude_pruning import MagnitudePruning
from profiler.histogram import weight_histogram

LAYERS = ("conv1", "fc1", "fc2")


def histogram(layer: str, values: list[float]):
    return weight_histogram(np.array(values, np.float32), f"{layer}.weight", layer)


@pytest.fixture(scope="module")
def histograms():
    """conv1: 1, 2, 3, 4; fc1: 1 to 10; fc2: 10, 20, 30, 40. The signs do not matter."""
    return {
        "conv1": histogram("conv1", [1, -2, 3, -4]),
        "fc1": histogram("fc1", [(-1) ** n * n for n in range(1, 11)]),
        "fc2": histogram("fc2", [10, -20, 30, -40]),
    }


def test_no_named_layer_means_all():
    assert picked(MagnitudePruning(), LAYERS) == LAYERS


def test_per_layer_works_on_the_layers_of_its_table_in_the_network_s_order():
    assert picked(MagnitudePruning(by="per_layer", per_layer={"fc2": 0.5, "conv1": 0.5}), LAYERS) == ("conv1", "fc2")


def test_a_threshold_takes_the_same_from_every_layer(histograms):
    found = cuts(MagnitudePruning(by="threshold", threshold=3.5), histograms, LAYERS)
    # 1, 2, 3 of four; 1, 2, 3 of ten; none of 10 to 40
    assert [round(cut.share, 2) for cut in found.values()] == [0.75, 0.3, 0.0]
    assert [cut.stay for cut in found.values()] == [1, 7, 4]


def test_a_share_of_each_layer(histograms):
    found = cuts(MagnitudePruning(by="share", share=0.5, scope="layer"), histograms, LAYERS)
    assert [cut.stay for cut in found.values()] == [2, 5, 2]


def test_a_share_of_all_together_is_one_threshold(histograms):
    # Of 18 weights 9 go: the nine smallest are 1 1 2 2 3 3 4 4 5.
    found = cuts(MagnitudePruning(by="share", share=0.5), histograms, LAYERS)
    assert len({cut.threshold for cut in found.values()}) == 1
    assert [cut.stay for cut in found.values()] == pytest.approx([0, 5, 4], abs=1)
    assert sum(cut.stay for cut in found.values()) == pytest.approx(9, abs=1)


def test_the_common_threshold_has_the_share_below_it(histograms):
    threshold = together(histograms, 0.5)
    below = sum(h.size * h.share_below(threshold) for h in histograms.values())
    assert below == pytest.approx(9, abs=0.02)


def test_a_layer_s_own_share_leaves_the_others_to_the_common_one(histograms):
    found = cuts(MagnitudePruning(by="share", share=0.5, scope="layer", per_layer={"fc2": 0.25}), histograms, LAYERS)
    assert (found["fc2"].stay, found["fc2"].own) == (3, True)
    assert (found["fc1"].stay, found["fc1"].own) == (5, False)


def test_deviations_are_of_the_layer_s_own_weights(histograms):
    # ±1 … ±10 alternate in sign: mean 0.5, mean of squares 385 / 10
    assert sigma(histograms["fc1"]) == pytest.approx(sqrt(38.5 - 0.25), rel=0.01)
    found = cuts(MagnitudePruning(by="deviations", deviations=1.0, layers=("fc1",)), histograms, LAYERS)
    assert found["fc1"].threshold == pytest.approx(sqrt(38.25), rel=0.01)
    assert found["fc1"].stay == 4  # 7, 8, 9 and 10


def test_dragging_one_line_of_a_common_threshold_moves_all(histograms):
    step = MagnitudePruning(by="threshold", threshold=1.0)
    assert at_threshold(step, "fc1", 2.5, histograms, LAYERS) == {"threshold": 2.5}


def test_dragging_a_line_while_a_share_is_asked_for_gives_the_share(histograms):
    # Up to 4.5: all 4 of conv1, 4 of fc1's 10, none of fc2's 4.
    found = at_threshold(MagnitudePruning(by="share"), "fc1", 4.5, histograms, LAYERS)
    assert found["share"] == pytest.approx(8 / 18, abs=0.03)


def test_dragging_the_line_of_a_layer_with_its_own_value_moves_only_it(histograms):
    step = MagnitudePruning(by="threshold", threshold=1.0, per_layer={"fc2": 15.0})
    assert at_threshold(step, "fc2", 25.0, histograms, LAYERS) == {"per_layer": {"fc2": 25.0}}


def test_a_slider_gives_its_layer_a_value_of_its_own(histograms):
    assert at_share(MagnitudePruning(by="share"), "fc1", 0.3, histograms) == {"per_layer": {"fc1": 0.3}}
    own = at_share(MagnitudePruning(by="threshold"), "fc1", 0.5, histograms)["per_layer"]["fc1"]
    assert histograms["fc1"].share_below(own) == pytest.approx(0.5, abs=0.001)


def test_no_hand_can_empty_a_layer(histograms):
    found = at_share(MagnitudePruning(by="share"), "fc1", 1.0, histograms)
    assert 0.99 < found["per_layer"]["fc1"] < 1


def test_another_mode_keeps_what_goes(histograms):
    step = MagnitudePruning(by="threshold", threshold=3.5)
    changed = in_mode(step, "per_layer", "fc1", histograms, LAYERS)
    assert changed["per_layer"] == pytest.approx({"conv1": 0.75, "fc1": 0.3, "fc2": 0.0}, abs=0.001)
    share = in_mode(step, "share", "fc1", histograms, LAYERS)
    assert share["share"] == pytest.approx(6 / 18, abs=0.001)  # 3 and 3 of 18


def test_a_layer_is_left_out_and_picked_again():
    out = with_layer(MagnitudePruning(), "fc1", False, LAYERS)
    assert out["layers"] == ("conv1", "fc2")
    again = with_layer(MagnitudePruning(layers=("conv1", "fc2")), "fc1", True, LAYERS)
    assert again["layers"] == ()  # all of them again


def test_the_last_layer_cannot_be_left_out():
    assert with_layer(MagnitudePruning(layers=("fc1",)), "fc1", False, LAYERS) == {}


def test_one_layer_s_share_for_all_alike(histograms):
    step = MagnitudePruning(by="share", scope="layer", share=0.5, per_layer={"fc1": 0.8})
    assert like_this(step, "fc1", ["fc1", "fc2"], histograms, LAYERS) == {"per_layer": {"fc1": 0.8, "fc2": 0.8}}
