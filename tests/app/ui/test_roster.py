"""The devices as the window knows them, and what each does now."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from app import boards
from app.ui.desk import Desk
from app.ui.device_list import DeviceList
from app.ui.devices.live_feed import FRESH_S, SPAN_S, board_figures
from app.ui.devices.strip_words import of_feed, of_profile
from app.ui.devices.tabs import DeviceTabs
from app.workbench import JobView
from devices.address_book import Address
from devices.ssh import Found
from profiler.errors import Failed
from profiler.progress import Progress
from tests.app.ui.boards_support import TK1, TX2, on_tx2
from tests.app.ui.pages_support import HERE, InstantWorkbench, study_facts
from tests.app.ui.shown import settle, show


@pytest.fixture
def bench() -> InstantWorkbench:
    made = InstantWorkbench(study_facts())
    made.devices = [HERE, TX2, TK1]
    return made


@pytest.fixture
def desk(qapp, bench) -> Desk:
    made = Desk()
    made.attach(bench)  # type: ignore[arg-type]
    settle()
    return made


def job(name: str, device: str, state="running", kind="profile", figures=None) -> JobView:
    return JobView(name, kind, "D", "Profile", state, Progress(0.5, "Run 5 of 10", figures or {}), device=device)


def test_boards_are_not_connected_before_they_answer(desk, bench):
    assert desk.roster.names == ("cpu", "tx2-lab", "tk1-desk")
    assert [desk.roster.state(name) for name in desk.roster.names] == ["idle", "not connected", "not connected"]
    bench.show_job(job("j", "tx2-lab"))
    settle()
    assert [desk.roster.state(name) for name in desk.roster.names] == ["idle", "running", "not connected"]
    bench.show_job(job("j", "tx2-lab", "done"))
    settle()
    assert desk.roster.state("tx2-lab") == "idle"
    assert desk.roster.connected() == ("cpu", "tx2-lab")


def test_the_boards_names_are_known_before_the_worker_answers(qapp, bench, monkeypatch):
    monkeypatch.setattr(boards, "addresses", lambda: [Address("tx2-lab", "192.168.0.12")])
    monkeypatch.setattr(Desk, "ask", lambda *_: None)
    made = Desk()
    made.attach(bench)  # type: ignore[arg-type]
    assert made.roster.names[:2] == ("cpu", "tx2-lab")
    assert made.roster.is_board("tx2-lab")


def test_a_line_that_fails_leaves_the_board_not_connected(desk, bench):
    desk.roster.reached("tx2-lab")
    lost = JobView("j", "profile", "D", "Profile", "failed", device="tx2-lab", cause=Failed("The line was lost."))
    bench.show_job(lost)
    settle()
    assert desk.roster.state("tx2-lab") == "not connected"


def test_a_device_known_by_its_profiles_alone_has_a_tab_but_is_no_board(desk, bench):
    from dataclasses import replace

    from app.facts import Profiled
    from tests.app.ui.pages_support import profile

    bench.record(Profiled("D", "orin", replace(profile(), imported="trtexec (t.json)")))
    settle()
    assert desk.roster.names[-1] == "orin"
    assert not desk.roster.is_board("orin")


def test_a_board_that_is_gone_is_no_longer_selected(desk, bench):
    desk.select_device("tk1-desk")
    bench.devices = [HERE, TX2]
    desk.roster.ask()
    settle()
    assert desk.device == "cpu"


def test_a_watch_is_one_device_s_and_tells_its_figures(desk, bench):
    desk.live.watch("tx2-lab")
    desk.live.watch("tx2-lab")
    assert [watched.device for watched in bench.watched] == ["tx2-lab"]
    bench.watched[0].on_figures({"power_w": 8.4, "gpu_load": 0.61, "loss": 3.0})
    settle()
    feed, now = desk.live.feed("tx2-lab"), desk.live.clock()
    assert feed.latest("power_w", now) == 8.4
    assert feed.latest("loss", now) is None
    assert desk.roster.state("tx2-lab") == "idle"
    desk.live.watch("")
    assert bench.watched[0].stopped
    bench.watched[0].on_figures({"power_w": 99.0})
    settle()
    assert feed.latest("power_w", desk.live.clock()) == 8.4


def test_a_watch_that_ends_by_a_fault_says_so_once(qtbot, desk, bench):
    desk.live.watch("tx2-lab")
    fault = Failed("tx2-lab does not answer.")
    with qtbot.waitSignal(desk.live.failed) as heard:
        bench.watched[0].on_end(fault)
    assert heard.args == ["tx2-lab", fault]
    assert desk.live.watching == ""
    assert desk.roster.state("tx2-lab") == "not connected"


def test_old_figures_say_nothing_of_now(desk):
    feed = desk.live.feed("tx2-lab")
    feed.add(100.0, {"power_w": 5.0})
    assert feed.latest("power_w", 100.0 + FRESH_S) == 5.0
    assert feed.latest("power_w", 100.1 + FRESH_S) is None
    feed.add(100.1 + SPAN_S, {"power_w": 6.0})
    assert feed.trace("power_w") == [(100.1 + SPAN_S, 6.0)]


def test_only_what_the_board_does_is_kept_of_a_job_s_figures():
    said = {"latency_ms": 3.0, "power_w": 7.0, "rail:VDD_GPU": 2.0, "temperature_c": 50, "step_s": 1.0}
    assert board_figures(said) == {"power_w": 7.0, "rail:VDD_GPU": 2.0, "temperature_c": 50.0}


def test_a_running_job_feeds_its_device_and_tints_the_run(desk, bench):
    times = iter([10.0, 11.0, 12.0, 15.0, 16.0, 17.0])
    desk.live.clock = lambda: next(times)
    bench.show_job(job("j", "tx2-lab", figures={"power_w": 8.0, "rail:VDD_GPU": 3.0}))
    settle()
    feed = desk.live.feed("tx2-lab")
    assert feed.began == 10.0
    assert feed.samples[-1][0] == 11.0
    power = of_feed(feed, TX2, 12.0)[0]
    assert (power.figure, power.unit, power.window) == ("8.00", "W", (10.0, 12.0))
    assert "VDD_GPU  3.00 W" in power.tip
    assert "never summed" in power.tip


def test_a_run_s_strips_are_means_over_its_window():
    strips = {strip.key: strip for strip in of_profile(on_tx2())}
    assert list(strips) == ["power", "gpu", "cpu", "memory", "temperature"]
    # 8 W at each of the five samples of the window, 3 W of idle beside it
    assert (strips["power"].title, strips["power"].figure, strips["power"].note) == (
        "Power, VDD_IN",
        "8.00",
        "idle 3.00 W",
    )
    assert (strips["gpu"].figure, strips["gpu"].note) == ("60", "1.30 GHz")
    assert strips["cpu"].figure == "25"
    assert (strips["memory"].figure, strips["memory"].unit) == ("2500", "MB")
    assert strips["temperature"].figure == "48"
    assert strips["power"].window == (3.0, 7.0)
    assert strips["power"].spoken == "Power, VDD_IN, 8.00 W, idle 3.00 W"


def test_what_was_not_read_has_no_figure_and_no_trace():
    from dataclasses import replace

    strips = of_profile(replace(on_tx2(), power=None))
    assert (strips[0].key, strips[0].figure, strips[0].trace) == ("power", "", ())
    assert strips[0].spoken == "Power, not measured"


def test_the_rail_s_list_tells_live_figures(qtbot, desk, bench):
    listed = show(qtbot, DeviceList(desk), 240, 200)
    assert [entry.facts for entry in listed.rows.entries][1] == "not connected  ·  6 cores"
    desk.live.watch("tx2-lab")
    bench.watched[0].on_figures({"power_w": 8.4, "gpu_load": 0.61})
    qtbot.waitUntil(lambda: listed.rows.entries[1].facts == "8.40 W  ·  GPU 61 %")


def test_tabs_shrink_and_then_go_into_a_menu(qtbot, desk):
    tabs = show(qtbot, DeviceTabs(), 900, 34)
    tabs.show_devices(desk.roster.entries, "tx2-lab")
    assert list(tabs.fitting()) == ["cpu", "tx2-lab", "tk1-desk"]
    assert tabs.tabs["tk1-desk"].width() >= tabs.tabs["tk1-desk"].widths()[0]
    tabs.resize(330, 34)
    QApplication.processEvents()
    shown = tabs.fitting()
    assert "tx2-lab" in shown
    assert tabs.more.isVisible()
    assert f"{3 - len(shown)} more" == tabs.more.text()
    assert all(tab.geometry().right() < tabs.width() for tab in tabs.tabs.values() if tab.isVisible())
    assert [a.text() for a in tabs.more_menu.actions()][-1] == "tk1-desk  ·  not connected"


def test_arrow_keys_go_through_the_tabs(qtbot, desk):
    from PySide6.QtCore import Qt

    tabs = show(qtbot, DeviceTabs(), 900, 34)
    tabs.show_devices(desk.roster.entries, "cpu")
    with qtbot.waitSignal(tabs.chosen) as heard:
        qtbot.keyClick(tabs, Qt.Key.Key_Right)
    assert heard.args == ["tx2-lab"]
    assert tabs.tabs["tx2-lab"].accessibleName() == "tx2-lab, not connected"


def test_boards_are_reached_for_once_and_one_at_a_time(desk, bench, tmp_path, monkeypatch, qtbot):
    monkeypatch.setenv("NETBONSAI_CONFIG", str(tmp_path / "config"))
    boards.add_board(Address("tx2-lab", "10.0.0.5"))
    boards.add_board(Address("tk1-desk", "10.0.0.6", login="password"))
    desk.reach.reach_all()
    qtbot.waitUntil(lambda: len(bench.probed) == 1)
    assert bench.probed[0].address.host == "10.0.0.5"
    bench.probed[0].on_end(Found(TX2, "10.0.0.5", "ssh-ed25519", "SHA256:x", "me", "python3"), None)
    qtbot.waitUntil(lambda: desk.roster.state("tx2-lab") == "idle")
    qtbot.waitUntil(lambda: boards.known()[0].facts.model == "Jetson TX2")
    desk.reach.reach_all()
    settle()
    assert len(bench.probed) == 1  # the other wants a password, and nobody was asked for it


def test_no_board_is_reached_for_while_something_runs(desk, bench):
    bench.show_job(job("j", "cpu"))
    settle()
    desk.reach.reach_all()
    settle()
    assert bench.probed == []
