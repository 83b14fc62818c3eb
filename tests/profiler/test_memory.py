"""Peaks worked out by hand: bytes of all values alive while a node runs."""

import numpy as np
import onnx_ir as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiler import zoo
from profiler.breakdown import breakdown
from profiler.builder import Builder
from profiler.errors import BadInput
from profiler.memory import memory_use, peak_activation_bytes
from profiler.network import Network
from profiler.plain import from_plain, to_plain


def test_a_chain(make):
    """100 floats in; 300 out of the first, 50 out of the second: 400 + 1200 while the first runs."""
    network = make(
        "g (float[1,100] x) => (float[1,50] y) { a = MatMul (x, w)  y = MatMul (a, v) }",
        w=np.zeros((100, 300), np.float32),
        v=np.zeros((300, 50), np.float32),
    )
    assert peak_activation_bytes(network) == 4 * (100 + 300)


def test_a_shortcut_stays_alive(make):
    """x (10) is needed until the Add: while b is made, x, a and b are there."""
    network = make("g (float[10] x) => (float[10] y) { a = Relu (x)  b = Neg (a)  y = Add (b, x) }")
    assert peak_activation_bytes(network) == 4 * 30


def test_an_output_stays_to_the_end(make):
    """a is an output: while c is made from b there are a, b and c."""
    network = make(
        "g (float[10] x) => (float[10] a, float[10] d) { a = Relu (x)  b = Neg (a)  c = Exp (b)  d = Abs (c) }"
    )
    assert peak_activation_bytes(network) == 4 * 30


def test_looking_at_it_differently_takes_no_memory(make):
    """Flatten shares its input's bytes, which live until the Neg has read them."""
    network = make("g (float[1,2,5] x) => (float[1,10] y) { f = Flatten (x)  y = Neg (f) }")
    assert peak_activation_bytes(network) == 4 * 20


def test_lenet():
    """conv1 and pool1: 4 · (20·24·24 + 20·12·12) = 57,600; conv2's 20·12·12 + 50·8·8 is less."""
    assert peak_activation_bytes(zoo.build("LeNet-5")) == 57_600


def test_vgg_16():
    """conv1_2 and the ReLU behind it: twice 64·224·224 floats."""
    assert peak_activation_bytes(zoo.build("VGG-16")) == 2 * 64 * 224 * 224 * 4


def test_unknown_is_none(make):
    network = make("g (float[2] x) => (float[a] y) { y = own.Thing (x) }")
    assert peak_activation_bytes(network) is None
    assert peak_activation_bytes(make("g (float[1,K] x) => (float[1,K] y) { y = Relu (x) }")) is None


def lives(use):
    return {life.value: (life.layer, life.bytes, life.born, life.dies) for life in use.lifetimes}


CHAIN = (
    "g (float[1,100] x) => (float[1,50] y) { [one] a = MatMul (x, w)  [two] b = Relu (a)  [three] y = MatMul (b, v) }"
)


def chain(make):
    return make(CHAIN, w=np.zeros((100, 300), np.float32), v=np.zeros((300, 50), np.float32))


def test_the_lives_of_a_chain(make):
    """x 400 bytes, a and b 1200, y 200: 1600, 2400, 1400 alive; the weights are 4·100·300 and 4·300·50."""
    use = memory_use(chain(make))
    assert use.steps == ("one", "two", "three")
    assert lives(use) == {
        "x": ("", 400, 0, 0),
        "a": ("one", 1200, 0, 1),
        "b": ("two", 1200, 1, 2),
        "y": ("three", 200, 2, 2),
    }
    assert use.alive == use.known == (1600, 2400, 1400)
    assert (use.peak_bytes, use.peak_layer, use.peak_step) == (2400, "two", 1)
    assert use.weights == (120_000, 0, 60_000)
    assert use.weight_bytes == 180_000
    assert use.lifetimes[1].readers == ("two",)
    assert [life.value for life in use.alive_at(2)] == ["b", "y"]
    assert use.unknown == ()


def test_in_place_an_activation_function_takes_nothing(make):
    """b is written over a, which nothing needs after it: 1600, 1200, 1400."""
    use = memory_use(chain(make), in_place=True)
    assert use.alive == (1600, 1200, 1400)
    assert (use.peak_bytes, use.peak_layer) == (1600, "one")
    assert lives(use)["a"] == ("one", 1200, 0, 2)
    assert use.lifetimes[1].views == ("b",)
    assert use.lifetimes[1].readers == ("two", "three")


