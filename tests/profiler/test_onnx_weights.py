"""Weights of ONNX files, wherever and however they are kept: mapped, checked, and refused where they cannot be."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, external_data_helper, numpy_helper

from profiler import formats
from profiler.breakdown import breakdown
from profiler.errors import BadInput
from profiler.input_recipe import InputRecipe
from profiler.network import save
from profiler.wire import head

TEXT = "g (float[1,64] x) => (float[1,32] y) { y = MatMul (x, w) }"


VALUES = np.arange(2048, dtype=np.float32).reshape(64, 32)


@pytest.fixture
def good(tmp_path, make_proto):
    path = tmp_path / "net.onnx"
    path.write_bytes(make_proto(TEXT, w=VALUES).SerializeToString())
    return path


def refusal(path):
    with pytest.raises(BadInput) as raised:
        formats.read(path)
    return str(raised.value)


def sparse(good, indices, dims=(64, 32), values=(1.5, 2.5)):
    """The network with its weight in sparse form."""
    proto = onnx.load(str(good))
    proto.graph.initializer.pop()
    where = np.array(indices)
    stored = onnx.helper.make_tensor("w", TensorProto.FLOAT, [len(values)], values)
    proto.graph.sparse_initializer.add(values=stored, indices=numpy_helper.from_array(where, "where"), dims=dims)
    good.write_bytes(proto.SerializeToString())


@pytest.mark.parametrize("indices", [[5, 33], [[0, 5], [1, 1]]])
def test_sparse_weights_are_spread_when_they_are_asked_for(good, indices, tmp_path):
    """Positions in the flattened tensor, or rows of it: 33 = 1·32 + 1. What runs is dense, and so it is counted."""
    sparse(good, indices)
    network = formats.read(good)
    assert breakdown(network).totals().params == 64 * 32
    expected = np.zeros((64, 32), np.float32)
    expected[0, 5], expected[1, 1] = 1.5, 2.5
    np.testing.assert_array_equal(network.weight("w"), expected)
    assert list(network.pieces()) == [good.read_bytes()]
    save(network.with_weights({"w": expected * 2}), tmp_path / "dense.onnx")
    np.testing.assert_array_equal(formats.read(tmp_path / "dense.onnx").weight("w"), expected * 2)


@pytest.mark.parametrize(
    ("indices", "dims", "words"),
    [
        ([5, 64 * 32], (64, 32), "indices do not fit"),
        ([5, -1], (64, 32), "indices do not fit"),
        ([[0, 5]], (64, 32), "indices do not fit"),
        ([5, 33], (1 << 30, 1 << 30), "more values than a network can have"),
        ([5, 33], (-64, -32), "has a size below 0"),
    ],
)
def test_sparse_weights_that_do_not_hold_together(good, indices, dims, words):
    sparse(good, indices, dims)
    message = refusal(good)
    assert "“w”" in message
    assert words in message


def test_weights_in_several_files(tmp_path, make_proto):
    proto = make_proto("g (float[1,64] x) => (float[1,8] y) { h = MatMul (x, w)  y = MatMul (h, v) }", w=VALUES)
    small = np.arange(256, dtype=np.float32).reshape(32, 8)
    proto.graph.initializer.append(numpy_helper.from_array(small, "v"))
    places = {"w": ("first.bin", 4, VALUES), "v": ("folder/second.bin", 4096, small)}
    (tmp_path / "folder").mkdir()
    for tensor in proto.graph.initializer:
        location, offset, values = places[tensor.name]
        (tmp_path / location).write_bytes(bytes(offset) + values.tobytes() + b"rest")
        external_data_helper.set_external_data(tensor, location, offset, values.nbytes)
        tensor.ClearField("raw_data")
    (tmp_path / "n.onnx").write_bytes(proto.SerializeToString())
    network = formats.read(tmp_path / "n.onnx")
    np.testing.assert_array_equal(network.weight("w"), VALUES)
    np.testing.assert_array_equal(network.weight("v"), small)
    assert breakdown(network).totals("fc").params == 2048 + 256


def test_weights_in_float_data_are_mapped_too(tmp_path, make_proto):
    """As older exporters write them: packed floats have the same bytes as raw ones."""
    proto = make_proto(TEXT)
    proto.graph.initializer.append(onnx.helper.make_tensor("w", TensorProto.FLOAT, [64, 32], VALUES.reshape(-1)))
    (tmp_path / "n.onnx").write_bytes(proto.SerializeToString())
    network = formats.read(tmp_path / "n.onnx")
    assert type(network.model.graph.initializers["w"].const_value).__name__ == "MappedTensor"
    np.testing.assert_array_equal(network.weight("w"), VALUES)


def test_a_constant_node_is_mapped_too(tmp_path, make_proto):
    proto = make_proto(
        "g (float[1,64] x) => (float[1,32] y) { w = Constant <value = float[1] {0}> () y = MatMul (x, w) }"
    )
    proto.graph.node[0].attribute[0].t.CopyFrom(numpy_helper.from_array(VALUES, "w"))
    (tmp_path / "n.onnx").write_bytes(proto.SerializeToString())
    network = formats.read(tmp_path / "n.onnx")
    assert type(next(iter(network.model.graph)).attributes["value"].value).__name__ == "MappedTensor"
    np.testing.assert_array_equal(network.weight("w"), VALUES)
    assert breakdown(network).totals("fc").params == 2048


def test_values_kept_one_by_one_are_refused(tmp_path):
    """Two bytes each in the file and eight in memory; ONNX says that they are packed."""
    tensor = b"\x08\xd0\x0f\x10\x06" + head(8, 1) + b"w" + b"\x28\x01" * 2000
    graph = head(5, len(tensor)) + tensor
    (tmp_path / "n.onnx").write_bytes(b"\x08\x08" + head(7, len(graph)) + graph + b"\x42\x02\x10\x0d")
    assert "keeps the values of a weight one by one" in refusal(tmp_path / "n.onnx")


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"\x70\x00", b""), (head(9, 4) + b"abcd", b""), (b"", b"\x70\x00")],
    ids=["said to be inside", "values twice", "said to be inside, behind them"],
)
def test_a_tensor_that_says_things_twice_is_still_mapped(tmp_path, make_proto, before, after):
    """The last `raw_data` counts; that its place is the file itself may be said."""
    proto = make_proto(TEXT)
    tensor = (
        b"\x08\x40\x08\x20\x10\x01" + head(8, 1) + b"w" + before + head(9, VALUES.nbytes) + VALUES.tobytes() + after
    )
    graph = proto.graph.SerializeToString() + head(5, len(tensor)) + tensor
    (tmp_path / "n.onnx").write_bytes(b"\x08\x08" + head(7, len(graph)) + graph + b"\x42\x02\x10\x0d")
    network = formats.read(tmp_path / "n.onnx")
    assert type(network.model.graph.initializers["w"].const_value).__name__ == "MappedTensor"
    np.testing.assert_array_equal(network.weight("w"), VALUES)
    changed = network.with_input_recipe(InputRecipe(colour="grey"))
    save(changed, tmp_path / "again.onnx")
    np.testing.assert_array_equal(formats.read(tmp_path / "again.onnx").weight("w"), VALUES)


def test_a_small_tensor_that_says_it_is_inside_is_written_again(tmp_path, make_proto):
    proto = make_proto("g (float[1,2] x) => (float[1,2] y) { y = MatMul (x, w) }", w=np.eye(2, dtype=np.float32))
    proto.graph.initializer[0].data_location = TensorProto.DEFAULT
    (tmp_path / "n.onnx").write_bytes(proto.SerializeToString())
    network = formats.read(tmp_path / "n.onnx").with_input_recipe(InputRecipe(colour="grey"))
    save(network, tmp_path / "again.onnx")
    np.testing.assert_array_equal(formats.read(tmp_path / "again.onnx").weight("w"), np.eye(2))


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        (TensorProto.FLOAT16, np.float16),
        (TensorProto.INT8, np.int8),
        (TensorProto.INT32, np.int32),
        (TensorProto.INT64, np.int64),
        (TensorProto.UINT32, np.uint32),
    ],
)
def test_weights_written_as_varints_are_read_when_they_are_asked_for(tmp_path, make_proto, kind, dtype):
    values = np.arange(-1500, 1500).astype(dtype)
    proto = make_proto("g (float[2] x) => (float[2] y) { y = Relu (x) }")
    proto.graph.initializer.append(onnx.helper.make_tensor("w", kind, [3, 1000], values.view(dtype)))
    assert not proto.graph.initializer[0].raw_data
    (tmp_path / "n.onnx").write_bytes(proto.SerializeToString())
    network = formats.read(tmp_path / "n.onnx")
    assert type(network.model.graph.initializers["w"].const_value).__name__ == "LazyTensor"
    np.testing.assert_array_equal(network.weight("w"), values.reshape(3, 1000))
    proto.graph.initializer[0].dims[0] = 4
    (tmp_path / "n.onnx").write_bytes(proto.SerializeToString())
    assert "“w” claims 4,000 values, and 3,000 are there" in refusal(tmp_path / "n.onnx")


def external(folder, location, *, offset=0, length=VALUES.nbytes, make_proto):
    """A network whose weight lies in `location`."""
    proto = make_proto(TEXT, w=VALUES)
    tensor = proto.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", str(offset)), ("length", str(length))):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    path = folder / "deploy.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


def test_external_weights_beside_the_file(tmp_path, make_proto):
    (tmp_path / "w.bin").write_bytes(b"head" + VALUES.tobytes())
    network = formats.read(external(tmp_path, "w.bin", offset=4, make_proto=make_proto))
    np.testing.assert_array_equal(network.weight("w"), VALUES)
    save(network, tmp_path / "inline.onnx")
    inline = onnx.load(str(tmp_path / "inline.onnx"), load_external_data=False)
    assert not external_data_helper.uses_external_data(inline.graph.initializer[0])
    np.testing.assert_array_equal(numpy_helper.to_array(inline.graph.initializer[0]), VALUES)
    assert formats.read(tmp_path / "inline.onnx").digest == network.digest


@pytest.mark.parametrize("location", ["../w.bin", "/etc/hostname", "sub/../../w.bin"])
def test_external_weights_outside_the_folder(tmp_path, location, make_proto):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "w.bin").write_bytes(VALUES.tobytes())
    message = refusal(external(folder, location, make_proto=make_proto))
    assert "“deploy.onnx” could not be opened." in message
    assert f"“w” reads weights from {location}, outside the file’s folder." in message
    assert "beside it, or export with the weights inside." in message


def test_a_link_out_of_the_folder_is_outside(tmp_path, make_proto):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(VALUES.tobytes())
    (folder / "w.bin").symlink_to(tmp_path / "secret.bin")
    assert "outside the file’s folder" in refusal(external(folder, "w.bin", make_proto=make_proto))


def test_external_weights_that_are_missing_or_short(tmp_path, make_proto):
    path = external(tmp_path, "w.bin", make_proto=make_proto)
    assert "which is not there" in refusal(path)
    (tmp_path / "w.bin").write_bytes(VALUES.tobytes()[:-1])
    assert "bytes 0 to 8,192 of w.bin, which has 8,191" in refusal(path)


def test_a_network_that_reads_itself_as_a_weight_is_bounded(tmp_path, make_proto):
    path = external(tmp_path, "deploy.onnx", length=10**12, make_proto=make_proto)
    assert "deploy.onnx, which has" in refusal(path)


def test_many_weights_take_one_file_handle(tmp_path, make_proto):
    """A thousand mapped weights must not use up the process's open files."""
    handles = Path("/proc/self/fd")
    if not handles.is_dir():
        pytest.skip("this system does not show open files")
    weights = {f"w{i}": np.full((300,), i, np.float32) for i in range(1000)}
    proto = make_proto("g (float[300] x) => (float[300] y) { y = Relu (x) }", **weights)
    (tmp_path / "many.onnx").write_bytes(proto.SerializeToString())
    before = len(list(handles.iterdir()))
    network = formats.read(tmp_path / "many.onnx")
    assert network.weight("w999")[0] == 999
    assert len(list(handles.iterdir())) - before <= 2


