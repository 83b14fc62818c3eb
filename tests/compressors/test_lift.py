"""Lift and lower: the same outputs as ONNX Runtime, and the same bits back."""

import copy

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from compressors.lift import bindings, lift, logits
from compressors.lower import lower
from profiler.builder import Builder
from profiler.errors import BadInput
from profiler.formats import read
from profiler.network import Network, save
from profiler.zoo import build

torch.set_num_threads(1)


def small_alexnet():
    """What AlexNet has and LeNet-5 has not: groups, uneven pads, ceil pooling, LRN."""
    b = Builder("small", (3, 19, 19))
    x = b.local_response_norm("norm1", b.relu("relu1", b.conv("conv1", b.input, 8, kernel=5, stride=2)))
    x = b.max_pool("pool1", x, kernel=3, stride=2, ceil=True)
    x = b.relu("relu2", b.conv("conv2", x, 12, kernel=3, pad=1, groups=2))
    weight = b.random("conv3.weight", (6, 12, 2, 2), 48)
    x = b.node("Conv", "conv3", [x, weight], kernel_shape=[2, 2], pads=[0, 0, 1, 1])
    x = b.node("Dropout", "drop", [b.relu("relu3", x)])
    return b.network(b.fc("fc", b.flatten("flatten", x), 7))


def with_random_statistics(network):
    """BatchNorm that really does something."""
    random = np.random.default_rng(1)
    changed = {
        name: random.uniform(0.5, 1.5, shape).astype(np.float32)
        for name, (shape, _) in network.weights().items()
        if len(shape) == 1
    }
    return network.with_weights(changed)


