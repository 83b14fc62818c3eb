"""MobileNet v1 (Howard et al. 2017), v2 (Sandler et al. 2018) and v3 (Howard et al. 2019).

v1 has the names and paddings of Keras; v2 and v3 those of torchvision. Dropout is left out.
"""

import onnx_ir as ir

from profiler.builder import Builder, size_of
from profiler.network import Network
from profiler.zoo.recipes import IMAGENET_TENSORFLOW, IMAGENET_TORCH

V1 = (  # filters and stride of the thirteen separable convolutions (table 1)
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2),
    (512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1),
)  # fmt: skip


def mobilenet_v1() -> Network:
    """MobileNet v1 for 1,000 classes, with random weights: 4,231,976 parameters and the running statistics.

    TensorFlow trained it with ReLU6 where the paper has ReLU; where it halves the size, it pads below and to the right.
    """
    b = Builder("MobileNet-v1", (3, 224, 224))
    x = b.conv("conv1", b.input, 32, kernel=3, stride=2, pad=(0, 0, 1, 1), bias=False)
    x = b.relu6("conv1_relu", b.batch_norm("conv1_bn", x, epsilon=1e-3))
    for block, (filters, stride) in enumerate(V1, 1):
        pad = (0, 0, 1, 1) if stride == 2 else 1
        channels = size_of(x, 1)
        x = b.conv(f"conv_dw_{block}", x, channels, kernel=3, stride=stride, pad=pad, groups=channels, bias=False)
        x = b.relu6(f"conv_dw_{block}_relu", b.batch_norm(f"conv_dw_{block}_bn", x, epsilon=1e-3))
        x = b.conv(f"conv_pw_{block}", x, filters, kernel=1, bias=False)
        x = b.relu6(f"conv_pw_{block}_relu", b.batch_norm(f"conv_pw_{block}_bn", x, epsilon=1e-3))
    x = b.flatten("flatten", b.global_average_pool("global_average_pooling2d", x))
    return b.network(b.softmax("predictions", b.fc("conv_preds", x, 1000)), input_recipe=IMAGENET_TENSORFLOW)


V2 = (  # widening, filters, repetitions, stride of the first (table 2)
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
)  # fmt: skip


def mobilenet_v2() -> Network:
    """MobileNet v2 for 1,000 classes, with random weights: 3,504,872 parameters and the running statistics."""
    b = Builder("MobileNet-v2", (3, 224, 224))
    x = b.relu6("features.0.2", _v2_conv(b, "features.0.0", "features.0.1", b.input, 32, kernel=3, stride=2))
    place = 1
    for widening, filters, repetitions, stride in V2:
        for step in range(repetitions):
            x = _v2_block(b, f"features.{place}", x, widening, filters, stride if step == 0 else 1)
            place += 1
    x = b.relu6("features.18.2", _v2_conv(b, "features.18.0", "features.18.1", x, 1280, kernel=1))
    x = b.flatten("flatten", b.global_average_pool("pool", x))
    return b.network(b.fc("classifier.1", x, 1000), input_recipe=IMAGENET_TORCH)


def _v2_block(b: Builder, name: str, x: ir.Value, widening: int, filters: int, stride: int) -> ir.Value:
    """Widen, filter each channel by itself, narrow again without a nonlinearity; add the input where it fits."""
    wide = size_of(x, 1) * widening
    y, part = x, 0
    if widening != 1:
        y = b.relu6(f"{name}.conv.0.2", _v2_conv(b, f"{name}.conv.0.0", f"{name}.conv.0.1", y, wide, kernel=1))
        part = 1
    own = f"{name}.conv.{part}"
    y = b.relu6(f"{own}.2", _v2_conv(b, f"{own}.0", f"{own}.1", y, wide, kernel=3, stride=stride, groups=wide))
    y = _v2_conv(b, f"{name}.conv.{part + 1}", f"{name}.conv.{part + 2}", y, filters, kernel=1)
    return b.add(f"{name}.add", x, y) if stride == 1 and size_of(x, 1) == filters else y


