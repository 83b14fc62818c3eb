"""Graph: the layers as boxes and what flows between them, coloured by what one wants to know."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from PySide6.QtCore import QPointF, QTimer
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QMenu, QStackedLayout, QVBoxLayout, QWidget

from app import words
from app.graph import ALL, Drawing
from app.graph_figures import METRICS, Figures
from app.study import Candidate
from app.ui import remember, theme
from app.ui.desk import Desk
from app.ui.graph.canvas import GraphCanvas
from app.ui.graph.export import as_it_stands, export_graph
from app.ui.graph.find import FindField, hits
from app.ui.graph.legend import Legend
from app.ui.network.view import View
from app.ui.parts.buttons import button, icon_button, menu_button
from app.ui.parts.card import Card, row
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.text import caption
from app.ui.plots.tools import copy_picture
from profiler.plain import from_plain, to_plain

NO_HIT = "No layer matches"
SLOW_MS = 300  # what takes longer says so
RESIZED_MS = 200  # after the last change of size, columns are set anew
LEAST_ROOM = (300.0, 160.0)


class GraphView(View):
    key: ClassVar[str] = "graph"
    title: ClassVar[str] = "Graph"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.canvas = GraphCanvas()
        self.menu = QMenu()
        self.colour = menu_button("Colour by kind", self.menu, tip="What the colour of a box tells")
        self.legend = Legend()
        self.field = FindField()
        self.hits_words = caption("")
        self.folding = button("Unfold all", self._fold_or_unfold, tip="Open every block, or fold them again")
        self.waiting = EmptyState("")
        self.failed = EmptyState("", [("Try again", lambda: self._ask())])
        self.busy = caption("")
        self.coloured_by = remember.text("graph_metric", "kind")
        self._candidate: Candidate | None = None
        self._drawing: Drawing | None = None
        self._opened: frozenset[str] | None = None
        self._kind = self._layer = ""
        self._asked = 0  # answers to older questions are not wanted
        self._held: tuple[str, QPointF] | None = None  # a layer that stays at its pixel
        self._room = (0.0, 0.0)  # that the drawing was laid out for
        self._soon = QTimer(self, singleShot=True, interval=0)  # type: ignore[call-arg] # once the view has its size
        self._resized = QTimer(self, singleShot=True, interval=RESIZED_MS)  # type: ignore[call-arg]
        self._late = QTimer(self, singleShot=True, interval=SLOW_MS)  # type: ignore[call-arg]
        self.legend.hide()
        self._build()
        self._connect()

    def _build(self) -> None:
        card = Card(pad=12, gap=8)
        tools = (
            icon_button("corners-out", "Fit (F)", self.canvas.fit),
            icon_button("copy", "Copy picture (Ctrl+Shift+C)", self.copy_picture),
            icon_button("download-simple", "Export as SVG, PNG or CSV (Ctrl+E)", self.export),
        )
        card.add(
            row(self.colour, self.legend, self.folding, self.busy, None, self.hits_words, self.field, *tools, gap=8)
        )
        self._stack_place = QWidget()
        self._stack = QStackedLayout(self._stack_place)
        for page in (self.canvas, self.waiting, self.failed):
            self._stack.addWidget(page)
        card.add(self._stack_place)
        card.body.setStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(card)
        self.setFocusProxy(self.canvas)

    def _connect(self) -> None:
        self.canvas.picked.connect(self._picked)
        self.canvas.opened.connect(self.opened)
        self.canvas.toggled.connect(self._toggle)
        self.canvas.search_wanted.connect(self.find)
        self.field.textChanged.connect(lambda _: self._recolour())
        self.field.wanted.connect(self.next_hit)
        self.field.left.connect(self.canvas.setFocus)
        self.menu.aboutToShow.connect(self._fill_menu)
        self._late.timeout.connect(self._say_busy)
        self._soon.timeout.connect(self._ask)
        self._resized.timeout.connect(self._set_anew)

    # ---- what is shown

    def show_candidate(self, candidate: Candidate, other: Candidate | None) -> None:
        before, self._candidate = self._candidate, candidate
        if (
            before is not None
            and before.breakdown is candidate.breakdown
            and (self._drawing or self._late.isActive() or self._soon.isActive())
        ):
            self._recolour()
            return
        if before is None or _names(before) != _names(candidate):
            self._opened, self._drawing = None, None
            self.canvas.forget()
        self._held = None
        self._soon.start()

    def _ask(self) -> None:
        """Have the graph laid out; what is shown stays until the answer is there."""
        candidate = self._candidate
        if candidate is None:
            return
        self._asked += 1
        asked = self._asked
        count = len(candidate.breakdown.layers)
        self.waiting.words.setText(f"Laying out {words.plural(count, 'layer')}…")
        if self._drawing is None:
            self._stack.setCurrentWidget(self.waiting)
        self._late.start()
        self._room = self._room_now()
        settings: dict[str, Any] = {
            "letter": candidate.letter,
            "breakdown": to_plain(candidate.breakdown),
            "opened": None if self._opened is None else sorted(self._opened),
            "room": list(self._room),
        }
        self.desk.ask(
            "graph",
            settings,
            lambda answer: self._arrived(asked, answer),
            lambda error: self._not_arrived(asked, error),
        )

    def _room_now(self) -> tuple[float, float]:
        place, scale = self._stack_place, theme.scale()
        return max(place.width() / scale, LEAST_ROOM[0]), max(place.height() / scale, LEAST_ROOM[1])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._resized.start()

    def _set_anew(self) -> None:
        """Columns for another size, where all of it is looked at and it would be another form."""
        if self._drawing is None or not self.canvas.fitted:
            return
        (wide, high), (was_wide, was_high) = self._room_now(), self._room
        shape, area = (wide / high) / (was_wide / was_high), (wide * high) / (was_wide * was_high)
        if max(shape, 1 / shape) > 1.2 or max(area, 1 / area) > 1.4:
            self._ask()

    def _arrived(self, asked: int, answer: dict[str, Any]) -> None:
        if asked != self._asked or self._candidate is None:
            return
        self._done()
        first = self._drawing is None
        self._drawing = from_plain(answer, Drawing)
        self._opened = frozenset(self._drawing.opened)
        self.canvas.show_drawing(self._drawing, self._figures(self._candidate))
        self._stack.setCurrentWidget(self.canvas)
        self._recolour()
        self.canvas.select(self._layer)
        if first or self.canvas.fitted:
            self.canvas.fit()
        elif self._held is not None:
            self._hold(*self._held)
        self.folding.setVisible(bool(self._drawing.blocks))
        self.folding.setText("Fold blocks" if self._all_open() else "Unfold all")

    def _not_arrived(self, asked: int, error: BaseException) -> None:
        if asked != self._asked:
            return
        self._done()
        self.failed.words.setText(f"The graph could not be laid out. {error}")
        self._stack.setCurrentWidget(self.failed)

    def _done(self) -> None:
        self._late.stop()
        self.busy.setText("")

    def _say_busy(self) -> None:
        self.busy.setText(self.waiting.words.text() if self._drawing is not None else "")

    def _hold(self, layer: str, at: QPointF) -> None:
        """Put a layer's box back to the pixel where one looked."""
        place = self.canvas.scene.place_of(layer) if self.canvas.scene is not None else None
        if place is not None and self.canvas.scene is not None:
            now = self.canvas.camera.seen(self.canvas.scene.rects[place].topLeft())
            self.canvas.look_at(self.canvas.camera.moved(at - now))
            self.canvas.show_box(place)

    # ---- folding

    def _toggle(self, key: str) -> None:
        drawing, scene = self._drawing, self.canvas.scene
        if drawing is None or scene is None:
            return
        block = next(block for block in drawing.blocks if block.key == key)
        layer = drawing.names[block.first]
        place = scene.place_of(layer)
        if place is not None:
            self._held = layer, self.canvas.camera.seen(scene.rects[place].topLeft())
        opened = self._opened or frozenset()
        folded = key in opened
        if folded:
            inside = {b.key for b in drawing.blocks if block.first <= b.first and b.last <= block.last}
            self._open(opened - inside)
        else:
            self._open(opened | {key})
        at = drawing.names.index(self._layer) if self._layer in drawing.names else -1
        if not block.first <= at <= block.last:
            self._picked(layer)

    def _open(self, opened: Iterable[str]) -> None:
        self._opened = frozenset(opened)
        self._ask()

    def _all_open(self) -> bool:
        return self._drawing is not None and len(self._drawing.opened) == len(self._drawing.blocks)

    def _fold_or_unfold(self) -> None:
        if self._drawing is None:
            return
        self._held = None
        self.canvas.fitted = True
        self._open(() if self._all_open() else (ALL,))

    # ---- colours

    def _fill_menu(self) -> None:
        self.menu.clear()
        figures = self._figures(self._candidate) if self._candidate is not None else None
        for key in METRICS:
            if figures is None or (key == "time" and not figures.timed):
                continue
            name = METRICS[key] if key in ("kind", "activation") else figures.metric_words(key)
            made = self.menu.addAction(name, lambda key=key: self.colour_by(key))
            made.setCheckable(True)
            made.setChecked(key == self._metric(figures))

    def colour_by(self, metric: str) -> None:
        """Kind, params, ops, activation or time."""
        self.coloured_by = metric
        remember.keep("graph_metric", metric)
        self._recolour()

    def _metric(self, figures: Figures) -> str:
        known = self.coloured_by in METRICS and (self.coloured_by != "time" or figures.timed)
        return self.coloured_by if known else "kind"

    def _figures(self, candidate: Candidate) -> Figures:
        return Figures(candidate, self.desk.convention, self.desk.device)

    def _recolour(self) -> None:
        candidate = self._candidate
        if candidate is None or self._drawing is None:
            return
        figures = self._figures(candidate)
        metric = self._metric(figures)
        found = self._hits()
        self.canvas.recolour(metric, self._kind, figures, None if found is None else set(found.values()))
        said = figures.metric_words(metric)
        self.colour.setText(f"Colour by {said if metric == 'ops' else said[0].lower() + said[1:]}")
        self.legend.setVisible(metric != "kind")
        self.legend.show_scale(said, self.canvas.most(), metric)
        self.hits_words.setText(
            "" if found is None else words.plural(len(found), "hit") if found else "No layer matches"
        )
        self.canvas.setAccessibleName(f"Graph of {candidate.breakdown.network}")

    # ---- finding

    def _hits(self) -> dict[str, int] | None:
        return hits(self.field.text(), self.canvas.scene, self.canvas.figures)

    def next_hit(self, by: int = 1) -> None:
        """Go to the next layer that is found; the blocks it lies in are opened."""
        found, drawing = self._hits(), self._drawing
        if not found or drawing is None:
            return
        order = list(found)
        at = order.index(self._layer) + by if self._layer in order else 0
        layer = order[at % len(order)]
        self._picked(layer)
        place = found[layer]
        if drawing.nodes[place].fold:
            index = drawing.names.index(layer)
            around = {block.key for block in drawing.blocks if block.first <= index <= block.last}
            self.canvas.fitted = False
            self._held = layer, QPointF(self.canvas.width() / 2, self.canvas.height() / 2)
            self._open((self._opened or frozenset()) | around)
        else:
            self.canvas.look.current = place
            self.canvas.show_box(place, near=True)
            self.canvas.update()

    def find(self) -> None:
        self.field.setFocus()
        self.field.selectAll()

    def search(self, words: str) -> None:
        self.field.setText(words)

    # ---- the page

    def _picked(self, layer: str) -> None:
        self._layer = layer
        self.picked.emit(layer)

    def select(self, layer: str) -> None:
        self._layer = layer
        scene, current = self.canvas.scene, self.canvas.look.current
        if scene is None or current < 0 or scene.place_of(layer) != current:
            self.canvas.select(layer)

    def filter_kind(self, kind: str) -> None:
        if kind != self._kind:
            self._kind = kind
            self._recolour()

    def next_layer(self, by: int) -> None:
        self.canvas.step(by)

    def copy_rows(self) -> bool:
        text = "\n".join("\t".join(line) for line in self.canvas.rows())
        QGuiApplication.clipboard().setText(text)
        return bool(text)

    def _wanted_legend(self) -> Legend | None:
        return self.legend if self.legend.isVisibleTo(self) else None

    def copy_picture(self) -> bool:
        copy_picture(as_it_stands(self.canvas, self._wanted_legend()))
        return True

    def export(self) -> bool:
        return export_graph(self.canvas, self._wanted_legend(), self) is not None

    def filter(self) -> bool:
        """F fits."""
        self.canvas.fit()
        return True

    def escape(self) -> bool:
        had = bool(self.field.text() or self._kind)
        self.field.clear()
        if self._kind:
            self._kind = ""
            self.cleared.emit()
        self._recolour()
        return had


def _names(candidate: Candidate) -> list[str]:
    return [layer.name for layer in candidate.breakdown.layers]
