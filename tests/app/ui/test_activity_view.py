"""Activity, seen: what it needs, how far it is, and the lecture's table with its drawing."""

import csv

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel

from app.activity_story import is_random
from app.facts import ActivityMeasured, CandidateBorn, DataChosen, JobStarted
from app.study import replay
from app.ui.network.activity_view import ActivityView
from app.ui.network_page import NetworkPage
from app.ui.plots.tools import write_plot
from profiler.activity import Activity, LayerActivity
from profiler.errors import BadInput
from profiler.progress import Progress
from tests.app.ui.shown import settle, show

pytestmark = pytest.mark.usefixtures("at_once")


# The lecture's LeNet-5 (Han et al. 2015, table 4): Act%, Weights%, what it reads, values, MACs, weights.
PRINTED = {
    "conv1": (0.82, 0.66, 1.0, 2880, 288_000, 500),
    "conv2": (0.72, 0.12, 0.82, 800, 1_600_000, 25_000),
    "fc1": (0.55, 0.08, 0.72, 500, 400_000, 400_000),
    "fc2": (1.00, 0.19, 0.55, 10, 5_000, 5_000),
}


def measured(letter: str, change: float = 1.0) -> ActivityMeasured:
    """The printed figures; `change` times the weights."""
    rows = tuple(
        LayerActivity(name, "Conv" if name[0] == "c" else "Gemm", "conv" if name[0] == "c" else "fc", act, act, read,
                      change * weights, change * weights * read, values, macs, name, count)
        for name, (act, weights, read, values, macs, count) in PRINTED.items()
    )  # fmt: skip
    return ActivityMeasured(letter, "Digits", "test", Activity("LeNet-5", 500, rows))


@pytest.fixture
def page(qtbot, desk) -> NetworkPage:
    made = show(qtbot, NetworkPage(desk), 1190, 900)
    made.show_view("activity")
    settle()
    return made


@pytest.fixture
def view(page) -> ActivityView:
    shown = page.shown
    assert isinstance(shown, ActivityView)
    return shown


@pytest.fixture
def shown(view, workbench) -> ActivityView:
    workbench.record(measured("A"))
    settle()
    return view


def buttons(view: ActivityView) -> list[str]:
    return [button.text() for button in view._empty.itemAt(0).widget().buttons]


def texts(view: ActivityView) -> str:
    return " ".join(found.text() for found in view.findChildren(QLabel) if found.isVisibleTo(view))


def test_the_empty_place_says_what_it_needs_and_measures(view, workers):
    assert "Shares of non-zero activations need images." in texts(view)
    assert buttons(view) == ["Measure on 500 images"]
    view._empty.itemAt(0).widget().buttons[0].click()
    lane, _, function, settings = workers.started[-1]
    assert (lane, function) == ("work", "app.pipeline:activity")
    assert (settings["letter"], settings["split"], settings["samples"], settings["data"]) == (
        "A",
        "test",
        500,
        "digits",
    )


def test_a_smaller_test_split_is_run_whole(view, workbench):
    workbench.record(DataChosen("few", "few", (), {"test": 120}))
    settle()
    assert buttons(view) == ["Measure on 120 images"]


def test_without_data_it_asks_for_some(view, page, workbench, workers, qtbot):
    """LeNet-5 reads one grey channel and tells ten classes apart, so the digits fit it."""
    workbench.record(DataChosen(None))
    settle()
    assert buttons(view) == ["Choose data…", "Use digits"]
    with qtbot.waitSignal(page.choose_data):
        view._empty.itemAt(0).widget().buttons[0].click()
    view._empty.itemAt(0).widget().buttons[1].click()
    assert workers.started[-1][2] == "app.pipeline:choose_data"
    settle()
    assert view.waited.isVisible(), "what is read is told in the place where it is wanted"


