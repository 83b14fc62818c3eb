"""The built-in networks against totals worked out by hand, and against Caffe's layers."""

import json

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from profiler import zoo
from profiler.breakdown import breakdown
from profiler.builder import Builder
from profiler.errors import BadInput
from profiler.network import save


@pytest.mark.parametrize(
    ("name", "params", "macs", "bias_adds"),
    [
        # 20·25+20 + 50·20·25+50 + 500·800+500 + 10·500+10; 24²·20·25 + 8²·50·500 + 400,000 + 5,000;
        # 20·24² + 50·8² + 500 + 10
        ("LeNet-5", 431_080, 2_293_000, 15_230),
        ("AlexNet", 60_965_224, 724_406_816, 659_272),
        ("VGG-16", 138_357_544, 15_470_264_320, 13_556_712),
        # convolutions 144 + 2·2304 + 4608+9216+512 + 18432+36864+2048, batch norms 4·(3·16 + 3·32 + 3·64), fc 650
        ("ResNet-8", 76_432 + 1_344 + 650, 9_345_920, 10),
    ],
)
def test_totals(name, params, macs, bias_adds):
    totals = breakdown(zoo.build(name)).totals()
    assert (totals.params, totals.macs, totals.bias_adds) == (params, macs, bias_adds)
    assert totals.weight_bytes == 4 * params


def test_lenet_by_layer():
    layers = {layer.name: layer for layer in breakdown(zoo.build("LeNet-5")).layers}
    assert list(layers) == ["conv1", "pool1", "conv2", "pool2", "flatten", "fc1", "relu1", "fc2", "prob"]
    assert [layers[name].params for name in ("conv1", "conv2", "fc1", "fc2")] == [520, 25_050, 400_500, 5_010]
    assert layers["conv2"].output_shape == (1, 50, 8, 8)
    assert layers["pool2"].output_shape == (1, 50, 4, 4)
    assert layers["fc1"].reads == ("flatten",)
    assert layers["fc1"].feeds == ("relu1",)
    assert layers["conv1"].activation_bytes == 4 * 20 * 24 * 24


def test_the_lectures_conventions():
    """FLOPs of LeNet-5 by layer as published: 576K, 3200K, 800K, 10K; AlexNet's "Ops" 725 M."""
    from profiler.breakdown import operations

    layers = {layer.name: layer for layer in breakdown(zoo.build("LeNet-5")).layers}
    flops = [operations(layers[n].macs, layers[n].bias_adds, "flops") for n in ("conv1", "conv2", "fc1", "fc2")]
    assert flops == [576_000, 3_200_000, 800_000, 10_000]
    totals = breakdown(zoo.build("AlexNet")).totals()
    assert round((operations(totals.macs, totals.bias_adds, "ops") or 0) / 1e6) == 725


@pytest.mark.parametrize("name", ["AlexNet", "VGG-16"])
def test_every_layer_against_caffes_geometry(name, shared):
    reference = json.loads((shared / "reference" / "caffe_zoo_layers.json").read_text())[name]
    layers = {layer.name: layer for layer in breakdown(zoo.build(name)).layers}
    compared = 0
    for row in reference["rows"]:
        layer = layers[row["name"]]
        if "weights" in row:
            assert layer.params == row["weights"] + row["bias"], row["name"]
            assert layer.macs == row["macs"], row["name"]
        if row["type"] in ("conv", "pool"):
            assert layer.output_shape is not None
            assert layer.output_shape[2] == row["out_hw"], row["name"]
            assert layer.geometry["kernel"] == (row["kernel"],) * 2
            assert layer.geometry["strides"] == (row["stride"],) * 2
        if row["type"] == "conv":
            assert layer.geometry["groups"] == (row["groups"],)
        compared += 1
    assert compared >= 8


@pytest.mark.parametrize("name", ["LeNet-5", "ResNet-8"])
def test_runs_in_onnx_runtime(name, tmp_path):
    path = tmp_path / "network.onnx"
    save(zoo.build(name), path)
    onnx.checker.check_model(str(path), full_check=True)
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (answer,) = session.run(None, {"input": np.random.default_rng(0).random((3, 1, 28, 28), np.float32)})
    assert answer.shape == (3, 10)
    np.testing.assert_allclose(answer.sum(axis=1), 1, rtol=1e-5)
    proto = onnx.load(str(path))
    assert (proto.ir_version, proto.opset_import[0].version) == (8, 13)


def test_names_in_any_case():
    assert zoo.build("vgg-16").name == "VGG-16"


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(BadInput, match=r"“Alexnett”.*Did you mean AlexNet.*LeNet-5.*VGG-16"):
        zoo.build("Alexnett")


def test_weights_are_lazy_and_repeatable():
    made = []
    b = Builder("lazy", (400,))
    weight = b.weight("w", (2, 400), lambda: made.append(1) or np.ones((2, 400), np.float32))
    network = b.network(b.node("Gemm", "fc", [b.input, weight], transB=1))
    assert breakdown(network).totals().params == 800
    assert not made
    assert network.weight("w").sum() == 800
    assert made


def test_random_weights_follow_he():
    """Variance 2 / fan_in: 800 inputs give a standard deviation of 0.05; 400,000 draws hold it to 1 %."""
    weight = zoo.build("LeNet-5").weight("fc1.weight")
    assert weight.std() == pytest.approx(0.05, rel=0.01)
    assert abs(weight.mean()) < 0.001
    np.testing.assert_array_equal(weight, zoo.build("LeNet-5").weight("fc1.weight"))
    assert not np.array_equal(weight[:10, :500], zoo.build("LeNet-5").weight("fc2.weight"))
