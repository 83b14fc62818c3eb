"""What jtop says, in the units of its documentation (jetson-stats 4.3.2), turned by hand."""

import pytest

from devices.power.jtop import reading

TX2 = {
    "tot": {"name": "VDD_IN", "power": 2908, "avg": 2908, "volt": 19136, "curr": 152},
    "rail": {"VDD_SYS_GPU": {"power": 306, "avg": 306}, "VDD_MUX": {"power": 3367, "avg": 3367}},
    "ram": {"tot": 8042688, "used": 1642688, "shared": 524288},
    "cpu_idle": [90.0, 60.0, None, 75.0],  # one core has not said
    "cpu_khz": [1113600, 2035200],
    "gpu": [{"load": 45.7, "khz": 1134750}],
    "temperature": {"GPU": 37.0, "BCPU": 38.5, "PMIC": 100.0, "MCPU": -256},
    "processes": [[4711, 512000], [4712, 1024]],
}


def test_a_tx2():
    found = reading(TX2)
    assert found.watts == {"VDD_SYS_GPU": 0.306, "VDD_MUX": 3.367, "VDD_IN": 2.908}
    assert found.total == "VDD_IN"
    assert found.board == pytest.approx(
        {
            "cpu_load": 0.25,
            "gpu_load": 0.457,
            "memory_mb": 1642688 * 1024 / 1e6,
            "gpu_memory_mb": 524288 * 1024 / 1e6,
            "temperature_c": 38.5,
            "cpu_mhz": (1113.6 + 2035.2) / 2,
            "gpu_mhz": 1134.75,
        }
    )
    assert found.own_gpu_mb == pytest.approx(513024 * 1024 / 1e6)
    assert found.faults == ()


def test_a_total_that_jtop_summed_itself_is_called_so():
    found = reading({"tot": {"power": 700}, "rail": {"GPU": {"power": 300}, "CPU": {"power": 400}}})
    assert found.total == "jtop’s sum of 2 rails"
    assert found.watts[found.total] == pytest.approx(0.7)


def test_a_board_that_jtop_reads_no_power_of():
    found = reading({"tot": {}, "rail": {}})
    assert (found.total, found.watts, found.faults) == (None, {}, ())


@pytest.mark.parametrize("power", ["nan", -1, True, None, 10**12, [3]])
def test_a_total_that_cannot_be_is_named_and_left_out(power):
    found = reading({**TX2, "tot": {"name": "VDD_IN", "power": power}})
    assert found.total is None
    assert "VDD_IN" not in found.watts
    assert len(found.faults) == 1


def test_loads_and_temperatures_that_cannot_be_are_left_out():
    hostile = {"gpu": [{"load": 250, "khz": -1}], "cpu_idle": ["x"], "temperature": {"CPU": 4000}, "cpu_khz": [None]}
    found = reading({**TX2, **hostile})
    assert set(found.board) == {"memory_mb", "gpu_memory_mb"}
    assert len(found.faults) == 4
