"""One layer: its share of the whole, and its figures with the arithmetic written out."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app import layer_story as story
from app import words
from app.heavy import layer_times, time_by_kind, time_head
from app.study import Candidate
from app.ui import theme
from app.ui.network.heavy_card import Swatch
from app.ui.parts.card import Card, clear, column, hairline, row, scrolled
from app.ui.parts.error_card import IconLabel
from app.ui.parts.text import Elided, caption, heading, label
from profiler.breakdown import KIND_NAMES, Convention, LayerCost


class LayerDetail(Card):
    """Scrolls where the window is low."""

    def __init__(self) -> None:
        super().__init__(pad=0, gap=0)
        self.body.setContentsMargins(1, 1, 1, 1)
        self.setAccessibleName("Layer")
        self._shown: tuple = ()
        self._inner = QWidget()
        self._inner.setProperty("clear", True)
        self._lines = QVBoxLayout(self._inner)
        self._lines.setContentsMargins(*[theme.px(p) for p in (20, 16, 16, 16)])
        self._lines.setSpacing(theme.px(12))
        self.scroller = scrolled(self._inner, sideways=False)
        self.scroller.viewport().setProperty("clear", True)
        self.scroller.setAccessibleName("Layer detail")
        self.body.addWidget(self.scroller)
        self.setMinimumWidth(theme.px(260))

    def show_layer(
        self, layer: LayerCost | None, candidate: Candidate | None, convention: Convention, device: str
    ) -> None:
        """All of it anew, where anything changed."""
        shown = (layer, candidate, convention, device)
        if shown == self._shown:
            return
        self._shown = shown
        clear(self._lines)
        if layer is None or candidate is None:
            self._lines.addWidget(label("Pick a layer to see its figures.", "muted", wrap=True))
            self._lines.addStretch(1)
            return
        self.setAccessibleName(f"Layer {layer.name}")
        breakdown, profile = candidate.breakdown, candidate.profiles.get(device)
        time = layer_times(breakdown, profile).get(layer.name)
        ms = time.ms if time else None
        all_ms = sum(time_by_kind(breakdown, profile).values()) if profile else 0.0
        self._head(layer, story.place(layer, breakdown))
        self._shares(story.shares(layer, breakdown, convention, ms, all_ms))
        self._lines.addWidget(hairline())
        for found in (
            story.output_size(layer),
            story.parameters(layer, candidate.layer_nonzero.get(layer.name)),
            story.operation_sum(layer, convention),
        ):
            if found is not None:
                self._sum(found)
        lecture = story.lecture_way(layer)
        if lecture is not None:
            self._lines.addWidget(_LectureBox(lecture))
        self._traffic(layer, words.milliseconds(ms) if ms is not None else "", device, time.inside if time else "")
        self._lines.addStretch(1)

    def _head(self, layer: LayerCost, place: str) -> None:
        name = Elided(layer.name, "title")
        kind = caption(KIND_NAMES[layer.kind] if layer.kind != "other" else layer.op)
        line = row(Swatch(layer.kind, 10), name, kind)
        line.setStretch(1, 1)
        told = [label(text, "caption", wrap=True) for text in (place, layer.note) if text]
        self._lines.addLayout(column(line, *told, gap=6))

    def _shares(self, found: list[story.Share]) -> None:
        items: list = []
        for share in found:
            figure = label(share.figure, "title", tip=share.exact)
            figure.setAccessibleName(f"{share.figure} {share.of}, {share.exact}")
            items.append(column(figure, caption(share.of), gap=0))
        self._lines.addLayout(row(*items, None, gap=20))

    def _sum(self, found: story.Sum) -> None:
        lines: list = [heading(found.title)]
        lines += [label(found.formula, "muted", wrap=True)] if found.formula else []
        lines += [label(found.numbers, "table", wrap=True)] if found.numbers else []
        result = row(label("=", "muted"), label(found.result, "strong"), label(found.unit, "caption", wrap=True), gap=6)
        result.setStretch(2, 1)
        lines.append(result)
        lines += [label(found.note, "caption", wrap=True)] if found.note else []
        self._lines.addLayout(column(*lines, gap=4))

    def _traffic(self, layer: LayerCost, time: str, device: str, inside: str) -> None:
        lines: list = [heading("Traffic and time")]
        intensity = story.intensity(layer)
        facts = [
            ("Weights", words.megabytes(layer.weight_bytes) if layer.weight_bytes != 0 else "–",
             words.bytes_in_full(layer.weight_bytes)),
            ("Activation", words.megabytes(layer.activation_bytes), words.bytes_in_full(layer.activation_bytes)),
        ]  # fmt: skip
        if intensity is not None:
            tip = "MACs ÷ (bytes of weights + bytes of the output). Low: memory decides how fast it is"
            facts.append(("MACs per byte", words.significant(intensity), tip))
        if time or inside:
            facts.append((time_head(device), time or f"in {inside}", "Median of the profiled runs"))
        for name, value, tip in facts:
            lines.append(row(label(name, "muted"), None, label(value, "table", tip=tip)))
        self._lines.addLayout(column(*lines, gap=4))


class _LectureBox(QFrame):
    """How the lecture counts this convolution, where that is another number."""

    def __init__(self, way: story.LectureWay) -> None:
        super().__init__()
        self.setProperty("card", "inner")
        layout = row(gap=8)
        self.setLayout(layout)
        layout.setContentsMargins(*[theme.px(p) for p in (12, 10, 12, 10)])
        layout.addWidget(IconLabel("info"), 0, Qt.AlignmentFlag.AlignTop)
        title = label(way.title, "note", wrap=True)
        layout.addLayout(
            column(title, label(way.numbers, "table", wrap=True), label(way.why, "caption", wrap=True), gap=4), 1
        )
