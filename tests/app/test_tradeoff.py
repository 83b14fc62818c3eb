"""Fronts, goals and differences: every expected value is worked out beside it."""

from math import sqrt

import numpy as np
import pytest

from app import tradeoff
from app.facts import CandidateBorn, Compared, Evaluated, Goal, GoalSet, Hidden, Packed, Profiled
from app.study import after
from app.tradeoff import Figure, Point
from profiler.measurement import Comparison, DeviceFacts, ProfileSettings, Ratio


def point(letter, x, y, state="measured"):
    return Point(letter, letter, Figure(x, state), Figure(y))


def letters(points):
    return "".join(p.letter for p in points)


def test_the_front_has_only_what_no_other_beats():
    given = [point("A", 41, 57.1), point("B", 42, 57.0), point("D", 18.9, 56.6), point("E", 17.9, 56.3),
             point("G", 19.6, 54.9)]  # fmt: skip
    assert letters(tradeoff.front(given)) == "EDA"  # B: A is faster and better; G: D is


def test_predicted_and_imported_points_are_never_on_the_front():
    given = [point("A", 41, 57.1), point("F", 1, 99, "predicted"), point("I", 1, 99, "imported")]
    assert letters(tradeoff.front(given)) == "A"


def test_of_two_equally_fast_the_better_one_stays_whatever_their_order():
    assert letters(tradeoff.front([point("A", 5, 50), point("B", 5, 60)])) == "B"
    assert letters(tradeoff.front([point("B", 5, 60), point("A", 5, 50)])) == "B"


def test_a_front_with_accuracy_across_and_size_up():
    # across: more is better, up: less is better. C has less accuracy and more bytes than B.
    given = [point("A", 0.98, 1.7), point("B", 0.97, 0.2), point("C", 0.96, 0.3)]
    assert letters(tradeoff.front(given, up="size", across="accuracy")) == "AB"


def test_the_staircase_goes_level_then_up():
    kept = tradeoff.front([point("E", 17.9, 56.3), point("D", 18.9, 56.6), point("A", 41, 57.1)])
    assert tradeoff.staircase(kept) == [(17.9, 56.3), (18.9, 56.3), (18.9, 56.6), (41, 56.6), (41, 57.1)]


def test_points_and_those_without(study):
    made = tradeoff.points(study, "accuracy", "latency", "cpu")
    assert [(p.letter, p.x.value, p.y.value, p.solid) for p in made] == [
        ("A", 0.2, 0.98, True),
        ("B", 0.198, 0.975, True),
    ]
    assert tradeoff.points(study, "accuracy", "latency", "tx2-lab") == []
    lacking = tradeoff.without(study, "accuracy", "energy", "cpu")
    assert [(k.letter, k.missing, k.sentence) for k in lacking] == [
        ("A", ("energy",), "energy not measured"), ("B", ("energy",), "energy not measured")]  # fmt: skip


def test_a_hidden_candidate_is_not_a_point(study):
    assert letters(tradeoff.points(after(Hidden("A", True), study), "accuracy", "latency")) == "B"


def test_a_network_never_stored_has_its_weights_counted(study, lenet):
    new = after(CandidateBorn("C", None, "C", "zoo:LeNet-5", "LeNet-5", lenet, None), study).candidates["C"]
    size = tradeoff.figure(new, "size")
    assert size == Figure(pytest.approx(1.72432), "counted")  # 4 · 431,080 bytes
    assert tradeoff.figure(new, "nonzero_params") is None
    assert tradeoff.figure(new, "macs") == Figure(2_293_000, "counted")


def test_an_unpacked_version_has_no_size_rather_than_its_parents(study, lenet):
    new = after(CandidateBorn("C", "A", "C", "object:x", "C.onnx", lenet, 10), study).candidates["C"]
    assert tradeoff.figure(new, "size") is None


def test_an_interrupted_profile_is_not_a_measured_point(study, profile_of):
    cut = after(Profiled("B", "tx2", profile_of(0.1, complete=False)), study)
    cut = after(Profiled("A", "tx2", profile_of(0.2)), cut)
    assert [p.solid for p in tradeoff.points(cut, "accuracy", "latency", "tx2")] == [True, False]


def test_an_imported_profile_is_not_a_measured_point(study, profile_of):
    seen = after(Profiled("B", "tx2", profile_of(0.1, imported="trtexec, times.json")), study)
    (point,) = tradeoff.points(seen, "accuracy", "latency", "tx2")
    assert (point.x.state, point.solid) == ("imported", False)


def with_goal(study, **limits):
    return after(GoalSet(Goal(**limits)), study)


def test_each_limit_says_by_how_much_it_is_missed(study):
    goal = Goal(accuracy=0.979, latency_ms=0.19, size_mb=0.2, energy_mj=90)
    checks = {c.key: c for c in tradeoff.meets(study.candidates["B"], goal)}
    assert [c.ok for c in checks.values()] == [False, False, True, None]
    assert checks["accuracy"].miss == pytest.approx(0.004)
    assert checks["accuracy"].miss_words == "accuracy is 0.4 pt too low"
    assert checks["latency"].miss_words == "latency is 8 µs too high"  # 0.198 − 0.190 ms
    assert checks["size"].value_words == "154 kB"
    assert checks["size"].limit_words == "≤ 200 kB"
    assert checks["energy"].value_words == "not measured"
    assert checks["energy"].share is None


