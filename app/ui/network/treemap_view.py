"""Treemap: what is heavy as areas, and how few layers make up most of it."""

from __future__ import annotations

from typing import ClassVar, cast

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QSpinBox, QVBoxLayout

from app.shares import METRICS, MetricKey, metrics, most_words, shares
from app.study import Candidate
from app.ui import remember, theme
from app.ui.desk import Desk
from app.ui.network.cumulative import CumulativeBars
from app.ui.network.treemap import Treemap
from app.ui.network.view import View
from app.ui.parts.card import Card, row
from app.ui.parts.segmented import Segmented
from app.ui.parts.text import Elided, caption
from app.ui.plots.tools import copy_picture, export_plot, plot_tools

MOST = 90  # percent: what a newcomer asks about first


class TreemapView(View):
    key: ClassVar[str] = "treemap"
    title: ClassVar[str] = "Treemap"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.of = Segmented([(key, name) for key, name in METRICS.items()], "Area of a tile")
        self.of.choose(remember.text("treemap_metric", "params"))
        self.map, self.bars = Treemap(), CumulativeBars()
        self.percent = QSpinBox()
        self.percent.setRange(1, 100)
        self.percent.setSuffix(" %")
        self.percent.setValue(MOST)
        self.percent.setAccessibleName("Share that the heaviest layers hold")
        self.percent.setToolTip("How much the layers in full colour hold together")
        self.words, self.unknown = Elided("", "strong"), caption("")
        self._candidate: Candidate | None = None
        card = Card(pad=14, gap=8)
        head = row(self.of, None, *plot_tools(self.map, "treemap"), gap=8)
        line = row(self.percent, self.words, self.unknown, gap=10)
        line.setStretch(1, 1)
        card.add(head, self.map, line, self.bars)
        card.body.setStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(card)
        self.percent.setMinimumHeight(theme.px(theme.CONTROL))
        self._connect()

    def _connect(self) -> None:
        self.of.chosen.connect(self._metric_chosen)
        self.percent.valueChanged.connect(lambda _: self._show())
        self.map.picked.connect(self.picked)
        self.map.opened.connect(self.opened)
        self.bars.picked.connect(self.picked)

    def _metric_chosen(self, key: str) -> None:
        remember.keep("treemap_metric", key)
        self._show()

    def show_candidate(self, candidate: Candidate, other: Candidate | None) -> None:
        self._candidate = candidate
        there = metrics(candidate, self.desk.device)
        for key in METRICS:
            self.of.button(key).setVisible(key in there)
        if self.of.key not in there:
            self.of.choose(there[0])
        self._show()

    def _show(self) -> None:
        if self._candidate is None:
            return
        desk = self.desk
        found = shares(self._candidate, cast(MetricKey, self.of.key), desk.convention, desk.device)
        share = self.percent.value() / 100
        count = found.most(share)
        self.map.show_shares(found, count)
        self.bars.show_shares(found, count, share)
        self.words.setText(most_words(found, share))
        self.unknown.setText(f"{found.unknown} layers are not counted" if found.unknown else found.title)

    def select(self, layer: str) -> None:
        self.map.select(layer)
        self.bars.select(layer)

    def filter_kind(self, kind: str) -> None:
        self.map.choose_kind(kind)

    def next_layer(self, by: int) -> None:
        self.map.step(by)

    def copy_rows(self) -> bool:
        text = "\n".join("\t".join(line) for line in self.map.rows())
        QGuiApplication.clipboard().setText(text)
        return bool(text)

    def copy_picture(self) -> bool:
        copy_picture(self.map)
        return True

    def export(self) -> bool:
        return export_plot(self.map, "treemap") is not None

    def filter(self) -> bool:
        self.percent.setFocus()
        self.percent.selectAll()
        return True

    def escape(self) -> bool:
        if not self.map.kind:
            return False
        self.map.choose_kind("")
        self.cleared.emit()
        return True
