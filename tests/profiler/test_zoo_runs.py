"""Every built-in network passes ONNX's checker and runs; those of torch models answer as those do."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from profiler import zoo
from profiler.network import Network, save

LARGE = {"AlexNet", "AlexNet-torchvision", "VGG-F", "VGG-M", "VGG-S", "VGG-16", "VGG-19", "ResNet-50"}


def run(network: Network, x: np.ndarray, path) -> np.ndarray:
    save(network, path)
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (answer,) = session.run(None, {"input": x})
    return answer


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] if n in LARGE else []) for n in zoo.ZOO])
def test_runs_in_onnx_runtime(name, tmp_path):
    path, entry = tmp_path / "network.onnx", zoo.entry(name)
    x = np.random.default_rng(0).standard_normal((2, *entry.input_shape), dtype=np.float32)
    answer = run(entry.build(), x, path)
    onnx.checker.check_model(str(path), full_check=True)
    assert answer.shape == (2, 1000 if entry.input_shape[1] > 100 else 10)
    assert np.isfinite(answer).all()
    assert not np.array_equal(answer[0], answer[1])
    proto = onnx.load(str(path), load_external_data=False)
    assert (proto.ir_version, proto.opset_import[0].version) == (8, 13)
    if proto.graph.node[-1].op_type == "Softmax":
        np.testing.assert_allclose(answer.sum(axis=1), 1, rtol=1e-5)
    path.unlink()


class Block(nn.Module):
    """A block of the CIFAR networks, written again from section 4.2 of He et al. 2016; option A."""

    def __init__(self, channels: int, filters: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(filters)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if y.shape != x.shape:
            zeros = torch.zeros(y.shape[0], (y.shape[1] - x.shape[1]) // 2, *y.shape[2:])
            x = torch.cat([zeros, x[:, :, ::2, ::2], zeros], dim=1)
        return F.relu(x + y)


class Cifar(nn.Module):
    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*(Block(16, 16, 1) for _ in range(blocks)))
        self.layer2 = nn.Sequential(*(Block(32 if n else 16, 32, 1 if n else 2) for n in range(blocks)))
        self.layer3 = nn.Sequential(*(Block(64 if n else 32, 64, 1 if n else 2) for n in range(blocks)))
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(x.mean((2, 3)))


def held(module: nn.Module) -> dict[str, np.ndarray]:
    """Its state, less the number of batches it has seen."""
    state = module.state_dict().items()
    return {name: tensor.numpy() for name, tensor in state if not name.endswith("num_batches_tracked")}


def stir(module: nn.Module) -> nn.Module:
    """Running statistics, scales and shifts as if it had learnt."""
    chance = torch.Generator().manual_seed(1)
    for name, tensor in module.state_dict().items():
        if tensor.dim() == 1:
            low = -0.2 if name.endswith(("bias", "mean")) else 0.8
            tensor.copy_(low + 0.4 * torch.rand(tensor.shape, generator=chance))
    return module.eval()


def same(name: str, module: nn.Module, path) -> None:
    network, state = zoo.build(name), held(module)
    assert list(network.weights()) == list(state)
    assert {n: shape for n, (shape, _) in network.weights().items()} == {n: v.shape for n, v in state.items()}
    x = torch.randn(2, *zoo.entry(name).input_shape, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        theirs = module(x).numpy()
    ours = run(network.with_weights(state), x.numpy(), path)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5 * np.abs(theirs).max())


@pytest.mark.parametrize(("name", "blocks"), [("ResNet-20", 3), ("ResNet-32", 5), ("ResNet-56", 9)])
def test_cifar_networks_compute_what_their_torch_module_does(name, blocks, tmp_path):
    same(name, stir(Cifar(blocks)), tmp_path / "network.onnx")


@pytest.mark.parametrize(("name", "file", "blocks"), [
    ("ResNet-20", "resnet20-12fca82f.th", 3), ("ResNet-56", "resnet56-4bfd9763.th", 9),
])  # fmt: skip
def test_published_weights_fit(name, file, blocks, shared, tmp_path):
    path = shared / "data" / "weights" / file
    if not path.is_file():
        pytest.skip("no published weights beside the repository")
    state = torch.load(path, weights_only=True, map_location="cpu")["state_dict"]
    module = Cifar(blocks)
    module.load_state_dict({name.removeprefix("module."): tensor for name, tensor in state.items()}, strict=False)
    same(name, module.eval(), tmp_path / "network.onnx")


TORCHVISION = {
    "AlexNet-torchvision": "alexnet", "ResNet-18": "resnet18", "ResNet-50": "resnet50",
    "SqueezeNet-1.0": "squeezenet1_0", "SqueezeNet-1.1": "squeezenet1_1", "MobileNet-v2": "mobilenet_v2",
    "MobileNet-v3-large": "mobilenet_v3_large", "MobileNet-v3-small": "mobilenet_v3_small",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvisions_networks_compute_what_torchvision_does(name, tmp_path):
    models = pytest.importorskip("torchvision.models", exc_type=ImportError)
    same(name, stir(getattr(models, TORCHVISION[name])(weights=None)), tmp_path / "network.onnx")


@pytest.mark.slow
def test_efficientnet_lite_computes_what_timm_does(tmp_path):
    timm = pytest.importorskip("timm", exc_type=ImportError)
    same("EfficientNet-Lite0", stir(timm.create_model("tf_efficientnet_lite0")), tmp_path / "network.onnx")
