"""The graph, seen: boxes are picked, opened and folded, found, coloured and written out, by mouse and by keys alone."""

import csv

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app import questions
from app.facts import CandidateBorn
from app.ui import theme
from app.ui.graph.camera import AIR, Camera, fitting
from app.ui.graph.colours import STEPS, Fill, colour, contrast, fill_of, words_on
from app.ui.graph.export import as_it_stands, whole
from app.ui.network.graph_view import GraphView
from app.ui.plots.tools import write_plot
from profiler.breakdown import KINDS, breakdown
from profiler.errors import BadInput
from profiler.zoo import build
from tests.app.ui.shown import settle, show


@pytest.fixture(scope="module")
def resnet():
    """69 layers; a first look shows fifteen boxes, eight of them blocks."""
    return breakdown(build("ResNet-18"))


@pytest.fixture
def asked(monkeypatch, desk) -> list[dict]:
    """What the view asked; the answer is there at once."""
    heard: list[dict] = []

    def ask(question, settings, then, failed=None):
        heard.append({"question": question, **settings})
        then(questions.graph(settings))

    monkeypatch.setattr(desk, "ask", ask)
    return heard


def shown(qtbot, desk) -> GraphView:
    return show(qtbot, GraphView(desk), 900, 640)


@pytest.fixture
def view(qtbot, desk, asked) -> GraphView:
    """LeNet-5, which ran here."""
    made = shown(qtbot, desk)
    made.show_candidate(desk.study.candidates["A"], None)
    settle()
    return made


@pytest.fixture
def deep(qtbot, desk, asked, workbench, resnet) -> GraphView:
    workbench.record(CandidateBorn("D", None, "Deep", "zoo:ResNet-18", "ResNet-18", resnet, 11_689_512), undoable=False)
    settle()
    made = shown(qtbot, desk)
    made.show_candidate(desk.study.candidates["D"], None)
    settle()
    return made


def titles(view: GraphView) -> list[str]:
    return [node.title for node in view.canvas.scene.drawing.nodes]


def pixel(view: GraphView, title: str) -> QPoint:
    canvas = view.canvas
    return canvas.camera.seen(canvas.scene.rects[titles(view).index(title)].center()).toPoint()


def click(view: GraphView, title: str) -> None:
    QTest.mouseClick(view.canvas, Qt.MouseButton.LeftButton, pos=pixel(view, title))
    settle()


def key(view: GraphView, pressed: Qt.Key) -> None:
    QTest.keyClick(view.canvas, pressed)
    settle()


# ---- what is shown


def test_every_layer_is_a_box_and_all_of_it_is_seen(view, lenet5):
    assert titles(view) == [layer.name for layer in lenet5.layers]
    canvas = view.canvas
    window = QRectF(canvas.rect())
    assert all(window.contains(canvas.camera.seen_rect(rect)) for rect in canvas.scene.rects)
    assert canvas.accessibleName() == "Graph of LeNet-5"


def test_a_large_network_is_asked_for_folded(deep, asked):
    assert asked[-1]["opened"] is None
    assert len(titles(deep)) == 15
    assert deep.folding.text() == "Unfold all"


def test_while_nothing_is_there_yet_it_says_how_many_layers_are_laid_out(qtbot, desk, monkeypatch):
    waiting = []
    monkeypatch.setattr(desk, "ask", lambda *asked: waiting.append(asked[1:3]))
    made = shown(qtbot, desk)
    made.show_candidate(desk.study.candidates["A"], None)
    settle()
    assert made.waiting.isVisible()
    assert made.waiting.words.text() == "Laying out 9 layers…"
    settings, then = waiting[0]
    then(questions.graph(settings))
    settle()
    assert made.canvas.isVisible()


def test_an_answer_to_an_older_question_is_not_shown(qtbot, desk, monkeypatch):
    waiting = []
    monkeypatch.setattr(desk, "ask", lambda *asked: waiting.append(asked[1:3]))
    made = shown(qtbot, desk)
    made.show_candidate(desk.study.candidates["A"], None)
    settle()
    made._ask()
    (first, late), (second, now) = waiting
    late(questions.graph(first))
    assert made.canvas.scene is None
    now(questions.graph(second))
    assert made.canvas.scene is not None


def test_a_layout_that_fails_says_so_and_can_be_tried_again(qtbot, desk, monkeypatch):
    tries = []

    def ask(question, settings, then, failed=None):
        tries.append(settings)
        failed(BadInput("It is no graph.")) if len(tries) == 1 else then(questions.graph(settings))

    monkeypatch.setattr(desk, "ask", ask)
    made = shown(qtbot, desk)
    made.show_candidate(desk.study.candidates["A"], None)
    settle()
    assert made.failed.words.text() == "The graph could not be laid out. It is no graph."
    made.failed.buttons[0].click()
    settle()
    assert made.canvas.isVisible()


