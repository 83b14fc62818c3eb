"""Data sets in one .npz: x_train, y_train, x_test, y_test, as Keras spreads MNIST and CIFAR."""

import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

import numpy as np

from compressors.data.checks import check_pairs, checked_labels, number_classes, shape_text
from compressors.data.data_set import DataSet, Split, hold_out
from profiler.errors import BadInput

NEEDED = ("x_train", "y_train", "x_test", "y_test")
FIX = "Write it with numpy.savez_compressed: 8-bit images N×H×W or N×H×W×C, whole numbers as labels."
_CORRUPT = (ValueError, zipfile.BadZipFile, EOFError, KeyError, zlib.error)


@dataclass(frozen=True)
class Header:
    """An array's shape and type, read without the array."""

    shape: tuple[int, ...]
    dtype: np.dtype


@dataclass
class StoredImages:
    """The images of one array in an .npz, loaded when first used."""

    path: Path
    key: str
    shape: tuple[int, ...]

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, which: slice | np.ndarray) -> np.ndarray:
        return self._array[which]

    @cached_property
    def _array(self) -> np.ndarray:
        array = _load(self.path, self.key)
        return array[..., np.newaxis] if array.ndim == 3 else array


def open_npz(path: Path) -> DataSet:
    """A data set from `x_train, y_train, x_test, y_test`, and `x_validation, y_validation` where they are there.

    Without those, validation is held out of the training images. Classes are the numbers 0 to the largest label.
    Raises BadInput naming the array that does not fit. Pickled arrays are never read.
    """
    headers = _headers(path)
    missing = [key for key in NEEDED if key not in headers]
    if missing:
        raise BadInput(f"“{path.name}” has no array {', '.join(missing)}.", _listing(headers), FIX)
    classes = number_classes(
        checked_labels(_load(path, "y_train"), f"y_train of “{path.name}”"), f"y_train of “{path.name}”"
    )
    splits = {"train": _split(path, "train", headers, classes)}
    if "x_validation" in headers and "y_validation" in headers:
        splits["validation"] = _split(path, "validation", headers, classes)
    else:
        splits["train"], splits["validation"] = hold_out(splits["train"])
    splits["test"] = _split(path, "test", headers, classes)
    return DataSet(path.stem, str(path), classes, splits)


def _split(path: Path, name: str, headers: dict[str, Header], classes: tuple[str, ...]) -> Split:
    key, where = f"x_{name}", f"x_{name} of “{path.name}”"
    header = headers[key]
    fits = len(header.shape) == 3 or (len(header.shape) == 4 and header.shape[3] in (1, 3))
    if header.dtype != np.uint8 or not fits or 0 in header.shape[1:]:
        raise BadInput(f"{where} is {header.dtype} of shape {shape_text(header.shape)}.", fix=FIX)
    labels = checked_labels(_load(path, f"y_{name}"), f"y_{name} of “{path.name}”", len(classes))
    check_pairs(header.shape[0], len(labels), f"The {name} part of “{path.name}”")
    return Split(StoredImages(path, key, header.shape), labels, classes)


def _listing(headers: dict[str, Header]) -> str:
    return f"It holds {', '.join(headers) or 'nothing'}."


def _headers(path: Path) -> dict[str, Header]:
    """Every array's header, with its claimed size checked against what the file holds."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename.endswith(".npy")]
            return {entry.filename[:-4]: _header(path, archive, entry) for entry in entries}
    except (zipfile.BadZipFile, EOFError) as error:
        raise BadInput(f"“{path.name}” is not an .npz file: {error}.", fix=FIX) from error


def _header(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Header:
    where = f"{entry.filename[:-4]} of “{path.name}”"
    try:
        with archive.open(entry) as stream:
            shape, dtype = _parse_header(stream)
            start = stream.tell()
    except _CORRUPT as error:
        raise BadInput(f"{where} can’t be read: {error}.", fix=FIX) from error
    if dtype.hasobject:
        raise BadInput(f"{where} is pickled, and pickles are not opened.", fix=FIX)
    if start + dtype.itemsize * int(np.prod(shape, dtype=object)) != entry.file_size:
        raise BadInput(f"{where} says {shape_text(shape)}, which is not what it holds.", fix=FIX)
    return Header(shape, dtype)


def _parse_header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    return shape, dtype


def _load(path: Path, key: str) -> np.ndarray:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return arrays[key]
    except _CORRUPT as error:
        raise BadInput(f"{key} of “{path.name}” can’t be read: {error}.", fix=FIX) from error
