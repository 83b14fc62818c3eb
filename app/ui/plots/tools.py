"""Getting a plot out: Copy and Export as the same two icons everywhere. SVG and PNG are the picture, CSV its rows."""

from __future__ import annotations

import csv
from pathlib import Path

from PySide6.QtCore import QPoint, QRectF
from PySide6.QtGui import QGuiApplication, QPainter, QPixmap
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QFileDialog, QPushButton, QWidget

from app.ui.parts.buttons import icon_button

SCALE = 2  # pixels a PNG has for one of the window


def picture(plot: QWidget) -> QPixmap:
    """The plot as it stands, without the focus ring."""
    made = QPixmap(plot.size() * SCALE)
    made.setDevicePixelRatio(SCALE)
    QWidget.render(plot, made)
    return made


def copy_picture(plot: QWidget) -> None:
    QGuiApplication.clipboard().setPixmap(picture(plot))


def write_plot(plot: QWidget, path: Path) -> Path:
    """As SVG, PNG or CSV, by the ending of the name; PNG where it has none. Raises OSError."""
    path = path if path.suffix else path.with_suffix(".png")
    kind = path.suffix.lower()
    if kind == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(plot.rows())  # type: ignore[attr-defined]
    elif kind == ".svg":
        _write_svg(plot, path)
    elif not picture(plot).save(str(path)):
        raise OSError(f"{path} could not be written.")
    return path


def _write_svg(plot: QWidget, path: Path) -> None:
    generator = QSvgGenerator()
    generator.setFileName(str(path))
    generator.setSize(plot.size())
    generator.setViewBox(QRectF(0, 0, plot.width(), plot.height()).toRect())
    generator.setTitle(plot.accessibleName())
    generator.setDescription(plot.accessibleDescription())
    painter = QPainter()
    if not painter.begin(generator):
        raise OSError(f"{path} could not be written.")
    QWidget.render(plot, painter, QPoint())
    painter.end()


def export_plot(plot: QWidget, name: str) -> Path | None:
    """Ask where to, and write it there."""
    chosen, _ = QFileDialog.getSaveFileName(
        plot, "Export plot", f"{name}.svg", "Picture, lines (*.svg);;Picture, pixels (*.png);;Values (*.csv)"
    )
    return write_plot(plot, Path(chosen)) if chosen else None


def plot_tools(plot: QWidget, name: str) -> tuple[QPushButton, QPushButton]:
    """Copy picture, Export: at the upper right of every plot."""
    return (
        icon_button("copy", "Copy picture (Ctrl+Shift+C)", lambda: copy_picture(plot)),
        icon_button("download-simple", "Export as SVG, PNG or CSV (Ctrl+E)", lambda: export_plot(plot, name)),
    )
