"""The built-in networks against totals worked out by hand, published figures, and Caffe's layers."""

import json
from itertools import pairwise
from math import prod
from pathlib import Path

import numpy as np
import pytest

from profiler import zoo
from profiler.breakdown import Breakdown, breakdown, operations
from profiler.builder import Builder
from profiler.errors import BadInput


@pytest.mark.parametrize(
    ("name", "params", "macs", "bias_adds"),
    [
        # 20·25+20 + 50·20·25+50 + 500·800+500 + 10·500+10; 24²·20·25 + 8²·50·500 + 400,000 + 5,000;
        # 20·24² + 50·8² + 500 + 10
        ("LeNet-5", 431_080, 2_293_000, 15_230),
        ("AlexNet", 60_965_224, 724_406_816, 659_272),
        # weights 23,232 + 409,600 + 3·589,824 + 37,748,736 + 16,777,216 + 4,096,000, biases 64 + 4·256 + 9,192;
        # 54²·23,232 + 27²·409,600 + 3·13²·589,824 + 58,621,952; 54²·64 + 27²·256 + 3·13²·256 + 9,192
        ("VGG-F", 60_834_536, 724_005_632, 512_232),
        # weights 14,112 + 614,400 + 1,179,648 + 2·2,359,296 + 75,497,472 + 16,777,216 + 4,096,000, biases 11,080;
        # 109²·14,112 + 26²·614,400 + 13²·5,898,240 + 96,370,688; 109²·96 + 26²·256 + 3·13²·512 + 9,192
        ("VGG-M", 102_908_520, 1_676_172_320, 1_582_408),
        # the same weights; 109²·14,112 + 33²·614,400 + 17²·5,898,240 + 96,370,688
        ("VGG-S", 102_908_520, 2_637_708_320, 1_872_456),
        ("VGG-16", 138_357_544, 15_470_264_320, 13_556_712),
        # VGG-16 and one more convolution of 256 channels at 56², of 512 at 28² and at 14²
        (
            "VGG-19",
            138_357_544 + 590_080 + 2 * 2_359_808,
            15_470_264_320 + 56**2 * 589_824 + (28**2 + 14**2) * 2_359_296,
            13_556_712 + 56**2 * 256 + (28**2 + 14**2) * 512,
        ),
        # convolutions 144 + 2·2304 + 4608+9216+512 + 18432+36864+2048, batch norms 4·(3·16 + 3·32 + 3·64), fc 650
        ("ResNet-8", 76_432 + 1_344 + 650, 9_345_920, 10),
        # 75·192 + 192·160 + 160·96 at 32²; 2,400·192 + 2·192² at 16²; 1,728·192 + 192² + 192·10 at 8²
        ("NIN", 60_480 + 534_528 + 370_560 + 1_418, 222_486_528, 1024 * 448 + 256 * 576 + 64 * 394),
    ],
)
def test_totals(name, params, macs, bias_adds):
    totals = breakdown(zoo.build(name)).totals()
    assert (totals.params, totals.macs, totals.bias_adds) == (params, macs, bias_adds)
    assert totals.weight_bytes == 4 * params


def test_googlenet_by_its_papers_table():
    """Szegedy et al. 2015, table 1: what goes in, its size, and the filters of the nine modules."""
    modules = (
        (192, 28, 64, 96, 128, 16, 32, 32), (256, 28, 128, 128, 192, 32, 96, 64), (480, 14, 192, 96, 208, 16, 48, 64),
        (512, 14, 160, 112, 224, 24, 64, 64), (512, 14, 128, 128, 256, 24, 64, 64),
        (512, 14, 112, 144, 288, 32, 64, 64), (528, 14, 256, 160, 320, 32, 128, 128),
        (832, 7, 256, 160, 320, 32, 128, 128), (832, 7, 384, 192, 384, 48, 128, 128),
    )  # fmt: skip
    weights, biases = 9_408 + 4_096 + 110_592 + 1_024_000, 64 + 64 + 192 + 1000
    macs = 112**2 * 9_408 + 56**2 * 114_688 + 1_024_000
    for channels, size, one, reduce_3, three, reduce_5, five, pooled in modules:
        own = channels * (one + reduce_3 + reduce_5 + pooled) + 9 * reduce_3 * three + 25 * reduce_5 * five
        weights, macs = weights + own, macs + size**2 * own
        biases += one + reduce_3 + three + reduce_5 + five + pooled
    totals = breakdown(zoo.build("GoogLeNet")).totals()
    assert (totals.params, totals.macs) == (weights + biases, macs) == (6_998_552, 1_582_671_872)


