"""Lines that tegrastats wrote on real boards, with figures worked out by hand.

Those of the TK1 and the TX2 were published by owners of such boards, in notes and in the tests of other programs,
without their release of L4T; those of the Nano, the Xavier and the Orin are samples in the tests of
DataDog/datadog-agent's check of Jetsons (Apache-2.0). None of them was written on a board of ours.
"""

import pytest

from devices.power.tegrastats import reading

TK1 = "RAM 598/1892MB (lfb 209x4MB) cpu [0%,off,off,off]@-1 VDE 0 EDP limit 0"
TK1_BUSY = (
    "RAM 714/1876MB (lfb 139x4MB) SWAP 0/2048MB (cached 0MB) cpu [25%,7%,1%,1%]@2218 EMC 3%@924 AVP 0%@81 VDE 120 "
    "GR3D 0%@252 EDP limit 0"
)
TX2 = (
    "RAM 1633/7853MB (lfb 1197x4MB) CPU [65%@960,off,off,28%@960,21%@960,16%@960] EMC_FREQ 8%@665 GR3D_FREQ 0%@140 "
    "MSENC 115 NVDEC 268 APE 150 BCPU@36.5C MCPU@36.5C GPU@35C PLL@36.5C Tboard@33C Tdiode@34C PMIC@100C thermal@35.9C "
    "VDD_IN 2915/2934 VDD_CPU 383/383 VDD_GPU 153/153 VDD_SOC 613/613 VDD_WIFI 19/38 VDD_DDR 595/595"
)
TX2_BUSY = (
    "RAM 4722/7844MB (lfb 1x512kB) CPU [12%@2035,34%@2034,56%@2034,78%@2035,90%@2035,99%@2035] SWAP 149/1024MB "
    "(cached 7MB) EMC_FREQ 2%@1866 GR3D_FREQ 59%@1300 APE 150 MTS fg 3% bg 9% BCPU@-45C MCPU@-45C GPU@-51C PLL@45C "
    "AO@47.5C Tboard@37C Tdiode@46.75C PMIC@100C thermal@46.4C VDD_IN 14025/14416 VDD_CPU 2209/2538 VDD_GPU 6854/6903 "
    "VDD_SOC 1371/1370 VDD_WIFI 19/19 NVENC 716 NVDEC 716 VDD_DDR 2702/2702"
)
TX2_WITHOUT_RAILS = (
    "RAM 1689/3825MB (lfb 339x4MB) SWAP 0/1913MB (cached 0MB) CPU [3%@345,off,off,0%@345,1%@345,1%@345] EMC_FREQ 0% "
    "GR3D_FREQ 0% PLL@50.5C MCPU@50.5C PMIC@50C GPU@50C BCPU@50.5C thermal@50.3C"
)
NANO = (
    "RAM 534/3964MB (lfb 98x4MB) SWAP 5/1982MB (cached 1MB) IRAM 0/252kB(lfb 252kB) CPU [16%@204,9%@204,0%@204,0%@204] "
    "EMC_FREQ 0%@204 GR3D_FREQ 0%@76 APE 25 PLL@34C CPU@36.5C PMIC@100C GPU@36C AO@39.5C thermal@36.25C "
    "POM_5V_IN 1022/1022 POM_5V_GPU 0/0 POM_5V_CPU 204/204"
)
XAVIER = (
    "RAM 721/31927MB (lfb 7291x4MB) SWAP 0/15963MB (cached 0MB) CPU [2%@1190,0%@1190,0%@1190,0%@1190,off,off,off,off] "
    "EMC_FREQ 0%@665 GR3D_FREQ 0%@318 APE 150 MTS fg 0% bg 0% AO@37.5C GPU@37.5C Tdiode@40C PMIC@100C AUX@36C "
    "CPU@37.5C thermal@36.9C Tboard@37C GPU 0/0 CPU 311/311 SOC 932/932 CV 0/0 VDDRQ 621/621 SYS5V 1482/1482"
)
ORIN = (
    "RAM 29114/30697MB (lfb 3x4MB)    SWAP 4915/15348MB (cached 1MB) CPU [3%@729,4%@729,0%@729,1%@729,0%@2201,"
    "100%@2201,1%@2201,0%@2201,100%@2201,0%@2201,0%@2201,0%@2201] EMC_FREQ 1%@2133 GR3D_FREQ 0%@[305,305] NVENC      "
    "off  NVDEC    off NVJPG off NVJPG1    off         VIC        off          OFA           off          NVDLA0    "
    "off       NVDLA1     off          PVA0_FREQ off         APE           174        cpu@53.062C soc2@48.25C "
    "soc0@48.843C  gpu@47.812C tj@53.062C soc1@48.968C    VDD_GPU_SOC 3205mW/3205mW VDD_CPU_CV 4405mW/4405mW "
    "VIN_SYS_5V0 4767mW/4767mW"
)
MEBIBYTE = 1024 * 1024 / 1e6


