"""Trains the demo network, LeNet-5 on the bundled digits: `python -m compressors.train_demo`.

It learns from the training split alone; the epoch that is kept is the best on the validation split; the test
split is looked at once, at the end. One thread and a fixed seed: the same machine makes the same file again.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportUnknownParameterType=false
# torch is only partly typed; what comes out of it is checked by the tests.

import argparse
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

import assets
from compressors.data import open_data
from compressors.data.data_set import DataSet
from compressors.data.prepare import Inputs, output_labels, to_tensor
from compressors.evaluate import evaluate
from compressors.lift import lift
from compressors.lower import lower
from compressors.train import Training, train
from profiler.input_recipe import InputRecipe
from profiler.network import Network, save
from profiler.progress import Progress, drain
from profiler.zoo import build

FILE = "networks/LeNet-5-digits.onnx"
SEED = 5
TRAINING = Training(
    epochs=40, learning_rate=0.01, weight_decay=0.0005, batch=32, warmup=1, shift=2, rotate=12, scale=0.15
)

log = logging.getLogger(__name__)


class Best:
    """Keeps a module's weights from the epoch with the best accuracy on held-out images; a later tie wins."""

    def __init__(self, images: Inputs, labels: torch.Tensor) -> None:
        self.images, self.labels = torch.from_numpy(images[:]), labels
        self.accuracy = -1.0
        self.state: Mapping[str, Any] = {}

    def __call__(self, module: nn.Module) -> float:
        with torch.no_grad():
            right = module(self.images).argmax(1) == self.labels
        accuracy = float(right.float().mean())
        if accuracy >= self.accuracy:
            self.accuracy = accuracy
            self.state = {name: tensor.clone() for name, tensor in module.state_dict().items()}
        return accuracy


def train_demo(network: Network, data: DataSet, training: Training = TRAINING, seed: int = SEED) -> Network:
    """The network after training, with the weights of its best epoch on the validation split."""
    recipe = network.input_recipe or InputRecipe(colour="grey")
    shape = next(iter(network.inputs.values()))
    learn, check = data.split("train"), data.split("validation")
    module = lift(network)
    best = Best(to_tensor(check, recipe, shape), torch.from_numpy(output_labels(check, recipe, 10)))
    images, labels = to_tensor(learn, recipe, shape), output_labels(learn, recipe, 10)
    drain(train(module, images, labels, training, seed=seed, validate=best, threads=1), _tell)
    module.load_state_dict(dict(best.state))
    return lower(module, network)


def _tell(step: Progress) -> None:
    if "validation" in step.figures:
        log.info("%s: %s", step.text, dict(step.figures))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=assets.path(FILE))
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    network, data = build("LeNet-5"), open_data("digits")
    save(train_demo(network, data), asked.out)
    result = drain(evaluate(asked.out, network.input_recipe, data.split("test")))
    log.info("%s: %d of %d test digits right", asked.out, result.correct, result.samples)


if __name__ == "__main__":
    main()
