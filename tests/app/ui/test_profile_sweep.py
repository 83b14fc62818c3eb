"""The Sweep view: what to try, two plots against the batch, what was published, and what was refused."""

from __future__ import annotations

import csv
import math
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from app.facts import Swept
from app.ui.desk import Desk
from app.ui.plots.tools import write_plot
from app.ui.profile.numbers import parsed
from app.ui.profile.sweep import ProfileSweep
from app.workbench import JobView
from profiler.measurement import Load
from tests.app.ui.pages_support import InstantWorkbench
from tests.app.ui.several_devices import MEMORY, boards_facts, points, sweep
from tests.app.ui.shown import show


@pytest.fixture
def bench() -> InstantWorkbench:
    return InstantWorkbench(boards_facts())


@pytest.fixture
def desk(qapp, bench) -> Desk:
    made = Desk()
    made.attach(bench)  # type: ignore[arg-type]
    made.select_candidate("D")
    return made


@pytest.fixture
def view(qtbot, desk) -> ProfileSweep:
    made = ProfileSweep(desk)
    made.show_study(desk.study)
    return show(qtbot, made, 1192, 640)


def refresh(desk: Desk, bench: InstantWorkbench, view: ProfileSweep) -> None:
    desk._show(bench.study)
    view.show_study(desk.study)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1, 2, 4", (1, 2, 4)),
        (" 8 4;2 ", (2, 4, 8)),
        ("2,2,2", (2,)),
        ("", "Type at least one number."),
        ("1, x", "“x” is no whole number from 1 to 64."),
        ("0", "“0” is no whole number from 1 to 64."),
        ("65", "“65” is no whole number from 1 to 64."),
        ("1.5", "“1.5” is no whole number from 1 to 64."),
        ("²", "“²” is no whole number from 1 to 64."),
        (" ".join(map(str, range(1, 18))), "17 numbers are too many: 16 at most."),
    ],
)
def test_numbers_are_read_in_rising_order_or_said_to_be_wrong(text, numbers):
    assert parsed(text, 64) == numbers


def test_the_button_sweeps_what_was_typed(view, bench):
    view.batches.field.setText("1 16 4")
    view.threads.field.setText("2")
    assert view.primary_words() == "Sweep D"
    view.run()
    ((name, given),) = bench.calls
    assert (name, given["letter"], given["device"]) == ("sweep", "D", "cpu")
    assert (given["batches"], given["threads"]) == ((1, 4, 16), (2,))


def test_what_cannot_be_tried_is_said_beside_the_field_and_nothing_runs(view, bench):
    heard = []
    view.changed.connect(lambda: heard.append(view.primary_enabled()))
    view.batches.field.setText("1, many")
    assert heard == [False]
    assert view.batches.words.text() == "“many” is no whole number from 1 to 4,096."
    assert view.batches.words.isVisible()
    view.run()
    assert bench.calls == []
    view.batches.field.setText("1")
    assert heard[-1] is True


def test_while_a_sweep_runs_the_button_says_so(view, bench):
    bench.show_job(JobView("j", "sweep", "D", "Sweep", "running", device="cpu"))
    assert (view.primary_words(), view.primary_enabled()) == ("Sweeping D…", False)


def test_another_device_may_be_swept_meanwhile(view, bench):
    bench.show_job(JobView("j", "sweep", "D", "Sweep", "running", device="tx2-lab"))
    assert view.primary_enabled()


def test_a_curve_for_each_number_of_threads_and_one_for_each_published_machine(view):
    curves = view.latency.chart.curves
    assert [(c.name, c.state) for c in curves] == [
        ("1 thread", "measured"),
        ("4 threads", "measured"),
        ("Titan X, published", "imported"),
        ("Tegra K1, published", "imported"),
    ]
    assert len({c.stroke for c in curves[:2]}) == 2
    assert [(m.x, m.y) for m in curves[0].marks] == [(1, 40.0), (2, 80.0), (4, 160.0)]
    assert [(m.x, m.y) for m in curves[1].marks] == [(1, 10.0), (2, 16.0)]
    assert [(m.x, m.y) for m in curves[2].marks] == [(128, 121.0)]  # the lecture's table
    assert [(m.x, m.y) for m in curves[3].marks] == [(1, 89.0), (64, 1808.0)]


def test_the_legend_shows_each_measured_curve_and_the_plot_names_what_was_published(view):
    assert view.legends[0].accessibleName() == "Legend: 1 thread, 4 threads"
    assert [name.toPlainText() for name in view.latency.names] == ["Titan X, published", "Tegra K1, published"]


def test_throughput_is_the_batch_over_its_time(view):
    rates = {m.title: m.y for m in view.throughput.chart.marks}
    assert rates["Batch 4, 1 thread"] == pytest.approx(25.0)  # 4 images in 160 ms
    assert rates["Batch 2, 4 threads"] == pytest.approx(125.0)
    assert rates["AlexNet on Titan X, published, batch 128"] == pytest.approx(1057.85, abs=0.01)


def test_measured_points_are_filled_and_published_ones_hollow(view):
    from app.ui import theme

    spots = view.latency.marks.data
    surface = theme.colour("surface").name()
    filled = [spot["brush"].color().name() != surface for spot in spots]
    assert filled == [True] * 5 + [False] * 3
    assert all(spot["pen"].dashPattern() for spot, full in zip(spots, filled, strict=True) if not full)


def test_the_axis_of_batches_doubles(view):
    (first, last), _ = view.latency.view.viewRange()
    assert first < 0 < math.log2(128) < last
    marks = {m.title: m for m in view.latency.chart.marks}
    assert view.latency._at(marks["Batch 4, 1 thread"]).x() == pytest.approx(2.0)


