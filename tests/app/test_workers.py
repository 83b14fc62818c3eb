"""The driver over real worker processes: progress, facts, cancel, a job that never yields, a crash."""

import os
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest

from app.facts import Renamed
from app.workers import Cancelled, Task, Workers
from profiler.errors import BadInput, Failed

HERE = Path(__file__).parent


class Watch:
    """Collects what a job reports."""

    def __init__(self, job):
        self.progress, self.facts = [], []
        self.ended = threading.Event()
        self.value = self.error = None
        self.task = Task(job, self.progress_heard, self.facts.append, self.end)

    def progress_heard(self, step):
        self.progress.append((time.monotonic(), step))

    def end(self, value, error):
        self.value, self.error = value, error
        self.ended.set()

    def until_first_progress(self):
        until = time.monotonic() + 30
        while not self.progress and time.monotonic() < until:
            time.sleep(0.01)
        assert self.progress


@pytest.fixture(scope="module")
def workers():
    sys.path.insert(0, str(HERE))  # spawned workers are given this path too
    made = Workers()
    yield made
    made.close()
    sys.path.remove(str(HERE))


def run(workers, job, function, **settings):
    watch = Watch(job)
    workers.start("work", watch.task, f"jobs_to_run:{function}", settings)
    return watch


def test_progress_facts_and_value_arrive_in_order(workers):
    watch = run(workers, "count", "counting", steps=8, pause=0.15)
    assert watch.ended.wait(30)
    assert watch.error is None
    assert watch.value == {"message": "counted"}
    assert watch.facts == [Renamed("A", "renamed by the worker")]
    times = [at for at, _ in watch.progress]
    assert len(times) >= 2
    assert max(b - a for a, b in pairwise(times)) < 0.5, "progress at least twice a second"


def test_a_step_that_takes_long_says_so_meanwhile(workers):
    """As one training step of a very large network: a single call that lasts."""
    watch = run(workers, "plodding", "plodding")
    assert watch.ended.wait(30)
    steps = [step for _, step in watch.progress]
    ages = [step.figures["step_s"] for step in steps if "step_s" in step.figures]
    assert len(ages) >= 3
    assert ages == sorted(ages)
    assert 1 < ages[-1] < 10
    assert sum("validation" in step.figures for step in steps) == 1, "an epoch's end is told once"
    assert {step.text for step in steps if "step_s" in step.figures} == {"Epoch 1 of 4"}


def test_cancel_closes_the_job_within_two_seconds(workers, tmp_path):
    note = tmp_path / "note"
    watch = run(workers, "cancelled", "counting", steps=1000, pause=0.02, note=str(note))
    watch.until_first_progress()
    began = time.monotonic()
    workers.cancel("cancelled")
    assert watch.ended.wait(2)
    assert time.monotonic() - began < 2
    assert isinstance(watch.error, Cancelled)
    assert note.read_text() == "closed", "the generator was closed, so its clean-up ran"


def test_a_job_that_never_yields_is_killed_within_two_seconds_and_the_lane_goes_on(workers):
    watch = run(workers, "stubborn", "stubborn")
    watch.until_first_progress()
    pid = watch.task.pid
    time.sleep(0.2)
    began = time.monotonic()
    workers.cancel("stubborn")
    assert watch.ended.wait(2.5)
    assert time.monotonic() - began < 2.2
    assert isinstance(watch.error, Cancelled)
    assert not _lives(pid)
    again = run(workers, "after", "counting", steps=2)
    assert again.ended.wait(30)
    assert again.error is None


def test_a_crashed_worker_costs_one_job(workers):
    watch = run(workers, "crash", "crashing")
    assert watch.ended.wait(30)
    assert isinstance(watch.error, Failed)
    assert "ended unexpectedly" in str(watch.error)
    again = run(workers, "next", "counting", steps=2)
    assert again.ended.wait(30)
    assert again.error is None


def test_a_job_that_waited_behind_a_killed_one_is_begun_again(workers):
    """As when another study is opened while one is measured: the lane's worker is killed, the next job is not lost."""
    first = run(workers, "killed", "stubborn")
    first.until_first_progress()
    second = run(workers, "next", "counting", steps=3)
    workers.cancel("killed", grace=0.1)
    assert first.ended.wait(10)
    assert isinstance(first.error, Cancelled)
    assert second.ended.wait(30)
    assert second.error is None
    assert second.value == {"message": "counted"}


def test_what_a_job_raises_is_its_end_with_its_three_parts(workers):
    watch = run(workers, "refuse", "refusing")
    assert watch.ended.wait(30)
    assert isinstance(watch.error, BadInput)
    assert (watch.error.what, watch.error.where, watch.error.fix) == (
        "That is no network.",
        "It is a poem.",
        "Give a network.",
    )


def test_questions_are_answered_elsewhere(workers):
    answer = workers.ask("jobs_to_run:double", {"number": 21}).result(30)
    assert answer["double"] == 42
    assert answer["pid"] != os.getpid()


def test_workers_end_with_the_program(tmp_path):
    """A killed program leaves no worker behind."""
    import subprocess

    script = tmp_path / "program.py"
    script.write_text(
        "import sys, time\n"
        f"sys.path[:0] = [{str(HERE)!r}, {str(HERE.parent.parent)!r}]\n"
        "from app.workers import Workers\n"
        "if __name__ == '__main__':\n"
        "    print(Workers().ask('jobs_to_run:double', {'number': 1}).result(60)['pid'], flush=True)\n"
        "    time.sleep(60)\n"
    )
    program = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    worker = int(program.stdout.readline())
    os.kill(worker, 0)
    program.kill()
    program.wait()
    until = time.monotonic() + 10
    while time.monotonic() < until and _lives(worker):
        time.sleep(0.05)
    assert not _lives(worker)


def _lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False
