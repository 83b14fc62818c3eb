"""LeNet-5 as Caffe's MNIST example has it: max pooling, one ReLU, 431,080 parameters."""

from importlib.resources import as_file, files

from profiler.builder import Builder
from profiler.errors import Failed
from profiler.input_recipe import InputRecipe
from profiler.network import Network

DIGITS = InputRecipe(colour="grey", scale=1 / 255, classes=tuple("0123456789"), source="zoo")


def lenet_5() -> Network:
    """LeNet-5 for grey 28 × 28 digits, with random weights."""
    b = Builder("LeNet-5", (1, 28, 28))
    x = b.max_pool("pool1", b.conv("conv1", b.input, 20, kernel=5), kernel=2, stride=2)
    x = b.max_pool("pool2", b.conv("conv2", x, 50, kernel=5), kernel=2, stride=2)
    x = b.relu("relu1", b.fc("fc1", b.flatten("flatten", x), 500))
    return b.network(b.softmax("prob", b.fc("fc2", x, 10)), input_recipe=DIGITS)


def lenet_5_digits() -> Network:
    """LeNet-5 as it was trained on the bundled digits. Raises Failed when its file is missing from the installation."""
    from profiler.formats.onnx import read_onnx

    asset = files("assets") / "networks" / "LeNet-5-digits.onnx"
    if not asset.is_file():
        raise Failed("The demo network is missing.", "Install NetBonsai again.", f"{asset} is not there.")
    with as_file(asset) as path:
        network = read_onnx(path)
    return Network(network.model, name="LeNet-5-digits", input_recipe=network.input_recipe or DIGITS, file=network.file)