def test_best_is_the_most_accurate_that_meets_everything(study):
    assert tradeoff.best(study) is None  # no goal
    assert tradeoff.best(with_goal(study, accuracy=0.97)).letter == "A"
    assert tradeoff.best(with_goal(study, accuracy=0.97, size_mb=0.2)).letter == "B"
    assert tradeoff.goal_words(with_goal(study, accuracy=0.97, size_mb=0.2)) == "B meets the goal."
    assert tradeoff.best(with_goal(study, accuracy=0.99)) is None


def test_nearest_names_the_miss(study):
    # A misses the size by (1.726 − 0.15)/0.15 = 10.5 limits, B by (0.154 − 0.15)/0.15 = 0.027.
    wanted = with_goal(study, accuracy=0.97, size_mb=0.15)
    assert tradeoff.nearest(wanted).candidate.letter == "B"
    assert tradeoff.goal_words(wanted) == "Nothing measured meets the goal. B comes nearest: size is 4 kB too high."


def test_nothing_can_be_said_of_a_goal_that_was_not_measured(study):
    assert tradeoff.nearest(with_goal(study, energy_mj=90)) is None
    assert tradeoff.goal_words(with_goal(study, energy_mj=90)).startswith("Nothing measured can be held")
    assert tradeoff.goal_words(study) == "No goal yet."
    assert tradeoff.goal_words(with_goal(study)) == "No goal yet."


# ------------------------------------------------------------------------------ differences


def bits(*right):
    return np.packbits(np.array(right, bool)).tobytes()


def test_digits_gained_and_lost():
    from app.against import Changed, changed

    before = bits(1, 1, 0, 0, 1, 1, 1, 1, 1, 0)
    now = bits(1, 0, 1, 0, 1, 1, 1, 1, 0, 0)  # 3rd gained; 2nd and 9th lost
    assert changed(before, now, 10) == Changed(gained=1, lost=2)
    with pytest.raises(ValueError, match="17 images need 3 bytes"):
        changed(before, now, 17)


def test_the_error_of_paired_accuracies_is_mcnemars():
    from app.against import Changed, paired_error, unpaired_error

    # 400 images, 6 gained, 10 lost: sqrt(16 − 16/400) / 400
    assert paired_error(Changed(6, 10), 400) == pytest.approx(sqrt(15.96) / 400)
    assert paired_error(Changed(0, 0), 400) == pytest.approx(1 / 400)  # nothing moved: still not certain
    assert unpaired_error(0.9, 0.8, 100) == pytest.approx(sqrt((0.09 + 0.16) / 100))


def test_an_accuracy_change_needs_the_same_images(study):
    from app.against import accuracy_change

    a, b = study.candidates["A"].evaluation, study.candidates["B"].evaluation
    right_a, right_b = np.ones(200, bool), np.ones(200, bool)
    right_a[:4] = False
    right_b[1:6] = False  # gains image 0, loses 4 and 5
    change = accuracy_change(a, b, (np.packbits(right_a).tobytes(), np.packbits(right_b).tobytes()))
    assert change.words == "−0.5 ± 0.9 pt"  # sqrt(3 − 1/200)/200 = 0.00865
    assert change.moved_words == "1 gained, 2 lost of 200 images"
    other = Evaluated("B", "Other data", "test", 0.5, None, 100, 200)
    assert accuracy_change(a, other) is None
    assert accuracy_change(a, None) is None


def compared(study, ratio):
    comparison = Comparison(
        ("A", "B"), DeviceFacts("cpu"), ProfileSettings(), "2026-01-01T00:00:00Z", ((2.0,) * 5, (1.0,) * 5), (ratio,)
    )
    return after(Compared(("A", "B"), "cpu", comparison), study)


def test_an_interleaved_ratio_is_preferred_and_turned_round(study):
    from app.against import speed

    done = compared(study, Ratio("A", "B", 2.0, 1.6, 2.5, 0.95, "faster"))
    assert speed(done, "A", "B", "cpu").words == "2.00 ×"
    assert speed(done, "A", "B", "cpu").note == "1.60 to 2.50, 95 % interval, interleaved"
    back = speed(done, "B", "A", "cpu")
    assert (back.times, back.ratio.low, back.ratio.high, back.verdict) == (0.5, 0.4, 0.625, "slower")
    assert speed(done, "A", "B", "tx2-lab") is None


def test_two_separate_runs_are_the_same_when_each_median_lies_in_the_others_spread(study, profile_of):
    from app.against import speed

    wide = profile_of(1, latencies_ms=(0.17, 0.19, 0.21, 0.25))
    near = profile_of(1, latencies_ms=(0.18, 0.20, 0.21, 0.26))
    far = profile_of(1, latencies_ms=(0.10, 0.10, 0.10, 0.11))
    noisy = after(Profiled("B", "cpu", near), after(Profiled("A", "cpu", wide), study))
    assert speed(noisy, "A", "B", "cpu").words == "same"
    clear = after(Profiled("B", "cpu", far), noisy)
    assert speed(clear, "A", "B", "cpu").words == "2.00 ×"  # 0.20 ÷ 0.10
    assert speed(clear, "A", "B", "cpu").note == "two separate runs"


def test_energy_and_a_packed_size_of_nothing_are_not_zero(study):
    packed = after(Packed("B", "f" * 64, 100, 80, 70, ()), study).candidates["B"]
    assert tradeoff.figure(packed, "size") == Figure(80 / 1e6)
    assert tradeoff.figure(packed, "energy", "cpu") is None
