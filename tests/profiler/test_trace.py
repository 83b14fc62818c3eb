"""Kernels to layers, on events that ONNX Runtime 1.32.0 wrote (CPU, x86-64, all optimisations, one thread)."""

import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from profiler import zoo
from profiler.network import save
from profiler.trace import KernelTime, Outline, OutlineNode, kernel_times, match, outline


def events(*rows):
    """Whole events, from (name, operator, start, duration); a run has no operator."""
    return [
        {
            "cat": "Node" if op else "Session", "pid": 1, "tid": 1, "ph": "X", "name": name, "ts": ts, "dur": dur,
            "args": {"op_name": op, "provider": "CPUExecutionProvider"} if op else {},
        }
        for name, op, ts, dur in rows
    ]  # fmt: skip


LENET = events(
    ("model_loading_uri", "", 3, 3793),
    ("session_initialization", "", 3834, 8814),
    ("conv1_out_nchwc_kernel_time", "Conv", 12991, 88),
    ("ReorderOutput_token_6_kernel_time", "ReorderOutput", 13086, 20),
    ("pool1_kernel_time", "MaxPool", 13112, 16),
    ("ReorderInput_kernel_time", "ReorderInput", 13133, 8),
    ("conv2_out_nchwc_kernel_time", "Conv", 13145, 83),
    ("ReorderOutput_kernel_time", "ReorderOutput", 13233, 7),
    ("pool2_kernel_time", "MaxPool", 13244, 8),
    ("flatten_kernel_time", "Flatten", 13259, 7),
    ("fused fc1_kernel_time", "FusedGemm", 13269, 88),
    ("fc2_kernel_time", "Gemm", 13363, 8),
    ("prob_kernel_time", "Softmax", 13376, 13),
    ("SequentialExecutor::Execute", "", 12985, 411),
    ("model_run", "", 12970, 437),
    ("conv1_out_nchwc_kernel_time", "Conv", 13827, 31),
    ("ReorderOutput_token_6_kernel_time", "ReorderOutput", 13863, 9),
    ("pool1_kernel_time", "MaxPool", 13877, 12),
    ("ReorderInput_kernel_time", "ReorderInput", 13894, 6),
    ("conv2_out_nchwc_kernel_time", "Conv", 13904, 83),
    ("ReorderOutput_kernel_time", "ReorderOutput", 13992, 5),
    ("pool2_kernel_time", "MaxPool", 14000, 8),
    ("flatten_kernel_time", "Flatten", 14011, 5),
    ("fused fc1_kernel_time", "FusedGemm", 14019, 67),
    ("fc2_kernel_time", "Gemm", 14091, 7),
    ("prob_kernel_time", "Softmax", 14101, 7),
    ("SequentialExecutor::Execute", "", 13823, 286),
    ("model_run", "", 13817, 300),
)

RESNET = events(
    ("relu1_out_nchwc_kernel_time", "Conv", 2654, 28),
    ("stage1.relu1_out_nchwc_kernel_time", "Conv", 2685, 40),
    ("stage1.norm2_out_nchwc_kernel_time", "Conv", 2727, 39),
    ("stage2.relu1_out_nchwc_kernel_time", "Conv", 2771, 21),
    ("stage2.shortcut_norm_out_nchwc_kernel_time", "Conv", 2794, 7),
    ("stage2.norm2_out_nchwc_kernel_time", "Conv", 2804, 35),
    ("stage3.relu1_out_nchwc_kernel_time", "Conv", 2842, 22),
    ("stage3.shortcut_norm_out_nchwc_kernel_time", "Conv", 2867, 6),
    ("stage3.norm2_out_nchwc_kernel_time", "Conv", 2876, 40),
    ("pool_out_nchwc_kernel_time", "GlobalAveragePool", 2919, 4),
    ("ReorderOutput_kernel_time", "ReorderOutput", 2926, 5),
    ("flatten_kernel_time", "Flatten", 2933, 4),
    ("fc_kernel_time", "Gemm", 2939, 7),
    ("prob_kernel_time", "Softmax", 2949, 6),
    ("model_run", "", 2639, 326),
)


def test_lenet_layers_and_runs():
    rows, unmatched = match(kernel_times(LENET), outline(zoo.build("LeNet-5")))
    assert [(row.name, row.microseconds) for row in rows] == [
        ("conv1", (88, 31)),
        ("pool1", (16, 12)),
        ("conv2", (83, 83)),
        ("pool2", (8, 8)),
        ("flatten", (7, 5)),
        ("fc1 + relu1", (88, 67)),
        ("fc2", (8, 7)),
        ("prob", (13, 7)),
    ]
    assert rows[5].covers == ("fc1", "relu1")
    assert unmatched == (20 + 8 + 7, 9 + 6 + 5)


