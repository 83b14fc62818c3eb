"""The table of the paper and of the lecture: p, b, original and compressed size and the rate of each layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from compressors.packing.summary import PackSummary


@dataclass(frozen=True)
class TableRow:
    """Sizes in bytes. `share` (p) and `bits` (b) are None for what CLIP-Q did not touch, and for sums.

    compressed: indices, where they are, and the codebook; `index` and `codebook` of it are those two parts.
    """

    name: str
    share: float | None
    bits: int | None
    original: int
    compressed: int
    index: int = 0
    codebook: int = 0

    @property
    def rate(self) -> float:
        return self.original / self.compressed if self.compressed else 1.0


def table(packed: PackSummary, settings: Mapping[str, Mapping[str, float]]) -> tuple[TableRow, ...]:
    """A row for each layer that CLIP-Q worked on, then one for everything else, then the whole file.

    settings: layer → {"share": p, "bits": b}, as the method tells it (`Context.found`, “clip_q”). The last row is the
    packed file, every header included, against the ONNX file.
    """
    rows = [
        TableRow(
            row.layer,
            settings[row.layer]["share"],
            int(settings[row.layer]["bits"]),
            row.original,
            row.packed,
            row.index,
            row.codebook,
        )
        for row in packed.layers
        if row.layer in settings and row.distinct is not None
    ]
    original, compressed = (sum(sizes) for sizes in ((r.original for r in rows), (r.compressed for r in rows)))
    rest = TableRow("everything else", None, None, packed.original_bytes - original, packed.packed_bytes - compressed)
    return (*rows, rest, TableRow("overall", None, None, packed.original_bytes, packed.packed_bytes))


def markdown(rows: Iterable[TableRow]) -> str:
    """As a table of a document."""
    lines = [
        "| layer | p | b | original | compressed | of it index | codebook | rate |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        share = "" if row.share is None else f"{row.share:.3f}".rstrip("0").rstrip(".")
        sizes = " | ".join(f"{size:,}" for size in (row.original, row.compressed, row.index, row.codebook))
        lines.append(f"| {row.name} | {share} | {'' if row.bits is None else row.bits} | {sizes} | {row.rate:.1f} |")
    return "\n".join(lines)
