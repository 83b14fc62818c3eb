"""GoogLeNet (Szegedy et al. 2015, table 1) as in Caffe's models/bvlc_googlenet, with its names.

The two auxiliary classifiers only help it learn; they are left out, as is dropout.
"""

from dataclasses import replace

import onnx_ir as ir

from profiler.builder import Builder
from profiler.network import Network
from profiler.zoo.recipes import IMAGENET_CAFFE

MODULES = (  # filters: 1×1; 3×3 reduced, 3×3; 5×5 reduced, 5×5; behind the pooling
    ("3a", 64, 96, 128, 16, 32, 32),
    ("3b", 128, 128, 192, 32, 96, 64),
    ("4a", 192, 96, 208, 16, 48, 64),
    ("4b", 160, 112, 224, 24, 64, 64),
    ("4c", 128, 128, 256, 24, 64, 64),
    ("4d", 112, 144, 288, 32, 64, 64),
    ("4e", 256, 160, 320, 32, 128, 128),
    ("5a", 256, 160, 320, 32, 128, 128),
    ("5b", 384, 192, 384, 48, 128, 128),
)
POOLED_AFTER = {"3b": 3, "4e": 4}


def googlenet() -> Network:
    """GoogLeNet for 1,000 classes, with random weights: 6,998,552 parameters."""
    b = Builder("GoogLeNet", (3, 224, 224))
    x = _conv(b, "conv1", "7x7_s2", b.input, 64, kernel=7, stride=2, pad=3, relu="relu_7x7")
    x = b.local_response_norm("pool1/norm1", _pool(b, 1, x))
    x = _conv(b, "conv2", "3x3_reduce", x, 64, kernel=1)
    x = b.local_response_norm("conv2/norm2", _conv(b, "conv2", "3x3", x, 192, kernel=3, pad=1))
    x = _pool(b, 2, x)
    for name, *filters in MODULES:
        x = _inception(b, f"inception_{name}", x, *filters)
        if name in POOLED_AFTER:
            x = _pool(b, POOLED_AFTER[name], x)
    x = b.flatten("flatten", b.average_pool("pool5/7x7_s1", x, kernel=7, stride=1))
    recipe = replace(IMAGENET_CAFFE, crop=(224, 224))
    return b.network(b.softmax("prob", b.fc("loss3/classifier", x, 1000)), input_recipe=recipe)


def _pool(b: Builder, block: int, x: ir.Value) -> ir.Value:
    return b.max_pool(f"pool{block}/3x3_s2", x, kernel=3, stride=2, ceil=True)


def _conv(
    b: Builder, module: str, name: str, x: ir.Value, filters: int, *, kernel: int, stride: int = 1, pad: int = 0,
    relu: str = "",
) -> ir.Value:  # fmt: skip
    y = b.conv(f"{module}/{name}", x, filters, kernel=kernel, stride=stride, pad=pad)
    return b.relu(f"{module}/{relu or f'relu_{name}'}", y)


def _inception(
    b: Builder, module: str, x: ir.Value, one: int, reduce_3: int, three: int, reduce_5: int, five: int, pooled: int
) -> ir.Value:
    """Four ways side by side, their channels one after the other (figure 2 b of the paper)."""
    first = _conv(b, module, "1x1", x, one, kernel=1)
    second = _conv(b, module, "3x3_reduce", x, reduce_3, kernel=1)
    second = _conv(b, module, "3x3", second, three, kernel=3, pad=1)
    third = _conv(b, module, "5x5_reduce", x, reduce_5, kernel=1)
    third = _conv(b, module, "5x5", third, five, kernel=5, pad=2)
    fourth = b.max_pool(f"{module}/pool", x, kernel=3, stride=1, pad=1, ceil=True)
    fourth = _conv(b, module, "pool_proj", fourth, pooled, kernel=1)
    return b.concat(f"{module}/output", [first, second, third, fourth])
