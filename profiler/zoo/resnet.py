"""Residual networks (He et al. 2016): for ImageNet as in torchvision, for CIFAR-10 (section 4.2), and a small one."""

from dataclasses import replace

import onnx_ir as ir

from profiler.builder import Builder, size_of
from profiler.network import Network
from profiler.zoo.lenet import DIGITS
from profiler.zoo.recipes import CIFAR_10, IMAGENET_TORCH

STAGES = ((16, 1), (32, 2), (64, 2))  # filters, stride of the stage's first convolution


def resnet_8() -> Network:
    """For grey 28 × 28 images: one convolution, three blocks of two, one fully connected layer; random weights.

    Where a block halves the size, its shortcut is a 1 × 1 convolution.
    """
    b = Builder("ResNet-8", (1, 28, 28))
    x = b.relu("relu1", _conv_norm(b, "conv1", "norm1", b.input, 16, kernel=3))
    for stage, (filters, stride) in enumerate(STAGES, 1):
        name = f"stage{stage}"
        y = b.relu(
            f"{name}.relu1", _conv_norm(b, f"{name}.conv1", f"{name}.norm1", x, filters, kernel=3, stride=stride)
        )
        y = _conv_norm(b, f"{name}.conv2", f"{name}.norm2", y, filters, kernel=3)
        if stride != 1:
            x = _conv_norm(b, f"{name}.shortcut", f"{name}.shortcut_norm", x, filters, kernel=1, stride=stride)
        x = b.relu(f"{name}.relu2", b.add(f"{name}.add", y, x))
    x = b.flatten("flatten", b.global_average_pool("pool", x))
    return b.network(b.softmax("prob", b.fc("fc", x, 10)), input_recipe=DIGITS)


def resnet_20() -> Network:
    """ResNet-20 for CIFAR-10, with random weights: 269,722 parameters and the running statistics."""
    return _cifar("ResNet-20", 3)


def resnet_32() -> Network:
    """ResNet-32 for CIFAR-10, with random weights: 464,154 parameters and the running statistics."""
    return _cifar("ResNet-32", 5)


def resnet_56() -> Network:
    """ResNet-56 for CIFAR-10, with random weights: 853,018 parameters and the running statistics."""
    return _cifar("ResNet-56", 9)


def _cifar(name: str, blocks: int) -> Network:
    """Three stages of `blocks` blocks, named as in Y. Idelbayev's pytorch_resnet_cifar10.

    Its images are normalised with ImageNet's mean and deviation.
    """
    b = Builder(name, (3, 32, 32))
    x = b.relu("relu", _conv_norm(b, "conv1", "bn1", b.input, 16, kernel=3))
    for stage, (filters, stride) in enumerate(STAGES, 1):
        for block in range(blocks):
            x = _cifar_block(b, f"layer{stage}.{block}", x, filters, stride if block == 0 else 1)
    x = b.flatten("flatten", b.global_average_pool("avg_pool", x))
    recipe = replace(IMAGENET_TORCH, resize=None, crop=None, classes=CIFAR_10)
    return b.network(b.fc("linear", x, 10), input_recipe=recipe)


def _cifar_block(b: Builder, name: str, x: ir.Value, filters: int, stride: int) -> ir.Value:
    y = b.relu(f"{name}.relu", _conv_norm(b, f"{name}.conv1", f"{name}.bn1", x, filters, kernel=3, stride=stride))
    y = _conv_norm(b, f"{name}.conv2", f"{name}.bn2", y, filters, kernel=3)
    if stride != 1:
        x = _option_a(b, f"{name}.shortcut", x, filters)
    return b.relu(f"{name}.relu_1", b.add(f"{name}.add", y, x))