def test_no_time_is_lost_or_counted_twice():
    rows, unmatched = match(kernel_times(LENET), outline(zoo.build("LeNet-5")))
    for run in (0, 1):
        total = sum(e["dur"] for e in LENET if e["cat"] == "Node" and (e["ts"] > 13800) == bool(run))
        assert sum(row.microseconds[run] for row in rows) + unmatched[run] == total


def test_a_residual_sum_belongs_to_the_convolution_that_ran_last():
    """Each block's Add and ReLU wait for conv2, also where the shortcut has a convolution of its own."""
    rows, unmatched = match(kernel_times(RESNET), outline(zoo.build("ResNet-8")))
    times = {row.covers: row.microseconds for row in rows}
    assert times["conv1", "norm1", "relu1"] == (28,)
    assert times["stage1.conv2", "stage1.norm2", "stage1.add", "stage1.relu2"] == (39,)
    assert times["stage2.conv2", "stage2.norm2", "stage2.add", "stage2.relu2"] == (35,)
    assert times["stage2.shortcut", "stage2.shortcut_norm"] == (7,)
    assert times["stage3.conv2", "stage3.norm2", "stage3.add", "stage3.relu2"] == (40,)
    assert times[("pool",)] == (4,)
    assert unmatched == (5,)
    covered = [name for row in rows for name in row.covers]
    assert sorted(covered) == sorted(node.name for node in outline(zoo.build("ResNet-8")).nodes)


def chain(*nodes):
    """An outline from (name, operator, inputs, output)."""
    return Outline(tuple(OutlineNode(name, op, tuple(inputs), (output,)) for name, op, inputs, output in nodes))


@pytest.mark.parametrize(
    ("graph", "kernels", "covers"),
    [
        # MatMul and Add become a Gemm, with the ReLU inside
        (
            [("mm1", "MatMul", ["x", "w"], "mm"), ("bias1", "Add", ["mm", "b"], "ad"), ("act1", "Relu", ["ad"], "y")],
            [("fused mm1/MatMulAddFusion", "FusedGemm")],
            [("mm1", "bias1", "act1")],
        ),
        # padding goes into the convolution, the clip behind it too
        (
            [("pad1", "Pad", ["x", "p"], "pd"), ("cv1", "Conv", ["pd", "w"], "c"), ("relu6", "Clip", ["c"], "y")],
            [("y_nchwc", "Conv"), ("ReorderOutput", "ReorderOutput")],
            [("pad1", "cv1", "relu6")],
        ),
        # HardSwish is taken apart: nobody's kernels bear its name, and it did not go into the convolution
        (
            [
                ("dw1", "Conv", ["x", "w"], "c"), ("bn1", "BatchNormalization", ["c"], "bn"),
                ("hs", "HardSwish", ["bn"], "y"),
            ],
            [
                ("ReorderInput", "ReorderInput"), ("bn_nchwc", "Conv"),
                ("HardSigmoid_3", "HardSigmoid"), ("Mul_4", "Mul"),
            ],
            [("dw1", "bn1")],
        ),
        # x · sigmoid(x) becomes one kernel; the Identity behind it vanishes
        (
            [
                ("cv", "Conv", ["x", "w"], "c"), ("sg", "Sigmoid", ["c"], "s"), ("mul", "Mul", ["c", "s"], "m"),
                ("idn", "Identity", ["m"], "i"), ("cv2", "Conv", ["i", "v"], "y"),
            ],
            [("c_nchwc", "Conv"), ("mul/QuickGeluFusion/", "QuickGelu"), ("y_nchwc", "Conv")],
            [("cv",), ("sg", "mul"), ("cv2",)],
        ),
        # a layer normalisation written out
        (
            [
                ("rm", "ReduceMean", ["x"], "m"), ("sub", "Sub", ["x", "m"], "d"), ("pow", "Pow", ["d", "2"], "p"),
                ("rm2", "ReduceMean", ["p"], "v"), ("sqrt", "Sqrt", ["v"], "q"), ("div", "Div", ["d", "q"], "n"),
                ("mulg", "Mul", ["n", "g"], "mg"), ("addb", "Add", ["mg", "b"], "y"),
            ],
            [("mulg/LayerNormFusion/", "LayerNormalization")],
            [("rm", "sub", "pow", "rm2", "sqrt", "div", "mulg", "addb")],
        ),
        # attention's scaled product, with the transposition inside
        (
            [
                ("tr", "Transpose", ["x"], "t"), ("attn", "MatMul", ["t", "x"], "a"), ("scale", "Mul", ["a", "k"], "s"),
                ("sm", "Softmax", ["s"], "e"), ("mmw", "MatMul", ["e", "w"], "y"),
            ],
            [("attn/MatmulTransposeFusion//MatMulScaleFusion/", "FusedMatMul"), ("sm", "Softmax"), ("mmw", "MatMul")],
            [("tr", "attn", "scale"), ("sm",), ("mmw",)],
        ),
        # a quantised convolution, called after its node with a token
        (
            [
                ("q0", "QuantizeLinear", ["x"], "q"), ("dq0", "DequantizeLinear", ["q"], "dq"),
                ("dqw", "DequantizeLinear", ["wq"], "wd"), ("qc", "Conv", ["dq", "wd"], "c"),
                ("qr", "Relu", ["c"], "r"),
                ("q1", "QuantizeLinear", ["r"], "q1o"), ("dq1", "DequantizeLinear", ["q1o"], "y"),
            ],
            [
                ("q0", "QuantizeLinear"), ("Transpose", "Transpose"), ("qc_token_1", "QLinearConv"),
                ("Transpose_token_0", "Transpose"), ("dq1", "DequantizeLinear"),
            ],
            [("q0",), ("dq0", "dqw", "qc", "qr", "q1"), ("dq1",)],
        ),
        # a normalisation that became a convolution of its own, and a product by channel
        (
            [
                ("p", "MaxPool", ["x"], "po"), ("bn", "BatchNormalization", ["po"], "bo"),
                ("m", "Mul", ["bo", "k"], "mo"), ("c", "Conv", ["mo", "w"], "y"),
            ],
            [
                ("po_nchwc", "MaxPool"), ("bo_bn_nchwc", "Conv"), ("mo_mul_nchwc", "Conv"), ("y_nchwc", "Conv"),
            ],
            [("p",), ("bn",), ("m",), ("c",)],
        ),
        # a ReLU that has its own kernel is not taken from it
        (
            [("c", "Conv", ["x", "w"], "h"), ("r", "Relu", ["h"], "y")],
            [("c", "Conv"), ("r", "Relu")],
            [("c",), ("r",)],
        ),
        # PyTorch's names have slashes of their own
        (
            [("/layer/conv/Conv", "Conv", ["x", "w"], "/layer/conv/Conv_output_0")],
            [("/layer/conv/Conv_output_0_nchwc", "Conv")],
            [("/layer/conv/Conv",)],
        ),
    ],
)  # fmt: skip
def test_what_a_fused_kernel_covers(graph, kernels, covers):
    rows, unmatched = match([KernelTime(name, op, (1.0, 2.0)) for name, op in kernels], chain(*graph))
    assert [row.covers for row in rows] == covers
    assert sum(row.microseconds[1] for row in rows) + unmatched[1] == 2 * len(kernels)


