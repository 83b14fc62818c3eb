"""Exact clean-ups: ONNX Runtime gives the same outputs from what is left."""

import numpy as np
import onnx_ir as ir
import onnxruntime
import pytest

from compressors.cleaning.batch_norm import fold_batch_norms
from compressors.cleaning.dead_channels import remove_dead_channels
from compressors.method import Context
from compressors.methods.clean_up import CleanUp
from profiler.breakdown import breakdown
from profiler.builder import Builder
from profiler.network import Network, save
from profiler.progress import drain


def outputs(network: Network, folder, x):
    path = folder / f"{network.digest[:16]}.onnx"
    save(network, path)
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


def cleaned(network: Network, **switches) -> Network:
    return drain(CleanUp(**switches).apply(network, Context()))


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape, np.float32)


def trained_norms(network: Network) -> Network:
    """Statistics such as training leaves, in place of 0 and 1."""
    draw = np.random.default_rng(1)
    changed = {
        name: draw.uniform(0.5, 2.0, shape)
        for name, (shape, _) in network.weights().items()
        if name.startswith("bn") or ".bn" in name
    }
    assert changed
    return network.with_weights(changed)


def ops(network: Network) -> list[str]:
    return [node.op_type for node in network.model.graph]


# ------------------------------------------------------------------ BatchNorm


def test_batch_norm_is_folded_into_the_convolution_before_it(tiny, tmp_path):
    network = trained_norms(tiny)
    less = cleaned(network)
    assert "BatchNormalization" not in ops(less)
    assert "Dropout" not in ops(less)
    x = images(3, 1, 8, 8)
    assert outputs(less, tmp_path, x) == pytest.approx(outputs(network, tmp_path, x), abs=1e-6)


def test_the_folded_numbers_are_those_of_the_formula():
    b = Builder("one", (1, 1, 1))
    network = b.network(b.batch_norm("bn", b.conv("conv", b.input, 1, kernel=1)))
    names = [value.name for value in network.model.graph.node("bn").inputs[1:]]
    given = dict(zip(names, ([6.0], [5.0], [2.0], [9.0 - 1e-5]), strict=True))  # γ, β, μ, σ²: s = 6 / 3 = 2
    network = network.with_weights({name: np.array(values) for name, values in given.items()})
    network = network.with_weights({"conv.weight": np.full((1, 1, 1, 1), 7.0), "conv.bias": np.array([1.5])})
    less = cleaned(network)
    assert less.weight("conv.weight").item() == pytest.approx(14.0)  # 2 · 7
    assert less.weight("conv.bias").item() == pytest.approx(4.0)  # 2 · (1.5 − 2) + 5


def test_a_convolution_without_bias_gets_one():
    b = Builder("no bias", (3, 4, 4))
    network = trained_norms(b.network(b.batch_norm("bn", b.conv("conv", b.input, 2, kernel=1, bias=False))))
    assert "conv.bias" in cleaned(network).weights()


def model_with(op: str, attributes: dict, weight: np.ndarray, channels: int, tmp_path):
    """x → op → BatchNormalization, by hand: what the builder does not write."""
    b = Builder("by hand", weight.shape[:1] if op == "Gemm" else (weight.shape[0], 5, 5))
    draw = np.random.default_rng(2)
    w = b.weight("w", weight.shape, lambda: weight.astype(np.float32))
    bias = b.weight("b", (channels,), lambda: draw.standard_normal(channels).astype(np.float32))
    x = b.node(op, "layer", [b.input, w, bias], **attributes)
    parts = [
        b.weight(f"bn.{n}", (channels,), lambda: draw.uniform(0.5, 2, channels).astype(np.float32)) for n in range(4)
    ]
    return b.network(b.node("BatchNormalization", "bn", [x, *parts]))