def test_while_it_runs_it_says_how_far_and_can_be_stopped(view, workers, qtbot):
    view.measure()
    _, task, _, _ = workers.started[-1]
    task.on_progress(Progress(0.5, "Looking at activations, 250 of 500 images"))
    settle()
    assert view._stack.currentIndex() == 1
    assert view.waited.what.text() == "Looking at activations, 250 of 500 images"
    assert view.waited.bar.value() == 500
    qtbot.mouseClick(view.waited.cancel, Qt.MouseButton.LeftButton)
    assert workers.cancelled == [task.job]
    settle()
    assert view.waited.left.text() == "Stopping…"
    task.on_end(None, None)


def test_after_a_failure_it_can_be_measured_again(view, workers):
    """What went wrong stands above the page, as for every job."""
    view.measure()
    workers.started[-1][1].on_end(None, BadInput("The images do not fit.", "They have 3 channels.", "Choose others."))
    settle()
    assert view._stack.currentIndex() == 2
    assert buttons(view) == ["Measure on 500 images"]


def test_the_lecture_s_table(shown):
    """10, 6 and 10 % are the printed products; in all 190,080 + 157,440 + 23,040 + 523 of 2,293,000 MACs."""
    assert shown._stack.currentIndex() == 0
    assert shown.headline.text() == "Act 76.9 %, weights 8.4 %, 16.2 % of the operations needed"
    assert shown.images.text() == "500 images of Digits, test"
    rows = shown.table.shown()
    assert [row.key for row in rows] == ["conv1", "conv2", "fc1", "fc2"]
    assert [row.cell("act").text for row in rows] == ["82.0 %", "72.0 %", "55.0 %", "100.0 %"]
    assert [row.cell("flops").text for row in rows] == ["66.0 %", "9.8 %", "5.8 %", "10.5 %"]
    assert [row.cell("needed").value for row in rows] == [190_080, 157_440, 23_040, 522]
    assert rows[1].cell("flops").tip == "12.0 % of the weights · 82.0 % of what it reads"
    total = shown.table._total_row
    assert (total.cell("ops").text, total.cell("needed").value) == ("2.293 M", 190_080 + 157_440 + 23_040 + 522)


@pytest.mark.parametrize(
    ("convention", "head", "ops", "needed"),
    [
        ("macs", "MACs", 1_600_000, 157_440),
        ("ops", "MACs + bias", 1_603_200, 160_640),
        ("flops", "FLOPs", 3_200_000, 314_880),
    ],
)
def test_the_operations_follow_the_convention(shown, desk, convention, head, ops, needed):
    """conv2 has 50·8·8 = 3,200 outputs, each with a bias that is always added."""
    desk.set_convention(convention)
    assert [column.head for column in shown.table.model.columns][1] == head
    row = shown.table.shown()[1]
    assert (row.cell("ops").value, row.cell("needed").value) == (ops, needed)


def test_another_candidate_s_shares_stand_beside(shown, page, workbench):
    page.compare.choose("B")
    assert "act other" not in [column.key for column in shown.table.model.columns], "B was not measured"
    workbench.record(measured("B", 0.5))
    settle()
    heads = [column.head for column in shown.table.model.columns]
    assert heads == ["Layer", "MACs", "Act%", "Act%, B", "Weights%", "FLOP%", "FLOP%, B", "MACs needed"]
    row = shown.table.shown()[1]
    assert row.cell("flops other").text == "4.9 %"
    assert row.cell("flops").behind == pytest.approx(4.92)


def test_again_on_other_images(shown, workbench, workers):
    workbench.record(DataChosen("digits", "Digits", (), {"train": 3000, "test": 300}))
    settle()
    shown.again.aboutToShow.emit()
    names = [action.text() for action in shown.again.actions() if action.text()]
    assert names == [
        "100 images, train", "500 images, train", "2,000 images, train", "All 3,000 images, train",
        "100 images, test", "All 300 images, test", "Choose other data…",
    ]  # fmt: skip
    next(action for action in shown.again.actions() if action.text() == "2,000 images, train").trigger()
    settings = workers.started[-1][3]
    assert (settings["split"], settings["samples"]) == ("train", 2000)
    settle()
    assert shown._stack.currentIndex() == 0, "the figures stay until there are new ones"
    assert shown.running.isVisible()
    assert not shown.again_button.isEnabled()


