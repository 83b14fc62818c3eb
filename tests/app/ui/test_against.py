"""Two candidates side by side in the layer table. B of the test study is LeNet-5 with weights pruned to zero."""

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QApplication

from app.facts import CandidateBorn
from app.ui.network_page import NetworkPage
from app.workbench import Workbench
from profiler.breakdown import Breakdown
from tests.app.ui.shown import settle, show


@pytest.fixture
def page(qtbot, desk, workbench: Workbench, lenet5: Breakdown) -> NetworkPage:
    """D is A with fc1 of 250 outputs, without its pooling, and with one layer more."""
    layers = {layer.name: layer for layer in lenet5.layers}
    small = replace(layers["fc1"], weight_shape=(250, 800), params=200_250, macs=200_000, weight_bytes=801_000)
    extra = replace(layers["fc2"], name="fc3", params=110, macs=100, weight_shape=(10, 10))
    changed = [small if layer.name == "fc1" else layer for layer in lenet5.layers if layer.name != "pool2"]
    born = CandidateBorn("D", "A", "Half of fc1", "object:d", "d.onnx", replace(lenet5, layers=(*changed, extra)), None)
    workbench.record(born)
    made = show(qtbot, NetworkPage(desk))
    desk.select_candidate("D")
    made.compare.choose("A")
    settle()
    return made


def test_what_changed_came_and_went(page):
    rows = {row.key: row for row in page.layers.table.shown()}
    assert rows["fc1"].cell("status").text == "changed"
    assert rows["fc1"].cell("params").value == 200_250
    assert rows["fc1"].cell("params").behind == 400_500
    assert rows["fc1"].cell("params change").value == -200_250
    assert rows["fc1"].cell("params change").text == "−200 k"
    assert rows["conv1"].cell("status").text == "same"
    assert rows["fc3"].cell("status").text == "new"
    assert rows["gone:pool2"].cell("status").text == "gone"
    assert page.layers.card.subtitle.text() == "7 layers the same, 1 changed, 1 added, 1 removed, against A"


def test_the_totals_change_by_the_sum_of_the_changes(page):
    rows = page.layers.table.shown()
    change = page.layers.table._total_row.cell("params change").value
    assert change == sum(row.cell("params change").value or 0 for row in rows)
    assert change == -200_250 + 110


def test_a_layer_that_is_gone_is_not_selected(page, desk):
    desk.select_layer("conv1")
    page.layers._pick("gone:pool2")
    assert desk.layer == "conv1"


def test_the_bars_name_the_other_s_total(page):
    labels = [texts[3].text() for texts in page.heavy._labels]
    assert labels[0] == "A 431.1 k"
    page.compare.choose("")
    settle()
    assert not page.heavy._labels[0][3].isVisible()
    assert "Against A" not in [column.head for column in page.layers.table.model.columns]
    assert "output" in [column.key for column in page.layers.table.model.columns]


def test_a_copy_holds_the_changes(page, qtbot):
    page.layers.table.copy()
    text = QApplication.clipboard().text()
    assert "Change" in text.splitlines()[0]
