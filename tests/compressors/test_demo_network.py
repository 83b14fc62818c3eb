"""The demo network that is shipped: what it reaches, and how it is made."""

import numpy as np
import onnx

import assets
from compressors.data import open_data
from compressors.evaluate import evaluate
from compressors.train import Training
from compressors.train_demo import FILE, train_demo
from profiler.formats import read
from profiler.progress import drain
from profiler.zoo import build


def test_the_shipped_file_reads_98_of_100_test_digits():
    network = read(assets.path(FILE))
    result = drain(evaluate(assets.path(FILE), network.input_recipe, open_data("digits").split("test")))
    assert result.samples == 2000
    assert result.accuracy >= 0.98


def test_the_shipped_file_is_the_zoos_lenet_5_with_its_recipe():
    model = onnx.load(assets.path(FILE))
    onnx.checker.check_model(model, full_check=True)
    shipped, plain = read(assets.path(FILE)), build("LeNet-5")
    assert dict(shipped.weights()) == dict(plain.weights())
    assert [node.name for node in shipped.model.graph] == [node.name for node in plain.model.graph]
    assert shipped.input_recipe.colour == "grey"
    assert shipped.input_recipe.classes == tuple("0123456789")
    assert assets.path(FILE).stat().st_size < 1_800_000


def test_the_script_learns_and_repeats_itself():
    """One epoch without augmentation on a part of the digits."""
    data = open_data("digits")
    part = {
        "train": data.split("train").take(slice(0, 600)),
        "validation": data.split("validation").take(slice(0, 100)),
    }
    small = type(data)(data.title, data.spec, data.classes, part)  # without a test split: it is not needed
    plain, quick = build("LeNet-5"), Training(epochs=1, batch=20)
    first, second = (train_demo(plain, small, quick) for _ in range(2))
    assert first.digest == second.digest
    assert not np.array_equal(first.weight("conv1.weight"), plain.weight("conv1.weight"))
