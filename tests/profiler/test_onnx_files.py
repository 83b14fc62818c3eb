"""Files that are no networks, or harm: each gets a message that names it; none crashes, none takes memory."""

import contextlib

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto

from profiler import formats, zoo
from profiler.breakdown import breakdown
from profiler.errors import BadInput
from profiler.network import save
from profiler.wire import WireError, encoded, fields, head, varint

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


def test_missing(tmp_path):
    assert "There is no file" in refusal(tmp_path / "no.onnx")


def test_a_zoo_name_without_its_prefix():
    assert "zoo:AlexNet" in refusal("AlexNet")


def test_folder(tmp_path):
    assert "is a folder" in refusal(tmp_path)


def test_unknown_ending(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    assert "does not know .txt" in refusal(tmp_path / "notes.txt")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "It is empty"),
        (b"hello, this is text\n" * 20, "not an ONNX file"),
        (b"<!DOCTYPE html><html>" + b"x" * 200, "not an ONNX file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not an ONNX file"),
        (b"PK\x03\x04" + bytes(500), "not an ONNX file"),
        (b"\x08\x08", "no network in it"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"),
    ],
)
def test_not_a_network(tmp_path, content, words):
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    message = refusal(path)
    assert "“bad.onnx” could not be opened." in message
    assert words in message


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 1])
def test_cut_short(good, kept):
    content = good.read_bytes()
    good.write_bytes(content[: int(len(content) * kept) - 1])
    assert "“net.onnx” could not be opened. It is cut short" in refusal(good)


def test_cut_short_just_behind_the_graph(good):
    proto = onnx.load(str(good))
    del proto.opset_import[:]
    good.write_bytes(proto.SerializeToString())
    assert "which operators it uses" in refusal(good)


def test_a_weight_that_claims_more_than_is_there(good):
    """A terabyte claimed: refused before memory is taken."""
    proto = onnx.load(str(good))
    proto.graph.initializer[0].dims[:] = [1 << 20, 1 << 18]
    good.write_bytes(proto.SerializeToString())
    assert "“w” claims 1,099,511,627,776 bytes, and 8,192 are there" in refusal(good)


@pytest.mark.parametrize(("dims", "words"), [([1 << 40], "“v” claims"), ([-1, -2048], "“v” has a size below 0")])
def test_small_and_typed_weights_are_checked_too(good, dims, words):
    proto = onnx.load(str(good))
    proto.graph.initializer.append(TensorProto(name="v", data_type=1, dims=dims, float_data=[1.0]))
    good.write_bytes(proto.SerializeToString())
    assert words in refusal(good)


def test_an_unknown_type(good):
    proto = onnx.load(str(good))
    proto.graph.initializer[0].data_type = 99
    good.write_bytes(proto.SerializeToString())
    assert "“w” has an unknown type" in refusal(good)


def test_a_value_that_nothing_makes(good):
    proto = onnx.load(str(good))
    proto.graph.node[0].input[0] = "lost"
    proto.graph.node[0].name = "product"
    good.write_bytes(proto.SerializeToString())
    assert "Node “product” reads “lost”, which nothing makes." in refusal(good)
    proto.graph.node[0].input[0] = "x"
    proto.graph.output[0].name = "answer"
    good.write_bytes(proto.SerializeToString())
    assert "Nothing makes its output “answer”." in refusal(good)


def lines_of(good, make_proto, *nodes):
    """The file with these nodes instead, each NAME = Relu (READS)."""
    proto = make_proto("g (float[1,64] x) => (float[1,64] y) { y = Relu (x) }")
    del proto.graph.node[:]
    for makes, reads in nodes:
        proto.graph.node.append(onnx.helper.make_node("Relu", [reads], [makes], name=f"makes_{makes}"))
    good.write_bytes(proto.SerializeToString())
    return good


def test_a_circle_is_refused_by_the_names_of_its_nodes(good, make_proto):
    path = lines_of(good, make_proto, ("a", "c"), ("b", "a"), ("c", "b"), ("d", "x"), ("y", "c"))
    assert "Its graph runs in a circle: “makes_" in refusal(path)
    told = refusal(path)
    assert all(f"“makes_{name}”" in told for name in "abc")
    assert "makes_y" not in told
    assert "circle: “makes_y”." in refusal(lines_of(good, make_proto, ("y", "y")))


def test_two_makers_of_one_value_are_refused(good, make_proto):
    told = refusal(lines_of(good, make_proto, ("a", "x"), ("a", "x"), ("y", "a")))
    assert "Two nodes make the value “a”: “makes_a” and “makes_a”." in told


def test_a_dangling_value_is_refused(good, make_proto):
    assert "“makes_y” reads “z”, which nothing makes" in refusal(lines_of(good, make_proto, ("y", "z")))


def test_nodes_out_of_order_are_put_in_order(good, make_proto):
    """As some converters write them; the file itself stays what it was."""
    path = lines_of(good, make_proto, ("y", "b"), ("b", "a"), ("a", "x"))
    network = formats.read(path)
    assert [layer.name for layer in breakdown(network).layers] == ["makes_a", "makes_b", "makes_y"]
    assert all(layer.output_shape == (1, 64) for layer in breakdown(network).layers)
    assert list(network.pieces()) == [path.read_bytes()]


