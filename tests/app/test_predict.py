"""Predictions against the methods and the packer themselves, and against arithmetic done by hand."""

from dataclasses import replace

import numpy as np
import pytest

from app.effects import thresholds_before
from app.facts import CandidateBorn, PackedLayer
from app.predict import predict, weighted_layers
from app.study import after
from compressors.methods.magnitude_pruning import MagnitudePruning
from compressors.packing import estimate
from profiler.errors import BadInput
from profiler.histogram import weight_histogram
from profiler.progress import drain

SHAPES = {"conv1": (20, 1, 5, 5), "conv2": (50, 20, 5, 5), "ip1": (500, 800), "ip2": (10, 500)}
SIZES = {"conv1": 500, "conv2": 25_000, "ip1": 400_000, "ip2": 5000}


@pytest.fixture(scope="module")
def weights():
    """Each layer with a spread of its own, as trained ones have."""
    rng = np.random.default_rng(3)
    return {n: rng.normal(0, 0.3 / (1 + i), s).astype(np.float32) for i, (n, s) in enumerate(SHAPES.items())}


@pytest.fixture(scope="module")
def histograms(weights):
    return {name: weight_histogram(array, f"{name}.weight", name) for name, array in weights.items()}


@pytest.fixture
def baseline(study):
    return study.candidates["A"]


def prune(**knobs):
    return {"method": "magnitude_pruning", **knobs}


def share(**knobs):
    return {"method": "weight_sharing", "epochs": 0, **knobs}


def truth(weights, **knobs):
    """What the method itself would leave of each layer."""
    masks = drain(MagnitudePruning(**knobs).rule().masks(weights))
    return {
        name: int(array.size - masks[name].sum()) if name in masks else array.size for name, array in weights.items()
    }


@pytest.mark.parametrize(
    "knobs",
    [
        {"share": 0.92},
        {"share": 0.5, "scope": "layer"},
        {"by": "threshold", "threshold": 0.08},
        {"by": "deviations", "deviations": 1.0},
        {"by": "per_layer", "per_layer": {"ip1": 0.9, "conv2": 0.3}},
        {"share": 0.8, "per_layer": {"ip2": 0.1}},
    ],
)
def test_it_foresees_what_the_method_leaves(baseline, weights, histograms, knobs):
    found = predict(baseline, [prune(**knobs)], histograms)
    real = truth(weights, **knobs)
    for name, kept in real.items():
        assert found.layers[name].kept == pytest.approx(kept, abs=max(3, 0.004 * SIZES[name])), name
    assert found.nonzero_params.value == pytest.approx(580 + sum(real.values()), abs=0.002 * 430_500)  # 580 biases


def test_a_share_of_all_is_exact(baseline, histograms):
    # 92 % of 430,500 weights is 396,060; 431,080 − 396,060
    found = predict(baseline, [prune(share=0.92)], histograms)
    assert (found.nonzero_params.value, found.nonzero_params.state) == (35_020, "counted")
    assert sum(layer.kept for layer in found.layers.values()) == 34_440


def test_layers_that_are_not_picked_stay_whole(baseline, histograms):
    found = predict(baseline, [prune(layers=["ip1"], share=0.9)], histograms)
    assert {name: layer.kept for name, layer in found.layers.items()} == SIZES | {"ip1": 40_000}
    assert found.layers["conv1"].threshold is None


def test_a_disabled_step_does_nothing(baseline, histograms):
    found = predict(baseline, [prune(share=0.9) | {"enabled": False}], histograms)
    assert found.nonzero_params.value == 431_080


def test_the_second_of_two_steps_starts_from_the_first(baseline, histograms):
    stronger_first = predict(baseline, [prune(share=0.9), prune(share=0.5)], histograms)
    assert stronger_first.nonzero_params.value == 431_080 - 387_450  # half of all are among those that went


