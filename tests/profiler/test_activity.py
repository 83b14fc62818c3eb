"""The lecture's table worked out again, and which values tell of a layer, on graphs drawn by hand."""

import json

import numpy as np
import pytest

from profiler import zoo
from profiler.activity import Activity, Watched, activity
from profiler.breakdown import breakdown
from profiler.builder import Builder
from profiler.errors import BadInput
from profiler.plain import from_plain, to_plain
from profiler.watching import watched, weight_share

PRINTED = {"conv1": (82, 66, 66), "conv2": (72, 12, 10), "fc1": (55, 8, 6), "fc2": (100, 19, 10)}  # Act, Weights, FLOP


def lecture(printed) -> Activity:
    """LeNet-5 with the printed Act% and Weights%, as if counted on 100 images."""
    network = zoo.build("LeNet-5")
    costs = breakdown(network).layers
    handed = {"conv1": 20 * 12 * 12, "conv2": 50 * 4 * 4, "fc1": 500, "fc2": 10}
    watch = watched(network)
    seen = {each.hands_on: (printed[each.layer][0] * handed[each.layer], 100 * handed[each.layer])
            for each in watch if each.layer in printed}  # fmt: skip
    return activity("LeNet-5", costs, watch, seen, {name: row[1] / 100 for name, row in printed.items()}, 100)


def test_the_lectures_table():
    """FLOP% = Weights% · Act% of what is read: 66·100, 12·82, 8·72, 19·55. The totals are printed 77, 8 and 16 %."""
    found = lecture(PRINTED)
    for name, (act, weights, flops) in PRINTED.items():
        row = found.layer(name)
        assert row.act == pytest.approx(act / 100)
        assert row.weights == weights / 100
        assert round(100 * row.flops) == flops
    assert found.layer("conv1").flops == 0.66
    assert found.layer("conv2").flops == pytest.approx(0.0984)
    assert [round(100 * share) for share in (found.act, found.weights, found.flops)] == [77, 8, 16]
    assert [row.layer for row in found.counted] == list(PRINTED)


def test_the_printed_figures_are_the_published_ones(shared):
    table = json.loads((shared / "reference" / "published_tables.json").read_text())["lenet5_pruning"]["rows"]
    assert {name: tuple(row[2:]) for name, row in table.items() if name != "total"} == PRINTED
    assert table["total"][2:] == [77, 8, 16]


def test_where_it_counts_nothing_nothing_is_known():
    found = activity("LeNet-5", breakdown(zoo.build("LeNet-5")).layers, watched(zoo.build("LeNet-5")), {}, {}, 0)
    assert (found.act, found.weights, found.flops) == (None, None, None)
    assert all(row.act is None and row.flops is None and row.values is None for row in found.layers)


def test_it_goes_through_plain_values_unchanged():
    found = lecture(PRINTED)
    assert from_plain(to_plain(found), Activity) == found


def told(network) -> dict[str, tuple[str, str, str | None, bool]]:
    return {each.layer: (each.own, each.hands_on, each.reads, each.dense) for each in watched(network)}


def test_a_layer_hands_on_what_the_next_one_reads():
    b = Builder("chain", (1, 8, 8))
    x = b.max_pool("pool", b.relu("relu", b.batch_norm("bn", b.conv("one", b.input, 2, kernel=3))), kernel=2, stride=2)
    network = b.network(b.softmax("prob", b.fc("two", b.flatten("flat", x), 3)))
    found = told(network)
    assert found["one"] == ("one_out", "flat_out", "input", True)
    assert found["two"] == ("two_out", "prob_out", "flat_out", False)
    assert found["relu"] == ("relu_out", "relu_out", "bn_out", False)  # of other layers: their own output


