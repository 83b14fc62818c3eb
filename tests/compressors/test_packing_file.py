"""The packed file: bit-exact, checked, and safe to open."""

import hashlib
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper, numpy_helper

from compressors.packing import pack, unpack
from profiler.errors import BadInput
from profiler.network import Network, save
from profiler.progress import Progress, drain
from profiler.zoo import build

RNG = np.random.default_rng(20)


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


def packed(given: Network, folder: Path) -> Path:
    path = folder / "network.nbz"
    drain(pack(given, path))
    return path


def bits(weight: np.ndarray) -> bytes:
    return np.ascontiguousarray(weight).tobytes()


def assert_same(a: Network, b: Network) -> None:
    assert ir.to_proto(a.model).graph.node == ir.to_proto(b.model).graph.node
    assert {name: (shape, dtype) for name, (shape, dtype) in a.weights().items()} == dict(b.weights())
    for name in a.weights():
        assert bits(a.weight(name)) == bits(b.weight(name)), name


def sparse(shape: tuple[int, ...], kept: int, dtype: Any = np.float32) -> np.ndarray:
    weight = np.zeros(shape, dtype)
    weight.reshape(-1)[RNG.permutation(weight.size)[:kept]] = RNG.standard_normal(kept).astype(dtype)
    return weight


def pruned(given: Network, kept: float) -> Network:
    changed = {}
    for name, (shape, _) in given.weights().items():
        weight = given.weight(name)
        if len(shape) > 1:
            changed[name] = np.where(np.abs(weight) < np.quantile(np.abs(weight), 1 - kept), np.float32(0), weight)
    return given.with_weights(changed)


@pytest.mark.parametrize("name", ["LeNet-5", "ResNet-8"])
@pytest.mark.parametrize("kept", [1.0, 0.3, 0.08, 0.0])
def test_zoo_networks_come_back_as_the_very_same_file(name: str, kept: float, tmp_path: Path):
    given = build(name) if kept == 1.0 else pruned(build(name), kept)
    back = unpack(packed(given, tmp_path))
    assert_same(given, back)
    assert back.input_recipe == given.input_recipe
    save(given, tmp_path / "given.onnx")
    save(back, tmp_path / "back.onnx")
    assert (tmp_path / "given.onnx").read_bytes() == (tmp_path / "back.onnx").read_bytes()


def test_a_file_read_from_the_disk_comes_back(tmp_path: Path):
    from profiler.formats import read

    save(pruned(build("LeNet-5"), 0.1), tmp_path / "n.onnx")
    given = read(tmp_path / "n.onnx")
    back = unpack(packed(given, tmp_path))
    assert_same(given, back)
    assert back.digest == given.digest


TYPES = [
    np.float32,
    np.float16,
    np.float64,
    np.int64,
    np.int32,
    np.int8,
    np.uint8,
    np.bool_,
    np.complex64,
    np.complex128,
]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("kept", [2000, 100, 0])
def test_every_type_dense_and_sparse(dtype: Any, kept: int, tmp_path: Path):
    given = network(w=sparse((20, 100), kept, np.int8 if np.dtype(dtype).kind in "iub" else np.float32).astype(dtype))
    assert_same(given, unpack(packed(given, tmp_path)))


def test_four_bit_and_brain_floats(tmp_path: Path):
    four = TensorProto(name="four", data_type=TensorProto.INT4, dims=[3000], raw_data=RNG.bytes(1500))
    brain = TensorProto(name="brain", data_type=TensorProto.BFLOAT16, dims=[50, 20], raw_data=RNG.bytes(2000))
    given = network(four=four, brain=brain)
    back = unpack(packed(given, tmp_path))
    for name, proto in (("four", four), ("brain", brain)):
        tensor = back.model.graph.initializers[name].const_value
        assert tensor is not None
        assert tensor.tobytes() == proto.raw_data


def test_the_bits_of_minus_zero_and_nan_stay(tmp_path: Path):
    words = np.zeros((10, 50), np.uint32)
    words[3, 7:10] = 0x8000_0000, 0x7FC0_1234, 0xFFC0_0001  # −0.0, and NaNs with something to say
    given = network(w=words.view(np.float32))
    path = packed(given, tmp_path)
    assert bits(unpack(path).weight("w")) == words.tobytes()
    assert path.stat().st_size < 1000  # as a sparse tensor, in which −0.0 is a value


def test_odd_shapes(tmp_path: Path):
    text = TensorProto(name="text", data_type=TensorProto.STRING, dims=[2], string_data=[b"a", b"b" * 2000])
    given = network(
        scalar=np.float32(3.5),
        empty=np.zeros((0, 7), np.float32),
        one_row=sparse((1, 1000), 10),
        one_column=sparse((1000, 1), 10),
        flat=sparse((1000,), 10),
        deep=sparse((5, 4, 3, 2, 10), 10),
        text=text,
    )
    back = unpack(packed(given, tmp_path))
    for name in ("scalar", "empty", "one_row", "one_column", "flat", "deep"):
        assert bits(back.weight(name)) == bits(given.weight(name))
        assert back.weight(name).shape == given.weight(name).shape
    kept = back.model.graph.initializers["text"].const_value
    assert isinstance(kept, ir.StringTensor | ir.TensorProtoTensor)
    assert list(kept.string_data()) == [b"a", b"b" * 2000]


