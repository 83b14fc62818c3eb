"""Pages are made ahead in pieces, and finished at once by whoever wants one before it is."""

import pytest
from PySide6.QtWidgets import QApplication

from app.ui.compress_page import CompressPage
from app.ui.pages import PAGES
from app.ui.plots import spares
from app.ui.plots.histogram import Histogram
from app.ui.studies import Studies
from app.ui.window import Window


@pytest.fixture
def window(qtbot, desk, tmp_path) -> Window:
    made = Window(desk, Studies(desk, tmp_path / "studies"), PAGES)
    qtbot.addWidget(made)
    made.show()
    return made


def test_every_page_is_made_in_the_end(window, qtbot, monkeypatch):
    monkeypatch.setattr(type(window.desk), "jobs", property(lambda _: ()))
    window.make_rest()
    qtbot.waitUntil(lambda: set(window.made) == {entry.key for entry in PAGES}, timeout=20_000)
    assert window.stack.count() == len(PAGES)
    assert not window._begun


def test_a_page_wanted_half_way_is_finished_and_not_made_twice(window):
    pieces = window._pieces()
    while "compress" not in window._begun:
        next(pieces)
    begun = window._begun["compress"]
    next(pieces)
    assert not hasattr(begun, "columns"), "it was not done yet"
    window.show_page("compress")
    assert window.shown is begun
    assert window.shown.columns.isVisible()
    for _ in pieces:
        QApplication.processEvents()
    assert window.made["compress"] is begun
    assert window.stack.count() == len(PAGES)


def test_a_spare_is_taken_once(qtbot):
    spares.make_spare(Histogram)
    first, second = spares.take(Histogram), spares.take(Histogram)
    qtbot.addWidget(first)
    qtbot.addWidget(second)
    assert first is not second


def test_a_page_on_its_own_is_whole(qtbot, desk):
    page = CompressPage(desk)
    qtbot.addWidget(page)
    assert page.columns is not None
    page.finish()