def test_in_place_never_where_it_is_still_needed(make):
    """a is read again by the Add, so the Neg takes memory of its own; the Add then writes over a. x is the caller’s."""
    text = "g (float[10] x) => (float[10] y) { [r] a = Relu (x)  [n] b = Neg (a)  [s] c = Add (a, b)  [e] y = Exp (c) }"
    assert memory_use(make(text), in_place=True).alive == (80, 80, 80, 40)
    assert memory_use(make(text)).alive == (80, 80, 120, 80)


def test_in_place_never_over_another_size(make):
    """The sum of 1×10 and 10×1 is 10×10: neither side holds it."""
    text = "g (float[1,10] x) => (float[10,10] y) { a = Neg (x)  t = Transpose (a)  y = Add (a, t) }"
    assert memory_use(make(text), in_place=True).alive == (80, 80, 40 + 40 + 400)


def test_a_residual_block():
    """4×8×8 floats are 1024 bytes. x must wait for the shortcut: conv a, relu b, conv c, then the sum."""
    b = Builder("residual", (4, 8, 8))
    inner = b.conv("c", b.relu("b", b.conv("a", b.input, 4, kernel=3, pad=1)), 4, kernel=3, pad=1)
    use = memory_use(b.network(b.add("sum", inner, b.input)))
    assert use.alive == (2048, 3072, 3072, 3072)
    assert use.peak_layer == "c"  # the relu before it reaches as much; the convolution multiplies
    assert lives(use)["input"] == ("", 1024, 0, 3)


def test_a_concatenation_needs_both_sides_and_the_whole(make):
    """Two branches of 40 bytes, then 80 for both together: x, p | x, p, q | p, q, y."""
    text = "g (float[1,10] x) => (float[1,20] y) { p = Relu (x)  q = Neg (x)  y = Concat <axis=1> (p, q) }"
    assert memory_use(make(text)).alive == (80, 120, 160)


def test_views_of_views_keep_the_first_alive(make):
    """f and g lie in a, whose last reader is the Exp behind them; the Reshape’s own target is no activation."""
    text = """g (float[1,2,5] x) => (float[5,2] y) {
        [r] a = Relu (x)  [f] f = Flatten (a)  [g] g = Reshape (f, to)  [n] n = Neg (a)
        [e] e = Exp (g)  [p] y = Mul (e, g)
    }"""
    use = memory_use(make(text, to=np.array([5, 2], np.int64)))
    piece = next(life for life in use.lifetimes if life.value == "a")
    assert piece.views == ("f", "g")
    assert (piece.born, piece.dies) == (0, 5)
    assert piece.readers == ("r", "f", "g", "n", "e", "p")[1:]
    assert use.alive == (80, 40, 40, 40, 80, 120)  # n is never read: it is not made


def test_a_branch_inside_keeps_what_it_reads_alive(make):
    """The If reads x and a from outside. What it needs inside is not known, nor then the peak."""
    text = """g (float[10] x, bool c) => (float[10] y) {
        [n] a = Neg (x)
        [e] b = Exp (a)
        [i] y = If (c) <
            then_branch = t () => (float[10] p) { p = Add (b, x) },
            else_branch = e () => (float[10] q) { q = Abs (a) }
        >
    }"""
    use = memory_use(make(text))
    assert lives(use)["x"] == ("", 40, 0, 2)
    assert lives(use)["a"] == ("n", 40, 0, 2)
    assert use.alive[:2] == (81, 121)
    assert use.alive[2] is None
    assert use.peak_bytes is None
    assert use.known[2] == 161
    assert use.unknown == ("i",)


def test_weights_inside_a_branch_are_read_there(make):
    """One branch multiplies by 4·4 floats, the other by none; in front 4·4 more."""
    text = """g (float[1,4] x, bool c) => (float[1,4] y) {
        [m] a = MatMul (x, w)
        [i] y = If (c) <
            then_branch = t () => (float[1,4] p) { p = MatMul (a, v) },
            else_branch = e () => (float[1,4] q) { q = Abs (a) }
        >
    }"""
    network = make(text, w=np.zeros((4, 4), np.float32), v=np.zeros((4, 4), np.float32))
    use = memory_use(network)
    assert use.weights == (64, 64)
    assert use.weight_bytes == 128 == breakdown(network).totals().weight_bytes


