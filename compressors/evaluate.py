"""Accuracy of an ONNX file: what ONNX Runtime says of the images, not what a module in memory would."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportMissingTypeStubs=false
# onnxruntime is hardly typed; what comes out of it is checked by the tests.

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from compressors.data.data_set import Split
from compressors.data.prepare import output_labels, prepare
from profiler.errors import BadInput, Failed
from profiler.input_recipe import InputRecipe
from profiler.progress import Job, Progress

VALUES_AT_ONCE = 200_000
"""Input values in one batch: some 250 digits, or one photograph, so that progress and cancelling stay prompt."""

TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}


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
    file = _File(path, threads)
    shape, used = file.shape, recipe or _plain_recipe(file.shape)
    size, labels = file.batch(batch), np.empty(0)
    right, among = np.zeros(len(split), bool), np.zeros(len(split), bool)
    outputs = 0
    for start in range(0, len(split), size):
        part = slice(start, min(start + size, len(split)))
        scores = file.run(prepare(split.images[part], used, shape), size)
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


def _plain_recipe(shape: tuple[Any, ...]) -> InputRecipe:
    last = len(shape) == 4 and shape[3] in (1, 3) and shape[1] not in (1, 3)
    channels = shape[3 if last else 1] if len(shape) == 4 else 1
    return InputRecipe(colour="grey" if channels == 1 else "rgb", layout="NHWC" if last else "NCHW")


class _File:
    """An ONNX file in ONNX Runtime, with one image input."""

    def __init__(self, path: Path, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        try:
            self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its errors share no base class but Exception
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise BadInput(f"ONNX Runtime can’t load “{path.name}”.", f"It says: {reason[0]}") from error
        inputs = self.session.get_inputs()
        if len(inputs) != 1 or inputs[0].type not in TYPES:
            kinds = ", ".join(f"{one.name}: {one.type}" for one in inputs)
            raise BadInput(
                f"“{path.name}” does not take one image.", f"Its inputs are {kinds}.", "Choose an image classifier."
            )
        self.path, self.input = path, inputs[0].name
        self.output = self.session.get_outputs()[0].name
        self.shape: tuple[Any, ...] = tuple(inputs[0].shape)
        self.type = TYPES[inputs[0].type]

    def batch(self, asked: int | None) -> int:
        """The graph's own batch where it is fixed."""
        if isinstance(self.shape[0], int):
            return self.shape[0]
        if asked is not None:
            return asked
        values = math.prod(size for size in self.shape[1:] if isinstance(size, int))
        return max(1, min(256, VALUES_AT_ONCE // max(values, 1)))

    def run(self, images: np.ndarray, size: int) -> np.ndarray:
        """Scores, N×outputs, of at most `size` images; a fixed batch is filled up by repeating the last."""
        fed = images.astype(self.type, copy=False)
        if isinstance(self.shape[0], int) and len(fed) < size:
            fed = np.concatenate([fed, np.repeat(fed[-1:], size - len(fed), axis=0)])
        try:
            first = self.session.run([self.output], {self.input: fed})[0]
        except Exception as error:
            raise Failed(
                f"ONNX Runtime can’t run “{self.path.name}”.", "See the details for its reason.", str(error)
            ) from error
        scores = np.asarray(first, np.float32)
        if scores.ndim < 2 or len(scores) != len(fed):
            raise BadInput(f"“{self.path.name}” gives no scores for each image.", fix="Choose an image classifier.")
        return scores.reshape(len(fed), -1)[: len(images)]
