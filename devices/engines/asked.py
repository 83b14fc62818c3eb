"""What a request tells the agent of a network that the engine there does not find out by itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from profiler.formats.onnx import read_onnx
from profiler.shapes import dims, real_inputs

READS_BY_ITSELF = "onnxruntime"  # and says what is wrong with the file in its own words
TYPES = {"FLOAT": "float", "DOUBLE": "double"}  # the others are called as ONNX calls them


def inputs_of(paths: Sequence[Path], engine: str) -> dict[str, Any]:
    """{"inputs": of each network its inputs as [name, sizes, type]}, or {} where the engine reads them itself.

    A size is a number, or a name where the file leaves it open; types are spelled as onnxruntime does. Raises BadInput
    for a file that is no network.
    """
    if engine.startswith(READS_BY_ITSELF):
        return {}
    return {"inputs": [_inputs(path) for path in paths]}


def _inputs(path: Path) -> list[list[Any]]:
    found: list[list[Any]] = []
    for value in real_inputs(read_onnx(path).model):
        kind = "FLOAT" if value.dtype is None else value.dtype.name
        found.append([value.name, list(dims(value.shape)), f"tensor({TYPES.get(kind, kind.lower())})"])
    return found
