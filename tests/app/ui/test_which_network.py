"""Bare weights dropped on the window: it asks which network they belong to, in place."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

UNKNOWN = {
    "what": "The architecture of “w.pth” is not known.",
    "where": "It holds 3 weights, which are those of no built-in network.",
    "code": "import torch\ntorch.export.save(program, “w.pt2”)",
    "architectures": [{"name": "ResNet-20", "title": "for CIFAR"}, {"name": "LeNet-5", "title": "as in Caffe"}],
}


@pytest.fixture
def sheet(window, workers, tmp_path, qtbot):
    workers.answers["app.questions:open_sizes"] = {"inputs": {}, "unknown": UNKNOWN}
    window.opening.dropped("add", tmp_path / "w.pth")
    shown = window.opening.which
    qtbot.waitUntil(lambda: shown.isVisible())
    return shown


def test_it_says_why_it_asks_and_lists_the_networks(sheet):
    assert sheet.title.text() == "w.pth"
    assert (sheet.what.text(), sheet.where.text()) == (UNKNOWN["what"], UNKNOWN["where"])
    assert [sheet.list.item(n).text() for n in range(sheet.list.count())] == ["ResNet-20", "LeNet-5"]
    assert sheet.list.hasFocus()


def test_the_answer_goes_along_with_the_file(sheet, workers, tmp_path, qtbot):
    workers.answers["app.questions:open_sizes"] = {"inputs": {}}
    qtbot.keyClick(sheet.list, Qt.Key.Key_Down)
    sheet.use.click()
    qtbot.waitUntil(lambda: bool(workers.started))
    assert not sheet.isVisible()
    assert workers.asked[-1][1]["architecture"] == "LeNet-5"
    settings = workers.started[0][3]
    assert (settings["path"], settings["architecture"]) == (str(tmp_path / "w.pth"), "LeNet-5")


def test_return_answers_too(sheet, workers, qtbot):
    workers.answers["app.questions:open_sizes"] = {"inputs": {}}
    qtbot.keyClick(sheet.list, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(workers.started))
    assert workers.started[0][3]["architecture"] == "ResNet-20"


def test_the_lines_that_export_it_can_be_copied(sheet):
    assert sheet.code.toPlainText() == UNKNOWN["code"]
    sheet.copy.click()
    assert QGuiApplication.clipboard().text() == UNKNOWN["code"]


def test_closing_it_opens_nothing(sheet, workers, qtbot):
    qtbot.keyClick(sheet.list, Qt.Key.Key_Escape)
    assert not sheet.isVisible()
    assert not workers.started
