"""Save as ONNX: what is asked for, what a worker is told, and how the outcome is shown."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLabel

from app.ui.parts.error_card import ErrorCard
from app.ui.save_network import SaveNetwork
from app.ui.window import Window
from profiler.errors import BadInput

ANSWER = {
    "out": "/x/lenet.onnx", "file_bytes": 1_726_134, "opset": 13, "ir_version": 7,
    "rewritten": ["prob"], "formulas": [f"gelu{n}" for n in range(8)],
}  # fmt: skip


@pytest.fixture
def sheet(window: Window, workers) -> SaveNetwork:
    workers.answers["app.questions:convert"] = ANSWER
    window.rail.save_network.emit("B")
    return window.saving


def shown(sheet: SaveNetwork) -> str:
    return "\n".join(each.text() for each in sheet.findChildren(QLabel) if each.isVisible())


def test_it_opens_for_the_candidate_of_the_menu(sheet: SaveNetwork):
    assert sheet.isVisible()
    assert "Save B Prune to 10 % as ONNX" in shown(sheet)


def test_the_menu_and_the_search_save_the_selected_one(window: Window):
    window.desk.select_candidate("C")
    (hit,) = [hit for hit in window.commands.hits() if hit.title == "Save the network as ONNX…"]
    hit.go()
    assert window.saving.letter == "C"


def test_a_worker_writes_it_in_the_chosen_opset(sheet: SaveNetwork, workers, qtbot, tmp_path: Path):
    sheet.opset.choose("13")
    sheet.write(tmp_path / "out.onnx")
    function, settings = workers.asked[-1]
    assert function == "app.questions:convert"
    assert (settings["letter"], settings["opset"], settings["out"]) == ("B", 13, str(tmp_path / "out.onnx"))
    assert settings["source"].startswith("object:")
    qtbot.waitUntil(lambda: "lenet.onnx is written: 1.73 MB, opset 13." in shown(sheet))
    assert "Written in another way: prob." in shown(sheet)
    assert "gelu0, gelu1, gelu2, gelu3, gelu4, gelu5 and 2 more" in shown(sheet)


def test_as_it_is_asks_for_no_opset(sheet: SaveNetwork, workers, tmp_path: Path):
    sheet.write(tmp_path / "out.onnx")
    assert "opset" not in workers.asked[-1][1]


def test_the_dialog_proposes_a_name_and_adds_the_ending(sheet: SaveNetwork, workers, monkeypatch, tmp_path: Path):
    proposed = []

    def ask(_parent, _title, name, _kinds):
        proposed.append(name)
        return str(tmp_path / "mine"), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    sheet.opset.choose("9")
    sheet.ask_for_file()
    assert proposed == ["lenet-B-opset9.onnx"]
    assert workers.asked[-1][1]["out"] == str(tmp_path / "mine.onnx")


def test_a_refusal_stands_in_the_sheet(sheet: SaveNetwork, qtbot):
    sheet._failed(BadInput("“net” has no exact form in opset 9.", "“a” (Trilu): there is no such operator", "Keep 14."))
    qtbot.waitUntil(lambda: any(card.isVisible() for card in sheet.findChildren(ErrorCard)))
    assert "“a” (Trilu)" in shown(sheet)
    assert sheet.save.isEnabled()


def test_escape_closes_it(sheet: SaveNetwork, window: Window, qtbot):
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()
    window.rail.save_network.emit("B")
    assert window.close_sheet()
    assert not sheet.isVisible()
