from app.facts import CandidateBorn, Hidden, Pinned
from app.markers import markers
from app.study import letter_of, replay


def study(lenet, count: int, *more):
    born = [CandidateBorn(letter_of(n), None, "x", "file:x", "x.onnx", lenet, None) for n in range(count)]
    return replay([*born, *more])


def test_the_baseline_and_the_next_eight_have_their_own(lenet):
    given = markers(study(lenet, 11))
    assert given["A"] == "baseline"
    assert [given[letter] for letter in "BCDEFGHI"] == list(range(8))
    assert (given["J"], given["K"]) == (None, None)


def test_a_marker_stays_when_another_is_hidden(lenet):
    given = markers(study(lenet, 11, Hidden("C", True)))
    assert (given["B"], given["C"], given["D"], given["J"]) == (0, 1, 2, None)


def test_pinning_gives_one_that_was_let_go(lenet):
    given = markers(study(lenet, 11, Hidden("C", True), Pinned("K", True)))
    assert (given["K"], given["C"], given["J"]) == (1, None, None)


def test_pinning_without_a_free_one_changes_nothing(lenet):
    given = markers(study(lenet, 11, Hidden("A", True), Pinned("K", True)))
    assert (given["A"], given["K"]) == ("baseline", None)
