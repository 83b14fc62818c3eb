"""Trade-off: which one do I ship? Plot, table, detail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QFileDialog, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.axes import AXES, AxisKey
from app.export import export_candidate
from app.facts import Goal, GoalSet
from app.tradeoff import goal_words, has_limits
from app.ui import theme, tradeoff_words
from app.ui.background import in_background
from app.ui.candidate_detail import CandidateDetail
from app.ui.packing_sheet import PackingSheet
from app.ui.page import Page
from app.ui.parts.buttons import link_button, primary_button
from app.ui.parts.card import Card, clear, column, holder, row
from app.ui.parts.columns import MiddleAndRight
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.error_card import ErrorCard
from app.ui.parts.marker import FigureLegend, Marker, look_of
from app.ui.parts.table import DataTable, table_tools
from app.ui.parts.text import Elided, caption, label
from app.ui.plots.legend import StairsLegend
from app.ui.plots.scatter import Scatter
from app.ui.plots.spares import take
from app.ui.plots.tools import copy_picture, export_plot, plot_tools
from app.ui.profile_words import device_title

ONE_POINT = "One point so far: the baseline. Every version you make appears here."
UP: tuple[AxisKey, ...] = ("accuracy", "latency", "size", "nonzero_params")
ACROSS: tuple[AxisKey, ...] = ("latency", "size", "nonzero_params", "macs", "params", "energy", "accuracy")


class TradeoffPage(Page):
    key: ClassVar[str] = "tradeoff"
    title: ClassVar[str] = "Trade-off"
    icon: ClassVar[str] = "ph.chart-line"
    spares = (Scatter,)
    _packing: PackingSheet | None = None  # made when it is first asked for

    # ------------------------------------------------------------------ building

    def build(self) -> Iterator[None]:
        self.up, self.across = self._choice(UP, "Up"), self._choice(ACROSS, "Across")
        self.where = QComboBox()
        self.where.setAccessibleName("Device")
        self.compare_button = primary_button("Compare", self.primary, glyph="arrows-clockwise")
        self.compare_button.setToolTip("Run both in turn on this device (Ctrl+Return)")
        self.plot = take(Scatter)
        yield
        self.count, self.sentence = caption(""), Elided("", "muted")
        self.strip = row(gap=10)
        self.table = DataTable("candidates", "Candidates", "Order of birth")
        make_one = ("Make one", lambda: self.desk.set_page("compress"))
        self.empty = EmptyState(ONE_POINT, [make_one], glyph="chart-line", primary=True)
        self.notices = column(gap=8)
        yield
        self.detail = CandidateDetail(self.desk)
        yield
        middle = self._middle()
        yield
        self.columns = MiddleAndRight("tradeoff", middle, self.detail, ("Candidates", "Candidate"), right_width=300)
        yield
        layout = QVBoxLayout(self)
        edge = theme.px(theme.MARGIN)
        layout.setContentsMargins(edge, theme.px(12), edge, theme.px(16))
        layout.addWidget(self.columns)
        self._connect()
        self.freshen()

    @staticmethod
    def _choice(keys: tuple[AxisKey, ...], name: str) -> QComboBox:
        made = QComboBox()
        made.setAccessibleName(f"{name} axis")
        for key in keys:
            made.addItem(AXES[key].label, key)
        made.setMinimumHeight(theme.px(theme.CONTROL))
        return made

    def _middle(self) -> QWidget:
        head = row(
            label("Trade-off", "page"), 12, caption("Up"), self.up, caption("Across"), self.across, caption("on"),
            self.where, None, self.compare_button,
        )  # fmt: skip
        self.where.setMinimumHeight(theme.px(theme.CONTROL))
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setHandleWidth(theme.px(12))
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self._plot_card())
        splitter.addWidget(self._table_card())
        splitter.setSizes([theme.px(430), theme.px(230)])
        splitter.setStretchFactor(0, 1)
        middle = holder(column(head, holder(self.notices), splitter, gap=10))
        middle.layout().setStretch(2, 1)  # type: ignore[union-attr]
        return middle

    def _plot_card(self) -> Card:
        card = Card(pad=14, gap=4)
        self.stack = QStackedWidget()
        shown = column(self.plot, self.strip_holder(), gap=2)
        shown.setStretch(0, 1)
        self.stack.addWidget(holder(shown))
        self.stack.addWidget(self.empty)
        self.legend = holder(
            row(FigureLegend(), StairsLegend(), None, self.count, *plot_tools(self.plot, "trade-off"), gap=12)
        )
        card.add(self.legend, self.stack, self.sentence)
        card.body.setStretch(1, 1)
        return card

    def strip_holder(self) -> QWidget:
        """The candidates that lack a value: below the axis, never on it."""
        self.strip_widget = holder(self.strip)
        return self.strip_widget

    def _table_card(self) -> Card:
        card = Card("Candidates", pad=0, gap=2)
        card.body.setContentsMargins(1, theme.px(6), 1, theme.px(4))
        card.head.setContentsMargins(theme.px(12), 0, theme.px(10), 0)
        for tool in table_tools(self.table):
            card.add_tool(tool)
        card.body.addWidget(self.table, 1)
        return card

    def _connect(self) -> None:
        desk = self.desk
        desk.study_changed.connect(self.freshen)
        desk.candidate_changed.connect(self.freshen)
        desk.convention_changed.connect(self.freshen)
        desk.device_changed.connect(self.freshen)
        desk.jobs_changed.connect(self._show_button)
        for box in (self.up, self.across):
            box.currentIndexChanged.connect(lambda _: self.refresh())
        self.where.activated.connect(lambda _: desk.select_device(self.where.currentData()))
        self.plot.picked.connect(desk.select_candidate)
        self.plot.limit_settled.connect(self.set_limit)
        self.table.picked.connect(desk.select_candidate)
        self.detail.export.connect(self.ask_export)
        self.detail.packing.connect(self._show_packing)
        self.detail.use_recipe.connect(self.desk.recipe_wanted)
        self.detail.profile.connect(self._profile)

    def _show_packing(self, letter: str) -> None:
        if self._packing is None:
            self._packing = PackingSheet(self, self.desk)
        self._packing.present_for(letter)

    # ------------------------------------------------------------------ showing

    @property
    def axes(self) -> tuple[AxisKey, AxisKey]:
        """Up, across."""
        return self.up.currentData(), self.across.currentData()

    def refresh(self) -> None:
        study, desk = self.desk.study, self.desk
        self.setEnabled(study.baseline is not None)
        if study.baseline is None:
            return
        self._show_devices()
        several = len(study.shown()) > 1
        self.stack.setCurrentIndex(0 if several else 1)
        self.legend.setVisible(several)
        up, across = self.axes
        self.plot.show_scene(tradeoff_words.scene(study, up, across, desk.device, desk.candidate))
        self.count.setText(tradeoff_words.counted(study, up, across, desk.device))
        self._show_strip()
        has_goal = study.goal is not None and has_limits(study.goal)
        self.sentence.setText(goal_words(study) if has_goal else "")
        self.sentence.setVisible(has_goal and several)
        self.table.show_columns(tradeoff_words.columns(study, desk.device, desk.convention))
        self.table.show_rows(tradeoff_words.rows(study, desk.device, desk.convention))
        self.table.pick(desk.candidate)
        self.detail.show_candidate(desk.candidate)
        self.columns.name_right(desk.candidate)
        self._show_button()

    def _show_devices(self) -> None:
        names = dict.fromkeys(("cpu", self.desk.device, *(d for c in self.desk.study.shown() for d in c.profiles)))
        if [self.where.itemData(place) for place in range(self.where.count())] != list(names):
            self.where.clear()
            for name in names:
                self.where.addItem(device_title(name), name)
        self.where.setCurrentIndex(max(self.where.findData(self.desk.device), 0))

    def _show_strip(self) -> None:
        clear(self.strip)
        lacking = tradeoff_words.lacking(self.desk.study, *self.axes, self.desk.device)
        self.strip_widget.setVisible(bool(lacking))
        if not lacking:
            return
        self.strip.addWidget(caption("not on the plot yet:"))
        for letter, said in lacking:
            self.strip.addWidget(Marker(look_of(self.desk.study, letter), "predicted", 11))
            line = link_button(said, lambda letter=letter: self.desk.select_candidate(letter))
            self.strip.addWidget(line)
        self.strip.addStretch(1)

    @property
    def pair(self) -> tuple[str, str] | None:
        """The baseline and the selected candidate, or its first version while the baseline is selected."""
        shown = [candidate.letter for candidate in self.desk.study.shown()]
        if len(shown) < 2:
            return None
        other = self.desk.candidate if self.desk.candidate in shown[1:] else shown[1]
        return shown[0], other

    def _show_button(self) -> None:
        pair = self.pair
        self.compare_button.setText(f"Compare {pair[0]} with {pair[1]}" if pair else "Compare")
        wanted = {"letters": list(pair)} if pair else {}
        running = any(v.kind == "compare" and not v.ended and pair and v.letter == pair[1] for v in self.desk.jobs)
        self.compare_button.setEnabled(bool(wanted) and not running)

    # ------------------------------------------------------------------ doing

    def primary(self) -> None:
        """Time both in turn: a ratio that a drifting machine does not spoil."""
        if self.pair and self.desk.workbench is not None and self.compare_button.isEnabled():
            self.desk.workbench.compare(self.pair, self.desk.device)
            self._show_button()

    def set_limit(self, side: str, value: float) -> None:
        """A limit was let go at `value`, in the axis's shown unit: the goal changes, as one fact."""
        up, across = self.axes
        axis = AXES[across if side == "x" else up]
        if axis.limit is None or self.desk.workbench is None:
            return
        goal = self.desk.study.goal or Goal(self.desk.device)
        changed = replace(goal, **{axis.limit: value / axis.shown})
        if changed != goal:
            self.desk.workbench.record(GoalSet(changed))

    def _profile(self, letter: str) -> None:
        if self.desk.workbench is not None:
            self.desk.workbench.profile(letter, self.desk.device)

    def ask_export(self, letter: str) -> None:
        candidate = self.desk.study.candidates[letter]
        stem = Path(candidate.file_name).stem
        name, _ = QFileDialog.getSaveFileName(self, "Export network", f"{stem}.onnx", "ONNX (*.onnx);;Packed (*.nbz)")
        if name and self.desk.workbench is not None:
            objects = self.desk.workbench.store.objects
            in_background(self, lambda: export_candidate(candidate, objects, Path(name)), failed=self.show_error)

    def show_error(self, error: BaseException) -> None:
        clear(self.notices)
        self.notices.addWidget(ErrorCard.of(error))

    # ------------------------------------------------------------------ the window's keys

    def parts(self) -> list[QWidget]:
        return [part for part in (self.up, self.plot, self.table, self.detail) if part.isVisible()]

    def copy_rows(self) -> bool:
        self.table.copy()
        return True

    def copy_picture(self) -> bool:
        copy_picture(self.plot)
        return True

    def export(self) -> bool:
        if self.table.view.hasFocus():
            return self.table.export() is not None
        return export_plot(self.plot, "trade-off") is not None

    def filter(self) -> bool:
        self.plot.fit()
        return True