@pytest.mark.parametrize(
    ("op", "attributes", "shape", "channels"),
    [
        ("ConvTranspose", {"group": 2}, (4, 3, 2, 2), 6),
        ("ConvTranspose", {}, (4, 3, 2, 2), 3),
        ("Gemm", {"alpha": 0.5, "beta": 2.0}, (4, 3), 3),
        ("Gemm", {"transB": 0}, (4, 3), 3),
        ("Conv", {"group": 2}, (4, 2, 3, 3), 4),
    ],
)
def test_every_kind_of_layer(op, attributes, shape, channels, tmp_path):
    weight = np.random.default_rng(3).standard_normal(shape)
    network = model_with(op, attributes, weight, channels, tmp_path)
    less = cleaned(network)
    assert ops(less) == [op]
    assert set(less.weights()) == {"w", "b"}
    x = images(2, shape[0]) if op == "Gemm" else images(2, shape[0], 5, 5)
    before = outputs(network, tmp_path, x)
    assert outputs(less, tmp_path, x) == pytest.approx(before, abs=1e-5 * float(np.abs(before).max()))


def test_a_norm_whose_input_is_read_elsewhere_stays(tmp_path):
    b = Builder("shared", (2, 4, 4))
    x = b.conv("conv", b.input, 2, kernel=1)
    network = trained_norms(b.network(b.node("Add", "add", [b.batch_norm("bn", x), x])))
    assert fold_batch_norms(network.edit()) == []


def test_a_kernel_that_two_layers_share_is_left_to_the_other(tmp_path):
    b = Builder("twice", (2, 4, 4))
    first = b.conv("first", b.input, 2, kernel=1, bias=False)
    weight = b.input.graph.initializers["first.weight"]
    second = b.node("Conv", "second", [b.batch_norm("bn", first), weight], kernel_shape=[1, 1])
    network = trained_norms(b.network(second))
    less = cleaned(network)
    x = images(1, 2, 4, 4)
    assert np.array_equal(less.weight("first.weight"), network.weight("first.weight"))
    assert outputs(less, tmp_path, x) == pytest.approx(outputs(network, tmp_path, x), abs=1e-5)


# ------------------------------------------------------------------ dead channels


def chain(pad: int = 0) -> Network:
    """conv1 (6 filters) → ReLU → pool → conv2 (5 filters) → Flatten → fc (4)."""
    b = Builder("chain", (2, 12, 12))
    x = b.relu("relu", b.conv("conv1", b.input, 6, kernel=3, pad=1))
    x = b.conv("conv2", b.node("MaxPool", "pool", [x], kernel_shape=[2, 2], strides=[2, 2]), 5, kernel=3, pad=pad)
    return b.network(b.fc("fc", b.flatten("flatten", b.relu("relu2", x)), 4))


def emptied(network: Network, layer: str, channels: list[int], bias: float = 0.0) -> Network:
    weight, biases = network.weight(f"{layer}.weight").copy(), network.weight(f"{layer}.bias").copy()
    weight[channels], biases[channels] = 0, bias
    return network.with_weights({f"{layer}.weight": weight, f"{layer}.bias": biases})


@pytest.mark.parametrize(("bias", "pad", "gone"), [(0.0, 1, 2), (-3.0, 1, 2), (0.7, 0, 2), (0.7, 1, 0)])
def test_filters_of_zeros_go_where_their_constant_can_move(bias, pad, gone, tmp_path):
    """A constant above 0 behind the ReLU can't move into a convolution that pads with zeros."""
    network = emptied(chain(pad), "conv1", [1, 4], bias)
    model = network.edit()
    assert remove_dead_channels(model) == ({"conv1": gone} if gone else {})
    less = cleaned(network)
    assert less.weight("conv1.weight").shape[0] == 6 - gone
    x = images(2, 2, 12, 12)
    assert outputs(less, tmp_path, x) == pytest.approx(outputs(network, tmp_path, x), abs=1e-5)


def test_channels_that_nothing_reads_go(tmp_path):
    network = chain()
    weight = network.weight("conv2.weight").copy()
    weight[:, [0, 3]] = 0
    network = network.with_weights({"conv2.weight": weight})
    less = cleaned(network)
    assert less.weight("conv1.weight").shape[0] == 4
    assert less.weight("conv2.weight").shape[1] == 4
    x = images(2, 2, 12, 12)
    assert outputs(less, tmp_path, x) == pytest.approx(outputs(network, tmp_path, x), abs=1e-5)