def test_zeros_that_are_there_already_are_not_removed_again(baseline, weights):
    array = weights["ip1"].copy()
    array.flat[:300_000] = 0
    some = {n: weight_histogram(array if n == "ip1" else a, n, n) for n, a in weights.items()}
    start = replace(baseline, nonzero_params=131_080)
    found = predict(start, [prune(layers=["ip1"], share=0.5)], some)
    assert found.layers["ip1"].kept == 100_000
    assert found.nonzero_params.value == 131_080


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        ([prune(share=0.9), {"method": "fine_tune"}], "counted"),
        ([prune(by="threshold", threshold=0.01)], "counted"),  # before anything is trained, the count is exact
        ([prune(by="threshold", threshold=0.01, rounds=3)], "predicted"),
        ([{"method": "fine_tune"}, prune(by="threshold", threshold=0.01)], "predicted"),
        ([prune(share=0.9, search=True)], "predicted"),
        ([prune(share=0.9), {"method": "fine_tune", "keep_zeros": False}], "predicted"),
    ],
)
def test_what_is_counted_and_what_is_predicted(baseline, histograms, steps, state):
    assert predict(baseline, steps, histograms).nonzero_params.state == state


def test_training_that_keeps_no_zeros_brings_all_back(baseline, histograms):
    steps = [prune(share=0.9), {"method": "fine_tune", "keep_zeros": False}]
    assert predict(baseline, steps, histograms).nonzero_params.value == 431_080


def test_the_size_is_the_packers_own_formula(baseline, histograms):
    found = predict(replace(baseline, packed=None), [prune(layers=["ip1"], share=0.9)], histograms)
    kept = SIZES | {"ip1": 40_000}
    expected = 4 * 580 + sum(estimate(kept[n], SIZES[n], SHAPES[n]) for n in SIZES)  # 580 biases as they are
    assert found.size_mb.value == pytest.approx(expected / 1e6)
    assert found.size_mb.state == "predicted"


def test_layers_that_stay_keep_the_size_they_were_measured_to_have(baseline, histograms):
    tensors = tuple(PackedLayer(f"{n}.weight", n, 4 * k, 3 * k, 0, "dense") for n, k in SIZES.items())
    packed = replace(baseline, packed=replace(baseline.packed, packed_bytes=3 * 430_500 + 5000, layers=tensors))
    assert predict(packed, [], histograms).size_mb.value == pytest.approx((3 * 430_500 + 5000) / 1e6)
    found = predict(packed, [prune(layers=["ip1"], share=0.9)], histograms)
    expected = 5000 + 3 * (430_500 - 400_000) + estimate(40_000, 400_000, (500, 800))
    assert found.size_mb.value == pytest.approx(expected / 1e6)


def test_the_time_stays_and_says_why(baseline, histograms):
    found = predict(baseline, [prune(share=0.9)], histograms)
    assert (found.latency_ms.value, found.latency_ms.state) == (0.2, "predicted")
    assert found.macs.value == 2_293_000
    assert found.reason == "No faster, because zeros are multiplied like any other weight: 2.293 M MACs as before."
    elsewhere = predict(baseline, [prune(share=0.9)], histograms, "tx2-lab")
    assert elsewhere.latency_ms is None
    assert elsewhere.reason.startswith("A has not run on this device.")


def test_without_a_histogram_nothing_is_invented(baseline, histograms):
    some = {name: histograms[name] for name in ("conv1", "ip1")}
    found = predict(baseline, [prune(share=0.9)], some)
    assert found.missing == ("conv2", "ip2")
    assert (found.nonzero_params, found.size_mb, found.layers) == (None, None, {})


def test_a_candidate_whose_zeros_were_not_counted(study, lenet, histograms):
    new = after(CandidateBorn("C", None, "C", "zoo:LeNet-5", "LeNet-5", lenet, None), study).candidates["C"]
    assert predict(new, [prune(share=0.92)], histograms).nonzero_params.value == 35_020


def test_an_unusable_step_says_so(baseline, histograms):
    with pytest.raises(BadInput, match="no method “shrink_ray”"):
        predict(baseline, [{"method": "shrink_ray"}], histograms)


def test_the_layers_that_are_needed(lenet):
    assert weighted_layers(lenet) == ("conv1", "conv2", "ip1", "ip2")


# ------------------------------------------------------------------------------ the other steps


def test_shared_values_take_their_index_and_their_codebook(baseline, histograms):
    found = predict(replace(baseline, packed=None), [share(bits=5, layers=["ip1"])], histograms)
    whole = 4 * 580 + sum(estimate(SIZES[n], SIZES[n], SHAPES[n]) for n in SIZES if n != "ip1")
    assert found.size_mb.value == pytest.approx((whole + estimate(400_000, 400_000, (500, 800), bits=5)) / 1e6)
    assert (found.nonzero_params.value, found.nonzero_params.state) == (431_080, "counted")
    assert (found.macs.value, found.macs.state) == (2_293_000, "counted")
    assert found.reason.startswith("No faster, because shared values")


