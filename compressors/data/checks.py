"""Checks that every reader of a data set makes on its labels and shapes."""

import numpy as np

from profiler.errors import BadInput


def checked_labels(labels: np.ndarray, where: str, classes: int | None = None) -> np.ndarray:
    """Labels as int64, one for an image. Raises BadInput unless they are whole numbers from 0 to `classes` − 1."""
    flat = labels.reshape(-1) if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if flat.ndim != 1 or flat.dtype.kind not in "iu":
        raise BadInput(
            f"The labels in {where} are {labels.dtype} of shape {shape_text(labels.shape)}.",
            fix="Give one whole number for each image.",
        )
    if len(flat) and (flat.min() < 0 or (classes is not None and flat.max() >= classes)):
        top = "" if classes is None else f" to {classes - 1}"
        raise BadInput(
            f"The labels in {where} go from {flat.min()} to {flat.max()}.",
            fix=f"Number the classes from 0{top}, as in the training labels.",
        )
    return flat.astype(np.int64)


def number_classes(train_labels: np.ndarray, where: str) -> tuple[str, ...]:
    """Class names "0", "1", … up to the largest training label. Raises BadInput when there is only one class."""
    count = int(train_labels.max()) + 1 if len(train_labels) else 0
    if len(np.unique(train_labels)) < 2:
        raise BadInput(f"{where} holds fewer than two classes.", fix="Give images of at least two classes.")
    if count > len(train_labels):
        raise BadInput(
            f"The labels in {where} go up to {count - 1}, but there are only {len(train_labels)} images.",
            fix="Number the classes from 0 without gaps.",
        )
    return tuple(str(number) for number in range(count))


def check_pairs(images: int, labels: int, where: str) -> None:
    """Raises BadInput unless there are as many labels as images, and some."""
    if images != labels or images == 0:
        raise BadInput(f"{where} holds {images} images and {labels} labels.", fix="Give one label per image.")


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as people write it: 28×28."""
    return "×".join(str(size) for size in shape) or "one number"