def test_what_is_refused_has_a_cross_a_sentence_and_a_row(view):
    (refusal,) = view.latency.chart.refusals
    assert (refusal.x, refusal.why) == (4, MEMORY)
    assert len(view.latency.crosses.data) == 1
    assert view.refused.words.text() == f"Batch 4, 4 threads: {MEMORY}"
    row = view.table.shown()[5]
    assert row.cell("batch_ms").text == "not measured"
    assert MEMORY in row.cell("note").text


def test_a_busy_machine_is_said_with_what_was_refused(view, desk, bench):
    busy = replace(sweep(points(), "2026-11-25T12:00:00+00:00"), load=Load(0.5, 0.5, ("The machine was busy.",)))
    bench.record(Swept("D", "cpu", busy))
    refresh(desk, bench, view)
    assert view.refused.words.text() == f"The machine was busy. Batch 4, 4 threads: {MEMORY}"


def test_without_the_lecture_only_what_was_measured_is_shown(view):
    view.lecture.setChecked(False)
    assert [c.name for c in view.latency.chart.curves] == ["1 thread", "4 threads"]
    assert len(view.table.shown()) == 6


def test_the_table_names_device_source_and_gain(view):
    head = [column.head for column in view.table.model.columns]
    assert head[2] == "Time, here"
    rows = {row.key: row for row in view.table.shown()}
    assert rows["2/4"].cell("gain").text == "1.25 ×"  # 125 images a second against 100
    assert rows["2/4"].cell("image_ms").value == pytest.approx(8.0)
    published = rows["Tegra K1/64"]
    assert published.cell("batch_ms").text == "1.81 s ↧"
    assert "Lecture" in published.cell("batch_ms").tip


def test_the_keys_read_point_by_point(view, qtbot):
    plot = view.latency
    plot.setFocus()
    QTest.keyClick(plot, Qt.Key.Key_Right)
    assert plot.hovered == "1/1"
    QTest.keyClick(plot, Qt.Key.Key_Right)
    QTest.keyClick(plot, Qt.Key.Key_Down)
    assert plot.hovered == "2/4"
    assert plot.card.isVisible()
    QTest.keyClick(plot, Qt.Key.Key_Up)
    QTest.keyClick(plot, Qt.Key.Key_Left)
    assert plot.hovered == "1/1"
    QTest.keyClick(plot, Qt.Key.Key_Return)
    assert view.table.current == "1/1"


def test_every_point_is_spoken(view):
    said = view.latency.accessibleDescription()
    assert "Batch 2, 4 threads: median 16.0 ms" in said
    assert f"Batch 4, 4 threads: refused, {MEMORY}" in said


def test_a_row_shows_its_point(view):
    view.table.view.selectRow(1)
    assert view.latency.hovered == "2/1"


def test_earlier_sweeps_are_chosen_from_the_list(view, desk, bench):
    later = sweep(points()[:2], "2026-11-23T12:00:00+00:00", complete=False)
    bench.record(Swept("D", "cpu", later))
    refresh(desk, bench, view)
    assert [view.earlier.item(n).text() for n in range(2)] == ["2026-11-23 12:00", "2026-11-22 12:00"]
    assert len(view.latency.chart.curves[0].marks) == 2  # the newest is shown
    assert view.how.text().endswith("interrupted, what was measured is kept")
    view.earlier.setCurrentRow(1)
    assert len(view.latency.chart.curves[0].marks) == 3


def test_news_of_other_things_leaves_the_chosen_sweep(view, desk, bench):
    bench.record(Swept("D", "cpu", sweep(points()[:2], "2026-11-23T12:00:00+00:00")))
    refresh(desk, bench, view)
    view.earlier.setCurrentRow(1)
    bench.record(Swept("A", "cpu", sweep(points()[:2], "2026-11-24T12:00:00+00:00")))
    refresh(desk, bench, view)
    assert view.earlier.currentRow() == 1


def test_a_candidate_that_was_not_swept_says_so(view, desk):
    desk.select_candidate("B")
    view.show_study(desk.study)
    assert view.empty.words.text().startswith("B has not been swept on this computer.")
    assert view.empty.isVisible()
    assert view.empty.buttons[0].text() == "Sweep B"


def test_a_small_window_shows_one_thing_at_a_time(view, qtbot):
    assert view.latency.isVisible()
    assert view.throughput.isVisible()
    assert view.table.isVisible()
    view.resize(812, 430)
    qtbot.waitUntil(lambda: not view.throughput.isVisible())
    assert view.latency.isVisible()
    assert not view.table.isVisible()
    view._stack.widget(1).tabs.button("table").click()
    assert view.table.isVisible()
    assert not view.latency.isVisible()
    assert view.minimumSizeHint().width() <= 812


def test_the_plot_goes_out_as_rows(view, tmp_path):
    with write_plot(view.latency, tmp_path / "p.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[1] == ["1 thread", "1", "40.0", "measured"]
    assert ["Titan X, published", "128", "121", "published"] in rows
    assert rows[-1] == ["Batch 4, 4 threads", "4", "", f"refused: {MEMORY}"]
    assert "<svg" in write_plot(view.throughput, tmp_path / "p.svg").read_text(encoding="utf-8")[:400]


def test_copied_rows_name_their_units(view):
    view.table.copy()
    assert QGuiApplication.clipboard().text().splitlines()[0].split("\t")[2] == "Time, here (ms)"
