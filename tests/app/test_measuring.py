"""What ends on a device: what a lost line left is kept and marked, imports are recorded. The devices here are fakes."""

import pytest

from app import measuring
from app.facts import CandidateBorn, Profiled, Swept
from app.objects import put_file
from app.study import after
from devices.session import LineLost
from profiler import zoo
from profiler.errors import Failed
from profiler.measurement import DeviceFacts, ProfileSettings
from profiler.network import save
from profiler.plain import to_plain
from profiler.progress import Progress
from profiler.sweep import Sweep, SweepPoint


@pytest.fixture
def settings(tmp_path):
    """A job's settings about LeNet-5 in a folder of objects."""
    path = tmp_path / "net.onnx"
    save(zoo.build("LeNet-5"), path)
    digest = put_file(tmp_path / "objects", path)
    return {
        "objects": str(tmp_path / "objects"), "letter": "A", "source": f"object:{digest}", "device": "tx2",
        "settings": to_plain(ProfileSettings(runs=50)), "batches": [1, 8], "threads": [1],
    }  # fmt: skip


class Fake:
    """A device that says one word and then gives what it was made with, or raises it."""

    name, title = "tx2", "TX2 in the lab"

    def __init__(self, end):
        self.end = end

    def _run(self):
        yield Progress(0.5, "Run 1 of 50", {"power_w": 5.0})
        if isinstance(self.end, BaseException):
            raise self.end
        return self.end

    def profile(self, path, outline, settings, *, digest=""):
        assert path.is_file()
        return self._run()

    def sweep(self, path, settings, batches, threads, *, digest=""):
        assert (batches, threads) == ([1, 8], [1])
        return self._run()


@pytest.fixture
def on(monkeypatch):
    def use(end):
        monkeypatch.setattr(measuring, "reached", lambda _: Fake(end))

    return use


def run(job):
    """The facts a job yields, and what it ends with: a value, or the error it raises."""
    facts = []
    try:
        while True:
            step = next(job)
            if not isinstance(step, Progress):
                facts.append(step)
    except StopIteration as end:
        return facts, end.value
    except Failed as failed:
        return facts, failed


def test_a_profile_is_recorded_with_what_the_graph_says(on, settings, profile_of):
    on(profile_of(2.0, memory=None))
    (fact,), value = run(measuring.profile(settings))
    assert (fact.letter, fact.device, value) == ("A", "tx2", {})
    assert fact.profile.memory.weights_mb == pytest.approx(4 * 431_080 / 1e6)  # LeNet-5's parameters as float32


def test_what_a_lost_line_left_is_recorded_first_and_then_the_failure_told(on, settings, profile_of):
    partial = profile_of(2.0, latencies_ms=(2.0,) * 31, complete=False)
    on(LineLost("The line to TX2 broke.", "Check the cable.", "timeout", partial=partial))
    (fact,), failed = run(measuring.profile(settings))
    assert isinstance(fact, Profiled)
    assert fact.profile.complete is False
    assert len(fact.profile.latencies_ms) == 31
    assert failed.what == "The line to TX2 broke."
    assert failed.fix == "31 of 50 runs are kept in the study. Check the cable."
    assert failed.evidence == "timeout"
    assert isinstance(failed, LineLost)
    assert failed.partial is None  # the figures are in the study; the error need not carry them


def test_a_line_lost_before_anything_was_measured_leaves_nothing(on, settings):
    on(LineLost("The line to TX2 broke."))
    facts, failed = run(measuring.profile(settings))
    assert facts == []
    assert failed.what == "The line to TX2 broke."


def test_another_failure_is_told_as_it_is(on, settings):
    on(Failed("The agent was killed."))
    facts, failed = run(measuring.sweep(settings))
    assert facts == []
    assert failed.what == "The agent was killed."


def swept(*points, complete=True):
    return Sweep("d" * 64, DeviceFacts("tx2"), ProfileSettings(), "2026-01-02T03:04:05Z", points, complete=complete)


