"""Fusion: by hand on small graphs, and against the kernels that ONNX Runtime's own profile lists when it runs them."""

import json
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import onnx_ir as ir
import onnxruntime as ort
import pytest

from profiler import zoo
from profiler.errors import BadInput
from profiler.fusion import Fusion, fusion
from profiler.network import Network, save
from profiler.plain import from_plain, to_plain

FLOAT = 4  # bytes


def kernels_that_ran(network, feeds, tmp_path):
    """How many nodes the runtime's profile of one run lists."""
    save(network, tmp_path / "n.onnx")
    options = ort.SessionOptions()
    options.enable_profiling = True
    options.log_severity_level = 4
    options.profile_file_prefix = str(tmp_path / "trace")
    session = ort.InferenceSession(str(tmp_path / "n.onnx"), options, providers=["CPUExecutionProvider"])
    session.run(None, feeds)
    events = json.loads(Path(session.end_profiling()).read_text())
    ran = [e for e in events if e.get("cat") == "Node" and e["name"].endswith("_kernel_time")]
    return len({e["args"]["node_index"] for e in ran})


def conv_norm_relu(make, channels=16, filters=32, size=8):
    source = np.random.default_rng(1)
    return make(
        f"""g (float[1,{channels},{size},{size}] x) => (float[1,{filters},{size},{size}] y) {{
            c = Conv <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (x, w)
            n = BatchNormalization (c, s, b, m, v)
            y = Relu (n)
        }}""",
        w=source.standard_normal((filters, channels, 3, 3)).astype(np.float32),
        s=np.ones(filters, np.float32),
        b=np.zeros(filters, np.float32),
        m=np.zeros(filters, np.float32),
        v=np.ones(filters, np.float32),
    )


def test_convolution_normalisation_and_relu_are_one_kernel(make):
    found = fusion(conv_norm_relu(make))
    own = [kernel for kernel in found.after if kernel.covers]
    assert [kernel.covers for kernel in own] == [("Conv_0", "BatchNormalization_1", "Relu_2")]
    assert found.vanished == ()
    assert {kernel.op.rpartition("::")[2] for kernel in found.after if not kernel.covers} <= {
        "ReorderInput", "ReorderOutput"
    }  # fmt: skip


def test_bytes_before_by_hand(make):
    """x: 16·8·8, c, n and y: 32·8·8, w: 32·16·9, four vectors of 32; all of four bytes."""
    x, y, w = FLOAT * 16 * 8 * 8, FLOAT * 32 * 8 * 8, FLOAT * 32 * 16 * 9
    found = fusion(conv_norm_relu(make))
    rows = [(k.name, k.read_bytes, k.written_bytes, k.weight_bytes) for k in found.before]
    assert rows == [
        ("Conv_0", x + w, y, w),
        ("BatchNormalization_1", y + 4 * 32 * FLOAT, y, 4 * 32 * FLOAT),
        ("Relu_2", y, y, 0),
    ]
    assert found.traffic_before_bytes == x + w + 5 * y + 4 * 32 * FLOAT


def test_bytes_after_by_hand(make):
    """The joined kernel reads the input, the filters and one bias; 16 and 32 channels fill whole blocks."""
    x, y, w = FLOAT * 16 * 8 * 8, FLOAT * 32 * 8 * 8, FLOAT * 32 * 16 * 9
    found = fusion(conv_norm_relu(make))
    joined = next(kernel for kernel in found.after if kernel.covers)
    assert (joined.read_bytes, joined.written_bytes) == (x + w + 32 * FLOAT, y)
    reordered = sum(2 * (x if kernel.op.endswith("Input") else y) for kernel in found.after if not kernel.covers)
    assert found.traffic_after_bytes == x + w + 32 * FLOAT + y + reordered
    assert found.saved_bytes == found.traffic_before_bytes - found.traffic_after_bytes


