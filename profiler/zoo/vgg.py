"""VGG-16 (Simonyan and Zisserman 2015, configuration D), with Caffe's names and without dropout."""

from dataclasses import replace

from profiler.builder import Builder
from profiler.network import Network
from profiler.zoo.alexnet import IMAGENET_CAFFE

BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))  # convolutions in the block, filters of each


def vgg_16() -> Network:
    """VGG-16 for 1,000 classes, with random weights: 138,357,544 parameters."""
    b = Builder("VGG-16", (3, 224, 224))
    x = b.input
    for block, (depth, filters) in enumerate(BLOCKS, 1):
        for step in range(1, depth + 1):
            x = b.relu(f"relu{block}_{step}", b.conv(f"conv{block}_{step}", x, filters, kernel=3, pad=1))
        x = b.max_pool(f"pool{block}", x, kernel=2, stride=2, ceil=True)
    x = b.relu("relu6", b.fc("fc6", b.flatten("flatten", x), 4096))
    x = b.relu("relu7", b.fc("fc7", x, 4096))
    recipe = replace(IMAGENET_CAFFE, crop=(224, 224))
    return b.network(b.softmax("prob", b.fc("fc8", x, 1000)), input_recipe=recipe)
