"""Network in Network for CIFAR-10 (Lin et al. 2014), as its authors released it for Caffe; without dropout.

Each convolution is followed by two of 1 × 1 (“cccp”): a small network that slides over the picture. There is no
fully connected layer: the last ten maps are averaged. It was trained on whitened images, which no input recipe
describes; so it has none.
"""

from profiler.builder import Builder
from profiler.network import Network


def network_in_network() -> Network:
    """The network of three such blocks for 32 × 32 images, with random weights: 966,986 parameters."""
    b = Builder("NIN", (3, 32, 32))
    x = b.input
    for block, (filters, kernel, first, second) in enumerate(
        ((192, 5, 160, 96), (192, 5, 192, 192), (192, 3, 192, 10)), 1
    ):
        x = b.relu(f"relu{block}", b.conv(f"conv{block}", x, filters, kernel=kernel, pad=kernel // 2))
        for step, width in ((2 * block - 1, first), (2 * block, second)):
            x = b.relu(f"relu_cccp{step}", b.conv(f"cccp{step}", x, width, kernel=1))
        if block == 1:
            x = b.max_pool("pool1", x, kernel=3, stride=2, ceil=True)
        elif block == 2:
            x = b.average_pool("pool2", x, kernel=3, stride=2, ceil=True)
    x = b.flatten("flatten", b.average_pool("pool3", x, kernel=8, stride=1))
    return b.network(b.softmax("prob", x))
