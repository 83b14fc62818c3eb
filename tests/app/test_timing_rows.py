"""Time by layer against an earlier profile, with times that can be reckoned in the head."""

from dataclasses import replace

import pytest

from app.estimate import seconds_needed, time_needed
from app.study import replay
from app.timing_rows import adds_up, comparable, timed_rows
from profiler.measurement import LayerTiming, Profile
from profiler.measurement import ProfileSettings as Settings
from tests.app.ui.pages_support import HERE, breakdown, profile, study_facts


def taken(rows: dict[tuple[str, ...], tuple[float, ...]], latencies=(10.0,) * 5, profiled=(11.0,) * 5) -> Profile:
    timings = tuple(LayerTiming(covers[0], covers, us) for covers, us in rows.items())
    return Profile("0" * 64, HERE, Settings(), "2026-01-01T00:00:00+00:00", latencies, profiled, timings)


NOW = taken({("conv1", "relu1"): (2000.0, 2010.0, 1990.0), ("fc6",): (3000.0, 3001.0, 2999.0)})
THEN = taken({("conv1", "relu1"): (6000.0, 6010.0, 5990.0), ("fc6",): (3000.0, 3002.0, 2998.0)})


def test_a_row_is_set_against_the_row_that_covers_the_same_layers():
    conv, fc = timed_rows(NOW, breakdown(), THEN)
    assert (conv.name, conv.key, conv.kind, conv.ms, conv.before_ms) == ("conv1 + relu1", "conv1", "conv", 2.0, 6.0)
    assert conv.change_words == "3.00 ×"
    assert (fc.change, fc.change_words) == ("same", "same")  # their spreads overlap


def test_a_row_without_its_like_says_nothing():
    unfused = taken({("conv1",): (1000.0,), ("relu1",): (1000.0,)})
    row = timed_rows(NOW, breakdown(), unfused)[0]
    assert (row.before_ms, row.change, row.change_words) == (None, "unknown", "")


def test_it_adds_up_to_the_end_to_end_time():
    found = adds_up(NOW, breakdown())
    assert found.layers_ms == pytest.approx(5.0)
    assert found.unattributed_ms == pytest.approx(5.0)
    assert found.by_kind["conv"] == pytest.approx(2.0)
    assert found.by_kind["fc"] == pytest.approx(3.0)
    assert found.overhead_words == "+ 10.0 %"  # 11 ms profiled against 10


def test_the_parent_comes_first_among_those_that_can_be_compared():
    study = replay(study_facts())
    assert comparable(study, "E", "cpu") == ("D", "A", "B", "C")
    assert comparable(study, "E", "tx2") == ()


def test_the_time_needed_follows_from_the_newest_run():
    # The last run that trained took 90 s for 3 epochs, 30 s each. Twice 4 epochs and 2 more: 10.
    steps = [
        {"method": "magnitude_pruning", "epochs": 4, "rounds": 2},
        {"method": "fine_tune", "epochs": 2},
        {"method": "fine_tune", "epochs": 50, "enabled": False},
    ]
    study = replay(study_facts())
    assert seconds_needed(study, steps) == pytest.approx(300)
    assert time_needed(study, steps) == "about 5 min on this computer"


def test_without_evidence_no_time_is_said():
    study = replay([fact for fact in study_facts() if getattr(fact, "letter", "A") == "A"])
    assert time_needed(study, [{"method": "fine_tune"}]) == ""


def test_an_interrupted_profile_has_its_rows_too():
    assert len(timed_rows(replace(profile(), complete=False), breakdown())) == 14


def test_times_whose_spreads_touch_are_the_same():
    apart = taken({("fc6",): (3010.0, 3011.0, 3009.0)})
    touching = taken({("fc6",): (3000.5, 3004.0, 3000.9)})
    now = taken({("fc6",): (3000.0, 3001.0, 2999.0)})
    assert timed_rows(now, breakdown(), apart)[0].change_words == "1.00 ×"
    assert timed_rows(now, breakdown(), touching)[0].change_words == "same"
