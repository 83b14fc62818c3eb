"""What a request tells the agent of a network that the engine there does not find out by itself."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from devices.engines.prototxt import prototxt
from profiler.formats.onnx import read_onnx
from profiler.shapes import dims, real_inputs

FIND_OUT = ("onnxruntime", "caffe")  # what the inputs are, from the file
TYPES = {"FLOAT": "float", "DOUBLE": "double"}  # the others are called as ONNX calls them


@contextmanager
def files_for(paths: Sequence[Path], engine: str) -> Generator[list[Path]]:
    """The networks as files that the engine reads: Caffe gets its own kind, for as long as this lasts.

    Raises BadInput where Caffe has no such layers.
    """
    if not engine.startswith("caffe"):
        yield list(paths)
        return
    with TemporaryDirectory(prefix="netbonsai-") as folder:
        files: list[Path] = []
        for number, path in enumerate(paths):
            files.append(Path(folder, f"network-{number}.prototxt"))
            files[-1].write_text(prototxt(path), encoding="utf-8")
        yield files


def inputs_of(paths: Sequence[Path], engine: str) -> dict[str, Any]:
    """{"inputs": of each network its inputs as [name, sizes, type]}, or {} where the engine reads them itself.

    A size is a number, or a name where the file leaves it open; types are spelled as onnxruntime does. Raises BadInput
    for a file that is no network.
    """
    if engine.startswith(FIND_OUT):
        return {}
    return {"inputs": [_inputs(path) for path in paths]}


def _inputs(path: Path) -> list[list[Any]]:
    found: list[list[Any]] = []
    for value in real_inputs(read_onnx(path).model):
        kind = "FLOAT" if value.dtype is None else value.dtype.name
        found.append([value.name, list(dims(value.shape)), f"tensor({TYPES.get(kind, kind.lower())})"])
    return found