def test_another_convention_asks_for_no_other_layout(view, desk, asked):
    desk.set_convention("flops")
    view.show_candidate(desk.study.candidates["A"], None)
    assert len(asked) == 1
    assert view.canvas.look.figures[0].text == "576 k"  # conv1 of LeNet-5: 2 · 20·24·24·25


def test_another_shape_of_the_window_sets_the_columns_anew(view, asked, qtbot):
    view.resize(900, 260)
    qtbot.waitUntil(lambda: len(asked) == 2)
    settle()
    (wide, high) = asked[-1]["room"]
    assert wide > 4 * high
    lefts = {round(box[0]) for box in view.canvas.scene.drawing.boxes}
    assert len(lefts) > 1


# ---- selecting


def test_a_click_picks_and_a_double_click_opens(view, qtbot):
    with qtbot.waitSignal(view.picked) as picked:
        click(view, "conv2")
    assert picked.args == ["conv2"]
    with qtbot.waitSignal(view.opened) as opened:
        QTest.mouseDClick(view.canvas, Qt.MouseButton.LeftButton, pos=pixel(view, "fc1"))
    assert opened.args == ["fc1"]


def test_what_is_selected_elsewhere_is_ringed_and_brought_into_view(view):
    view.canvas.zoom(2.5)
    view.select("conv1")
    view.select("fc2")
    canvas = view.canvas
    assert titles(view)[canvas.look.current] == "fc2"
    assert canvas.rect().contains(pixel(view, "fc2"))
    assert "fc2, Gemm, MACs 5.00 k" in canvas.accessibleDescription()
    accent, image = theme.colour("accent"), canvas.grab().toImage()
    box = canvas.camera.seen_rect(canvas.scene.rects[canvas.look.current])
    column = [image.pixelColor(int(box.center().x()) + 20, y) for y in range(int(box.top()) - 8, int(box.top()))]
    assert accent in column


def test_arrow_keys_walk_along_the_edges(deep, qtbot):
    deep._open(block.key for block in deep._drawing.blocks if block.title.startswith("layer2"))
    picked = []
    deep.picked.connect(picked.append)
    deep.canvas.setFocus()
    deep.select("layer2.0.conv1")
    for pressed in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up):
        key(deep, pressed)
    assert picked == ["layer2.0.bn1", "layer2.0.relu", "layer2.0.bn1"]
    deep.select("layer2.0.conv1")
    there = deep.canvas.scene.rects[titles(deep).index("layer2.0.downsample.0")].center().x()
    right = there > deep.canvas.scene.rects[titles(deep).index("layer2.0.conv1")].center().x()
    key(deep, Qt.Key.Key_Right if right else Qt.Key.Key_Left)
    assert picked[-1] == "layer2.0.downsample.0"
    key(deep, Qt.Key.Key_Left if right else Qt.Key.Key_Right)
    assert picked[-1] == "layer2.0.conv1"


def test_return_opens_the_figures_and_j_and_k_go_on_in_order(view, qtbot):
    view.select("conv1")
    view.next_layer(1)
    assert titles(view)[view.canvas.look.current] == "pool1"
    view.next_layer(-1)
    with qtbot.waitSignal(view.opened) as opened:
        key(view, Qt.Key.Key_Return)
    assert opened.args == ["conv1"]


def test_the_card_has_all_figures(view):
    QTest.mouseMove(view.canvas, pixel(view, "conv2"))
    settle()
    assert view.canvas.card.isVisible()
    said = dict(view.canvas.figures.card(view.canvas.scene.drawing, view.canvas.scene.drawing.nodes[2]))
    assert said["Output"] == "50×8×8"
    assert said["Parameters"] == "25.1 k"  # 5·5·20·50 + 50
    assert said["MACs"] == "1.60 M"  # 8·8 places
    assert "Time, here" in said


# ---- folding


def test_a_folded_block_opens_by_click_and_folds_by_its_name(deep, asked, qtbot):
    click(deep, "layer2.0")
    assert "layer2.0.conv1" in titles(deep)
    assert len(titles(deep)) == 15 + 8
    frame = next(frame for frame in deep._drawing.frames if frame.title == "layer2.0")
    left, top, width, _ = frame.box
    at = deep.canvas.camera.seen(QPointF(left + width / 2, top + 6)).toPoint()
    QTest.mouseClick(deep.canvas, Qt.MouseButton.LeftButton, pos=at)
    settle()
    assert len(titles(deep)) == 15


