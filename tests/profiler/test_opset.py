"""Lowering to an older opset. ONNX's checker and ONNX Runtime judge: the same outputs, bit by bit, or a refusal.

Optimisations are off, so that a rewriting cannot hide behind one. What is written out as a formula is compared closely.
"""

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from profiler import zoo
from profiler.errors import BadInput
from profiler.input_recipe import InputRecipe
from profiler.network import Network
from profiler.opset import IR_OF_OPSET, NEWEST, OPSET_OF_RUNTIME, lowered
from tests.profiler.lowering_support import RANDOM, X, axes, free_outputs, same, written

EXACT = [  # (opset of the file, body, stored values, target)
    (18, "y = ReduceMean <keepdims = 0> (x, a)", {"a": axes(2, 3)}, 13),
    (18, "y = ReduceMean <keepdims = 0> (x, a)", {"a": axes(-1, 1)}, 9),
    (18, "y = ReduceMax (x)", {}, 13),
    (18, "y = ReduceMax <noop_with_empty_axes = 1> (x)", {}, 13),
    (13, "y = ReduceSum (x, a)", {"a": axes(-2)}, 9),
    (18, "p, y = Split <axis = 3, num_outputs = 2> (x)", {}, 13),
    (18, "p, q, y = Split <axis = 3, num_outputs = 3> (x)", {}, 9),
    (13, "p, y = Split <axis = -1> (x, s)", {"s": axes(3, 5)}, 9),
    (13, "y = Split <axis = 0> (x, s)", {"s": axes(2)}, 11),
    (13, "y = Softmax (x)", {}, 9),
    (13, "y = Softmax <axis = 1> (x)", {}, 11),
    (13, "y = LogSoftmax <axis = -3> (x)", {}, 9),
    (13, "y = Hardmax <axis = 2> (x)", {}, 9),
    (14, "y = Reshape <allowzero = 1> (x, s)", {"s": axes(2, -1)}, 13),
    (13, "u = Unsqueeze (x, a)  y = Squeeze (u, a)", {"a": axes(-1, 0)}, 9),
    (13, "y = Clip (x, low, high)", {"low": np.float32(-0.5), "high": np.float32(0.25)}, 9),
    (13, "y = Clip (x, , high)", {"high": np.float32(0.25)}, 9),
    (13, "y = Slice (x, b, e, a, s)", {"b": axes(1), "e": axes(-1), "a": axes(-2), "s": axes(1)}, 9),
    (13, "y = Slice (x, b, e, a, s)", {"b": axes(7), "e": axes(0), "a": axes(-1), "s": axes(-2)}, 10),
    (13, "y, i = TopK <axis = -1> (x, k)", {"k": axes(3)}, 9),
    (18, "y = Pad (x, p, v, a)", {"p": axes(1, 0, 2, 3), "v": np.float32(0.5), "a": axes(2, -1)}, 13),
    (18, 'y = Pad <mode = "reflect"> (x, p, , a)', {"p": axes(1, 0, 2, 3), "a": axes(2, 3)}, 9),
    (13, "y = Gather <axis = -1> (x, i)", {"i": axes(0, -1, 3)}, 9),
    (15, "s = Shape <start = 1, end = -1> (x)  y = Cast <to = 1> (s)", {}, 13),
    (15, "s = Shape <start = -2> (x)  y = Cast <to = 1> (s)", {}, 10),
    (13, "d, m = Dropout (x, r)  y = Relu (d)", {"r": np.float32(0.5)}, 9),
    (13, "y = DepthToSpace <blocksize = 2, mode = \"CRD\"> (r)  r = Reshape (x, s)", {"s": axes(2, 4, 6, 6)}, 9),
    (12, "y = MaxPool <kernel_shape = [3, 3], strides = [2, 2], ceil_mode = 1> (x)", {}, 9),
    (12, "y = MaxPool <kernel_shape = [3, 3], strides = [2, 3], pads = [1, 0, 1, 1], ceil_mode = 1> (x)", {}, 9),
    (19, "y = Resize <mode = \"nearest\"> (x, , s)", {"s": np.float32([1, 1, 2, 2])}, 13),
    (19, "y = Resize <mode = \"linear\", axes = [3, 2]> (x, , s)", {"s": np.float32([2, 3])}, 11),
    (19, "y = Resize <mode = \"cubic\", axes = [2, 3]> (x, , , s)", {"s": axes(9, 5)}, 11),
    (
        13,
        "y = Resize <mode = \"nearest\", coordinate_transformation_mode = \"asymmetric\", nearest_mode = \"floor\">"
        " (x, , s)",
        {"s": np.float32([1, 1, 2, 3])},
        9,
    ),
    (
        13,
        "y = Resize <mode = \"linear\", coordinate_transformation_mode = \"asymmetric\"> (x, , , s)",
        {"s": axes(2, 3, 12, 16)},
        10,
    ),
    (19, "c = Cast <to = 6, saturate = 1> (x)  y = Cast <to = 1> (c)", {}, 9),
    (15, "i = Cast <to = 7> (x)  y = CastLike (i, x)", {}, 9),
    (12, "k = Constant <value_floats = [1.0, 2.0]> ()  y = Concat <axis = 0> (k, k)", {}, 9),
    (13, "y = MeanVarianceNormalization (x)", {}, 9),
    (22, "n = Neg (x)  e = Exp (n)  y = Sigmoid (e)", {}, 9),
    (20, 'y = GridSample <mode = "linear"> (x, g)', {"g": RANDOM.uniform(-1, 1, (2, 4, 4, 2)).astype(np.float32)}, 16),
]  # fmt: skip


