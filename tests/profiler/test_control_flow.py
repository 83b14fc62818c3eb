"""Networks that branch and loop: what each branch and each turn costs, by hand."""

import numpy as np
import onnx
import pytest

from profiler import formats
from profiler.breakdown import breakdown
from profiler.errors import BadInput
from profiler.network import Network, save
from tests.profiler.models import scan


def f(*shape):
    return np.ones(shape, np.float32)


IF = (
    "g (bool c, float[N,3,8,8] x) => (float[N,4,6,6] y) {"
    " y = If (c) <then_branch = a () => (float[n,m,h,w] p) { q = Conv (x, v)  p = Relu (q) },"
    " else_branch = b () => (float[n,m,h,w] r) { s = Conv (x, v)  t = Conv (s, u)  r = Relu (t) }>  }"
)


def test_an_if_counts_as_its_larger_branch(make):
    """Then 4·36·27 = 3,888; else 4·36·4 = 576 more, and its bias. The kernel that both read is stored once."""
    network = make(IF.replace("Conv (s, u)", "Conv (s, u, k)"), v=f(4, 3, 3, 3), u=f(4, 4, 1, 1), k=f(4))
    (layer,) = breakdown(network).layers
    assert (layer.op, layer.kind) == ("If", "conv")
    assert (layer.macs, layer.bias_adds) == (3888 + 576, 144)
    assert (layer.params, layer.weight_bytes) == (108 + 16 + 4, 4 * 128)
    assert layer.output_shape == (1, 4, 6, 6)
    assert layer.note == (
        "Which branch runs is known only then. Counted as the larger one; MACs: 3,888 in its then_branch, "
        "4,464 in its else_branch."
    )
    assert breakdown(network).unknown_ops == ()


def test_a_stored_condition_chooses(make):
    text = IF.replace("bool c, ", "").replace("y = If", "c = Constant <value = bool {1}> ()  y = If")
    (layer,) = breakdown(make(text, v=f(4, 3, 3, 3), u=f(4, 4, 1, 1))).layers
    assert (layer.macs, layer.params, layer.note) == (3888, 108, "")


def test_what_cannot_be_counted_in_a_branch_is_named(make):
    network = make(IF.replace("Relu (t)", "own.Thing (t)"), v=f(4, 3, 3, 3), u=f(4, 4, 1, 1))
    counted = breakdown(network)
    assert counted.unknown_ops == ("own::Thing", "If")
    assert (counted.layers[0].macs, counted.layers[0].params) == (None, None)
    assert "could not be counted: own::Thing" in counted.layers[0].note


def test_branches_that_cost_the_same_need_no_word(make):
    network = make(
        "g (bool c, float[2] x) => (float[2] y) {"
        " y = If (c) <then_branch = a () => (float[2] p) { p = Relu (x) },"
        " else_branch = b () => (float[2] q) { q = Neg (x) }> }"
    )
    (layer,) = breakdown(network).layers
    assert (layer.kind, layer.macs, layer.params, layer.note) == ("other", 0, 0, "")
    assert breakdown(network).inputs == {"c": (), "x": (2,)}


LOOP = (
    "g (float[1,3,8,8] x{inputs}) => (float[1,3,8,8] y) {{ {nodes}"
    " y = Loop (n, t) <body = a (int64 i, bool go, float[a,b,c,d] s) => (bool on, float[a,b,c,d] r)"
    " {{ on = {end}  r = Conv (s, v) }}> (x) }}"
)


def loop(inputs="", nodes="", end="Identity (go)"):
    """A Loop that convolves its own result again; the parser takes no input behind a body, so they are added here."""
    text = LOOP.format(inputs=inputs, nodes=nodes, end=end)
    return text.replace("(n, t) <", "(n, t, x) <").replace("> (x) }", "> }")


STORED = "n = Constant <value = int64 {5}> ()  t = Constant <value = bool {1}> ()"


def test_a_loop_of_known_turns(make):
    """Five times 3·64·3; what it carries keeps its shape."""
    (layer,) = breakdown(make(loop(nodes=STORED), v=f(3, 3, 1, 1))).layers
    assert (layer.kind, layer.params) == ("conv", 9)
    assert (layer.macs, layer.bias_adds) == (5 * 576, 0)
    assert layer.note == "5 turns of 576 MACs and 0 bias additions."