def test_a_folded_block_opens_by_return_and_folds_by_backspace(deep):
    deep.select("layer3.0.conv1")
    assert titles(deep)[deep.canvas.look.current] == "layer3.0"
    key(deep, Qt.Key.Key_Return)
    assert "layer3.0.conv1" in titles(deep)
    assert titles(deep)[deep.canvas.look.current] == "layer3.0.conv1"
    key(deep, Qt.Key.Key_Backspace)
    assert "layer3.0.conv1" not in titles(deep)


def test_what_is_opened_stays_where_one_looked(deep):
    deep.canvas.zoom(2.0)
    deep.canvas.show_box(titles(deep).index("layer2.0"))
    before = deep.canvas.camera.seen_rect(deep.canvas.scene.rects[titles(deep).index("layer2.0")]).topLeft()
    click(deep, "layer2.0")
    now = deep.canvas.camera.seen_rect(deep.canvas.scene.rects[titles(deep).index("layer2.0.conv1")]).topLeft()
    assert (now - before).manhattanLength() < 60


def test_all_blocks_open_and_fold_at_once(deep, resnet):
    deep.folding.click()
    settle()
    assert len(titles(deep)) == len(resnet.layers)
    assert deep.folding.text() == "Fold blocks"
    deep.folding.click()
    settle()
    assert "layer1" in titles(deep)


def test_a_blocks_figure_is_the_sum_of_its_layers(deep, resnet):
    held = [layer for layer in resnet.layers if layer.name.startswith("layer2.0.")]
    value = deep.canvas.look.figures[titles(deep).index("layer2.0")].value
    assert value == sum(layer.macs or 0 for layer in held)


# ---- finding


def test_hits_stand_out_and_return_goes_from_one_to_the_next(view, qtbot):
    view.find()
    QTest.keyClicks(view.field, "conv")
    assert view.hits_words.text() == "2 hits"
    assert view.canvas.look.hits == {0, 2}
    assert [fill.faded for fill in view.canvas.look.fills][:4] == [False, True, False, True]
    picked = []
    view.picked.connect(picked.append)
    for _ in range(3):
        QTest.keyClick(view.field, Qt.Key.Key_Return)
    assert picked == ["conv1", "conv2", "conv1"]
    assert view.escape()
    assert not view.canvas.look.hits
    assert not view.escape()


def test_a_hit_in_a_folded_block_opens_what_is_round_it(deep):
    deep.search("layer4.1.conv2")
    assert deep.canvas.look.hits == {titles(deep).index("layer4.1")}
    deep.next_hit()
    settle()
    assert titles(deep)[deep.canvas.look.current] == "layer4.1.conv2"
    assert deep.canvas.rect().contains(pixel(deep, "layer4.1.conv2"))


def test_what_is_not_there_is_said(view):
    view.search("fc9")
    assert view.hits_words.text() == "No layer matches"


def test_the_bars_above_let_the_other_kinds_fade(view, qtbot):
    view.filter_kind("fc")
    drawing = view.canvas.scene.drawing
    assert all(
        fill.faded == (node.kind != "fc") for fill, node in zip(view.canvas.look.fills, drawing.nodes, strict=True)
    )
    with qtbot.waitSignal(view.cleared):
        assert view.escape()


# ---- zoom


def test_the_wheel_zooms_at_the_pointer_and_f_fits(view):
    canvas = view.canvas
    at = QPointF(300, 200)
    held, fitted = canvas.camera.under(at), canvas.camera
    canvas.zoom(1.6, at)
    again = canvas.camera.under(at)
    assert (again - held).manhattanLength() < 1e-6
    for pressed in (Qt.Key.Key_Plus, Qt.Key.Key_Minus):
        key(view, pressed)
    assert view.filter()
    assert canvas.camera == fitted


def test_dragging_pans_and_never_loses_the_drawing(view):
    canvas = view.canvas
    canvas.zoom(1.5)
    before = canvas.camera
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
    QTest.mouseMove(canvas, QPoint(40, 30))
    QTest.mouseMove(canvas, QPoint(70, 50))
    assert canvas.camera.x > before.x
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(70, 50))
    canvas.look_at(Camera(canvas.camera.scale, -1e6, 1e6))
    assert QRectF(canvas.rect()).intersects(canvas.camera.seen_rect(QRectF(QPointF(0, 0), canvas.scene.size)))


def test_fitting_shows_all_in_the_middle():
    camera = fitting(QSizeF(1000, 400), QSizeF(548, 448), 1.0)
    assert camera.scale == pytest.approx(0.5)
    assert camera.seen(QPointF(0, 0)) == QPointF(AIR, 124)


