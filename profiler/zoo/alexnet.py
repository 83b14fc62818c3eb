"""AlexNet as in Caffe's model zoo: 227 × 227, two groups in conv2, conv4 and conv5.

Dropout does nothing once a network is trained, and is left out.
"""

import onnx_ir as ir

from profiler.builder import Builder
from profiler.input_recipe import InputRecipe
from profiler.network import Network

IMAGENET_CAFFE = InputRecipe(
    resize=256,
    crop=(227, 227),
    colour="bgr",
    scale=1.0,
    mean=(104.0, 117.0, 123.0),
    std=(1.0, 1.0, 1.0),
    source="zoo",
)


def alexnet() -> Network:
    """AlexNet for 1,000 classes, with random weights: 60,965,224 parameters."""
    b = Builder("AlexNet", (3, 227, 227))
    x = _norm_pool(b, 1, b.relu("relu1", b.conv("conv1", b.input, 96, kernel=11, stride=4)))
    x = _norm_pool(b, 2, b.relu("relu2", b.conv("conv2", x, 256, kernel=5, pad=2, groups=2)))
    x = b.relu("relu3", b.conv("conv3", x, 384, kernel=3, pad=1))
    x = b.relu("relu4", b.conv("conv4", x, 384, kernel=3, pad=1, groups=2))
    x = b.relu("relu5", b.conv("conv5", x, 256, kernel=3, pad=1, groups=2))
    x = b.flatten("flatten", b.max_pool("pool5", x, kernel=3, stride=2, ceil=True))
    x = b.relu("relu6", b.fc("fc6", x, 4096))
    x = b.relu("relu7", b.fc("fc7", x, 4096))
    return b.network(b.softmax("prob", b.fc("fc8", x, 1000)), input_recipe=IMAGENET_CAFFE)


def _norm_pool(b: Builder, block: int, x: ir.Value) -> ir.Value:
    normed = b.local_response_norm(f"norm{block}", x)
    return b.max_pool(f"pool{block}", normed, kernel=3, stride=2, ceil=True)
