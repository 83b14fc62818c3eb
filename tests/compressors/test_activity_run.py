"""Shares of what is not zero, counted by hand and by another forward pass."""

import numpy as np
import onnx_ir as ir
import pytest

from compressors.activity_run import measure_activity
from compressors.data.data_set import Split
from profiler import shapes, zoo
from profiler.builder import Builder
from profiler.errors import BadInput
from profiler.input_recipe import InputRecipe
from profiler.network import Network
from profiler.progress import drain

RAW = InputRecipe(colour="grey", scale=1.0)
IMAGES = [[[1, 0], [2, 0]], [[0, 0], [0, 0]], [[3, 4], [5, 6]]]  # 2, 0 and 4 of 4 pixels are not zero


def hand(batch=None) -> Network:
    """Two 1×1 filters, 1 and −1, a ReLU, then 8 → 2 with 5 of 16 weights left and the biases 0 and −1."""
    b = Builder("hand", (1, 2, 2))
    x = b.flatten("flat", b.relu("relu", b.conv("conv", b.input, 2, kernel=1, bias=False)))
    network = b.network(b.fc("fc", x, 2), input_recipe=RAW)
    fc = np.zeros((2, 8), np.float32)
    fc[0, :2], fc[1, 5:] = 1, 1
    network = network.with_weights({"conv.weight": np.array([1, -1]).reshape(2, 1, 1, 1), "fc.weight": fc,
                                    "fc.bias": np.array([0, -1])})  # fmt: skip
    return network if batch is None else network.with_input_shapes({"": (batch, 1, 2, 2)})


def split(images=IMAGES):
    pixels = np.array(images, np.uint8)[..., np.newaxis]
    return Split(pixels, np.zeros(len(images), np.int64), ("c",))


def test_counted_by_hand():
    """The filters give (p, −p): 6 of 12 pixels, so 12 of 24 values; behind the ReLU 6 of 24.

    fc reads those 6 of 24 with 5 of 16 weights. Its first output is the sum of pixels 0 and 1 (1, 0, 7: 2 of 3), its
    second, of the negative filter behind the ReLU, is always −1 (3 of 3).
    """
    found = drain(measure_activity(hand(), split()))
    conv, fc, relu = (found.layer(name) for name in ("conv", "fc", "relu"))
    assert found.images == 3
    assert (conv.own, conv.act, conv.read) == (12 / 24, 6 / 24, 6 / 12)
    assert (conv.weights, conv.flops, conv.values) == (1.0, 1.0, 8)  # the input counts as all there
    assert (fc.own, fc.act, fc.read, fc.weights) == (5 / 6, 5 / 6, 6 / 24, 5 / 16)
    assert fc.flops == 6 / 24 * 5 / 16
    assert (relu.act, relu.read, relu.weights, relu.flops) == (6 / 24, 12 / 24, None, None)
    assert found.act == pytest.approx((8 * 6 / 24 + 2 * 5 / 6) / 10)
    assert found.weights == (2 + 5) / (2 + 16)
    assert found.flops == pytest.approx((8 * 1.0 + 16 * 6 / 24 * 5 / 16) / (8 + 16))


@pytest.mark.parametrize(("batch", "images"), [(1, 3), (3, 3), (2, 2)])
def test_a_batch_that_the_graph_fixes_takes_whole_batches(batch, images):
    """Of three images a batch of two takes the first two: 2 of 8 pixels."""
    found = drain(measure_activity(hand(batch), split()))
    assert found.images == images
    assert found.layer("conv").read == (6 / 12 if images == 3 else 2 / 8)
    assert found.layer("conv").values == 8


def test_a_batch_larger_than_the_data_repeats_it_evenly():
    found = drain(measure_activity(hand(6), split()))
    assert found.images == 6
    assert found.layer("conv").read == 6 / 12


def test_images_are_spread_over_the_split():
    """Two of four are the first and the third."""
    data = split([[[9, 9], [9, 9]], [[0, 0], [0, 0]], [[0, 0], [0, 9]], [[0, 0], [0, 0]]])
    found = drain(measure_activity(hand(), data, samples=2))
    assert (found.images, found.layer("conv").read) == (2, 5 / 8)


def test_batches_make_no_difference():
    whole = drain(measure_activity(hand(), split()))
    assert drain(measure_activity(hand(), split(), batch=1)) == whole
    assert drain(measure_activity(hand(), split(), batch=2)) == whole