@pytest.mark.parametrize("name", ["LeNet-5", "ResNet-8"])
def test_as_many_kernels_as_the_runtimes_profile_has(name, tmp_path):
    network = zoo.build(name)
    found = fusion(network)
    assert len(found.after) == kernels_that_ran(network, {"input": np.zeros((1, 1, 28, 28), np.float32)}, tmp_path)
    assert len(found.before) == len(network.model.graph)
    covered = [layer for kernel in found.after for layer in kernel.covers]
    assert sorted(covered) == sorted(node.name for node in network.model.graph)  # each once


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("GoogLeNet", (1, 3, 224, 224)),
        ("SqueezeNet-1.1", (1, 3, 224, 224)),
        ("MobileNet-v3-small", (1, 3, 224, 224)),
        ("ResNet-20", (1, 3, 32, 32)),
    ],
)
def test_larger_networks_too(name, shape, tmp_path):
    """Branches, concatenations, gates that are multiplied in, shortcuts of slices and pads."""
    network = zoo.build(name)
    found = fusion(network)
    (x,) = network.inputs
    assert len(found.after) == kernels_that_ran(network, {x: np.zeros(shape, np.float32)}, tmp_path)
    covered = [layer for kernel in found.after for layer in kernel.covers]
    assert len(covered) == len(set(covered))
    assert {*covered, *found.vanished} == {kernel.name for kernel in found.before}
    own = {kernel.op.rpartition("::")[2] for kernel in found.after if not kernel.covers}
    assert own <= {"ReorderInput", "ReorderOutput"}
    assert found.traffic_after_bytes is not None


def test_the_branches_of_googlenet():
    """Each of the nine inception modules (Szegedy et al. 2015, table 1) begins with three 1 × 1 convolutions on one
    input; the fourth branch pools first."""
    found = fusion(zoo.build("GoogLeNet")).siblings
    modules = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
    assert [group.layers for group in found] == [
        tuple(f"inception_{module}/{part}" for part in ("1x1", "3x3_reduce", "5x5_reduce")) for module in modules
    ]
    first = found[0]
    assert first.weight_shapes == ((64, 192, 1, 1), (96, 192, 1, 1), (16, 192, 1, 1))
    assert (first.saved_kernels, first.saved_bytes) == (2, 2 * 192 * 28 * 28 * FLOAT)


def test_lenet_5_layer_by_layer():
    """Nothing follows its convolutions but pooling; its first fully connected layer takes the ReLU in."""
    covers = [kernel.covers for kernel in fusion(zoo.build("LeNet-5")).after if kernel.covers]
    assert covers == [
        ("conv1",), ("pool1",), ("conv2",), ("pool2",), ("flatten",), ("fc1", "relu1"), ("fc2",), ("prob",)
    ]  # fmt: skip


def test_a_flatten_moves_no_bytes():
    found = fusion(zoo.build("LeNet-5"))
    flat = [kernel for kernel in (*found.before, *found.after) if kernel.covers == ("flatten",)]
    assert [(kernel.read_bytes, kernel.written_bytes) for kernel in flat] == [(0, 0), (0, 0)]


def test_what_has_no_effect_vanishes(make, tmp_path):
    network = make(
        "g (float[1,4] x) => (float[1,3] y) { i = Identity (x)  d = Dropout (i)  m = MatMul (d, w)  y = Relu (m) }",
        w=np.ones((4, 3), np.float32),
    )
    found = fusion(network)
    assert found.vanished == ("Identity_0", "Dropout_1")
    assert len(found.after) == kernels_that_ran(network, {"x": np.zeros((1, 4), np.float32)}, tmp_path)


def test_sizes_worked_out_beforehand_vanish(make):
    """The shape of a fixed input is known: only the Reshape is left, which moves nothing."""
    network = make(
        """g (float[2,3,4] x) => (float[2,12] y) {
            s = Shape (x)  first = Gather (s, zero)  f = Unsqueeze (first, zero1)
            t = Concat <axis = 0> (f, minus)  y = Reshape (x, t)
        }""",
        zero=np.array(0, np.int64),
        zero1=np.array([0], np.int64),
        minus=np.array([-1], np.int64),
    )
    found = fusion(network)
    assert [kernel.covers for kernel in found.after] == [("Reshape_4",)]
    assert found.vanished == ("Shape_0", "Gather_1", "Unsqueeze_2", "Concat_3")
    assert found.traffic_after_bytes == 0


