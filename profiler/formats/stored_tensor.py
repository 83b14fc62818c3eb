"""A tensor as a file of weights stores it: where its values lie. Nothing is read before it is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import ml_dtypes
import numpy as np
import onnx_ir as ir

from profiler.mapped import MappedFile, MappedTensor

DTYPES: dict[str, np.dtype[Any]] = {
    "float64": np.dtype(np.float64),
    "float32": np.dtype(np.float32),
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
    "int64": np.dtype(np.int64),
    "int32": np.dtype(np.int32),
    "int16": np.dtype(np.int16),
    "int8": np.dtype(np.int8),
    "uint8": np.dtype(np.uint8),
    "bool": np.dtype(np.bool_),
}
REAL = frozenset(("float64", "float32", "float16", "bfloat16"))
MOST_AXES = 16


class NotThere(ValueError):
    """A tensor claims values that its storage does not have; the text says which, and how many."""


@dataclass(frozen=True)
class StoredTensor:
    """Little-endian values of `dtype` (a key of DTYPES) from byte `offset` of the file; `strides` in values."""

    file: MappedFile
    offset: int
    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def is_real(self) -> bool:
        return self.dtype in REAL

    @property
    def in_order(self) -> bool:
        """Its values lie one behind the other."""
        return self.strides == in_order(self.shape) or prod(self.shape) <= 1

    def numpy(self) -> np.ndarray:
        """A view of the values. Raises BadInput when the file was changed since."""
        self.file.check()
        dtype = DTYPES[self.dtype]
        count = 1 + sum((size - 1) * step for size, step in zip(self.shape, self.strides, strict=True))
        if prod(self.shape) == 0:
            return np.empty(self.shape, dtype)
        values = self.file.array(self.offset, dtype, (count,))
        return np.lib.stride_tricks.as_strided(
            values, self.shape, [step * dtype.itemsize for step in self.strides], writeable=False
        )

    def tensor(self, name: str) -> ir.TensorProtocol:
        """As a float32 weight of a graph: a view of the file, or a copy made when asked for, where its type differs."""
        shape = ir.Shape(self.shape)
        if self.dtype == "float32" and self.in_order:
            return MappedTensor(self.file, self.offset, ir.DataType.FLOAT, shape, name)

        def make() -> ir.TensorProtocol:
            return ir.Tensor(np.ascontiguousarray(self.numpy(), dtype=np.float32), name=name)

        return ir.LazyTensor(make, ir.DataType.FLOAT, shape, name=name)


def in_order(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of values that lie one behind the other."""
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))


def checked(
    file: MappedFile,
    place: tuple[int, int],
    dtype: str,
    first: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
) -> StoredTensor:
    """The tensor whose storage is `place` (offset and bytes) of the file and begins at its value number `first`.

    Raises NotThere unless every value lies in the storage, and there are no more values than the storage has: a step
    of 0 makes a terabyte of four bytes.
    """
    if len(shape) != len(strides) or len(shape) > MOST_AXES or min((*shape, *strides, first), default=0) < 0:
        raise NotThere("has an impossible shape")
    offset, size = place
    item, count = DTYPES[dtype].itemsize, prod(shape)
    last = first + sum((length - 1) * step for length, step in zip(shape, strides, strict=True))
    if count and ((last + 1) * item > size or count * item > size):
        raise NotThere(f"claims {count:,} values, and its storage has {size // item:,}")
    return StoredTensor(file, offset + first * item, dtype, shape, strides)
