import pytest
from PySide6.QtWidgets import QLabel

from app.facts import CandidateBorn, DataChosen
from app.ui import remember
from app.ui.network_page import NetworkPage
from app.workbench import Workbench
from profiler.breakdown import Breakdown
from tests.app.ui.shown import settle, show


@pytest.fixture
def page(qtbot, desk) -> NetworkPage:
    return show(qtbot, NetworkPage(desk))


def texts(widget) -> list[str]:
    return [found.text() for found in widget.findChildren(QLabel) if found.isVisible() and found.text()]


def test_the_head_says_what_the_network_is(page: NetworkPage):
    assert page.name.text() == "A  Baseline"
    assert page.facts.text() == "lenet.onnx · input 1×28×28 · 9 layers, 4 with weights · opset 13"


def test_three_bars_share_out_parameters_operations_and_time(page: NetworkPage):
    """LeNet-5: 25,570 of 431,080 parameters and 1,888,000 of 2,293,000 MACs are convolutions."""
    assert texts(page.heavy)[:1] == ["Where the network is heavy"]
    first, second, third = page.heavy.bars
    assert [part.text for part, _ in first.rects()] == ["5.9 %", "94.1 %"]
    assert [part.text for part, _ in second.rects()] == ["82.3 %", "17.7 %"]
    assert "Convolution: 5.9 %, 25,570 parameters" in first.accessibleName()
    assert third.isVisible()
    assert "431.1 k" in texts(page.heavy)
    assert "2.293 M" in texts(page.heavy)


def test_a_part_clicked_filters_the_table_and_clears_again(page: NetworkPage):
    page.heavy.bars[0].picked.emit("conv")
    assert [row.key for row in page.layers.table.shown()] == ["conv1", "conv2"]
    assert page.heavy.bars[1].chosen == "conv"
    page.heavy.bars[0].picked.emit("conv")
    assert len(page.layers.table.shown()) == 9
    page.heavy.bars[0].picked.emit("fc")
    assert page.escape()
    assert len(page.layers.table.shown()) == 9
    assert page.heavy.bars[0].chosen == ""
    assert not page.escape()


def test_the_rows_hold_what_was_counted(page: NetworkPage):
    rows = {row.key: row for row in page.layers.table.shown()}
    assert rows["conv2"].cell("params").text == "25.1 k"
    assert rows["conv2"].cell("params").tip == "25,050 parameters"
    assert rows["conv2"].cell("ops").value == 1_600_000
    assert rows["pool1"].cell("params").text == "–"
    assert rows["conv1"].cell("activation").text == "46.1 kB"  # 20·24·24·4 bytes
    assert page.layers.table.total.accessibleName().startswith("Layer Total, Parameters 431.1 k, MACs 2.293 M")


def test_a_candidate_with_zeros_shows_what_is_left(page: NetworkPage, desk):
    assert "Not zero" not in [c.head for c in page.layers.table.model.columns]
    desk.select_candidate("B")
    settle()
    rows = {row.key: row for row in page.layers.table.shown()}
    assert rows["fc1"].cell("nonzero").text == "39.0 k"
    assert "39,000 weights are not zero, 9.8 %" in texts_of_detail(page, desk)
    assert page.facts.text().startswith("A › B · lenet-B.onnx")


def texts_of_detail(page: NetworkPage, desk) -> list[str]:
    desk.select_layer("fc1")
    settle()
    return texts(page.detail)


def test_without_a_profile_there_is_no_time(page: NetworkPage, desk):
    desk.select_candidate("C")
    settle()
    assert not page.heavy.bars[2].isVisible()
    assert "Time, here" not in [c.head for c in page.layers.table.model.columns]


def test_the_detail_writes_the_arithmetic_out(page: NetworkPage, desk):
    desk.select_layer("conv1")
    settle()
    said = texts(page.detail)
    for line in (
        "H′ = (H − d + 2z) / Δ + 1",
        "(28 − 5 + 2·0) / 1 + 1",
        "5 · 5 · 1 · 20 + 20",
        "520",
        "24 · 24 · 5 · 5 · 1 · 20",
        "288,000",
        "The lecture’s way counts 1.36 × more",
    ):
        assert line in said
    desk.set_convention("flops")
    settle()
    assert "2 · 24 · 24 · 5 · 5 · 1 · 20" in texts(page.detail)
    assert "576,000" in texts(page.detail)


def test_operators_outside_the_table_are_named(page: NetworkPage, desk, workbench: Workbench, lenet5: Breakdown):
    from dataclasses import replace

    odd = replace(lenet5.layers[1], name="odd", op="Einsum", params=None, macs=None)
    strange = replace(lenet5, layers=(*lenet5.layers, odd), unknown_ops=("Einsum",))
    workbench.record(CandidateBorn("D", None, "Odd", "object:d", "odd.onnx", strange, None))
    settle()
    desk.select_candidate("D")
    settle()
    note = "1 layer has operators that are not counted: Einsum. Totals leave them out."
    assert note in texts(page)
    rows = {row.key: row for row in page.layers.table.shown()}
    assert rows["odd"].cell("params").text == "not known"


def test_without_data_the_page_says_what_is_missing(page: NetworkPage, workbench: Workbench, workers, qtbot):
    workbench.record(DataChosen(None))
    settle()
    assert "No data set yet, so accuracy is not measured. Sizes and times are." in texts(page)


def test_the_demo_strip_is_only_on_the_demo_and_stays_closed(
    page: NetworkPage, desk, tmp_path, workbench, facts, workers
):
    assert not page.strip.isVisible()
    demo = Workbench(tmp_path / "demo", workers)
    demo.record(*facts)
    desk.attach(demo)
    settle()
    assert page.strip.isVisible()
    assert [action.text().split()[0] for action in page.strip.menu.actions()] == ["AlexNet"]
    heard = []
    page.shrink.connect(lambda: heard.append("shrink"))
    page.primary()
    assert heard == ["shrink"]
    page.strip.closed.emit()
    assert not page.strip.isVisible()
    assert remember.text("demo_strip_closed") == "yes"
    demo.close()


def test_an_empty_study_says_what_to_do(qtbot, tmp_path, workers):
    from app.ui.desk import Desk

    empty = Workbench(tmp_path / "empty", workers)
    desk = Desk()
    made = NetworkPage(desk)
    qtbot.addWidget(made)
    made.show()
    desk.attach(empty)
    settle()
    assert any(text.startswith("Drop a network here.") for text in texts(made))
    empty.open_network("zoo:AlexNet")
    qtbot.waitUntil(lambda: "Reading AlexNet…" in texts(made))
    desk.detach()
    empty.close()


def test_what_a_count_leaves_to_say_is_said(page: NetworkPage, desk, workbench: Workbench, lenet5: Breakdown):
    """A loop of unknown length, say: what one turn costs stands beside its name."""
    from dataclasses import replace

    odd = replace(lenet5.layers[1], name="loop", op="Loop", macs=None, note="4,608 MACs for each turn.")
    workbench.record(CandidateBorn("D", None, "Odd", "object:d", "odd.onnx", replace(lenet5, layers=(odd,)), None))
    settle()
    desk.select_candidate("D")
    desk.select_layer("loop")
    settle()
    assert "4,608 MACs for each turn." in texts(page.detail)