@pytest.mark.parametrize(
    "text",
    [
        loop(inputs=", int64 n", nodes="t = Constant <value = bool {1}> ()"),
        loop(inputs=", bool t", nodes="n = Constant <value = int64 {5}> ()"),
        loop(nodes=STORED, end="Not (go)"),
    ],
)
def test_a_loop_whose_turns_are_not_known(make, text):
    counted = breakdown(make(text, v=f(3, 3, 1, 1)))
    assert counted.unknown_ops == ("Loop",)
    assert (counted.layers[0].macs, counted.layers[0].params) == (None, 9)
    assert counted.layers[0].note == (
        "Each turn takes 576 MACs and 0 bias additions; how many turns there are is known only when it runs."
    )


def test_a_loop_that_grows_what_it_carries(make):
    """After a turn of padding the picture is larger, so one turn's cost holds for no other."""
    text = loop(nodes=STORED).replace("r = Conv (s, v)", "q = Conv (s, v)  r = Pad (q, p)")
    counted = breakdown(make(text, v=f(3, 3, 1, 1), p=np.array([0, 0, 1, 1, 0, 0, 1, 1])))
    assert counted.unknown_ops == ("Conv", "Loop")
    assert counted.layers[0].macs is None


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_a_scan_turns_once_a_slice(tmp_path, axis):
    onnx.save(scan(axis), tmp_path / "scan.onnx")
    (layer,) = breakdown(formats.read(tmp_path / "scan.onnx")).layers
    assert (layer.kind, layer.params, layer.macs) == ("fc", 20, 7 * 2 * 4 * 5)


def test_weights_inside_a_branch_are_mapped_counted_and_saved(tmp_path, make_proto):
    """An initializer and a Constant of a branch, both large."""
    proto = make_proto(
        "g (bool c, float[1,64] x) => (float[1,32] y) {"
        " y = If (c) <then_branch = a () => (float[1,32] p) { p = MatMul (x, own_w) },"
        " else_branch = b () => (float[1,32] q) { w = Constant <value = float[1] {0}> ()  q = MatMul (x, w) }> }"
    )
    values = np.arange(2048, dtype=np.float32).reshape(64, 32)
    branches = {attribute.name: attribute.g for attribute in proto.graph.node[0].attribute}
    branches["then_branch"].initializer.append(onnx.numpy_helper.from_array(values, "own_w"))
    constant = branches["else_branch"].node[0].attribute[0].t
    constant.CopyFrom(onnx.numpy_helper.from_array(values + 1, "w"))
    (tmp_path / "if.onnx").write_bytes(proto.SerializeToString())
    network = formats.read(tmp_path / "if.onnx")
    (layer,) = breakdown(network).layers
    assert (layer.params, layer.macs, layer.kind) == (4096, 2048, "fc")
    model = network.edit()
    model.producer_name = "changed"  # so that saving writes the graph anew
    save(Network.from_model(model, name="again"), tmp_path / "again.onnx")
    again = onnx.load(str(tmp_path / "again.onnx"))
    onnx.checker.check_model(again)
    stored = {attribute.name: attribute.g for attribute in again.graph.node[0].attribute}
    np.testing.assert_array_equal(onnx.numpy_helper.to_array(stored["then_branch"].initializer[0]), values)
    constant = stored["else_branch"].node[0].attribute[0].t
    np.testing.assert_array_equal(onnx.numpy_helper.to_array(constant), values + 1)


def test_a_branch_that_makes_nothing_is_refused(make_proto, tmp_path):
    """ONNX wants what a branch gives to be made in it; runtimes refuse it as well."""
    proto = make_proto(
        "g (bool c, float[2] x) => (float[2] y) {"
        " y = If (c) <then_branch = a () => (float[2] p) { p = Neg (x) },"
        " else_branch = b () => (float[2] x) { z = Neg (x) }> }"
    )
    del proto.graph.node[0].attribute[1].g.node[:]
    (tmp_path / "n.onnx").write_bytes(proto.SerializeToString())
    with pytest.raises(BadInput, match="Nothing makes its output “x”"):
        formats.read(tmp_path / "n.onnx")
