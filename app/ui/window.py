"""The frame: top bar, rail, goal strip, the page, job bar. It never changes and never scrolls away."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.ui import remember, theme
from app.ui.commands import Commands
from app.ui.desk import Desk
from app.ui.devices.board_sheet import BoardSheet
from app.ui.devices.doorman import Doorman
from app.ui.devices.password_sheet import PasswordSheet
from app.ui.drop import DropTargets
from app.ui.goal_sheet import GoalSheet
from app.ui.goal_strip import GoalStrip
from app.ui.job_bar import JobBar
from app.ui.notices import Notices
from app.ui.opening import Opening
from app.ui.page import Page
from app.ui.pages import PAGES, PageEntry
from app.ui.parts.card import hairline
from app.ui.plots.spares import make_spare
from app.ui.queue_sheet import QueueSheet
from app.ui.rail import Rail
from app.ui.save_network import SaveNetwork
from app.ui.search import Search
from app.ui.shortcuts import Shortcuts
from app.ui.studies import Studies
from app.ui.top_bar import TopBar

DRESSED_AT_ONCE = 40  # widgets in one piece of work


class Window(QWidget):
    """One window, one study."""

    def __init__(self, desk: Desk, studies: Studies, pages: Sequence[PageEntry] = PAGES) -> None:
        super().__init__()
        self.desk, self.studies, self.entries = desk, studies, {entry.key: entry for entry in pages}
        self.made: dict[str, Page] = {}
        self._begun: dict[str, Page] = {}
        self._rest = self._pieces()
        self.setWindowTitle("NetBonsai")
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.top = TopBar([(entry.key, entry.title, entry.icon) for entry in pages])
        self.rail = Rail(desk)
        self.goal = GoalStrip(desk)
        self.notices = Notices(desk)
        self.stack = QStackedWidget()
        self.jobs = JobBar(desk)
        self._lay_out()
        self.goal_sheet = GoalSheet(self.page_area, desk)
        self.queue_sheet = QueueSheet(self.page_area, desk)
        self.saving = SaveNetwork(self.page_area, desk)
        self.board_sheet, self.password = BoardSheet(self.page_area, desk), PasswordSheet(self.page_area, desk)
        self.doorman = Doorman(self, desk, self.board_sheet, self.password)
        self.opening = Opening(self, desk, studies)
        self.commands = Commands(self)
        self.search = Search(self.page_area, desk, self.commands.hits)
        self.targets = DropTargets(self, desk)
        self.shortcuts = Shortcuts(self)
        self._connect()
        self._restore()
        self.setFocus()  # no ring before a key is pressed

    # ---- building

    def _lay_out(self) -> None:
        self.page_area = QWidget()
        inner = _column(self.goal, hairline(), self.notices)
        inner.addWidget(self.stack, 1)
        self.page_area.setLayout(inner)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setProperty("edge", "line")
        self.splitter.setHandleWidth(theme.HAIRLINE)
        self.splitter.setChildrenCollapsible(False)
        self.rail.setMinimumWidth(theme.px(theme.RAIL_LEAST))
        self.rail.setMaximumWidth(theme.px(theme.RAIL_MOST))
        self.splitter.addWidget(self.rail)
        self.splitter.addWidget(self.page_area)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.splitterMoved.connect(lambda *_: remember.keep("rail_width", str(self.rail.width())))
        whole = _column(self.top, hairline())
        whole.addWidget(self.splitter, 1)
        whole.addWidget(hairline())
        whole.addWidget(self.jobs)
        self.setLayout(whole)
        self.setMinimumSize(*(theme.px(side) if theme.scale() <= 1 else side for side in theme.LEAST_WINDOW))

    def _connect(self) -> None:
        desk, top = self.desk, self.top
        top.page_chosen.connect(self.show_page)
        top.convention_chosen.connect(desk.set_convention)
        top.search.connect(self.open_search)
        top.switch_theme.connect(self.switch_theme)
        top.menu.aboutToShow.connect(lambda: self.commands.fill_study_menu(top.menu))
        desk.page_changed.connect(self.show_page)
        desk.recipe_wanted.connect(self._use_recipe)
        desk.convention_changed.connect(self._show_convention)
        desk.study_changed.connect(lambda _: self._show_name())
        desk.theme_changed.connect(self._apply_theme)
        self.goal.edit.connect(self.goal_sheet.present)
        self.jobs.opened.connect(self.open_queue)
        self.rail.resized.connect(self._line_up)
        self.rail.make_one.connect(lambda: self.show_page("compress"))
        self.rail.open_network.connect(self.opening.add_network)
        self.rail.save_network.connect(self.saving.present_for)
        self.studies.failed.connect(self._could_not_open)
        self.targets.dropped.connect(self.opening.dropped)
        self.targets.measured.connect(self.opening.measured)

    def _restore(self) -> None:
        self.resize(theme.px(1440), theme.px(900))
        self.restoreGeometry(remember.state("window"))
        kept = remember.text("rail_width")
        rail = int(kept) if kept.isdigit() else theme.px(theme.RAIL)
        self.splitter.setSizes([rail, max(self.width() - rail, rail)])
        self.rail.setVisible(remember.text("rail") != "hidden")
        self.top.show_theme(theme.current().name)
        page = remember.text("page", "network")
        self.show_page(page if page in self.entries else next(iter(self.entries)))
        self._show_name()
        QTimer.singleShot(0, self._line_up)

    # ---- pages

    def page(self, key: str) -> Page:
        """The page, made when it is first wanted."""
        if key not in self.made:
            made = self._begun.pop(key, None) or self.entries[key].begin(self.desk)
            made.finish()
            self.made[key] = made
            self.stack.addWidget(made)
            self.opening.follow(made)
        return self.made[key]

    def _use_recipe(self, of: str, on: str) -> None:
        """A candidate's recipe on another one, to be looked at before it runs."""
        self.show_page("compress")
        cast(Any, self.shown).use_recipe(self.desk.study.candidate(of).recipe, on)

    def show_page(self, key: str) -> None:
        self.desk.set_page(key)
        self.stack.setCurrentWidget(self.page(key))
        self.top.show_page(key)
        remember.keep("page", key)

    @property
    def shown(self) -> Page:
        return self.page(self.desk.page)

    def make_rest(self) -> None:
        """A piece at a time while nobody waits, and no job needs the processors: it may be measuring them."""
        if any(not view.ended for view in self.desk.jobs):
            QTimer.singleShot(200, self.make_rest)
        elif next(self._rest, self) is not self:
            QTimer.singleShot(30, self.make_rest)
        else:
            gc.freeze()  # what stands now stays: looking it through for garbage would stop the window each time

    def _pieces(self) -> Iterator[None]:
        """The making of the pages, in pieces of which each is too short to be felt."""
        for key, entry in self.entries.items():
            if key not in self.made:
                yield from self._pieces_of(entry)
            page = self.page(key)
            yield
            yield from self._dress(page)
            page.prepare()
            yield

    def _pieces_of(self, entry: PageEntry) -> Iterator[None]:
        """Whoever wants the page meanwhile finishes it."""
        for kind in entry.page.spares:
            make_spare(kind)
            yield
        if entry.key not in self.made:
            self._begun[entry.key] = begun = entry.begin(self.desk)
            yield
            yield from begun.rest

    def _dress(self, page: Page) -> Iterator[None]:
        """What showing a page for the first time would do at once: its widgets' looks, then where they lie."""
        for place, widget in enumerate(page.findChildren(QWidget)):
            widget.ensurePolished()
            if place % DRESSED_AT_ONCE == DRESSED_AT_ONCE - 1:
                yield
        if not page.isVisible():
            page.setGeometry(self.stack.rect())
            layout = page.layout()
            if layout is not None:
                layout.activate()
        yield

    # ---- what the frame shows

    def _show_name(self) -> None:
        name = self.desk.study.name if self.desk.workbench is not None else "NetBonsai"
        self.top.show_study(name)
        self.setWindowTitle(f"{name} – NetBonsai" if name != "NetBonsai" else name)

    def _show_convention(self, convention: str) -> None:
        self.top.convention.choose(convention)

    def _line_up(self) -> None:
        """The edge of the rail goes on in the top bar."""
        width = self.rail.width() if self.rail.isVisible() else 0
        self.top.set_corner(width)
        self._show_name()

    def toggle_rail(self) -> None:
        self.rail.setVisible(self.rail.isHidden())
        remember.keep("rail", "hidden" if self.rail.isHidden() else "shown")
        self._line_up()

    def switch_theme(self) -> None:
        chosen = theme.DARK if theme.current().name == "light" else theme.LIGHT
        remember.keep("theme", chosen.name)
        self.desk.set_theme(chosen)

    def _apply_theme(self, chosen: theme.Theme) -> None:
        application = QApplication.instance()
        if isinstance(application, QApplication):
            theme.apply(application, chosen)
        self.top.show_theme(chosen.name)
        self._show_name()
        for widget in self.findChildren(QWidget):
            widget.update()

    def _could_not_open(self, error: BaseException) -> None:
        """The last study is gone or newer: say so, and show an empty window rather than none."""
        self.notices.show_error(error)
        shown = self.shown
        if self.desk.workbench is None and hasattr(shown, "say_reading"):
            shown.say_reading("No study is open.")  # type: ignore[attr-defined]

    # ---- sheets

    def open_search(self) -> None:
        self.search.present()

    def open_queue(self) -> None:
        if self.queue_sheet.isVisible():
            self.queue_sheet.dismiss()
        else:
            self.queue_sheet.present()

    def close_sheet(self) -> bool:
        """The sheet on top, if one is open."""
        own = (self.board_sheet, self.password)
        for sheet in (self.search, self.goal_sheet, self.queue_sheet, self.saving, self.opening.sizes, *own):
            if sheet.isVisible():
                sheet.dismiss()
                return True
        return False

    def parts(self) -> list[QWidget]:
        """Where F6 stops: top bar, rail, goal, the page's own parts, job bar."""
        frame = [self.top, self.rail, self.goal, *([self.notices] if self.notices.isVisible() else [])]
        return [part for part in (*frame, *self.shown.parts(), self.jobs) if part.isVisible()]

    # ---- Qt's events

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.shortcuts.plain_key(event):
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            self.targets.offer(paths, event.position().toPoint())
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self.targets.move_to(event.position().toPoint())
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.targets.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self.targets.release(event.position().toPoint())
        event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:
        remember.keep("window", self.saveGeometry())
        self.studies.close()
        super().closeEvent(event)

    def menu_place(self) -> QPoint:
        return self.top.study.mapToGlobal(self.top.study.rect().bottomLeft())


def _column(*widgets: QWidget) -> QVBoxLayout:
    layout = QVBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    for widget in widgets:
        layout.addWidget(widget)
    return layout
