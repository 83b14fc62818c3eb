"""Settings layer by layer: what a table changes in a step."""

import pytest

from app.by_layer import at, by_layer, like_this, picked, value, with_layer, with_values
from compressors.method import checked
from compressors.methods.clip_q import ClipQ
from compressors.methods.magnitude_pruning import MagnitudePruning
from compressors.methods.weight_sharing import WeightSharing

LAYERS = ("conv1", "fc1", "fc2")


def test_the_tables_of_methods():
    assert [(s.name, s.title, s.whole, s.low, s.high) for s in by_layer(WeightSharing)] == [
        ("per_layer", "Bits", True, 1, 16)
    ]
    assert [(s.name, s.common.name, s.percent) for s in by_layer(ClipQ)] == [
        ("per_layer", "share", True),
        ("per_layer_bits", "bits", False),
    ]
    assert by_layer(MagnitudePruning) == (), "it has an editor of its own"


def test_a_layer_has_its_own_value_or_the_common_one():
    step = WeightSharing(bits=5, per_layer={"fc1": 3})
    (bits,) = by_layer(step)
    assert [value(step, bits, name) for name in LAYERS] == [5, 3, 5]
    assert at(step, bits, "fc2", 7.4) == {"per_layer": {"fc1": 3, "fc2": 7}}


def test_other_bits_drop_the_values_that_were_given():
    step = WeightSharing(given={"fc1": (0.1, 0.2), "fc2": (0.5,)})
    (bits,) = by_layer(step)
    assert at(step, bits, "fc1", 2) == {"per_layer": {"fc1": 2}, "given": {"fc2": (0.5,)}}


def test_all_alike_take_all_values_of_one():
    step = ClipQ(share=0.8, bits=4, per_layer={"fc1": 0.9})
    assert like_this(step, "fc1", ["fc1", "fc2"]) == {
        "per_layer": {"fc1": 0.9, "fc2": 0.9},
        "per_layer_bits": {"fc1": 4, "fc2": 4},
    }


@pytest.mark.parametrize("cls", [WeightSharing, ClipQ])
def test_layers_are_picked_and_left_out(cls):
    step = cls(per_layer={"fc1": 3} if cls is WeightSharing else {"fc1": 0.5})
    assert picked(step, LAYERS) == LAYERS
    without = checked(cls, with_layer(step, "fc1", False, LAYERS))
    assert picked(without, LAYERS) == ("conv1", "fc2")
    assert without.per_layer == {}
    assert picked(checked(cls, with_layer(without, "fc1", True, LAYERS)), LAYERS) == LAYERS


def test_the_last_layer_stays():
    assert with_layer(WeightSharing(layers=("fc1",)), "fc1", False, LAYERS) == {}


def test_values_by_hand_come_and_go():
    step = WeightSharing(given={"fc1": (0.1,)})
    assert with_values(step, "fc2", [1, 2]) == {"given": {"fc1": (0.1,), "fc2": (1, 2)}}
    assert with_values(step, "fc1", None) == {"given": {}}
