"""A layer's weights, two ways: as a histogram to work on, and as the pattern of what is zero."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from app.pattern import Pattern
from app.ui import theme
from app.ui.answers import Answers
from app.ui.parts.buttons import icon_button
from app.ui.parts.card import row
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.segmented import Segmented
from app.ui.parts.text import Elided
from app.ui.plots.base import Plot
from app.ui.plots.histogram import Histogram
from app.ui.plots.pattern_picture import PatternLegend, PatternPicture, summary
from app.ui.plots.spares import take
from app.ui.plots.tools import copy_picture, export_plot
from profiler.breakdown import Kind

VIEWS = (("histogram", "Weights"), ("pattern", "Pattern"))
TIPS = ("How the weights of the layer are spread", "Where the layer’s weights are zero: rows, columns, blocks")


class WeightsView(QWidget):
    """`turned`: a person asked for the other view."""

    turned = Signal(str)

    def __init__(self, answers: Answers) -> None:
        super().__init__()
        self._answers = answers
        self._shown: tuple[str, str, float] = ("", "", 0.0)
        self._kind: Kind = "other"
        self.views = Segmented(VIEWS, "View of the weights", TIPS)
        self.plot = take(Histogram)
        self.plot.setMinimumHeight(theme.px(112))
        self.picture: PatternPicture | None = None
        self.legend, self.summary = PatternLegend(), Elided("", "caption")
        self.reading = EmptyState("Reading the weights…")
        self._pattern = QWidget()
        self._inside = QVBoxLayout(self._pattern)
        self._inside.setContentsMargins(0, 0, 0, 0)
        line = row(self.legend, self.summary, gap=12)
        line.setStretch(1, 1)
        self._inside.addLayout(line)
        self._stack = QStackedLayout(self)
        for page in (self.plot, self.reading, self._pattern):
            self._stack.addWidget(page)
        self.views.chosen.connect(self._turn)
        answers.arrived.connect(self._heard)

    def _heard(self, question: str) -> None:
        if question == "pattern":
            self._show_pattern()

    def tools(self) -> tuple[QPushButton, QPushButton]:
        """Copy and Export, of whichever is shown."""
        return (
            icon_button("copy", "Copy picture (Ctrl+Shift+C)", lambda: copy_picture(self.current)),
            icon_button("download-simple", "Export as SVG, PNG or CSV (Ctrl+E)", self.export),
        )

    @property
    def current(self) -> Plot:
        """What copy and export are of."""
        return self.picture if self.at_pattern and self.picture is not None else self.plot

    @property
    def at_pattern(self) -> bool:
        return self.views.key == "pattern"

    def export(self) -> object:
        return export_plot(self.current, "pattern" if self.at_pattern else "weights")

    def show_state(self, letter: str, layer: str, kind: Kind, above: float, *, ready: bool) -> None:
        """The layer that is shown, up to which magnitude its weights are gone, and whether its histogram is here."""
        self._shown, self._kind = (letter, layer, above), kind
        self.reading.words.setText(f"Reading the weights of {layer}…")
        if self.at_pattern:
            self._show_pattern()
        else:
            self._stack.setCurrentIndex(0 if ready else 1)
        self._ready = ready

    _ready = False

    def _turn(self, key: str) -> None:
        letter, layer, above = self._shown
        self.show_state(letter, layer, self._kind, above, ready=self._ready)
        self.turned.emit(key)

    def _show_pattern(self) -> None:
        """The newest that is known: while a hand moves, the picture follows as fast as the worker answers."""
        letter, layer, above = self._shown
        if not self.at_pattern or not layer:
            return
        asked = {"letter": letter, "layer": layer, "above": float(above)}
        pattern: Pattern | None = self._answers.of("pattern", "shown", asked, Pattern.of)
        if self.picture is None:
            self.picture = PatternPicture()
            self._inside.addWidget(self.picture, 1)
        if pattern is None:
            known = self.picture.shown is not None and self.picture.layer == (letter, layer)
            self._stack.setCurrentIndex(2 if known else 1)
            return
        self.picture.layer = (letter, layer)
        self.picture.show_pattern(pattern, layer, self._kind)
        self.legend.show_scale(self.picture.most, self._kind)
        self.summary.setText(summary(pattern))
        self._stack.setCurrentIndex(2)


def beside(chips: QWidget, views: Segmented) -> QHBoxLayout:
    """The layers, which may take several lines, and at their right the views of the one that is shown."""
    line = row(chips, gap=10)
    line.setStretch(0, 1)
    line.addWidget(views, 0, Qt.AlignmentFlag.AlignTop)
    return line