def test_a_tk1_tells_memory_and_load_and_no_power():
    found = reading(TK1)
    assert found.watts == {}
    assert found.total is None
    assert found.board == {"memory_mb": 598 * MEBIBYTE, "cpu_load": 0.0}  # one core on; -1 is no clock


def test_a_busy_tk1():
    board = reading(TK1_BUSY).board
    assert board["cpu_load"] == pytest.approx((25 + 7 + 1 + 1) / 4 / 100)
    assert (board["cpu_mhz"], board["gpu_mhz"], board["gpu_load"]) == (2218.0, 252.0, 0.0)


def test_a_tx2_tells_its_rails_in_milliwatts_and_vdd_in_is_the_whole():
    found = reading(TX2)
    assert found.watts == pytest.approx(
        {"VDD_IN": 2.915, "VDD_CPU": 0.383, "VDD_GPU": 0.153, "VDD_SOC": 0.613, "VDD_WIFI": 0.019, "VDD_DDR": 0.595}
    )
    assert found.total == "VDD_IN"
    assert found.board["cpu_load"] == pytest.approx((65 + 28 + 21 + 16) / 4 / 100)  # of the cores that are on
    assert found.board["temperature_c"] == 36.5  # not the board's PMIC, which says 100 whatever happens
    assert found.faults == ()


def test_a_line_of_a_broken_sensor_keeps_what_is_sound():
    found = reading(TX2_BUSY)
    assert found.watts["VDD_IN"] == pytest.approx(14.025)
    assert (found.board["gpu_load"], found.board["gpu_mhz"]) == (0.59, 1300.0)
    assert found.board["temperature_c"] == -45.0
    assert found.faults == ("“-51” for GPU",)


def test_rails_may_be_missing():
    found = reading(TX2_WITHOUT_RAILS)
    assert found.watts == {}
    assert found.board["temperature_c"] == 50.5
    assert "gpu_mhz" not in found.board


def test_a_nano_calls_the_whole_otherwise():
    found = reading(NANO)
    assert found.total == "POM_5V_IN"
    assert found.watts == pytest.approx({"POM_5V_IN": 1.022, "POM_5V_GPU": 0.0, "POM_5V_CPU": 0.204})


def test_a_xavier_has_no_rail_of_the_whole_board_and_its_rails_are_not_summed():
    found = reading(XAVIER)
    assert found.total is None
    rails = {"GPU": 0.0, "CPU": 0.311, "SOC": 0.932, "CV": 0.0, "VDDRQ": 0.621, "SYS5V": 1.482}
    assert found.watts == pytest.approx(rails)
    assert found.board["temperature_c"] == 37.5
    assert found.board["cpu_load"] == pytest.approx(0.02 / 4)


def test_an_orin_writes_units_and_two_clocks():
    found = reading(ORIN)
    assert found.total is None
    assert found.watts == pytest.approx({"VDD_GPU_SOC": 3.205, "VDD_CPU_CV": 4.405, "VIN_SYS_5V0": 4.767})
    assert found.board["temperature_c"] == 53.062
    assert found.board["gpu_mhz"] == 305.0
    assert found.board["memory_mb"] == pytest.approx(29114 * MEBIBYTE)
    assert found.faults == ()


def test_a_sensor_that_is_off_is_no_fault():
    found = reading("RAM 1/2MB gpu@-256C cpu@48.2C")
    assert found.board["temperature_c"] == 48.2
    assert found.faults == ()


@pytest.mark.parametrize("power", ["nan", "-5", "1e9", "99999999", "inf", "12a"])
def test_powers_that_cannot_be_are_named_and_left_out(power):
    found = reading(f"RAM 1/2MB VDD_IN {power}/100 VDD_CPU 5/5")
    assert found.watts == {"VDD_CPU": 0.005}
    assert found.faults == (f"“{power}” for VDD_IN",)


@pytest.mark.parametrize(
    "line", ["", "x" * 100_000, "VDD_IN " * 5000, "RAM /MB CPU [,,,] GR3D_FREQ %@ GPU@C", "[" * 5000]
)
def test_a_line_of_nonsense_says_nothing(line):
    found = reading(line)
    assert found.watts == {}
    assert found.board == {}
