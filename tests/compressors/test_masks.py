"""Which weights go: small cases worked out by hand."""

import numpy as np
import pytest

from compressors.methods import masks
from compressors.methods.masks import at_most, count_of, without
from compressors.methods.rule import Rule
from profiler.progress import drain


def smallest(weights: list[np.ndarray], count: int) -> list[np.ndarray]:
    return drain(masks.smallest(weights, count))


def test_a_threshold_takes_what_is_equal_to_it():
    weights = np.array([[0.5, -0.25], [0.1, -0.75]], np.float32)
    assert at_most(weights, 0.25).tolist() == [[False, True], [True, False]]


def test_a_threshold_is_rounded_to_the_weights_type():
    # The float32 nearest 0.1 is 0.10000000149…, above the double 0.1; a person who types 0.1 means that weight.
    assert at_most(np.array([0.1], np.float32), 0.1).tolist() == [True]


def test_the_smallest_over_two_arrays_are_counted_exactly():
    first = np.array([[3.0, -1.0], [0.5, 4.0]], np.float32)
    second = np.array([-0.75, 2.0, 9.0], np.float32)
    found = smallest([first, second], 3)  # 0.5, 0.75 and 1.0
    assert found[0].tolist() == [[False, True], [True, False]]
    assert found[1].tolist() == [True, False, False]


def test_equal_magnitudes_go_in_order():
    first, second = np.array([1.0, -1.0], np.float32), np.array([1.0, 1.0], np.float32)
    assert [mask.tolist() for mask in smallest([first, second], 3)] == [[True, True], [True, False]]


def test_a_nan_is_never_small():
    weights = np.array([np.nan, 5.0, 1.0], np.float32)
    assert smallest([weights], 2)[0].tolist() == [False, True, True]
    assert smallest([weights], 3)[0].all()


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 4000, 9998, 9999, 10_000])
def test_many_weights_piece_by_piece(count: int, monkeypatch: pytest.MonkeyPatch):
    """Against sorting everything; values repeat, so that the edge has ties in both arrays."""
    monkeypatch.setattr(masks, "PART", 300)
    monkeypatch.setattr(masks, "SAMPLE", 200)
    random = np.random.default_rng(count)
    weights = [random.integers(-90, 90, (80, 50)).astype(np.float32), random.standard_normal(6000).astype(np.float32)]
    every = np.concatenate([np.abs(array).reshape(-1) for array in weights])
    expected = np.zeros(every.size, bool)
    expected[np.argsort(every, kind="stable")[:count]] = True
    found = smallest(weights, count)
    assert [mask.shape for mask in found] == [(80, 50), (6000,)]
    assert np.array_equal(np.concatenate([mask.reshape(-1) for mask in found]), expected)


def test_a_sample_that_misleads(monkeypatch: pytest.MonkeyPatch):
    """Every 50th weight is large, and just those are sampled."""
    monkeypatch.setattr(masks, "PART", 300)
    monkeypatch.setattr(masks, "SAMPLE", 200)
    weights = np.arange(1, 10_001, dtype=np.float32)
    weights[::50] += 1e6
    others = [place for place in range(10_000) if place % 50]
    assert np.array_equal(np.flatnonzero(smallest([weights], 5000)[0]), others[:5000])


@pytest.mark.parametrize("count", [-1, 3])
def test_no_more_than_there_are(count: int):
    with pytest.raises(ValueError, match="of 2 weights"):
        smallest([np.ones(2, np.float32)], count)


@pytest.mark.parametrize(("share", "size", "count"), [(0.5, 5, 3), (0.9, 10, 9), (0.91, 400_000, 364_000), (1.0, 7, 7)])
def test_a_share_is_the_nearest_whole_number(share: float, size: int, count: int):
    assert count_of(share, size) == count


def test_what_is_removed_is_plus_zero():
    pruned = without(np.array([-1.0, 2.0], np.float32), np.array([True, False]))
    assert pruned.tobytes() == np.array([0.0, 2.0], np.float32).tobytes()
    assert pruned.dtype == np.float32


WEIGHTS = {
    "a": np.array([0.1, 0.2, 0.3, 0.4], np.float32),
    "b": np.array([1.0, 2.0, 3.0, 4.0], np.float32),
}


def counts(rule: Rule) -> dict[str, int]:
    return {layer: int(mask.sum()) for layer, mask in drain(rule.masks(WEIGHTS)).items()}


def test_one_threshold_for_all_layers_or_a_share_of_each():
    assert counts(Rule("share", 0.5, together=True)) == {"a": 4, "b": 0}
    assert counts(Rule("share", 0.5, together=False)) == {"a": 2, "b": 2}


def test_a_layers_own_share_leaves_the_common_one_to_the_others():
    assert counts(Rule("share", 0.5, together=True, per_layer={"b": 0.25})) == {"a": 2, "b": 1}
    assert counts(Rule("per_layer", 0.9, per_layer={"b": 0.25})) == {"a": 0, "b": 1}


def test_thresholds_common_and_own():
    assert counts(Rule("threshold", 0.25)) == {"a": 2, "b": 0}
    assert counts(Rule("threshold", 0.25, per_layer={"b": 2.5})) == {"a": 2, "b": 2}


def test_deviations_are_of_the_layers_own_weights():
    # σ of 1, 2, 3, 4 is √1.25 = 1.118; of a tenth of them, a tenth: 2 σ = 2.236 takes two of each.
    assert counts(Rule("deviations", 2.0)) == {"a": 2, "b": 2}


def test_what_stays_falls_by_the_same_factor_each_round():
    rule = Rule("share", 0.936)  # 0.4³ = 0.064 stays
    assert [1 - rule.at(n / 3).value for n in (1, 2, 3)] == pytest.approx([0.4, 0.16, 0.064])
    assert rule.at(1.0).value == 0.936


def test_thresholds_rise_evenly():
    assert Rule("threshold", 0.3, per_layer={"a": 0.6}).at(0.5) == Rule("threshold", 0.15, per_layer={"a": 0.3})


def test_a_weaker_rule_is_weaker_everywhere():
    assert Rule("share", 0.8, per_layer={"a": 0.4}).weaker(0.5) == Rule("share", 0.4, per_layer={"a": 0.2})
