"""The views of the Network page: one selection, one filter, and each gives its picture and its figures."""

import csv

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication

from app.ui import remember
from app.ui.network.treemap_view import TreemapView
from app.ui.network_page import NetworkPage
from app.ui.plots.tools import write_plot
from tests.app.ui.shown import settle, show


@pytest.fixture
def page(qtbot, desk) -> NetworkPage:
    return show(qtbot, NetworkPage(desk))


@pytest.fixture
def view(page) -> TreemapView:
    page.show_view("treemap")
    settle()
    shown = page.shown
    assert isinstance(shown, TreemapView)
    return shown


def test_the_view_is_remembered(page, view, desk, qtbot):
    assert remember.text("network_view") == "treemap"
    again = NetworkPage(desk)
    qtbot.addWidget(again)
    assert again.tabs.key == "treemap"


def test_a_tile_clicked_selects_its_layer_everywhere(page, view, desk, qtbot):
    at = view.map.rect_of("fc1").center().toPoint()
    qtbot.mouseClick(view.map, Qt.MouseButton.LeftButton, pos=at)
    assert desk.layer == "fc1"
    assert page.detail.accessibleName() == "Layer fc1"
    page.show_view("layers")
    assert page.layers.table.current == "fc1"


def test_arrow_keys_go_from_the_heaviest_down(page, view, desk, qtbot):
    """LeNet-5: fc1 400,500, conv2 25,050, fc2 5,010, conv1 520 parameters."""
    desk.select_layer("fc1")
    for layer in ("conv2", "fc2", "conv1", "conv1"):
        qtbot.keyClick(view.map, Qt.Key.Key_Right)
        assert desk.layer == layer
    page.next_layer(-1)
    assert desk.layer == "fc2"


def test_the_sentence_follows_metric_share_and_convention(page, view, desk, qtbot):
    assert view.words.text() == "90 % of the parameters are in this 1 layer of 4 that have any."
    view.percent.setValue(95)
    assert view.words.text() == "95 % of the parameters are in these 2 layers of 4 that have any."
    qtbot.mouseClick(view.of.button("operations"), Qt.MouseButton.LeftButton)
    assert view.map.shares.title == "Operations, MACs"
    desk.set_convention("flops")
    settle()
    assert view.map.shares.title == "Operations, FLOPs"


def test_a_kind_clicked_above_fades_the_others_until_escape(page, view):
    page.heavy.bars[0].picked.emit("conv")
    assert view.map.kind == "conv"
    assert page.escape()
    assert view.map.kind == ""
    assert page.heavy.kind == ""
    assert not page.escape()


def test_time_is_offered_where_it_was_measured(page, view, desk):
    assert view.of.button("time").isVisibleTo(view)
    view.of.choose("time")
    desk.select_candidate("C")
    settle()
    assert not view.of.button("time").isVisibleTo(view)
    assert view.of.key == "params"


def test_the_picture_and_the_values_can_be_had(page, view, tmp_path):
    rows = list(csv.reader(write_plot(view.map, tmp_path / "map.csv").open()))
    assert rows[0] == ["layer", "kind", "Parameters", "share", "cumulative share"]
    assert rows[1][:3] == ["fc1", "fc", "400500.0"] or rows[1][:3] == ["fc1", "fc", "400500"]
    assert (write_plot(view.map, tmp_path / "map.svg")).read_text().startswith("<?xml")
    assert page.copy_rows()
    assert QApplication.clipboard().text().startswith("layer\tkind\tParameters")
    assert page.copy_picture()
    assert not QApplication.clipboard().pixmap().isNull()


def test_the_cumulative_bars_pick_too(view, desk, qtbot):
    layer, own, below = view.bars.rects()[1]
    assert layer == "conv2"
    assert own.height() >= 1
    qtbot.mouseClick(view.bars, Qt.MouseButton.LeftButton, pos=QPoint(int(own.center().x()), int(below.center().y())))
    assert desk.layer == "conv2"


def test_one_candidate_is_compared_with_another_until_it_is_gone(page, desk):
    page.compare.choose("B")
    assert page.compare.other().letter == "B"
    assert page.compare.button.text() == "Compare with B"
    desk.select_candidate("B")
    settle()
    assert page.compare.other() is None
    assert page.compare.button.text() == "Compare with"
