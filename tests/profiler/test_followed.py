"""Shapes that are had without a copy of the model, beside those that ONNX's inference finds on one."""

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from profiler import shapes, zoo
from profiler.breakdown import breakdown
from profiler.costs import prepared
from profiler.followed import followed
from profiler.formats.onnx import read_onnx
from profiler.network import save
from profiler.serial import skeleton

FOREIGN = sorted(Path(sys.prefix, "networks").rglob("*.onnx"))  # docs/networks.md


def assert_as_inferred(network, outline):
    """Every value that is followed has the shape and the type that inference finds; True when some were."""
    found = followed(network.model, outline)
    model = prepared(network)
    values = [*shapes.real_inputs(model), *(value for node in model.graph for value in node.outputs)]
    inferred = {value.name: (shapes.known(value), value.dtype) for value in values if value.name}
    assert {name: tuple(known) for name, known in found.items() if name in inferred} == (inferred if found else {})
    return bool(found)


@pytest.mark.parametrize("name", zoo.ZOO)
def test_the_built_in_networks(name):
    network = zoo.build(name)
    assert assert_as_inferred(network, skeleton(network.model)[0])


@pytest.mark.parametrize("path", FOREIGN, ids=[path.stem for path in FOREIGN])
def test_networks_by_others(path):
    network = read_onnx(path)
    if network.outline is None or network.open_sizes():
        pytest.skip("its shapes are inferred on a copy")
    assert_as_inferred(network, network.outline)


@pytest.fixture
def resnet(tmp_path):
    """A file's message, and the count of what it holds once something was done to it."""
    path = tmp_path / "n.onnx"
    save(zoo.build("ResNet-20"), path)
    proto = onnx.load(str(path))

    def counted():
        path.write_bytes(proto.SerializeToString())
        network = read_onnx(path)
        assert assert_as_inferred(network, network.outline)
        return breakdown(network)

    return proto, counted


@pytest.mark.parametrize("left", [slice(0), slice(1), slice(-1), slice(None, None, 2), slice(20, 40)])
def test_what_a_file_does_not_say_is_inferred(resnet, left):
    proto, counted = resnet
    whole = counted()
    said = list(proto.graph.value_info)
    del proto.graph.value_info[:]
    proto.graph.value_info.extend(said[left])
    assert counted() == whole


def test_a_claim_stands_but_for_that_of_an_output(resnet):
    """As ONNX's inference has it: it goes on from what a file says of a value, right or wrong."""
    proto, counted = resnet
    whole = counted()
    for info in (proto.graph.value_info[0], proto.graph.output[0]):
        info.type.tensor_type.shape.dim[1].dim_value = 24
    first, last = whole.layers[0], whole.layers[-1]
    changed = counted()
    assert changed.layers[0].output_shape == (1, 24, *first.output_shape[2:])
    assert changed.layers[-1] == last


def test_a_shape_that_others_work_out(tmp_path, make_proto):
    """The file says every shape but the output's, which follows from numbers that are computed on the way."""
    proto = make_proto(
        "g (float[N,6,4] x) => (float[a,b] y) { s = Shape (x)  t = Gather (s, axes)  y = ConstantOfShape (t) }",
        axes=np.array([1, 2]),
    )
    for name, size in (("s", 3), ("t", 2)):
        proto.graph.value_info.append(helper.make_tensor_value_info(name, TensorProto.INT64, [size]))
    (tmp_path / "n.onnx").write_bytes(proto.SerializeToString())
    network = read_onnx(tmp_path / "n.onnx")
    assert assert_as_inferred(network, network.outline)
    assert breakdown(network).layers[-1].output_shape == (6, 4)
