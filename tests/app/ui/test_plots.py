"""What a hand does on a plot, and what comes out of it."""

import csv
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.ui import theme
from app.ui.parts.marker import Look
from app.ui.plots.histogram import Histogram
from app.ui.plots.run_dots import RunDots
from app.ui.plots.scatter import Scatter
from app.ui.plots.scatter_scene import Dot, Scale, Scene
from app.ui.plots.tools import write_plot
from app.ui.plots.training_curves import TrainingCurves
from app.ui.plots.whiskers import Pair, Whiskers
from profiler.histogram import weight_histogram
from profiler.measurement import Ratio


@pytest.fixture
def histogram(qtbot) -> Histogram:
    """A hundred weights from 0.01 to 1.00, with alternating signs."""
    values = np.array([(-1) ** n * n / 100 for n in range(1, 101)], np.float32)
    plot = Histogram()
    qtbot.addWidget(plot)
    plot.resize(600, 300)
    plot.show_histogram(weight_histogram(values, "fc6.weight", "fc6"), "fc", 0.25)
    plot.show()
    qtbot.waitExposed(plot)
    qtbot.wait(30)  # axes take the room their words need once they are painted
    return plot


def test_both_lines_stand_at_the_threshold(histogram):
    assert histogram.left.at == pytest.approx(-0.25)
    assert histogram.right.at == pytest.approx(0.25)
    assert histogram.share.toPlainText().endswith("% go")


@pytest.mark.parametrize(("key", "modifier", "moved"), [
    (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, 1 / 200),
    (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, -1 / 200),
    (Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier, 10 / 200),
])  # fmt: skip
def test_arrow_keys_move_the_threshold(qtbot, histogram, key, modifier, moved):
    with qtbot.waitSignal(histogram.threshold_settled) as told:
        qtbot.keyClick(histogram, key, modifier)
    assert told.args[0] == pytest.approx(0.25 + moved, abs=1e-4)  # the axis reaches to 1.00


def test_dragging_the_left_line_moves_the_right_one(histogram):
    heard: list[float] = []
    histogram.threshold_moved.connect(heard.append)
    drag(histogram, QPointF(-0.25, 0.5), QPointF(-0.5, 0.5))  # below the pills
    assert histogram.threshold == pytest.approx(0.5, abs=0.02)
    assert histogram.right.at == pytest.approx(0.5, abs=0.02)
    assert heard


def drag(plot, start: QPointF, stop: QPointF) -> None:
    """With the mouse, between two points of the plot's scale."""
    first, last = (QPointF(plot.mapFromScene(plot.view.mapViewToScene(point))) for point in (start, stop))
    kinds = QEvent.Type
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    send(plot, kinds.MouseMove, first, none, none)
    send(plot, kinds.MouseButtonPress, first, left, left)
    for part in (0.3, 0.6, 1.0):
        QTest.qWait(25)  # the plot takes so many moves a second
        send(plot, kinds.MouseMove, first + (last - first) * part, none, left)
    send(plot, kinds.MouseButtonRelease, last, left, none)


