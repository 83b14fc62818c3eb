"""The built-in networks, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from profiler.errors import BadInput

if TYPE_CHECKING:
    from profiler.network import Network


@dataclass(frozen=True)
class ZooEntry:
    """A network that comes with the program: where its geometry is from, and whether its weights were learnt."""

    name: str
    title: str
    source: str
    build: Callable[[], Network]
    input_shape: tuple[int, ...]
    trained: bool = False


def _lenet() -> Network:
    from profiler.zoo.lenet import lenet_5

    return lenet_5()


def _lenet_digits() -> Network:
    from profiler.zoo.lenet import lenet_5_digits

    return lenet_5_digits()


def _alexnet() -> Network:
    from profiler.zoo.alexnet import alexnet

    return alexnet()


def _vgg_16() -> Network:
    from profiler.zoo.vgg import vgg_16

    return vgg_16()


def _resnet_8() -> Network:
    from profiler.zoo.resnet import resnet_8

    return resnet_8()


_ENTRIES = (
    ZooEntry(
        "LeNet-5", "LeNet-5, as in Caffe", "LeCun et al. 1998; Caffe examples/mnist/lenet.prototxt", _lenet, (1, 28, 28)
    ),
    ZooEntry(
        "LeNet-5-digits",
        "LeNet-5, trained on handwritten digits",
        "LeCun et al. 1998; trained on the bundled digits",
        _lenet_digits,
        (1, 28, 28),
        trained=True,
    ),
    ZooEntry(
        "AlexNet", "AlexNet, as in Caffe", "Krizhevsky et al. 2012; Caffe models/bvlc_alexnet", _alexnet, (3, 227, 227)
    ),
    ZooEntry("VGG-16", "VGG-16 (configuration D)", "Simonyan and Zisserman 2015", _vgg_16, (3, 224, 224)),
    ZooEntry(
        "ResNet-8", "A small ResNet for 28 × 28 images", "after He et al. 2016, section 4.2", _resnet_8, (1, 28, 28)
    ),
)

ZOO: Mapping[str, ZooEntry] = {entry.name: entry for entry in _ENTRIES}


def entry(name: str) -> ZooEntry:
    """The entry of this name, in whatever case. Raises BadInput listing the names."""
    by_lower = {known.lower(): known for known in ZOO}
    if name.lower() in by_lower:
        return ZOO[by_lower[name.lower()]]
    near = get_close_matches(name.lower(), by_lower, n=1)
    hint = f"Did you mean {by_lower[near[0]]}? " if near else ""
    raise BadInput(f"There is no built-in network “{name}”.", fix=f"{hint}There are: {', '.join(ZOO)}.")


def build(name: str) -> Network:
    """Make a built-in network. Raises BadInput on a name that does not exist."""
    return entry(name).build()