@pytest.mark.parametrize(("opset", "body", "stored", "target"), EXACT, ids=lambda v: v if isinstance(v, str) else None)
def test_the_same_bits(make, opset, body, stored, target):
    if body.startswith("y = DepthToSpace"):
        body = "r = Reshape (x, s)  " + body.partition("  ")[0]
    same(free_outputs(written(make, opset, body, stored)), target)


NORMS = {
    "s": np.float32([1, 2, 3]),
    "b": np.float32([0, 1, -1]),
    "m": np.float32([0, 0.5, 1]),
    "v": np.float32([1, 2, 3]),
}


def test_batch_normalisation(make):
    same(free_outputs(written(make, 15, "y = BatchNormalization (x, s, b, m, v)", NORMS)), 9)


FORMULAS = [
    (20, "y = Gelu (x)", {}, 13),
    (20, 'y = Gelu <approximate = "tanh"> (x)', {}, 9),
    (14, "y = HardSwish (x)", {}, 9),
    (22, "y = Mish (x)", {}, 13),
    (24, "y = Swish (x)", {}, 13),
    (17, "y = LayerNormalization (x, s, b)", {"s": np.float32(range(8)), "b": np.ones(8, np.float32)}, 13),
    (17, "y = LayerNormalization <axis = 2> (x, s)", {"s": np.ones((6, 8), np.float32)}, 9),
    (
        21,
        "y = GroupNormalization <num_groups = 3> (x, s, b)",
        {"s": np.float32([1, 2, 3]), "b": np.float32([0, 1, 2])},
        13,
    ),
    (23, "y = RMSNormalization <axis = -1> (x, s)", {"s": np.float32(range(8))}, 13),
    (12, "y = Celu <alpha = 0.5> (x)", {}, 9),
]


@pytest.mark.parametrize(
    ("opset", "body", "stored", "target"), FORMULAS, ids=lambda v: v if isinstance(v, str) else None
)
def test_the_same_values_by_the_standards_formula(make, opset, body, stored, target):
    found = same(free_outputs(written(make, opset, body, stored)), target, close=True)
    assert found.formulas


def test_a_formula_keeps_its_layers_name(make):
    network = free_outputs(written(make, 20, "h = Gelu (x)  y = Relu (h)", {}))
    found = same(network, 13, close=True)
    assert found.formulas == ("Gelu_0",)
    names = [node.name for node in found.network.model.graph]
    assert "Gelu_0" in names
    assert len(names) == len(set(names))
    assert {name.partition("/")[0] for name in names} == {"Gelu_0", "Relu_1"}


