"""What packing a candidate came to, tensor by tensor: the table of the lecture's CLIP-Q slide, with copy and export."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app import packing_story as story
from app import words
from app.packing_story import PackedRow, packed_rows, total_row
from app.ui.desk import Desk
from app.ui.parts.card import row
from app.ui.parts.sheet import Sheet
from app.ui.parts.table import Cell, Column, DataTable, Row, table_tools
from app.ui.parts.text import label

COLUMNS = (
    Column("name", "Tensor", left=True, width=190),
    Column("form", "Form", left=True, width=140),
    Column("original", "Original", unit="bytes", tip=story.ORIGINAL_TIP),
    Column("packed", "Packed", unit="bytes", tip=story.PACKED_TIP, bar=True),
    Column("rate", "Rate", width=72, tip="How many times smaller."),
    Column("index", "Index", unit="bytes", tip=story.INDEX_TIP),
    Column("codebook", "Codebook", unit="bytes", tip=story.CODEBOOK_TIP),
    Column("values", "Values", unit="bytes", tip=story.VALUES_TIP),
    Column("entropy", "Ideal code", unit="bytes", tip=story.ENTROPY_TIP),
)


class PackingSheet(Sheet):
    """Over the page; Esc closes it."""

    def __init__(self, host: QWidget, desk: Desk) -> None:
        super().__init__(host, "Packed", side="bottom", extent=430)
        self._desk = desk
        self.table = DataTable("packing", "Packed")
        self.table.show_columns(COLUMNS)
        self.said = label("", "muted", wrap=True)
        line = row(self.said, *table_tools(self.table))
        line.setStretch(0, 1)
        self.body.addLayout(line)
        self.body.addWidget(self.table, 1)

    def present_for(self, letter: str) -> None:
        candidate = self._desk.study.candidates.get(letter)
        if candidate is None or candidate.packed is None:
            return
        found, kinds = candidate.packed, {layer.name: layer.kind for layer in candidate.breakdown.layers}
        self.title.setText(f"{letter}  {candidate.title}, packed as .nbz")
        rate = words.times(found.original_bytes / found.packed_bytes) if found.packed_bytes else ""
        self.said.setText(
            f"{words.bytes_in_full(found.packed_bytes)}, every byte counted: {rate} smaller than the network file of "
            f"{words.megabytes(found.original_bytes)}. An ideal code without memory would take "
            f"{words.megabytes(found.entropy_bytes)}."
        )
        rows = [_row(each, kinds.get(each.layer, "other")) for each in packed_rows(found)]
        self.table.show_rows(rows, _row(total_row(found), ""))
        self.present()
        self.table.setFocus()


def _row(each: PackedRow, kind: str) -> Row:
    counts = {name: getattr(each, name) for name in ("original", "packed", "index", "codebook", "values", "entropy")}
    cells = {name: _bytes(count) for name, count in counts.items()}
    rate = words.does_not_apply if each.rate is None else words.times(each.rate)
    tip = story.REST_TIP if each.name == story.REST else f"read by {each.layer}" if each.layer else ""
    cells |= {
        "name": Cell(each.name, each.name, tip),
        "form": Cell(each.form, each.form, muted=True),
        "rate": Cell(rate, each.rate, strong=True),
    }
    return Row(each.name, cells, mark=kind if each.layer else "")


def _bytes(count: int | None) -> Cell:
    text = words.does_not_apply if not count else words.exact(count)
    return Cell(text, count, muted=not count)