@pytest.mark.parametrize(
    ("name", "learnt", "gigamacs"),
    [
        # `num_params` and `_ops` in torchvision's own metadata of its weights
        ("AlexNet-torchvision", 61_100_840, 0.714),
        ("ResNet-18", 11_689_512, 1.814),
        ("ResNet-50", 25_557_032, 4.089),
        ("SqueezeNet-1.0", 1_248_424, 0.819),
        ("SqueezeNet-1.1", 1_235_496, 0.349),
        ("MobileNet-v2", 3_504_872, 0.301),
        ("MobileNet-v3-large", 5_483_032, 0.217),
        ("MobileNet-v3-small", 2_542_856, 0.057),
        # Keras: 4,231,976 trainable parameters; Howard et al. 2017, table 4: 569 million mult-adds
        ("MobileNet-v1", 4_231_976, 0.569),
        # timm's card: 4.65 million parameters, 0.4 billion MACs
        ("EfficientNet-Lite0", 4_652_008, 0.4),
        # He et al. 2016, table 6: 0.27, 0.46 and 0.85 million parameters; papers that prune it: 40.55, 68.86, 125.49
        # million MACs
        ("ResNet-20", 269_722, 0.04055),
        ("ResNet-32", 464_154, 0.06886),
        ("ResNet-56", 853_018, 0.12549),
    ],
)
def test_what_was_published(name, learnt, gigamacs):
    """Publishers leave out batch normalisation's running statistics, which are half of its numbers here."""
    found = breakdown(zoo.build(name))
    norms = sum(layer.params or 0 for layer in found.layers if layer.op == "BatchNormalization")
    assert found.totals().params - norms // 2 == learnt
    digits = len(str(gigamacs).partition(".")[2])
    assert round(found.totals().macs / 1e9, digits) == gigamacs


def test_lenet_by_layer():
    layers = {layer.name: layer for layer in breakdown(zoo.build("LeNet-5")).layers}
    assert list(layers) == ["conv1", "pool1", "conv2", "pool2", "flatten", "fc1", "relu1", "fc2", "prob"]
    assert [layers[name].params for name in ("conv1", "conv2", "fc1", "fc2")] == [520, 25_050, 400_500, 5_010]
    assert layers["conv2"].output_shape == (1, 50, 8, 8)
    assert layers["pool2"].output_shape == (1, 50, 4, 4)
    assert layers["fc1"].reads == ("flatten",)
    assert layers["fc1"].feeds == ("relu1",)
    assert layers["conv1"].activation_bytes == 4 * 20 * 24 * 24


def test_the_lectures_flops_of_lenet():
    """By layer as published: 576K, 3200K, 800K, 10K."""
    layers = {layer.name: layer for layer in breakdown(zoo.build("LeNet-5")).layers}
    flops = [operations(layers[n].macs, layers[n].bias_adds, "flops") for n in ("conv1", "conv2", "fc1", "fc2")]
    assert flops == [576_000, 3_200_000, 800_000, 10_000]


def shares(params: list[int], ops: list[int]) -> tuple[float, ...]:
    """As the lecture's table prints: millions of parameters, per cent of conv and FC, millions of operations, again."""
    conv, fc = (round(100 * part / sum(params), 1) for part in params)
    conv_ops, fc_ops = (round(100 * part / sum(ops), 1) for part in ops)
    return sum(params) / 1e6, conv, fc, sum(ops) / 1e6, conv_ops, fc_ops


def parts(found: Breakdown) -> tuple[list[int], list[int]]:
    """Parameters and MACs + bias of the convolutions and of the fully connected layers."""
    conv, fc = found.totals("conv"), found.totals("fc")
    return [conv.params, fc.params], [conv.macs + conv.bias_adds, fc.macs + fc.bias_adds]


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("AlexNet", (61, 3.8, 96.2, 725, 91.9, 8.1)),
        ("VGG-M", (103, 6.3, 93.7, 1678, 94.3, 5.7)),
        ("VGG-S", (103, 6.3, 93.7, 2640, 96.3, 3.7)),
        ("VGG-16", (138, 10.6, 89.4, 15484, 99.2, 0.8)),
        ("VGG-19", (144, 13.9, 86.1, 19647, 99.4, 0.6)),
    ],
)
def test_the_lectures_table(name, printed):
    params, conv, fc, ops, conv_ops, fc_ops = shares(*parts(breakdown(zoo.build(name))))
    assert (round(params), conv, fc, round(ops), conv_ops, fc_ops) == printed


def test_the_lectures_row_of_vgg_f_is_another_networks():
    """Printed: 99, 2.2, 97.8, 726, 87.4, 12.6. So are VGG-F's convolutions with VGG-M's fully connected layers, but
    for the operations: 762, whose digits look swapped. VGG-F itself has 61, 3.6, 96.4, 725, 91.9, 8.1."""
    params_f, ops_f = parts(breakdown(zoo.build("VGG-F")))
    params_m, ops_m = parts(breakdown(zoo.build("VGG-M")))
    params, conv, fc, ops, conv_ops, fc_ops = shares(params_f, ops_f)
    assert (round(params), conv, fc, round(ops), conv_ops, fc_ops) == (61, 3.6, 96.4, 725, 91.9, 8.1)
    params, conv, fc, ops, conv_ops, fc_ops = shares([params_f[0], params_m[1]], [ops_f[0], ops_m[1]])
    assert (round(params), conv, fc, round(ops), conv_ops, fc_ops) == (99, 2.2, 97.8, 762, 87.4, 12.6)


