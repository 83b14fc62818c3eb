"""AlexNet as in Caffe's model zoo and as in torchvision.

Dropout does nothing once a network is trained, and is left out.
"""

import onnx_ir as ir

from profiler.builder import Builder
from profiler.network import Network
from profiler.zoo.recipes import IMAGENET_CAFFE, IMAGENET_TORCH


def alexnet() -> Network:
    """AlexNet for 1,000 classes, with random weights: 60,965,224 parameters.

    As in Caffe: 227 × 227, two groups in conv2, conv4 and conv5.
    """
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


CONVOLUTIONS = (  # of torchvision's: its place in `features`, filters, kernel, stride, padding
    (0, 64, 11, 4, 2),
    (3, 192, 5, 1, 2),
    (6, 384, 3, 1, 1),
    (8, 256, 3, 1, 1),
    (10, 256, 3, 1, 1),
)
POOLS = {0: 2, 3: 5, 10: 12}  # the pooling that follows a convolution


def alexnet_torchvision() -> Network:
    """AlexNet after Krizhevsky 2014 (“One weird trick”): no groups, no normalisation; 61,100,840 parameters.

    torchvision averages to 6 × 6 before the classifier; at 224 × 224 they are 6 × 6 already, so that is left out.
    """
    b = Builder("AlexNet-torchvision", (3, 224, 224))
    x = b.input
    for place, filters, kernel, stride, pad in CONVOLUTIONS:
        x = b.conv(f"features.{place}", x, filters, kernel=kernel, stride=stride, pad=pad)
        x = b.relu(f"features.{place + 1}", x)
        if place in POOLS:
            x = b.max_pool(f"features.{POOLS[place]}", x, kernel=3, stride=2)
    x = b.flatten("flatten", x)
    x = b.relu("classifier.2", b.fc("classifier.1", x, 4096))
    x = b.relu("classifier.5", b.fc("classifier.4", x, 4096))
    return b.network(b.fc("classifier.6", x, 1000), input_recipe=IMAGENET_TORCH)
