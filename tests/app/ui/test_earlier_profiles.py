"""Every earlier profile: the menu that the ticks are chosen from, and time by kind, one bar a profile."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.facts import Hidden, Profiled
from app.ui.desk import Desk
from app.ui.profile.against_menu import FLAT, AgainstMenu
from app.ui.profile.earlier import earlier
from app.ui.profile.kind_bars import MOST, KindBars, kind_parts, kind_rows
from profiler.measurement import LayerTiming
from tests.app.ui.pages_support import InstantWorkbench, profile
from tests.app.ui.several_devices import boards_facts, on_tx2
from tests.app.ui.shown import show

LATER = "2026-11-24T12:00:00+00:00"


@pytest.fixture
def bench() -> InstantWorkbench:
    made = InstantWorkbench(boards_facts())
    made.record(Profiled("D", "cpu", replace(profile(scale=0.4), at=LATER)))
    return made


@pytest.fixture
def desk(qapp, bench) -> Desk:
    made = Desk()
    made.attach(bench)  # type: ignore[arg-type]
    made.select_candidate("D")
    return made


def chosen_of(menu: AgainstMenu) -> list[str]:
    every = [action for part in (menu, *(a.menu() for a in menu.actions() if a.menu())) for action in part.actions()]
    return [action.text() for action in every if action.isChecked()]


# ---------------------------------------------------------------------------------------- what there is


def test_this_candidate_here_comes_first_then_its_parent_then_others_then_other_devices(bench):
    shown = bench.study.candidates["D"].profiles["cpu"]
    found = earlier(bench.study, "D", "cpu", shown)
    assert [(one.letter, one.device) for one in found] == [
        ("D", "cpu"), ("A", "cpu"), ("B", "cpu"), ("C", "cpu"), ("E", "cpu"),
        ("D", "tk1-desk"), ("D", "tx2-lab"), ("A", "tx2-lab"),
    ]  # fmt: skip


def test_a_line_has_date_engine_precision_and_figure(bench):
    found = {(one.letter, one.device): one for one in earlier(bench.study, "D", "cpu")}
    line = found["D", "tx2-lab"].line
    assert line == "D  Prune to 30 %  ·  2026-11-23 09:00 UTC  ·  trtexec 8.2 fp16  ·  20.0 ms"
    assert found["D", "tk1-desk"].line.endswith("caffe-gpu 1.0  ·  89.0 ms ↧")
    assert found["D", "tx2-lab"].short == "D on tx2-lab"
    assert found["A", "cpu"].short == "A"


def test_the_newest_of_one_candidate_is_first(bench):
    bench.record(Profiled("A", "cpu", replace(profile(seed=5), at=LATER)))
    found = [one for one in earlier(bench.study, "D", "cpu") if (one.letter, one.device) == ("A", "cpu")]
    assert [one.when for one in found] == ["2026-11-24 12:00 UTC", "2026-11-22 12:00 UTC"]


def test_hidden_candidates_and_profiles_without_layers_are_left_out(bench):
    bench.record(Hidden("B", True), Profiled("C", "cpu", replace(profile(), layers=(), at=LATER)))
    found = [(one.letter, one.when) for one in earlier(bench.study, "D", "cpu")]
    assert "B" not in [letter for letter, _ in found]
    assert ("C", "2026-11-24 12:00 UTC") not in found


# ---------------------------------------------------------------------------------------- the menu


@pytest.fixture
def menu(qtbot) -> AgainstMenu:
    made = AgainstMenu()
    qtbot.addWidget(made)
    return made


def against(menu: AgainstMenu, desk: Desk, letter: str = "D", device: str = "cpu"):
    candidate = desk.study.candidates[letter]
    return menu.against(desk.study, candidate, device, candidate.profiles[device])


def test_the_parent_s_times_are_the_usual_ones(menu, desk):
    assert against(menu, desk).short == "A"
    assert chosen_of(menu) == ["A  Baseline  ·  2026-11-22 12:00 UTC  ·  onnxruntime 1.20.1 fp32  ·  40.8 ms"]


def test_the_baseline_is_held_against_nobody_until_one_is_chosen(menu, desk):
    assert against(menu, desk, "A") is None
    assert chosen_of(menu) == ["Nothing"]


def test_its_own_earlier_run_can_be_chosen_and_stays_chosen(menu, desk):
    heard = []
    menu.chosen.connect(lambda: heard.append(True))
    against(menu, desk)
    mine = next(action for action in menu.actions() if action.text().startswith("D  "))
    mine.trigger()
    assert heard == [True]
    picked = against(menu, desk)
    assert (picked.letter, picked.when) == ("D", "2026-11-22 12:00 UTC")
    assert against(menu, desk).key == picked.key


def test_another_device_s_run_is_in_that_device_s_menu(menu, desk):
    against(menu, desk)
    there = next(action.menu() for action in menu.actions() if action.menu() and action.text() == "On tx2-lab")
    there.actions()[0].trigger()
    assert against(menu, desk).short == "D on tx2-lab"


def test_nobody_means_nobody(menu, desk):
    against(menu, desk)
    next(action for action in menu.actions() if action.text() == "Nothing").trigger()
    assert against(menu, desk) is None


def test_a_choice_that_makes_no_sense_any_more_gives_way_to_the_usual_one(menu, desk):
    against(menu, desk)
    next(action for action in menu.actions() if action.text().startswith("B  ")).trigger()
    assert against(menu, desk).letter == "B"
    assert against(menu, desk, "B").short == "A"  # B is not held against itself


def test_many_runs_do_not_make_the_menu_longer_than_a_screen(menu, desk, bench):
    for hour in range(20):
        bench.record(Profiled("D", "cpu", replace(profile(), at=f"2026-11-25T{hour:02d}:00:00+00:00")))
    desk._show(bench.study)
    against(menu, desk)
    lines = [action for action in menu.actions() if action.text().startswith("D  ")]
    assert len(lines) == FLAT
    older = next(action for action in menu.actions() if "older" in action.text())
    assert older.text() == f"{21 - FLAT} older ones"
    assert len(older.menu().actions()) == 21 - FLAT


# ---------------------------------------------------------------------------------------- time by kind


def test_the_parts_are_the_layers_by_kind_and_what_belongs_to_none(bench):
    """Two convolutions of 3 and 2 ms, fc6 of 4 ms, a pool of 0.5 ms, in a run of 10 ms."""
    rows = tuple(
        LayerTiming(name, (name,), (1000 * ms,))
        for name, ms in (("conv1", 3), ("conv2", 2), ("fc6", 4), ("pool1", 0.5))
    )
    shown = replace(profile(), layers=rows, latencies_ms=(10.0,))
    first = kind_rows(bench.study, "D", "cpu", shown)[0]
    assert first.by_kind == {"conv": 5.0, "fc": 4.0, "other": 0.5}
    assert first.rest_ms == pytest.approx(0.5)
    parts = kind_parts(first)
    assert [(part.key, part.text) for part in parts] == [
        ("conv", "50 %"),
        ("fc", "40 %"),
        ("other", "5 %"),
        ("rest", ""),
    ]
    assert parts[3].hatched
    assert parts[0].tip == "Convolution: 5.00 ms, 50.0 %"
    assert [part.text for part in kind_parts(first, in_ms=True)][:2] == ["5.00 ms", "4.00 ms"]


def test_layers_that_take_longer_than_the_run_leave_no_rest(bench):
    shown = replace(profile(), latencies_ms=(1.0,))
    first = kind_rows(bench.study, "D", "cpu", shown)[0]
    assert first.rest_ms == 0
    assert "rest" not in [part.key for part in kind_parts(first)]


def test_an_import_without_end_to_end_has_no_rest_and_is_outlined(bench):
    rows = kind_rows(bench.study, "D", "tk1-desk", bench.study.candidates["D"].profiles["tk1-desk"])
    assert rows[0].imported
    assert {part.state for part in kind_parts(rows[0])} == {"imported"}
    none = replace(bench.study.candidates["D"].profiles["tk1-desk"], latencies_ms=())
    first = kind_rows(bench.study, "D", "tk1-desk", none)[0]
    assert first.figure.startswith("layers ")
    assert first.rest_ms == 0


@pytest.fixture
def bars(qtbot, desk) -> KindBars:
    made = show(qtbot, KindBars(desk), 800, 500)
    candidate = desk.study.candidates["D"]
    made.show_profile(candidate, candidate.profiles["cpu"])
    return made


def test_one_bar_a_profile_the_shown_one_first(bars):
    assert len(bars.bars) == 9
    assert (bars.shown[0].title, bars.shown[0].detail) == (
        "D  This computer",
        "onnxruntime fp32 · 2026-11-24 12:00 UTC",
    )
    assert bars.bars[0].accessibleName().startswith("D  This computer, onnxruntime fp32")
    assert "Convolution: " in bars.bars[0].accessibleName()


def test_as_milliseconds_the_bars_are_as_long_as_their_times(bars, qtbot):
    bars.mode.button("time").click()
    qtbot.waitUntil(lambda: bars.bars[0].width() < 0.5 * bars.bars[2].width())
    widths = {one.title: bar.width() for one, bar in zip(bars.shown, bars.bars, strict=True)}
    totals = {one.title: one.total_ms for one in bars.shown}
    assert widths["B  This computer"] / widths["D  tk1-desk"] == pytest.approx(
        totals["B  This computer"] / totals["D  tk1-desk"], rel=0.05
    )


def test_a_part_is_picked_by_keys(bars):
    heard = []
    bars.picked.connect(heard.append)
    QTest.keyClick(bars.bars[0], Qt.Key.Key_Right)
    QTest.keyClick(bars.bars[0], Qt.Key.Key_Return)
    assert heard == ["fc"]


def test_what_is_left_out_is_said(bars, desk, bench):
    for hour in range(20):
        bench.record(Profiled("D", "tx2-lab", on_tx2(at=f"2026-11-25T{hour:02d}:00:00+00:00")))
    desk._show(bench.study)
    candidate = desk.study.candidates["D"]
    bars.show_profile(candidate, candidate.profiles["cpu"])
    assert len(bars.bars) == MOST
    assert bars._more.text() == f"{9 + 20 - MOST} older profiles more."


def test_the_bars_go_out_as_milliseconds(bars):
    head, first, *_ = bars.plot.rows()
    assert head[:3] == ["profile", "how", "Convolution (ms)"]
    assert float(first[2]) == pytest.approx(bars.shown[0].by_kind["conv"])
