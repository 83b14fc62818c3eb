"""Memory in words, for VGG-16 and LeNet-5, whose figures are worked out by hand."""

import pytest

from app import questions
from app.memory_story import alive_tensors, convention, headline, memory_rows, peak_words, unknown_words
from profiler import zoo
from profiler.breakdown import breakdown
from profiler.memory import Lifetime, MemoryUse, memory_use
from profiler.plain import from_plain


@pytest.fixture(scope="module")
def lenet():
    return memory_use(zoo.build("LeNet-5"))


def test_vgg_16_in_one_line():
    """2 · 64 · 224² · 4 bytes, and 138,357,544 weights of 4."""
    use = memory_use(zoo.build("VGG-16"))
    assert headline(use) == "Peak 25.7 MB at conv1_2 · weights 553.4 MB"
    rows = memory_rows(use, breakdown(zoo.build("VGG-16")))
    assert [row.layer for row in rows if row.is_peak] == ["conv1_2"]
    assert [row.layer for row in rows if row.at_peak] == ["relu1_1", "conv1_2", "relu1_2"]
    assert {row.layer: row.kind for row in rows}["fc6"] == "fc"
    there = alive_tensors(use, use.peak_step)
    assert [(tensor.share, tensor.bytes_words) for tensor in there] == [(0.5, "12.8 MB")] * 2
    assert there[0].story == "made by relu1_1, still read by conv1_2"


def test_rows_of_lenet(lenet):
    """conv1 makes 20·24·24 floats beside the 28·28 of the image; Flatten makes nothing."""
    rows = {row.layer: row for row in memory_rows(lenet)}
    assert (rows["conv1"].alive_bytes, rows["conv1"].made_bytes) == (4 * (784 + 11_520), 4 * 11_520)
    assert rows["conv1"].weight_bytes == 4 * 520
    assert rows["flatten"].made_bytes == 0
    assert rows["pool1"].share == 1.0
    assert rows["fc1"].share == pytest.approx(4 * (800 + 500) / 57_600)
    assert alive_tensors(lenet, 0)[1].story == "the network’s input, still read by conv1"
    last = len(lenet.steps) - 1
    assert alive_tensors(lenet, last)[1].story == "made by prob, kept to the end as an output"
    assert alive_tensors(lenet, 99) == alive_tensors(lenet, -1) == []


def test_what_is_not_known_is_said():
    lives = (Lifetime("x", "", 1_000_000, 0, 1, ("odd",)), Lifetime("y", "odd", None, 0, 1, ()))
    use = MemoryUse(
        "n", False, ("odd", "next"), lives, (None, None), (1_000_000, 1_000_000), None, "odd", 0, (0, 0), ("odd",)
    )
    assert peak_words(use) == "at least 1.00 MB"
    assert [row.alive_words for row in memory_rows(use)] == ["at least 1.00 MB"] * 2
    assert memory_rows(use)[0].made_bytes is None
    assert unknown_words(use) == "What odd needs is not known. The figures leave it out."
    assert [tensor.bytes_words for tensor in alive_tensors(use, 0)] == ["1.00 MB", "not known"]


def test_unknown_layers_are_named_up_to_three(lenet):
    from dataclasses import replace

    assert unknown_words(lenet) == ""
    assert "a, b, c and 2 more needs" in unknown_words(replace(lenet, unknown=("a", "b", "c", "d", "e")))


def test_the_convention_is_said(lenet):
    assert "nothing else is reused" in convention(lenet)
    assert "write over" in convention(memory_use(zoo.build("LeNet-5"), in_place=True))


def test_the_question_answers_as_the_library(tmp_path, lenet):
    asked = {"source": "zoo:LeNet-5", "objects": str(tmp_path)}
    assert from_plain(questions.memory(asked), MemoryUse) == lenet
    assert from_plain(questions.memory({**asked, "in_place": True}), MemoryUse).in_place