def test_a_rewritten_layer_keeps_its_name(make):
    found = same(free_outputs(written(make, 13, "y = Softmax <axis = 1> (x)", {})), 11)
    assert found.rewritten == ("Softmax_0",)
    ops = {node.name: node.op_type for node in found.network.model.graph}
    assert ops["Softmax_0"] == "Softmax"


REFUSALS = [
    (19, "y = AveragePool <kernel_shape = [2, 2], dilations = [2, 2]> (x)", {}, 13, "dilations = [2, 2]", 19),
    (18, "y = Resize <antialias = 1> (x, , s)", {"s": np.float32([1, 1, 0.5, 0.5])}, 13, "antialias = 1", 18),
    (19, 'y = Pad <mode = "wrap"> (x, p)', {"p": axes(0, 0, 1, 1, 0, 0, 1, 1)}, 13, "mode = wrap", 19),
    (14, "y = Trilu (x)", {}, 13, "no such operator before opset 14", 14),
    (13, "y = AveragePool <kernel_shape = [4, 4], strides = [3, 3], ceil_mode = 1> (x)", {}, 9, "ceil_mode = 1", 10),
    (13, "y = Resize (x, , s)", {"s": np.float32([1, 1, 2, 2])}, 10, "half_pixel", 11),
    (14, "y = Reshape <allowzero = 1> (x, s)", {"s": axes(0, 5)}, 13, "allowzero = 1", 14),
    (13, "y = Slice (x, b, e, a, s)", {"b": axes(7), "e": axes(0), "a": axes(3), "s": axes(-2)}, 9, "steps = [-2]", 10),
    (22, "c = Cast <to = 16> (x)  d = Abs (c)  y = Cast <to = 1> (d)", {}, 9, "bfloat16", 13),
]  # fmt: skip


@pytest.mark.parametrize(("opset", "body", "stored", "target", "reason", "oldest"), REFUSALS)
def test_what_has_no_exact_form_is_refused_by_name(make, opset, body, stored, target, reason, oldest):
    network = free_outputs(written(make, opset, body, stored))
    with pytest.raises(BadInput) as refused:
        lowered(network, target)
    assert reason in refused.value.where
    assert "“" in refused.value.where
    assert f"opset {oldest}" in refused.value.fix or (oldest == opset and "own opset" in refused.value.fix)
    assert network.opset == opset  # what was given stays as it was


def test_axes_that_are_worked_out_are_refused(make):
    network = make("g (float[2,3] x, int64[1] a) => (float[p,q] y) { y = ReduceMean (x, a) }", opset=18)
    with pytest.raises(BadInput, match="no exact form") as refused:
        lowered(network, 13)
    assert "“ReduceMean_0” (ReduceMean): its axes are worked out while it runs" in refused.value.where


def test_every_refusal_is_told(make):
    body = "t = Trilu (x)  y = BitwiseNot (i)  i = Cast <to = 6> (t)"
    network = make(
        f"g (float[3,3] x) => (int32[3,3] y) {{ {body.replace('y = BitwiseNot (i)  i', 'i')}  y = BitwiseNot (i) }}",
        opset=18,
    )
    with pytest.raises(BadInput) as refused:
        lowered(network, 13)
    assert "Trilu_0" in refused.value.where
    assert "BitwiseNot_2" in refused.value.where


def test_a_foreign_operator_is_refused(make):
    network = make("g (float[3] x) => (float[3] y) { h = own.Strange (x)  y = Relu (h) }", opset=15)
    with pytest.raises(BadInput) as refused:
        lowered(network, 13)
    assert "not ONNX’s own" in refused.value.where


def test_what_is_older_stays_as_it_is():
    network = zoo.build("LeNet-5")
    assert lowered(network, 15) is network
    assert lowered(network, 13) is network


