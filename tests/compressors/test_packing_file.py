"""The packed file: bit-exact, checked, and safe to open."""

import hashlib
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper, numpy_helper

from compressors.packing import pack, text, unpack
from compressors.packing.container import Contents, Record, head_of
from compressors.packing.forms import Form
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
    """Read by hand, down to the coder: head, text, one raw plane, checksum."""
    given = network(w=RNG.standard_normal((20, 100)).astype(np.float32))
    data = packed(given, tmp_path).read_bytes()
    assert data[:4] == b"NBZ\x01"
    assert zlib.crc32(data[:-4]) == int.from_bytes(data[-4:], "little")
    length, at = number(data, 4)
    assert length & 1 == 0  # coded by contexts, not deflated
    stored, at = number(data, at)
    whole = text.decoded(data[at : at + stored], length >> 1)
    size, begin = number(whole, 0)
    graph = onnx.ModelProto.FromString(whole[begin : begin + size])
    (weight,) = graph.graph.initializer
    assert (weight.name, list(weight.dims), weight.raw_data) == ("w", [20, 100], b"")
    size, begin = number(whole, begin + size)
    assert whole[begin : begin + size] == b"small"
    begin += size
    crc, record = int.from_bytes(whole[begin : begin + 4], "little"), whole[begin + 4 :]
    assert crc == zlib.crc32(given.weight("w").tobytes())
    assert record[0] == 1  # a stream begins
    assert record[1] & 0b1111 == 0  # dense, planes
    assert record[2] == 0b0111  # all but sign and exponent are noise
    coded, after = number(record, 3)
    raw, after = number(record, after)
    assert (raw, after) == (6000, len(record))
    assert at + stored + raw + coded + 4 == len(data)
    planes = given.weight("w").view(np.uint8).reshape(2000, 4)
    assert data[at + stored :][:6000] == planes[:, 2::-1].T.tobytes()


def number(data: bytes, at: int) -> tuple[int, int]:
    """Seven bits a byte, the lowest first: the number, and where it ends."""
    value = shift = 0
    while data[at] & 128:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
    return value | data[at] << shift, at + 1


def test_a_larger_file_ends_in_sixteen_bytes_of_sha_256(tmp_path: Path):
    data = packed(network(w=RNG.standard_normal((200, 100)).astype(np.float32)), tmp_path).read_bytes()
    assert len(data) > 1 << 16
    assert hashlib.sha256(data[:-16]).digest()[:16] == data[-16:]


def test_the_summary_counts_every_byte(tmp_path: Path):
    given = pruned(build("LeNet-5"), 0.08)
    path = tmp_path / "n.nbz"
    summary = drain(pack(given, path))
    save(given, tmp_path / "n.onnx")
    assert summary.original_bytes == (tmp_path / "n.onnx").stat().st_size
    assert summary.packed_bytes == path.stat().st_size
    # What is left is the frame, the graph, the table and the ends of two streams.
    assert 200 < summary.packed_bytes - sum(row.packed for row in summary.layers) < 600
    fc1 = next(row for row in summary.layers if row.name == "fc1.weight")
    assert (fc1.layer, fc1.original, fc1.form, fc1.values) == ("fc1", 1_600_000, "bitmap", "planes")
    assert (fc1.kept, fc1.total, fc1.distinct, fc1.codebook) == (32_000, 400_000, None, 0)
    # 32,000 values at random places: h(0.08) = 0.4022 bits each, and no less.
    assert 400_000 * 0.4021 / 8 < fc1.index < 400_000 * 0.4022 / 8 * 1.01
    assert 32_000 * 2 < fc1.packed < 32_000 * 4 + fc1.index
    assert summary.entropy_bytes == pytest.approx(summary.packed_bytes, rel=0.02)


def test_shared_weights_as_indices_and_a_codebook(tmp_path: Path):
    weight = sparse((100, 200), 4000)
    weight[weight != 0] = RNG.choice(np.float32([-0.5, -0.25, 0.125, 0.75]), 4000)
    given = network(w=weight)
    (row,) = drain(pack(given, tmp_path / "n.nbz")).layers
    assert_same(given, unpack(tmp_path / "n.nbz"))
    assert (row.values, row.distinct) == ("codebook", 4)
    assert row.codebook < 4 * 4
    assert row.packed - row.index - row.codebook == pytest.approx(4000 * 2 / 8, rel=0.02)  # two bits each


