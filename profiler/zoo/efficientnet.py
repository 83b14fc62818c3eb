"""EfficientNet-Lite0 (Google 2020, after Tan and Le 2019): without squeeze-and-excitation, ReLU6 instead of swish.

As TensorFlow trained it, which pads more below and to the right where it halves the size; the names are those that timm
gives it (tf_efficientnet_lite0).
"""

import onnx_ir as ir

from profiler.builder import Builder, size_of
from profiler.network import Network
from profiler.zoo.recipes import IMAGENET_TENSORFLOW

STAGES = (  # widening, filters, repetitions, kernel, stride of the first
    (1, 16, 1, 3, 1),
    (6, 24, 2, 3, 2),
    (6, 40, 2, 5, 2),
    (6, 80, 3, 3, 2),
    (6, 112, 3, 5, 1),
    (6, 192, 4, 5, 2),
    (6, 320, 1, 3, 1),
)


def efficientnet_lite0() -> Network:
    """EfficientNet-Lite0 for 1,000 classes, with random weights: 4,652,008 parameters and the running statistics."""
    b = Builder("EfficientNet-Lite0", (3, 224, 224))
    x = b.relu6("act1", _conv_norm(b, "conv_stem", "bn1", b.input, 32, kernel=3, stride=2))
    for stage, (widening, filters, repetitions, kernel, stride) in enumerate(STAGES):
        for step in range(repetitions):
            name = f"blocks.{stage}.{step}"
            x = _block(b, name, x, widening, filters, kernel, stride if step == 0 else 1)
    x = b.relu6("act2", _conv_norm(b, "conv_head", "bn2", x, 1280, kernel=1))
    x = b.flatten("flatten", b.global_average_pool("global_pool", x))
    return b.network(b.fc("classifier", x, 1000), input_recipe=IMAGENET_TENSORFLOW)


def _block(b: Builder, name: str, x: ir.Value, widening: int, filters: int, kernel: int, stride: int) -> ir.Value:
    """MobileNet v2's block: widen, filter each channel by itself, narrow again; the first has nothing to widen."""
    wide = size_of(x, 1) * widening
    y, norms, narrow = x, 0, "conv_pw"
    if widening != 1:
        norms, narrow = 1, "conv_pwl"
        y = b.relu6(f"{name}.act1", _conv_norm(b, f"{name}.conv_pw", f"{name}.bn1", y, wide, kernel=1))
    own = f"{name}.bn{norms + 1}"
    y = _conv_norm(b, f"{name}.conv_dw", own, y, wide, kernel=kernel, stride=stride, groups=wide)
    y = b.relu6(f"{name}.act{norms + 1}", y)
    y = _conv_norm(b, f"{name}.{narrow}", f"{name}.bn{norms + 2}", y, filters, kernel=1)
    return b.add(f"{name}.add", y, x) if stride == 1 and size_of(x, 1) == filters else y


def _conv_norm(
    b: Builder, conv: str, norm: str, x: ir.Value, filters: int, *, kernel: int, stride: int = 1, groups: int = 1
) -> ir.Value:
    before = (kernel - stride) // 2  # of an even size; the other half of what is missing comes after it
    pad = (before, before, kernel - stride - before, kernel - stride - before)
    y = b.conv(conv, x, filters, kernel=kernel, stride=stride, pad=pad, groups=groups, bias=False)
    return b.batch_norm(norm, y, epsilon=1e-3)
