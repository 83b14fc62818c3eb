"""What any Linux tells of itself, by hand."""

import pytest

from devices.power.host import reading


def test_figures_in_the_units_of_the_kernel():
    raw = {
        "cpu_load": 0.25,
        "gpu_load": "457",
        "memory": {"MemTotal": "8042688", "MemAvailable": "6400000", "NvMapMemUsed": "524288"},
        "temperature": ["38500", "37000", ""],
        "cpu_khz": ["1113600", "2035200"],
        "gpu_hz": "1134750000",
    }
    assert reading(raw).board == pytest.approx(
        {
            "cpu_load": 0.25,
            "gpu_load": 0.457,
            "memory_mb": (8042688 - 6400000) * 1024 / 1e6,
            "gpu_memory_mb": 524288 * 1024 / 1e6,
            "temperature_c": 38.5,
            "cpu_mhz": (1113.6 + 2035.2) / 2,
            "gpu_mhz": 1134.75,
        }
    )


def test_kernels_that_do_not_tell_what_memory_is_available():
    memory = {"MemTotal": "1938000", "MemFree": "1000000", "Buffers": "38000", "Cached": "300000"}
    assert reading({"memory": memory}).board["memory_mb"] == pytest.approx(600_000 * 1024 / 1e6)


def test_a_machine_that_tells_nothing():
    raw = {"cpu_load": None, "memory": {}, "temperature": [], "cpu_khz": [], "gpu_hz": "", "gpu_load": ""}
    assert reading(raw).board == {}
    assert reading(raw).faults == ()


def test_values_that_cannot_be_are_named_and_left_out():
    found = reading({"cpu_load": 7, "gpu_load": "-3", "temperature": ["999999"], "cpu_khz": ["x"]})
    assert found.board == {}
    assert len(found.faults) == 4
