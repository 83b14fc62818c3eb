"""Names that TensorRT, OpenCV and Caffe give, joined on the graph's. The forms are recorded ones; see each test."""

import pytest

from profiler import zoo
from profiler.trace import Outline, OutlineNode, outline
from profiler.trace_named import NamedTime, join, match_opencv, parted


def chain(*names: str, op: str = "Conv") -> Outline:
    """Nodes one behind the other; the value behind each is called NAME_out."""
    before = ("x", *(f"{name}_out" for name in names))
    return Outline(
        tuple(OutlineNode(name, op, (value,), (f"{name}_out",)) for name, value in zip(names, before, strict=False))
    )


def covers(name: str, graph: Outline) -> tuple[str, ...]:
    [row] = join([NamedTime(name, (1.0,))], graph)
    return row.covers


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        # NVIDIA/TensorRT issue 1293 (TensorRT 8.0) and issue 3842 (8.6)
        ("Conv_0 + Relu_1", ("Conv_0", "Relu_1")),
        ("Conv_5 + Add_6 + Relu_7", ("Conv_5", "Add_6", "Relu_7")),
        ("Reformatting CopyNode for Input Tensor 0 to Conv_0 + Relu_1", ()),
        ("Reformatting CopyNode for Output Tensor 0 to MaxPool_2", ()),
        ("node_of_Conv_5_out", ("Conv_5",)),
        # names of TensorRT's own: pointwise layers, siblings in one kernel, regions, helpers of its ONNX parser
        ("PWN(Relu_1)", ("Relu_1",)),
        ("PWN(PWN(Relu_1), Add_6)", ("Relu_1", "Add_6")),
        ("Conv_0 + PWN(Relu_1)", ("Conv_0", "Relu_1")),
        ("Conv_0 || Conv_5", ("Conv_0", "Conv_5")),
        ("{ForeignNode[Relu_1...Add_6]}", ("Relu_1", "MaxPool_2", "Conv_5", "Add_6")),
        ("{ForeignNode[Relu_1...gone]}", ()),
        ("reshape_after_Conv_5", ()),
        ("Conv_5_clone_1", ("Conv_5",)),
        ("(Unnamed Layer* 12) [Shuffle]", ()),
        # NetBonsai's prototxt: a normalisation is two layers
        ("Relu_1/scale", ("Relu_1",)),
        ("", ()),
        (" + ", ()),
    ],
)
def test_names_of_tensorrt(name, layers):
    assert covers(name, chain("Conv_0", "Relu_1", "MaxPool_2", "Conv_5", "Add_6", "Relu_7")) == layers


@pytest.mark.parametrize(
    "odd", ["PWN(a)", "a + b", "fc (1)", "a || b", "Reformatting CopyNode", "{ForeignNode[a...b]}"]
)
def test_a_layer_that_is_called_so_is_itself(odd):
    assert covers(odd, chain("a", odd, "b")) == (odd,)


def test_brackets_in_a_name_stay():
    assert covers("PWN(act (1))", chain("act (1)")) == ("act (1)",)


def test_rows_are_in_the_graphs_order_and_nobodys_behind_them():
    rows = [NamedTime("copy", (1.0,)), NamedTime("b", (2.0,)), NamedTime("a", (3.0,))]
    assert [row.name for row in join(rows, chain("a", "b"))] == ["a", "b", "copy"]


def test_kernels_that_share_a_layer_are_one_row():
    """TensorRT splits a layer in two, of which one is fused with the next: 1 + 2 µs and 10 + 20 µs."""
    rows = [NamedTime("a", (1.0, 10.0)), NamedTime("a + b", (2.0, 20.0)), NamedTime("c", (4.0, 40.0))]
    joined = join(rows, chain("a", "b", "c"))
    assert [(row.covers, row.microseconds) for row in joined] == [(("a", "b"), (3.0, 30.0)), (("c",), (4.0, 40.0))]


def test_a_row_that_joins_two_others():
    rows = [NamedTime(name, (time,)) for name, time in (("a", 1.0), ("b", 2.0), ("a + b", 4.0))]
    assert [(row.covers, row.microseconds) for row in join(rows, chain("a", "b"))] == [(("a", "b"), (7.0,))]


def test_what_is_known_beside_the_name_is_used_where_the_name_says_nothing():
    """TensorRT 8.6 on: “Metadata” of --exportLayerInfo names the ONNX layers of a kernel called __myl_…"""
    rows = [NamedTime("__myl_ReluConv_myl0_3", (5.0,))]
    [row] = join(rows, chain("a", "b"), {"__myl_ReluConv_myl0_3": ("b", "elsewhere")})
    assert row.covers == ("b",)


def test_parted():
    rows = join([NamedTime("a", (1.0, 2.0)), NamedTime("copy", (3.0, 4.0)), NamedTime("pad", (5.0, 6.0))], chain("a"))
    layers, unmatched = parted(rows)
    assert [layer.name for layer in layers] == ["a"]
    assert unmatched == (8.0, 10.0)


def opencv_rows(text: str) -> list[NamedTime]:
    return [NamedTime(name, (float(time),)) for name, time in (line.split() for line in text.splitlines() if line)]


RESNET = """
onnx_node!conv1 15.7
onnx_node!norm1 0
onnx_node!relu1 0
onnx_node!stage1.conv1 37.6
onnx_node!stage1.norm1 0
onnx_node!stage1.relu1 0
onnx_node!stage1.conv2 36.1
onnx_node!stage1.norm2 0
onnx_node!stage1.add 2.2
onnx_node!stage1.relu2 2.6
onnx_node!flatten/flatten 0.3
onnx_node!flatten 0.2
onnx_node!prob 0.5
prob_out 0.1
onnx_node!elsewhere 7
"""


@pytest.mark.parametrize("release", ["4.14", "4.5.5"])
def test_opencvs_layers(release):
    """As OpenCV 4.14 and 4.5.5 name and time ResNet-8 (seen with both): what took no time was fused into another."""
    text = RESNET
    if release == "4.5.5":  # by the first output; this is before “onnx_node!” came
        names = {line.split()[0] for line in RESNET.splitlines() if line.startswith("onnx")}
        for name in sorted(names, key=len, reverse=True):
            plain, slash, helper = name.removeprefix("onnx_node!").partition("/")
            text = text.replace(name + " ", f"{plain}_out{slash}{helper} ")
    rows, unmatched = match_opencv(opencv_rows(text), outline(zoo.build("ResNet-8")))
    times = {row.covers: row.microseconds for row in rows}
    assert times["conv1", "norm1", "relu1"] == (15.7,)
    assert times["stage1.conv1", "stage1.norm1", "stage1.relu1"] == (37.6,)
    assert times["stage1.conv2", "stage1.norm2"] == (36.1,)
    assert times[("stage1.add",)] == (2.2,)
    assert times[("flatten",)] == pytest.approx((0.5,))
    assert times[("prob",)] == pytest.approx((0.6,))
    assert unmatched == (7.0,)
