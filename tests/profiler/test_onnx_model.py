"""A message as a model: beside what `onnx_ir.from_proto` makes of it."""

from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper, numpy_helper

from profiler import zoo
from profiler.formats.onnx import read_onnx
from profiler.formats.onnx_model import Translator
from profiler.formats.onnx_skim import skimmed
from profiler.formats.onnx_tensors import Tensors, map_file
from profiler.network import save
from tests.profiler.models import function, nested_functions, opset_network, residual_network, scan

CASES = sorted((Path(onnx.__file__).parent / "backend" / "test" / "data").rglob("*.onnx"))


def translated(path):
    file = map_file(path)
    message, left_out = skimmed(file.data)
    return Translator(path, Tensors(file, left_out)).model(onnx.ModelProto.FromString(message))


def assert_as_from_proto(path):
    ours, theirs = (ir.to_proto(model) for model in (translated(path), ir.from_proto(onnx.load(str(path)))))
    assert ours == theirs


@pytest.fixture
def written(tmp_path):
    def write(proto):
        path = tmp_path / "n.onnx"
        path.write_bytes(proto.SerializeToString())
        return path

    return write


@pytest.mark.parametrize("path", CASES, ids=[f"{path.parent.name}-{path.stem}" for path in CASES])
def test_the_models_of_onnx_s_own_tests(path):
    assert_as_from_proto(path)


@pytest.mark.parametrize("name", ["LeNet-5", "ResNet-20", "SqueezeNet-1.1"])
def test_networks_whose_weights_are_mapped(name, tmp_path):
    save(zoo.build(name), tmp_path / "n.onnx")
    assert_as_from_proto(tmp_path / "n.onnx")


@pytest.mark.parametrize(
    "proto", [nested_functions(), opset_network(7), opset_network(13), residual_network(), scan(1)],
    ids=["functions", "weights among the inputs", "opset 13", "residual", "scan"],
)  # fmt: skip
def test_networks_as_other_programs_write_them(proto, written):
    assert_as_from_proto(written(proto))


@pytest.fixture
def full():
    """A model that says all there is to say of its parts."""
    proto = residual_network()
    proto.ir_version = 11
    proto.producer_name, proto.producer_version, proto.domain, proto.model_version = "p", "1", "d", 3
    graph = proto.graph
    graph.value_info.extend(
        [
            helper.make_tensor_value_info("c1", TensorProto.FLOAT, ["N", 4, None, 8]),
            helper.make_tensor_sequence_value_info("r", TensorProto.FLOAT, [1]),
            helper.make_tensor_value_info("w1", TensorProto.FLOAT, [4, 3, 3, 3]),
            helper.make_tensor_value_info("nobody", TensorProto.FLOAT, [1]),
        ]
    )
    graph.value_info[0].type.tensor_type.shape.dim[1].denotation = "DATA_CHANNEL"
    graph.quantization_annotation.add(tensor_name="c2").quant_parameter_tensor_names.add(key="SCALE_TENSOR", value="s")
    graph.node.append(
        helper.make_node(
            "Own", ["", "y", ""], ["z", ""], name="own", domain="own", overload="other", i=1, f=0.5, s="word",
            long="w" * 100, ints=[1, 2], floats=[0.5], strings=["a", "b"], t=numpy_helper.from_array(np.ones(2), "t"),
            ts=[numpy_helper.from_array(np.ones(2), "t")], tp=helper.make_tensor_type_proto(TensorProto.FLOAT, [1]),
        )
    )  # fmt: skip
    for said in (proto, graph, graph.input[0], graph.value_info[0], graph.node[0], graph.node[-1].attribute[0]):
        said.doc_string = "said"
    for noted in (proto, graph, graph.input[0], graph.value_info[0], graph.node[0], graph.initializer[0]):
        noted.metadata_props.add(key="k", value="v")
    device = proto.configuration.add(name="two", num_devices=2)
    device.device.extend(["a", "b"])
    for name in ("two", "not there"):
        on = graph.node[0].device_configurations.add(configuration_id=name, pipeline_stage=1)
        on.sharding_spec.add(tensor_name="c1").device.append(0)
    return proto


def test_everything_that_can_be_said(full, written):
    assert_as_from_proto(written(full))


@pytest.mark.parametrize("version", [9, 10])
def test_what_is_said_of_values_in_functions(version, written):
    """Before version 10 of the format, the graph said it."""
    proto = nested_functions()
    proto.ir_version = version
    info = helper.make_tensor_value_info("c", TensorProto.FLOAT, [1, 3, 8, 8])
    if version < 10:
        info.name = "f::Block/c"
        proto.graph.value_info.append(info)
    else:
        proto.functions[0].value_info.append(info)
    proto.functions.append(
        function("Set", [helper.make_node("Elu", ["x"], ["y"], name="elu")], ["x"], ["y"], attributes=["free"])
    )
    proto.functions[-1].attribute_proto.append(helper.make_attribute("alpha", 0.5))
    proto.functions[-1].node[0].attribute.add(name="alpha", ref_attr_name="alpha", type=onnx.AttributeProto.FLOAT)
    proto.functions[-1].overload = "o" if version > 9 else ""
    path = written(proto)
    assert_as_from_proto(path)
    block = translated(path).functions["f", "Block", ""]
    assert block[0].outputs[0].shape == [1, 3, 8, 8]


def test_what_is_alike_is_shared(written):
    """Shapes are frozen, and settings are replaced, never written into: a changed copy changes nothing else."""
    model = translated(written(residual_network()))
    assert model.graph.initializers["w1"].shape is model.graph.initializers["w1"].const_value.shape
    conv1, conv2 = (node for node in model.graph if node.op_type == "Conv")
    assert conv1.attributes["pads"] is conv2.attributes["pads"]
    conv1.attributes["pads"] = ir.AttrInt64s("pads", [0] * 4)
    assert conv2.attributes["pads"].as_ints() == (1, 1, 1, 1)
    with pytest.raises(TypeError, match="frozen"):
        model.graph.inputs[0].shape[0] = 2


SUBGRAPH = (
    "g (bool c, float[1,4] x) => (float[1,4] y) { z = Relu (x)"
    " y = If (c) <then_branch = a () => (float[1,4] p) { p = Relu (z) },"
    " else_branch = b () => (float[1,4] r) { r = Neg (z) }> }"
)


@pytest.mark.parametrize("swapped", [False, True])
def test_a_branch_that_reads_what_comes_later(swapped, make_proto, written):
    proto = make_proto(SUBGRAPH)
    if swapped:
        proto.graph.node.reverse()
    network = read_onnx(written(proto))
    assert [node.op_type for node in network.model.graph] == ["Relu", "If"]


def test_a_sparse_constant_is_a_dense_one(make_proto, written):
    proto = make_proto("g (float[1,2] x) => (float[1,3] y) { y = MatMul (x, w) }")
    values = helper.make_tensor("v", TensorProto.FLOAT, [2], [1.5, 2.5])
    where = numpy_helper.from_array(np.array([0, 5]), "where")
    sparse = onnx.SparseTensorProto(values=values, indices=where, dims=[2, 3])
    proto.graph.node.insert(0, helper.make_node("Constant", [], ["w"], sparse_value=sparse))
    network = read_onnx(written(proto))
    np.testing.assert_array_equal(network.weight("w"), [[1.5, 0, 0], [0, 0, 2.5]])
    values.data_type = TensorProto.STRING
    proto.graph.node[0].attribute[0].sparse_tensor.values.CopyFrom(values)
    with pytest.raises(Exception, match="“w” holds words where only numbers can be"):
        read_onnx(written(proto))
