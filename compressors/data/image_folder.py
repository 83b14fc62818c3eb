"""Image files in class folders, in a folder or in a zip, decoded when they are asked for.

    flowers/daisy/1.jpg              split 70 : 10 : 20 by a fixed seed, class by class
    flowers/train/daisy/1.jpg        or as the folders train, validation (or val) and test say

Classes are the folders' names, sorted, unless `labels.txt` beside them lists the names in the outputs' order.
Zips are never unpacked: a name that climbs out of the archive reaches nothing.
"""

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Protocol

import numpy as np
from PIL import Image, UnidentifiedImageError

from compressors.data.data_set import SPLIT_SEED, DataSet, Pixels, Split, hold_out
from profiler.errors import BadInput

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}
SPLITS: Mapping[str, str] = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}
LABELS = "labels.txt"
LARGEST_FILE = 200 * 10**6
FIX = "Give one folder of images per class, for example flowers/daisy/1.jpg; or train/, val/ and test/ of those."


class Files(Protocol):
    """Files by their relative names, with `/`."""

    title: str
    names: Sequence[str]

    def read(self, name: str) -> bytes: ...


class FolderFiles:
    """The files of a folder; hidden ones are left out."""

    def __init__(self, folder: Path) -> None:
        self.title, self.folder = folder.resolve().name, folder
        paths = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        self.names: Sequence[str] = sorted(name for name in paths if not _hidden(name))

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()


class ZipFiles:
    """The files of a zip, read in place. A single folder around everything is left out of the names."""

    def __init__(self, path: Path) -> None:
        self.title, self.path = path.stem, path
        try:
            self._archive = zipfile.ZipFile(path)
        except zipfile.BadZipFile as error:
            raise BadInput(f"“{path.name}” is not a zip file.", fix="Download or pack it again.") from error
        entries = [entry for entry in self._archive.infolist() if not entry.is_dir()]
        inside = [entry.filename for entry in entries if not _hidden(entry.filename)]
        tops = {name.partition("/")[0] for name in inside}
        self._around = tops.pop() + "/" if len(tops) == 1 and not tops & SPLITS.keys() else ""
        self.names: Sequence[str] = sorted(name.removeprefix(self._around) for name in inside)

    def read(self, name: str) -> bytes:
        entry = self._archive.getinfo(self._around + name)
        if entry.file_size > LARGEST_FILE:
            raise BadInput(f"“{name}” in “{self.path.name}” unpacks to {entry.file_size / 1e6:.0f} MB.", fix=FIX)
        try:
            return self._archive.read(entry)
        except (zipfile.BadZipFile, zlib.error, RuntimeError) as error:
            raise BadInput(f"“{name}” in “{self.path.name}” is damaged: {error}.", fix="Pack it again.") from error


def _hidden(name: str) -> bool:
    """Dot files, what macOS adds to zips, and names that are absolute or climb."""
    parts = PurePosixPath(name).parts
    return any(part.startswith((".", "/")) or part == "__MACOSX" for part in parts)


@dataclass(frozen=True, eq=False)
class FileImages:
    """Images decoded from files: grey ones as H×W×1, all others as H×W×3 RGB."""

    files: Files
    names: np.ndarray

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, which: slice | np.ndarray) -> Pixels:
        decoded = [decode(self.files, str(name)) for name in self.names[which]]
        same = len({image.shape for image in decoded}) == 1
        return np.stack(decoded) if same else decoded


def decode(files: Files, name: str) -> np.ndarray:
    """One image, H×W×1 or H×W×3, 8 bits. Raises BadInput naming a file that can't be decoded."""
    try:
        with Image.open(BytesIO(files.read(name))) as image:
            return _pixels(image)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadInput(
            f"“{name}” in “{files.title}” can’t be read as an image.", f"{error}.", "Replace or remove it."
        ) from error


def _pixels(image: Image.Image) -> np.ndarray:
    if image.mode.startswith("I;16"):
        return (np.asarray(image) >> 8).astype(np.uint8)[..., np.newaxis]
    if image.mode in ("L", "1"):
        return np.asarray(image.convert("L"))[..., np.newaxis]
    return np.asarray(image.convert("RGB"))


