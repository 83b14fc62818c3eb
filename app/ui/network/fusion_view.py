"""Fusion: what a runtime makes of the layers, before and after side by side, and what could be one kernel besides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QStackedWidget, QVBoxLayout, QWidget

from app import fusion_story as story
from app import words
from app.fusion_story import Block, FusionDrawing
from app.ui import remember
from app.ui.desk import Desk
from app.ui.network.asked import AskedView
from app.ui.network.fusion_map import FusionMap
from app.ui.parts.buttons import icon_button
from app.ui.parts.card import Card, row
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.segmented import Segmented
from app.ui.parts.table import Cell, Column, DataTable, Row
from app.ui.parts.text import Elided
from app.ui.plots.tools import SCALE, copy_picture, write_plot
from profiler.fusion import Fusion, Siblings

WAYS = (("drawn", "Before and after"), ("kernels", "Kernels"), ("siblings", "Could be one"))
TIPS = (
    "The file’s layers, and beside them the kernels that a runtime makes of them",
    "The kernels as a table",
    story.SIBLINGS_MEANING,
)
MOST_PIXELS = 24_000  # a side of a PNG; a higher drawing is written as it is seen


class FusionView(AskedView[Fusion]):
    key: ClassVar[str] = "fusion"
    title: ClassVar[str] = "Fusion"
    question = "fusion"
    value = Fusion
    reading_words = "Asking ONNX Runtime what it makes of the layers…"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.headline = Elided("", "strong", Qt.TextElideMode.ElideRight)
        self.note = Elided("", "caption", Qt.TextElideMode.ElideRight)
        self.way = Segmented(WAYS, "Fusion as", TIPS)
        self.map = FusionMap()
        self.kernels = DataTable("kernels", "Kernels", "Order they run in")
        self.siblings = DataTable("siblings", "Could be one", "File’s order")
        self.none = EmptyState(story.NO_SIBLINGS)
        self.drawing = FusionDrawing((), ())
        self._shown: Fusion | None = None
        self.copy_button = icon_button("copy", "", self._copy_shown)
        self.export_button = icon_button("download-simple", "", self.export)
        self.places = QStackedWidget()
        for place in (self.map, self.kernels, self.siblings, self.none):
            self.places.addWidget(place)
        self._build()
        self._connect()
        kept = remember.text("fusion_way", WAYS[0][0])
        self.way.choose(kept if kept in dict(WAYS) else WAYS[0][0])
        self._turn()

    def _build(self) -> None:
        card = Card(pad=14, gap=8)
        head = row(self.headline, self.copy_button, self.export_button, gap=8)
        head.setStretch(0, 1)
        below = row(self.way, self.note, gap=12)
        below.setStretch(1, 1)
        card.add(head, below, self.places)
        card.body.setStretch(2, 1)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(card)

    def _connect(self) -> None:
        self.way.chosen.connect(self._way_chosen)
        self.map.picked.connect(self.picked)
        self.map.opened.connect(self.opened)
        self.kernels.picked.connect(lambda key: self._pick_kernel(int(key)))
        self.siblings.picked.connect(lambda key: self._pick_siblings(int(key)))
        for table in (self.kernels, self.siblings):
            table.opened.connect(lambda _: self.opened.emit(self.desk.layer))

    # ---- showing

    def show_answer(self, answer: Fusion) -> None:
        assert self.candidate is not None
        if answer is self._shown:
            return
        self._shown = answer
        self.drawing = story.drawing(answer, self.candidate.breakdown)
        self.headline.setText(story.headline(answer))
        self.headline.set_tip(f"{story.CONVENTION}\n{answer.runtime}")
        self.map.show_fusion(answer, self.drawing)
        self._show_kernels(answer)
        self._show_siblings(answer)
        self._turn()

    def _show_kernels(self, found: Fusion) -> None:
        self.kernels.show_columns([
            Column("layers", "Layers", left=True, width=230),
            Column("kernel", "Kernel", left=True, width=120),
            Column("apart", "Apart", width=90, unit="bytes", tip="What the layers read and write, each run by itself"),
            Column("runs", "As it runs", bar=True, width=100, unit="bytes", tip="What the kernel reads and writes"),
            Column("change", "Change", width=90),
        ])  # fmt: skip
        self.kernels.show_rows([_kernel_row(block) for block in self.drawing.blocks], _total(found))

    def _show_siblings(self, found: Fusion) -> None:
        groups = found.siblings
        self.way.button("siblings").setText(f"Could be one  {len(groups)}" if groups else "Could be one")
        self.siblings.show_columns([
            Column("layers", "Layers side by side", left=True, width=330),
            Column("input", "Read", left=True, width=120, tip="The layer whose result they all read"),
            Column("op", "Operator", left=True, width=70),
            Column("kernels", "Kernels less", width=84),
            Column("bytes", "Read less", bar=True, width=90, unit="bytes"),
        ])  # fmt: skip
        kinds = {layer.name: layer.kind for layer in self.candidate.breakdown.layers} if self.candidate else {}
        rows = [_sibling_row(str(n), one, kinds.get(one.layers[0], "other")) for n, one in enumerate(groups)]
        self.siblings.show_rows(rows)

    def _way_chosen(self, key: str) -> None:
        remember.keep("fusion_way", key)
        self._turn()
        self.select(self.desk.layer)

    def _turn(self) -> None:
        """Show what was chosen, with its own copy and export."""
        place: QWidget = {"drawn": self.map, "kernels": self.kernels}.get(self.way.key, self.siblings)
        found = self._shown
        if place is self.siblings and found is not None and not found.siblings:
            place = self.none
        self.places.setCurrentWidget(place)
        drawn = place is self.map
        copy, export = "Copy picture (Ctrl+Shift+C)", "Export as SVG, PNG or CSV (Ctrl+E)"
        if not drawn:
            copy, export = "Copy rows (Ctrl+C)", "Export as CSV or JSON (Ctrl+E)"
        for tool, name in ((self.copy_button, copy), (self.export_button, export)):
            tool.setToolTip(name)
            tool.setAccessibleName(name)
            tool.setEnabled(place is not self.none)
        if found is not None:
            self.note.setText(story.SIBLINGS_NOTE if place is self.siblings else story.aside(found))

    # ---- one selection

    def select(self, layer: str) -> None:
        self.map.select(layer)
        if self._shown is None:
            return
        span = self.drawing.rows_of(layer)
        self.kernels.pick(str(self.drawing.rows[span[0]].kernel) if span else "")
        group = next((n for n, one in enumerate(self._shown.siblings) if layer in one.layers), None)
        self.siblings.pick("" if group is None else str(group))

    def _pick_kernel(self, place: int) -> None:
        """Its heaviest layer stands for it; one that the runtime added has none."""
        kernel = self._shown.after[place] if self._shown is not None else None
        if kernel is None or not kernel.covers or self.desk.layer in kernel.covers:
            return
        kinds = {row.layer: row.kind for row in self.drawing.rows}
        self.picked.emit(next((one for one in kernel.covers if kinds.get(one, "other") != "other"), kernel.covers[0]))

    def _pick_siblings(self, place: int) -> None:
        layers = self._shown.siblings[place].layers if self._shown is not None else ()
        if layers and self.desk.layer not in layers:
            self.picked.emit(layers[0])

    def filter_kind(self, kind: str) -> None:
        self.map.choose_kind(kind)
        self.kernels.filter_by(kind=kind)
        self.siblings.filter_by(kind=kind)

    def next_layer(self, by: int) -> None:
        shown = self.places.currentWidget()
        (shown if isinstance(shown, DataTable) else self.map).step(by)

    def escape(self) -> bool:
        if not self.map.kind:
            return False
        self.filter_kind("")
        self.cleared.emit()
        return True

    # ---- out of the program

    def _copy_shown(self) -> None:
        if self.places.currentWidget() is self.map:
            self.copy_picture()
        else:
            self.copy_rows()

    def copy_rows(self) -> bool:
        shown = self.places.currentWidget()
        if isinstance(shown, DataTable):
            shown.copy()
            return True
        text = "\n".join("\t".join(line) for line in self.map.rows())
        QGuiApplication.clipboard().setText(text + "\n")
        return self._shown is not None

    def copy_picture(self) -> bool:
        shown = self.places.currentWidget()
        if self._shown is None or shown is None:
            return False
        copy_picture(self.map.viewport() if shown is self.map else shown)
        return True

    def export(self) -> bool:
        shown = self.places.currentWidget()
        if isinstance(shown, DataTable):
            return shown.export() is not None
        if self._shown is None or shown is not self.map:
            return False
        kinds = "Picture, lines (*.svg);;Picture, pixels (*.png);;Values (*.csv)"
        chosen, _ = QFileDialog.getSaveFileName(self, "Export drawing", "fusion.svg", kinds)
        return bool(chosen) and self.write(Path(chosen)) is not None

    def write(self, path: Path) -> Path:
        """All of the drawing; as a PNG only what is seen, where all would be too high. Raises OSError."""
        whole: QWidget = self.map.picture()
        if path.suffix not in (".svg", ".csv") and whole.height() * SCALE > MOST_PIXELS:
            whole = self.map.viewport()
        return write_plot(whole, path)


def _size(size: int | None) -> Cell:
    return Cell(story.size_words(size), size, "" if size is None else words.bytes_in_full(size), muted=size is None)


def _kernel_row(block: Block) -> Row:
    kernel = block.kernel
    names = " + ".join(kernel.covers) or story.ADDED
    apart = Cell(words.does_not_apply, muted=True) if block.added else _size(block.apart_bytes)
    change = "" if block.added else story.change_words(block.apart_bytes, kernel.traffic_bytes)
    why = story.ADDED_MEANING.get(story.short_op(kernel.op), "") if block.added else ""
    shown = story.together(kernel.covers) or story.ADDED
    return Row(str(block.place), {
        "layers": Cell(shown, names, tip=why or names, muted=block.added),
        "kernel": Cell(story.short_op(kernel.op), kernel.op, tip=f"{kernel.op}, {kernel.name}", muted=True),
        "apart": apart,
        "runs": _size(kernel.traffic_bytes),
        "change": Cell(change, change, muted=change == "as much"),
    }, block.kind, muted=block.added)  # fmt: skip


def _total(found: Fusion) -> Row:
    before, after = found.traffic_before_bytes, found.traffic_after_bytes
    change = story.change_words(before, after)
    return Row("", {
        "layers": Cell("Total", "Total", strong=True),
        "apart": replace(_size(before), strong=before is not None),
        "runs": replace(_size(after), strong=after is not None),
        "change": Cell(change, change, strong=True),
    })  # fmt: skip


def _sibling_row(key: str, group: Siblings, kind: str) -> Row:
    names, tip = " + ".join(group.layers), story.sibling_story(group)
    return Row(key, {
        "layers": Cell(story.together(group.layers), names, tip=f"{names}\n{tip}"),
        "input": Cell(story.sibling_input(group), story.sibling_input(group), tip=f"the value “{group.input}”"),
        "op": Cell(group.op, group.op, muted=True),
        "kernels": Cell(words.exact(group.saved_kernels), group.saved_kernels, tip),
        "bytes": _size(group.saved_bytes),
    }, kind)  # fmt: skip
