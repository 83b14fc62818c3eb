"""An ONNX file in ONNX Runtime on the processor, as accuracy and activity are measured with it."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportMissingTypeStubs=false
# onnxruntime is hardly typed; what comes out of it is checked by the tests.

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from profiler.errors import BadInput, Failed
from profiler.input_recipe import InputRecipe

VALUES_AT_ONCE = 200_000
"""Input values in one batch: some 250 digits, or one photograph, so that progress and cancelling stay prompt."""

TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}


def plain_recipe(shape: tuple[Any, ...]) -> InputRecipe:
    """How an image becomes an input of this shape when nothing says it: grey or RGB by the channels, 0 to 1."""
    last = len(shape) == 4 and shape[3] in (1, 3) and shape[1] not in (1, 3)
    channels = shape[3 if last else 1] if len(shape) == 4 else 1
    return InputRecipe(colour="grey" if channels == 1 else "rgb", layout="NHWC" if last else "NCHW")


class OnnxFile:
    """An ONNX file in ONNX Runtime, with one image input."""

    def __init__(self, path: Path, threads: int, title: str = "") -> None:
        """Load it; `title` is what messages call it, where its path says nothing. Raises BadInput when that fails."""
        import onnxruntime

        self.title = title or path.name
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        try:
            self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its errors share no base class but Exception
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise BadInput(f"ONNX Runtime can’t load “{self.title}”.", f"It says: {reason[0]}") from error
        inputs = self.session.get_inputs()
        if len(inputs) != 1 or inputs[0].type not in TYPES:
            kinds = ", ".join(f"{one.name}: {one.type}" for one in inputs)
            raise BadInput(
                f"“{self.title}” does not take one image.", f"Its inputs are {kinds}.", "Choose an image classifier."
            )
        self.input: str = inputs[0].name
        self.outputs: list[str] = [output.name for output in self.session.get_outputs()]
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

    def run(self, names: Sequence[str], images: np.ndarray, size: int) -> list[Any]:
        """These values, for at most `size` images; a fixed batch is filled up by repeating the last."""
        fed = images.astype(self.type, copy=False)
        if isinstance(self.shape[0], int) and len(fed) < size:
            fed = np.concatenate([fed, np.repeat(fed[-1:], size - len(fed), axis=0)])
        try:
            return list(self.session.run(list(names), {self.input: fed}))
        except Exception as error:
            raise Failed(
                f"ONNX Runtime can’t run “{self.title}”.", "See the details for its reason.", str(error)
            ) from error

    def scores(self, images: np.ndarray, size: int) -> np.ndarray:
        """The first output, N×outputs, of at most `size` images."""
        scores = np.asarray(self.run(self.outputs[:1], images, size)[0], np.float32)
        if scores.ndim < 2 or len(scores) != (size if isinstance(self.shape[0], int) else len(images)):
            raise BadInput(f"“{self.title}” gives no scores for each image.", fix="Choose an image classifier.")
        return scores.reshape(len(scores), -1)[: len(images)]
