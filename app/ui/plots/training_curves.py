"""Loss and accuracy per epoch while a network learns. Two plots side by side: never two scales on one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyqtgraph as pg
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app import words
from app.ui import theme
from app.ui.plots.base import Plot


class Curve(Plot):
    """One figure per epoch, each a dot, joined in their order; `level` is a line to hold them against."""

    def __init__(self, name: str, unit: str = "", title: str = "") -> None:
        super().__init__(f"{name} per epoch")
        self._said, self._unit, self._title = name, unit, title or name
        self.values: list[tuple[float, float]] = []
        self.level: float | None = None
        self.line = pg.PlotDataItem(symbol="o", symbolSize=6)
        self.level_line = pg.InfiniteLine(angle=0)
        self.level_name = pg.TextItem(anchor=(1, 1))
        for item in (self.line, self.level_line, self.level_name):
            self.put(item)
        self.x_axis.set_words(lambda value: f"{value:.0f}" if value == int(value) else "")
        self.dress()
        self.show_values([], None)

    def dress(self) -> None:
        self.line.setPen(pg.mkPen(theme.colour("accent"), width=1.5))
        self.line.setSymbolBrush(theme.colour("accent"))
        self.line.setSymbolPen(pg.mkPen(theme.colour("surface")))
        self.level_line.setPen(pg.mkPen(theme.colour("muted"), width=1))
        self.level_name.setColor(theme.colour("muted"))
        self.level_name.setFont(theme.font(theme.CAPTION))
        self.name_axes("epoch", self._title + (f", {self._unit}" if self._unit else ""))

    def show_values(self, values: Sequence[tuple[float, float]], level: float | None, level_name: str = "") -> None:
        self.values, self.level = list(values), level
        xs, ys = [x for x, _ in values], [y for _, y in values]
        self.line.setData(xs, ys)
        seen = ys + ([level] if level is not None else [])
        low, high = min(seen, default=0.0), max(seen, default=1.0)
        air = 0.18 * (high - low) or 0.1 * abs(high) or 1.0
        right = max(xs, default=1.0) + 0.5
        self.view.hold((0.5, max(right, 3.5)), (low - air, high + air))
        self.level_line.setVisible(level is not None)
        self.level_name.setVisible(level is not None)
        if level is not None:
            self.level_line.setValue(level)
            self.level_name.setText(level_name)
            self.level_name.setPos(QPointF(max(right, 3.5), level))
        if values:
            self.setAccessibleDescription(f"epoch {xs[-1]:.0f}: {words.significant(ys[-1])} {self._unit}".strip())

    def rows(self) -> list[list[str]]:
        return [["epoch", self._said], *([repr(x), repr(y)] for x, y in self.values)]


class TrainingCurves(QWidget):
    """Loss on the left, accuracy on the right with the baseline's as a level line."""

    def __init__(self) -> None:
        super().__init__()
        self.loss, self.accuracy = Curve("loss"), Curve("accuracy", "%", "validation accuracy")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.px(16))
        row.addWidget(self.loss)
        row.addWidget(self.accuracy)

    def show_history(
        self, history: Sequence[Mapping[str, float]], level: float | None = None, level_name: str = ""
    ) -> None:
        """`history` has a row an epoch: `epoch`, `loss` and, where measured, `validation` (0 to 1, as `level`)."""
        numbered = [(row.get("epoch", n), row) for n, row in enumerate(history, start=1)]
        self.loss.show_values([(n, row["loss"]) for n, row in numbered if "loss" in row], None)
        self.accuracy.show_values(
            [(n, 100 * row["validation"]) for n, row in numbered if "validation" in row],
            None if level is None else 100 * level,
            level_name,
        )

    def rows(self) -> list[list[str]]:
        """Both figures as one table: epoch, loss, accuracy in percent."""
        accuracy = dict(self.accuracy.values)
        made = [["epoch", "loss", "validation accuracy, %"]]
        return made + [
            [repr(n), repr(loss), repr(accuracy[n]) if n in accuracy else ""] for n, loss in self.loss.values
        ]
