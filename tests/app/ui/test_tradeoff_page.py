"""Trade-off: which one to ship. One selection in plot, table and detail; limits that can be moved."""

import json

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QLabel

from app.facts import Goal, GoalSet
from app.ui.desk import Desk
from app.ui.tradeoff_page import TradeoffPage
from tests.app.ui.pages_support import InstantWorkbench, baseline_facts, study_facts
from tests.app.ui.shown import show
from tests.app.ui.test_plots import drag

pytestmark = pytest.mark.usefixtures("at_once")

GOAL = Goal("cpu", accuracy=0.561, latency_ms=20.0, size_mb=10.0)


def opened(qtbot, facts) -> TradeoffPage:
    desk = Desk()
    desk.attach(InstantWorkbench(facts))  # type: ignore[arg-type]
    page = show(qtbot, TradeoffPage(desk), 1192, 762)
    qtbot.wait(60)
    return page


@pytest.fixture
def page(qtbot) -> TradeoffPage:
    return opened(qtbot, [*study_facts(), GoalSet(GOAL)])


def said(widget) -> str:
    return " ".join(found.text() for found in widget.findChildren(QLabel))


def test_one_point_has_its_exact_words(qtbot):
    page = opened(qtbot, baseline_facts())
    assert page.empty.isVisible()
    assert page.empty.words.text() == "One point so far: the baseline. Every version you make appears here."
    with qtbot.waitSignal(page.desk.page_changed) as told:
        page.empty.buttons[0].click()
    assert (page.empty.buttons[0].text(), told.args) == ("Make one", ["compress"])


def test_every_measured_candidate_is_a_point_and_the_others_stand_below(page):
    assert [dot.letter for dot in page.plot.scene_shown.dots] == ["A", "B", "C", "D", "E"]
    assert "F  D + prune 70 %" in said_buttons(page)
    assert "not measured" in said_buttons(page)


def said_buttons(page) -> str:
    widgets = [page.strip.itemAt(n).widget() for n in range(page.strip.count())]
    return " ".join(w.text() for w in widgets if hasattr(w, "text"))


def test_the_staircase_goes_through_measured_points_only(page):
    scene = page.plot.scene_shown
    corners = set(scene.stairs)
    points = {(dot.x, dot.y) for dot in scene.dots}
    assert corners & points
    ys = [y for _, y in scene.stairs]
    assert ys == sorted(ys)


def test_the_one_that_meets_the_whole_goal_is_best(page):
    assert page.plot.scene_shown.best == "E"  # the only one under 10 MB
    assert page.sentence.text() == "E meets the goal."


def test_plot_table_and_detail_are_one_selection(page):
    page.plot.picked.emit("D")
    assert page.desk.candidate == "D"
    assert page.table.current == "D"
    assert page.plot.scene_shown.selected == "D"
    assert "D  Prune to 30 %" in said(page.detail)
    page.table.view.selectRow(1)
    assert page.desk.candidate == "B"


def test_the_detail_sets_it_against_the_baseline(page):
    page.desk.select_candidate("E")
    words = said(page.detail)
    assert "Against A" in words
    assert "−0.8 pt" in words
    assert "2.30 ×" in words  # the interleaved ratio, not the quotient of two separate runs
    assert "30.1 ×" in words  # 243.9 / 8.1


def test_what_misses_the_goal_is_said(page):
    page.desk.select_candidate("D")
    assert "Size is 19.8 MB too high." in said(page.detail)  # 29.8 against 10


def test_dragging_a_limit_sets_the_goal_once(page):
    plot, bench = page.plot, page.desk.workbench
    (_, _), (low, high) = plot.view.viewRange()
    y = low + 0.3 * (high - low)
    bench.recorded.clear()
    drag(plot, QPointF(20.0, y), QPointF(30.0, y))
    (fact,) = bench.recorded
    assert fact.goal.latency_ms == pytest.approx(30.0, abs=0.5)
    assert (fact.goal.accuracy, fact.goal.size_mb) == (0.561, 10.0)


def test_a_limit_of_accuracy_is_recorded_as_a_share(page):
    page.set_limit("y", 56.5)
    assert page.desk.workbench.recorded[-1].goal.accuracy == pytest.approx(0.565)


def test_other_axes(page):
    page.across.setCurrentIndex(page.across.findData("size"))
    scene = page.plot.scene_shown
    assert scene.x.title == "Size, MB"
    assert scene.x.limit == 10.0
    assert "E" in [dot.letter for dot in scene.dots]
    page.across.setCurrentIndex(page.across.findData("macs"))
    assert page.plot.scene_shown.x.limit is None
    page.set_limit("x", 5e8)
    assert page.desk.workbench.recorded[-1].goal.macs == 5e8


def test_a_latency_limit_of_another_device_is_not_drawn(qtbot):
    page = opened(qtbot, [*study_facts(), GoalSet(Goal("tx2", accuracy=0.5, latency_ms=20.0))])
    assert page.plot.scene_shown.x.limit is None
    assert page.plot.scene_shown.y.limit == pytest.approx(50.0)


def test_the_table_marks_what_meets_the_goal(page):
    rows = {row.key: row.cells for row in page.table.shown()}
    assert rows["E"]["size"].glyph == "check"
    assert rows["A"]["size"].glyph == "x"
    assert rows["F"]["accuracy"].text == "not measured"
    assert rows["F"]["accuracy"].glyph == ""


def test_the_table_goes_out_with_its_values(page, tmp_path):
    page.table.write(tmp_path / "candidates.json")
    rows = json.loads((tmp_path / "candidates.json").read_text())["rows"]
    assert rows[4]["Candidate"] == "E"
    assert rows[5]["Accuracy"] is None


def test_the_baseline_and_the_selected_one_are_compared(page):
    page.desk.select_candidate("C")
    assert page.compare_button.text() == "Compare A with C"
    page.primary()
    assert page.desk.workbench.calls[-1][1]["letters"] == ("A", "C")


def test_the_convention_changes_the_column(page):
    page.desk.set_convention("flops")
    column = next(c for c in page.table.model.columns if c.key == "ops")
    assert column.head == "FLOPs"
    macs = sum(layer.macs for layer in page.desk.study.candidates["A"].breakdown.layers)
    assert page.table.shown()[0].cells["ops"].value == 2 * macs