def test_a_normalisation_that_became_a_convolution_keeps_its_layer(make, tmp_path):
    """Between two convolutions, behind a pooling: the runtime makes it one of its own, called after it."""
    source = np.random.default_rng(5)
    network = make(
        """g (float[1,16,8,8] x) => (float[1,16,4,4] y) {
            c = Conv (x, w)  p = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (c)
            n = BatchNormalization (p, s, s, s, s)  y = Conv (n, v)
        }""",
        w=source.standard_normal((16, 16, 1, 1)).astype(np.float32),
        v=source.standard_normal((16, 16, 1, 1)).astype(np.float32),
        s=np.arange(1, 17, dtype=np.float32),
    )
    found = fusion(network)
    covers = [kernel.covers for kernel in found.after if kernel.covers]
    assert covers == [("Conv_0",), ("MaxPool_1",), ("BatchNormalization_2",), ("Conv_3",)]
    assert len(found.after) == kernels_that_ran(network, {"x": np.zeros((1, 16, 8, 8), np.float32)}, tmp_path)


def test_an_operator_taken_apart_keeps_its_layer(make, tmp_path):
    """HardSwish(x) is x · HardSigmoid(x), and the runtime has no kernel for it on this processor, or has one."""
    network = make("g (float[1,4] x) => (float[1,4] y) { h = HardSwish (x)  y = Exp (h) }", opset=14)
    found = fusion(network)
    covers = [kernel.covers for kernel in found.after]
    assert set(covers) == {("HardSwish_0",), ("Exp_1",)}
    assert len(covers) == kernels_that_ran(network, {"x": np.zeros((1, 4), np.float32)}, tmp_path)


def test_open_sizes_but_the_batch_are_asked_for(make):
    with pytest.raises(BadInput, match="open sizes"):
        fusion(make("g (float[N,3,H,W] x) => (float[N,3,H,W] y) { y = Relu (x) }"))
    found = fusion(make("g (float[N,3] x) => (float[N,3] y) { y = Relu (x) }"))
    assert found.traffic_after_bytes == 2 * 3 * FLOAT  # a batch of 1


def test_an_operator_that_the_runtime_does_not_know(make):
    with pytest.raises(BadInput, match="cannot load"):
        fusion(make("g (float[1,3] x) => (float[1,3] y) { y = own.Strange (x) }"))


def test_an_unknown_size_is_none_and_not_zero(make):
    """How many values are not zero is known only when it runs."""
    found = fusion(make("g (float[4] x) => (int64[1,M] y) { y = NonZero (x) }"))
    assert found.before[0].written_bytes is None
    assert found.traffic_before_bytes is None
    assert found.traffic_after_bytes is None
    assert found.saved_bytes is None


def test_no_large_weight_is_made_and_nothing_stays_behind(tmp_path, monkeypatch):
    """AlexNet's fully connected weights are 234 MB; they are made when they are asked for, and nobody does."""
    network = zoo.build("AlexNet")

    def refuse() -> ir.TensorProtocol:
        raise AssertionError("a large weight was made")

    for value in network.model.graph.initializers.values():
        tensor = value.const_value
        if tensor is not None and tensor.nbytes > 1 << 20:
            shape = ir.Shape(tensor.shape.numpy())
            value.const_value = ir.LazyTensor(refuse, tensor.dtype, shape, name=value.name)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = fusion(network)
    assert len(found.before) == 5 + 7 + 2 + 3 + 1 + 3 + 1  # Conv, Relu, LRN, MaxPool, Flatten, Gemm, Softmax
    assert ("fc6", "relu6") in [kernel.covers for kernel in found.after]
    assert list(tmp_path.iterdir()) == []


def test_functions_of_the_file_are_seen_through():
    text = """<ir_version: 8, opset_import: ["" : 18, "own" : 1]>
        g (float[2,3] x) => (float[2,3] y) { h = own.twice (x)  y = Relu (h) }
        <domain: "own", opset_import: ["" : 18]> twice (a) => (b) { c = Add (a, a)  b = Exp (c) }"""
    found = fusion(Network.from_model(ir.from_proto(onnx.parser.parse_model(text)), name="functions"))
    assert [kernel.covers for kernel in found.after] == [("twice_0/Add_0",), ("twice_0/Exp_1",), ("Relu_1",)]


def test_a_branch_is_one_kernel(make):
    found = fusion(
        make(
            """g (float[2,3] x, bool c) => (float[2,3] y) {
                y = If (c) < then_branch = a () => (float[2,3] t) { t = Exp (x) },
                             else_branch = b () => (float[2,3] e) { e = Abs (x) } >
            }"""
        )
    )
    assert [kernel.covers for kernel in found.after] == [("If_0",)]


