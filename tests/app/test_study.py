"""A study is what its facts make it."""

import pytest

from app.facts import (
    CandidateBorn,
    Compared,
    Evaluated,
    Goal,
    GoalSet,
    Hidden,
    JobEnded,
    JobStarted,
    Profiled,
    Renamed,
    Stored,
)
from app.history import History
from app.study import Study, after, index_of, letter_of, replay
from profiler.breakdown import Breakdown
from profiler.measurement import Comparison, DeviceFacts, Profile, ProfileSettings

EMPTY = Breakdown("net", {"input": (1, 1, 28, 28)}, 13, ())


def born(letter, parent=None):
    return CandidateBorn(letter, parent, f"title {letter}", "file:/x.onnx", "x.onnx", EMPTY, None)


@pytest.mark.parametrize(
    ("index", "letter"),
    [(0, "A"), (25, "Z"), (26, "AA"), (27, "AB"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (702, "AAA")],
)
def test_letters_count_as_columns_do(index, letter):
    assert letter_of(index) == letter
    assert index_of(letter) == index


def test_a_letter_is_never_used_again_even_when_its_job_failed():
    facts = [
        JobStarted("1", "open", "A", "", {}),
        born("A"),
        JobStarted("2", "compress", "B", "", {}),
        JobEnded("2", "failed"),
    ]
    assert replay(facts).next_letter == "C"


def test_measuring_takes_no_letter():
    facts = [JobStarted("1", "open", "A", "", {}), born("A"), JobStarted("2", "profile", "A", "", {})]
    assert replay(facts).next_letter == "B"


def test_lineage_runs_from_the_baseline():
    study = replay([born("A"), born("B", "A"), born("C", "B"), born("D", "A")])
    assert study.lineage("C") == ("A", "B", "C")
    assert study.lineage("D") == ("A", "D")
    assert study.baseline.letter == "A"


def test_storing_changes_where_the_network_is():
    study = replay([born("A"), Stored("A", "d1ge57", 1234, 99, {"fc1": 90})])
    candidate = study.candidate("A")
    assert (candidate.source, candidate.file_bytes, candidate.nonzero_params) == ("object:d1ge57", 1234, 99)
    assert candidate.layer_nonzero == {"fc1": 90}


def test_the_newest_profile_of_a_device_counts_and_others_stay():
    cpu, board = DeviceFacts("cpu"), DeviceFacts("tx2")
    old = Profile("d", cpu, ProfileSettings(), "t0", (1.0,))
    new = Profile("d", cpu, ProfileSettings(), "t1", (2.0,))
    far = Profile("d", board, ProfileSettings(), "t2", (9.0,))
    facts = [born("A"), Profiled("A", "cpu", old), Profiled("A", "tx2", far), Profiled("A", "cpu", new)]
    assert replay(facts).candidate("A").profiles == {"cpu": new, "tx2": far}


def test_a_comparison_is_found_whichever_way_round():
    result = Comparison(("A", "B"), DeviceFacts("cpu"), ProfileSettings(), "t", ((1.0,), (1.0,)), ())
    study = replay([born("A"), born("B", "A"), Compared(("A", "B"), "cpu", result)])
    assert study.comparison("B", "A", "cpu") is result
    assert study.comparison("A", "B", "tx2") is None


def test_hidden_candidates_are_kept_and_not_shown():
    study = replay([born("A"), born("B", "A"), Hidden("B", True)])
    assert [c.letter for c in study.shown()] == ["A"]
    assert "B" in study.candidates


def test_facts_about_a_stranger_change_nothing():
    study = replay([born("A")])
    assert after(Evaluated("Q", "digits", "test", 0.5, None, 1, 2), study) == study


def test_undo_and_redo_walk_through_decisions():
    history, study = History(), replay([born("A")])
    for fact in (GoalSet(Goal(accuracy=0.9)), Renamed("A", "mine"), Hidden("A", True)):
        history.remember(study, fact)
        study = after(fact, study)
    assert history.can_undo == "Hide A"
    for _ in range(3):
        study = after(history.undo(), study)
    assert (study.goal, study.candidate("A").title, study.candidate("A").hidden) == (None, "title A", False)
    assert history.undo() is None
    study = after(history.redo(), study)
    assert study.goal == Goal(accuracy=0.9)
    history.remember(study, Renamed("A", "other"))
    assert history.can_redo is None, "a new decision ends what could be done again"


def test_an_empty_study_begins_with_a():
    assert Study().next_letter == "A"
    assert Study().baseline is None
