"""The built-in networks, by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, cast

from profiler.errors import BadInput

if TYPE_CHECKING:
    from profiler.network import Network

Shape = tuple[int, int, int]
DIGIT: Shape = (1, 28, 28)
CIFAR: Shape = (3, 32, 32)
IMAGENET: Shape = (3, 224, 224)


@dataclass(frozen=True)
class ZooEntry:
    """A network that comes with the program: where its geometry is from, and whether its weights were learnt.

    `family` is the heading it stands under; `input_shape` is without the batch.
    """

    name: str
    title: str
    source: str
    build: Callable[[], Network]
    input_shape: tuple[int, ...]
    family: str
    trained: bool = False


def _made_by(place: str) -> Callable[[], Network]:
    """`vgg.vgg_16` is `profiler.zoo.vgg.vgg_16`, imported when it is first called: the list itself costs nothing."""

    def make() -> Network:
        module, _, function = place.partition(".")
        return cast("Callable[[], Network]", getattr(import_module(f"{__name__}.{module}"), function))()

    return make


def _family(family: str, *entries: ZooEntry) -> tuple[ZooEntry, ...]:
    return tuple(replace(entry, family=family) for entry in entries)


def _entry(
    name: str, title: str, source: str, place: str, shape: Shape = IMAGENET, *, trained: bool = False
) -> ZooEntry:
    return ZooEntry(name, title, source, _made_by(place), shape, "", trained)


_CHATFIELD = "Chatfield et al. 2014, table 1; released for Caffe"
_SIMONYAN = "Simonyan and Zisserman 2015, table 1; released for Caffe"
_IMAGENET = "He et al. 2016, table 1; torchvision "
_CIFAR = "He et al. 2016, section 4.2; Y. Idelbayev’s pytorch_resnet_cifar10"
_ROMERO = "Romero et al. 2015, table 7"

# fmt: off
_ENTRIES = (
    *_family(
        "LeNet and small",
        _entry("LeNet-5", "LeNet-5, as in Caffe",
               "LeCun et al. 1998; Caffe examples/mnist/lenet.prototxt", "lenet.lenet_5", DIGIT),
        _entry("LeNet-5-digits", "LeNet-5, trained on handwritten digits",
               "LeCun et al. 1998; trained on the bundled digits", "lenet.lenet_5_digits", DIGIT, trained=True),
        _entry("ResNet-8", "A small ResNet for 28 × 28 images",
               "after He et al. 2016, section 4.2", "resnet.resnet_8", DIGIT),
    ),
    *_family(
        "AlexNet and VGG",
        _entry("AlexNet", "AlexNet, as in Caffe",
               "Krizhevsky et al. 2012; Caffe models/bvlc_alexnet", "alexnet.alexnet", (3, 227, 227)),
        _entry("AlexNet-torchvision", "AlexNet, as in torchvision",
               "Krizhevsky 2014; torchvision alexnet", "alexnet.alexnet_torchvision"),
        _entry("VGG-F", "VGG-F, the fast one", _CHATFIELD, "vgg.vgg_f"),
        _entry("VGG-M", "VGG-M, the medium one", _CHATFIELD, "vgg.vgg_m"),
        _entry("VGG-S", "VGG-S, the slow one", _CHATFIELD, "vgg.vgg_s"),
        _entry("VGG-16", "VGG-16 (configuration D)", _SIMONYAN, "vgg.vgg_16"),
        _entry("VGG-19", "VGG-19 (configuration E)", _SIMONYAN, "vgg.vgg_19"),
    ),
    *_family(
        "GoogLeNet and Network in Network",
        _entry("GoogLeNet", "GoogLeNet, without its auxiliary classifiers",
               "Szegedy et al. 2015, table 1; Caffe models/bvlc_googlenet", "googlenet.googlenet"),
        _entry("NIN", "Network in Network, for CIFAR-10",
               "Lin et al. 2014; released for Caffe", "network_in_network.network_in_network", CIFAR),
    ),
    *_family(
        "ResNet",
        _entry("ResNet-18", "ResNet-18, for ImageNet", _IMAGENET + "resnet18", "resnet.resnet_18"),
        _entry("ResNet-50", "ResNet-50, for ImageNet", _IMAGENET + "resnet50", "resnet.resnet_50"),
        _entry("ResNet-20", "ResNet-20, for CIFAR-10", _CIFAR, "resnet.resnet_20", CIFAR),
        _entry("ResNet-32", "ResNet-32, for CIFAR-10", _CIFAR, "resnet.resnet_32", CIFAR),
        _entry("ResNet-56", "ResNet-56, for CIFAR-10", _CIFAR, "resnet.resnet_56", CIFAR),
    ),
    *_family(
        "For small devices",
        _entry("SqueezeNet-1.0", "SqueezeNet, as in its paper",
               "Iandola et al. 2016, table 1; torchvision squeezenet1_0", "squeezenet.squeezenet_1_0"),
        _entry("SqueezeNet-1.1", "SqueezeNet, 2.4 times fewer operations",
               "Iandola et al. 2016, later release; torchvision squeezenet1_1", "squeezenet.squeezenet_1_1"),
        _entry("MobileNet-v1", "MobileNet of separable convolutions",
               "Howard et al. 2017, table 1; Keras MobileNet", "mobilenet.mobilenet_v1"),
        _entry("MobileNet-v2", "MobileNet of inverted residuals",
               "Sandler et al. 2018, table 2; torchvision mobilenet_v2", "mobilenet.mobilenet_v2"),
        _entry("MobileNet-v3-large", "MobileNet with squeeze-and-excitation, large",
               "Howard et al. 2019, table 1; torchvision mobilenet_v3_large", "mobilenet.mobilenet_v3_large"),
        _entry("MobileNet-v3-small", "MobileNet with squeeze-and-excitation, small",
               "Howard et al. 2019, table 2; torchvision mobilenet_v3_small", "mobilenet.mobilenet_v3_small"),
        _entry("EfficientNet-Lite0", "EfficientNet for phones: ReLU6, no excitation",
               "Google 2020, after Tan and Le 2019; timm tf_efficientnet_lite0", "efficientnet.efficientnet_lite0"),
    ),
    *_family(
        "FitNets",
        _entry("FitNets-teacher", "The FitNets teacher, 5 layers of maxout",
               "Goodfellow et al. 2013; Romero et al. 2015, appendix A.1", "fitnets.fitnets_teacher", CIFAR),
        _entry("FitNet-1", "FitNet 1, 11 thin layers", _ROMERO, "fitnets.fitnet_1", CIFAR),
        _entry("FitNet-2", "FitNet 2, 11 thin layers", _ROMERO, "fitnets.fitnet_2", CIFAR),
        _entry("FitNet-3", "FitNet 3, 13 thin layers", _ROMERO, "fitnets.fitnet_3", CIFAR),
        _entry("FitNet-4", "FitNet 4, 19 thin layers", _ROMERO, "fitnets.fitnet_4", CIFAR),
    ),
)
# fmt: on

ZOO: Mapping[str, ZooEntry] = {entry.name: entry for entry in _ENTRIES}


def entry(name: str) -> ZooEntry:
    """The entry of this name, whatever its case, spaces and hyphens. Raises BadInput listing the names."""
    by_key = {_key(known): known for known in ZOO}
    if _key(name) in by_key:
        return ZOO[by_key[_key(name)]]
    near = get_close_matches(_key(name), by_key, n=1)
    hint = f"Did you mean {by_key[near[0]]}? " if near else ""
    raise BadInput(f"There is no built-in network “{name}”.", fix=f"{hint}There are: {', '.join(ZOO)}.")


def _key(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name.lower())


def build(name: str) -> Network:
    """Make a built-in network. Raises BadInput on a name that does not exist."""
    return entry(name).build()