def test_a_codebook_for_each_row(tmp_path: Path):
    books = RNG.standard_normal((300, 8)).astype(np.float32)
    weight = np.take_along_axis(books, RNG.integers(0, 8, (300, 400)), 1)
    given = network(w=weight)
    (row,) = drain(pack(given, tmp_path / "n.nbz")).layers
    assert_same(given, unpack(tmp_path / "n.nbz"))
    assert row.values == "row codebooks"
    assert row.packed - row.codebook == pytest.approx(300 * 400 * 3 / 8, rel=0.01)


def test_few_values_far_apart_are_said_by_their_gaps(tmp_path: Path):
    given = network(w=sparse((1000, 2000), 20))
    (row,) = drain(pack(given, tmp_path / "n.nbz")).layers
    assert row.form in ("csr", "relative")
    assert row.index < 20 * 4
    assert_same(given, unpack(tmp_path / "n.nbz"))


def test_dense_where_sparse_would_be_larger(tmp_path: Path):
    # Words of two symbols and no pattern to gain from an index: one zero in 10,000.
    weight = np.tile(np.float32([1, -1]), (100, 50))
    weight[0, 0] = 0
    summary = drain(pack(network(w=weight), tmp_path / "n.nbz"))
    assert summary.layers[0].packed < 120


def test_zeros_alone_and_one_value_alone(tmp_path: Path):
    given = network(zeros=np.zeros((100, 90), np.float32), ones=np.ones((90, 100), np.float32))
    path = packed(given, tmp_path)
    assert path.stat().st_size < 500
    assert_same(given, unpack(path))


def test_a_constant_of_many_megabytes_takes_no_less_than_a_byte_for_65536_words(tmp_path: Path):
    given = network(w=np.full((3000, 1000), 0.5, np.float32))
    path = packed(given, tmp_path)
    assert_same(given, unpack(path))
    assert path.stat().st_size > 3_000_000 / 65536


def test_a_large_tensor_is_judged_by_its_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("compressors.packing.choosing.SAMPLE", 500)
    monkeypatch.setattr("compressors.packing.choosing.LARGE", 1000)
    given = network(wide=sparse((2, 2000), 100), tall=sparse((400, 10), 100))
    drain(pack(given, tmp_path / "n.nbz"))
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
        for change in (1 << (place % 8), 0xFF):
            flipped = bytearray(small)
            flipped[place] ^= change
            refuses(bytes(flipped), tmp_path)


def test_every_truncation_is_noticed(small: bytes, tmp_path: Path):
    for length in range(0, len(small), 7):
        refuses(small[:length], tmp_path)
    refuses(small + b"\0", tmp_path)


def test_a_newer_version_is_refused_by_name(small: bytes, tmp_path: Path):
    refuses(b"NBZ\x02" + small[4:], tmp_path, match=r"newer NetBonsai \(\.nbz version 2\)")


def test_another_file_is_refused(tmp_path: Path):
    refuses(b"\x89PNG\r\n" + bytes(100), tmp_path, match=r"not an \.nbz file")


# --------------------------------------------------------------- files that lie, checksum and all


def written(records: list[Record], parts: bytes = b"", *, graph: bytes | None = None, crc: int = 0) -> bytes:
    """An .nbz file put together by hand, its checksum right whatever it says."""
    model = left_out([2, 2]) if graph is None else graph
    body = head_of(Contents("n", model, crc, records)) + parts
    return body + zlib.crc32(body).to_bytes(4, "little")


def left_out(dims: list[int], kind: int = TensorProto.FLOAT) -> bytes:
    """A graph that lacks its one weight."""
    model = ir.to_proto(network(w=np.zeros(40, np.float32)).model)
    del model.graph.value_info[:]
    weight = model.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.dims[:], weight.data_type = dims, kind
    return model.SerializeToString()


RAW = Form("dense", "planes", raw=0b1111)
FOUR = np.arange(4, dtype=np.float32)
PLANES = FOUR.view(np.uint8).reshape(4, 4)[:, ::-1].T.tobytes()


