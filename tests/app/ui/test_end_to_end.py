"""The window as a person drives it, with nothing faked: open, drag, run, profile, see two points, export."""

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from app.store import Store
from app.tradeoff import points
from app.ui.desk import Desk
from app.ui.studies import DEMO, Studies
from app.ui.window import Window

MINUTE = 60_000


@pytest.fixture
def window(qtbot, tmp_path):
    """The whole window on a first start: the demo study, in a folder of its own."""
    desk = Desk()
    studies = Studies(desk, tmp_path / "studies")
    made = Window(desk, studies)
    made.resize(1440, 900)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    studies.open(studies.folder / DEMO)
    yield made
    made.close()
    made.deleteLater()


class Strays(QObject):
    """Notes every window that shows itself beside the one: a part made visible before it had a place."""

    def __init__(self, window):
        super().__init__(window)
        self.window, self.seen = window, []

    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.seen += [type(watched).__name__] if watched is not self.window else []
        return False


def idle(desk: Desk) -> bool:
    return bool(desk.jobs) and all(view.ended for view in desk.jobs)


def drag(plot, start: float, stop: float) -> None:
    """With the mouse, along the plot's x axis, below the pills."""
    y = 0.4 * plot.view.viewRange()[1][1]
    first, last = (QPointF(plot.mapFromScene(plot.view.mapViewToScene(QPointF(x, y)))) for x in (start, stop))
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    steps = [(QEvent.Type.MouseMove, first, none, none), (QEvent.Type.MouseButtonPress, first, left, left)]
    steps += [(QEvent.Type.MouseMove, first + (last - first) * part, none, left) for part in (0.3, 0.6, 1.0)]
    for kind, at, button, buttons in [*steps, (QEvent.Type.MouseButtonRelease, last, left, none)]:
        QTest.qWait(25)  # the plot takes so many moves a second
        port = plot.viewport()
        there = QPointF(port.mapToGlobal(at.toPoint()))
        QApplication.sendEvent(port, QMouseEvent(kind, at, there, button, buttons, Qt.KeyboardModifier.NoModifier))


@pytest.mark.slow
def test_from_the_first_start_to_a_report(qtbot, window, tmp_path, monkeypatch):
    desk, strays = window.desk, Strays(window)
    QApplication.instance().installEventFilter(strays)
    qtbot.waitUntil(lambda: "A" in desk.study.candidates, timeout=MINUTE)
    qtbot.waitUntil(lambda: idle(desk) and bool(desk.study.candidate("A").profiles), timeout=MINUTE)
    baseline = desk.study.candidate("A")
    assert baseline.evaluation is not None
    assert baseline.evaluation.accuracy >= 0.98

    # Shrink it: the recipe is there, running it is one key away
    qtbot.mouseClick(window.page("network").strip.shrink_button, Qt.MouseButton.LeftButton)
    compress = window.shown
    qtbot.waitUntil(lambda: bool(compress.draft.steps), timeout=MINUTE)
    for step in range(len(compress.draft.steps)):  # one epoch is enough to see the road
        compress.draft.change(step, epochs=1)

    # drag the threshold over fc1's weights: what is predicted follows the hand
    compress.editor.chips.setFocus()
    desk.select_layer("fc1")
    plot = compress.editor.plot
    qtbot.waitUntil(lambda: plot.shown is not None and plot.shown.layer == "fc1", timeout=MINUTE)
    qtbot.waitUntil(lambda: len(compress.histograms.of("A")) == 4, timeout=MINUTE)  # one threshold for all of them
    QTest.qWait(100)
    before = plot.threshold
    drag(plot, plot.right.at, plot.right.at * 0.8)
    assert plot.threshold == pytest.approx(0.8 * before, rel=0.1)

    # run
    qtbot.waitUntil(compress.run_button.isEnabled, timeout=MINUTE)
    qtbot.mouseClick(compress.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "B" in desk.study.candidates, timeout=3 * MINUTE)
    qtbot.waitUntil(lambda: idle(desk) and bool(desk.study.candidate("B").profiles), timeout=3 * MINUTE)
    pruned = desk.study.candidate("B")
    assert pruned.parent == "A"
    assert pruned.nonzero_params is not None
    assert pruned.nonzero_params < baseline.nonzero_params / 2
    assert pruned.packed is not None
    assert pruned.packed.packed_bytes < baseline.packed.packed_bytes / 2
    assert pruned.evaluation is not None

    # profile once more, by hand
    window.show_page("profile")
    desk.select_candidate("B")
    first = desk.study.candidate("B").profiles["cpu"]
    QTest.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: desk.study.candidate("B").profiles["cpu"] is not first and idle(desk), timeout=MINUTE)

    # two solid points
    window.show_page("tradeoff")
    solid = [point for point in points(desk.study, "accuracy", "latency", "cpu") if point.solid]
    assert [point.letter for point in solid] == ["A", "B"]
    assert {dot.letter: dot.hollow for dot in window.shown.plot.scene_shown.dots} == {"A": False, "B": False}

    # export
    window.show_page("report")
    target = tmp_path / "report.html"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(target), ""))
    window.shown.primary()
    qtbot.waitUntil(lambda: target.exists() and idle(desk), timeout=MINUTE)
    html = target.read_text()
    assert "Baseline" in html
    assert pruned.title in html
    assert {path.suffix for path in tmp_path.glob("report*")} == {".html", ".csv", ".json"}

    assert strays.seen == []

    # another start shows everything again
    folder = Path(desk.workbench.folder)
    recorded = desk.workbench.study
    assert Store(folder).study() == recorded
