"""Two networks side by side: pairs drawn by hand, and what must hold for any two."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from profiler import zoo
from profiler.breakdown import Breakdown, LayerCost, breakdown
from profiler.difference import METRICS, difference, total_changes
from profiler.plain import from_plain, to_plain


def conv(name, filters, channels, kernel=3, size=8) -> LayerCost:
    """A convolution without a bias on size × size: its parameters and MACs by the formula."""
    params = filters * channels * kernel * kernel
    return LayerCost(
        name, "Conv", "conv", (1, channels, size, size), (filters, channels, kernel, kernel), (1, filters, size, size),
        params, params * size * size, 0, 4 * params, 4 * filters * size * size, f"{name}.weight",
    )  # fmt: skip


def relu(name, channels, size=8) -> LayerCost:
    shape = (1, channels, size, size)
    return LayerCost(name, "Relu", "other", shape, None, shape, 0, 0, 0, 0, 4 * channels * size * size)


def network(*layers, name="n") -> Breakdown:
    return Breakdown(name, {"x": (1, 3, 8, 8)}, 13, layers)


def told(found):
    """status a b by, for each pair."""
    return [" ".join((p.status, p.a.name if p.a else "·", p.b.name if p.b else "·", p.by or "·")) for p in found.pairs]


PLAIN = network(conv("conv1", 8, 3), relu("relu1", 8), conv("conv2", 16, 8), relu("relu2", 16), conv("conv3", 4, 16))


def test_a_network_and_itself():
    found = difference(PLAIN, PLAIN)
    assert {pair.status for pair in found.pairs} == {"same"}
    assert all(found.change(metric) == 0 for metric in METRICS)
    assert found.groups() == ()


def test_fewer_channels_are_a_change_of_the_same_layers():
    """conv2 loses half its filters: 8·8·9 weights, and conv3 half its inputs: 4·8·9."""
    fewer = network(conv("conv1", 8, 3), relu("relu1", 8), conv("conv2", 8, 8), relu("relu2", 8), conv("conv3", 4, 8))
    found = difference(PLAIN, fewer)
    assert told(found) == [
        "same conv1 conv1 name", "same relu1 relu1 name", "changed conv2 conv2 name", "changed relu2 relu2 name",
        "changed conv3 conv3 name",
    ]  # fmt: skip
    assert [pair.change("params") for pair in found.pairs] == [0, 0, -576, 0, -288]
    assert found.change("macs") == -64 * (576 + 288)
    assert found.pairs[3].change("activation_bytes") == -4 * 8 * 64
    assert found.pairs[2].differs() == (
        "weight_shape",
        "output_shape",
        "params",
        "macs",
        "weight_bytes",
        "activation_bytes",
    )
    assert total_changes(found) == {metric: found.change(metric) for metric in METRICS}


def test_a_convolution_made_of_three_is_one_group():
    """conv2 (16×8×3×3) by a step of rank 4: 4×8×1×1, 4×4×3×3, 16×4×1×1. Its neighbours stay."""
    low = network(
        conv("conv1", 8, 3), relu("relu1", 8), conv("conv2.a", 4, 8, kernel=1), conv("conv2.b", 4, 4),
        conv("conv2.c", 16, 4, kernel=1), relu("relu2", 16), conv("conv3", 4, 16),
    )  # fmt: skip
    found = difference(PLAIN, low)
    assert told(found) == [
        "same conv1 conv1 name", "same relu1 relu1 name", "removed conv2 · ·", "added · conv2.a ·",
        "added · conv2.b ·", "added · conv2.c ·", "same relu2 relu2 name", "same conv3 conv3 name",
    ]  # fmt: skip
    assert [pair.group for pair in found.pairs] == [0, 0, 1, 1, 1, 1, 0, 0]
    assert [[pair.name for pair in group] for group in found.groups()] == [["conv2", "conv2.a", "conv2.b", "conv2.c"]]
    assert found.change("params") == (32 + 144 + 64) - 1152


def test_other_names_are_seen_through():
    """The same network by another exporter, and one of its convolutions with other filters."""
    other = network(conv("a", 8, 3), relu("b", 8), conv("c", 12, 8), relu("d", 12), conv("e", 4, 12))
    renamed = network(*(replace(layer, name=f"x{i}") for i, layer in enumerate(PLAIN.layers)))
    assert {(pair.status, pair.by) for pair in difference(PLAIN, renamed).pairs} == {("same", "structure")}
    assert told(difference(PLAIN, other)) == [
        "same conv1 a structure", "same relu1 b structure", "changed conv2 c structure", "changed relu2 d structure",
        "changed conv3 e structure",
    ]  # fmt: skip


def test_counted_names_that_moved_on_do_not_mislead():
    """A layer comes first, and Conv_0, Conv_2, Conv_4 are Conv_2, Conv_4, Conv_6 now."""

    def counted(layers):
        return network(*(replace(layer, name=f"{layer.op}_{i}") for i, layer in enumerate(layers)))

    first = conv("", 8, 3), relu("", 8), conv("", 16, 8), relu("", 16), conv("", 4, 16)
    second = conv("", 3, 3), relu("", 3), *first
    assert told(difference(counted(first), counted(second))) == [
        "added · Conv_0 ·", "added · Relu_1 ·", "same Conv_0 Conv_2 structure", "same Relu_1 Relu_3 structure",
        "same Conv_2 Conv_4 structure", "same Relu_3 Relu_5 structure", "same Conv_4 Conv_6 structure",
    ]  # fmt: skip


def test_branches_written_in_another_order_keep_their_layers():
    one = network(conv("left", 8, 3), conv("right", 4, 3), conv("end", 2, 12))
    two = network(conv("right", 4, 3), conv("left", 8, 3), conv("end", 2, 12))
    found = difference(one, two)
    assert {pair.status for pair in found.pairs} == {"same"}
    assert [pair.name for pair in found.pairs] == ["right", "left", "end"]


def test_unknown_is_not_nought():
    odd = LayerCost("odd", "own::Thing", "other", None, None, None, None, None, None, None, None)
    found = difference(network(conv("conv1", 8, 3)), network(conv("conv1", 8, 3), odd))
    assert found.pairs[1].change("params") is None
    assert found.change("params") == 0
    assert found.of("added") == (found.pairs[1],)


def test_empty_networks():
    assert difference(network(), network()).pairs == ()
    assert [pair.status for pair in difference(network(), PLAIN).pairs] == ["added"] * 5
    assert [pair.status for pair in difference(PLAIN, network()).pairs] == ["removed"] * 5


def test_real_networks():
    """The demo network is LeNet-5 with other weights. VGG-16 has nothing of it but a few kinds of layers."""
    lenet, vgg = breakdown(zoo.build("LeNet-5")), breakdown(zoo.build("VGG-16"))
    assert {pair.status for pair in difference(lenet, breakdown(zoo.build("LeNet-5-digits"))).pairs} == {"same"}
    found = difference(lenet, vgg)
    assert found.change("params") == 138_357_544 - 431_080
    assert found.change("macs", "fc") == 123_633_664 - 405_000
    assert from_plain(to_plain(found), type(found)) == found


LAYERS = st.lists(
    st.one_of(
        st.builds(conv, st.sampled_from("abcdef"), st.integers(1, 3), st.integers(1, 3)),
        st.builds(relu, st.sampled_from(["r", "s", "Relu_1"]), st.integers(1, 3)),
    ),
    max_size=10,
).map(lambda layers: network(*layers))


@settings(max_examples=200, deadline=None)
@given(LAYERS, LAYERS)
def test_for_any_two(a, b):
    found, back = difference(a, b), difference(b, a)
    # every layer is in one pair, and only there
    assert [p.b for p in found.pairs if p.b is not None] == list(b.layers)
    assert sorted(map(repr, (p.a for p in found.pairs if p.a is not None))) == sorted(map(repr, a.layers))
    # changes add up to the difference of the totals, in all and by kind
    for metric in METRICS:
        assert found.change(metric) == getattr(b.totals(), metric) - getattr(a.totals(), metric)
        for kind in ("conv", "other"):
            assert found.change(metric, kind) == getattr(b.totals(kind), metric) - getattr(a.totals(kind), metric)
    # the other way round, what came has gone, and the same are the same
    for one, other in (("added", "removed"), ("removed", "added"), ("same", "same"), ("changed", "changed")):
        assert len(found.of(one)) == len(back.of(other))
    matched = sorted((repr(p.a), repr(p.b)) for p in found.pairs if p.a and p.b)
    assert matched == sorted((repr(p.b), repr(p.a)) for p in back.pairs if p.a and p.b)
    # only one operator stands for another of its kind
    assert all(p.a.op == p.b.op for p in found.pairs if p.a and p.b)


@settings(max_examples=100, deadline=None)
@given(LAYERS, st.data())
def test_what_was_put_in_is_what_was_added(a, data):
    """Layers with names of their own, put anywhere: they alone are added, nothing else moves."""
    layers = [replace(layer, name=f"{layer.name}{i}") for i, layer in enumerate(a.layers)]
    many = list(layers)
    for number in range(data.draw(st.integers(1, 4))):
        many.insert(data.draw(st.integers(0, len(many))), conv(f"new{number}", 9, 9))
    found = difference(network(*layers), network(*many))
    assert {pair.name for pair in found.of("added")} == {layer.name for layer in many} - {
        layer.name for layer in layers
    }
    assert len(found.of("same")) == len(layers)


def test_three_thousand_layers_of_other_names():
    """One shape throughout gives two million candidate pairs by shape: they are left out, and places are compared."""
    deep = [layer for i in range(1500) for layer in (conv(f"c{i}", 8, 8), relu(f"r{i}", 8))]
    renamed = [replace(layer, name=f"/{layer.name}") for layer in deep]
    assert {pair.status for pair in difference(network(*deep), network(*renamed)).pairs} == {"same"}
    kept = difference(network(*deep), network(*deep[:1000], conv("extra", 8, 8), *deep[1000:]))
    assert [pair.name for pair in kept.pairs if pair.status != "same"] == ["extra"]
