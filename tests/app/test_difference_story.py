"""Two versions beside each other, on the study made by hand."""

from dataclasses import replace

import pytest

from app.difference_story import Figure, Side, change_words, side_by_side, value_words
from app.study import Study


def side(study: Study, letter: str, device: str | None = None) -> Side:
    candidate = study.candidate(letter)
    return Side(candidate.breakdown, candidate.layer_nonzero, candidate.profiles.get(device) if device else None)


def test_pruned_weights_are_a_change_though_every_shape_is_the_same(study):
    """conv2 keeps 5,050 of its 25,000, ip1 28,000 of 400,000, ip2 916 of 5,000; conv1 all 500."""
    story = side_by_side(side(study, "A"), side(study, "B"))
    changed = {row.name: row.figures["nonzero"].change for row in story.rows if row.status == "changed"}
    assert changed == {"conv2": 5050 - 25_000, "ip1": 28_000 - 400_000, "ip2": 916 - 5000}
    assert story.headline == "3 layers the same, 3 changed"
    assert story.totals["nonzero"] == Figure(430_500, 34_466, 34_466 - 430_500)
    assert all(row.figures["params"].change == 0 for row in story.rows)
    assert {row.mark for row in story.rows} == {"=", "≠"}


def test_time_stands_beside_where_both_ran(study):
    story = side_by_side(side(study, "A", "cpu"), side(study, "B", "cpu"))
    times = {row.name: row.figures["ms"] for row in story.rows}
    assert times["ip1"] == Figure(0.08, 0.08, 0.0)
    assert times["pool1"] == Figure(None, None, None)
    assert (story.totals["ms"].before, story.totals["ms"].change) == pytest.approx((0.182, 0.0))
    alone = side_by_side(side(study, "A"), side(study, "B", "cpu"))
    assert alone.totals["ms"].before is None
    assert alone.totals["ms"].change is None


def test_the_convention_decides_what_operations_are(study, lenet):
    """ip2 goes: 5,000 MACs, 5,010 with its bias, 10,000 FLOPs."""
    fewer = replace(lenet, layers=lenet.layers[:-1])
    for convention, change in (("macs", -5000), ("ops", -5010), ("flops", -10_000)):
        story = side_by_side(Side(lenet), Side(fewer), convention)
        assert story.totals["operations"].change == change
        assert story.rows[-1].status == "removed"
        assert story.rows[-1].figures["operations"] == Figure(-change, None, change)
        assert story.rows[-1].figures["nonzero"] == Figure(None, None, None)


def test_names_and_shapes_show_both_sides(lenet):
    thinner = replace(
        lenet.layers[2], name="second", weight_shape=(25, 20, 5, 5), output_shape=(1, 25, 8, 8), params=12_525
    )
    other = replace(lenet, layers=(*lenet.layers[:2], thinner, *lenet.layers[3:]))
    row = side_by_side(Side(lenet), Side(other)).rows[2]
    assert (row.status, row.name, row.shape_words) == ("changed", "conv2 → second", "50×20×5×5 → 25×20×5×5")
    assert row.kind == "conv"


@pytest.mark.parametrize(
    ("column", "figure", "said"),
    [
        ("params", Figure(50_000, 25_000, -25_000), "−25.0 k"),
        ("params", Figure(5, 5, 0), "same"),
        ("params", Figure(0, 0, 0), "–"),
        ("params", Figure(None, 5, None), ""),
        ("weight_bytes", Figure(None, 154_000, 154_000), "+154 kB"),
        ("ms", Figure(3.45, 2.45, -1.0), "−1.00 ms"),
    ],
)
def test_changes_in_words(column, figure, said):
    assert change_words(column, figure) == said


def test_figures_in_words():
    assert value_words("params", None) == "not known"
    assert value_words("ms", None) == "not measured"
    assert value_words("activation_bytes", 0) == "–"
