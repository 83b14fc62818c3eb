"""Boards compared: one candidate on several devices, per watt and per dollar, each figure with its source."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.facts import Profiled
from app.ui.desk import Desk
from app.ui.profile.boards import BoardsCompared
from app.workbench import JobView
from profiler.measurement import DeviceFacts
from tests.app.ui.pages_support import HERE, InstantWorkbench
from tests.app.ui.several_devices import TX2, boards_facts
from tests.app.ui.shown import settle, show

NANO = DeviceFacts("nano", "NVIDIA Jetson Nano Developer Kit")


@pytest.fixture
def bench() -> InstantWorkbench:
    made = InstantWorkbench(boards_facts())
    made.devices = [HERE, TX2, NANO]
    return made


@pytest.fixture
def desk(qapp, bench) -> Desk:
    made = Desk()
    made.attach(bench)  # type: ignore[arg-type]
    made.select_candidate("D")
    settle()
    return made


@pytest.fixture
def view(qtbot, desk) -> BoardsCompared:
    made = BoardsCompared(desk)
    made.show_study(desk.study)
    return show(qtbot, made, 1192, 640)


def cells(view: BoardsCompared, device: str):
    return next(row for row in view.table.shown() if row.key == device).cells


def test_every_device_is_a_row_the_quickest_first_and_those_without_a_run_last(view):
    assert [row.key for row in view.table.shown()] == ["cpu", "tx2-lab", "tk1-desk", "nano"]
    assert cells(view, "nano")["time"].text == "not measured"
    assert cells(view, "nano")["price"].text == "$99"  # NVIDIA's launch price of the developer kit


def test_the_ratios_are_those_of_a_calculator(view):
    found = cells(view, "tx2-lab")
    assert found["fps"].value == pytest.approx(50.0)  # 20 ms a run
    assert found["watts"].value == pytest.approx(8.0)
    assert found["per_watt"].value == pytest.approx(6.25)
    assert found["per_dollar"].value == pytest.approx(50 / 599)
    assert found["energy"].text == "500 mJ"
    # 2 × 724,406,816 MACs × 50 a second ÷ 1331 GFLOPS
    assert found["efficiency"].value == pytest.approx(2 * 724_406_816 * 50 / 1331e9)


def test_sources_are_in_the_tooltips(view):
    found = cells(view, "tx2-lab")
    assert "Lecture" in found["price"].tip
    assert "1.33 TFLOPS" in found["peak"].tip
    assert found["watts"].tip.splitlines()[0] == "Measured by jtop on VDD_IN, mean over the run"
    assert found["watts"].tip.splitlines()[1].startswith("Printed: 7.5 to 15 W.")


def test_what_was_imported_bears_the_mark_and_its_source(view):
    found = cells(view, "tk1-desk")
    assert found["time"].text == "89.0 ms ↧"
    assert found["time"].state == "imported"
    assert "caffe time, tk1.log" in found["time"].tip
    assert found["price"].text == "$192"
    assert view.plot.shown[2].bars[1].state == "imported"


def test_watts_of_an_external_meter_are_marked_though_the_time_was_measured(view, desk, bench):
    tx2 = desk.study.candidates["D"].profiles["tx2-lab"]
    metered = replace(tx2, power=replace(tx2.power, source="external meter", imported="meter.csv"))
    bench.record(Profiled("D", "tx2-lab", metered))
    desk._show(bench.study)
    view.show_study(desk.study)
    found = cells(view, "tx2-lab")
    assert [found[key].text for key in ("watts", "per_watt", "energy")] == ["8.00 W ↧", "6.25 ↧", "500 mJ ↧"]
    assert "meter.csv" in found["watts"].tip
    assert (found["time"].state, found["per_dollar"].state) == ("measured", "measured")
    assert [bar.state for bar in view.plot.shown[1].bars] == ["imported", "measured"]


def test_what_is_not_known_says_why_and_is_never_nought(view):
    here = cells(view, "cpu")
    assert [here[key].text for key in ("price", "watts", "per_dollar", "per_watt", "energy", "efficiency")] == [
        "not known", "not measured", "no price", "no watts", "not measured", "no peak",
    ]  # fmt: skip
    assert all(here[key].value is None for key in ("price", "watts", "per_dollar", "per_watt", "energy", "efficiency"))
    assert [bar.text for bar in view.plot.shown[0].bars] == ["watts not measured", "price not known"]
    assert [bar.value for bar in view.plot.shown[0].bars] == [None, None]


def test_the_processor_has_no_share_of_the_gpu_s_peak(view, desk, bench):
    tx2 = desk.study.candidates["D"].profiles["tx2-lab"]
    by_cpu = replace(tx2, settings=replace(tx2.settings, engine="onnxruntime"), at="2026-11-24T09:00:00+00:00")
    bench.record(Profiled("D", "tx2-lab", by_cpu))
    desk._show(bench.study)
    view.show_study(desk.study)
    found = cells(view, "tx2-lab")["efficiency"]
    assert (found.text, "processor" in found.tip) == ("–", True)


def test_the_button_measures_on_every_device_that_answers(view, desk, bench):
    assert view.primary_words() == "Profile D on this computer"
    desk.roster.reached("tx2-lab")
    assert view.primary_words() == "Profile D on 2 devices"
    view.run()
    assert [(name, given["letter"], given["device"]) for name, given in bench.calls] == [
        ("profile", "D", "cpu"),
        ("profile", "D", "tx2-lab"),
    ]


def test_the_page_may_say_how_each_device_is_measured(view, desk):
    desk.roster.reached("tx2-lab")
    asked = []
    view.measure = asked.append
    view.run()
    assert asked == [["cpu", "tx2-lab"]]


def test_where_it_runs_already_it_is_not_measured_twice(view, desk, bench):
    desk.roster.reached("tx2-lab")
    bench.show_job(JobView("j", "profile", "D", "Profile", "waiting", device="tx2-lab"))
    assert view.devices == ("cpu",)
    bench.show_job(JobView("k", "profile", "D", "Profile", "running", device="cpu"))
    assert (view.primary_words(), view.primary_enabled()) == ("Profiling D…", False)


def test_a_candidate_that_ran_nowhere_says_so(view, desk):
    desk.select_candidate("F")
    view.show_study(desk.study)
    assert view.empty.isVisible()
    assert view.empty.words.text() == "F has not run on any device."
    assert view.empty.buttons[0].text() == "Profile F on this computer"


def test_the_bars_are_read_by_keys_and_by_voice(view, qtbot):
    view.plot.setFocus()
    QTest.keyClick(view.plot, Qt.Key.Key_Down)
    QTest.keyClick(view.plot, Qt.Key.Key_Down)
    assert view.plot.at == 1
    assert view.plot.card.isVisible()
    QTest.keyClick(view.plot, Qt.Key.Key_Return)
    assert view.table.current == "tx2-lab"
    assert "tx2-lab: Frames a second per watt 6.25, Frames a second per dollar 0.0835" in (
        view.plot.accessibleDescription()
    )


def test_opening_a_row_selects_its_device_if_it_is_one_of_the_user_s(view, desk):
    view.table.opened.emit("tx2-lab")
    assert desk.device == "tx2-lab"
    view.table.opened.emit("gone")
    assert desk.device == "tx2-lab"


def test_a_small_window_shows_bars_or_table(view, qtbot):
    view.resize(812, 380)
    qtbot.waitUntil(lambda: not view.table.isVisible())
    assert view.plot.isVisible()
    view.views.tabs.button("table").click()
    assert view.table.isVisible()
    assert not view.plot.isVisible()
    widths = [view.table.head.sectionSize(place) for place, column in enumerate(view.table.model.columns)]
    assert all(width >= column.width for width, column in zip(widths, view.table.model.columns, strict=True))


def test_with_nothing_to_draw_there_is_only_the_table(view, desk):
    desk.select_candidate("C")  # ran here alone, where neither watts nor price are known
    view.show_study(desk.study)
    assert not view.plot.isVisible()
    assert view.table.isVisible()


def test_the_bars_go_out_as_rows(view):
    head, *rows = view.plot.rows()
    assert head == ["device", "Frames a second per watt", "Frames a second per dollar"]
    assert rows[0] == ["This computer", "", ""]
    assert rows[1][:2] == ["tx2-lab", "6.25"]