def test_torch_counts_the_same(tiny, data):
    """Another forward pass, written out: counts may differ where a sum lands on nought by rounding, so within 0.1 %."""
    torch = pytest.importorskip("torch")
    f = torch.nn.functional
    rng = np.random.default_rng(1)
    names = ("conv.weight", "fc1.weight", "fc2.weight")
    pruned = {name: tiny.weight(name) * (rng.random(tiny.weight(name).shape) < 0.5) for name in names}
    network = tiny.with_weights(pruned)
    w = {name: torch.from_numpy(np.array(network.weight(name))) for name in network.weights()}
    test = data.split("test")
    x = torch.from_numpy(test.images[:].astype(np.float32)).permute(0, 3, 1, 2) * np.float32(1 / 255)
    conv = f.conv2d(x, w["conv.weight"], w["conv.bias"], padding=1)
    bn = f.batch_norm(conv, w["bn.running_mean"], w["bn.running_var"], w["bn.weight"], w["bn.bias"], eps=1e-5)
    first = f.relu(bn).flatten(1)
    second = f.relu(f.linear(first, w["fc1.weight"], w["fc1.bias"]))
    found = drain(measure_activity(network, test))

    def share(values):
        return float((values != 0).float().mean())

    assert found.images == 30
    assert found.layer("conv").act == pytest.approx(share(first), abs=1e-3)
    assert found.layer("fc1").act == pytest.approx(share(second), abs=1e-3)
    assert 0.05 < share(second) < 0.95
    for name in ("conv", "fc1", "fc2"):
        assert found.layer(name).weights == pytest.approx(share(w[f"{name}.weight"]), abs=1e-6)
    assert found.layer("fc1").flops == pytest.approx(share(w["fc1.weight"]) * share(first), abs=1e-3)


def test_the_demo_network_on_its_digits():
    """Caffe’s LeNet-5 has its only ReLU behind fc1: about half of its 500 values are nought, all others are not."""
    from compressors.data import open_data

    found = drain(measure_activity(zoo.build("LeNet-5-digits"), open_data("digits").split("validation"), samples=100))
    acts = {row.layer: row.act for row in found.counted}
    assert acts["conv1"] > 0.99
    assert acts["conv2"] > 0.99
    assert 0.1 < acts["fc1"] < 0.9
    assert found.layer("fc2").flops == acts["fc1"]
    assert found.layer("fc1").values == 500


def test_the_network_is_left_as_it_was(tiny, data):
    digest, outputs = tiny.digest, len(tiny.model.graph.outputs)
    drain(measure_activity(tiny, data.split("test")))
    assert (tiny.digest, len(tiny.model.graph.outputs)) == (digest, outputs)


def test_progress_and_cancelling_leave_no_file(tmp_path, tiny, data):
    job = measure_activity(tiny, data.split("test"), batch=10, folder=tmp_path)
    steps = []
    for step in job:
        steps.append(step)
        if "10 of 30" in step.text:
            assert list(tmp_path.iterdir())
            break
    job.close()
    assert list(tmp_path.iterdir()) == []
    assert [s.fraction for s in steps] == sorted(s.fraction for s in steps)


def test_half_precision(tiny, data):
    b = Builder("half", (1, 8, 8))
    network = b.network(b.relu("relu", b.conv("conv", b.input, 2, kernel=3)), input_recipe=RAW)
    model = network.edit()
    for value in (*model.graph.inputs, *(out for node in model.graph for out in node.outputs)):
        value.type = ir.TensorType(ir.DataType.FLOAT16)
    for value in model.graph.initializers.values():
        half = ir.Tensor(value.const_value.numpy().astype(np.float16), name=value.name)
        value.const_value, value.type = half, ir.TensorType(half.dtype)
    shapes.infer(model)
    found = drain(measure_activity(Network.from_model(model, name="half"), data.split("test")))
    assert 0 < found.layer("conv").act < 1
    assert found.layer("conv").weights == 1.0


def test_bad_input_is_told(tiny, data):
    with pytest.raises(BadInput, match="no images"):
        drain(measure_activity(tiny, data.split("test").take(slice(0, 0))))
    b = Builder("colour", (3, 8, 8))
    colour = b.network(b.conv("conv", b.input, 1, kernel=1), input_recipe=RAW)
    with pytest.raises(BadInput, match="3 channels"):
        drain(measure_activity(colour, data.split("test")))


def test_a_function_of_the_model_is_looked_into():
    """The hand-made network’s convolution and ReLU as a function, its kernel a constant inside: the same counts."""
    from onnx import TensorProto, helper, numpy_helper

    kernel = numpy_helper.from_array(np.array([1, -1], np.float32).reshape(2, 1, 1, 1))
    body = [
        helper.make_node("Constant", [], ["w"], name="kernel", value=kernel),
        helper.make_node("Conv", ["x", "w"], ["c"], name="conv"),
        helper.make_node("Relu", ["c"], ["y"], name="relu"),
    ]
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]
    block = helper.make_function("f", "Block", ["x"], ["y"], body, imports)
    fc = numpy_helper.from_array(hand().weight("fc.weight").T.copy(), "v")
    nodes = [
        helper.make_node("Block", ["x"], ["a"], name="block", domain="f"),
        helper.make_node("Flatten", ["a"], ["b"], name="flat"),
        helper.make_node("MatMul", ["b", "v"], ["y"], name="fc"),
    ]
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", ["N", 1, 2, 2]), ("y", ["N", 2])))
    proto = helper.make_model(
        helper.make_graph(nodes, "g", [x], [y], [fc]), opset_imports=imports, ir_version=8, functions=[block]
    )
    network = Network.from_model(ir.from_proto(proto), name="called", input_recipe=RAW)
    found = drain(measure_activity(network, split()))
    conv, last = found.layer("block/conv"), found.layer("fc")
    assert (conv.own, conv.act, conv.weights, conv.flops) == (12 / 24, 6 / 24, None, None)
    assert (last.read, last.weights, last.flops) == (6 / 24, 5 / 16, 6 / 24 * 5 / 16)
