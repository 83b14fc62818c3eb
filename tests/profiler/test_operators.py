"""Operators beyond convolutions and products, and how weights may be stored, by hand."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from profiler import formats
from profiler.breakdown import breakdown
from profiler.layer import Layer
from profiler.operators import COSTS
from tests.profiler.models import residual_network


def f(*shape):
    return np.ones(shape, np.float32)


def einsum(equation, *shapes, constant=()):
    given = tuple(index in constant for index in range(len(shapes)))
    return COSTS["Einsum"](Layer("Einsum", shapes, ((),), given, texts={"equation": equation}))


@pytest.mark.parametrize(
    ("equation", "shapes", "macs"),
    [
        ("ij,jk->ik", ((2, 3), (3, 5)), 2 * 3 * 5),
        ("ij,jk", ((2, 3), (3, 5)), 2 * 3 * 5),  # without a result: what stands once, in order
        ("bhqd,bhkd->bhqk", ((2, 8, 5, 16), (2, 8, 7, 16)), 2 * 8 * 5 * 7 * 16),
        ("...qd, ...kd -> ...qk", ((2, 8, 5, 16), (2, 8, 7, 16)), 2 * 8 * 5 * 7 * 16),
        ("i,i->", ((4,), (4,)), 4),
        ("i,j->ij", ((4,), (3,)), 0),  # an elementwise product
        ("ij,ij->ij", ((4, 3), (4, 3)), 0),
        ("aij,jk->ik", ((7, 2, 3), (3, 5)), 2 * 3 * 5),  # a is summed before anything is multiplied
        ("ij->ji", ((2, 3),), 0),
        ("ij,jk,kl->il", ((2, 3), (3, 5), (5, 2)), None),
        ("ij,jk->ik", ((2, 3), None), None),
    ],
)
def test_einsum(equation, shapes, macs):
    assert einsum(equation, *shapes).macs == macs


def test_einsum_with_a_stored_side_is_fully_connected():
    assert einsum("bi,io->bo", (2, 3), (3, 5), constant=(1,)) == ("fc", 30, 0)
    assert einsum("bi,io->bo", (2, 3), (3, 5)).kind == "other"


HEADS = {"q_num_heads": 8, "kv_num_heads": 2}


@pytest.mark.parametrize(
    ("shapes", "numbers", "macs"),
    [
        # 8 heads of 5 queries, 7 keys: 16 products a score, 32 a value
        (((1, 8, 5, 16), (1, 8, 7, 16), (1, 8, 7, 32)), {}, 8 * 5 * 7 * (16 + 32)),
        # the same heads side by side in one axis; two groups of keys and values serve eight heads
        (((1, 5, 128), (1, 7, 32), (1, 7, 64)), HEADS, 8 * 5 * 7 * (16 + 32)),
        # 3 keys from before
        (((1, 8, 5, 16), (1, 8, 7, 16), (1, 8, 7, 32), (), (1, 8, 3, 16)), {}, 8 * 5 * 10 * (16 + 32)),
        (((1, 8, 5, 16), (1, 8, 7, 16), None), {}, None),
    ],
)
def test_attention(shapes, numbers, macs):
    layer = Layer("Attention", shapes, ((1, 8, 5, 32),), (False,) * len(shapes), numbers, gaps=frozenset({3}))
    assert COSTS["Attention"](layer).macs == macs


def test_attention_in_a_graph(make):
    network = make(
        "g (float[1,8,5,16] q, float[1,8,7,16] k, float[1,8,7,32] v) => (float[a,b,c,d] y) { y = Attention (q, k, v) }",
        opset=23,
    )
    (layer,) = breakdown(network).layers
    assert (layer.kind, layer.macs, layer.output_shape) == ("other", 8 * 5 * 7 * 48, (1, 8, 5, 32))


def test_a_deformable_convolution_counts_as_a_convolution(make):
    """6·6·4 results of 9·3 products; its bias stands before the mask, or is left out before it."""
    text = (
        "g (float[1,3,8,8] x, float[1,18,6,6] o, float[1,9,6,6] m) => (float[1,4,6,6] y) {"
        " y = DeformConv (x, w, o, BIAS, m) }"
    )
    with_bias = make(text.replace("BIAS", "b"), opset=19, w=f(4, 3, 3, 3), b=f(4))
    (layer,) = breakdown(with_bias).layers
    assert (layer.kind, layer.macs, layer.bias_adds, layer.params) == ("conv", 144 * 27, 144, 112)


def test_a_gap_is_no_bias():
    layer = Layer("DeformConv", ((1, 3, 8, 8), (4, 3, 3, 3), (1, 18, 6, 6), None, (1, 9, 6, 6)), ((1, 4, 6, 6),),
                  (False, True, False, False, False), gaps=frozenset({3}))  # fmt: skip
    assert COSTS["DeformConv"](layer).bias_adds == 0


def test_a_transposed_convolution_counts_on_its_input(make):
    """Each of 4·5·5 inputs meets 3 filters of 3·3 of its group; 5 → (5−1)·2 + 3 − 2 + 1 = 10."""
    network = make(
        "g (float[1,4,5,5] x) => (float[a,b,c,d] y) {"
        " y = ConvTranspose <strides = [2,2], pads = [1,1,1,1], output_padding = [1,1], group = 2> (x, w, b) }",
        w=f(4, 3, 3, 3),
        b=f(6),
    )
    (layer,) = breakdown(network).layers
    assert layer.output_shape == (1, 6, 10, 10)
    assert (layer.macs, layer.bias_adds, layer.params) == (100 * 27, 600, 108 + 6)
    assert layer.geometry["groups"] == (2,)


def test_a_product_with_its_weight_on_the_left(make):
    network = make("g (float[7,3] x) => (float[a,b] y) { y = MatMul (w, x) }", w=f(5, 7))
    (layer,) = breakdown(network).layers
    assert (layer.kind, layer.params, layer.macs, layer.weight_shape) == ("fc", 35, 5 * 7 * 3, (5, 7))
    assert layer.input_shape == (7, 3)


@pytest.mark.parametrize("operator", ["MatMulInteger", "ConvInteger"])
def test_integer_products(make, operator):
    shape, weight = ("1,7", (7, 5)) if operator == "MatMulInteger" else ("1,2,5,5", (3, 2, 3, 3))
    ints = np.ones(weight, np.uint8)
    network = make(
        f"g (uint8[{shape}] x) => (int32[a] y) {{ y = {operator} (x, w, z, z) }}", w=ints, z=np.uint8(0).reshape(())
    )
    (layer,) = breakdown(network).layers
    assert (layer.params, layer.weight_bytes) == (ints.size, ints.size)
    assert layer.macs == (35 if operator == "MatMulInteger" else 27 * 18)


def test_what_onnx_runtimes_quantiser_writes(tmp_path):
    """Its own operators (domain com.microsoft) stop nothing: everything behind them still has its shape."""
    quantization = pytest.importorskip("onnxruntime.quantization")

    class Data(quantization.CalibrationDataReader):
        def __init__(self):
            self.left = iter([{"x": np.random.default_rng(1).standard_normal((1, 3, 8, 8)).astype(np.float32)}])

        def get_next(self):
            return next(self.left, None)

    onnx.save(residual_network(), tmp_path / "float.onnx")
    quantization.quantize_static(
        str(tmp_path / "float.onnx"), str(tmp_path / "int8.onnx"), Data(),
        quant_format=quantization.QuantFormat.QOperator,
    )  # fmt: skip
    network = formats.read(tmp_path / "int8.onnx")
    counted = breakdown(network)
    assert any(layer.op.startswith("com.microsoft::") for layer in counted.layers)
    assert counted.unknown_ops == ()
    assert sorted(layer.macs for layer in counted.layers if layer.macs) == [20, 64 * 4 * 27, 64 * 4 * 36]
    assert counted.totals("conv").params == 108 + 4 + 144
    assert counted.totals("fc").weight_bytes == 20
    assert all(layer.output_shape for layer in counted.layers)


def test_what_onnx_runtimes_optimiser_writes(tmp_path):
    """Convolution and activation in one; the residual addition within."""
    onnx.save(residual_network(), tmp_path / "float.onnx")
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(tmp_path / "fused.onnx")
    options.log_severity_level = 3
    ort.InferenceSession(str(tmp_path / "float.onnx"), options, providers=["CPUExecutionProvider"])
    counted = breakdown(formats.read(tmp_path / "fused.onnx"))
    assert "com.microsoft::FusedConv" in {layer.op for layer in counted.layers}
    assert counted.unknown_ops == ()
    assert counted.totals("conv").macs == 64 * 4 * (27 + 36)
    assert counted.totals("conv").bias_adds == 64 * 4


@pytest.mark.parametrize(
    ("attribute", "value", "params"),
    [
        ("value", numpy_helper.from_array(f(3, 5), "w"), 15),
        ("value_floats", [1.0, 2.0, 3.0], 3),
        ("value_float", 2.0, 0),  # a lone number belongs to the formula
        ("value_ints", [1, 2, 3], 0),
        ("value_int", 2, 0),
    ],
)
def test_every_form_of_a_constant(tmp_path, attribute, value, params):
    constant = helper.make_node("Constant", [], ["w"], **{attribute: value})
    product = "MatMul" if attribute == "value" else "Mul"
    kind = TensorProto.INT64 if "int" in attribute else TensorProto.FLOAT
    x = helper.make_tensor_value_info("x", kind, [2, 3])
    y = helper.make_tensor_value_info("y", kind, None)
    graph = helper.make_graph([constant, helper.make_node(product, ["x", "w"], ["y"])], "g", [x], [y])
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    (tmp_path / "n.onnx").write_bytes(proto.SerializeToString())
    network = formats.read(tmp_path / "n.onnx")
    (layer,) = breakdown(network).layers
    assert layer.params == params
    assert network.weight("w").size in (1, 3, 15)


def test_a_constant_in_sparse_form(tmp_path):
    where = numpy_helper.from_array(np.array([1, 5]), "where")
    values = numpy_helper.from_array(np.array([2, 3], np.float32), "values")
    sparse = helper.make_sparse_tensor(values, where, [2, 4])
    nodes = [
        helper.make_node("Constant", [], ["w"], sparse_value=sparse),
        helper.make_node("MatMul", ["x", "w"], ["y"]),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])
    proto = helper.make_model(
        helper.make_graph(nodes, "g", [x], [y]), opset_imports=[helper.make_opsetid("", 13)], ir_version=8
    )
    (tmp_path / "n.onnx").write_bytes(proto.SerializeToString())
    network = formats.read(tmp_path / "n.onnx")
    assert breakdown(network).totals("fc").params == 8
    assert network.weight("w").tolist() == [[0, 2, 0, 0], [0, 3, 0, 0]]


@pytest.mark.parametrize(
    ("kind", "bits"),
    [
        (TensorProto.DOUBLE, 64),
        (TensorProto.BFLOAT16, 16),
        (TensorProto.FLOAT16, 16),
        (TensorProto.FLOAT8E4M3FN, 8),
        (TensorProto.FLOAT8E5M2, 8),
        (TensorProto.INT8, 8),
        (TensorProto.FLOAT4E2M1, 4),
        (TensorProto.INT4, 4),
        (TensorProto.UINT4, 4),
        (TensorProto.INT2, 2),
    ],
)
@pytest.mark.parametrize("count", [65, 6501])
def test_the_bytes_of_every_type(tmp_path, kind, bits, count):
    """Inside the graph or mapped. Values of less than a byte share bytes; behind a Cast they are still the weights."""
    size = (count * bits + 7) // 8
    tensor = helper.make_tensor("w", kind, [count], bytes(size), raw=True)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [count])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [count])
    nodes = [helper.make_node("Cast", ["w"], ["v"], to=TensorProto.FLOAT), helper.make_node("Mul", ["x", "v"], ["y"])]
    graph = helper.make_graph(nodes, "g", [x], [y], [tensor])
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)], ir_version=13)
    (tmp_path / "n.onnx").write_bytes(proto.SerializeToString())
    network = formats.read(tmp_path / "n.onnx")
    layer = breakdown(network).layer("Mul_1")
    assert layer is not None
    assert (layer.params, layer.weight_bytes) == (count, size)
    assert network.weight("w").dtype == helper.tensor_dtype_to_np_dtype(kind)
    assert network.weight("w").shape == (count,)
