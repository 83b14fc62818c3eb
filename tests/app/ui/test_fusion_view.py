"""Fusion, seen: kernels lie over the layers they do, one selection, and its figures can be had."""

import csv
import xml.etree.ElementTree as ET

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from app.fusion_story import drawing
from app.ui.network.fusion_map import FusionMap
from app.ui.network.fusion_view import FusionView
from app.ui.network_page import NetworkPage
from profiler.breakdown import Breakdown
from profiler.errors import BadInput
from profiler.fusion import Fusion, Kernel, Siblings
from profiler.plain import to_plain
from tests.app.ui.shown import settle, show

NAMES = ("conv1", "pool1", "conv2", "pool2", "flatten", "fc1", "relu1", "fc2", "prob")
OPS = ("Conv", "MaxPool", "Conv", "MaxPool", "Flatten", "Gemm", "Relu", "Gemm", "Softmax")


def lenet(siblings: tuple[Siblings, ...] = ()) -> Fusion:
    """LeNet-5 of which fc1 and relu1 become one kernel; the runtime adds one behind pool2 and leaves flatten out."""
    before = tuple(Kernel(name, op, (name,), 300, 200) for name, op in zip(NAMES, OPS, strict=True))
    after = (
        *(Kernel(f"{name}_nchwc", "com.microsoft.nchwc::Conv", (name,), 300, 200, 100) for name in NAMES[:4]),
        Kernel("reorder", "com.microsoft.nchwc::ReorderOutput", (), 200, 200),
        Kernel("fused fc1", "com.microsoft::FusedGemm", ("fc1", "relu1"), 250, 150, 100),
        *(Kernel(name, op, (name,), 300, 200) for name, op in zip(NAMES[7:], OPS[7:], strict=True)),
    )
    return Fusion(
        "LeNet-5", before, after, siblings, 4500, 3800, "ONNX Runtime 1.20.0, CPU", ("flatten",), ("reorder",)
    )


@pytest.fixture
def answer() -> list[Fusion]:
    """What the worker says; a test may put another in."""
    return [lenet()]


@pytest.fixture
def page(qtbot, desk, monkeypatch, answer) -> NetworkPage:
    def ask(question, settings, then, failed=None):
        if question == "fusion":
            then(to_plain(answer[0]))

    monkeypatch.setattr(desk, "ask", ask)
    made = show(qtbot, NetworkPage(desk))
    made.show_view("fusion")
    settle()
    return made


@pytest.fixture
def view(page) -> FusionView:
    shown = page.shown
    assert isinstance(shown, FusionView)
    return shown


def at(drawn: FusionMap, layer: str, share: float) -> QPoint:
    """A place in a layer's line: left in the file, right among the kernels."""
    span = drawn.drawing.rows_of(layer)
    assert span is not None
    return QPoint(int(share * drawn.viewport().width()), drawn.line_rect(span[0]).center().y())


def test_the_headline_says_what_fusing_did(view):
    """(4500 − 3800) / 4500 is 16 %."""
    assert view.headline.text() == "9 nodes → 8 kernels · memory traffic 4.50 kB → 3.80 kB, 16 % less"
    assert view.note.text().startswith("ONNX Runtime 1.20.0 on this computer · 1 kernel added by the runtime")


def test_a_click_on_either_side_selects_the_layer_everywhere(page, view, desk, qtbot):
    qtbot.mouseClick(view.map.viewport(), Qt.MouseButton.LeftButton, pos=at(view.map, "conv2", 0.2))
    assert desk.layer == "conv2"
    qtbot.mouseClick(view.map.viewport(), Qt.MouseButton.LeftButton, pos=at(view.map, "relu1", 0.8))
    assert desk.layer == "relu1"
    assert page.detail.accessibleName() == "Layer relu1"
    assert view.map.accessibleDescription() == "relu1, Relu, done by Gemm + Relu with fc1, 400 bytes"


def test_a_kernel_that_the_runtime_added_selects_nothing(view, desk, qtbot):
    desk.select_layer("conv1")
    line = next(n for n, row in enumerate(view.map.drawing.rows) if not row.layer)
    qtbot.mouseClick(view.map.viewport(), Qt.MouseButton.LeftButton, pos=view.map.line_rect(line).center())
    assert desk.layer == "conv1"
    title, lines = view.map.told(line, left=True)
    assert title == "ReorderOutput"
    assert dict(lines)["Why"] == "Puts the channels back in the file’s order."


def test_what_no_kernel_does_says_why(view):
    line, _ = view.map.drawing.rows_of("flatten")
    title, lines = view.map.told(line, left=False)
    assert (title, lines[0]) == ("flatten", ("Operator", "Flatten"))
    view.map.select("flatten")
    assert view.map.accessibleDescription() == "flatten, Flatten, folded away"


def test_keys_walk_through_the_layers(page, view, desk, qtbot):
    desk.select_layer("fc1")
    qtbot.keyClick(view.map, Qt.Key.Key_Down)
    assert desk.layer == "relu1"
    page.next_layer(-1)
    assert desk.layer == "fc1"
    qtbot.keyClick(view.map, Qt.Key.Key_Home)
    assert desk.layer == "conv1"
    qtbot.keyClick(view.map, Qt.Key.Key_End)
    assert desk.layer == "prob"
    with qtbot.waitSignal(view.opened):
        qtbot.keyClick(view.map, Qt.Key.Key_Return)


