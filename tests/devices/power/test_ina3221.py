"""What the kernel tells of the power monitors, turned into watts by hand."""

import pytest

from devices.power.ina3221 import reading


def test_milliwatts_of_the_older_driver():
    found = reading({"VDD_IN": "2908", "VDD_SYS_CPU": "459"})
    assert found.watts == {"VDD_IN": 2.908, "VDD_SYS_CPU": 0.459}
    assert found.total == "VDD_IN"


def test_millivolts_and_milliamperes_of_the_newer_driver():
    found = reading({"VDD_IN": "5072 480", "VDD_CPU_GPU_CV": "5064 16"})
    assert found.watts == pytest.approx({"VDD_IN": 5.072 * 0.48, "VDD_CPU_GPU_CV": 5.064 * 0.016})


def test_without_the_rail_of_the_whole_board_nothing_is_summed():
    assert reading({"VDD_GPU_SOC": "5000 1000", "VDD_CPU_CV": "5000 200"}).total is None


@pytest.mark.parametrize("told", ["", "nan", "-3", "1e999", "5000 x", "1 2 3", "-5000 -480", "9" * 500, None, ["1"]])
def test_values_that_cannot_be_are_named_and_left_out(told):
    found = reading({"VDD_IN": told, "VDD_SYS_CPU": "459"})
    assert found.watts == {"VDD_SYS_CPU": 0.459}
    assert found.total is None
    assert len(found.faults) == 1
    assert len(found.faults[0]) < 100


def test_a_rail_without_a_sensible_name_is_left_out():
    found = reading({"V" * 1000: "5", "": "5"})
    assert found.watts == {}
    assert len(found.faults) == 2
