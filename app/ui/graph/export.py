"""Getting a graph out: the picture as it stands to the clipboard, all of it to a file. CSV has its boxes."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFileDialog, QWidget

from app.ui import theme
from app.ui.graph.camera import AIR, Camera
from app.ui.graph.legend import HIGH, WIDE, Legend
from app.ui.graph.surface import GraphSurface
from app.ui.plots.tools import SCALE, write_plot

MOST_PIXELS = 12_000  # a side of a PNG


class Picture(QWidget):
    """A graph with its legend below, where its colours need one."""

    def __init__(self, canvas: GraphSurface, camera: Camera, size: tuple[float, float], legend: Legend | None) -> None:
        super().__init__()
        self._shown, self._legend = canvas, legend
        self._graph = GraphSurface()
        self._graph.scene, self._graph.figures, self._graph.look = canvas.scene, canvas.figures, canvas.look
        self._graph.fitted, self._graph.camera = False, camera
        self._foot = 0 if legend is None else theme.px(HIGH) + 2 * theme.px(theme.SPACE[3])
        self.resize(round(size[0]), round(size[1]) + self._foot)
        self._graph.resize(round(size[0]), round(size[1]))
        self._graph.camera = camera  # a new size moved it
        self.setAccessibleName(canvas.accessibleName())
        self.setAccessibleDescription(canvas.accessibleDescription())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("surface"))
        self._graph.paint(painter)
        if self._legend is not None:
            edge = theme.px(theme.SPACE[3])
            painter.translate(edge, self.height() - self._foot + edge)
            self._legend.paint(painter, self._legend.rect().toRectF())
        painter.end()

    def rows(self) -> list[list[str]]:
        return self._shown.rows()


def as_it_stands(canvas: GraphSurface, legend: Legend | None) -> Picture:
    """What is seen now."""
    return Picture(canvas, canvas.camera, (canvas.width(), canvas.height()), legend)


def whole(canvas: GraphSurface, legend: Legend | None, most: float = MOST_PIXELS / SCALE) -> Picture:
    """All of it at 100 %, smaller where a side would pass `most` pixels."""
    size = canvas.scene.size if canvas.scene is not None else canvas.window_size
    wide, high = size.width() + 2 * AIR, size.height() + 2 * AIR
    scale = min(theme.scale(), most / max(wide, WIDE), most / max(high, 1.0))
    return Picture(canvas, Camera(scale, AIR * scale, AIR * scale), (max(wide * scale, WIDE), high * scale), legend)


def export_graph(canvas: GraphSurface, legend: Legend | None, parent: QWidget) -> Path | None:
    """Ask where to, and write it there."""
    chosen, _ = QFileDialog.getSaveFileName(
        parent, "Export graph", "graph.svg", "Picture, lines (*.svg);;Picture, pixels (*.png);;Values (*.csv)"
    )
    return write_plot(whole(canvas, legend), Path(chosen)) if chosen else None
