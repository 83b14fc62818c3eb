"""Report: the parts that are chosen, the preview of what will be written, and writing it."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QLabel

from app.ui import theme
from app.ui.desk import Desk
from app.ui.report_page import ReportPage
from app.ui.report_preview import drawing, picture, size_of
from app.workbench import JobView
from tests.app.ui.pages_support import InstantWorkbench, study_facts
from tests.app.ui.shown import show


@pytest.fixture
def page(qtbot) -> ReportPage:
    desk = Desk()
    desk.attach(InstantWorkbench(study_facts()))  # type: ignore[arg-type]
    made = show(qtbot, ReportPage(desk), 1100, 700)
    qtbot.waitUntil(lambda: bool(made.preview.html), timeout=10_000)
    return made


def test_the_preview_is_of_the_very_html(page):
    assert page.preview.html.startswith("<!DOCTYPE html>")
    text = page.preview.toPlainText()
    assert "Prune fc 91 %" in text
    assert "Measured on a device" in text


def test_a_part_that_is_left_out_leaves_the_preview(qtbot, page):
    page.boxes["profiles"].setChecked(False)
    qtbot.waitUntil(lambda: "Measured on a device" not in page.preview.toPlainText(), timeout=10_000)
    assert "Trade-off" in page.preview.toPlainText()


def test_saving_asks_where_and_writes_the_chosen_parts(page, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "mine"), ""))
    page.boxes["method"].setChecked(False)
    page.save_button.click()
    name, given = page.desk.workbench.calls[-1]
    assert (name, given["path"]) == ("build_report", tmp_path / "mine.html")
    assert "method" not in given["parts"]
    assert "summary" in given["parts"]


def test_what_was_written_is_said(qtbot, page, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "mine.html"), ""))
    page.primary()
    page.desk.workbench.show_job(JobView("job-1", "report", "", "Write", "done"))
    qtbot.waitUntil(lambda: page.notices.count() == 1)
    words = " ".join(w.text() for w in page.notices.itemAt(0).widget().findChildren(QLabel))
    assert str(Path("mine.html")) in words


def test_without_any_part_there_is_nothing_to_save(page):
    page._all(False)
    assert not page.save_button.isEnabled()


def test_drawings_take_the_theme_s_colours(qapp):
    text = '<svg viewBox="0 0 20 10" width="20"><line class="grid" x1="0" x2="20" y1="5" y2="5"/></svg>'
    assert theme.current().grid in drawing(text)
    assert size_of(text) == (20, 10)
    assert picture(text).size().width() == 40


def test_the_preview_loads_nothing_from_anywhere(page):
    from PySide6.QtCore import QUrl

    assert page.preview.loadResource(2, QUrl("file:///etc/hostname")) is None
