"""Weights that stay in their file until they are looked at."""

from __future__ import annotations

import mmap
import os
import sys
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx_ir as ir

from profiler.errors import BadInput

LITTLE = sys.byteorder == "little"


class MappedFile:
    """A file in the address space, read-only. Raises OSError when it cannot be opened or is empty.

    Touching a map whose file was shortened ends the process (SIGBUS), so size and time are compared first, on the
    open file: one that was replaced by renaming leaves this one as it was.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("rb")
        self._seen = self._stamp()
        self.data = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)

    def __len__(self) -> int:
        return len(self.data)

    def _stamp(self) -> tuple[int, int]:
        status = os.fstat(self._file.fileno())
        return status.st_size, status.st_mtime_ns

    def check(self) -> None:
        """Raises BadInput when the file was written to since it was opened."""
        if self._stamp() != self._seen:
            raise BadInput(
                f"“{self.path.name}” was changed by another program while it was open.",
                f"It lies in {self.path.parent}.",
                "Open it again.",
            )

    def array(self, offset: int, dtype: np.dtype[Any], shape: tuple[int, ...]) -> np.ndarray:
        """A view of little-endian values at `offset`; nothing is read yet. It may lie unaligned in memory."""
        count = prod(shape)
        if count == 0:
            return np.empty(shape, dtype)
        return np.frombuffer(self.data, dtype if LITTLE else dtype.newbyteorder("<"), count, offset).reshape(shape)


class MappedValues(NamedTuple):
    """Values in a mapped file: each time they are asked for, the file is checked and a view of it made."""

    file: MappedFile
    offset: int
    dtype: ir.DataType
    shape: ir.Shape

    def __array__(self, dtype: Any = None) -> np.ndarray:
        self.file.check()
        view = self.file.array(self.offset, np.dtype(self.dtype.numpy()), tuple(self.shape.numpy()))
        return np.asarray(view, dtype)


class MappedTensor(ir.Tensor[MappedValues]):
    """A tensor in a mapped file, which is left alone until its values are asked for."""

    def __init__(
        self,
        file: MappedFile,
        offset: int,
        dtype: ir.DataType,
        shape: ir.Shape,
        name: str,
        doc_string: str | None = None,
    ) -> None:
        values = MappedValues(file, offset, dtype, shape)
        super().__init__(values, dtype=dtype, shape=shape, name=name, doc_string=doc_string)


class MappedPacked(ir.PackedTensor[np.ndarray]):
    """The same for values of less than a byte, which share bytes; `numpy` unpacks them."""

    def __init__(
        self,
        file: MappedFile,
        offset: int,
        length: int,
        dtype: ir.DataType,
        shape: ir.Shape,
        name: str,
        doc_string: str | None = None,
    ) -> None:
        view = file.array(offset, np.dtype(np.uint8), (length,))
        super().__init__(view, dtype, shape=shape, name=name, doc_string=doc_string)
        self._mapped = file

    def numpy_packed(self) -> Any:
        """The bytes they share; every other way to the values goes through here."""
        self._mapped.check()
        return super().numpy_packed()
