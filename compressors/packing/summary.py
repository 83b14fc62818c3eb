"""What packing came to, in bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PackedTensor:
    """One weight tensor in the packed file. `index`, part of `packed`, is what saying where the values are costs."""

    name: str
    layer: str  # the first layer that reads it
    original: int
    packed: int
    index: int
    form: str  # dense or csr


@dataclass(frozen=True)
class PackSummary:
    """Real sizes: of the ONNX file, of the packed file (headers included), and the limit of ideal coding.

    `entropy_bytes` sums, over everything in the packed file, what an ideal code without memory would need
    (see `compressors.packing.entropy`). `layers` has a row for each tensor that is packed by itself; the graph, the
    small tensors inside it and the table make up the rest of `packed_bytes`.
    """

    original_bytes: int
    packed_bytes: int
    entropy_bytes: int
    layers: tuple[PackedTensor, ...]
