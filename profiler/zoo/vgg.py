"""The networks of Oxford's Visual Geometry Group, as released for Caffe, without dropout.

VGG-F, M and S (Chatfield et al. 2014, table 1): fast, medium, slow. VGG-16 and 19 (Simonyan and Zisserman 2015,
table 1, configurations D and E).
"""

import onnx_ir as ir

from profiler.builder import Builder
from profiler.network import Network
from profiler.zoo.recipes import IMAGENET_OXFORD


def vgg_f() -> Network:
    """VGG-F for 1,000 classes, with random weights: 60,834,536 parameters."""
    b = Builder("VGG-F", (3, 224, 224))
    x = _norm(b, 1, b.relu("relu1", b.conv("conv1", b.input, 64, kernel=11, stride=4)))
    x = _norm(b, 2, b.relu("relu2", b.conv("conv2", _pool(b, 1, x), 256, kernel=5, pad=2)))
    x = _three_convolutions(b, _pool(b, 2, x), 256)
    return _classified(b, _pool(b, 5, x))


def vgg_m() -> Network:
    """VGG-M for 1,000 classes, with random weights: 102,908,520 parameters."""
    b = Builder("VGG-M", (3, 224, 224))
    x = _norm(b, 1, b.relu("relu1", b.conv("conv1", b.input, 96, kernel=7, stride=2)))
    x = _norm(b, 2, b.relu("relu2", b.conv("conv2", _pool(b, 1, x), 256, kernel=5, stride=2, pad=1)))
    x = _three_convolutions(b, _pool(b, 2, x), 512)
    return _classified(b, _pool(b, 5, x))


def vgg_s() -> Network:
    """VGG-S for 1,000 classes, with random weights: 102,908,520 parameters, as VGG-M has."""
    b = Builder("VGG-S", (3, 224, 224))
    x = _norm(b, 1, b.relu("relu1", b.conv("conv1", b.input, 96, kernel=7, stride=2)))
    x = b.relu("relu2", b.conv("conv2", _pool(b, 1, x, stride=3), 256, kernel=5))
    x = _three_convolutions(b, _pool(b, 2, x, kernel=2), 512)
    return _classified(b, _pool(b, 5, x, stride=3))


def vgg_16() -> Network:
    """VGG-16 for 1,000 classes, with random weights: 138,357,544 parameters."""
    return _very_deep("VGG-16", (2, 2, 3, 3, 3))


def vgg_19() -> Network:
    """VGG-19 for 1,000 classes, with random weights: 143,667,240 parameters."""
    return _very_deep("VGG-19", (2, 2, 4, 4, 4))


FILTERS = (64, 128, 256, 512, 512)  # of the five blocks of VGG-16 and 19


def _very_deep(name: str, depths: tuple[int, ...]) -> Network:
    b = Builder(name, (3, 224, 224))
    x = b.input
    for block, (depth, filters) in enumerate(zip(depths, FILTERS, strict=True), 1):
        for step in range(1, depth + 1):
            x = b.relu(f"relu{block}_{step}", b.conv(f"conv{block}_{step}", x, filters, kernel=3, pad=1))
        x = _pool(b, block, x, kernel=2)
    return _classified(b, x)


def _norm(b: Builder, block: int, x: ir.Value) -> ir.Value:
    return b.local_response_norm(f"norm{block}", x, alpha=5e-4, bias=2.0)


def _pool(b: Builder, block: int, x: ir.Value, kernel: int = 3, stride: int = 2) -> ir.Value:
    return b.max_pool(f"pool{block}", x, kernel=kernel, stride=stride, ceil=True)


def _three_convolutions(b: Builder, x: ir.Value, filters: int) -> ir.Value:
    for block in (3, 4, 5):
        x = b.relu(f"relu{block}", b.conv(f"conv{block}", x, filters, kernel=3, pad=1))
    return x


def _classified(b: Builder, x: ir.Value) -> Network:
    x = b.relu("relu6", b.fc("fc6", b.flatten("flatten", x), 4096))
    x = b.relu("relu7", b.fc("fc7", x, 4096))
    return b.network(b.softmax("prob", b.fc("fc8", x, 1000)), input_recipe=IMAGENET_OXFORD)
