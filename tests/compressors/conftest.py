"""A network that trains in a second, and digits of three kinds that anyone can tell apart."""

import numpy as np
import pytest

from compressors.data import DataSet, Split
from profiler.builder import Builder
from profiler.input_recipe import InputRecipe
from profiler.network import Network

CLASSES = ("top", "middle", "bottom")


def stripes(count: int, seed: int) -> Split:
    """Grey 8×8 images, light at the top, in the middle or at the bottom."""
    labels = np.arange(count) % 3
    images = np.random.default_rng(seed).integers(0, 60, (count, 8, 8, 1), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[label * 3 : label * 3 + 2] += 150
    return Split(images, labels, CLASSES)


@pytest.fixture
def tiny() -> Network:
    """conv (4×1×3×3) → BatchNorm → ReLU → Dropout → fc1 (20×256) → ReLU → fc2 (3×20) → Softmax, random weights."""
    b = Builder("tiny", (1, 8, 8))
    x = b.relu("relu", b.batch_norm("bn", b.conv("conv", b.input, 4, kernel=3, pad=1)))
    x = b.relu("relu1", b.fc("fc1", b.node("Dropout", "drop0", [b.flatten("flatten", x)]), 20))
    x = b.fc("fc2", b.node("Dropout", "drop1", [x]), 3)
    return b.network(b.softmax("prob", x), input_recipe=InputRecipe(colour="grey", classes=CLASSES))


@pytest.fixture
def data() -> DataSet:
    return DataSet(
        "Stripes",
        "stripes",
        CLASSES,
        {"train": stripes(90, 0), "validation": stripes(30, 1), "test": stripes(30, 2)},
    )
