"""Files of version 0, which are no longer written, keep opening; those that lie are refused."""

import hashlib
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper, numpy_helper

from compressors.packing import unpack
from profiler.errors import BadInput
from profiler.network import Network

OLD = Path(__file__).with_name("version0.nbz")
"""fc1 (24×16, a tenth kept) → ReLU → fc2 (12×24, dense) → Softmax, packed by the program that wrote version 0."""


def network(**weights: np.ndarray | TensorProto) -> Network:
    """Some weights beside a graph that reads them all through Identity nodes, with an attribute and a Constant."""
    protos = [
        weight if isinstance(weight, TensorProto) else numpy_helper.from_array(weight, name)
        for name, weight in weights.items()
    ]
    nodes = [
        helper.make_node("Identity", [proto.name], [f"{proto.name}_out"], name=f"take_{proto.name}") for proto in protos
    ]
    constant = helper.make_node("Constant", [], ["c"], name="c", value=numpy_helper.from_array(np.float32([1, 2]), "c"))
    leaky = helper.make_node("LeakyRelu", ["x"], ["y"], name="leaky", alpha=0.125, doc_string="kept")
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 3]) for name in "xy")
    graph = helper.make_graph([leaky, constant, *nodes], "g", [x], [y], initializer=protos)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, {"origin": "by hand"})
    return Network.from_model(ir.from_proto(model), name="small")


def bits(weight: np.ndarray) -> bytes:
    return np.ascontiguousarray(weight).tobytes()


def assert_same(a: Network, b: Network) -> None:
    assert ir.to_proto(a.model).graph.node == ir.to_proto(b.model).graph.node
    assert {name: (shape, dtype) for name, (shape, dtype) in a.weights().items()} == dict(b.weights())
    for name in a.weights():
        assert bits(a.weight(name)) == bits(b.weight(name)), name


def test_an_old_file_opens_to_the_network_that_was_packed():
    network = unpack(OLD)
    assert network.digest == "80310a76502429fc2085b63d966b5e6d873d95fecb77a0876645efa20dfdba33"
    assert np.count_nonzero(network.weight("fc1.weight")) < 60


def test_every_changed_byte_and_every_truncation_is_noticed(tmp_path: Path):
    data = OLD.read_bytes()
    for place in range(len(data)):
        flipped = bytearray(data)
        flipped[place] ^= 1 << (place % 8)
        refuses(bytes(flipped), tmp_path)
    for length in range(0, len(data), 7):
        refuses(data[:length], tmp_path)
    refuses(data + b"\0", tmp_path)


def refuses(data: bytes, folder: Path, *, match: str = "unpacked") -> None:
    path = folder / "bad.nbz"
    path.write_bytes(data)
    with pytest.raises(BadInput, match=match):
        unpack(path)


# --------------------------------------------------------------- files that lie, checksum and all


def deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def written(table: dict[str, Any], parts: bytes = b"", graph: bytes | None = None, claimed: int | None = None) -> bytes:
    """An .nbz file put together by hand, its checksums right whatever it says."""
    model = ir.to_proto(network().model).SerializeToString() if graph is None else graph
    whole = {
        "name": "n",
        "graph": len(deflate(model)),
        "graph_length": len(model),
        "graph_crc": zlib.crc32(model),
        **table,
    }
    text = json.dumps(whole).encode()
    body = b"NBZ\0" + deflate(model) + parts + deflate(text)
    body += struct.pack("<QQ", len(deflate(text)), len(text) if claimed is None else claimed)
    return body + hashlib.sha256(body).digest()


def entry(**changes: Any) -> dict[str, Any]:
    return {"name": "w", "type": "FLOAT", "shape": [2, 2], "crc": 0, "values": 0, **changes}


ROWS = {"nonzero": 0, "counts": 0, "count_size": 1, "gaps": 0, "gap_size": 1}
ZEROS = deflate(bytes(16))


