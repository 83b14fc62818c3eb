"""Sizes that a network leaves open: what is said of them, and that all of it is seen."""

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QSpinBox, QWidget

from app.ui.open_sizes import OpenSizes, open_words
from app.ui.parts.sheet import Sheet


@pytest.fixture
def host(qtbot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.resize(1000, 700)
    made.show()
    return made


def test_words_say_what_is_open():
    assert open_words("x", [1, 3, "h", "w"]) == "The height and width of “x” are open."
    assert open_words("state", [2, "?", 128]) == "A size of “state” is open."
    assert open_words("input", ["n", "?", "?"]) == "2 sizes of “input” are open."


def test_a_second_question_has_the_room_it_needs(host):
    """Each word and field lies inside the sheet, also when it was smaller before."""
    sheet = OpenSizes(host)
    sheet.ask("one.onnx", {"x": [1, 3, "h", "w"]}, lambda _: None)
    QApplication.processEvents()
    sheet.dismiss()
    sheet.ask("two.onnx", {"input": [1, "?"], "state": [2, "?", 128], "rate": ["?", "?"]}, lambda _: None)
    for _ in range(3):
        QApplication.processEvents()
    for part in (*sheet.findChildren(QLabel), *sheet.findChildren(QSpinBox)):
        if part.isVisible():
            assert part.height() >= part.minimumSizeHint().height()
            assert part.mapTo(sheet, part.rect().bottomLeft()).y() <= sheet.height()


def test_an_image_is_224_wide_and_anything_else_1(host):
    answers: list[dict] = []
    sheet = OpenSizes(host)
    sheet.ask("two.onnx", {"x": ["n", 3, "h", "w"], "state": [2, "?", 128]}, answers.append)
    sheet.use.click()
    assert answers == [{"x": [1, 3, 224, 224], "state": [2, 1, 128]}]
    assert not sheet.isVisible()


def test_the_newest_sheet_is_the_only_one(host):
    first, second = OpenSizes(host), Sheet(host, "Other")
    first.ask("one.onnx", {"x": [1, "?"]}, lambda _: None)
    second.present()
    assert second.isVisible()
    assert not first.isVisible()
