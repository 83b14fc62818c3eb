"""A tensor's bits as unsigned words, and back."""

from __future__ import annotations

import math

import numpy as np
import onnx
import onnx_ir as ir


def word_size(dtype: ir.DataType) -> int:
    """Bytes of a word: those of a value, or 1 where values are no whole 1, 2, 4 or 8 bytes (int4, complex128)."""
    return dtype.bitwidth // 8 if dtype.bitwidth in (8, 16, 32, 64) else 1


def word_count(dtype: ir.DataType, shape: tuple[int, ...]) -> int:
    """How many words a tensor has; nothing is allocated."""
    values = math.prod(shape)
    return values if by_value(dtype) else -(-values * dtype.bitwidth // 8)


def by_value(dtype: ir.DataType) -> bool:
    """Whether a word is a value, so that the tensor can be stored sparse."""
    return dtype.bitwidth == 8 * word_size(dtype)


def words_of(tensor: ir.TensorProtocol) -> np.ndarray:
    """All its words in one dimension, little-endian, row-major; a view where that is possible."""
    if not by_value(tensor.dtype):
        return np.frombuffer(tensor.tobytes(), np.uint8)
    values = np.ascontiguousarray(tensor.numpy()).reshape(-1)
    return values.view(f"<u{word_size(tensor.dtype)}")


def tensor_of(words: np.ndarray, dtype: ir.DataType, shape: tuple[int, ...], name: str) -> ir.TensorProtocol:
    """The tensor with these words. Raises ValueError when they do not fit the shape."""
    if by_value(dtype):
        values = words.view(dtype.numpy()).reshape(shape)
        return ir.Tensor(values, dtype=dtype, shape=ir.Shape(shape), name=name)
    proto = onnx.TensorProto(name=name, data_type=dtype.value, dims=shape, raw_data=words.tobytes())
    return ir.serde.TensorProtoTensor(proto)


def columns_of(shape: tuple[int, ...]) -> int:
    """A tensor is the matrix of its first axis by all the others; what has one axis, or none, is one row."""
    return math.prod(shape[1:]) if len(shape) > 1 else math.prod(shape)