def test_it_follows_through_flatten_into_a_fully_connected_layer(tmp_path):
    network = emptied(chain(), "conv2", [2], bias=0.5)
    less = cleaned(network)
    columns = network.weight("fc.weight").shape[1]
    assert less.weight("fc.weight").shape[1] == columns * 4 // 5
    x = images(2, 2, 12, 12)
    assert outputs(less, tmp_path, x) == pytest.approx(outputs(network, tmp_path, x), abs=1e-5)
    assert breakdown(less).layer("conv2").macs == breakdown(network).layer("conv2").macs * 4 // 5


def test_dead_layers_ahead_die_in_turn(tmp_path):
    """All of conv2 but one filter is gone, and that one reads one channel of conv1 only."""
    network = emptied(chain(), "conv2", [1, 2, 3, 4])
    weight = network.weight("conv2.weight").copy()
    weight[0, 1:] = 0
    network = network.with_weights({"conv2.weight": weight})
    less = cleaned(network)
    assert less.weight("conv1.weight").shape == (1, 2, 3, 3)
    assert less.weight("conv2.weight").shape == (1, 1, 3, 3)


def test_one_channel_stays_when_everything_was_pruned_away(tmp_path):
    network = emptied(chain(), "conv1", list(range(6)))
    less = cleaned(network)
    assert less.weight("conv1.weight").shape[0] == 1
    x = images(1, 2, 12, 12)
    assert outputs(less, tmp_path, x) == pytest.approx(outputs(network, tmp_path, x), abs=1e-6)


def test_a_residual_is_left_alone():
    b = Builder("residual", (2, 4, 4))
    x = b.conv("conv1", b.input, 2, kernel=1)
    network = b.network(b.conv("conv2", b.node("Add", "add", [x, b.input]), 2, kernel=1))
    assert remove_dead_channels(emptied(network, "conv1", [0]).edit()) == {}


def test_average_pooling_that_counts_its_padding_holds_a_constant_back():
    b = Builder("average", (2, 6, 6))
    x = b.conv("conv1", b.input, 3, kernel=1)
    x = b.node("AveragePool", "pool", [x], kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)
    network = b.network(b.conv("conv2", x, 2, kernel=1))
    assert remove_dead_channels(emptied(network, "conv1", [0], bias=1.0).edit()) == {}
    assert remove_dead_channels(emptied(network, "conv1", [0], bias=0.0).edit()) == {"conv1": 1}


# ------------------------------------------------------------------ the whole step


def test_what_is_clean_stays_the_very_same():
    network = chain()
    assert cleaned(network) is network


def test_it_tells_what_it_did(tiny):
    told = {}
    drain(CleanUp().apply(trained_norms(tiny), Context(found=lambda name, value: told.update({name: value}))))
    assert told == {"folded": ["bn"], "dropped": ["drop0", "drop1"], "dead_channels": {}}


def test_each_part_can_be_switched_off(tiny):
    network = trained_norms(tiny)
    assert "BatchNormalization" in ops(cleaned(network, fold_batch_norm=False))
    assert "Dropout" in ops(cleaned(network, drop_idle=False))


def test_an_identity_at_the_end_leaves_the_outputs_name(tmp_path):
    b = Builder("identity", (2, 4, 4))
    network = b.network(b.node("Identity", "same", [b.conv("conv", b.input, 2, kernel=1)]))
    name = network.model.graph.outputs[0].name
    less = cleaned(network)
    assert ops(less) == ["Conv"]
    assert [value.name for value in less.model.graph.outputs] == [name]


def test_an_identity_from_input_to_output_stays(tmp_path):
    b = Builder("nothing", (2, 4, 4))
    network = b.network(b.node("Identity", "same", [b.input]))
    assert cleaned(network) is network


def test_a_dropout_that_drops_even_now_stays():
    b = Builder("dropping", (2, 4, 4))
    ratio = b.setting(0.5)
    told = ir.Value(name="told", type=ir.TensorType(ir.DataType.BOOL), shape=ir.Shape([]))
    told.const_value = ir.Tensor(np.array(True), name="told")
    b.input.graph.register_initializer(told)
    x = b.node("Dropout", "drop", [b.conv("conv", b.input, 2, kernel=1), ratio, told])
    assert "Dropout" in ops(cleaned(b.network(x)))
