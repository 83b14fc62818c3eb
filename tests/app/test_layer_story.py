"""The arithmetic written out, against the lecture's own examples and sums done by hand."""

import pytest

from app import layer_story as story
from profiler.breakdown import Breakdown, LayerCost


def conv(given, weight, out, stride=1, pad=0, groups=1, bias=True, dilation=1, **changes) -> LayerCost:
    params = weight[0] * weight[1] * weight[2] * weight[3] + (weight[0] if bias else 0)
    macs = out[2] * out[3] * weight[0] * weight[1] * weight[2] * weight[3] * out[0]
    geometry = {
        "kernel": weight[2:], "strides": (stride,) * 2, "pads": (pad,) * 4, "dilations": (dilation,) * 2,
        "groups": (groups,),
    }  # fmt: skip
    bias_adds = out[0] * out[1] * out[2] * out[3] if bias else 0
    made = {"params": params, "macs": macs, "bias_adds": bias_adds} | changes
    return LayerCost(
        "c", "Conv", "conv", given, weight, out, made["params"], made["macs"], made["bias_adds"], 4 * made["params"],
        4 * out[1] * out[2] * out[3], "c.weight", geometry, ("a",), ("b",),
    )  # fmt: skip


ALEXNET_1 = conv((1, 3, 227, 227), (96, 3, 11, 11), (1, 96, 55, 55), stride=4)
ALEXNET_2 = conv((1, 96, 27, 27), (256, 48, 5, 5), (1, 256, 27, 27), pad=2, groups=2)
GOOGLENET_1 = conv((1, 3, 224, 224), (64, 3, 7, 7), (1, 64, 112, 112), stride=2, pad=3, bias=False)
FC6 = LayerCost(
    "fc6", "Gemm", "fc", (1, 9216), (4096, 9216), (1, 4096), 37_752_832, 37_748_736, 4096, 151_011_328, 16_384
)  # fmt: skip


def test_alexnets_first_layer():
    size, params = story.output_size(ALEXNET_1), story.parameters(ALEXNET_1)
    ops = story.operation_sum(ALEXNET_1, "macs")
    assert (size.numbers, size.result, size.unit) == ("(227 − 11 + 2·0) / 4 + 1", "55", "W′ alike")
    assert (params.formula, params.numbers, params.result) == ("d · d · C · T + T", "11 · 11 · 3 · 96 + 96", "34,944")
    assert (ops.numbers, ops.result, ops.unit) == ("55 · 55 · 11 · 11 · 3 · 96", "105,415,200", "MACs")


def test_the_lectures_example_is_rounded_down_and_counted_on_the_input():
    """The lecture: (224 − 7 + 2·3)/2 + 1 = 112.5, 9,408 parameters, 472,055,808 operations."""
    size, params = story.output_size(GOOGLENET_1), story.parameters(GOOGLENET_1)
    way = story.lecture_way(GOOGLENET_1)
    assert size.unit == "112.5, rounded down · W′ alike"
    assert (params.formula, params.result, params.unit) == ("d · d · C · T", "9,408", "weights")
    assert way.title == "The lecture’s way counts 4.00 × more"
    assert way.numbers == "H · W · d · d · C · T = 472.1 M"
    assert way.why == "It multiplies by the input size, 224 × 224. With stride 2 the kernel lands on 112 × 112."


def test_groups_see_a_part_of_the_channels():
    """5·5·48·256 + 256 = 307,456; all 96 channels would be twice the work."""
    assert story.parameters(ALEXNET_2).formula == "d · d · C/g · T + T"
    assert story.parameters(ALEXNET_2).result == "307,456"
    way = story.lecture_way(ALEXNET_2)
    assert way.title == "The lecture’s way counts 2.00 × more"
    assert way.why == "It counts all 96 channels. With 2 groups a filter sees 48."


def test_a_padded_convolution_of_stride_one_is_counted_alike():
    same = conv((1, 8, 10, 10), (4, 8, 3, 3), (1, 4, 10, 10), pad=1)
    assert story.lecture_way(same) is None


@pytest.mark.parametrize(
    ("convention", "formula", "result"),
    [
        ("macs", "N · T", "37,748,736"),
        ("ops", "N · T + T", "37,752,832"),
        ("flops", "2 · N · T", "75,497,472"),
    ],
)
def test_a_full_connection_in_every_convention(convention, formula, result):
    found = story.operation_sum(FC6, convention)
    assert (found.formula, found.result) == (formula, result)
    assert story.parameters(FC6).numbers == "9216 · 4096 + 4096"


def test_a_dilated_kernel_reaches_further():
    """2·(3 − 1) + 1 = 5, and (20 − 5 + 0)/1 + 1 = 16."""
    wide = conv((1, 2, 20, 20), (2, 2, 3, 3), (1, 2, 16, 16), dilation=2)
    size = story.output_size(wide)
    assert size.numbers == "(20 − 5 + 2·0) / 1 + 1"
    assert size.note == "d = 2·(3 − 1) + 1 = 5: dilated"


def test_a_padding_that_the_formula_does_not_tell_has_none():
    odd = conv((1, 1, 20, 20), (1, 1, 3, 3), (1, 1, 20, 20))  # auto_pad: the file says no pads
    assert story.output_size(odd) is None


def test_numbers_that_do_not_multiply_to_the_count_are_left_out():
    shared = conv((1, 1, 6, 6), (2, 1, 3, 3), (1, 2, 4, 4), params=0, macs=288)
    assert story.parameters(shared) is None
    partly = conv((1, 1, 6, 6), (2, 1, 3, 3), (1, 2, 4, 4), params=7)
    assert (story.parameters(partly).formula, story.parameters(partly).result) == ("", "7")


def test_a_layer_without_operations_has_no_sum():
    pool = LayerCost("p", "MaxPool", "other", (1, 2, 4, 4), None, (1, 2, 2, 2), 0, 0, 0, 0, 32)
    assert story.operation_sum(pool, "macs") is None
    assert story.parameters(pool) is None
    assert story.intensity(pool) is None


def test_what_is_left_of_the_weights():
    """11·11·3·96 = 34,848 weights; the bias is not counted among them."""
    assert story.parameters(ALEXNET_1, 3485).note == "3,485 weights are not zero, 10.0 %"
    assert story.parameters(ALEXNET_1, 34_848).note == ""


def test_macs_per_byte_counts_weights_and_output():
    """105,415,200 ÷ (4·34,944 + 4·96·55·55) = 81.0."""
    assert story.intensity(ALEXNET_1) == pytest.approx(105_415_200 / (139_776 + 1_161_600))


def test_shares_and_place():
    both = Breakdown("n", {"data": (1, 3, 227, 227)}, 13, (ALEXNET_1, FC6))
    found = story.shares(ALEXNET_1, both, "macs", 1.0, 4.0)
    assert [s.figure for s in found] == ["0.09 %", "73.6 %", "25.0 %"]
    assert found[0].exact == "34,944 of 37,787,776"
    assert story.place(ALEXNET_1, both) == "first of 2 · reads a · feeds b"
    assert story.place(FC6, both) == "second of 2 · reads data"


@pytest.mark.parametrize(("number", "words"), [(11, "11th"), (12, "12th"), (21, "21st"), (22, "22nd"), (103, "103rd")])
def test_ordinals(number, words):
    layers = tuple(conv((1, 1, 4, 4), (1, 1, 1, 1), (1, 1, 4, 4), macs=n) for n in range(number))
    last = Breakdown("n", {"x": (1, 1, 4, 4)}, 13, layers)
    assert story.place(layers[-1], last).startswith(f"{words} of ")
