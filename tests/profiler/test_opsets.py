"""One small network, written for every opset there is from 7 on: it opens and counts the same."""

import onnx
import pytest

from profiler import formats
from profiler.breakdown import breakdown
from profiler.formats.onnx import read_onnx
from profiler.network import Network, save
from tests.profiler.models import opset_network

OLDEST, NEWEST = 7, onnx.defs.onnx_opset_version()


@pytest.mark.parametrize("opset", range(OLDEST, NEWEST + 1))
def test_every_opset_counts_the_same(opset, tmp_path):
    """By hand: 16·16·8·27 and 8·8·8·9 MACs, 8·5 and 5·4; parameters 216 + 8, 32, 72, 45, 20."""
    proto = opset_network(opset)
    onnx.checker.check_model(proto)
    (tmp_path / "n.onnx").write_bytes(proto.SerializeToString())
    network = formats.read(tmp_path / "n.onnx")
    counted = breakdown(network)
    assert network.opset == opset
    assert counted.unknown_ops == ()
    layers = {layer.name: layer for layer in counted.layers}
    assert {name: layer.macs for name, layer in layers.items() if layer.macs} == {
        "conv": 55296, "depthwise": 4608, "fc1": 40, "fc2": 20,
    }  # fmt: skip
    assert {name: layer.params for name, layer in layers.items() if layer.params} == {
        "conv": 224, "norm": 32, "depthwise": 72, "fc1": 45, "fc2": 20,
    }  # fmt: skip
    assert layers["pad"].output_shape == (1, 3, 18, 18)
    assert layers["mean"].output_shape == (1, 8, 1, 1)
    assert layers["concat"].activation_bytes == 4 * 16 * 64
    assert all(layer.activation_bytes for layer in counted.layers)
    model = network.edit()
    model.producer_name = "changed"  # so that saving writes the graph anew
    save(Network.from_model(model, name="again"), tmp_path / "again.onnx")
    onnx.checker.check_model(str(tmp_path / "again.onnx"), full_check=True)
    assert breakdown(read_onnx(tmp_path / "again.onnx")).totals() == counted.totals()


def test_an_opset_newer_than_the_onnx_package_knows(tmp_path):
    """Counted as by the newest rules there are."""
    proto = opset_network(NEWEST)
    proto.opset_import[0].version = NEWEST + 5
    (tmp_path / "n.onnx").write_bytes(proto.SerializeToString())
    network = formats.read(tmp_path / "n.onnx")
    assert network.opset == NEWEST + 5
    assert breakdown(network).totals().macs == 55296 + 4608 + 60
