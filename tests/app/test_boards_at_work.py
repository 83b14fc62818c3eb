"""Several boards at once over real worker processes: queues, live figures that give way, secrets that stay secret."""

import sys
import time
from pathlib import Path

import pytest

from app import job_queue, streams
from app.facts import BatteryChosen, CandidateBorn, Stored
from app.vault import HIDDEN
from app.workbench import Workbench
from app.workers import Workers
from profiler.breakdown import Breakdown
from profiler.measurement import ProfileSettings

HERE = Path(__file__).parent
BORN = CandidateBorn(
    "A", None, "Baseline", "object:00", "net.onnx", Breakdown("net", {"input": (1, 1, 28, 28)}, 13, ()), 10
)
SECRET = "correct horse battery staple"


@pytest.fixture(scope="module")
def workers():
    sys.path.insert(0, str(HERE))
    made = Workers()
    yield made
    made.close()
    sys.path.remove(str(HERE))


@pytest.fixture
def functions(monkeypatch):
    """What jobs and streams run."""
    made = {"sweep": "jobs_to_run:side_by_side", "profile": "jobs_to_run:betraying", "pack": "jobs_to_run:counting"}
    monkeypatch.setattr(job_queue, "FUNCTIONS", made)
    monkeypatch.setattr(streams, "WATCH", "jobs_to_run:watching")
    monkeypatch.setattr(streams, "PROBE", "jobs_to_run:reaching")
    return made


@pytest.fixture
def bench(tmp_path, workers, functions):
    made = Workbench(tmp_path / "study", workers)
    made.record(BORN, Stored("A", "00", 100, 10, {}), undoable=False)
    yield made
    made.close()


def until(condition, seconds=30.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("It did not come.")


def sweep(bench, device, together):
    return bench.sweep("A", device, ProfileSettings(), [together], [1])


def test_different_boards_are_measured_at_once_and_one_board_in_turn(bench):
    jobs = [sweep(bench, device, 2) for device in ("tx2", "tk1")]
    after = sweep(bench, "tx2", 1)
    assert [bench.wait(job, 30).message for job in jobs] == ["tk1 tx2", "tk1 tx2"]
    assert bench.wait(after, 30).message == "tx2"  # alone there: its board was free only then


def test_a_measurement_of_this_computer_waits_for_the_boards_and_they_for_it(bench):
    board = sweep(bench, "tx2", 1)
    here = sweep(bench, "cpu", 1)
    later = sweep(bench, "tk1", 1)
    assert [bench.wait(job, 30).message for job in (board, here, later)] == ["tx2", "cpu", "tk1"]


def test_no_secret_is_recorded_or_shown(bench, tmp_path):
    """It goes to the worker that needs it. The board here says it wherever it can; it is struck out everywhere."""
    bench.secrets.put("tx2", SECRET)
    seen = []
    bench.listen(seen.append)
    view = bench.wait(bench.profile("A", "tx2"), 30)
    assert view.error == f"The board said {HIDDEN}."  # so it did reach the worker
    assert view.evidence == f"login: {HIDDEN}"
    assert view.log == (f"logging in with {HIDDEN}",)
    assert bench.study.jobs[view.job].reached == f"logging in with {HIDDEN}"
    bench.save_copy(tmp_path / "copy")
    bench.store.close()
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path
    shown = [repr(event.fact) for event in seen if event.view is None]
    shown += [repr((e.view.error, e.view.fix, e.view.evidence, e.view.log)) for e in seen if e.view is not None]
    assert shown
    assert not any(SECRET in text for text in shown)


def test_live_figures_give_way_to_a_measurement_and_go_on_after_it(bench):
    heard, ended = [], []
    stop = bench.watch("tx2", heard.append, ended.append)
    until(lambda: len(heard) > 2)
    job = sweep(bench, "tx2", 2)  # it waits for another: it is under way until that one comes
    until(lambda: (bench.folder / "running" / "tx2").exists())
    count = len(heard)
    time.sleep(0.6)
    assert len(heard) == count
    bench.wait(sweep(bench, "tk1", 2), 30)
    bench.wait(job, 30)
    until(lambda: len(heard) > count + 2)
    assert all(figures["power_w"] == 5.0 and "step_s" not in figures for figures in heard)
    stop()
    time.sleep(0.5)
    count = len(heard)
    time.sleep(0.5)
    assert len(heard) == count
    assert ended == []  # whoever stops it knows


def test_one_stream_serves_all_who_watch(bench):
    first, second, ended = [], [], []
    stops = [bench.watch("tx2", heard.append, ended.append) for heard in (first, second)]
    until(lambda: len(first) > 2 and len(second) > 2)
    stops[0]()
    time.sleep(0.3)
    count = len(first)
    until(lambda: second and len(second) > count + 3)
    assert len(first) == count
    stops[1]()


def test_a_board_that_goes_away_is_told_once(bench, monkeypatch):
    monkeypatch.setattr(streams, "WATCH", "jobs_to_run:vanishing")
    ended = []
    bench.watch("tx2", lambda _: None, ended.append)
    until(lambda: ended)
    time.sleep(0.3)
    assert [str(error) for error in ended] == ["The line broke."]


def test_the_search_for_a_board_tells_its_end(bench):
    from devices.address_book import Address

    steps, ended = [], []
    bench.probe(Address("lab", "127.0.0.1"), SECRET, steps.append, lambda found, error: ended.append((found, error)))
    until(lambda: ended)
    assert [step.text for step in steps] == ["address: 127.0.0.1", "key: ED25519"]  # each once, though told at once
    ((found, error),) = ended
    assert (found, error.what) == (None, "The line broke.")
    assert SECRET not in bench.store.folder.joinpath("study.sqlite").read_bytes().decode("latin1")


def test_profile_on_several_devices_is_a_job_each_and_a_device_once(bench, functions):
    functions["profile"] = "jobs_to_run:counting"
    jobs = bench.profile_on("A", ["tx2", "tk1", "tx2"])
    assert [bench.study.jobs[job].settings["device"] for job in jobs] == ["tx2", "tk1"]
    assert [bench.wait(job, 30).state for job in jobs] == ["done", "done"]


def test_the_battery_is_a_decision_that_can_be_taken_back(bench):
    bench.record(BatteryChosen(50.0, 3600))
    bench.record(BatteryChosen(20.0))
    assert bench.study.battery == BatteryChosen(20.0)
    assert bench.can_undo == "Change the battery"
    bench.undo()
    assert bench.study.battery == BatteryChosen(50.0, 3600)
    bench.undo()
    assert bench.study.battery is None
    bench.redo()
    assert bench.study.battery == BatteryChosen(50.0, 3600)


def test_readings_without_a_profile_are_refused_with_what_to_do(bench, tmp_path):
    view = bench.wait(bench.meter("A", "tk1", tmp_path / "meter.csv"), 30)
    assert (view.state, view.exit_status) == ("failed", 2)
    assert view.error == "A has not run on tk1. There is nothing to lay the meter’s readings beside."
    assert view.fix == "Profile it there first, with the marker."
