"""Time by layer: a bar a row in the layer's kind, the earlier time as a tick, the figure and the ratio beside."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionViewItem

from app import words
from app.timing_rows import TimedRow
from app.ui import theme
from app.ui.parts.table import Cell, Column, DataTable, Row
from app.ui.parts.table.model import ROW
from app.ui.parts.table.paint import CellPainter

BAR, HATCH = 10, 16  # px: how thick a bar is, and how much of an interrupted one is hatched
FIXED = {"name": 150, "time": 108, "change": 74}  # px at 100 %; the bar has the rest


class LayerBars(DataTable):
    """A table whose second column is drawn: copying and exporting give the times, also the earlier ones."""

    def __init__(self) -> None:
        super().__init__("timing", "Time by layer", "Order they ran in")
        self.longest = 0.0
        self.state: words.State = "measured"
        self.view.setItemDelegate(BarPainter(self, self.model, self.view))

    def show_timing(self, rows: Sequence[TimedRow], head: str, against: str, state: words.State = "measured") -> None:
        """`head` names the device beside the time; `against` who the ticks are of; `state` the mark of each bar."""
        self.state = state
        self.longest = max((max(row.ms, row.before_ms or 0.0) for row in rows), default=0.0)
        self.show_columns([
            Column("name", "Layer", left=True, width=FIXED["name"]),
            Column("bar", f"tick: {against}" if against else "", left=True, tip="The tick is the earlier time"),
            Column("time", head, width=FIXED["time"], unit="ms", tip="Median of the profiled runs"),
            Column("change", "Against" if against else "", width=FIXED["change"], tip=f"Against {against}"),
        ])  # fmt: skip
        self.show_rows([Row(row.key, _cells(row, state), row.kind, muted=row.kind == "other") for row in rows])

    def _apply_widths(self) -> None:
        """The bars take what the figures leave."""
        if len(self.model.columns) != 4:
            return
        rest = self.view.viewport().width() - sum(theme.px(width) for width in FIXED.values())
        widths = {**{key: theme.px(width) for key, width in FIXED.items()}, "bar": max(rest, theme.px(80))}
        self._sizing = True
        for place, column in enumerate(self.model.columns):
            self.head.resizeSection(place, widths[column.key])
        self._sizing = False


def _cells(row: TimedRow, state: words.State) -> dict[str, Cell]:
    spread = f"p5 {words.milliseconds(row.p5_ms)}, p95 {words.milliseconds(row.p95_ms)}"
    good = row.change == "faster"
    return {
        "name": Cell(row.name, row.name, tip=row.name, strong=row.kind != "other"),
        "bar": Cell(
            "", row.before_ms, tip="" if row.before_ms is None else f"before: {words.milliseconds(row.before_ms)}"
        ),
        "time": Cell(
            words.marked(words.milliseconds(row.ms), state),
            row.ms,
            tip=f"{words.milliseconds(row.ms)} median, {spread}",
            state=state,
        ),
        "change": Cell(row.change_words, row.change_words, muted=row.change == "same", strong=good),
    }


class BarPainter(CellPainter):
    """The drawn column."""

    def __init__(self, table: LayerBars, source, parent) -> None:
        super().__init__(source, parent)
        self._table = table

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        if self._source.columns[index.column()].key != "bar":
            super().paint(painter, option, index)
            return
        painter.save()
        self._background(painter, option, False)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        row = index.data(ROW)
        box = QRectF(option.rect.adjusted(theme.px(4), 0, -theme.px(14), 0))  # type: ignore[attr-defined]
        self._grid(painter, box, option)
        longest = self._table.longest or 1.0
        width = max(box.width() * row.cell("time").value / longest, 2)
        y = box.center().y() - theme.px(BAR) / 2
        self._bar(painter, QRectF(box.left(), y, width, theme.px(BAR)), theme.colour(row.fill))
        before = row.cell("bar").value
        if before is not None:
            x = box.left() + box.width() * before / longest
            painter.fillRect(
                QRectF(x - 1, box.center().y() - theme.px(8), theme.px(2), theme.px(16)), theme.colour("text")
            )
        painter.restore()

    def _bar(self, painter: QPainter, bar: QRectF, colour: QColor) -> None:
        """Filled when measured, with a hatched end when that was interrupted; a dashed outline when imported."""
        if self._table.state == "imported":
            painter.setPen(QPen(colour, theme.px(1), Qt.PenStyle.DashLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(bar.adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(bar, 2, 2)
        if self._table.state == "interrupted":
            end = QRectF(bar)
            end.setLeft(max(bar.right() - theme.px(HATCH), bar.left()))
            painter.fillRect(end, theme.colour("surface"))
            painter.fillRect(end, QBrush(colour, Qt.BrushStyle.BDiagPattern))

    def _grid(self, painter: QPainter, box: QRectF, option: QStyleOptionViewItem) -> None:
        painter.setPen(QPen(theme.colour("grid"), 1))
        for quarter in range(5):
            x = box.left() + box.width() * quarter / 4
            painter.drawLine(x, option.rect.top(), x, option.rect.bottom())  # type: ignore[attr-defined]