def test_pieces_painted_before_are_the_same_picture(view, qtbot):
    """What panning shows from its tiles is what painting anew shows."""
    canvas = view.canvas
    view.field.setFocus()  # the ring of the focus is in no picture
    canvas.zoom(1.3)
    qtbot.waitUntil(lambda: not canvas._zooming.isActive())
    canvas.look_at(canvas.camera.moved(QPointF(-37, 21)))
    for _ in range(12):
        canvas.grab()
    assert len(canvas.tiles) > 0
    kept = canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    canvas.tiles.forget()
    anew = QImage(kept.size(), QImage.Format.Format_RGB32)
    as_it_stands(canvas, None).render(anew)
    one, other = (np.frombuffer(bytes(image.constBits()), np.uint8).astype(int) for image in (kept, anew))
    assert (abs(one - other) > 40).mean() < 0.002


# ---- colours


def test_a_colour_is_as_strong_as_the_figure(view):
    view.colour_by("params")
    fills = dict(zip(titles(view), view.canvas.look.fills, strict=True))
    assert fills["fc1"] == Fill("fc", STEPS)
    assert fills["conv2"].step == round(STEPS * (25_050 / 400_500) ** 0.5)
    assert fills["pool1"].step == 0
    assert view.legend.isVisible()
    assert "Parameters: the stronger the colour the more" in view.legend.accessibleName()
    view.colour_by("kind")
    assert not view.legend.isVisible()


def test_time_can_be_chosen_only_where_it_was_measured(view, desk):
    view._fill_menu()
    assert [action.text() for action in view.menu.actions()] == [
        "Kind", "Parameters", "MACs", "Activation bytes", "Time, here"
    ]  # fmt: skip
    view.colour_by("time")
    assert view.canvas.coloured_by == "time"
    view.show_candidate(desk.study.candidates["C"], None)
    view._fill_menu()
    assert len(view.menu.actions()) == 4
    assert view.canvas.coloured_by == "kind"


@pytest.mark.parametrize("worn", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_words_can_be_read_on_every_fill(qapp, worn):
    """4.5 to 1 (WCAG 2.1), on each strength of each kind."""
    theme.apply(qapp, worn)
    fills = [Fill(kind, step, faded) for kind in KINDS for step in (None, *range(STEPS + 1)) for faded in (False, True)]
    assert min(contrast(words_on(fill), colour(fill, far=False)) for fill in fills) >= 4.5
    muted = [contrast(theme.colour("muted"), colour(Fill(kind, None), far=False)) for kind in KINDS]
    assert min(muted) >= 4.5


def test_contrast_is_that_of_wcag():
    assert contrast(QColor("#000000"), QColor("#FFFFFF")) == pytest.approx(21)
    assert contrast(QColor("#777777"), QColor("#FFFFFF")) == pytest.approx(4.48, abs=0.01)


def test_nothing_and_the_most_are_the_ends_of_the_ramp():
    assert fill_of("conv", "ops", 0.0, False).step == 0
    assert fill_of("conv", "ops", 0.25, False).step == STEPS / 2
    assert fill_of("conv", "ops", 1.0, False).step == STEPS
    assert fill_of("conv", "kind", 1.0, False).step is None


# ---- getting it out


def test_all_of_the_graph_is_written_as_picture_and_values(deep, tmp_path):
    deep.colour_by("params")
    deep.canvas.zoom(3.0)
    picture = whole(deep.canvas, deep.legend)
    assert picture.width() >= deep.canvas.scene.size.width()
    svg = write_plot(picture, tmp_path / "graph.svg").read_text()
    assert "layer4.1" in svg
    assert "avgpool" in svg
    image = QImage(str(write_plot(picture, tmp_path / "graph.png")))
    assert image.width() == 2 * picture.width()
    head, *rows = csv.reader(write_plot(picture, tmp_path / "graph.csv").open(encoding="utf-8"))
    assert head == [
        "name", "operator", "kind", "layers", "repeats", "reads", "params", "macs", "activation_bytes", "time_ms"
    ]  # fmt: skip
    assert rows[0][:6] == ["conv1", "Conv", "conv", "1", "1", ""]
    assert rows[0][6] == "9408"  # 7·7·3·64, no bias
    assert rows[1][5] == "conv1"


def test_copying_takes_the_rows_and_the_picture(view):
    assert view.copy_rows()
    assert QApplication.clipboard().text().startswith("name\toperator\tkind")
    assert view.copy_picture()
    assert not QApplication.clipboard().pixmap().isNull()