def test_where_branches_part_or_meet_following_ends():
    """The block’s input is read twice, and its sum has two sources: neither side hands on more than its own."""
    b = Builder("block", (2, 4, 4))
    x = b.relu("r", b.conv("stem", b.input, 2, kernel=1))
    inner = b.batch_norm("bn", b.conv("inner", x, 2, kernel=1))
    after = b.conv("after", b.relu("joined", b.add("sum", inner, x)), 2, kernel=1)
    found = told(b.network(after))
    assert found["stem"] == ("stem_out", "r_out", "input", True)
    assert found["inner"] == ("inner_out", "bn_out", "r_out", False)
    assert found["after"] == ("after_out", "after_out", "joined_out", False)
    assert found["sum"][2] is None


def test_an_output_of_the_network_is_handed_on_as_it_is(make):
    text = "g (float[1,4] x) => (float[1,4] a, float[1,4] y) { [one] a = MatMul (x, w)  [two] y = Relu (a) }"
    assert told(make(text, w=np.eye(4, dtype=np.float32)))["one"][1] == "a"


def test_an_unknown_operator_ends_it(make):
    text = """g (float[1,4] x) => (float[1,4] y) {
        [one] a = MatMul (x, w)  [r] r = Relu (a)  [odd] b = own.Thing (r)  [two] y = MatMul (b, w)
    }"""
    network = make(text, w=np.eye(4, dtype=np.float32))
    assert told(network)["one"][1] == "r"
    assert Watched("two", "y", "y", None, False) in watched(network)  # of b not even the type is known


def test_the_input_scaled_and_flattened_is_still_the_input(make):
    """Subtracting a mean and flattening add nothing; a stored left side is the weight, so x is what is read."""
    text = """g (float[2,2] x) => (float[3,2] y) {
        [m] a = Sub (x, mean)  [f] b = Flatten <axis=1> (a)  [one] c = MatMul (w, b)  [two] y = MatMul (c, v)
    }"""
    network = make(text, mean=np.ones((2, 2), np.float32), w=np.ones((3, 2), np.float32), v=np.ones((2, 2), np.float32))
    found = told(network)
    assert found["one"][2:] == ("b", True)
    assert found["two"][2:] == ("c", False)


def test_numbers_that_are_no_reals_are_not_watched(make):
    text = "g (float[1,4] x) => (int64[1] y) { [one] a = MatMul (x, w)  [best] y = ArgMax <axis=1, keepdims=0> (a) }"
    found = told(make(text, w=np.eye(4, dtype=np.float32)))
    assert list(found) == ["one"]
    assert found["one"][1] == "a"


def test_open_sizes_are_asked_for(make):
    with pytest.raises(BadInput, match="open sizes"):
        watched(make("g (float[1,K] x) => (float[1,K] y) { y = Relu (x) }"))


def test_weights_that_are_left(make):
    """5 of 8; integer weights write nought as another number; a ReLU has none."""
    w = np.array([[1, 0, 2, 0], [0, 3, -4, 5]], np.float32).T
    text = """g (float[1,4] x) => (float[1,2] y) {
        [one] a = MatMul (x, w)  [r] b = Relu (a)
        [q] wq = DequantizeLinear (v, s, z)  [two] y = MatMul (b, wq)
    }"""
    network = make(text, w=w, v=np.zeros((2, 2), np.uint8), s=np.float32(1), z=np.uint8(7))
    shares = {layer.name: weight_share(network, layer) for layer in breakdown(network).layers}
    assert shares["one"] == 5 / 8
    assert shares["two"] is None
    assert shares["r"] is None


def test_a_tensor_used_twice_counts_once_in_total(make):
    """w (0.5 of 4) twice and v (1.0 of 8): 10 of 12 left, not 12 of 16."""
    text = """g (float[1,2] x) => (float[1,4] y) {
        [one] a = MatMul (x, w)  [two] b = MatMul (a, w)  [three] y = MatMul (b, v)
    }"""
    network = make(text, w=np.eye(2, dtype=np.float32), v=np.ones((2, 4), np.float32))
    layers = breakdown(network).layers
    found = activity(
        "t", layers, watched(network), {}, {layer.name: weight_share(network, layer) for layer in layers}, 1
    )
    assert found.weights == 10 / 12