@pytest.mark.parametrize("opset", [8, NEWEST + 1])
def test_an_opset_that_is_none(opset):
    with pytest.raises(BadInput, match="no opset"):
        lowered(zoo.build("LeNet-5"), opset)


@pytest.mark.parametrize("name", ["LeNet-5", "ResNet-8"])
@pytest.mark.parametrize("opset", [12, 11, 10, 9])
def test_zoo_networks_give_the_same_bits(name, opset):
    network = zoo.build(name)
    found = same(network, opset, {"input": RANDOM.standard_normal((1, 1, 28, 28)).astype(np.float32)})
    assert [node.name for node in found.network.model.graph] == [node.name for node in network.model.graph]


def test_the_input_recipe_stays():
    network = zoo.build("LeNet-5").with_input_recipe(InputRecipe(colour="grey", scale=0.5, source="mine"))
    assert lowered(network, 9).input_recipe == network.input_recipe


def test_no_large_weight_is_read(make):
    network = zoo.build("AlexNet")
    for value in network.model.graph.initializers.values():
        tensor = value.const_value
        if tensor is not None and tensor.nbytes > 1 << 16:
            shape = ir.Shape(tensor.shape.numpy())
            value.const_value = ir.LazyTensor(_refuse, tensor.dtype, shape, name=value.name)
    assert lowered(network, 9).opset == 9


def _refuse() -> ir.TensorProtocol:
    raise AssertionError("a weight was made")


def test_inside_branches_too(make):
    network = make(
        """g (float[2,3] x, bool c) => (float[2] y) {
            y = If (c) <
                then_branch = then () => (float[2] t) { t = ReduceSum <keepdims = 0> (x, one) },
                else_branch = otherwise () => (float[2] e) { e = ReduceMean <keepdims = 0> (x, one) }
            >
        }""",
        opset=18,
        one=axes(1),
    )
    for chosen in (True, False):
        same(network, 11, {"x": X[0, 0, :2, :3], "c": np.array(chosen)})


def test_functions_of_the_file_are_written_out():
    text = """<ir_version: 8, opset_import: ["" : 18, "own" : 1]>
        g (float[2,3] x) => (float[2] y) { h = own.twice (x)  y = ReduceMean <keepdims = 0> (h, one) }
        <domain: "own", opset_import: ["" : 18]> twice (a) => (b) { b = Add (a, a) }"""
    proto = onnx.parser.parse_model(text)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(axes(1), "one"))
    network = Network.from_model(ir.from_proto(proto), name="functions")
    found = same(network, 13, {"x": X[0, 0, :2, :3]})
    assert not found.network.model.functions


def test_notes_that_older_files_do_not_know_are_left_out(make):
    network = make("g (float[3] x) => (float[3] y) { y = Relu (x) }", opset=14)
    network.model.ir_version = 10
    next(iter(network.model.graph)).metadata_props["made by"] = "an exporter"
    network.model.metadata_props["kept"] = "yes"
    found = lowered(network, 14, 8).model
    assert found.ir_version == 8
    assert not next(iter(found.graph)).metadata_props
    assert found.metadata_props["kept"] == "yes"


def test_types_that_an_older_ir_does_not_know(make):
    network = make("g (float[3] x) => (float[3] y) { c = Cast <to = 22> (x)  y = Cast <to = 1> (c) }", opset=21)
    network.model.ir_version = 10
    with pytest.raises(BadInput, match="IR version 8") as refused:
        lowered(network, 21, 8)
    assert "int4" in refused.value.where
    assert refused.value.fix == "Choose IR version 10 or newer."


def test_tables_of_versions():
    """As ONNX's docs/Versioning.md prints them; ONNX Runtime 1.10 is what a TX2 has."""
    assert {opset: IR_OF_OPSET[opset] for opset in (9, 10, 11, 12, 13, 14, 15)} == {
        9: 4, 10: 5, 11: 6, 12: 7, 13: 7, 14: 7, 15: 8
    }  # fmt: skip
    assert (OPSET_OF_RUNTIME["1.10"], IR_OF_OPSET[OPSET_OF_RUNTIME["1.10"]]) == (15, 8)
