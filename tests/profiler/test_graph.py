"""The graph of a network, its blocks, and where its boxes go."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiler.breakdown import Breakdown, LayerCost, breakdown
from profiler.graph import all_folds, around, graph_of, overview, shown
from profiler.graph_layout import lay_out
from profiler.zoo import build


def layer(name, *reads, op="Relu", kind="other", shape=(1, 8, 4, 4), macs=0, **geometry) -> LayerCost:
    return LayerCost(name, op, kind, shape, None, shape, 0, macs, 0, 0, 64, geometry=geometry, reads=reads)


def network(*layers: LayerCost) -> Breakdown:
    return Breakdown("written", {"x": (1, 8, 4, 4)}, 13, layers)


def residual(name: str, before: str) -> list[LayerCost]:
    """conv, relu, conv, and the sum with what came in."""
    return [
        layer(f"{name}.conv1", before, op="Conv", kind="conv", macs=100, kernel=(3, 3)),
        layer(f"{name}.relu", f"{name}.conv1"),
        layer(f"{name}.conv2", f"{name}.relu", op="Conv", kind="conv", macs=200, kernel=(3, 3)),
        layer(f"{name}.add", f"{name}.conv2", before, op="Add"),
    ]


def stages(*names: str) -> Breakdown:
    layers = [layer("stem", op="Conv", kind="conv", macs=50, kernel=(7, 7))]
    for name in names:
        layers += residual(name, layers[-1].name)
    return network(*layers, layer("out", layers[-1].name, op="Softmax"))


# ---- the graph


def test_edges_bear_what_flows_along_them():
    graph = graph_of(network(layer("a", shape=(1, 3, 9, 9)), layer("b", "a"), layer("c", "a", "b")))
    assert [(e.source, e.target, e.shape) for e in graph.edges] == [
        (0, 1, (1, 3, 9, 9)), (0, 2, (1, 3, 9, 9)), (1, 2, (1, 8, 4, 4))
    ]  # fmt: skip


def test_layers_stand_after_what_they_read_whatever_the_file_says():
    graph = graph_of(network(layer("c", "b"), layer("a"), layer("b", "a"), layer("d")))
    assert [layer.name for layer in graph.layers] == ["a", "b", "c", "d"]
    assert all(edge.source < edge.target for edge in graph.edges)


def test_a_loop_and_unknown_neighbours_end_in_a_graph_all_the_same():
    graph = graph_of(network(layer("a", "b", "nobody"), layer("b", "a"), layer("c", "c")))
    assert sorted(layer.name for layer in graph.layers) == ["a", "b", "c"]


# ---- blocks


def test_blocks_have_the_names_that_layers_share():
    odd = [one if one.op != "Relu" else layer(one.name, *one.reads, op="Elu") for one in residual("layer2.0", "mid")]
    counted = network(*stages("layer1.0").layers[:5], layer("mid", "layer1.0.add", op="MaxPool"), *odd)
    folds = graph_of(counted).folds
    assert [(f.title, f.first, f.last, f.repeats) for f in folds] == [("layer1.0", 1, 4, 1), ("layer2.0", 6, 9, 1)]


def test_alike_blocks_in_a_row_are_one_that_comes_several_times():
    graph = graph_of(stages("layer1.0", "layer1.1", "layer1.2"))
    (fold,) = graph.folds
    assert (fold.title, fold.repeats, fold.size) == ("layer1", 3, 12)
    assert [inner.title for inner in fold.inner] == ["layer1.0", "layer1.1", "layer1.2"]


def test_a_block_that_is_wired_otherwise_is_not_alike():
    layers = [layer("stem", op="Conv", kind="conv", kernel=(7, 7))]
    for name in ("layer1.0", "layer1.1"):
        layers += residual(name, layers[-1].name)
    plain = [one if one.name != "layer1.1.add" else layer("layer1.1.add", "layer1.1.conv2", "layer1.1.relu", op="Add")
             for one in layers]  # fmt: skip
    (alike,) = graph_of(network(*layers, layer("end", layers[-1].name, op="Softmax"))).folds
    (other,) = graph_of(network(*plain, layer("end", layers[-1].name, op="Softmax"))).folds
    assert (alike.repeats, other.repeats) == (2, 1)


def test_repeats_are_found_without_names_and_cut_before_a_layer_with_weights():
    """Conv_1 Relu_2 Conv_3 Add_4, three times: as exporters name them."""
    layers, before = [layer("Conv_0", op="Conv", kind="conv", kernel=(7, 7))], "Conv_0"
    for block in range(3):
        for part, one in enumerate(residual("b", before)):
            number = 1 + 4 * block + part
            reads = [f"{layers[-1].op}_{number - 1}", *([before] if one.op == "Add" else [])]
            layers.append(layer(f"{one.op}_{number}", *reads, op=one.op, kind=one.kind, **one.geometry))
        before = layers[-1].name
    (fold,) = graph_of(network(*layers, layer("end", before, op="Softmax"))).folds
    assert (fold.title, fold.repeats, fold.first, fold.last) == ("Conv_1 … Add_12", 3, 1, 12)
    assert [inner.title for inner in fold.inner] == ["Conv_1 … Add_4", "Conv_5 … Add_8", "Conv_9 … Add_12"]


def test_names_of_exporters_say_each_module_once():
    names = ["/layer1/layer1.0/conv1/Conv", "/layer1/layer1.0/relu/Relu", "/layer1/layer1.0/conv2/Conv", "/fc/Gemm"]
    layers = [layer(n, *names[i - 1 : i], op=n.rpartition("/")[2] + str(i)) for i, n in enumerate(names)]
    (fold,) = graph_of(network(*layers)).folds
    assert (fold.title, fold.first, fold.last) == ("layer1.0", 0, 2)


def test_the_blocks_of_resnet_50_are_those_of_the_paper():
    """Table 1 of He et al. 2015: 3, 4, 6 and 3 bottlenecks; the first of each stage has a projection, so it differs."""
    graph = graph_of(breakdown(build("ResNet-50")))
    assert [fold.title for fold in graph.folds] == ["layer1", "layer2", "layer3", "layer4"]
    repeats = [[inner.repeats for inner in fold.inner] for fold in graph.folds]
    assert repeats == [[1, 2], [1, 3], [1, 5], [1, 2]]


def test_googlenet_folds_into_its_nine_inceptions():
    graph = graph_of(breakdown(build("GoogLeNet")))
    held = [fold.title for fold in graph.folds if fold.title.startswith("inception")]
    assert held == [f"inception_{name}" for name in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")]


def test_a_first_look_shows_few_boxes_of_a_large_network_and_all_of_a_small_one():
    large, small = graph_of(breakdown(build("ResNet-50"))), graph_of(breakdown(build("AlexNet")))
    assert len(shown(large, overview(large)).nodes) == 15
    assert len(shown(small, overview(small)).nodes) == len(small.layers) == 22


# ---- folding


def test_a_folded_block_is_one_node_of_its_heaviest_kind():
    graph = graph_of(stages("layer1.0", "layer1.1"))
    folded = shown(graph, ())
    assert [(n.title, n.layer, n.kind, n.repeats) for n in folded.nodes] == [
        ("stem", "stem", "conv", 1), ("layer1", "layer1.0.conv2", "conv", 2), ("out", "out", "other", 1)
    ]  # fmt: skip
    assert [(e.source, e.target) for e in folded.edges] == [(0, 1), (1, 2)]


def test_a_block_inside_a_folded_one_stays_hidden():
    graph = graph_of(stages("layer1.0", "layer1.1"))
    outer = graph.folds[0]
    assert len(shown(graph, [outer.inner[0].key]).nodes) == 3
    opened = shown(graph, [outer.key, outer.inner[0].key])
    assert [node.title for node in opened.nodes][1:6] == [
        "layer1.0.conv1", "layer1.0.relu", "layer1.0.conv2", "layer1.0.add", "layer1.1"
    ]  # fmt: skip
    assert [fold.key for fold in opened.opened] == [outer.key, outer.inner[0].key]
    assert opened.nodes[1].inside == outer.inner[0].key
    assert [fold.key for fold in around(graph, 1)] == [outer.key, outer.inner[0].key]


@st.composite
def dags(draw, most: int = 24):
    """Layers in running order; each reads some of those before. A few names are shared, so that there are blocks."""
    count = draw(st.integers(1, most))
    layers = []
    for index in range(count):
        reads = draw(st.lists(st.integers(0, max(index - 1, 0)), max_size=3, unique=True)) if index else []
        prefix = draw(st.sampled_from(["", "a.", "a.b.", "c/"]))
        names = [layers[read].name for read in reads]
        op = draw(st.sampled_from(["Conv", "Relu"]))
        layers.append(layer(f"{prefix}n{index}", *names, op=op, kind="conv" if op == "Conv" else "other"))
    return network(*layers)


@given(dags(), st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_whatever_is_open_every_layer_is_in_one_node_and_edges_lead_on(counted, random):
    graph = graph_of(counted)
    folds = list(all_folds(graph.folds))
    assert len({fold.key for fold in folds}) == len(folds)
    seen = shown(graph, [fold.key for fold in folds if random.random() < 0.5])
    held = [index for node in seen.nodes for index in range(node.first, node.last + 1)]
    assert held == list(range(len(graph.layers)))
    assert all(edge.source < edge.target for edge in seen.edges)
    of = {index: place for place, node in enumerate(seen.nodes) for index in range(node.first, node.last + 1)}
    wanted = {(of[e.source], of[e.target]) for e in graph.edges if of[e.source] != of[e.target]}
    assert {(e.source, e.target) for e in seen.edges} == wanted


# ---- places


def check(placed, heights, edges, air=None) -> None:
    """Nothing overlaps, every edge goes down from its source's lower edge to its target's upper one."""
    assert len(placed.boxes) == len(heights)
    assert [box[3] for box in placed.boxes] == list(heights)
    boxes = [(x, y, x + w, y + h) for x, y, w, h in placed.boxes]
    for place, (left, top, right, bottom) in enumerate(boxes):
        assert left >= -1
        assert top >= -1
        assert right <= placed.width + 1
        assert bottom <= placed.height + 1
        for other_left, other_top, other_right, other_bottom in boxes[:place]:
            apart = left >= other_right or other_left >= right or top >= other_bottom or other_top >= bottom
            assert apart, f"box {place} lies over another"
    for (source, target), line in zip(edges, placed.lines, strict=True):
        assert boxes[source][0] <= line[0][0] <= boxes[source][2]
        assert line[0][1] == pytest.approx(boxes[source][3], abs=0.6)
        assert boxes[target][0] <= line[-1][0] <= boxes[target][2]
        assert line[-1][1] == pytest.approx(boxes[target][1], abs=0.6)
        if placed.columns[source] == placed.columns[target]:
            assert boxes[target][1] >= boxes[source][3]


@st.composite
def drawings(draw):
    count = draw(st.integers(1, 22))
    heights = [draw(st.sampled_from([26.0, 44.0])) for _ in range(count)]
    edges = []
    for target in range(1, count):
        sources = draw(st.lists(st.integers(max(0, target - 6), target - 1), max_size=3, unique=True))
        edges += [(source, target) for source in sources]
    tight = [draw(st.booleans()) for _ in range(count)]
    air = [draw(st.sampled_from([(0.0, 0.0), (18.0, 0.0), (0.0, 8.0)])) for _ in range(count)]
    return heights, edges, tight, air


@given(drawings())
@settings(max_examples=120, deadline=None)
def test_boxes_do_not_overlap_and_edges_go_down(drawing):
    heights, edges, tight, air = drawing
    check(lay_out(150, heights, edges, tight, None, air), heights, edges)
    columns = lay_out(150, heights, edges, tight, (800, 300), air)
    check(columns, heights, edges)


def test_a_chain_stands_straight_and_what_is_tight_stands_close():
    placed = lay_out(100, [40, 20, 40], [(0, 1), (1, 2)], [False, True, False])
    assert [box[:2] for box in placed.boxes] == [(0, 0), (0, 44), (0, 92)]
    assert placed.lines == (((50, 40), (50, 44)), ((50, 64), (50, 92)))
    assert (placed.width, placed.height) == (100, 132)


def test_a_tall_drawing_is_set_in_columns_that_fill_its_room():
    heights, edges = [40.0] * 60, [(n, n + 1) for n in range(59)]
    alone, columns = lay_out(100, heights, edges), lay_out(100, heights, edges, (), (800, 500))
    assert max(columns.columns) >= 3
    assert columns.height < alone.height / 3
    check(columns, heights, edges)
    assert list(columns.columns) == sorted(columns.columns)
    led_on = [
        line for (a, b), line in zip(edges, columns.lines, strict=True) if columns.columns[a] != columns.columns[b]
    ]
    assert led_on
    assert all(min(y for _, y in line) == pytest.approx(0, abs=1) for line in led_on)


def test_alike_blocks_look_alike():
    """Twenty residual blocks: each skip has the same form, and the trunk is straight."""
    edges, blocks = [], 20
    for block in range(blocks):
        a = 3 * block
        edges += [(a, a + 1), (a + 1, a + 2), (a, a + 2), (a + 2, a + 3)]
    placed = lay_out(100, [30.0] * (3 * blocks + 1), edges)
    forms = set()
    for (source, target), line in zip(edges, placed.lines, strict=True):
        if target - source == 2:
            x, y = placed.boxes[source][:2]
            forms.add(tuple((round(a - x, 3), round(b - y, 3)) for a, b in line))
    assert len(forms) == 1
    assert len({round(box[0], 3) for box in placed.boxes}) == 1


def test_a_dense_block_is_drawn_with_a_bus_for_each_output():
    """Every one of twelve reads all before it: 66 edges, and no dummy vertices to drown in."""
    count = 13
    edges = [(a, b) for b in range(1, count) for a in range(b)]
    placed = lay_out(100, [30.0] * count, edges)
    check(placed, [30.0] * count, edges)
    assert placed.plain == 0
    assert placed.width < 2500


def test_what_is_too_much_for_the_library_is_still_placed(monkeypatch):
    monkeypatch.setattr("profiler.graph_place.MOST_DUMMIES", 3)
    edges = [(0, 1), (1, 2), (0, 3), (2, 3), (3, 4), (1, 5), (5, 6), (6, 7), (0, 7), (4, 7), (2, 7)]
    placed = lay_out(100, [30.0] * 8, edges)
    assert placed.plain == 1
    check(placed, [30.0] * 8, edges)


def test_an_edge_that_leads_up_is_refused():
    with pytest.raises(ValueError, match="leads up"):
        lay_out(100, [30.0, 30.0], [(1, 0)])


def test_nothing_at_all_is_a_drawing_of_no_size():
    placed = lay_out(100, [], [], (), (800, 500))
    assert (placed.boxes, placed.lines, placed.width, placed.height) == ((), (), 0, 0)
