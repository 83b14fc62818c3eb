"""What the agent reads of a board, over made-up files in the layout of the real ones."""

from pathlib import Path

import pytest

from devices import agent, answers
from devices.jetpack import jetpack
from profiler.measurement import DeviceFacts, ProfileSettings
from tests.devices.jetson_sim.tree import SimulatedTx2


@pytest.fixture
def tx2(tmp_path):
    return SimulatedTx2(tmp_path)


@pytest.fixture
def files(tmp_path):
    """Writes files under a root of their own, and gives the root."""

    def write(contents):
        for name, text in contents.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return str(tmp_path)

    return write


def test_a_simulated_tx2(tx2):
    facts = agent.facts(str(tx2.root))
    assert facts["model"] == "Jetson TX2 (quill)"
    assert facts["gpu"] == "GP10B (Pascal)"
    assert facts["l4t"] == "32.7.1"
    assert facts["memory_mb"] == pytest.approx(8042688 * 1024 / 1e6)
    assert facts["power_mode"] == "MAXP_CORE_ARM"  # mode 3 of its nvpmodel.conf
    assert facts["clocks"] == "0.35 to 2.04 GHz, GPU 0.11 to 1.30 GHz"
    assert facts["clocks_locked"] is False
    assert facts["meters"] == ["ina3221"]
    assert facts["throttling"] == ""


def test_locked_clocks_as_jetson_clocks_leaves_them(tx2):
    for core in range(6):
        tx2.write(f"sys/devices/system/cpu/cpu{core}/cpufreq/scaling_min_freq", "2035200")
    tx2.write("sys/devices/gpu.0/devfreq/17000000.gp10b/min_freq", "1300500000")
    facts = agent.facts(str(tx2.root))
    assert facts["clocks_locked"] is True
    assert facts["clocks"] == "2.04 GHz, GPU 1.30 GHz"


def test_one_clock_that_is_free_is_enough_to_be_not_locked(tx2):
    for core in range(5):
        tx2.write(f"sys/devices/system/cpu/cpu{core}/cpufreq/scaling_min_freq", "2035200")
    tx2.write("sys/devices/gpu.0/devfreq/17000000.gp10b/min_freq", "1300500000")
    assert agent.clocks_locked(str(tx2.root)) is False


def test_a_tk1(files):
    root = files(
        {
            "proc/device-tree/model": "jetson_tk1\0",
            "proc/device-tree/compatible": "nvidia,jetson-tk1\0nvidia,tegra124\0",
            "etc/nv_tegra_release": "# R21 (release), REVISION: 5.0, GCID: 7273100, BOARD: ardbeg, EABI: hard, DATE: x",
            "proc/meminfo": "MemTotal:        1938152 kB\nMemFree: 1 kB",
            "usr/local/cuda/version.txt": "CUDA Version 6.5.55",
        }
    )
    facts = agent.facts(root)
    assert facts["model"] == "Jetson TK1 (jetson_tk1)"
    assert (facts["gpu"], facts["l4t"], facts["cuda"]) == ("GK20A (Kepler)", "21.5.0", "6.5.55")
    assert facts["meters"] == []
    assert facts["clocks_locked"] is None


def test_a_tk1s_tegrastats_is_no_meter(files):
    root = files({"proc/device-tree/compatible": "nvidia,tegra124\0", "home/ubuntu/tegrastats": "#!/bin/sh\n"})
    assert not agent.Tegrastats(root).there()  # a file that may not be run
    Path(root, "home/ubuntu/tegrastats").chmod(0o755)
    assert agent.Tegrastats(root).there()
    assert agent.meters(root) == []


def test_an_orin(files):
    hwmon = "sys/bus/i2c/devices/1-0040/hwmon/hwmon3"
    root = files(
        {
            "sys/firmware/devicetree/base/model": "NVIDIA Jetson Orin NX Engineering Reference Developer Kit\0",
            "sys/firmware/devicetree/base/compatible": "nvidia,p3768-0000+p3767-0000\0nvidia,tegra234\0",
            "etc/nv_tegra_release": "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64",
            "usr/local/cuda/version.json": '{"cuda": {"name": "CUDA SDK", "version": "12.6.10"}}',
            "sys/bus/i2c/devices/1-0040/name": "ina3221",
            f"{hwmon}/in1_label": "VDD_IN",
            f"{hwmon}/in1_input": "5072",
            f"{hwmon}/curr1_input": "1000",
            f"{hwmon}/in2_label": "VDD_CPU_GPU_CV",
            f"{hwmon}/in2_input": "5064",
            f"{hwmon}/curr2_input": "160",
            f"{hwmon}/in3_label": "NC",
            f"{hwmon}/in7_label": "sum of shunt voltages",
        }
    )
    facts = agent.facts(root)
    assert facts["model"].startswith("NVIDIA Jetson Orin NX")
    assert (facts["gpu"], facts["l4t"], facts["cuda"]) == ("GA10B (Ampere)", "36.4.3", "12.6.10")
    assert facts["meters"] == ["ina3221"]
    assert agent.Ina3221(root).read() == {"VDD_IN": "5072 1000", "VDD_CPU_GPU_CV": "5064 160"}


