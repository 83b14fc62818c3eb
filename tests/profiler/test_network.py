"""Networks as values: editing, binding sizes, saving, digests."""

import errno
import hashlib

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime as ort
import pytest

from profiler import formats, zoo
from profiler.atomic import write_atomically
from profiler.breakdown import breakdown
from profiler.errors import BadInput, Failed
from profiler.input_recipe import InputRecipe
from profiler.network import Network, save


def sha(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def leftovers(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


@pytest.fixture
def lenet(tmp_path):
    path = tmp_path / "lenet.onnx"
    save(zoo.build("LeNet-5"), path)
    return path


def test_a_saved_network_reads_back_the_same(lenet):
    built, read = zoo.build("LeNet-5"), formats.read(lenet)
    assert read.digest == sha(lenet) == built.digest
    assert read.input_recipe == built.input_recipe
    assert [node.name for node in read.model.graph] == [node.name for node in built.model.graph]
    for name in built.weights():
        np.testing.assert_array_equal(read.weight(name), built.weight(name))


def test_the_official_loader_sees_the_same_weights(lenet):
    read = formats.read(lenet)
    proto = onnx.load(str(lenet))
    assert {tensor.name for tensor in proto.graph.initializer} == set(read.weights())
    for tensor in proto.graph.initializer:
        np.testing.assert_array_equal(onnx.numpy_helper.to_array(tensor), read.weight(tensor.name))


def test_an_unchanged_file_is_saved_byte_for_byte(tmp_path, make_proto):
    """Also where the bytes are not as this program would write them: a field order, float_data, an unknown field."""
    proto = make_proto("g (float[1,4] x) => (float[1,2] y) { y = MatMul (x, w) }")
    proto.graph.initializer.append(onnx.helper.make_tensor("w", onnx.TensorProto.FLOAT, [4, 2], range(8)))
    original, copy = tmp_path / "a.onnx", tmp_path / "b.onnx"
    original.write_bytes(proto.SerializeToString() + b"\xa2\x06\x03abc")  # field 100, which ONNX does not have
    network = formats.read(original)
    save(network, copy)
    assert copy.read_bytes() == original.read_bytes()
    assert network.digest == sha(copy)
    assert network.weight("w").tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]]


def test_the_digest_of_a_change_is_that_of_its_file(lenet, tmp_path):
    network = formats.read(lenet)
    changed = network.with_weights({"fc1.weight": network.weight("fc1.weight") * 0.5})
    save(changed, tmp_path / "changed.onnx")
    assert changed.digest == sha(tmp_path / "changed.onnx")
    assert changed.digest != network.digest
    restored = changed.with_weights({"fc1.weight": network.weight("fc1.weight")})
    assert restored.digest == network.digest


def test_weights_are_read_only(lenet):
    weight = formats.read(lenet).weight("fc1.weight")
    with pytest.raises(ValueError, match="read-only"):
        weight[0, 0] = 1


def test_editing_leaves_the_first_network_alone(lenet):
    network = formats.read(lenet)
    before = network.weight("fc2.weight").copy()
    changed = network.with_weights({"fc2.weight": np.zeros((10, 500))})
    model = network.edit()
    for node in list(model.graph):
        node.name = "changed"
    np.testing.assert_array_equal(network.weight("fc2.weight"), before)
    assert not changed.weight("fc2.weight").any()
    assert changed.weight("fc2.weight").dtype == np.float32
    assert next(iter(network.model.graph)).name == "conv1"


def test_an_unknown_weight_is_a_key_error():
    network = zoo.build("LeNet-5")
    with pytest.raises(KeyError):
        network.weight("fc9")
    with pytest.raises(KeyError):
        network.with_weights({"fc9": np.zeros(1)})


def test_new_shapes_are_followed_through_the_graph(tmp_path):
    """fc1 with 64 outputs: its own bias, ReLU and fc2 follow."""
    network = zoo.build("LeNet-5")
    changed = network.with_weights(
        {
            "fc1.weight": network.weight("fc1.weight")[:64],
            "fc1.bias": network.weight("fc1.bias")[:64],
            "fc2.weight": network.weight("fc2.weight")[:, :64],
        }
    )
    layers = {layer.name: layer for layer in breakdown(changed).layers}
    assert layers["relu1"].output_shape == (1, 64)
    assert layers["fc1"].params == 800 * 64 + 64
    assert layers["fc2"].macs == 640
    save(changed, tmp_path / "small.onnx")
    onnx.checker.check_model(str(tmp_path / "small.onnx"), full_check=True)
    session = ort.InferenceSession(str(tmp_path / "small.onnx"), providers=["CPUExecutionProvider"])
    assert session.run(None, {"input": np.zeros((1, 1, 28, 28), np.float32)})[0].shape == (1, 10)


def test_shapes_that_contradict_each_other_are_refused():
    network = zoo.build("LeNet-5")
    with pytest.raises(BadInput, match="do not fit"):
        network.with_weights({"fc1.weight": network.weight("fc1.weight")[:64]})


