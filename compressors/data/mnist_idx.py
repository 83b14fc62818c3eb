"""MNIST's own format, IDX: `train-images-idx3-ubyte` and its three companions, gzipped or not.

A file is two zero bytes, the type (8: unsigned byte), the number of dimensions, each dimension as a big-endian
32-bit number, then the values (http://yann.lecun.com/exdb/mnist, "the IDX file format").
"""

import gzip
import math
import struct
import zlib
from io import BufferedIOBase
from pathlib import Path

import numpy as np

from compressors.data.checks import check_pairs, checked_labels, number_classes, shape_text
from compressors.data.data_set import DataSet, Split, hold_out
from profiler.errors import BadInput

UNSIGNED_BYTE = 8
LARGEST = 4 * 10**9
FIX = "Give MNIST’s four files: train-images, train-labels, t10k-images and t10k-labels, gzipped or not."


def is_mnist_folder(folder: Path) -> bool:
    """Whether a file named like MNIST's training images is in it."""
    return _find(folder, "train-images") is not None


def open_mnist(folder: Path) -> DataSet:
    """Train and test from the files; validation is held out of train. Raises BadInput naming the file at fault."""
    labels = checked_labels(read_idx(_file(folder, "train-labels"), (1,)), "train-labels")
    classes = number_classes(labels, "train-labels")
    train, validation = hold_out(_split(folder, "train", classes))
    splits = {"train": train, "validation": validation, "test": _split(folder, "t10k", classes)}
    return DataSet(folder.name, str(folder), classes, splits)


def _split(folder: Path, prefix: str, classes: tuple[str, ...]) -> Split:
    images = read_idx(_file(folder, f"{prefix}-images"), (3, 4))
    labels = checked_labels(read_idx(_file(folder, f"{prefix}-labels"), (1,)), f"{prefix}-labels", len(classes))
    check_pairs(len(images), len(labels), f"“{prefix}” of “{folder.name}”")
    return Split(images[..., np.newaxis] if images.ndim == 3 else images, labels, classes)


def _find(folder: Path, start: str) -> Path | None:
    return min((path for path in folder.glob(f"{start}*") if path.is_file()), default=None)


def _file(folder: Path, start: str) -> Path:
    found = _find(folder, start)
    if found is None:
        raise BadInput(f"“{folder.name}” has no file {start}-idx….", fix=FIX)
    return found


def read_idx(path: Path, ranks: tuple[int, ...]) -> np.ndarray:
    """The unsigned bytes of one IDX file, of one of these ranks. Raises BadInput when it is anything else."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            shape = _shape(stream, path, ranks)
            # One byte more than announced: a longer file is as wrong as a shorter one.
            values = stream.read(math.prod(shape) + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadInput(f"“{path.name}” is damaged: {error}.", fix="Download it again.") from error
    if len(values) != math.prod(shape):
        raise BadInput(
            f"“{path.name}” announces {shape_text(shape)} values and holds another number.",
            fix="Download it again.",
        )
    return np.frombuffer(values, np.uint8).reshape(shape)


def _shape(stream: BufferedIOBase, path: Path, ranks: tuple[int, ...]) -> tuple[int, ...]:
    head = stream.read(4)
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] != UNSIGNED_BYTE or head[3] not in ranks:
        raise BadInput(
            f"“{path.name}” is not an IDX file of bytes with {' or '.join(map(str, ranks))} dimensions.", fix=FIX
        )
    sizes = stream.read(4 * head[3])
    if len(sizes) < 4 * head[3]:
        raise BadInput(f"“{path.name}” ends inside its header.", fix="Download it again.")
    shape = struct.unpack(f">{head[3]}I", sizes)
    if math.prod(shape) > LARGEST:
        raise BadInput(f"“{path.name}” announces {shape_text(shape)} values, more than 4 GB.", fix=FIX)
    return shape