def test_it_crosses_a_process_as_plain_values():
    found = fusion(zoo.build("LeNet-5"))
    assert from_plain(to_plain(found), Fusion) == found


# --- side by side ----------------------------------------------------------------------------------------------


def branches(make, second="<kernel_shape = [1, 1]>"):
    return make(
        f"""g (float[1,8,6,6] x) => (float[1,4,6,6] a, float[1,12,6,6] b, float[1,4,6,6] c) {{
            a = Conv <kernel_shape = [1, 1]> (x, wa, ba)
            b = Conv {second} (x, wb)
            c = Conv <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (x, wc)
        }}""",
        wa=np.random.default_rng(1).standard_normal((4, 8, 1, 1)).astype(np.float32),
        ba=np.arange(4, dtype=np.float32),
        wb=np.random.default_rng(2).standard_normal((12, 8, 1, 1)).astype(np.float32),
        wc=np.random.default_rng(3).standard_normal((4, 8, 3, 3)).astype(np.float32),
    )


def test_siblings_by_hand(make):
    """Two 1 × 1 convolutions on one input; the 3 × 3 one beside them is another kind."""
    (found,) = fusion(branches(make)).siblings
    assert (found.input, found.made_by, found.layers) == ("x", "", ("Conv_0", "Conv_1"))
    assert found.weight_shapes == ((4, 8, 1, 1), (12, 8, 1, 1))
    assert found.saved_kernels == 1
    assert found.saved_bytes == found.input_bytes == 8 * 6 * 6 * FLOAT
    assert found.output_bytes == 16 * 6 * 6 * FLOAT


@pytest.mark.parametrize(
    "second", ["<kernel_shape = [1, 1], pads = [0, 0, 0, 0]>", "<kernel_shape = [1, 1], group = 1>"]
)
def test_defaults_written_out_are_no_difference(make, second):
    assert len(fusion(branches(make, second)).siblings) == 1


def test_other_attributes_are_a_difference(make):
    network = make(
        """g (float[1,8,6,6] x) => (float[1,4,6,6] a, float[1,4,3,3] b) {
            a = Conv (x, wa)  b = Conv <strides = [2, 2]> (x, wb)
        }""",
        wa=np.ones((4, 8, 1, 1), np.float32),
        wb=np.ones((4, 8, 1, 1), np.float32),
    )
    assert fusion(network).siblings == ()


def test_three_products_of_one_value(make):
    """Query, key and value of attention; a product of two activations is no sibling."""
    eye = np.eye(4, dtype=np.float32)
    network = make(
        """g (float[5,4] x) => (float[5,5] y, float[5,4] v) {
            h = Relu (x)
            q = MatMul (h, wq)  k = MatMul (h, wk)  v = MatMul (h, wv)
            t = Transpose (k)  y = MatMul (q, t)
        }""",
        wq=eye, wk=2 * eye, wv=3 * eye,
    )  # fmt: skip
    (found,) = fusion(network).siblings
    assert (found.made_by, found.layers) == ("Relu_0", ("MatMul_1", "MatMul_2", "MatMul_3"))
    assert (found.saved_kernels, found.saved_bytes) == (2, 2 * 5 * 4 * FLOAT)


def test_merging_siblings_is_exact(make, make_proto):
    """What the value says can be done: one convolution with both sets of filters gives both results."""
    network = branches(make)
    apart = run(ir.to_proto(network.model))
    merged = make_proto(
        "g (float[1,8,6,6] x) => (float[1,4,6,6] a, float[1,12,6,6] b) "
        "{ ab = Conv <kernel_shape = [1, 1]> (x, w, bias)  a, b = Split <axis = 1> (ab, sizes) }",
        w=np.concatenate([network.weight("wa"), network.weight("wb")]),
        bias=np.concatenate([network.weight("ba"), np.zeros(12, np.float32)]),
        sizes=np.array([4, 12], np.int64),
    )
    together = run(merged)
    for one, other in zip(apart[:2], together, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def run(proto):
    x = np.random.default_rng(4).standard_normal((1, 8, 6, 6)).astype(np.float32)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    return ort.InferenceSession(proto.SerializeToString(), options).run(None, {"x": x})