def test_the_kernels_as_a_table(page, view, desk):
    view.way.button("kernels").click()
    rows = view.kernels.shown()
    assert [row.cell("layers").text for row in rows][4:6] == ["added by the runtime", "fc1 + relu1"]
    assert (rows[5].cell("apart").value, rows[5].cell("runs").value, rows[5].cell("change").text) == (
        1000, 400, "60 % less"
    )  # fmt: skip
    assert rows[4].cell("apart").text == "–"
    view.kernels.picked.emit("5")
    assert desk.layer == "fc1"
    desk.select_layer("relu1")
    assert view.kernels.current == "5"
    assert page.copy_rows()
    assert QApplication.clipboard().text().splitlines()[-1].startswith("Total\t\t4500\t3800")


def test_no_siblings_says_so(view):
    view.way.button("siblings").click()
    assert view.places.currentWidget() is view.none
    assert view.none.words.text() == "No two layers read one value and are alike in everything but their filters."
    assert not view.export_button.isEnabled()
    assert not view.export()


def test_siblings_are_listed_with_what_merging_would_save(answer, page, view, desk):
    group = Siblings("pool1_out", "pool1", ("conv2", "fc1"), "Conv", ((50, 20, 5, 5), (7, 20, 5, 5)), 800, None, 1, 800)
    answer[0] = lenet((group,))
    desk.study_opened.emit()
    page.refresh()
    settle()
    assert view.way.button("siblings").text() == "Could be one  1"
    view.way.button("siblings").click()
    (row,) = view.siblings.shown()
    assert [row.cell(key).text for key in ("layers", "input", "kernels", "bytes")] == [
        "conv2 + fc1", "pool1", "1", "800 bytes"
    ]  # fmt: skip
    view.siblings.picked.emit("0")
    assert desk.layer in ("conv2", "fc1")
    desk.select_layer("fc1")
    assert view.siblings.current == "0"


def test_a_kind_clicked_above_fades_the_others_until_escape(page, view):
    page.heavy.bars[0].picked.emit("fc")
    assert view.map.kind == "fc"
    assert [row.key for row in view.kernels.shown()] == ["5", "6"]
    assert page.escape()
    assert view.map.kind == ""
    assert len(view.kernels.shown()) == 8
    assert not page.escape()


def test_the_picture_and_the_values_can_be_had(page, view, tmp_path):
    rows = list(csv.reader(view.write(tmp_path / "fusion.csv").open()))
    assert rows[0][:3] == ["layer", "operator", "apart_bytes"]
    by_layer = {row[0]: row for row in rows[1:]}
    assert by_layer["relu1"][3:] == ["fused fc1", "com.microsoft::FusedGemm", "fc1 + relu1", "250", "150"]
    assert by_layer["flatten"][3] == "folded away"
    assert by_layer[""][4] == "com.microsoft.nchwc::ReorderOutput"
    text = "".join(ET.fromstring((view.write(tmp_path / "fusion.svg")).read_text()).itertext())
    assert "fc1" in text
    assert "added by the runtime" in text
    assert not QImage(str(view.write(tmp_path / "fusion.png"))).isNull()
    assert page.copy_rows()
    assert QApplication.clipboard().text().startswith("layer\toperator")
    assert page.copy_picture()
    assert not QApplication.clipboard().pixmap().isNull()


def test_what_went_wrong_is_said_in_place(qtbot, desk, monkeypatch):
    def ask(question, settings, then, failed=None):
        if question == "fusion":
            failed(BadInput("“LeNet-5” could not be loaded.", "ONNX Runtime does not know it.", "Leave it."))

    monkeypatch.setattr(desk, "ask", ask)
    page = NetworkPage(desk)
    qtbot.addWidget(page)
    page.show()
    page.show_view("fusion")
    settle()
    assert page.shown._stack.currentIndex() == 2


@pytest.fixture
def long(qtbot) -> FusionMap:
    """3,000 layers, each a kernel of its own."""
    kernels = tuple(Kernel(f"l{n}", "Conv", (f"l{n}",), 60, 40) for n in range(3000))
    found = Fusion("long", kernels, kernels, (), 300_000, 300_000, "x")
    made = FusionMap()
    qtbot.addWidget(made)
    made.resize(700, 400)
    made.show_fusion(found, drawing(found, Breakdown("long", {}, 13, ())))
    made.show()
    settle()
    return made


def test_the_selected_layer_is_scrolled_into_view(long, qtbot):
    long.select("l2500")
    seen = long.line_rect(2500)
    assert long.viewport().rect().contains(seen)
    before = long.verticalScrollBar().value()
    long.select("l2501")
    assert long.verticalScrollBar().value() == before, "what is seen already stays where it is"
    with qtbot.waitSignal(long.picked) as heard:
        qtbot.mouseClick(long.viewport(), Qt.MouseButton.LeftButton, pos=seen.center())
    assert heard.args == ["l2500"]


def test_only_the_lines_that_are_seen_are_painted(long, monkeypatch):
    """400 px at 26 a line are no more than 16."""
    painted: list[str] = []

    def note(painter, drawn, first, last, row):
        painted.append(row.layer)

    monkeypatch.setattr(type(long.painter_of(1)), "_layer", note)
    long.grab()
    assert 10 <= len(set(painted)) <= 17


def test_a_picture_too_high_for_a_png_is_what_is_seen(page, view, tmp_path, monkeypatch):
    monkeypatch.setattr("app.ui.network.fusion_view.MOST_PIXELS", 100)
    made = QImage(str(view.write(tmp_path / "high.png")))
    assert made.height() == 2 * view.map.viewport().height()
