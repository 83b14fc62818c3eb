"""The layers as a table that can be sorted and filtered, with bars under the figures."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtWidgets import QVBoxLayout

from app.study import Candidate
from app.ui.desk import Desk
from app.ui.network import against_rows, rows
from app.ui.network.view import View
from app.ui.parts.table import DataTable, TableCard
from app.ui.plots.tools import copy_picture

BARS = "bars: share of the largest in the column"


class LayersView(View):
    key: ClassVar[str] = "layers"
    title: ClassVar[str] = "Layers"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.table = DataTable("layers", "Layers")
        self.card = TableCard(self.table, BARS, thing="layer")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.card)
        self.table.picked.connect(self._pick)
        self.table.opened.connect(self.opened)
        self.card.cleared.connect(self.cleared)

    def show_candidate(self, candidate: Candidate, other: Candidate | None) -> None:
        convention, device = self.desk.convention, self.desk.device
        self.card.subtitle.setText(BARS)
        if other is None:
            self.table.show_columns(rows.columns(candidate, convention, device))
            made, total = rows.rows(candidate, convention, device), rows.total(candidate, convention, device)
        else:
            found = against_rows.story(candidate, other, convention, device)
            self.card.subtitle.setText(f"{found.headline}, against {other.letter}")
            self.table.show_columns(against_rows.columns(found, other.letter, device))
            made, total = against_rows.rows(found, device), against_rows.total(found, device)
        self.table.show_rows(made, total)
        self.card.apply_filter()

    def _pick(self, key: str) -> None:
        """What only the other candidate has cannot be selected."""
        if not key.startswith(against_rows.GONE):
            self.picked.emit(key)

    def select(self, layer: str) -> None:
        self.table.pick(layer)

    def filter_kind(self, kind: str) -> None:
        self.card.filter_kind(kind)

    def next_layer(self, by: int) -> None:
        self.table.step(by)

    def search(self, words: str) -> None:
        self.card.field.setText(words)

    def copy_rows(self) -> bool:
        self.table.copy()
        return True

    def copy_picture(self) -> bool:
        copy_picture(self)
        return True

    def export(self) -> bool:
        self.table.export()
        return True

    def filter(self) -> bool:
        self.card.field.setFocus()
        self.card.field.selectAll()
        return True

    def escape(self) -> bool:
        return self.card.clear_filter()