def _option_a(b: Builder, name: str, x: ir.Value, filters: int) -> ir.Value:
    """A shortcut without parameters: every second row and column, and channels of zeros on both sides."""
    whole = 2**31 - 1
    ends = [b.setting((0, 0)), b.setting((whole, whole)), b.setting((2, 3)), b.setting((2, 2))]
    x = b.node("Slice", f"{name}.slice", [x, *ends])
    missing = filters - size_of(x, 1)
    before, after = missing // 2, missing - missing // 2
    return b.node("Pad", f"{name}.pad", [x, b.setting((0, before, 0, 0, 0, after, 0, 0))])


def resnet_18() -> Network:
    """ResNet-18 for 1,000 classes, with random weights: 11,689,512 parameters and the running statistics."""
    return _imagenet("ResNet-18", (2, 2, 2, 2), bottleneck=False)


def resnet_50() -> Network:
    """ResNet-50 for 1,000 classes, with random weights: 25,557,032 parameters and the running statistics.

    As torchvision has it, a block halves the size in its 3 × 3 convolution; the paper does in the 1 × 1 before it.
    """
    return _imagenet("ResNet-50", (3, 4, 6, 3), bottleneck=True)


def _imagenet(name: str, depths: tuple[int, ...], *, bottleneck: bool) -> Network:
    """Four stages of `depths` blocks (table 1), with torchvision's names."""
    b = Builder(name, (3, 224, 224))
    x = b.relu("relu", _conv_norm(b, "conv1", "bn1", b.input, 64, kernel=7, stride=2))
    x = b.max_pool("maxpool", x, kernel=3, stride=2, pad=1)
    make = _bottleneck if bottleneck else _basic
    for stage, depth in enumerate(depths, 1):
        for block in range(depth):
            stride = 2 if stage > 1 and block == 0 else 1
            x = make(b, f"layer{stage}.{block}", x, 32 * 2**stage, stride)
    x = b.flatten("flatten", b.global_average_pool("avgpool", x))
    return b.network(b.fc("fc", x, 1000), input_recipe=IMAGENET_TORCH)


def _basic(b: Builder, name: str, x: ir.Value, filters: int, stride: int) -> ir.Value:
    y = b.relu(f"{name}.relu", _conv_norm(b, f"{name}.conv1", f"{name}.bn1", x, filters, kernel=3, stride=stride))
    y = _conv_norm(b, f"{name}.conv2", f"{name}.bn2", y, filters, kernel=3)
    return b.relu(f"{name}.relu_1", b.add(f"{name}.add", y, _shortcut(b, name, x, filters, stride)))


def _bottleneck(b: Builder, name: str, x: ir.Value, filters: int, stride: int) -> ir.Value:
    """1 × 1 to fewer channels, 3 × 3 there, 1 × 1 to four times as many (figure 5, right)."""
    y = b.relu(f"{name}.relu", _conv_norm(b, f"{name}.conv1", f"{name}.bn1", x, filters, kernel=1))
    y = b.relu(f"{name}.relu_1", _conv_norm(b, f"{name}.conv2", f"{name}.bn2", y, filters, kernel=3, stride=stride))
    y = _conv_norm(b, f"{name}.conv3", f"{name}.bn3", y, 4 * filters, kernel=1)
    return b.relu(f"{name}.relu_2", b.add(f"{name}.add", y, _shortcut(b, name, x, 4 * filters, stride)))


def _shortcut(b: Builder, name: str, x: ir.Value, filters: int, stride: int) -> ir.Value:
    """The input itself, or a 1 × 1 convolution of it where the shape changes (option B)."""
    if stride == 1 and size_of(x, 1) == filters:
        return x
    return _conv_norm(b, f"{name}.downsample.0", f"{name}.downsample.1", x, filters, kernel=1, stride=stride)


def _conv_norm(
    b: Builder, conv: str, norm: str, x: ir.Value, filters: int, *, kernel: int, stride: int = 1
) -> ir.Value:
    y = b.conv(conv, x, filters, kernel=kernel, stride=stride, pad=kernel // 2, bias=False)
    return b.batch_norm(norm, y)
