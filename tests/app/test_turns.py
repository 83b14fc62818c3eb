"""Whose turn it is: a queue for each board, work here beside them, and a measurement of this computer alone."""

import pytest

from app.jobs import JobView, device_of, lane_of, may_start


def jobs(*asked):
    """`asked` are words such as "running:tx2", "waiting:cpu", "waiting:" (work here); a job is called by its place."""
    views = []
    for number, word in enumerate(asked):
        state, _, device = word.partition(":")
        views.append(JobView(str(number), "profile" if device else "compress", "A", "", state, device=device))
    return may_start(views)


@pytest.mark.parametrize(
    ("asked", "start"),
    [
        (("waiting:tx2", "waiting:tk1", "waiting:"), ["0", "1", "2"]),  # boards beside each other and beside work
        (("waiting:tx2", "waiting:tx2"), ["0"]),  # one queue a board
        (("running:tx2", "waiting:tx2", "waiting:tk1"), ["2"]),  # the other board’s queue goes on
        (("stopping:tx2", "waiting:tx2"), []),  # what stops still runs
        (("waiting:", "waiting:"), ["0"]),
        (("waiting:cpu",), ["0"]),
        (("waiting:cpu", "waiting:tx2", "waiting:"), ["0"]),  # nothing beside a measurement of this computer
        (("running:cpu", "waiting:tx2", "waiting:"), []),
        (("running:tx2", "waiting:cpu"), []),  # and it beside nothing
        (("running:", "waiting:cpu"), []),
        (("running:tx2", "waiting:cpu", "waiting:tk1"), []),  # nor is it overtaken, or it would wait for ever
        (("waiting:tx2", "waiting:cpu", "waiting:tx2"), ["0"]),
        (("done:cpu", "failed:tx2", "cancelled:", "waiting:cpu"), ["3"]),
    ],
)
def test_who_may_start(asked, start):
    assert jobs(*asked) == start


@pytest.mark.parametrize(
    ("kind", "settings", "device"),
    [
        ("profile", {"device": "tx2"}, "tx2"),
        ("sweep", {"device": "tx2"}, "tx2"),
        ("compare", {}, "cpu"),
        ("import", {"device": "tx2"}, ""),  # it reads a file here
        ("meter", {"device": "tx2"}, ""),
        ("compress", {"profile_on": ["tx2"]}, ""),
    ],
)
def test_where_a_job_measures(kind, settings, device):
    assert device_of(kind, settings) == device


def test_reading_what_others_measured_waits_for_no_training_but_for_a_measurement_here():
    training = JobView("0", "compress", "A", "", "running")
    reading = JobView("1", "import", "A", "", "waiting")
    assert may_start([training, reading]) == ["1"]
    assert may_start([JobView("0", "profile", "A", "", "running", device="cpu"), reading]) == []


def test_each_board_has_a_lane_of_its_own():
    lanes = [lane_of(JobView("1", "profile", "A", "", "waiting", device=name)) for name in ("cpu", "tx2", "tk1", "")]
    assert lanes == ["measure", "board tx2", "board tk1", "work"]