def test_pruned_then_shared_counts_what_is_left(baseline, histograms):
    steps = [prune(share=0.9, scope="layer"), share(bits=4, per_layer={"ip1": 5})]
    layers = predict(baseline, steps, histograms).layers
    assert (layers["ip1"].kept, layers["ip1"].shared) == (40_000, 32)
    assert (layers["conv2"].kept, layers["conv2"].shared) == (2500, 16)


def test_known_indices_are_taken_at_their_entropy(baseline, histograms):
    steps = [share(bits=5, layers=["ip1"])]
    start = replace(baseline, packed=None)
    two, three = (predict(start, steps, histograms, index_bits={"ip1": n}).size_mb.value for n in (2.0, 3.0))
    assert three - two == pytest.approx(400_000 / 8 / 1e6)


def test_training_afterwards_parts_what_was_shared(baseline, histograms):
    steps = [share(bits=2), {"method": "fine_tune"}]
    assert predict(baseline, steps, histograms).layers["ip1"].shared is None


@pytest.mark.parametrize(
    ("step", "a_weight", "others"),
    [
        ({"method": "int8"}, 0.92, 4.0),
        ({"method": "half_precision"}, 1.67, 2.0),
    ],
)
def test_fewer_bits_are_fewer_bytes(baseline, histograms, step, a_weight, others):
    found = predict(replace(baseline, packed=None), [step], histograms)
    expected = a_weight * 430_500 + others * 580
    assert found.size_mb.value == pytest.approx(expected / 1e6, rel=0.02)
    assert found.latency_ms is None
    assert "latency" in found.why


def test_four_bits_are_an_eighth_of_fully_connected_layers(baseline, histograms):
    found = predict(replace(baseline, packed=None), [{"method": "four_bit", "block": "32"}], histograms)
    convolutions = sum(estimate(SIZES[n], SIZES[n], SHAPES[n]) for n in ("conv1", "conv2"))
    expected = 405_000 / 2 + 4 * 405_000 / 32 + convolutions + 4 * 580
    assert found.size_mb.value == pytest.approx(expected / 1e6)
    assert found.nonzero_params is None


def test_what_is_found_on_the_way_is_not_predicted(baseline, histograms):
    found = predict(baseline, [prune(share=0.9), {"method": "clean_up"}], histograms)
    assert (found.params, found.macs, found.nonzero_params, found.size_mb, found.latency_ms) == (None,) * 5
    assert set(found.why.values()) == {"“Clean up” takes out what it finds: counted when it has run."}


def test_a_method_that_nobody_knows_is_not_predicted(baseline, histograms, monkeypatch):
    monkeypatch.setattr("app.effects.EFFECTS", {})
    found = predict(baseline, [prune(share=0.9)], histograms)
    assert found.size_mb is None
    assert found.why["size"] == "What “Prune by magnitude” leaves is known when it has run."


def test_the_target_of_channel_pruning_is_all_that_is_known(baseline, histograms):
    found = predict(baseline, [{"method": "channel_pruning", "of": "operations", "left": 0.5}], histograms)
    assert (found.macs.value, found.macs.state) == (1_146_500, "predicted")
    assert (found.params, found.size_mb) == (None, None)


def test_clip_q_keeps_its_share(baseline, histograms):
    step = {"method": "clip_q", "share": 0.8, "bits": 3, "per_layer": {"ip1": 0.9}}
    layers = predict(baseline, [step], histograms).layers
    assert (layers["ip1"].kept, layers["ip1"].shared) == (40_000, 7)
    assert layers["conv2"].kept == 5000


def test_thresholds_of_the_steps_before(baseline, lenet, histograms):
    steps = [MagnitudePruning(by="threshold", threshold=0.05), MagnitudePruning(by="threshold", threshold=0.09)]
    assert set(thresholds_before(steps, 1, lenet, histograms).values()) == {0.05}
    assert thresholds_before(steps, 0, lenet, histograms) == {}
