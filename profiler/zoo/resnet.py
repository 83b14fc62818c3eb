"""A small residual network with batch normalisation, for grey 28 × 28 images (after He et al. 2016, section 4.2)."""

import onnx_ir as ir

from profiler.builder import Builder
from profiler.network import Network
from profiler.zoo.lenet import DIGITS

STAGES = ((16, 1), (32, 2), (64, 2))  # filters, stride of the stage's first convolution


def resnet_8() -> Network:
    """One convolution, three blocks of two, one fully connected layer; random weights.

    Where a block halves the size, its shortcut is a 1 × 1 convolution.
    """
    b = Builder("ResNet-8", (1, 28, 28))
    x = b.relu("relu1", _conv_norm(b, "conv1", "norm1", b.input, 16, kernel=3, stride=1))
    for stage, (filters, stride) in enumerate(STAGES, 1):
        x = _block(b, f"stage{stage}", x, filters, stride)
    x = b.flatten("flatten", b.global_average_pool("pool", x))
    return b.network(b.softmax("prob", b.fc("fc", x, 10)), input_recipe=DIGITS)


def _block(b: Builder, name: str, x: ir.Value, filters: int, stride: int) -> ir.Value:
    y = _conv_norm(b, f"{name}.conv1", f"{name}.norm1", x, filters, kernel=3, stride=stride)
    y = _conv_norm(b, f"{name}.conv2", f"{name}.norm2", b.relu(f"{name}.relu1", y), filters, kernel=3, stride=1)
    if stride != 1:
        x = _conv_norm(b, f"{name}.shortcut", f"{name}.shortcut_norm", x, filters, kernel=1, stride=stride)
    return b.relu(f"{name}.relu2", b.add(f"{name}.add", y, x))


def _conv_norm(b: Builder, conv: str, norm: str, x: ir.Value, filters: int, *, kernel: int, stride: int) -> ir.Value:
    y = b.conv(conv, x, filters, kernel=kernel, stride=stride, pad=kernel // 2, bias=False)
    return b.batch_norm(norm, y)