def test_a_machine_that_tells_nothing(tmp_path):
    facts = agent.facts(str(tmp_path / "nothing"))
    assert [facts[key] for key in ("model", "gpu", "l4t", "cuda", "power_mode", "throttling")] == [""] * 6
    assert (facts["clocks_locked"], facts["meters"]) == (None, [])


def test_files_of_nonsense_are_no_facts(files):
    root = files(
        {
            "etc/nv_tegra_release": "R32?",
            "usr/local/cuda/version.json": "[1",
            "var/lib/nvpmodel/status": "pmode:0007",
            "sys/devices/system/cpu/cpu0/cpufreq/scaling_min_freq": "<unknown>",
            "sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq": "-1",
            "proc/stat": "cpu " + "x " * 8,
            "proc/meminfo": "MemTotal: many kB",
            "proc/cpuinfo": "cpu MHz : fast",
        }
    )
    facts = agent.facts(root)
    assert (facts["l4t"], facts["cuda"], facts["power_mode"], facts["clocks_locked"]) == ("", "", "mode 7", None)


def test_a_board_that_is_too_hot_says_what_slows_it(files):
    cooling = "sys/class/thermal/cooling_device"
    root = files(
        {
            f"{cooling}0/type": "cpu-balanced",
            f"{cooling}0/cur_state": "3",
            f"{cooling}1/type": "gpu-balanced",
            f"{cooling}1/cur_state": "0",
            f"{cooling}2/type": "pwm-fan",
            f"{cooling}2/cur_state": "5",
            "sys/class/hwmon/hwmon3/in1_label": "VDD_IN",
            "sys/class/hwmon/hwmon3/curr1_crit_alarm": "1",
            "sys/class/hwmon/hwmon3/curr2_crit_alarm": "0",
        }
    )
    assert agent.throttling(root) == "heat (cpu-balanced), too much current on VDD_IN"


def test_how_often_a_machine_was_slowed_down(files):
    heat = "sys/devices/system/cpu/cpu{}/thermal_throttle/core_throttle_count"
    root = files({heat.format(0): "3", heat.format(1): "7", "sys/class/hwmon/hwmon5/oc1_event_cnt": "2"})
    assert agent.throttle_counts(root) == {"heat": 7, "too much current": 2}


@pytest.mark.parametrize(
    ("l4t", "name"),
    [
        ("32.7.1", "4.6.1"),
        ("28.2.1", "3.2.1 or 3.3"),
        ("21.5.0", "2.3.1 or 3.0"),
        ("35.4.1", "5.1.2"),
        ("99.1", ""),
        ("", ""),
    ],
)
def test_jetpack_of_an_l4t(l4t, name):
    assert jetpack(l4t) == name


def warnings(**facts):
    quiet = {"load": {"before": 0.0, "after": 0.0}}
    return answers.load(quiet, "TX2 in the lab", DeviceFacts("tx2", **facts), ProfileSettings()).warnings


def test_clocks_that_are_not_locked_are_told_with_what_to_do():
    [warning] = warnings(l4t="32.7.1", clocks="0.35 to 2.04 GHz", clocks_locked=False)
    assert "clocks of TX2 in the lab are not locked (0.35 to 2.04 GHz)" in warning
    assert "Run “sudo jetson_clocks” on it, or compare only interleaved runs." in warning


@pytest.mark.parametrize(("l4t", "words"), [("28.2.1", "“sudo ~/jetson_clocks.sh”"), ("21.5.0", "“performance”")])
def test_older_releases_lock_their_clocks_otherwise(l4t, words):
    [warning] = warnings(l4t=l4t, clocks_locked=False)
    assert words in warning


def test_locked_clocks_and_machines_that_are_no_jetsons_are_not_warned_of():
    assert warnings(l4t="32.7.1", clocks_locked=True) == ()
    assert warnings(clocks_locked=False) == ()


def test_a_board_that_slows_itself_down_is_told():
    [warning] = warnings(throttling="heat (cpu-balanced)")
    assert warning.startswith("TX2 in the lab slows itself down now: heat (cpu-balanced).")
