"""Imported: what other tools measured, by layer with its source; and a meter's readings laid over a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app.facts import Profiled
from app.ui import drop
from app.ui.desk import Desk
from app.ui.drop import DropTargets
from app.ui.profile.imported import METER, ProfileImported
from profiler.errors import BadInput
from profiler.measurement import BoardTrace
from tests.app.ui.pages_support import HERE, InstantWorkbench, profile
from tests.app.ui.several_devices import TK1, TX2, boards_facts, from_caffe, on_tx2
from tests.app.ui.shown import settle, show

SECONDS = [0.5 * n for n in range(41)]
WATTS = [8.0 if 5.0 <= second <= 15.0 else 3.0 for second in SECONDS]
PREVIEW = {
    "seconds": SECONDS, "watts": WATTS, "offset_s": 2.0, "found": "Three bursts at 1 s, 2 s and 3 s.",
    "run": [7.0, 17.0], "energy_mj": 500.0, "mean_watts": 8.0, "idle_watts": 3.0, "why": "",
}  # fmt: skip


@pytest.fixture
def bench() -> InstantWorkbench:
    made = InstantWorkbench(boards_facts())
    made.devices = [HERE, TX2]
    made.told["meter_preview"] = PREVIEW
    return made


@pytest.fixture
def desk(qapp, bench) -> Desk:
    made = Desk()
    made.attach(bench)  # type: ignore[arg-type]
    made.select_candidate("D")
    settle()
    return made


@pytest.fixture
def view(qtbot, desk) -> ProfileImported:
    made = ProfileImported(desk)
    made.show_study(desk.study)
    return show(qtbot, made, 1192, 640)


def refresh(desk: Desk, bench: InstantWorkbench, view: ProfileImported) -> None:
    desk._show(bench.study)
    view.show_study(desk.study)


def said(view: ProfileImported) -> str:
    from PySide6.QtWidgets import QLabel

    found = [view.figures.itemAt(n).widget() for n in range(view.figures.count())]
    return " ".join(text.text() for widget in found for text in widget.findChildren(QLabel))


# ---------------------------------------------------------------------------------------- the list and its rows


def test_the_imports_of_the_candidate_are_listed_the_newest_first(view, desk, bench):
    bench.record(
        Profiled("D", "nano", replace(from_caffe("2026-11-25T09:00:00+00:00"), device=replace(TK1, name="nano")))
    )
    refresh(desk, bench, view)
    assert [view.list.item(n).text() for n in range(view.list.count())] == ["nano", "tk1-desk"]
    assert view.list.item(1).toolTip() == "caffe time, tk1.log · 2026-11-20 09:00 UTC"
    assert view.list.currentRow() == 0  # what was just imported is shown


def test_rows_are_marked_as_imported_with_their_source(view):
    row = next(row for row in view.table.shown() if row.key == "conv2")
    assert row.cell("time").state == "imported"
    assert row.cell("time").text.endswith(" ↧")
    assert view.table.state == "imported"
    assert view.source.text() == "caffe time, tk1.log · 2026-11-20 09:00 UTC"
    assert said(view).startswith("End to end 89.0 ms ↧ Layers ")
    assert "Energy, one inference not measured" in said(view)


def test_a_file_without_end_to_end_times_says_so(view, desk, bench):
    bench.record(Profiled("D", "tk1-desk", replace(from_caffe("2026-11-26T09:00:00+00:00"), latencies_ms=())))
    refresh(desk, bench, view)
    assert said(view).startswith("End to end not in the file Layers ")
    assert view.list.item(0).text() == "tk1-desk"


def test_it_is_held_against_any_earlier_profile(view, desk):
    assert view.against_button.text() == "against nothing"  # its parent has not run there
    here = next(one for one in _known(view, desk) if one.letter == "A" and one.device == "cpu")
    view.against_menu._choose(here.key)
    assert view.against_button.text() == "|  against A on This computer"
    row = next(row for row in view.table.shown() if row.key == "conv2")
    before = next(layer for layer in here.profile.layers if layer.name == "conv2")
    assert row.cell("bar").value == pytest.approx(before.median_us / 1000)


def _known(view, desk):
    from app.ui.profile.earlier import earlier

    return earlier(desk.study, "D", "tk1-desk", view.chosen)


def test_a_candidate_without_imports_says_what_can_be_read(view, desk):
    desk.select_candidate("A")
    view.show_study(desk.study)
    assert view.empty.isVisible()
    assert "what trtexec exports" in view.empty.words.text()


# ---------------------------------------------------------------------------------------- what is imported, and where


def test_files_are_asked_for_and_imported_for_the_named_device(view, bench, monkeypatch, tmp_path):
    files = [str(tmp_path / "times.json"), str(tmp_path / "layers.json")]
    monkeypatch.setattr("app.ui.profile.imported.QFileDialog.getOpenFileNames", lambda *_: (files, ""))
    view.device.setEditText("tx2-lab")
    assert view.primary_words() == "Import…"
    view.run()
    ((name, given),) = bench.calls
    assert (name, given["letter"], given["device"]) == ("import_profile", "D", "tx2-lab")
    assert given["path"] == tuple(Path(file) for file in files)
    assert view.pending == ()


def test_nothing_chosen_imports_nothing(view, bench, monkeypatch):
    monkeypatch.setattr("app.ui.profile.imported.QFileDialog.getOpenFileNames", lambda *_: ([], ""))
    view.run()
    assert bench.calls == []


def test_what_was_dropped_waits_until_its_device_is_named(view, bench, tmp_path):
    view.device.setEditText("")
    view.wait_for_device([tmp_path / "caffe.log"], "")
    assert view._pending.isVisible()
    assert (view.primary_words(), view.primary_enabled()) == ("Import for …", False)
    view.device.setEditText("  tk1   desk ")
    assert (view.primary_words(), view.primary_enabled()) == ("Import for tk1 desk", True)
    view.run()
    assert bench.calls[0][1]["device"] == "tk1 desk"
    assert not view._pending.isVisible()


def test_the_title_of_a_known_device_means_the_device(view):
    view.device.setEditText("this computer")
    assert view.device.device == "cpu"
    names = [view.device.itemData(n) for n in range(view.device.count())]
    assert names[:4] == ["cpu", "tx2-lab", "tk1-desk", "Jetson TK1"]  # the user's, the study's, then boards there are


def test_waiting_files_can_be_let_go(view, bench, tmp_path):
    view.wait_for_device([tmp_path / "caffe.log"], "tx2-lab")
    view.forget_button.click()
    assert view.primary_words() == "Import…"
    assert bench.calls == []


# ---------------------------------------------------------------------------------------- a meter


@pytest.fixture
def meter(view, tmp_path):
    view.open_meter(tmp_path / "meter.csv", "tx2-lab")
    settle()
    return view.meter


def test_the_marker_lays_the_readings_and_the_energy_is_shown(view, meter, bench, tmp_path):
    assert view._stack.currentIndex() == METER
    asked = dict(bench.asked[-1][1])
    assert (bench.asked[-1][0], asked["offset_s"], asked["device"]) == ("meter_preview", None, "tx2-lab")
    assert meter.plot.offset == 2.0
    assert meter.plot.line.pos().x() == 2.0
    assert meter.plot.run == (7.0, 17.0)
    assert meter.energy.text() == "500 mJ ↧"
    assert (meter.mean.text(), meter.idle.text()) == ("run 8.00 W", "idle 3.00 W")
    meter.keep_button.click()
    ((name, given),) = bench.calls
    assert (name, given["letter"], given["device"], given["offset_s"]) == ("meter", "D", "tx2-lab", 2.0)
    assert given["csv"] == tmp_path / "meter.csv"
    assert view._stack.currentIndex() != METER


def test_typed_seconds_move_the_trace_and_ask_for_its_energy(meter, bench, qtbot):
    meter.shift.setValue(-1.25)
    assert meter.plot.offset == -1.25
    assert not meter.keep_button.isEnabled()  # until what is shown is what would be kept
    qtbot.waitUntil(lambda: bench.asked[-1][1]["offset_s"] == -1.25)
    qtbot.waitUntil(lambda: meter.keep_button.isEnabled())
    assert meter.plot.offset == -1.25  # the answer does not take it back


def test_arrow_keys_move_it_by_a_tenth_of_a_second_and_by_one(meter):
    meter.plot.setFocus()
    QTest.keyClick(meter.plot, Qt.Key.Key_Right)
    assert meter.shift.value() == pytest.approx(2.1)
    QTest.keyClick(meter.plot, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert meter.shift.value() == pytest.approx(1.1)
    assert "moved by + 1.10 s" in meter.plot.accessibleDescription()


def test_up_and_down_zoom_on_the_run(meter):
    low, high = meter.plot.view.viewRange()[0]
    meter.plot.setFocus()
    QTest.keyClick(meter.plot, Qt.Key.Key_Up)
    near = meter.plot.view.viewRange()[0]
    assert near[1] - near[0] == pytest.approx((high - low) / 2)
    assert sum(near) / 2 == pytest.approx(12.0)  # the middle of 7 to 17 s
    assert meter.plot.offset == 2.0


def test_where_the_marker_was_is_outlined(view, desk, bench, tmp_path):
    bursts = ((1.0, 2.0), (3.0, 4.0), (5.0, 6.0))
    board = BoardTrace((0.0, 20.0), {}, 7.0, 17.0, marker=bursts)
    bench.record(Profiled("D", "tx2-lab", replace(on_tx2(at="2026-11-25T09:00:00+00:00"), board=board)))
    refresh(desk, bench, view)
    view.open_meter(tmp_path / "meter.csv", "tx2-lab")
    assert [tuple(item.getRegion()) for item in view.meter.plot.bursts] == list(bursts)
    view.open_meter(tmp_path / "meter.csv", "tk1-desk")
    assert view.meter.plot.bursts == []


def test_dragging_moves_the_trace_and_not_the_view(meter, qtbot):
    plot = meter.plot
    seen = plot.view.viewRange()[0]
    view = plot.viewport()
    start = QPoint(view.width() // 2, view.height() // 2)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, 11):
        QTest.mouseMove(view, start + QPoint(8 * step, 0))
        qtbot.wait(15)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=start + QPoint(80, 0))
    moved = 80 * plot.view.viewPixelSize()[0]
    assert plot.offset == pytest.approx(2.0 + moved, rel=0.25)
    assert plot.view.viewRange()[0] == seen


def test_a_marker_that_is_not_there_says_so_and_nothing_can_be_kept(view, bench, tmp_path):
    bench.told["meter_preview"] = PREVIEW | {
        "offset_s": None, "found": "No marker was found.", "energy_mj": None, "mean_watts": None, "idle_watts": None,
        "why": "The readings are not laid beside the run yet.",
    }  # fmt: skip
    view.open_meter(tmp_path / "meter.csv", "tx2-lab")
    settle()
    assert view.meter.found.text() == "No marker was found."
    assert view.meter.why.isVisible()
    assert not view.meter.keep_button.isEnabled()
    assert view.meter.energy.text() == "not measured"


def test_a_file_that_cannot_be_read_is_an_error_in_place(view, bench, tmp_path):
    bench.told["meter_preview"] = BadInput("meter.csv has no column of watts.", "line 1", "Name one “W”.")
    view.open_meter(tmp_path / "meter.csv", "tx2-lab")
    settle()
    card = view.meter._problem.itemAt(0).widget()
    assert "meter.csv has no column of watts." in card.accessibleName()
    assert not view.meter.keep_button.isEnabled()


def test_an_answer_that_comes_late_changes_nothing(view, meter, desk):
    waiting = []
    desk.ask = lambda *given: waiting.append(given[2])  # type: ignore[method-assign]
    meter.find_marker()
    meter.find_marker()
    waiting[1](PREVIEW | {"offset_s": 4.0})
    waiting[0](PREVIEW | {"offset_s": 9.0})
    assert meter.plot.offset == 4.0


def test_cancel_keeps_nothing(view, meter, bench):
    meter.leave()
    assert bench.calls == []
    assert view._stack.currentIndex() != METER


def test_a_picked_import_selects_its_device_and_power_goes_there(view, desk, bench):
    later = from_caffe("2026-11-25T09:00:00+00:00")
    bench.record(Profiled("D", "nano", replace(later, device=replace(TK1, name="nano"))))
    refresh(desk, bench, view)
    assert "on this computer" in view.meter_for.text()  # the selected device, whatever was imported
    view.list.setCurrentRow(1)
    assert desk.device == "tk1-desk"
    view.show_study(desk.study)
    assert view.list.currentRow() == 1
    assert "laid beside D on tk1-desk" in view.meter_for.text()


def test_a_device_s_tab_turns_to_its_import(view, desk, bench):
    later = from_caffe("2026-11-25T09:00:00+00:00")
    bench.record(Profiled("D", "nano", replace(later, device=replace(TK1, name="nano"))))
    refresh(desk, bench, view)
    desk.select_device("tk1-desk")
    view.show_study(desk.study)
    assert view.list.currentItem().text() == "tk1-desk"


def test_power_needs_a_run_to_lie_beside(view, desk, bench):
    desk.select_candidate("F")
    view.show_study(desk.study)
    assert not view.meter_button.isEnabled()
    assert view.meter_for.text().startswith("F has not run on this computer")


def test_news_does_not_take_the_readings_away_but_another_candidate_does(view, meter, desk, bench):
    bench.record(Profiled("A", "cpu", profile(seed=9)))
    refresh(desk, bench, view)
    assert view._stack.currentIndex() == METER
    desk.select_candidate("A")
    view.show_study(desk.study)
    assert view._stack.currentIndex() != METER


def test_the_trace_goes_out_as_rows(meter):
    head, first, *_ = meter.plot.rows()
    assert head == ["seconds of the meter", "seconds of the profile", "W"]
    assert first == ["0.0", "2.0", "3.0"]


def test_it_fits_the_smallest_window(view):
    assert view.minimumSizeHint().width() <= 812


# ---------------------------------------------------------------------------------------- dropping


def test_a_profile_goes_to_a_device_and_the_selected_one_is_first(desk):
    desk.select_device("tx2-lab")
    shown = drop.targets("profile", desk)
    assert [target.words for target in shown] == [
        "Import for tx2-lab", "Import for this computer", "Import for tk1-desk", "Import for another device…",
    ]  # fmt: skip
    assert [target.key for target in shown] == ["import:tx2-lab", "import:cpu", "import:tk1-desk", "import:"]


def test_readings_go_to_the_run_on_the_selected_device(desk):
    assert [t.words for t in drop.targets("meter", desk)] == ["Add as the power of D on this computer"]


def test_several_files_are_dropped_together(qtbot, desk, tmp_path):
    from PySide6.QtWidgets import QWidget

    host = show(qtbot, QWidget(), 1000, 600)
    targets = DropTargets(host, desk)
    heard = []
    targets.measured.connect(lambda key, paths: heard.append((key, [path.name for path in paths])))
    targets.offer([tmp_path / "times.json", tmp_path / "layers.json"], QPoint(1, 1))
    targets.release(targets.rects()[1].center())
    assert heard == [("import:tx2-lab", ["times.json", "layers.json"])]