@pytest.mark.parametrize(
    ("table", "parts"),
    [
        ({"tensors": [entry(shape=[10**7, 10**7])]}, b""),  # 400 TB in no bytes
        ({"tensors": [entry(shape=[2**62, 2**62])]}, b""),
        ({"tensors": [entry(shape=[10**4, 10**4], values=len(ZEROS))]}, ZEROS),  # 400 MB in 20 bytes
        ({"tensors": [entry(shape=[10**6, 10**6], rows=ROWS)]}, b""),  # and as a sparse tensor of zeros
        ({"tensors": [entry(shape=[10**9, 0], rows={**ROWS, "counts": len(ZEROS)})]}, ZEROS),
        ({"tensors": [entry(rows={**ROWS, "nonzero": 10**12})]}, b""),
        ({"tensors": [entry(rows={**ROWS, "count_size": 3})]}, b""),
        ({"tensors": [entry(shape=[-2, 2])]}, b""),
        ({"tensors": [entry(type="FLOAT7")]}, b""),
        ({"tensors": [entry(type="INT4", rows=ROWS)]}, b""),
        ({"tensors": [entry(values=10**9)]}, b""),
        ({"tensors": [entry(more=1)]}, b""),
        ({"tensors": [entry(values=len(ZEROS), crc=1)]}, ZEROS),
        ({"tensors": [entry(values=len(ZEROS), crc=zlib.crc32(bytes(16)))]}, ZEROS),  # not in the graph
        ({"tensors": []}, b"left over"),
        ({"tensors": [], "graph_length": 2**50}, b""),
        ({"tensors": [], "graph_crc": 5}, b""),
        ({"tensors": 5}, b""),
        ({}, b""),
    ],
)
def test_claims_are_checked_before_memory_is_taken(table: dict[str, Any], parts: bytes, tmp_path: Path):
    refuses(written(table, parts), tmp_path)


def test_the_hand_made_file_is_read_when_it_is_honest(tmp_path: Path):
    path = tmp_path / "good.nbz"
    path.write_bytes(written({"tensors": []}))
    assert_same(network(), unpack(path))


def test_a_table_that_claims_too_much(tmp_path: Path):
    refuses(written({"tensors": []}, claimed=2**60), tmp_path, match="claims")
    refuses(written({"tensors": []}, claimed=10), tmp_path, match="table")


def external(location: str) -> bytes:
    """A graph whose weight lies in another file."""
    model = ir.to_proto(network(w=np.zeros(4, np.float32)).model)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return model.SerializeToString()


def test_a_graph_can_not_point_to_other_files(tmp_path: Path):
    refuses(written({"tensors": []}, graph=external("/etc/passwd")), tmp_path, match="do not belong")
    model = ir.to_proto(network().model)
    value = model.graph.node[1].attribute[0].t
    value.ClearField("raw_data")
    value.data_location = TensorProto.EXTERNAL
    value.external_data.add(key="location", value="/etc/passwd")
    refuses(written({"tensors": []}, graph=model.SerializeToString()), tmp_path, match="another file")


def test_a_weight_must_have_the_graphs_shape(tmp_path: Path):
    good = entry(values=len(ZEROS), crc=zlib.crc32(bytes(16)))  # 2×2, where the graph says 4
    refuses(written({"tensors": [good]}, ZEROS, external("left-out")), tmp_path, match="another shape")
    twice = {"tensors": [good, good]}
    refuses(written(twice, ZEROS + ZEROS, external("left-out")), tmp_path, match="twice")


def test_a_small_weight_inside_the_graph_that_lies(tmp_path: Path):
    model = ir.to_proto(network(w=np.zeros(4, np.float32)).model)
    model.graph.initializer[0].dims[0] = 10**12
    refuses(written({"tensors": []}, graph=model.SerializeToString()), tmp_path, match="its shape says")


def test_a_graph_that_is_none(tmp_path: Path):
    refuses(written({"tensors": []}, graph=b"\xff\xff\xff\xff"), tmp_path, match="not an ONNX graph")