def test_a_fortran_array_and_a_view(tmp_path: Path):
    given = network(w=sparse((40, 30), 1200))
    turned = given.with_weights({"w": np.asfortranarray(sparse((40, 30), 1200))})
    assert_same(turned, unpack(packed(turned, tmp_path)))


def test_the_same_network_gives_the_same_bytes(tmp_path: Path):
    given = pruned(build("LeNet-5"), 0.2)
    first = packed(given, tmp_path).read_bytes()
    assert packed(given, tmp_path).read_bytes() == first


def test_the_frame_as_documented(tmp_path: Path):
    given = network(w=sparse((20, 100), 50))
    data = packed(given, tmp_path).read_bytes()
    assert data[:4] == b"NBZ\x00"
    assert hashlib.sha256(data[:-32]).digest() == data[-32:]
    stored, length = struct.unpack("<QQ", data[-48:-32])
    table = json.loads(text := zlib.decompress(data[-48 - stored : -48], -15))
    assert len(text) == length
    graph = zlib.decompress(data[4 : 4 + table["graph"]], -15)
    assert onnx.ModelProto.FromString(graph).graph.node[0].op_type == "LeakyRelu"
    (entry,) = table["tensors"]
    assert (entry["name"], entry["type"], entry["shape"], entry["rows"]["nonzero"]) == ("w", "FLOAT", [20, 100], 50)
    values = zlib.decompress(data[4 + table["graph"] :][: entry["values"]], -15)
    weight = given.weight("w")
    planes = weight[weight != 0].view(np.uint8).reshape(50, 4).T
    assert values == planes.tobytes()


def test_the_summary_counts_every_byte(tmp_path: Path):
    given = pruned(build("LeNet-5"), 0.08)
    path = tmp_path / "n.nbz"
    summary = drain(pack(given, path))
    save(given, tmp_path / "n.onnx")
    assert summary.original_bytes == (tmp_path / "n.onnx").stat().st_size
    assert summary.packed_bytes == path.stat().st_size
    assert sum(row.packed for row in summary.layers) < summary.packed_bytes
    fc1 = next(row for row in summary.layers if row.name == "fc1.weight")
    assert (fc1.layer, fc1.original, fc1.form) == ("fc1", 1_600_000, "csr")
    # 32,000 values of four bytes; a gap takes its entropy, h(0.08)/0.08 = 5.03 bits, and no less.
    assert 32_000 * 5.03 / 8 < fc1.index < 32_000 * 5.5 / 8
    assert fc1.packed < 32_000 * 4 + fc1.index
    assert 0.9 * summary.packed_bytes < summary.entropy_bytes < summary.packed_bytes


def test_dense_where_sparse_would_be_larger(tmp_path: Path):
    # Alternating ±1 and no pattern to gain from an index: one zero in 10,000.
    weight = np.tile(np.float32([1, -1]), (100, 50))
    weight[0, 0] = 0
    summary = drain(pack(network(w=weight), tmp_path / "n.nbz"))
    assert summary.layers[0].form == "dense"
    assert summary.layers[0].index == 0


def test_a_large_tensor_is_judged_by_its_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("compressors.packing.writer.SAMPLE", 500)
    given = network(wide=sparse((2, 2000), 100), tall=sparse((400, 10), 100))
    summary = drain(pack(given, tmp_path / "n.nbz"))
    assert [row.form for row in summary.layers] == ["csr", "csr"]
    assert_same(given, unpack(tmp_path / "n.nbz"))


# ------------------------------------------------------------------------------ a bad disk


def test_progress_rises_to_the_end(tmp_path: Path):
    steps: list[Progress] = []
    drain(pack(build("LeNet-5"), tmp_path / "n.nbz"), steps.append)
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions)
    assert 0.9 < fractions[-1] <= 1.0
    assert any("fc1" in step.text for step in steps)


def test_a_cancelled_job_leaves_nothing(tmp_path: Path):
    job = pack(build("LeNet-5"), tmp_path / "n.nbz")
    for _ in range(5):
        next(job)
    assert list(tmp_path.iterdir())  # the temporary file
    job.close()
    assert not list(tmp_path.iterdir())


def test_a_missing_file(tmp_path: Path):
    with pytest.raises(BadInput, match=r"gone\.nbz"):
        unpack(tmp_path / "gone.nbz")


# --------------------------------------------------------------------------- damaged files


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("small")
    return packed(network(w=sparse((20, 30), 9), v=RNG.standard_normal(300).astype(np.float32)), folder).read_bytes()


def refuses(data: bytes, folder: Path, *, match: str = "unpacked") -> None:
    path = folder / "bad.nbz"
    path.write_bytes(data)
    with pytest.raises(BadInput, match=match):
        unpack(path)


def test_every_changed_byte_is_noticed(small: bytes, tmp_path: Path):
    for place in range(len(small)):
        flipped = bytearray(small)
        flipped[place] ^= 1 << (place % 8)
        refuses(bytes(flipped), tmp_path)


def test_every_truncation_is_noticed(small: bytes, tmp_path: Path):
    for length in range(0, len(small), 7):
        refuses(small[:length], tmp_path)
    refuses(small + b"\0", tmp_path)


def test_a_newer_version_is_refused_by_name(small: bytes, tmp_path: Path):
    refuses(b"NBZ\x01" + small[4:], tmp_path, match=r"newer NetBonsai \(\.nbz version 1\)")


def test_another_file_is_refused(tmp_path: Path):
    refuses(b"\x89PNG\r\n" + bytes(100), tmp_path, match=r"not an \.nbz file")


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