def send(plot, kind: QEvent.Type, at: QPointF, button, buttons) -> None:
    port = plot.viewport()
    there = QPointF(port.mapToGlobal(at.toPoint()))
    event = QMouseEvent(kind, at, there, button, buttons, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(port, event)


def test_the_threshold_stays_within_the_weights(qtbot, histogram):
    histogram.set_threshold(0.999)
    qtbot.keyClick(histogram, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert histogram.threshold == pytest.approx(1.0)


def test_the_bins_go_out_as_csv(histogram, tmp_path):
    write_plot(histogram, tmp_path / "weights.csv")
    rows = list(csv.reader((tmp_path / "weights.csv").open()))
    assert rows[0] == ["from", "to", "weights"]
    assert sum(int(row[2]) for row in rows[1:]) == 100


def test_a_plot_goes_out_as_svg_and_png(histogram, tmp_path):
    write_plot(histogram, tmp_path / "weights.svg")
    write_plot(histogram, tmp_path / "weights")
    assert ElementTree.parse(tmp_path / "weights.svg").getroot().tag.endswith("svg")
    assert (tmp_path / "weights.png").read_bytes().startswith(b"\x89PNG")


def scene(**changes) -> Scene:
    dots = (
        Dot("A", "Baseline", 40.0, 57.0, Look("d", "baseline"), lines=(("Accuracy", "57.0 %"),)),
        Dot("B", "Prune", 20.0, 56.5, Look("o", 0), lines=(("Accuracy", "56.5 %"),)),
    )
    x = Scale("Latency, ms", lambda v: f"{v:.1f} ms", str, True, 25.0)
    y = Scale("Accuracy, %", lambda v: f"{v:.1f} %", str, False, 56.0)
    return Scene(**({"dots": dots, "stairs": (), "x": x, "y": y, "selected": "A", "best": "B"} | changes))


@pytest.fixture
def scatter(qtbot) -> Scatter:
    plot = Scatter()
    qtbot.addWidget(plot)
    plot.resize(600, 400)
    plot.show_scene(scene())
    plot.show()
    qtbot.waitExposed(plot)
    qtbot.wait(30)  # axes take the room their words need once they are painted
    return plot


def test_a_click_on_a_point_picks_its_candidate(qtbot, scatter):
    at = scatter.mapFromScene(scatter.view.mapViewToScene(QPointF(20.0, 56.5)))
    qtbot.mouseMove(scatter.viewport(), at)
    with qtbot.waitSignal(scatter.picked) as told:
        qtbot.mouseClick(scatter.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert told.args == ["B"]


def test_the_keyboard_goes_from_point_to_point_and_picks(qtbot, scatter):
    qtbot.keyClick(scatter, Qt.Key.Key_Left)  # the card of the selected one comes up
    assert (scatter.hovered, scatter.card.isVisible()) == ("A", True)
    qtbot.keyClick(scatter, Qt.Key.Key_Left)
    assert scatter.hovered == "B"
    with qtbot.waitSignal(scatter.picked) as told:
        qtbot.keyClick(scatter, Qt.Key.Key_Return)
    assert told.args == ["B"]


def test_tab_reaches_each_limit_and_arrows_move_it(qtbot, scatter):
    assert scatter.focusNextPrevChild(True)
    with qtbot.waitSignal(scatter.limit_settled) as told:
        qtbot.keyClick(scatter, Qt.Key.Key_Right)
    side, value = told.args
    (low, high), _ = scatter.view.viewRange()
    assert side == "x"
    assert value == pytest.approx(25.0 + (high - low) / 200)
    assert scatter.focusNextPrevChild(True)
    with qtbot.waitSignal(scatter.limit_settled) as told:
        qtbot.keyClick(scatter, Qt.Key.Key_Down)
    assert told.args[0] == "y"
    assert told.args[1] < 56.0


def test_a_limit_that_is_not_set_is_not_there(scatter):
    no_limit = Scale("Latency, ms", str, str, True)
    scatter.show_scene(scene(x=no_limit))
    assert not scatter.limits["x"].isVisible()
    assert not scatter.corner.isVisible()


def test_the_corner_is_tinted_where_both_limits_hold(scatter):
    box = scatter.corner.rect()
    assert scatter.corner.isVisible()
    assert box.right() == pytest.approx(25.0)  # faster is left
    assert box.top() == pytest.approx(56.0)  # better is up: the rectangle grows from the limit


def test_names_do_not_cover_each_other(qtbot, scatter):
    qtbot.wait(30)
    boxes = [item.sceneBoundingRect() for item in scatter.names.values()]
    assert not boxes[0].intersects(boxes[1])


def test_a_predicted_point_is_hollow(scatter):
    hollow = Dot("C", "Draft", 30.0, 56.8, Look("s", 1), hollow=True)
    scatter.show_scene(scene(dots=(*scene().dots, hollow)))
    brushes = [spot.brush().color().name() for spot in scatter.marks.points()]
    assert brushes[-1] == theme.colour("surface").name()
    assert brushes[0] == theme.colour("text").name()


def test_every_run_is_a_dot(qtbot):
    plot = RunDots()
    qtbot.addWidget(plot)
    plot.resize(300, 100)
    plot.show_runs((1.0, 1.0, 1.01, 2.0), 1.0, 1.005, 1.85)
    spots = plot.spots()
    assert len(spots) == 4
    assert spots[0].x() == spots[1].x()
    assert spots[1].y() < spots[0].y()  # alike ones are stacked
    assert spots[3].x() > spots[2].x()
    assert "4 runs" in plot.accessibleDescription()


@pytest.mark.parametrize(("ratio", "low", "high", "verdict", "said"), [
    (1.01, 0.98, 1.03, "same", "same"),
    (2.3, 2.26, 2.34, "faster", "2.30 × faster"),
    (0.5, 0.48, 0.52, "slower", "0.500 × as fast"),
])  # fmt: skip
def test_a_ratio_inside_the_noise_reads_same(qtbot, ratio, low, high, verdict, said):
    plot = Whiskers()
    qtbot.addWidget(plot)
    plot.show_pairs([Pair("B to A", Ratio("A", "B", ratio, low, high, 0.95, verdict))])
    assert plot.shown[0].verdict == said
    assert said in plot.accessibleDescription()


def test_learning_is_shown_against_the_baseline(qtbot):
    plot = TrainingCurves()
    qtbot.addWidget(plot)
    rows = [{"epoch": 1, "loss": 0.5, "accuracy": 0.7, "validation": 0.9}, {"epoch": 2, "loss": 0.25}]
    plot.show_history(rows, 0.98, "A 98.0 %")
    assert plot.loss.values == [(1, 0.5), (2, 0.25)]
    assert plot.accuracy.values == [(1, 90.0)]
    assert plot.accuracy.level == 98.0
    assert plot.rows() == [["epoch", "loss", "validation accuracy, %"], ["1", "0.5", "90.0"], ["2", "0.25", ""]]