def test_kernels_inside_a_branch_are_part_of_its_time():
    inside = events(
        ("choose_kernel_time", "If", 100, 50), ("inner_kernel_time", "Relu", 110, 20),
        ("after_kernel_time", "Relu", 150, 5),
        ("model_run", "", 90, 80),
    )  # fmt: skip
    assert kernel_times(inside) == [KernelTime("choose", "If", (50,)), KernelTime("after", "Relu", (5,))]


def test_what_is_no_kernel_is_left_out():
    """Older runtimes write fences around each kernel; nothing outside a run counts."""
    old = events(
        ("conv1_fence_before", "Conv", 100, 1), ("conv1_kernel_time", "Conv", 101, 9),
        ("conv1_fence_after", "Conv", 110, 1),
        ("model_run", "", 95, 30), ("conv1_kernel_time", "Conv", 10, 9),
    )  # fmt: skip
    assert kernel_times(old) == [KernelTime("conv1", "Conv", (9,))]
    assert kernel_times([]) == []
    assert match([], Outline(())) == ((), ())


def test_an_outline_has_no_constants(make):
    network = make(
        "g (float[1,2] x) => (float[1,2] y) { w = Constant <value = float[2,2] {1, 2, 3, 4}> ()  y = MatMul (x, w) }"
    )
    assert outline(network) == Outline((OutlineNode("MatMul_1", "MatMul", ("x", "w"), ("y",)),))


@pytest.mark.parametrize("name", ["LeNet-5", "ResNet-8"])
def test_a_trace_of_the_installed_runtime(name, tmp_path):
    """Whatever its version: all time is accounted for, and every layer with weights is found."""
    network = zoo.build(name)
    save(network, tmp_path / "n.onnx")
    options = ort.SessionOptions()
    options.enable_profiling = True
    options.intra_op_num_threads = 1
    options.profile_file_prefix = str(tmp_path / "trace")
    session = ort.InferenceSession(str(tmp_path / "n.onnx"), options, providers=["CPUExecutionProvider"])
    for _ in range(3):
        session.run(None, {"input": np.zeros((1, 1, 28, 28), np.float32)})
    kernels = kernel_times(json.loads(Path(session.end_profiling()).read_text()))
    rows, unmatched = match(kernels, outline(network))
    covered = {layer for row in rows for layer in row.covers}
    heavy = {node.name for node in outline(network).nodes if node.op in ("Conv", "Gemm")}
    assert heavy <= covered
    for run in range(3):
        total = sum(kernel.runs_us[run] for kernel in kernels)
        assert sum(row.microseconds[run] for row in rows) + unmatched[run] == pytest.approx(total)
