"""The Profile page over several devices: tabs, facts, strips, power, settings of each, and several jobs at once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from app.facts import Profiled
from app.ui.desk import Desk
from app.ui.job_bar import JobBar
from app.ui.plots.power_trace import pushed_apart
from app.ui.profile_page import ProfilePage
from app.ui.queue_sheet import by_queue, note_of
from app.ui.rail import NO_BOARD, Rail
from app.workbench import JobView
from profiler.progress import Progress
from tests.app.ui.boards_support import TK1, TX2, on_tx2
from tests.app.ui.pages_support import HERE, InstantWorkbench, profile, study_facts
from tests.app.ui.shown import settle, show

pytestmark = pytest.mark.usefixtures("at_once")


@pytest.fixture
def bench(tmp_path, monkeypatch) -> InstantWorkbench:
    monkeypatch.setenv("NETBONSAI_CONFIG", str(tmp_path / "config"))
    made = InstantWorkbench([*study_facts(), Profiled("D", "tx2-lab", on_tx2())])
    made.devices = [HERE, TX2, TK1]
    return made


@pytest.fixture
def desk(qapp, bench) -> Desk:
    made = Desk()
    made.attach(bench)  # type: ignore[arg-type]
    made.select_candidate("D")
    settle()
    made.select_device("tx2-lab")
    return made


@pytest.fixture
def page(qtbot, desk) -> ProfilePage:
    return show(qtbot, ProfilePage(desk), 1192, 762)


def said(widget: QWidget) -> str:
    settle()
    return " ".join(found.text() for found in widget.findChildren(QLabel) if found.isVisibleTo(widget))


def shown_power(page: ProfilePage) -> str:
    view = page.live.strips.views.get("power")
    return view.figure.text() if view is not None else ""


def test_a_tab_selects_the_desk_s_device_and_follows_it(page, desk):
    assert page.head.tabs.tabs["tx2-lab"].isChecked()
    page.head.tabs.tabs["cpu"].click()
    assert desk.device == "cpu"
    desk.select_device("tk1-desk")
    settle()
    assert page.head.tabs.tabs["tk1-desk"].isChecked()


def test_the_strip_says_what_board_it_was(page):
    facts = {fact.name: fact for fact in page.facts.shown}
    assert facts["Board"].text == "Jetson TX2"
    assert facts["System"].text == "L4T 32.7.1, JetPack 4.6"
    assert (facts["Clocks"].text, facts["Clocks"].fine) == ("locked", True)
    assert (facts["Load before"].text, facts["Load before"].fine) == ("3 %", True)
    assert facts["Engine"].text == "TensorRT 8.2.1, fp32"
    assert facts["Meter"].text == "jtop"


def test_unlocked_clocks_are_amber_and_say_what_to_do(page, desk):
    desk.select_device("tk1-desk")
    facts = {fact.name: fact for fact in page.facts.shown}
    assert (facts["Clocks"].text, facts["Clocks"].fine) == ("not locked", False)
    assert "Run sudo jetson_clocks, or compare only interleaved runs." in said(page)


def test_energy_and_memory_name_how_they_were_read(page):
    text = said(page.run)
    # four seconds at 8 W less 3 W of idle in 20 inferences: 1 J each, and the edges fall on samples
    assert "1000 mJ" in text
    assert "VDD_IN less idle, read by jtop: 5 samples at 1.0 Hz" in text
    assert "idle 3.00 W before, 3.00 W after; the monitor took 1.2 % of one core" in text


def test_power_is_drawn_with_its_run_and_its_rails_on_demand(page):
    page.run.show_view("power")
    plot = page.run.power.plot
    assert plot.window_item.getRegion() == (3.0, 7.0)
    assert plot.rails == ()
    (rail,) = page.run.power.menu.actions()
    rail.trigger()
    assert plot.rails == ("VDD_GPU",)
    rows = plot.rows()
    assert rows[0] == ["seconds", "VDD_IN (W)", "VDD_GPU (W)", "in the run"]
    assert rows[4] == ["3.0", "8.0", "2.5", "yes"]
    assert rows[1] == ["0.0", "3.0", "0.5", "no"]


def test_the_trace_is_read_by_keys(page, qtbot):
    page.run.show_view("power")
    plot = page.run.power.plot
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    assert plot.card.isVisibleTo(plot)
    assert "8.00 W" in said(plot.card)
    assert "VDD_GPU" in said(plot.card)


def test_names_of_rails_never_lie_on_one_another():
    assert pushed_apart([(1.0, "a"), (1.1, "b"), (5.0, "c")], 0.5) == [(1.0, "a"), (1.5, "b"), (5.0, "c")]


def test_without_a_meter_it_says_what_this_very_device_would_need(page, desk, bench):
    bench.record(Profiled("D", "tk1-desk", replace(profile(), device=TK1)))
    desk._show(bench.study)
    desk.select_device("tk1-desk")
    assert page.live.strips.says.text() == "Power, loads, memory and temperature: not measured."
    page.live.strips.says_why.click()
    assert "The TK1 has no power sensor on its board." in said(page)
    page.live.strips.says_why.click()
    assert "no power sensor" not in said(page)
    page.run.show_view("power")
    assert page.run.power.stack.currentWidget() is page.run.power.empty
    assert page.run.power.empty.words.text().startswith("Power: not measured.")


def test_the_strips_show_the_run_until_live_is_switched_on(page, desk, bench, qtbot):
    assert page.live.strips.views["power"].figure.text() == "8.00"
    assert bench.watched == []
    page.live.strips.live.click()
    assert [watched.device for watched in bench.watched] == ["tx2-lab"]
    bench.watched[0].on_figures({"power_w": 5.25})
    qtbot.waitUntil(lambda: shown_power(page) == "5.25")
    page.hide()
    assert bench.watched[0].stopped


def test_a_job_s_figures_are_live_without_the_switch(page, bench, qtbot):
    figures = {"power_w": 9.5, "gpu_load": 0.5}
    view = JobView("j", "profile", "D", "Profile", "running", Progress(0.5, "Run", figures), device="tx2-lab")
    bench.show_job(view)
    qtbot.waitUntil(lambda: shown_power(page) == "9.50")
    assert page.live.strips.views["power"].trace._strip.window is not None


def test_a_job_on_another_board_does_not_block_this_one(page, desk, bench):
    bench.show_job(JobView("j", "profile", "D", "Profile", "running", device="tk1-desk"))
    settle()
    assert page.run_button.isEnabled()
    desk.select_device("tk1-desk")
    assert not page.run_button.isEnabled()


def test_each_device_keeps_the_engine_that_was_chosen_for_it(page, desk, bench):
    engine = page.popup.choices["engine"]
    assert [engine.itemData(n) for n in range(engine.count())] == ["onnxruntime", "trtexec"]
    engine.setCurrentIndex(1)
    engine.activated.emit(1)
    precision = page.popup.choices["precision"]
    assert [precision.itemData(n) for n in range(precision.count())] == ["fp32", "fp16", "int8"]
    precision.setCurrentIndex(1)
    precision.activated.emit(1)
    assert (page.popup.settings.engine, page.popup.settings.precision) == ("trtexec", "fp16")
    desk.select_device("tk1-desk")
    assert (page.popup.settings.engine, page.popup.settings.precision) == ("caffe", "fp32")
    desk.select_device("tx2-lab")
    assert (page.popup.settings.engine, page.popup.settings.precision) == ("trtexec", "fp16")


def test_one_click_profiles_on_all_connected_boards_each_in_its_own_way(page, desk, bench):
    desk.roster.reached("tx2-lab")
    desk.roster.reached("tk1-desk")
    page._open_more()
    first = page.more_menu.actions()[0]
    assert first.text() == "Profile D on all connected boards (tx2-lab and tk1-desk)"
    first.trigger()
    page.more_menu.hide()
    calls = [(given["device"], given["settings"].engine) for name, given in bench.calls if name == "profile"]
    assert calls == [("tx2-lab", "onnxruntime"), ("tk1-desk", "caffe")]


def test_with_no_board_connected_the_menu_says_so(page):
    page._open_more()
    first = page.more_menu.actions()[0]
    assert not first.isEnabled()
    assert "none has answered" in first.text()
    page.more_menu.hide()


def test_an_imported_profile_is_dashed_and_names_its_source(page, desk, bench):
    made = replace(on_tx2(), device=replace(TX2, name="orin"), imported="trtexec (times.json)", latencies_ms=())
    bench.record(Profiled("D", "orin", made))
    desk._show(bench.study)
    desk.select_device("orin")
    assert page.run.bars.state == "imported"
    assert page.run.figure.text() == "not measured"
    assert page.run.bars.shown()[0].cells["time"].text.endswith("↧")
    assert "imported from trtexec (times.json)" in said(page)
    assert page.run.sum_card.isHidden()


@pytest.mark.parametrize("size", [(852, 572), (1192, 762), (1670, 940)])
def test_nothing_hangs_over_the_page_s_edge(qtbot, desk, size):
    page = show(qtbot, ProfilePage(desk), *size)
    for widget in (page.mode, page.run_button, page.more_button, page.facts, page.live.strips, page.head.add):
        right = widget.mapTo(page, widget.rect().topRight()).x()
        assert right < size[0], widget.accessibleName()


def test_f6_reaches_tabs_modes_button_strips_and_layers(page):
    parts = page.parts()
    assert parts[:3] == [page.head.tabs, page.mode, page.run_button]
    assert page.live.strips in parts
    assert page.run.columns.middle in parts


def job(name: str, device: str, state: str, letter: str = "D") -> JobView:
    return JobView(name, "profile", letter, "Profile", state, Progress(0.42, "Run 21 of 50"), device=device)  # type: ignore[arg-type]


def test_several_running_jobs_stand_side_by_side(qtbot, desk, bench):
    bar = show(qtbot, JobBar(desk), 1440, 34)
    bench.show_job(job("c", "cpu", "waiting"))
    bench.show_job(job("b", "tk1-desk", "running"))
    bench.show_job(job("a", "tx2-lab", "running"))
    qtbot.waitUntil(lambda: not bar.slots[0].isHidden(), timeout=2000)
    shown = [slot for slot in bar.slots if not slot.isHidden()]
    assert [slot.job for slot in shown] == ["a", "b"]  # the selected device's first
    assert "tx2-lab" in shown[0].what.text()
    assert "1 waiting" in bar.waiting.text()
    assert shown[1].cancel.accessibleName() == "Cancel D  Profile on tk1-desk"
    bar.resize(500, 34)
    settle()
    assert [slot.job for slot in bar.slots if not slot.isHidden()] == ["a"]
    assert "1 more running" in bar.waiting.text()


def test_the_queue_is_ordered_by_device():
    jobs = [job("b", "tx2-lab", "running"), job("a", "cpu", "waiting"), job("c", "tx2-lab", "waiting"),
            job("d", "tk1-desk", "done")]  # fmt: skip
    assert [view.job for view in by_queue(jobs)] == ["a", "b", "c", "d"]
    assert note_of(jobs[0]) == "tx2-lab  ·  running, 42 %"
    assert note_of(jobs[3]) == "tk1-desk  ·  done"


def test_without_a_board_the_rail_invites_to_add_one(qtbot, desk, bench):
    rail = show(qtbot, Rail(desk), 248, 700)
    settle()
    assert rail.no_board.isHidden()
    bench.devices = [HERE]
    bench.study = replace(bench.study, candidates={})
    desk.study = bench.study
    desk.roster.ask()
    settle()
    assert not rail.no_board.isHidden()
    assert NO_BOARD == "Measure on a board: a Jetson or any Linux machine you reach by SSH."
    with qtbot.waitSignal(desk.board_wanted) as wanted:
        rail.add_board.click()
    assert wanted.args == [""]