def test_other_types_survive(tmp_path, make_proto):
    """Half floats, integers, 4-bit integers and bfloat16, large enough to be mapped."""
    proto = make_proto("g (float[2] x) => (float[2] y) { y = Relu (x) }", opset=21)
    half = np.arange(4000, dtype=np.float16)
    proto.graph.initializer.append(numpy_helper.from_array(half, "half"))
    proto.graph.initializer.append(numpy_helper.from_array(np.arange(4000), "long"))
    nibbles = onnx.helper.make_tensor("nibbles", TensorProto.INT4, [4000], b"\x21" * 2000, raw=True)
    brain = onnx.helper.make_tensor("brain", TensorProto.BFLOAT16, [2000], b"\x80\x3f" * 2000, raw=True)
    proto.graph.initializer.extend([nibbles, brain])
    (tmp_path / "types.onnx").write_bytes(proto.SerializeToString())
    network = formats.read(tmp_path / "types.onnx")
    np.testing.assert_array_equal(network.weight("half"), half)
    np.testing.assert_array_equal(network.weight("long"), np.arange(4000))
    assert network.weight("nibbles").astype(int)[:4].tolist() == [1, 2, 1, 2]
    assert network.weight("brain").astype(float).tolist() == [1.0] * 2000
    changed = network.with_weights({"half": half * 0})
    save(changed, tmp_path / "again.onnx")
    again = {t.name: t for t in onnx.load(str(tmp_path / "again.onnx")).graph.initializer}
    assert again["nibbles"].raw_data == b"\x21" * 2000
    assert again["brain"].raw_data == b"\x80\x3f" * 2000
    assert not numpy_helper.to_array(again["half"]).any()