def test_a_constant_node_can_be_read_and_replaced(make):
    network = make(
        "g (float[1,2] x) => (float[1,2] y) { w = Constant <value = float[2,2] {1, 2, 3, 4}> ()  y = MatMul (x, w) }"
    )
    changed = network.with_weights({"w": np.zeros((2, 2))})
    assert network.weight("w").tolist() == [[1, 2], [3, 4]]
    assert changed.weight("w").tolist() == [[0, 0], [0, 0]]
    assert [node.op_type for node in changed.model.graph] == ["MatMul"]


def test_unnamed_and_equal_names_become_unique(make_proto):
    proto = make_proto("g (float[2] x) => (float[2] y) { a = Relu (x)  b = Relu (a)  c = Neg (b)  y = Neg (c) }")
    proto.graph.node[0].name = "Relu_1"  # what the second would be called
    proto.graph.node[2].name = proto.graph.node[3].name = "twice"
    names = [node.name for node in Network.from_model(ir.from_proto(proto), name="n").model.graph]
    assert names[0] == "Relu_1"
    assert names[2] == "twice"
    assert len(set(names)) == 4


def test_an_input_recipe_travels_in_the_file(tmp_path):
    recipe = InputRecipe(resize=256, crop=(224, 224), colour="bgr", mean=(1.5, 2.0, 3.0), classes=("cat", "dog"))
    network = zoo.build("LeNet-5").with_input_recipe(recipe)
    save(network, tmp_path / "n.onnx")
    assert formats.read(tmp_path / "n.onnx").input_recipe == recipe
    assert network.with_input_recipe(recipe) is network


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"": (1, 3, 28, 28)}, r"1 × 3 × 28 × 28 does not fit the input “input”.*N × 1 × 28 × 28"),
        ({"": (1, 28, 28)}, "does not fit"),
        ({"": (0, 1, 28, 28)}, "does not fit"),
        ({"picture": (1, 1, 28, 28)}, r"no input “picture”.*“input”"),
    ],
)
def test_sizes_that_do_not_fit(given, message):
    with pytest.raises(BadInput, match=message):
        zoo.build("LeNet-5").with_input_shapes(given)


def test_binding_follows_a_symbol_everywhere(make):
    network = make("g (float[N,3,S,S] a, float[N,3,S,S] b) => (float[N,3,P,Q] y) { y = Add (a, b) }")
    bound = network.with_input_shapes({"a": (1, 3, 8, 8)})
    assert bound.inputs["b"] == ("N", 3, 8, 8)
    assert not bound.open_sizes()
    assert breakdown(bound).layers[0].output_shape == (1, 3, 8, 8)


def test_saving_over_the_file_it_was_read_from(lenet):
    """The mapped file stays whole under the map: the new one takes its name."""
    network = formats.read(lenet)
    zeroed = network.with_weights({"fc1.weight": np.zeros((500, 800))})
    kept = network.weight("conv1.weight").copy()
    save(zeroed, lenet)
    np.testing.assert_array_equal(network.weight("conv1.weight"), kept)
    assert not formats.read(lenet).weight("fc1.weight").any()


def test_a_file_written_over_in_place_is_noticed(lenet):
    network = formats.read(lenet)
    with lenet.open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(BadInput, match=r"lenet\.onnx.*changed.*Open it again"):
        network.weight("fc1.weight")
    with pytest.raises(BadInput, match="changed"):
        _ = formats.read(lenet) if network.digest else None


def full_disk():
    yield b"some"
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_what_was_there(tmp_path):
    path = tmp_path / "n.onnx"
    path.write_bytes(b"before")
    with pytest.raises(Failed, match=r"n\.onnx” could not be written: the disk is full") as raised:
        write_atomically(path, full_disk())
    assert "No space left" in raised.value.evidence
    assert path.read_bytes() == b"before"
    assert not leftovers(tmp_path)


def test_no_folder_to_write_to(tmp_path):
    with pytest.raises(BadInput, match="There is no folder"):
        save(zoo.build("LeNet-5"), tmp_path / "missing" / "n.onnx")
    with pytest.raises(BadInput, match="is a folder"):
        save(zoo.build("LeNet-5"), tmp_path)


def test_more_than_an_onnx_file_holds(tmp_path, make):
    network = make("g (float[1,4] x) => (float[1,2] y) { y = MatMul (x, w) }", w=np.zeros((4, 2), np.float32))
    model = network.edit()
    shape = ir.Shape((1 << 29, 2))
    model.graph.initializers["w"].const_value = ir.LazyTensor(
        lambda: pytest.fail("made"), ir.DataType.FLOAT, shape, name="w"
    )
    with pytest.raises(BadInput, match="too large"):
        save(Network.from_model(model, name="huge"), tmp_path / "n.onnx")
    assert not list(tmp_path.iterdir())