def test_the_hand_made_file_is_read_when_it_is_honest(tmp_path: Path):
    path = tmp_path / "good.nbz"
    path.write_bytes(written([Record(RAW, (0, 16))], PLANES, crc=zlib.crc32(FOUR.tobytes())))
    assert unpack(path).weight("w").tolist() == [[0, 1], [2, 3]]


@pytest.mark.parametrize(
    ("dims", "records", "parts"),
    [
        ([10**7, 10**7], [Record(RAW, (0, 0))], b""),  # 400 TB in no bytes
        ([2**62, 2**62], [Record(RAW, (0, 0))], b""),
        ([10**4, 10**4], [Record(RAW, (16, 0))], bytes(16)),  # 400 MB in 16 bytes
        ([10**4, 10**4], [Record(Form("bitmap", "planes"), (16, 0))], bytes(16)),
        ([10**4, 10**4], [Record(Form("csr", "codebook"), (16, 0))], bytes(16)),
        ([-2, 2], [Record(RAW, (0, 16))], PLANES),
        ([2, 2], [Record(RAW, (0, 10**9))], PLANES),  # more than the file has
        ([2, 2], [Record(RAW, (0, 15))], PLANES),  # something is left over
        ([2, 2], [Record(RAW, (1, 15))], PLANES),  # too few raw bytes
        ([2, 2], [Record(RAW, (0, 16)), Record(RAW)], PLANES),  # a tensor that the graph does not want
        ([2, 2], [], b""),
        ([2, 2], [Record(RAW)], b""),  # in no stream
        ([2, 2], [Record(RAW, (0, 16))], PLANES),  # the weights’ checksum is wrong
    ],
)
def test_claims_are_checked_before_memory_is_taken(
    dims: list[int], records: list[Record], parts: bytes, tmp_path: Path
):
    refuses(written(records, parts, graph=left_out(dims), crc=1), tmp_path)


@pytest.mark.parametrize("places", ["dense", "bitmap", "csr", "relative"])
@pytest.mark.parametrize("values", ["planes", "codebook", "row codebooks"])
def test_noise_in_place_of_a_stream_never_does_harm(places: Any, values: Any, tmp_path: Path):
    """Whatever the bits say, it is refused: no crash, and no array larger than the tensor."""
    form = Form(places, values, bits=4)
    for seed in range(30):
        noise = np.random.default_rng(seed).bytes(40)
        refuses(written([Record(form, (40, 0))], noise, graph=left_out([20, 30])), tmp_path, match="damaged")


@pytest.mark.parametrize("kind", [TensorProto.UNDEFINED, TensorProto.STRING, 99])
def test_a_type_that_is_none(kind: int, tmp_path: Path):
    refuses(written([Record(RAW, (0, 16))], PLANES, graph=left_out([2, 2], kind)), tmp_path)


def test_a_text_that_claims_terabytes(tmp_path: Path):
    def numbered(value: int) -> bytes:
        made = b""
        while value > 127:
            made, value = made + bytes([value & 127 | 128]), value >> 7
        return made + bytes([value])

    for length in (2**50, 2**25, 2**25 | 1):
        body = b"NBZ\x01" + numbered(length) + numbered(5) + b"12345"
        refuses(body + zlib.crc32(body).to_bytes(4, "little"), tmp_path, match="claim|hold")


def test_a_graph_can_not_point_to_other_files(tmp_path: Path):
    model = onnx.ModelProto.FromString(left_out([2, 2]))
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    model.graph.initializer[0].external_data.add(key="location", value="/etc/passwd")
    refuses(written([], graph=model.SerializeToString()), tmp_path, match="another file")
    model = ir.to_proto(network().model)
    value = model.graph.node[1].attribute[0].t
    value.ClearField("raw_data")
    value.data_location = TensorProto.EXTERNAL
    value.external_data.add(key="location", value="/etc/passwd")
    refuses(written([], graph=model.SerializeToString()), tmp_path, match="another file")


def test_a_small_weight_inside_the_graph_that_lies(tmp_path: Path):
    model = ir.to_proto(network(w=np.zeros(4, np.float32)).model)
    model.graph.initializer[0].dims[0] = 10**12
    refuses(written([], graph=model.SerializeToString()), tmp_path, match="its shape says")


def test_a_graph_that_is_none(tmp_path: Path):
    refuses(written([], graph=b"\xff\xff\xff\xff"), tmp_path, match="not an ONNX graph")