def test_a_setting_that_is_no_text_opens_and_counts(tmp_path, make_proto):
    """Operators of one's own may keep any bytes in a string; they are kept."""
    proto = make_proto("g (float[1,64] x) => (float[1,32] y) { h = own.Engine (x)  y = MatMul (h, w) }", w=VALUES)
    proto.graph.node[0].attribute.add(name="blob", type=onnx.AttributeProto.STRING, s=b"\xff\xfe\x00")
    proto.graph.value_info.append(onnx.helper.make_tensor_value_info("h", TensorProto.FLOAT, [1, 64]))
    (tmp_path / "n.onnx").write_bytes(proto.SerializeToString())
    network = formats.read(tmp_path / "n.onnx")
    assert breakdown(network).totals().macs == 64 * 32
    assert breakdown(network).unknown_ops == ("own::Engine",)
    assert list(network.pieces()) == [(tmp_path / "n.onnx").read_bytes()]
    save(network.with_weights({"w": VALUES * 2}), tmp_path / "again.onnx")
    assert onnx.load(str(tmp_path / "again.onnx")).graph.node[0].attribute[0].s == b"\xff\xfe\x00"


def test_what_opens_but_cannot_be_written_says_so(tmp_path, make_proto):
    """An attribute of no type, as damaged files have it: counted, and kept as the file is."""
    proto = make_proto("g (float[1,64] x) => (float[1,32] y) { y = MatMul (x, w) }", w=VALUES)
    proto.graph.node[0].attribute.add(name="odd")
    (tmp_path / "n.onnx").write_bytes(proto.SerializeToString())
    network = formats.read(tmp_path / "n.onnx")
    assert breakdown(network).totals().macs == 64 * 32
    assert list(network.pieces()) == [(tmp_path / "n.onnx").read_bytes()]
    with pytest.raises(BadInput, match="could not be written"):
        save(network.with_weights({"w": VALUES * 2}), tmp_path / "again.onnx")
    assert not (tmp_path / "again.onnx").exists()


def test_a_graph_of_more_parts_than_any_network_has(tmp_path):
    """Two bytes a node in the file, kilobytes a node in memory: refused before it is taken."""
    nodes = b"\x0a\x00" * 1_000_001
    (tmp_path / "n.onnx").write_bytes(b"\x08\x08" + head(7, len(nodes)) + nodes + b"\x42\x02\x10\x0d")
    assert "has more than 1,000,000 parts in one graph" in refusal(tmp_path / "n.onnx")


@pytest.mark.parametrize(
    ("packed", "words"),
    [(True, "has 16,777,217 bytes where no weights belong"), (False, "has more than 1,000,000 parts in one attribute")],
)
def test_a_setting_longer_than_any_network_has(tmp_path, packed, words):
    """A byte or two a number in the file, tens of bytes in memory."""
    numbers = b"\x01" * ((1 << 24) + 1)
    ints = head(8, len(numbers)) + numbers if packed else b"\x40\x01" * 1_000_001
    attribute = head(5, len(ints)) + ints
    graph = head(1, len(attribute)) + attribute
    (tmp_path / "n.onnx").write_bytes(b"\x08\x08" + head(7, len(graph)) + graph + b"\x42\x02\x10\x0d")
    assert words in refusal(tmp_path / "n.onnx")


def test_sizes_that_go_beyond_counting(tmp_path, make_proto):
    text = "g (float[1,3,S,S] x) => (float[a,b,c,d] y) { y = Conv (x, w) }"
    proto = make_proto(text, w=np.ones((4, 3, 1, 1), np.float32))
    (tmp_path / "n.onnx").write_bytes(proto.SerializeToString())
    network = formats.read(tmp_path / "n.onnx", input_shapes={"": (1, 3, 1 << 31, 1 << 31)})
    with pytest.raises(BadInput, match="come to more than 2⁶³"):
        breakdown(network)


@pytest.fixture(scope="module")
def lenet_bytes(tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "lenet.onnx"
    network = zoo.build("LeNet-5")
    save(network.with_weights({"fc1.weight": network.weight("fc1.weight")}), path)
    return path.read_bytes()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(lenet_bytes, tmp_path, data):
    """Whatever the damage: a network that can be counted, or a message."""
    content = bytearray(lenet_bytes)
    head = 4000  # the graph; further on there are only weights
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, head))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]
    path = tmp_path / "damaged.onnx"
    path.write_bytes(bytes(content))
    with contextlib.suppress(BadInput):
        assert breakdown(formats.read(path)).layers is not None


@settings(deadline=None)
@given(st.integers(0, 2**63 - 1), st.binary(max_size=8))
def test_varints_read_back(number, rest):
    data = encoded(number) + rest
    assert varint(data, 0, len(data)) == (number, len(encoded(number)))


@pytest.mark.parametrize(
    "data",
    [b"\xff" * 11, b"\x80", b"\x00\x01", b"\x0b\x00", b"\x12\x05abc", b"\x0d\x00", b"\x12" + b"\xff" * 9 + b"\x01"],
)
def test_what_is_no_message(data):
    with pytest.raises(WireError):
        list(fields(data, 0, len(data)))


def test_fields_of_a_message():
    """Protobuf's own example: field 1 is the varint 150; field 2 the string "testing"."""
    data = b"\x08\x96\x01\x12\x07testing"
    found = [(f.number, data[f.value : f.stop]) for f in fields(data, 0, len(data))]
    assert found == [(1, b"\x96\x01"), (2, b"testing")]
    assert varint(data, 1, len(data))[0] == 150


def test_a_size_written_as_minus_one_is_open(tmp_path):
    """As exporters of PaddlePaddle write it."""
    shape = ["N", 3, 8, 8]
    x = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)
    y = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, shape)
    for value in (x, y):
        value.type.tensor_type.shape.dim[0].dim_value = -1
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "g", [x], [y])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)]), tmp_path / "minus.onnx")
    network = formats.read(tmp_path / "minus.onnx")
    assert network.inputs["x"] == ("?", 3, 8, 8)
    assert breakdown(network).layers[0].output_shape == (1, 3, 8, 8)
