"""Report: left a list of parts with check boxes, right the very HTML that will be written."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QShowEvent
from PySide6.QtWidgets import QCheckBox, QFileDialog, QVBoxLayout, QWidget

from app.report import PARTS, build
from app.ui import theme
from app.ui.background import in_background
from app.ui.page import Page
from app.ui.parts.buttons import button, link_button, primary_button
from app.ui.parts.card import Card, clear, column, row
from app.ui.parts.error_card import ErrorCard, NoteLine
from app.ui.parts.text import caption, label
from app.ui.report_preview import ReportPreview

BESIDE = "Three CSV tables and a JSON file with every figure are written beside it."
SIMPLE = "A simple preview. The browser shows it as it is written."


class ReportPage(Page):
    key: ClassVar[str] = "report"
    title: ClassVar[str] = "Report"
    icon: ClassVar[str] = "ph.file-text"

    def build(self) -> Iterator[None]:
        desk = self.desk
        self.boxes = {key: self._box(title) for key, title in PARTS.items()}
        self.preview = ReportPreview()
        self.save_button = primary_button("Save report…", self.primary, glyph="download-simple", tip="Ctrl+Return")
        self.browser_button = button("Open in browser", self.open_in_browser, glyph="arrow-square-out")
        self.notices = column(gap=8)
        self.job = ""
        self._shown: tuple[object, ...] = ()
        self._soon = QTimer(self, singleShot=True, interval=80)
        self._soon.timeout.connect(self._build)
        self._assemble()
        desk.study_changed.connect(lambda _: self._changed())
        desk.theme_changed.connect(lambda _: self.preview.html and self.preview.show_report(self.preview.html))
        desk.jobs_changed.connect(self._show_job)
        yield from ()  # it takes no time

    def _box(self, title: str) -> QCheckBox:
        box = QCheckBox(title)
        box.setChecked(True)
        box.setMinimumHeight(theme.px(28))
        box.toggled.connect(lambda _: self._changed())
        return box

    def _assemble(self) -> None:
        parts = Card("Parts", gap=4)
        parts.setFixedWidth(theme.px(270))
        choose = row(link_button("All", lambda: self._all(True)), link_button("None", lambda: self._all(False)), None)
        parts.add(*self.boxes.values(), 8, choose)
        parts.add(None, caption(BESIDE, wrap=True))
        page = Card(pad=14, gap=6)
        page.add(row(caption(SIMPLE), None), self.preview)
        page.body.setStretch(1, 1)
        head = row(label("Report", "page"), None, self.browser_button, self.save_button)
        body = row(parts, page, gap=12)
        body.setStretch(1, 1)
        layout = QVBoxLayout(self)
        edge = theme.px(theme.MARGIN)
        layout.setContentsMargins(edge, theme.px(12), edge, theme.px(16))
        layout.setSpacing(theme.px(12))
        layout.addLayout(head)
        layout.addLayout(self.notices)
        layout.addLayout(body, 1)

    # ------------------------------------------------------------------ showing

    @property
    def chosen(self) -> list[str]:
        """The keys of the parts that are written."""
        return [key for key, box in self.boxes.items() if box.isChecked()]

    def _all(self, on: bool) -> None:
        for box in self.boxes.values():
            box.setChecked(on)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._changed()

    def _changed(self) -> None:
        """The preview follows while it is looked at, at most every 80 ms."""
        there = self.desk.study.baseline is not None
        self.setEnabled(there)
        self.save_button.setEnabled(there and bool(self.chosen))
        self.browser_button.setEnabled(there and bool(self.chosen))
        if self.isVisible() and there:
            self._soon.start()

    def _build(self) -> None:
        study, parts = self.desk.study, self.chosen
        wanted = (study, tuple(parts))
        if self._shown and self._shown[0] is study and self._shown[1] == wanted[1]:
            return
        self._shown = wanted
        in_background(self, lambda: build(study, self._objects(), parts), self.preview.show_report, self.show_error)

    def _objects(self) -> Path | None:
        store = getattr(self.desk.workbench, "store", None)
        return store.objects if store is not None else None

    # ------------------------------------------------------------------ doing

    def primary(self) -> None:
        """Ask where to, and write the report with its tables beside it."""
        workbench = self.desk.workbench
        if workbench is None or not self.save_button.isEnabled():
            return
        stem = "".join(sign if sign.isalnum() or sign in "-_ " else "-" for sign in self.desk.study.name).strip()
        name, _ = QFileDialog.getSaveFileName(
            self, "Save report", f"{stem or 'study'}-report.html", "Web page (*.html)"
        )
        if name:
            path = Path(name)
            self._path = path if path.suffix else path.with_suffix(".html")
            self.job = workbench.build_report(self._path, self.chosen)
            self._show_job()

    def _show_job(self) -> None:
        view = next((view for view in self.desk.jobs if view.job == self.job), None)
        self.save_button.setText("Writing…" if view is not None and not view.ended else "Save report…")
        if view is None or not view.ended:
            return
        self.job = ""
        clear(self.notices)
        if view.state == "failed":
            self.notices.addWidget(ErrorCard(view.error, "", view.fix, view.evidence))
        elif view.state == "done":
            path = self._path
            show = ("Open it", lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))))
            self.notices.addWidget(NoteLine(f"The report is written: {path}", tone="tell", action=show))

    def open_in_browser(self) -> None:
        """The report as it is now, in a file of its own that is not kept."""
        study, parts = self.desk.study, self.chosen

        def write() -> Path:
            folder = Path(tempfile.mkdtemp(prefix="netbonsai-report-"))
            path = folder / "report.html"
            path.write_text(build(study, self._objects(), parts), encoding="utf-8")
            return path

        def show(path: Path) -> None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))

        in_background(self, write, show, self.show_error)

    def show_error(self, error: BaseException) -> None:
        clear(self.notices)
        self.notices.addWidget(ErrorCard.of(error))

    # ------------------------------------------------------------------ the window's keys

    def parts(self) -> list[QWidget]:
        return [*list(self.boxes.values())[:1], self.preview, self.save_button]

    def export(self) -> bool:
        self.primary()
        return True