def _v2_conv(
    b: Builder, conv: str, norm: str, x: ir.Value, filters: int, *, kernel: int, stride: int = 1, groups: int = 1
) -> ir.Value:
    y = b.conv(conv, x, filters, kernel=kernel, stride=stride, pad=kernel // 2, groups=groups, bias=False)
    return b.batch_norm(norm, y)


V3_LARGE = (  # kernel, wide, filters, squeeze-and-excitation, hard swish, stride (table 1)
    (3, 16, 16, False, False, 1),
    (3, 64, 24, False, False, 2),
    (3, 72, 24, False, False, 1),
    (5, 72, 40, True, False, 2),
    (5, 120, 40, True, False, 1),
    (5, 120, 40, True, False, 1),
    (3, 240, 80, False, True, 2),
    (3, 200, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 480, 112, True, True, 1),
    (3, 672, 112, True, True, 1),
    (5, 672, 160, True, True, 2),
    (5, 960, 160, True, True, 1),
    (5, 960, 160, True, True, 1),
)
V3_SMALL = (  # likewise (table 2)
    (3, 16, 16, True, False, 2),
    (3, 72, 24, False, False, 2),
    (3, 88, 24, False, False, 1),
    (5, 96, 40, True, True, 2),
    (5, 240, 40, True, True, 1),
    (5, 240, 40, True, True, 1),
    (5, 120, 48, True, True, 1),
    (5, 144, 48, True, True, 1),
    (5, 288, 96, True, True, 2),
    (5, 576, 96, True, True, 1),
    (5, 576, 96, True, True, 1),
)


def mobilenet_v3_large() -> Network:
    """MobileNet v3 large for 1,000 classes, with random weights: 5,483,032 parameters and the running statistics."""
    return _v3("MobileNet-v3-large", V3_LARGE, 1280)


def mobilenet_v3_small() -> Network:
    """MobileNet v3 small for 1,000 classes, with random weights: 2,542,856 parameters and the running statistics."""
    return _v3("MobileNet-v3-small", V3_SMALL, 1024)


def _v3(name: str, blocks: tuple[tuple[int, int, int, bool, bool, int], ...], hidden: int) -> Network:
    b = Builder(name, (3, 224, 224))
    x = b.hard_swish("features.0.2", _v3_conv(b, "features.0", b.input, 16, kernel=3, stride=2))
    for place, block in enumerate(blocks, 1):
        x = _v3_block(b, f"features.{place}", x, *block)
    last = f"features.{len(blocks) + 1}"
    x = b.hard_swish(f"{last}.2", _v3_conv(b, last, x, 6 * size_of(x, 1), kernel=1))
    x = b.flatten("flatten", b.global_average_pool("avgpool", x))
    x = b.hard_swish("classifier.1", b.fc("classifier.0", x, hidden))
    return b.network(b.fc("classifier.3", x, 1000), input_recipe=IMAGENET_TORCH)


def _v3_block(
    b: Builder, name: str, x: ir.Value, kernel: int, wide: int, filters: int, excited: bool, swish: bool, stride: int
) -> ir.Value:
    """As in v2, with squeeze-and-excitation between filtering and narrowing (figure 4)."""
    bend = b.hard_swish if swish else b.relu
    y, part = x, 0
    if wide != size_of(x, 1):
        y = bend(f"{name}.block.0.2", _v3_conv(b, f"{name}.block.0", y, wide, kernel=1))
        part = 1
    own = f"{name}.block.{part}"
    y = bend(f"{own}.2", _v3_conv(b, own, y, wide, kernel=kernel, stride=stride, groups=wide))
    if excited:
        part += 1
        y = _excited(b, f"{name}.block.{part}", y)
    y = _v3_conv(b, f"{name}.block.{part + 1}", y, filters, kernel=1)
    return b.add(f"{name}.add", y, x) if stride == 1 and size_of(x, 1) == filters else y


def _v3_conv(
    b: Builder, name: str, x: ir.Value, filters: int, *, kernel: int, stride: int = 1, groups: int = 1
) -> ir.Value:
    y = b.conv(f"{name}.0", x, filters, kernel=kernel, stride=stride, pad=kernel // 2, groups=groups, bias=False)
    return b.batch_norm(f"{name}.1", y, epsilon=1e-3)


def _excited(b: Builder, name: str, x: ir.Value) -> ir.Value:
    """Each channel times a number that all channels' means decide; a quarter of the channels in between."""
    channels = size_of(x, 1)
    y = b.global_average_pool(f"{name}.avgpool", x)
    y = b.relu(f"{name}.activation", b.conv(f"{name}.fc1", y, _eighths(channels // 4), kernel=1))
    y = b.hard_sigmoid(f"{name}.scale_activation", b.conv(f"{name}.fc2", y, channels, kernel=1))
    return b.mul(f"{name}.mul", y, x)


def _eighths(channels: int) -> int:
    """The nearest multiple of eight, but never less than nine tenths of it."""
    rounded = max(8, (channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded
