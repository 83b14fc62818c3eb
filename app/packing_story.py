"""What packing came to, layer by layer: the table of the lecture's CLIP-Q slide, from bytes that lie on the disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app import words
from app.facts import Packed, PackedLayer

HEADS: Sequence[str] = ("Tensor", "Form", "Original", "Packed", "Rate", "Index", "Codebook", "Values", "Ideal code")
ORIGINAL_TIP = "Bytes of the tensor as it is used: 4 a weight in 32-bit floats."
PACKED_TIP = "Bytes in the .nbz file: index, codebook and values together."
INDEX_TIP = "Saying where the values that are not zero stand."
CODEBOOK_TIP = "The list of values that weights share."
VALUES_TIP = "The values themselves, or which one of the codebook each weight has."
ENTROPY_TIP = (
    "Entropy: what an ideal code without memory would need for the same symbols. A packed size below it has used "
    "that neighbours are alike."
)
REST = "Everything else"
REST_TIP = "The graph, small tensors inside it, the table and the checksums."


@dataclass(frozen=True)
class PackedRow:
    """One tensor, or the rest of the file; bytes. None: not known, or it does not apply."""

    name: str
    layer: str
    form: str
    original: int | None
    packed: int
    index: int | None
    codebook: int | None
    values: int | None
    entropy: int | None

    @property
    def rate(self) -> float | None:
        """How many times smaller."""
        return self.original / self.packed if self.original and self.packed else None

    def written(self) -> tuple[str, ...]:
        """As `HEADS` names it: exact bytes, `–` for what does not apply."""
        rate = words.does_not_apply if self.rate is None else words.times(self.rate)
        counts = (self.index, self.codebook, self.values, self.entropy)
        return (
            self.name,
            self.form or words.does_not_apply,
            _bytes(self.original),
            words.exact(self.packed),
            rate,
            *(_bytes(count) for count in counts),
        )


def _bytes(count: int | None) -> str:
    return words.does_not_apply if not count else words.exact(count)


def packed_rows(found: Packed) -> tuple[PackedRow, ...]:
    """A row for each tensor, then what else is in the file."""
    rows = [_row(tensor) for tensor in found.layers]
    rest = found.packed_bytes - sum(tensor.packed for tensor in found.layers)
    if rows and rest > 0:
        rows.append(PackedRow(REST, "", "", None, rest, None, None, None, None))
    return tuple(rows)


def total_row(found: Packed) -> PackedRow:
    """The whole file beside the ONNX file; index, codebook and values are sums over the tensors."""
    rows = [_row(tensor) for tensor in found.layers]
    index, codebook, values = (sum(getattr(row, part) or 0 for row in rows) for part in ("index", "codebook", "values"))
    return PackedRow(
        "Total", "", "", found.original_bytes, found.packed_bytes, index, codebook, values, found.entropy_bytes
    )


def _row(tensor: PackedLayer) -> PackedRow:
    values = tensor.packed - tensor.index - tensor.codebook
    return PackedRow(
        tensor.name,
        tensor.layer,
        form_words(tensor),
        tensor.original,
        tensor.packed,
        tensor.index,
        tensor.codebook,
        values,
        tensor.entropy,
    )


def form_words(tensor: PackedLayer) -> str:
    """`relative, 31 shared`: how places are said, and how many values are shared."""
    if tensor.values in ("", "planes"):
        return tensor.form
    count = "" if tensor.distinct is None else f"{words.exact(tensor.distinct)} "
    return f"{tensor.form}, {count}shared{' a row' if tensor.values == 'row codebooks' else ''}"