def test_a_sweep_is_recorded(on, settings):
    on(swept(SweepPoint(1, 1, (2.0,)), SweepPoint(8, 1, (9.0,))))
    (fact,), _ = run(measuring.sweep(settings))
    assert isinstance(fact, Swept)
    assert [point.batch for point in fact.sweep.points] == [1, 8]


def test_the_points_there_were_when_the_line_was_lost_are_kept(on, settings):
    on(LineLost("The line broke.", "Again.", partial=swept(SweepPoint(1, 1, (2.0,)), complete=False)))
    (fact,), failed = run(measuring.sweep(settings))
    assert fact.sweep.complete is False
    assert failed.fix == "1 of 2 points are kept in the study. Again."


def test_what_another_tool_measured_is_a_profile_of_the_device_named(settings, tmp_path):
    """Lines as caffe time prints them (Caffe 1.0, tools/caffe.cpp), with LeNet-5's names; times invented."""
    log = tmp_path / "caffe.log"
    lines = [
        "I0101 00:00:00.000000  1 caffe.cpp:397] Average time per layer: ",
        "I0101 00:00:00.000000  1 caffe.cpp:400]      conv1\tforward: 2.5 ms.",
        "I0101 00:00:00.000000  1 caffe.cpp:400]      conv2\tforward: 4 ms.",
        "I0101 00:00:00.000000  1 caffe.cpp:406] Average Forward pass: 7 ms.",
        "I0101 00:00:00.000000  1 caffe.cpp:410] Average Forward-Backward: 15 ms.",
        "I0101 00:00:00.000000  1 caffe.cpp:412] *** Benchmark ends ***",
    ]
    log.write_text("\n".join(["I0101 00:00:00.000000  1 caffe.cpp:360] *** Benchmark begins ***", *lines]) + "\n")
    (fact,), value = run(measuring.import_profile(settings | {"paths": [str(log)], "device": "tk1"}))
    assert (fact.device, fact.profile.device.name) == ("tk1", "tk1")
    assert "caffe" in fact.profile.imported
    assert fact.profile.latencies_ms == (7.0,)
    assert {row.covers: row.median_us for row in fact.profile.layers} == {("conv1",): 2500, ("conv2",): 4000}
    assert "is now a profile of A on tk1" in value["message"]


# ------------------------------------------------------------------- which profile counts


def known(study, device, *profiles):
    for profile in profiles:
        study = after(Profiled("A", device, profile), study)
    return study.candidates["A"]


def test_the_newest_whole_measurement_counts_then_a_part_then_an_import(study, profile_of):
    imported, part = profile_of(1, imported="trtexec"), profile_of(2, complete=False)
    first, second = profile_of(3), profile_of(4)

    def counts(*profiles):
        return known(study, "tx2", *profiles).profiles["tx2"].median_ms

    assert counts(imported) == 1
    assert counts(imported, part) == 2
    assert counts(part, imported) == 2
    assert counts(first, part, imported) == 3
    assert counts(first, second) == 4


def test_the_history_has_every_profile_in_order(study, profile_of):
    found = known(study, "tx2", profile_of(1), profile_of(2), profile_of(3, imported="trtexec"))
    assert [(past.device.name, past.median_ms) for past in found.history] == [
        ("cpu", 0.2), ("tx2", 1), ("tx2", 2), ("tx2", 3),
    ]  # fmt: skip


def test_a_profile_that_was_given_its_power_takes_its_own_place(study, profile_of):
    from profiler.power import PowerTrace

    trace = PowerTrace("meter", "all", (0.0, 1.0), (5.0, 5.0), 3.0, 0.0, 1.0, 10, imported="meter.csv")
    found = known(study, "tx2", profile_of(1), profile_of(1, power=trace))
    assert [past.power for past in found.history if past.device.name == "tx2"] == [trace]
    assert found.profiles["tx2"].power == trace


def test_a_candidate_born_later_has_its_own(study, lenet, profile_of):
    grown = after(CandidateBorn("C", "A", "C", "object:x", "C.onnx", lenet, 10), study)
    assert grown.candidates["C"].history == ()