def test_one_selection(page, shown, desk, qtbot):
    bar = shown.chart.bar_rect(2, 0.5).center().toPoint()
    qtbot.mouseClick(shown.chart, Qt.MouseButton.LeftButton, pos=bar)
    assert desk.layer == "fc1"
    assert shown.table.current == "fc1"
    said = "fc1, Act 55.0 %, weights 8.0 %, operations needed 5.8 %"
    assert shown.chart.accessibleDescription() == said
    qtbot.keyClick(shown.chart, Qt.Key.Key_Left)
    assert desk.layer == "conv2"
    page.next_layer(1)
    assert desk.layer == "fc1"
    desk.select_layer("pool1")
    assert shown.chart.layer == "pool1"


def test_a_kind_clicked_above_is_shown_alone_until_escape(page, shown):
    page.heavy.bars[0].picked.emit("fc")
    assert [row.key for row in shown.table.shown()] == ["fc1", "fc2"]
    assert page.escape()
    assert len(shown.table.shown()) == 4
    assert shown.chart.kind == ""


def test_a_low_window_shows_one_of_both(page, shown):
    assert shown.plot.isVisible()
    assert shown.rows.isVisible()
    page.resize(1190, 620)
    settle()
    assert not shown.plot.isVisible()
    assert shown.rows.isVisible()
    shown.way.button("chart").click()
    assert shown.plot.isVisible()
    assert not shown.rows.isVisible()


def test_the_figures_can_be_had(page, shown, tmp_path):
    rows = list(csv.reader(write_plot(shown.chart, tmp_path / "activity.csv").open()))
    assert rows[0] == ["layer", "operator", "kind", "act", "weights", "flops", "macs", "needed_macs"]
    assert rows[1][:6] == ["conv1", "Conv", "conv", "0.82", "0.66", "0.66"]
    assert write_plot(shown.chart, tmp_path / "activity.svg").read_text().startswith("<?xml")
    assert page.copy_rows()
    assert QApplication.clipboard().text().startswith("Layer\tMACs\tAct% (%)")
    assert page.copy_picture()


def test_what_is_not_known_is_no_bar_and_no_dot(shown, workbench):
    rows = (LayerActivity("conv1", "Conv", "conv", None, None, None, None, None, None, 288_000),)
    workbench.record(ActivityMeasured("A", "Digits", "test", Activity("LeNet-5", 500, rows)))
    settle()
    (row,) = shown.table.shown()
    assert [row.cell(key).text for key in ("act", "weights", "flops", "needed")] == ["not known"] * 4
    assert shown.chart.dot_at(0) is None
    shown.chart.grab()


def test_random_weights_are_told_of(lenet5):
    """Even when the network was kept in the study since, and when it was pruned; not once it has learnt."""

    def study(path: str, training=()):
        return replay([
            JobStarted("j", "open", "A", "Open", {"path": path}),
            CandidateBorn("A", None, "Baseline", f"object:{'a' * 64}", "x", lenet5, None),
            CandidateBorn("B", "A", "Pruned", f"object:{'b' * 64}", "x", lenet5, None, training=training),
        ])  # fmt: skip

    assert is_random(study("zoo:LeNet-5"), "A")
    assert is_random(study("zoo:LeNet-5"), "B")
    assert not is_random(study("zoo:LeNet-5", ({"loss": 0.1},)), "B")
    assert not is_random(study("zoo:LeNet-5-digits"), "B")
    assert not is_random(study("/tmp/lenet.onnx"), "A")


def test_the_line_that_warns(view, workbench):
    workbench.record(JobStarted("opened", "open", "A", "Open LeNet-5", {"path": "zoo:LeNet-5"}), measured("A"))
    settle()
    assert "A built-in network has random weights, so these shares say little." in texts(view)
