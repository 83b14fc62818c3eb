"""What packing came to, in bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PackedTensor:
    """One weight tensor in the packed file: `packed` bytes of `original` ones.

    Of `packed`, `index` is what saying where the values are costs, and `codebook` the list of shared values; the rest
    are the values. `form` is how places are said, `values` how values are. `entropy`: the limit of an ideal code
    without memory. `kept` of `total` words are not zero; `distinct` of them differ, where a codebook was used.
    """

    name: str
    layer: str  # the first layer that reads it
    original: int
    packed: int
    index: int
    form: str  # dense, bitmap, csr or relative
    codebook: int = 0
    values: str = "planes"  # planes, codebook or row codebooks
    entropy: int = 0
    kept: int = 0
    total: int = 0
    distinct: int | None = None


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
