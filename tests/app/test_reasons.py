"""“No faster, because…” names what was measured, and says nothing when there is nothing to say."""

from dataclasses import replace

from app.facts import CandidateBorn, Compared, Profiled, Stored
from app.reasons import no_faster
from app.study import after
from profiler.measurement import Comparison, DeviceFacts, ProfileSettings, Ratio


def timed_in_turn(study, ratio, low, high, verdict):
    made = Ratio("A", "B", ratio, low, high, 0.95, verdict)
    comparison = Comparison(("A", "B"), DeviceFacts("cpu"), ProfileSettings(), "", ((1.0,) * 5,) * 2, (made,))
    return after(Compared(("A", "B"), "cpu", comparison), study)


def test_unstructured_zeros_inside_the_noise(study):
    found = no_faster(timed_in_turn(study, 1.01, 0.98, 1.04, "same"), "B", "cpu")
    zeros, *_, noise = found
    assert zeros.title == "B is no faster, because its zeros are still multiplied."
    assert "8.0 % of the parameters are not zero" in zeros.text  # 34,486 ÷ 431,080
    assert "2.293 M MACs as before" in zeros.text
    assert "onnxruntime 1.20 on Test board" in zeros.text
    assert noise.title == "B takes as long as A: the difference is inside the noise."
    assert noise.text == "1.01 × on Test board, 0.980 to 1.04, 95 % interval, interleaved."


def test_a_layer_left_whole_is_named_with_its_share(study, profile_of):
    whole = study.candidates["A"].layer_nonzero
    kept = after(Stored("B", "b" * 64, 1, 34_486, {**study.candidates["B"].layer_nonzero, "ip1": whole["ip1"]}), study)
    kept = after(Profiled("B", "cpu", profile_of(0.2, {"conv1": 5.0, "conv2": 5.0, "ip1": 85.0, "ip2": 5.0})), kept)
    found = [reason for reason in no_faster(kept, "B", "cpu") if reason.layer == "ip1"]
    assert found[0].title == "ip1 is no faster, because the recipe leaves it whole."
    assert found[0].text == "It now takes 85 % of the time by layer on Test board: 85.0 µs."


def test_a_layer_that_reads_more_than_it_multiplies_waits_for_memory(study):
    # ip1: 400,000 MACs for 1,602,000 bytes in 80 µs of 182: 20.0 GB/s, 44 %
    found = [reason for reason in no_faster(study, "B", "cpu") if reason.layer == "ip1"]
    assert found[0].title == "ip1 is no faster, because it waits for memory."
    assert "reads 1.60 MB of weights for 400 k MACs" in found[0].text
    assert "20.0 GB/s in the 80.0 µs it takes, 44 % of the time" in found[0].text


def test_a_layer_that_multiplies_a_lot_is_not_said_to_wait_for_memory(study):
    assert not [reason for reason in no_faster(study, "B", "cpu") if reason.layer == "conv2"]


def test_nothing_is_said_of_a_faster_one(study):
    assert no_faster(timed_in_turn(study, 2.0, 1.9, 2.1, "faster"), "B", "cpu") == []


def test_nothing_is_said_without_a_profile_or_a_parent(study):
    assert no_faster(study, "B", "tx2-lab") == []
    assert no_faster(study, "A", "cpu") == []


def test_nothing_is_said_of_one_that_is_not_smaller(study, lenet, profile_of):
    same = after(CandidateBorn("C", "A", "Fine-tuned", "object:c", "C.onnx", lenet, 431_080), study)
    assert no_faster(after(Profiled("C", "cpu", profile_of(0.2)), same), "C", "cpu") == []


def test_smaller_shapes_are_not_blamed_on_zeros(study, lenet, profile_of):
    thin = replace(lenet, layers=tuple(replace(x, params=x.params // 2, macs=x.macs // 2) for x in lenet.layers))
    made = after(CandidateBorn("C", "A", "Half", "object:c", "C.onnx", thin, 215_000), study)
    made = after(Profiled("C", "cpu", profile_of(0.2)), made)
    titles = [reason.title for reason in no_faster(made, "C", "cpu")]
    assert titles
    assert not any("zeros" in title for title in titles)
