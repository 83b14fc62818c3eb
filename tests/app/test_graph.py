"""The graph question: what a worker answers is what the window draws."""

import pytest

from app import questions
from app.facts import CandidateBorn, StudyNamed
from app.graph import ALL, Drawing, drawn, label_words, labels, title_words
from app.graph_figures import Figures, spoken
from app.study import replay
from app.workers import Workers
from profiler.breakdown import breakdown
from profiler.graph import Node
from profiler.plain import from_plain, to_plain
from profiler.zoo import build


@pytest.fixture(scope="module")
def resnet():
    return breakdown(build("ResNet-18"))


@pytest.fixture(scope="module")
def figures(resnet):
    study = replay([StudyNamed("x"), CandidateBorn("A", None, "Baseline", "zoo:ResNet-18", "r", resnet, 11_689_512)])
    return Figures(study.candidates["A"], "macs", "cpu")


def test_the_question_answers_what_drawing_makes(resnet):
    answer = questions.graph({"breakdown": to_plain(resnet), "room": [900, 560]})
    assert from_plain(answer, Drawing) == drawn(resnet, None, (900, 560))


def test_a_worker_answers_it(resnet):
    workers = Workers()
    try:
        asked = {"breakdown": to_plain(resnet), "opened": [ALL], "room": [900, 560]}
        drawing = from_plain(workers.ask("app.questions:graph", asked).result(60), Drawing)
    finally:
        workers.close()
    assert [node.title for node in drawing.nodes] == [layer.name for layer in resnet.layers]
    assert set(drawing.opened) == {block.key for block in drawing.blocks}


def test_what_goes_on_with_what_it_reads_stands_close_under_it(resnet):
    drawing = drawn(resnet, [ALL])
    boxes = {node.title: box for node, box in zip(drawing.nodes, drawing.boxes, strict=True)}
    conv, norm, pool = boxes["conv1"], boxes["bn1"], boxes["maxpool"]
    assert norm[1] - (conv[1] + conv[3]) == 4
    assert pool[1] - (boxes["relu"][1] + boxes["relu"][3]) > 20  # another size of output


def test_a_frame_holds_its_block_and_no_other_box(resnet):
    drawing = drawn(resnet, [ALL], (1e9, 1e9))
    blocks = {block.key: block for block in drawing.blocks}
    for frame in drawing.frames:
        left, top, width, height = frame.box
        block = blocks[frame.key]
        for node, (x, y, w, h) in zip(drawing.nodes, drawing.boxes, strict=True):
            inside = left < x and x + w < left + width and top < y and y + h < top + height
            assert inside == (block.first <= node.first <= block.last), (frame.title, node.title)


def test_names_lose_what_the_frame_says_already(resnet):
    drawing = drawn(resnet, [ALL])
    written = dict(zip([node.title for node in drawing.nodes], labels(drawing), strict=True))
    assert written["layer2.0.conv1"] == "conv1"
    assert written["layer2.0.downsample.0"] == "downsample.0"
    assert written["conv1"] == "conv1"
    run = Node("layer2.1 … layer2.3", "layer2.1.conv1", "Conv", "conv", 0, 9, "key", 3)
    assert title_words(run) == "layer2.1 … layer2.3 · ×3"
    assert label_words(run, "layer2") == "layer2.1 … layer2.3 · ×3"  # a number alone would tell nothing
    other = Node("block/a … block/b", "block/a", "Conv", "conv", 0, 9, "key", 2)
    assert label_words(other, "block") == "a … b · ×2"


def test_figures_add_up_over_a_block_and_share_is_of_the_largest(resnet, figures):
    drawing = drawn(resnet)
    values = figures.values(drawing, "params")
    assert sum(figure.value or 0 for figure in values) == 11_699_112  # 11,689,512 and BatchNorm's mean and variance
    assert max(figure.share for figure in values) == 1
    by_name = {node.title: figure for node, figure in zip(drawing.nodes, values, strict=True)}
    assert by_name["fc"].value == 513_000  # 512·1000 + 1000
    assert by_name["relu"].text == "–"
    assert spoken(drawing.nodes[0], values[0], "parameters") == "conv1, Conv, parameters 9.41 k"


def test_a_time_that_nobody_measured_is_not_known(resnet, figures):
    drawing = drawn(resnet)
    assert {figure.text for figure in figures.values(drawing, "time")} == {"not known"}
    assert not figures.timed
    assert figures.rows(drawing)[1][-1] == ""
