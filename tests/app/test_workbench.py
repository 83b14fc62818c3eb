"""The workbench over real worker processes: facts before news, cancel, interruption, starting again."""

import sys
import threading
import time
from pathlib import Path

import pytest

from app import job_queue as module
from app.facts import CandidateBorn, Goal, GoalSet, JobEnded, Renamed, Stored
from app.workbench import JobChanged, StudyChanged, Workbench
from app.workers import Workers
from profiler.breakdown import Breakdown
from profiler.errors import BadInput

HERE = Path(__file__).parent
BORN = CandidateBorn(
    "A", None, "Baseline", "object:00", "net.onnx", Breakdown("net", {"input": (1, 1, 28, 28)}, 13, ()), 10
)


@pytest.fixture(scope="module")
def workers():
    sys.path.insert(0, str(HERE))
    made = Workers()
    yield made
    made.close()
    sys.path.remove(str(HERE))


@pytest.fixture
def bench(tmp_path, workers, monkeypatch):
    functions = {"pack": "counting", "evaluate": "stubborn", "profile": "crashing", "compress": "counting"}
    monkeypatch.setattr(
        module, "FUNCTIONS", {kind: f"jobs_to_run:{name}" for kind, name in functions.items()} | {"open": "x:y"}
    )
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


def test_a_job_ends_done_and_its_facts_are_in_the_study(bench):
    view = bench.wait(bench.pack("A"), 30)
    assert view.state == "done"
    assert view.message == "counted"
    assert bench.study.candidate("A").title == "renamed by the worker"
    assert next(iter(bench.study.jobs.values())).outcome == "done"


def test_every_fact_is_on_disk_before_it_is_told(bench):
    unseen = []

    def check(event):
        if isinstance(event, StudyChanged) and event.fact not in bench.store.facts():
            unseen.append(event.fact)

    bench.listen(check)
    bench.wait(bench.pack("A"), 30)
    assert unseen == []


def test_jobs_wait_for_each_other_and_a_waiting_one_is_cancelled_at_once(bench):
    first, second = bench.pack("A"), bench.pack("A")
    assert {view.job: view.state for view in bench.jobs}[second] == "waiting"
    bench.cancel(second)
    assert bench.wait(second, 0.5).state == "cancelled"
    assert bench.wait(first, 30).state == "done"


def test_a_job_that_never_yields_is_gone_within_two_seconds(bench):
    job = bench.evaluate("A")
    until(lambda: bench.jobs[0].progress is not None)
    began = time.monotonic()
    bench.cancel(job)
    assert bench.jobs[0].state == "stopping", "the answer is at once"
    assert bench.wait(job, 2.5).state == "cancelled"
    assert time.monotonic() - began < 2.2


def test_a_killed_worker_costs_one_job(bench):
    lost, next_one = bench.profile("A"), bench.pack("A")
    view = bench.wait(lost, 30)
    assert (view.state, view.exit_status) == ("failed", 1)
    assert "ended unexpectedly" in view.error
    assert bench.wait(next_one, 30).state == "done"


def test_an_unfinished_job_is_interrupted_next_time_and_can_be_started_again(tmp_path, workers, monkeypatch):
    monkeypatch.setattr(module, "FUNCTIONS", {"evaluate": "jobs_to_run:stubborn", "pack": "jobs_to_run:counting"})
    first = Workbench(tmp_path / "study", workers)
    first.record(BORN, undoable=False)
    job = first.evaluate("A")
    until(lambda: first.jobs[0].progress is not None)
    first.close()  # as if the program had ended
    until(lambda: job not in workers._tasks, 5)

    second = Workbench(tmp_path / "study", workers)
    assert [record.job for record in second.interrupted()] == [job]
    monkeypatch.setattr(module, "FUNCTIONS", {"evaluate": "jobs_to_run:counting"})
    again = second.start_again(job)
    assert second.wait(again, 30).state == "done"
    assert second.interrupted() == ()
    second.close()


def test_epochs_that_ended_make_the_curve_and_are_remembered_by_an_interrupted_job(tmp_path, workers, monkeypatch):
    monkeypatch.setattr(module, "FUNCTIONS", {"evaluate": "jobs_to_run:learning"})
    first = Workbench(tmp_path / "study", workers)
    first.record(BORN, undoable=False)
    job = first.evaluate("A")
    until(lambda: first.jobs[0].progress is not None and first.jobs[0].progress.figures.get("epoch") == 3)
    rows = first.jobs[0].history
    assert [(row["epoch"], row["loss"]) for row in rows] == [(1, 1.0), (2, 0.5)], "the third has not ended"
    first.close()
    second = Workbench(tmp_path / "study", workers)
    assert [(record.job, record.reached) for record in second.interrupted()] == [(job, "Epoch 2 of 8")]
    second.close()


def test_an_unknown_candidate_is_bad_input(bench):
    view = bench.wait(bench.compress("Q", []), 5)
    assert (view.state, view.exit_status) == ("failed", 2)
    assert "no candidate Q" in view.error


def test_undo_is_another_fact(bench):
    bench.record(GoalSet(Goal(accuracy=0.97)))
    bench.record(Renamed("A", "mine"))
    assert bench.can_undo == "Rename A"
    bench.undo()
    bench.undo()
    assert bench.study.goal is None
    assert bench.study.candidate("A").title == "Baseline"
    bench.redo()
    assert bench.study.goal == Goal(accuracy=0.97)
    assert bench.store.study() == bench.study


def test_listeners_hear_progress_at_least_twice_a_second(bench):
    heard = []
    bench.listen(lambda event: heard.append(time.monotonic()) if isinstance(event, JobChanged) else None)
    bench.wait(bench.pack("A"), 30)
    assert heard


def test_two_threads_may_record_at_once(bench):
    def write(title):
        for number in range(20):
            bench.record(Renamed("A", f"{title}{number}"), undoable=False)

    threads = [threading.Thread(target=write, args=(name,)) for name in "xy"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([f for f in bench.store.facts() if isinstance(f, Renamed)]) == 40
    assert bench.store.study() == bench.study


def test_a_dismissed_interruption_stays_dismissed(tmp_path, workers, monkeypatch):
    monkeypatch.setattr(module, "FUNCTIONS", {"evaluate": "jobs_to_run:stubborn"})
    first = Workbench(tmp_path / "study", workers)
    first.record(BORN, undoable=False)
    job = first.evaluate("A")
    first.close()
    second = Workbench(tmp_path / "study", workers)
    second.dismiss(job)
    assert second.interrupted() == ()
    assert any(isinstance(f, JobEnded) and f.job == job for f in second.store.facts())
    second.close()


def test_opening_a_broken_study_leaves_nothing_running(tmp_path):
    (tmp_path / "study.sqlite").write_bytes(b"x" * 5000)
    with pytest.raises(BadInput):
        Workbench(tmp_path)