def test_functions_are_followed_inside(make_proto):
    """The call’s own steps, as the breakdown names them: x, c and y of 40 bytes each."""
    import onnx
    from onnx import helper

    proto = make_proto("g (float[10] x) => (float[10] y) { [call] y = own.Block (x) }")
    body = [
        helper.make_node("Relu", ["x"], ["c"], name="first"),
        helper.make_node("Add", ["c", "x"], ["y"], name="sum"),
    ]
    imports = [helper.make_opsetid("", 13), helper.make_opsetid("own", 1)]
    proto.functions.append(helper.make_function("own", "Block", ["x"], ["y"], body, imports))
    onnx.checker.check_model(proto)
    network = Network.from_model(ir.from_proto(proto), name="called")
    use = memory_use(network)
    assert use.steps == ("call/first", "call/sum") == tuple(layer.name for layer in breakdown(network).layers)
    assert use.alive == (80, 120)


def test_a_tensor_used_twice_is_stored_once_and_read_twice(make):
    text = "g (float[1,4] x) => (float[1,4] y) { [one] a = MatMul (x, w)  [two] y = MatMul (a, w) }"
    use = memory_use(make(text, w=np.zeros((4, 4), np.float32)))
    assert use.weights == (64, 64)
    assert use.weight_bytes == 64


def test_vgg_16_by_layer():
    """conv1_1: 3·224² and 64·224²; conv1_2: twice 64·224²; pool1: 64·224² and 64·112². In place the same peak."""
    network = zoo.build("VGG-16")
    use = memory_use(network)
    plane = 4 * 224 * 224
    at = dict(zip(use.steps, use.alive, strict=True))
    assert at["conv1_1"] == (3 + 64) * plane
    assert at["conv1_2"] == at["relu1_1"] == 2 * 64 * plane == 25_690_112
    assert at["pool1"] == 64 * plane + 16 * plane
    assert (use.peak_bytes, use.peak_layer) == (25_690_112, "conv1_2")
    assert at["fc6"] == 4 * (512 * 7 * 7 + 4096)
    assert use.weights[use.steps.index("fc6")] == 4 * (25_088 * 4096 + 4096)
    assert use.weight_bytes == 4 * 138_357_544 == breakdown(network).totals().weight_bytes
    assert memory_use(network, in_place=True).peak_bytes == 25_690_112


def test_unknown_sizes_are_named_and_the_rest_is_summed(make):
    use = memory_use(make("g (float[2] x) => (float[a] y) { [odd] y = own.Thing (x) }"))
    assert use.unknown == ("odd",)
    assert use.alive == (None,)
    assert use.known == (8,)
    assert use.peak_bytes is None


def test_an_open_size_is_asked_for(make):
    with pytest.raises(BadInput, match="open sizes"):
        memory_use(make("g (float[1,K] x) => (float[1,K] y) { y = Relu (x) }"))


def test_a_network_without_layers(make):
    use = memory_use(make("g (float[10] x) => (float[10] x) { }"))
    assert (use.steps, use.peak_bytes, use.peak_layer, use.peak_step) == ((), 40, "", -1)


def test_it_goes_through_plain_values_unchanged(make):
    use = memory_use(chain(make))
    assert from_plain(to_plain(use), type(use)) == use


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["Relu", "Neg", "Add", "Flatten", "Concat"]), st.integers(0, 99), st.integers(0, 99)),
        max_size=12,
    ),
    st.booleans(),
)
def test_sums_over_lives_are_what_is_alive(nodes, in_place):
    """Any graph of elementwise operators, views and joins: slow and plain against the running sums."""
    b = Builder("random", (3, 2))
    values = [b.input]
    for number, (op, left, right) in enumerate(nodes):
        x, y = values[left % len(values)], values[right % len(values)]
        flat = b.flatten(f"flat{number}", x)
        if op == "Flatten":
            values.append(flat)
        elif op == "Concat":
            values.append(b.node(op, f"n{number}", [flat, b.flatten(f"other{number}", y)], axis=1))
        elif op == "Add":
            values.append(b.node(op, f"n{number}", [x, x]))
        else:
            values.append(b.node(op, f"n{number}", [x]))
    network = b.network(b.relu("last", values[-1]))
    use = memory_use(network, in_place=in_place)
    plain = [sum(life.bytes for life in use.lifetimes if life.born <= s <= life.dies) for s in range(len(use.steps))]
    assert list(use.alive) == plain
    assert use.peak_bytes == max(plain) == use.alive[use.peak_step]
    assert use.peak_bytes <= memory_use(network).peak_bytes
