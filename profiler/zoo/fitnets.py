"""The networks of “FitNets” for CIFAR-10 (Romero et al. 2015, appendix A.1, table 7): a teacher, four thin students.

Every hidden layer is maxout: of several linear pieces, the greatest. A convolution here has the filters of all its
pieces, and so has a fully connected layer. They were trained on whitened images, which no input recipe describes.
"""

import onnx_ir as ir

from profiler.builder import Builder
from profiler.network import Network

PIECES, LAST_PIECES = 2, 5  # of a convolution's units, of the fully connected layer's
UNITS = 500
GAIN = 1.0  # of the random weights: the greater of two normal values has the mean square of one

Stages = tuple[tuple[int, ...], ...]  # units of the convolutions before each of the three poolings
STUDENTS: dict[str, Stages] = {
    "FitNet-1": ((16,) * 3, (32,) * 3, (48, 48, 64)),
    "FitNet-2": ((16, 32, 32), (48, 64, 80), (96, 96, 128)),
    "FitNet-3": ((32, 48, 64, 64), (80,) * 4, (128,) * 3),
    "FitNet-4": ((32, 32, 32, 48, 48), (80,) * 6, (128,) * 6),
}
TEACHER = ((96, 8, 4, 4), (192, 8, 3, 4), (192, 5, 3, 2))  # units, kernel, padding, pooling window


def fitnets_teacher(last_pieces: int = LAST_PIECES) -> Network:
    """The maxout network of Goodfellow et al. 2013 (pylearn2's cifar10.yaml): 5 layers, 16.2 million parameters.

    With two pieces in the last hidden layer it would be the 9 million that the paper prints (see docs/zoo.md).
    """
    b = Builder("FitNets-teacher", (3, 32, 32))
    x = b.input
    for layer, (units, kernel, pad, window) in enumerate(TEACHER, 1):
        x = b.conv(f"conv{layer}", x, units * PIECES, kernel=kernel, pad=pad, gain=GAIN)
        x = b.maxout(f"maxout{layer}", x, PIECES)
        x = b.max_pool(f"pool{layer}", x, kernel=window, stride=2, ceil=True)
    return _classified(b, x, last_pieces)


def fitnet_1() -> Network:
    """11 layers."""
    return student("FitNet-1", STUDENTS["FitNet-1"])


def fitnet_2() -> Network:
    """11 layers."""
    return student("FitNet-2", STUDENTS["FitNet-2"])


def fitnet_3() -> Network:
    """13 layers."""
    return student("FitNet-3", STUDENTS["FitNet-3"])


def fitnet_4() -> Network:
    """19 layers, as in the authors' cifar10_fitnet19_all.yaml."""
    return student("FitNet-4", STUDENTS["FitNet-4"])


def student(name: str, stages: Stages, last_pieces: int = LAST_PIECES) -> Network:
    """3 × 3 convolutions in three stages; the last pooling takes the maximum of each whole map."""
    b = Builder(name, (3, 32, 32))
    x, layer = b.input, 0
    for stage, all_units in enumerate(stages, 1):
        for units in all_units:
            layer += 1
            x = b.conv(f"conv{layer}", x, units * PIECES, kernel=3, pad=1, gain=GAIN)
            x = b.maxout(f"maxout{layer}", x, PIECES)
        window = 8 if stage == len(stages) else 2
        x = b.max_pool(f"pool{stage}", x, kernel=window, stride=window)
    return _classified(b, x, last_pieces)


def _classified(b: Builder, x: ir.Value, pieces: int) -> Network:
    x = b.maxout("maxout_fc", b.fc("fc", b.flatten("flatten", x), UNITS * pieces, gain=GAIN), pieces)
    return b.network(b.softmax("prob", b.fc("softmax", x, 10)))
