"""Tiles fill the room, in proportion, without overlapping."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.treemap import tiles

SIZES = st.lists(st.floats(0.001, 1000), min_size=1, max_size=60).map(lambda values: sorted(values, reverse=True))


def test_the_paper_s_example():
    """Bruls, Huizing and van Wijk 2000, section 3.1: 6 6 4 3 2 2 1 in a rectangle of 6 by 4."""
    made = tiles([6, 6, 4, 3, 2, 2, 1], 6, 4, least=0)
    first, second, third = made[:3]
    assert [(tile.x, tile.y, tile.width, tile.height) for tile in (first, second)] == [(0, 0, 3, 2), (0, 2, 3, 2)]
    assert (third.x, third.y) == (3, 0)
    assert third.width == pytest.approx(12 / 7)
    assert third.height == pytest.approx(7 / 3)


@given(SIZES, st.floats(50, 900), st.floats(50, 900))
def test_tiles_fill_the_room_in_proportion_and_do_not_overlap(values, width, height):
    made = tiles(values, width, height)
    total = sum(values)
    assert sum(tile.width * tile.height for tile in made) == pytest.approx(width * height)
    assert sorted(place for tile in made for place in range(tile.first, tile.stop)) == list(range(len(values)))
    for tile in made:
        share = sum(values[tile.first : tile.stop]) / total
        assert tile.width * tile.height == pytest.approx(share * width * height, rel=1e-6)
        assert tile.x >= -1e-6
        assert tile.x + tile.width <= width * (1 + 1e-6) + 1e-6
    for number, one in enumerate(made):
        for other in made[number + 1 :]:
            across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
            down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
            assert min(across, down) <= 1e-6 * max(width, height)


def test_the_smallest_are_one_tile_together():
    made = tiles([1000, *[0.001] * 3000], 300, 200)
    assert [(tile.first, tile.stop) for tile in made] == [(0, 1), (1, 3001)]


def test_three_thousand_layers_of_a_power_law_are_laid_out():
    assert len(tiles([1 / n for n in range(1, 3001)], 800, 500, least=0)) == 3000


def test_wrong_values_are_refused():
    with pytest.raises(ValueError, match="largest first"):
        tiles([1, 2], 10, 10)
    with pytest.raises(ValueError, match="positive"):
        tiles([1, 0], 10, 10)
    assert tiles([], 10, 10) == []