def by_onnx_runtime(network, folder, x):
    save(network, folder / "network.onnx")
    session = onnxruntime.InferenceSession(folder / "network.onnx", providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


NETWORKS = {
    "LeNet-5": lambda: build("LeNet-5"),
    "ResNet-8": lambda: with_random_statistics(build("ResNet-8")),
    "small AlexNet": small_alexnet,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_lifted_computes_what_onnx_runtime_computes(name, tmp_path):
    network = NETWORKS[name]()
    shape = next(iter(network.inputs.values()))
    x = np.random.default_rng(0).standard_normal((3, *shape[1:])).astype(np.float32)
    expected = by_onnx_runtime(network, tmp_path, x)
    with torch.no_grad():
        found = lift(network)(torch.from_numpy(x)).numpy()
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize("name", NETWORKS)
def test_untrained_round_trip_is_bit_exact(name):
    network = NETWORKS[name]()
    back = lower(lift(network), network)
    assert back.digest == network.digest


@pytest.mark.parametrize("name", NETWORKS)
def test_every_change_comes_back_under_its_name(name, tmp_path):
    """Each trainable tensor gets its own constant; each initializer then holds one of them, in its own layout."""
    network = NETWORKS[name]()
    module = lift(network)
    with torch.no_grad():
        for n, parameter in enumerate(module.parameters(), 1):
            parameter.copy_(torch.arange(parameter.numel()).reshape(parameter.shape) / 1e4 + n)
    back = lower(module, network)
    assert [node.name for node in back.model.graph] == [node.name for node in network.model.graph]
    for path, parameter in module.named_parameters():
        if path in network.weights():  # the paths of zoo networks are the initializers' own names
            assert np.array_equal(back.weight(path), parameter.detach().numpy())
    assert sum(path in network.weights() for path, _ in module.named_parameters()) >= 5
    shape = next(iter(network.inputs.values()))
    x = np.random.default_rng(0).standard_normal((2, *shape[1:])).astype(np.float32)
    expected = by_onnx_runtime(back, tmp_path, x)
    assert np.allclose(module(torch.from_numpy(x)).detach(), expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_a_module_and_its_copy_share_nothing():
    network = build("LeNet-5")
    before = network.weight("conv1.weight").copy()
    module = lift(network)
    copied = copy.deepcopy(module)
    with torch.no_grad():
        copied.conv1.weight.add_(1)
    assert np.array_equal(network.weight("conv1.weight"), before)
    assert lower(module, network).digest == network.digest
    assert np.allclose(lower(copied, network).weight("conv1.weight"), before + 1)


def test_lower_reads_what_the_layer_sees():
    """A mask as a parametrization changes `layer.weight`, not the stored parameter."""

    class Mask(nn.Module):
        def forward(self, weight):
            return weight * (weight > 0)

    network = build("LeNet-5")
    module = lift(network)
    torch.nn.utils.parametrize.register_parametrization(module.fc1, "weight", Mask())
    assert (lower(module, network).weight("fc1.weight") >= 0).all()
    assert (network.weight("fc1.weight") < 0).any()


def test_batch_norm_statistics_follow_along():
    network = build("ResNet-8")
    module = lift(network).train()
    module(torch.randn(8, 1, 28, 28, generator=torch.Generator().manual_seed(0)))
    back = lower(module, network)
    names = [name for name in network.weights() if name.endswith("running_mean")]
    assert names
    for name in names:
        assert not np.array_equal(back.weight(name), network.weight(name))
    # Everything else is as it was: nothing was trained.
    others = set(network.weights()) - set(names) - {name.replace("mean", "var") for name in names}
    assert all(np.array_equal(back.weight(name), network.weight(name)) for name in others)


def test_batch_norm_momentum_is_the_share_that_stays():
    b = Builder("norm", (2, 4, 4))
    module = lift(b.network(b.batch_norm("bn", b.input))).train()  # momentum 0.9, mean 0
    module(torch.full((1, 2, 4, 4), 5.0))
    assert module.bn.running_mean.tolist() == pytest.approx([0.5, 0.5])  # 0.9 · 0 + 0.1 · 5


def test_removed_channels_write_shapes_and_groups(tmp_path):
    b = Builder("grouped", (4, 6, 6))
    x = b.conv("depthwise", b.input, 4, kernel=3, groups=4)
    network = b.network(b.conv("pointwise", x, 3, kernel=1))
    module = lift(network)
    kept = [0, 2]
    with torch.no_grad():  # as if the input had two channels only
        module.depthwise.weight = nn.Parameter(module.depthwise.weight[kept])
        module.depthwise.bias = nn.Parameter(module.depthwise.bias[kept])
        module.pointwise.weight = nn.Parameter(module.pointwise.weight[:, kept])
    module.depthwise.groups = 2
    model = network.edit()
    model.graph.inputs[0].shape = ir.Shape(["N", 2, 6, 6])
    back = lower(module, Network.from_model(model, name="narrow"))
    nodes = {node.name: node for node in back.model.graph}
    assert nodes["depthwise"].attributes["group"].value == 2
    assert tuple(nodes["depthwise"].outputs[0].shape)[1:] == (2, 4, 4)
    x = np.random.default_rng(0).standard_normal((2, 2, 6, 6)).astype(np.float32)
    assert np.allclose(by_onnx_runtime(back, tmp_path, x), module(torch.from_numpy(x)).detach(), atol=1e-5)


def graph_file(folder, nodes, initializers, input_shape=(2, 4), output_shape=None):
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, input_shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, output_shape)],
        [numpy_helper.from_array(value, name) for name, value in initializers.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path = folder / "g.onnx"
    onnx.save(onnx.shape_inference.infer_shapes(model), path)
    return read(path)


def two_layers_one_bias(folder):
    """What exporters do: equal biases are stored once, the second layer reads the first one's through Identity."""
    random = np.random.default_rng(0)
    a, b = (random.standard_normal((4, 4)).astype(np.float32) for _ in range(2))
    nodes = [
        helper.make_node("Identity", ["bias"], ["bias_again"], name="shared"),
        helper.make_node("Gemm", ["x", "a", "bias"], ["h"], name="first", transB=1),
        helper.make_node("Gemm", ["h", "b", "bias_again"], ["y"], name="second"),
    ]
    return graph_file(folder, nodes, {"a": a, "b": b, "bias": np.zeros(4, np.float32)}, output_shape=(2, 4))


def test_equal_biases_that_were_stored_once_learn_apart(tmp_path):
    network = two_layers_one_bias(tmp_path)
    module = lift(network)
    assert module.first.bias is not module.second.bias
    assert lower(module, network).digest == network.digest
    with torch.no_grad():
        module.first.bias.fill_(1)
        module.second.bias.fill_(2)
    back = lower(module, network)
    x = np.ones((2, 4), np.float32)
    assert np.allclose(by_onnx_runtime(back, tmp_path, x), module(torch.from_numpy(x)).detach(), atol=1e-5)
    assert np.array_equal(back.weight("bias"), np.ones(4))
    assert np.array_equal(lift(back).second.bias.detach(), torch.full((4,), 2.0))


def test_a_kernel_that_is_really_shared_stays_one(tmp_path):
    weight = np.eye(4, dtype=np.float32)
    nodes = [
        helper.make_node("Gemm", ["x", "w", "b"], ["h"], name="first", transB=1),
        helper.make_node("Gemm", ["h", "w", "b"], ["y"], name="second", transB=1),
    ]
    network = graph_file(tmp_path, nodes, {"w": weight, "b": np.zeros(4, np.float32)}, output_shape=(2, 4))
    module = lift(network)
    assert module.first.weight is module.second.weight
    assert module.first.bias is module.second.bias
    assert len(list(module.parameters())) == 2


def test_a_convolution_used_twice_is_one_parameter_that_learns_from_both(tmp_path):
    nodes = [
        helper.make_node("Conv", ["x", "k", "b"], ["h"], name="first", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["h"], ["r"], name="relu"),
        helper.make_node("Conv", ["r", "k", "b"], ["y"], name="second", pads=[1, 1, 1, 1]),
    ]
    random = np.random.default_rng(0)
    held = {name: random.standard_normal(shape).astype(np.float32) for name, shape in (("k", (2, 2, 3, 3)), ("b", 2))}
    network = graph_file(tmp_path, nodes, held, input_shape=(1, 2, 5, 5), output_shape=(1, 2, 5, 5))
    module = lift(network)
    assert module.first.weight is module.second.weight
    assert len(list(module.parameters())) == 2
    module(torch.rand(1, 2, 5, 5)).sum().backward()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter -= parameter.grad
    back = lower(module, network)
    assert set(back.weights()) == {"k", "b"}
    assert np.array_equal(back.weight("k"), module.first.weight.detach())


def test_a_weight_turned_by_a_node_learns_in_its_own_layout(tmp_path):
    """As exporters of TensorFlow write kernels: stored in one layout, and turned before the layer."""
    nodes = [
        helper.make_node("Transpose", ["k"], ["t"], name="turn", perm=[3, 2, 0, 1]),
        helper.make_node("Conv", ["x", "t"], ["h"], name="conv"),
        helper.make_node("Add", ["h", "b"], ["y"], name="bias"),
    ]
    held = {"k": np.ones((3, 3, 2, 4), np.float32), "b": np.zeros((1, 4, 1, 1), np.float32)}
    network = graph_file(tmp_path, nodes, held, input_shape=(1, 2, 5, 5), output_shape=(1, 4, 3, 3))
    module = lift(network)
    assert {(binding.node, binding.index) for binding in bindings(module)} == {("turn", 0), ("bias", 1)}
    assert lower(module, network).digest == network.digest
    module(torch.rand(1, 2, 5, 5)).sum().backward()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter -= parameter.grad
    back = lower(module, network)
    x = np.random.default_rng(0).standard_normal((1, 2, 5, 5)).astype(np.float32)
    assert not np.array_equal(back.weight("k"), network.weight("k"))
    assert np.allclose(by_onnx_runtime(back, tmp_path, x), module(torch.from_numpy(x)).detach(), rtol=1e-4)


def test_a_weight_used_in_two_layouts_is_one_parameter(tmp_path):
    """A decoder that is its encoder turned round."""
    weight = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"], name="encode"),
        helper.make_node("Gemm", ["h", "w"], ["y"], name="decode", transB=1),
    ]
    network = graph_file(tmp_path, nodes, {"w": weight}, output_shape=(2, 4))
    module = lift(network)
    assert len(list(module.parameters())) == 1
    assert lower(module, network).digest == network.digest
    with torch.no_grad():
        next(module.parameters()).mul_(2)
    assert np.array_equal(lower(module, network).weight("w"), 2 * weight)
    x = np.ones((2, 4), np.float32)
    assert np.allclose(module(torch.from_numpy(x)).detach(), 4 * x @ weight @ weight.T, rtol=1e-4)


def test_a_number_added_to_a_layer_is_no_bias(tmp_path):
    """HardSwish written out adds 3; nothing is to learn there, and a scalar keeps its shape."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"], name="fc"),
        helper.make_node("Add", ["h", "three"], ["y"], name="plus"),
    ]
    held = {"w": np.eye(4, dtype=np.float32), "three": np.array(3, np.float32)}
    network = graph_file(tmp_path, nodes, held, output_shape=(2, 4))
    module = lift(network)
    assert {binding.node for binding in bindings(module)} == {"fc"}
    assert lower(module, network).digest == network.digest


@pytest.mark.parametrize("dtype", [np.uint16, np.uint64])
def test_types_that_torch_does_not_calculate_with_are_named(dtype, tmp_path):
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"], name="twice")],
        "g",
        [helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), [2])],
        [helper.make_tensor_value_info("y", helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), [2])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)]), tmp_path / "g.onnx")
    with pytest.raises(BadInput, match=f"type {dtype.__name__} can’t be trained"):
        lift(read(tmp_path / "g.onnx"))


def test_a_batch_of_one_is_kept_open_but_not_where_zero_means_zero(tmp_path):
    nodes = [helper.make_node("Reshape", ["x", "shape"], ["y"], name="flat", allowzero=1)]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8])],
        [numpy_helper.from_array(np.array([1, 8], np.int64), "shape")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)]), tmp_path / "g.onnx")
    assert lift(read(tmp_path / "g.onnx"))(torch.zeros(1, 2, 4)).shape == (1, 8)


def test_a_bias_added_after_a_matmul_learns_and_a_mean_subtracted_does_not(tmp_path):
    nodes = [
        helper.make_node("Sub", ["x", "mean"], ["centred"], name="centre"),
        helper.make_node("MatMul", ["centred", "w"], ["h"], name="fc"),
        helper.make_node("Add", ["h", "b"], ["y"], name="plus"),
    ]
    held = {"mean": np.ones(4, np.float32), "w": np.eye(4, dtype=np.float32), "b": np.zeros(4, np.float32)}
    network = graph_file(tmp_path, nodes, held, output_shape=(2, 4))
    module = lift(network)
    learning = {(binding.node, binding.index) for binding in bindings(module)}
    assert learning == {("fc", 1), ("plus", 1)}
    with torch.no_grad():
        module.fc.weight.copy_(torch.arange(16.0).reshape(4, 4))
        module.b.fill_(3)
    back = lower(module, network)
    assert np.array_equal(back.weight("w"), np.arange(16.0).reshape(4, 4).T)  # MatMul's own layout
    assert np.array_equal(back.weight("b"), np.full(4, 3))


def test_weights_in_constant_nodes(tmp_path):
    weight = np.eye(4, dtype=np.float32)
    nodes = [
        helper.make_node("Constant", [], ["w"], name="holder", value=numpy_helper.from_array(weight)),
        helper.make_node("MatMul", ["x", "w"], ["y"], name="fc"),
    ]
    network = graph_file(tmp_path, nodes, {}, output_shape=(2, 4))
    module = lift(network)
    assert lower(module, network).digest == network.digest
    with torch.no_grad():
        module.fc.weight.mul_(2)
    assert np.array_equal(lower(module, network).weight("w"), 2 * weight)


def test_a_batch_written_into_a_reshape_gives_way(tmp_path):
    shape = {"shape": np.array([1, 8], np.int64)}
    nodes = [helper.make_node("Reshape", ["x", "shape"], ["y"], name="flat")]
    network = graph_file(tmp_path, nodes, shape, input_shape=(1, 2, 4), output_shape=(1, 8))
    assert lift(network)(torch.zeros(5, 2, 4)).shape == (5, 8)


def test_names_that_python_keeps_for_itself(tmp_path):
    nodes = [
        helper.make_node("Relu", ["x"], ["a"], name="class"),
        helper.make_node("Relu", ["a"], ["b"], name="forward"),
        helper.make_node("Relu", ["b"], ["c"], name="a/b:0"),
        helper.make_node("Relu", ["c"], ["y"], name="a.b.0"),
    ]
    network = graph_file(tmp_path, nodes, {}, output_shape=(2, 4))
    assert lift(network)(torch.tensor([[-1.0, 2.0]])).tolist() == [[0.0, 2.0]]


def test_what_stands_in_the_way_is_named(tmp_path):
    network = graph_file(
        tmp_path, [helper.make_node("NonMaxSuppression", ["x", "x"], ["y"], name="boxes")], {}, (1, 2, 4)
    )
    with pytest.raises(BadInput, match=r"NonMaxSuppression can’t be trained.*“boxes”"):
        lift(network)
    foreign = [helper.make_node("FusedConv", ["x"], ["y"], name="fused", domain="com.microsoft")]
    path = tmp_path / "g.onnx"
    model = onnx.load(path)
    del model.graph.node[:]
    model.graph.node.extend(foreign)
    onnx.save(model, path)
    with pytest.raises(BadInput, match=r"com\.microsoft\.FusedConv.*“fused”"):
        lift(read(path))


def test_logits_are_what_goes_into_the_softmax():
    module = lift(build("LeNet-5"))
    x = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    scores = logits(module)
    assert torch.allclose(torch.softmax(scores(x), 1), module(x), atol=1e-6)
    assert scores.conv1 is module.conv1
    assert logits(scores)(x).equal(scores(x))
