"""Memory: how long every activation lives, the peak and who makes it, and the weights beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout

from app import memory_story as story
from app import words
from app.ui import theme
from app.ui.desk import Desk
from app.ui.network.asked import AskedView
from app.ui.network.memory_chart import MemoryChart
from app.ui.parts.card import Card, row
from app.ui.parts.segmented import Segmented
from app.ui.parts.table import Cell, Column, DataTable, Row, TableCard
from app.ui.parts.text import Elided
from app.ui.plots.tools import copy_picture, export_plot, plot_tools
from profiler.breakdown import Kind
from profiler.memory import MemoryUse

BOTH = 400  # px at 100 %: below this there is room for the chart or the table
WAYS = (("own", "Each its own"), ("over", "Written over"))
TIPS = (
    "Every layer’s output has memory of its own",
    "Elementwise operators write over what nothing needs any more, as most runtimes do",
)


class MemoryView(AskedView[MemoryUse]):
    key: ClassVar[str] = "memory"
    title: ClassVar[str] = "Memory"
    question = "memory"
    value = MemoryUse
    reading_words = "Following every activation…"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.headline, self.note = Elided("", "strong"), Elided("", "caption", Qt.TextElideMode.ElideRight)
        self.way = Segmented(WAYS, "Memory of elementwise operators", TIPS)
        self.chart = MemoryChart()
        self.table = DataTable("alive", "Alive", "Largest first")
        self.tensors = TableCard(self.table, "", thing="tensor", filtered=False)
        self._kinds: dict[str, Kind] = {}
        upper = Card(pad=14, gap=8)
        head = row(self.headline, self.way, *plot_tools(self.chart, "memory"), gap=8)
        head.setStretch(0, 1)
        upper.add(head, self.chart, self.note)
        upper.body.setStretch(1, 1)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setHandleWidth(theme.px(12))
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(upper)
        splitter.addWidget(self.tensors)
        splitter.setSizes([theme.px(300), theme.px(170)])
        splitter.setStretchFactor(0, 1)
        splitter.setMinimumHeight(theme.px(160))  # of one part: in a low window the other is hidden
        self.upper = upper
        self.part = Segmented([("chart", "Chart"), ("table", "Tensors")], "Part of the view")
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(8))
        layout.addWidget(self.part)
        layout.addWidget(splitter, 1)
        self.way.chosen.connect(lambda _: self.show_again())
        self.part.chosen.connect(lambda _: self._arrange())
        self.chart.picked.connect(self.picked)
        self.chart.opened.connect(self.opened)
        self.table.opened.connect(lambda _: self.opened.emit(self.desk.layer))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """Chart and table; where it is low, the one that was chosen."""
        low = self.height() < theme.px(BOTH)
        self.part.setVisible(low)
        self.upper.setVisible(not low or self.part.key == "chart")
        self.tensors.setVisible(not low or self.part.key == "table")

    def settings(self) -> Mapping[str, Any]:
        return {"in_place": self.way.key == "over"}

    def show_answer(self, answer: MemoryUse) -> None:
        assert self.candidate is not None
        self._kinds = {layer.name: layer.kind for layer in self.candidate.breakdown.layers}
        self.headline.setText(story.headline(answer))
        self.headline.setToolTip(words.bytes_in_full(answer.peak_bytes))
        self.note.setText(" ".join(part for part in (story.unknown_words(answer), story.convention(answer)) if part))
        self.chart.show_memory(answer, story.memory_rows(answer, self.candidate.breakdown))
        self._show_alive(answer)

    def select(self, layer: str) -> None:
        self.chart.select(layer)
        found = self.answer()
        if found is not None:
            self._show_alive(found)

    def _show_alive(self, use: MemoryUse) -> None:
        """What is alive while the selected layer runs; at the peak, where it runs nothing."""
        layer = self.desk.layer if self.desk.layer in use.steps else use.peak_layer
        step = use.steps.index(layer) if layer in use.steps else -1
        self.tensors.title.setText(f"Alive while {words.shortened(layer)} runs" if layer else "Alive")
        weights = words.megabytes(use.weights[step]) if step >= 0 and use.weights[step] else "none"
        self.tensors.subtitle.setText(f"weights it reads beside them: {weights}")
        self.table.show_columns([
            Column("value", "Tensor", left=True, width=200),
            Column("bytes", "Size", bar=True, width=110, unit="bytes"),
            Column("share", "Share", width=80),
            Column("story", "Who made it, who still reads it", left=True, width=320),
        ])  # fmt: skip
        self.table.show_rows([self._row(tensor) for tensor in story.alive_tensors(use, step)])

    def _row(self, tensor: story.AliveTensor) -> Row:
        exact = words.bytes_in_full(tensor.bytes)
        return Row(tensor.value, {
            "value": Cell(tensor.value, tensor.value, tip=tensor.value),
            "bytes": Cell(tensor.bytes_words, tensor.bytes, exact),
            "share": Cell(words.percent(tensor.share), tensor.share),
            "story": Cell(tensor.story, tensor.story, tip=tensor.story, muted=True),
        }, self._kinds.get(tensor.layer, "other"))  # fmt: skip

    def next_layer(self, by: int) -> None:
        self.chart.step(by)

    def copy_rows(self) -> bool:
        self.table.copy()
        return True

    def copy_picture(self) -> bool:
        copy_picture(self.chart)
        return True

    def export(self) -> bool:
        if self.table.view.hasFocus():
            return self.table.export() is not None
        return export_plot(self.chart, "memory") is not None
