"""Fusion in words and lines, for kernels written down by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.fusion_story import (
    aside,
    change_words,
    drawing,
    headline,
    kernel_lines,
    short_op,
    sibling_input,
    sibling_story,
    together,
)
from profiler.breakdown import Breakdown, LayerCost
from profiler.fusion import Fusion, Kernel, Siblings


def layer(name: str, op: str, kind: str) -> LayerCost:
    return LayerCost(name, op, kind, None, None, None, 0, 0, 0, 0, 0)  # type: ignore[arg-type]


def alone(name: str, op: str, read: int | None = 60, written: int | None = 40) -> Kernel:
    return Kernel(name, op, (name,), read, written)


@pytest.fixture
def block() -> tuple[Fusion, Breakdown]:
    """The end of a residual block: the runtime does conv3 only once the shortcut is there, and then adds to it."""
    names = (("conv3", "Conv"), ("bn3", "BatchNormalization"), ("short", "Conv"), ("add", "Add"), ("drop", "Dropout"))
    before = tuple(alone(*one) for one in names)
    after = (
        Kernel("short_nchwc", "com.microsoft.nchwc::Conv", ("short",), 60, 40, 30),
        Kernel("reorder", "com.microsoft.nchwc::ReorderOutput", (), 40, 40),
        Kernel("conv3_nchwc", "com.microsoft.nchwc::Conv", ("conv3", "bn3", "add"), 100, 40, 30),
    )
    found = Fusion("block", before, after, (), 500, 320, "ONNX Runtime 1.20.0, CPU, all optimisations",
                   vanished=("drop",), added=("reorder",))  # fmt: skip
    kinds = {"Conv": "conv"}
    return found, Breakdown("block", {}, 13, tuple(layer(name, op, kinds.get(op, "other")) for name, op in names))


def test_the_lines_are_the_file_s_and_added_kernels_stand_behind_what_ran_before_them(block):
    drawn = drawing(*block)
    assert [(row.layer, row.kernel) for row in drawn.rows] == [
        ("conv3", 2), ("bn3", 2), ("short", 0), ("", 1), ("add", 2), ("drop", -1)
    ]  # fmt: skip
    assert [row.kind for row in drawn.rows] == ["conv", "other", "conv", "other", "other", "other"]


def test_what_lies_within_a_kernel_s_lines_and_is_not_its_own_is_inset(block):
    blocks = {one.kernel.name: one for one in drawing(*block).blocks}
    assert [(one.first, one.last, one.inset) for one in blocks.values()] == [(2, 2, 1), (3, 3, 1), (0, 4, 0)]
    assert (blocks["conv3_nchwc"].title, blocks["conv3_nchwc"].kind) == ("Conv + BatchNormalization + Add", "conv")
    assert blocks["conv3_nchwc"].apart_bytes == 300
    assert (blocks["reorder"].title, blocks["reorder"].added) == ("ReorderOutput", True)


def test_a_layer_that_two_kernels_do_has_a_line_for_each():
    found = Fusion("n", (alone("gelu", "Gelu"),), (alone("a", "Mul"), alone("b", "Erf")), (), 100, 200, "x")
    taken = Fusion(
        "n", found.before, tuple(Kernel(k.name, k.op, ("gelu",), 60, 40) for k in found.after), (), 100, 200, "x"
    )
    drawn = drawing(taken, Breakdown("n", {}, 13, ()))
    assert [(row.layer, row.kernel) for row in drawn.rows] == [("gelu", 0), ("gelu", 1)]
    assert drawn.rows_of("gelu") == (0, 1)
    assert drawn.rows_of("nobody") is None
    assert drawn.rows_of("") is None


def test_the_headline_and_what_it_leaves_out(block):
    """500 bytes are 180 more than 320, which is 36 % of 500."""
    assert headline(block[0]) == "5 nodes → 3 kernels · memory traffic 500 bytes → 320 bytes, 36 % less"
    said = "ONNX Runtime 1.20.0 on this computer · 1 kernel added by the runtime · 1 layer folded away"
    assert aside(block[0]) == said


def test_sizes_that_are_not_known_are_not_nought():
    found = Fusion("n", (alone("a", "Conv", None),), (alone("a", "Conv", None),), (), None, None, "ONNX Runtime 1.0")
    assert headline(found) == "1 node → 1 kernel · memory traffic not known"
    (only,) = drawing(found, Breakdown("n", {}, 13, ())).blocks
    assert only.apart_bytes is None
    assert dict(kernel_lines(only))["Reads"] == "not known"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (200, 100, "50 % less"),
        (100, 101, "1 % more"),
        (1000, 1001, "as much"),
        (None, 5, ""),
        (5, None, ""),
        (0, 5, ""),
    ],
)
def test_changes(before, after, said):
    assert change_words(before, after) == said


def test_all_figures_of_a_kernel(block):
    lines = dict(kernel_lines(drawing(*block).blocks[2]))
    assert lines == {
        "Runs as": "com.microsoft.nchwc::Conv",
        "Does": "conv3, bn3 and add",
        "Reads": "100 bytes, weights 30 bytes",
        "Writes": "40 bytes",
        "Its layers apart": "300 bytes: now 53 % less",
    }
    assert "Does" not in dict(kernel_lines(drawing(*block).blocks[1]))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["layer1.0.conv1", "layer1.0.bn1", "layer1.0.relu"], "layer1.0.conv1 + bn1 + relu"),
        (["inception_3a/1x1", "inception_3a/3x3_reduce"], "inception_3a/1x1 + 3x3_reduce"),
        (["conv1", "conv2"], "conv1 + conv2"),
        (["a/b", "a/b/c"], "a/b + b/c"),
        (["one"], "one"),
        ([], ""),
    ],
)
def test_names_together(names, said):
    assert together(names) == said


def test_siblings_say_what_merging_takes():
    """64 + 96 filters; each would write 4 bytes a value into its own part."""
    group = Siblings("pool_out", "pool", ("a", "b"), "Conv", ((64, 192, 1, 1), (96, 192, 1, 1)), 602_112, 501_760, 1, 9)
    assert sibling_story(group) == "160 filters in one; without slices of a result, 502 kB must be copied"
    assert sibling_input(group) == "pool"
    assert sibling_input(Siblings("data", "", ("a", "b"), "Gemm", (), None, None, 1, None)) == "data"
    assert short_op("com.microsoft::FusedGemm") == "FusedGemm"


@given(st.lists(st.lists(st.integers(0, 7), max_size=4, unique=True), max_size=9))
def test_every_layer_has_a_line_and_every_kernel_a_block_over_its_own(covers):
    layers = [f"l{n}" for n in range(8)]
    after = tuple(Kernel(f"k{n}", "Op", tuple(layers[one] for one in some), 1, 1) for n, some in enumerate(covers))
    found = Fusion("n", tuple(alone(name, "Conv") for name in layers), after, (), 800, 2, "x")
    drawn = drawing(found, Breakdown("n", {}, 13, ()))
    assert list(dict.fromkeys(row.layer for row in drawn.rows if row.layer)) == layers
    assert [block.kernel for block in drawn.blocks] == list(after)
    for block in drawn.blocks:
        lines = [line for line, row in enumerate(drawn.rows) if row.kernel == block.place]
        assert (block.first, block.last) == (lines[0], lines[-1])
        assert {drawn.rows[line].layer for line in lines} == set(block.kernel.covers or ("",))
