"""`memory`, `activity` and `diff` on the command line: what stands on stdout, and what it exits with."""

import numpy as np
import pytest

from profiler import zoo
from profiler.network import save


def test_memory_of_vgg_16(answer, run):
    """conv1_2 reads and makes 64·224·224 floats each."""
    found = answer("memory", "zoo:VGG-16")
    assert (found["peak_bytes"], found["peak_layer"]) == (2 * 64 * 224 * 224 * 4, "conv1_2")
    assert found["weight_bytes"] == 553_430_176
    layers = {layer["name"]: layer for layer in found["layers"]}
    assert layers["conv1_1"]["alive_bytes"] == (3 + 64) * 224 * 224 * 4
    assert layers["fc8"]["weight_bytes"] == 4 * (4096 * 1000 + 1000)
    assert found["tensors"][0]["readers"] == ["conv1_1"]
    status, out, _ = run("memory", "zoo:VGG-16")
    assert status == 0
    marked = [line.split()[0] for line in out.splitlines() if "◂ peak" in line]
    assert marked == ["conv1_2"]
    assert "weights 553.4 MB" in out
    assert "made by relu1_1, still read by conv1_2" in out


def test_memory_in_place_is_less_or_the_same(answer):
    """LeNet-5’s peak is a pooling, which cannot write over what it reads; relu1 can."""
    found = answer("memory", "zoo:LeNet-5", "--in-place")
    assert found["in_place"] is True
    assert found["peak_bytes"] == 57_600
    assert {layer["name"]: layer["made_bytes"] for layer in found["layers"]}["relu1"] == 0


def test_activity_of_the_demo_network(answer, run, tmp_path):
    """Through a worker, kept in a study; Caffe’s LeNet-5 has its only ReLU behind fc1."""
    study = tmp_path / "study"
    found = answer("activity", "zoo:LeNet-5-digits", "--data", "digits", "--samples", "50", "--study", study)
    assert (found["samples"], found["split"], found["data"]) == (50, "test", "Digits")
    layers = {layer["name"]: layer for layer in found["layers"]}
    assert layers["fc2"]["flops"] == layers["fc1"]["act"]
    assert 0.1 < layers["fc1"]["act"] < 0.9
    assert layers["conv1"]["flops"] == found["weights"] == 1.0
    assert layers["conv1"]["read"] < 0.5  # digits are mostly black, and yet count as all there
    assert layers["pool1"]["weights"] is None
    status, out, _ = run("activity", "a", "--data", "digits", "--samples", "20", "--study", study)
    assert status == 0
    assert "LeNet-5-digits · 20 images of Digits, test" in out  # not the digest under which it is stored
    assert all(head in out for head in ("Act%", "Weights%", "FLOP%", "Total"))


def pruned(folder):
    """The demo network with 400 of conv1’s 500 weights set to nought."""
    network = zoo.build("LeNet-5-digits")
    weight = np.array(network.weight("conv1.weight"))
    weight.reshape(-1)[:400] = 0
    path = folder / "pruned.onnx"
    save(network.with_weights({"conv1.weight": weight}), path)
    return path


def test_diff_sees_weights_that_went(answer, run, tmp_path):
    found = answer("diff", "zoo:LeNet-5-digits", pruned(tmp_path))
    assert (found["same"], found["changed"], found["added"], found["removed"]) == (8, 1, 0, 0)
    conv1 = found["layers"][0]
    assert (conv1["status"], conv1["nonzero"]) == ("changed", {"a": 500, "b": 100, "change": -400})
    assert found["totals"]["nonzero"]["change"] == -400
    assert found["totals"]["params"] == {"a": 431_080, "b": 431_080, "change": 0}
    out = run("diff", "zoo:LeNet-5-digits", pruned(tmp_path))[1]
    assert "8 layers the same, 1 changed." in out
    assert "≠  conv1" in out
    assert "8 layers, pool1 to prob" in out


def test_diff_of_vgg_16_and_a_smaller_network(answer, run):
    """Totals as published; random weights are not counted as left."""
    found = answer("diff", "zoo:LeNet-5", "zoo:VGG-16", "--convention", "ops")
    assert found["convention"] == "ops"
    assert found["totals"]["operations"]["b"] == 15_470_264_320 + 13_556_712
    assert found["totals"]["nonzero"] == {"a": None, "b": None, "change": None}
    changes = sum(layer["params"]["change"] for layer in found["layers"])
    assert changes == found["totals"]["params"]["change"] == 138_357_544 - 431_080
    assert "MACs + bias" in run("diff", "zoo:LeNet-5", "zoo:VGG-16", "--convention", "ops")[1]


def test_diff_with_itself_lists_all_when_asked(run):
    assert "9 layers, conv1 to prob" in run("diff", "zoo:LeNet-5", "zoo:LeNet-5")[1]
    out = run("diff", "zoo:LeNet-5", "zoo:LeNet-5", "--all")[1]
    assert len([line for line in out.splitlines() if line.startswith("=")]) == 9


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("memory", "nowhere.onnx"), "There is no file “nowhere.onnx”."),
        (("activity", "zoo:LeNet-5", "--data", "nowhere"), "nowhere"),
        (("activity", "zoo:VGG-16", "--data", "digits", "--split", "train", "--input", "1x3x2x2"), "does not fit"),
        (("diff", "zoo:LeNet-5", "nowhere.onnx"), "There is no file “nowhere.onnx”."),
    ],
)
def test_bad_input_ends_with_2(run, arguments, said):
    status, out, err = run(*arguments, "--json")
    assert (status, out) == (2, "")
    assert said in err
