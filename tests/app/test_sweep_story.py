"""Sweeps as rows and lines, and the published figures beside them."""

import tomllib

import pytest

import assets
from app.facts import Swept
from app.study import Study, after
from app.sweep_story import is_same_network, per_second, published, sweep_story, sweeps_of
from profiler.measurement import DeviceFacts, ProfileSettings
from profiler.sweep import Sweep, SweepPoint


def sweep_of(*points, at="2026-01-02T03:04:05Z"):
    return Sweep("d" * 64, DeviceFacts("tx2"), ProfileSettings(), at, points)


def test_rows_are_worked_out_as_written():
    found = sweep_story(sweep_of(SweepPoint(1, 1, (10.0, 10.0, 10.0)), SweepPoint(8, 1, (39.0, 40.0, 41.0))))
    one, eight = found.rows
    assert (one.ms, one.images_per_second, one.against_one) == (10, 100, 1)
    assert (eight.ms, eight.ms_per_image, eight.images_per_second, eight.against_one) == (40, 5, 200, 2)
    assert eight.p5_ms == pytest.approx(39.1)  # 39 + 0.05 · 2 · (40 − 39)
    assert found.quickest == one
    assert found.most == eight
    assert found.words == (
        "Most images a second: 200 images/s with a batch of 8 and 1 thread, which waits 40.0 ms for an answer; "
        "quickest: 10.0 ms with a batch of 1 and 1 thread."
    )


def test_each_number_of_threads_has_its_line_and_its_own_batch_of_one():
    points = (SweepPoint(2, 1, (20.0,)), SweepPoint(1, 1, (10.0,)), SweepPoint(1, 2, (5.0,)), SweepPoint(2, 2, (8.0,)))
    found = sweep_story(sweep_of(*points))
    assert {threads: [row.batch for row in line] for threads, line in found.lines.items()} == {1: [1, 2], 2: [1, 2]}
    assert found.lines[2][1].against_one == pytest.approx(1.25)  # 250 of 200 images/s


def test_what_was_refused_has_no_figures_and_says_why():
    found = sweep_story(sweep_of(SweepPoint(1, 1, (10.0,)), SweepPoint(64, 1, refused="too little memory")))
    refused = found.rows[1]
    assert (refused.ms, refused.images_per_second, refused.against_one) == (None, None, None)
    assert refused.refused == "too little memory"
    assert [row.batch for row in found.lines[1]] == [1]
    assert "A larger batch gains nothing" in found.words


def test_nothing_measured_is_said():
    assert sweep_story(sweep_of(SweepPoint(1, 1, refused="no"))).words == "Nothing was measured."


def test_the_lectures_figures_are_there_as_it_prints_them():
    """Lecture, AlexNet forward in Caffe: Titan X, batch 128, 121 ms; Tegra K1, batch 1, 89 ms and batch 64, 1808 ms."""
    titan, one, many = published()
    assert [(p.name, p.gflops, p.batch, p.ms) for p in (titan, one, many)] == [
        ("Titan X", 6144, 128, 121), ("Tegra K1", 326, 1, 89), ("Tegra K1", 326, 64, 1808),
    ]  # fmt: skip
    assert titan.images_per_second == pytest.approx(1057.85, abs=0.01)  # 128 ÷ 0.121 s
    assert one.images_per_second == pytest.approx(11.236, abs=0.001)
    assert many.images_per_second == pytest.approx(35.398, abs=0.001)
    assert all("Lecture" in each.source and each.title.endswith("published") for each in published())
    told = tomllib.loads(assets.path("references/alexnet_batches.toml").read_text())
    assert "images_per_second" not in str(told)  # worked out, not written down


def test_a_reference_belongs_to_its_own_network(study):
    assert not is_same_network(study.candidates["A"], published()[0])


def test_the_newest_sweep_of_a_candidate_on_a_device_comes_first():
    early, late = sweep_of(at="2026-01-01T00:00:00Z"), sweep_of(at="2026-01-02T00:00:00Z")
    known = Study()
    for fact in (Swept("A", "tx2", early), Swept("B", "tx2", early), Swept("A", "tk1", early), Swept("A", "tx2", late)):
        known = after(fact, known)
    assert sweeps_of(known, "A", "tx2") == (late, early)


@pytest.mark.parametrize(
    ("rate", "said"), [(1057.85, "1,058 images/s"), (11.236, "11.2 images/s"), (None, "not measured")]
)
def test_a_rate_in_words(rate, said):
    assert per_second(rate) == said