def test_the_lectures_row_of_googlenet_misses_a_convolution():
    """Printed: 6.9, 85.1, 14.9, 1566, 99.9, 0.1. So it is without inception_4e/5x5; it has 7.0, 85.4, 14.6, 1586."""
    found = breakdown(zoo.build("GoogLeNet"))
    params, conv, fc, ops, conv_ops, fc_ops = shares(*parts(found))
    assert (round(params, 1), conv, fc, round(ops), conv_ops, fc_ops) == (7.0, 85.4, 14.6, 1586, 99.9, 0.1)
    (left_out,) = [layer for layer in found.layers if layer.name == "inception_4e/5x5"]
    assert (left_out.params, left_out.macs, left_out.bias_adds) == (102_528, 20_070_400, 14 * 14 * 128)
    all_params, all_ops = parts(found)
    without = [all_params[0] - 102_528, all_params[1]], [all_ops[0] - 20_070_400 - 25_088, all_ops[1]]
    params, conv, fc, ops, conv_ops, fc_ops = shares(*without)
    assert (round(params, 1), conv, fc, round(ops), conv_ops, fc_ops) == (6.9, 85.1, 14.9, 1566, 99.9, 0.1)


CAFFES = ("AlexNet", "VGG-F", "VGG-M", "VGG-S", "VGG-16", "VGG-19", "GoogLeNet")


@pytest.mark.parametrize("name", CAFFES)
def test_every_layer_against_caffes_geometry(name, shared):
    reference = json.loads((shared / "reference" / "caffe_zoo_layers.json").read_text())[name]
    found = breakdown(zoo.build(name))
    layers = {layer.name: layer for layer in found.layers}
    for row in reference["rows"]:
        layer = layers[row["name"]]
        assert layer.kind == (row["type"] if row["type"] in ("conv", "fc") else "other"), row["name"]
        if "weights" in row:
            assert layer.params == row["weights"] + row["bias"], row["name"]
            assert layer.macs == row["macs"], row["name"]
        if row["type"] in ("conv", "pool"):
            assert layer.input_shape is not None
            assert layer.output_shape is not None
            assert layer.input_shape[2:] == (row["in_hw"],) * 2, row["name"]
            assert layer.output_shape[2:] == (row["out_hw"],) * 2, row["name"]
            assert layer.geometry["kernel"] == (row["kernel"],) * 2
            assert layer.geometry["strides"] == (row["stride"],) * 2
            assert layer.geometry["pads"] == (row["pad"],) * 4
        if row["type"] == "conv":
            assert (layer.input_shape[1], layer.output_shape[1]) == (row["in_c"], row["out_c"]), row["name"]
            assert layer.geometry["groups"] == (row["groups"],)
    weighty = {layer.name for layer in found.layers if layer.params} | {n for n in layers if "pool" in layers[n].op}
    assert weighty <= {row["name"] for row in reference["rows"]}
    totals, summary = found.totals(), reference["summary"]
    assert (totals.params, totals.macs) == (summary["params"], summary["macs"])
    assert totals.macs + totals.bias_adds == summary["ops_with_bias"]


def test_every_network_is_known_and_told():
    for name, entry in zoo.ZOO.items():
        assert entry.name == name
        assert entry.title
        assert entry.source
        assert entry.family
        found = breakdown(entry.build())
        assert found.network == name
        assert list(found.inputs.values()) == [(1, *entry.input_shape)]
        assert not found.unknown_ops
        assert all(layer.output_shape and prod(layer.output_shape) for layer in found.layers), name
        assert entry.trained == (name == "LeNet-5-digits")


def test_families_stand_together():
    families = [entry.family for entry in zoo.ZOO.values()]
    changes = sum(a != b for a, b in pairwise(families))
    assert changes == len(set(families)) - 1


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("vgg-16", "VGG-16"),
        ("vgg16", "VGG-16"),
        ("FitNet 1", "FitNet-1"),
        ("mobilenet_v3_large", "MobileNet-v3-large"),
        ("squeezenet1.1", "SqueezeNet-1.1"),
    ],
)
def test_names_in_any_case_and_spelling(said, name):
    assert zoo.build(said).name == name


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(BadInput, match=r"“Alexnett”.*Did you mean AlexNet\?.*LeNet-5.*VGG-16"):
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


def test_the_table_in_the_docs_is_what_is_counted():
    lines = (Path(__file__).parents[2] / "docs" / "zoo.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]
    written = {row[0].strip("`"): [row[1], *(int(cell.replace(",", "")) for cell in row[2:6]), row[7]] for row in rows}
    assert list(written) == list(zoo.ZOO)
    for name, entry in zoo.ZOO.items():
        found = breakdown(entry.build())
        totals = found.totals()
        norms = sum(layer.params or 0 for layer in found.layers if layer.op == "BatchNormalization")
        counts = [totals.params, totals.params - norms // 2, totals.macs, totals.macs + totals.bias_adds]
        assert written[name] == ["×".join(map(str, entry.input_shape)), *counts, entry.source]
