"""SqueezeNet 1.0 (Iandola et al. 2016, table 1) and 1.1 (its authors' release), as in torchvision."""

from collections.abc import Mapping

import onnx_ir as ir

from profiler.builder import Builder
from profiler.network import Network
from profiler.zoo.recipes import IMAGENET_TORCH

SQUEEZED = (
    16,
    16,
    32,
    32,
    48,
    48,
    64,
    64,
)  # filters of the eight Fire modules' squeeze; each expand has 4 + 4 times those


def squeezenet_1_0() -> Network:
    """SqueezeNet 1.0 for 1,000 classes, with random weights: 1,248,424 parameters."""
    b = Builder("SqueezeNet-1.0", (3, 224, 224))
    x = b.relu("features.1", b.conv("features.0", b.input, 96, kernel=7, stride=2))
    return _squeezenet(b, x, {3: 0, 4: 1, 5: 2, 7: 3, 8: 4, 9: 5, 10: 6, 12: 7}, pools=(2, 6, 11))


def squeezenet_1_1() -> Network:
    """SqueezeNet 1.1 for 1,000 classes, with random weights: 1,235,496 parameters, 2.4 times fewer operations."""
    b = Builder("SqueezeNet-1.1", (3, 224, 224))
    x = b.relu("features.1", b.conv("features.0", b.input, 64, kernel=3, stride=2))
    return _squeezenet(b, x, {3: 0, 4: 1, 6: 2, 7: 3, 9: 4, 10: 5, 11: 6, 12: 7}, pools=(2, 5, 8))


def _squeezenet(b: Builder, x: ir.Value, fires: Mapping[int, int], pools: tuple[int, ...]) -> Network:
    """The rest of `features`, where `fires` and `pools` say what stands at which place, and the classifier."""
    for place in sorted((*fires, *pools)):
        name = f"features.{place}"
        if place in pools:
            x = b.max_pool(name, x, kernel=3, stride=2, ceil=True)
        else:
            x = _fire(b, name, x, SQUEEZED[fires[place]])
    x = b.relu("classifier.2", b.conv("classifier.1", x, 1000, kernel=1))
    x = b.flatten("flatten", b.global_average_pool("classifier.3", x))
    return b.network(x, input_recipe=IMAGENET_TORCH)


def _fire(b: Builder, name: str, x: ir.Value, squeezed: int) -> ir.Value:
    """1 × 1 convolutions squeeze the channels, 1 × 1 and 3 × 3 ones expand them again (section 3.2)."""
    x = b.relu(f"{name}.squeeze_activation", b.conv(f"{name}.squeeze", x, squeezed, kernel=1))
    one = b.conv(f"{name}.expand1x1", x, 4 * squeezed, kernel=1)
    three = b.conv(f"{name}.expand3x3", x, 4 * squeezed, kernel=3, pad=1)
    parts = [b.relu(f"{name}.expand1x1_activation", one), b.relu(f"{name}.expand3x3_activation", three)]
    return b.concat(f"{name}.concat", parts)
