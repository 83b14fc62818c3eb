"""Accuracy of an ONNX file: what ONNX Runtime says of the images, not what a module in memory would."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from compressors.data.data_set import Split
from compressors.data.prepare import output_labels, prepare
from compressors.onnx_file import OnnxFile, plain_recipe
from profiler.errors import BadInput
from profiler.input_recipe import InputRecipe
from profiler.progress import Job, Progress


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Shares are 0 to 1. `top5` is None for networks of five outputs or fewer. `right`: for each image, in order."""

    accuracy: float
    top5: float | None
    correct: int
    samples: int
    right: np.ndarray


def evaluate(
    path: Path,
    recipe: InputRecipe | None,
    split: Split,
    *,
    threads: int = 1,
    batch: int | None = None,
) -> Job[Evaluation]:
    """Run the file on every image of the split with ONNX Runtime on the processor.

    `recipe` says how an image becomes the input (None: RGB or grey by the channels, 0 to 1). A batch that the graph
    fixes is kept to; `batch` None chooses one by the input's size. An output that is not a number is wrong.
    Raises BadInput when the file can’t be loaded, or images or classes do not fit it; Failed when it can’t be run.
    """
    if len(split) == 0:
        raise BadInput("There are no images to evaluate on.", fix="Choose another split.")
    yield Progress(0.0, "Loading the network")
    file = OnnxFile(path, threads)
    shape, used = file.shape, recipe or plain_recipe(file.shape)
    size, labels = file.batch(batch), np.empty(0)
    right, among = np.zeros(len(split), bool), np.zeros(len(split), bool)
    outputs = 0
    for start in range(0, len(split), size):
        part = slice(start, min(start + size, len(split)))
        scores = file.scores(prepare(split.images[part], used, shape), size)
        if start == 0:
            outputs = scores.shape[1]
            labels = output_labels(split, used, outputs)
        right[part], among[part] = _hits(scores, labels[part])
        done, correct = part.stop, int(right.sum())
        text = f"Evaluating, {done:,} of {len(split):,} images"
        yield Progress(done / len(split), text, {"accuracy": correct / done})
    return Evaluation(
        accuracy=float(right.mean()),
        top5=float(among.mean()) if outputs > 5 else None,
        correct=int(right.sum()),
        samples=len(split),
        right=right,
    )


def _hits(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether each label has the best score, and whether it is among the best five. Equal scores: the first wins."""
    valid = np.isfinite(scores).all(axis=1)
    first = scores.argmax(axis=1) == labels
    best = np.argsort(-scores, axis=1, kind="stable")[:, :5]
    return first & valid, (best == labels[:, np.newaxis]).any(axis=1) & valid