def open_image_folder(folder: Path) -> DataSet:
    """A folder of class folders, or of train/, validation/ and test/ with class folders. Raises BadInput."""
    return _open(FolderFiles(folder), str(folder))


def open_image_zip(path: Path) -> DataSet:
    """A zip of such a folder, read in place. Raises BadInput."""
    return _open(ZipFiles(path), str(path))


def _open(files: Files, spec: str) -> DataSet:
    images = [name for name in files.names if PurePosixPath(name).suffix.lower() in SUFFIXES]
    if not images:
        raise BadInput(f"“{files.title}” holds no images.", fix=FIX)
    parts = [PurePosixPath(name).parts for name in images]
    divided = all(part[0] in SPLITS and len(part) > 2 for part in parts)
    loose = next((name for name, part in zip(images, parts, strict=True) if len(part) < 2), None)
    if loose is not None:
        raise BadInput(f"“{loose}” in “{files.title}” lies in no class folder.", fix=FIX)
    depth = 1 if divided else 0
    classes = _classes(files, {part[depth] for part in parts})
    names = np.asarray(images)
    number = {name: place for place, name in enumerate(classes)}
    labels = np.asarray([number[part[depth]] for part in parts], np.int64)
    if not divided:
        return DataSet(files.title, spec, classes, _divide(Split(FileImages(files, names), labels, classes)))
    of_split = np.asarray([SPLITS[part[0]] for part in parts])
    found = {
        name: Split(FileImages(files, names[of_split == name]), labels[of_split == name], classes)
        for name in ("train", "validation", "test")
        if (of_split == name).any()
    }
    return DataSet(files.title, spec, classes, _completed(found))


def _classes(files: Files, folders: set[str]) -> tuple[str, ...]:
    """The classes in the outputs' order. A labels file may name more classes than there are folders."""
    if len(folders) < 2:
        raise BadInput(f"“{files.title}” holds one class, “{min(folders)}”.", fix=FIX)
    if LABELS not in files.names:
        return tuple(sorted(folders))
    text = files.read(LABELS).decode("utf-8-sig", errors="replace")
    listed = [line.strip() for line in text.splitlines() if line.strip()]
    unlisted = sorted(folders - set(listed))
    if unlisted or len(set(listed)) != len(listed):
        fault = f"has no line “{unlisted[0]}”" if unlisted else "names a class twice"
        raise BadInput(f"{LABELS} of “{files.title}” {fault}.", fix="Write each class folder’s name on its own line.")
    return tuple(listed)


def _divide(everything: Split) -> dict[str, Split]:
    """70 : 10 : 20 of every class, by a shuffle whose seed never changes."""
    shuffle = np.random.default_rng(SPLIT_SEED)
    chosen: dict[str, list[np.ndarray]] = {"train": [], "validation": [], "test": []}
    for label in np.unique(everything.labels):
        order = shuffle.permutation(np.flatnonzero(everything.labels == label))
        cuts = np.rint(np.array([0.7, 0.8]) * len(order)).astype(int)
        for part, index in zip(chosen.values(), np.split(order, cuts), strict=True):
            part.append(index)
    splits = {name: everything.take(np.sort(np.concatenate(index))) for name, index in chosen.items()}
    for name, split in splits.items():
        if len(split) == 0:
            raise BadInput(
                f"{len(everything)} images are too few to set some apart for {name}.",
                fix="Give at least ten images of each class, or folders train/, val/ and test/.",
            )
    return splits


def _completed(found: dict[str, Split]) -> dict[str, Split]:
    """Validation is held out of train where no folder holds it. Where only test/ is missing, validation is the test."""
    if "train" not in found:
        return found
    if "test" not in found and "validation" in found:
        found = {"train": found["train"], "test": found["validation"]}
    if "validation" not in found:
        train, validation = hold_out(found["train"])
        found = {**found, "train": train, "validation": validation}
    return {name: found[name] for name in ("train", "validation", "test") if name in found}
