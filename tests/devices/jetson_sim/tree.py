"""The files of a Jetson TX2 on L4T R32.7.1, as far as jetson-stats and the agent read them.

Names and layout are those of the kernel's drivers; the values are invented: nobody has checked them against a board.
Values are rewritten in place and at one width, so that a reader never meets half of one.
"""

import threading
import time
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

WIDTH = 16  # characters of a value that changes
RAILS = {  # I²C device and iio index: rail, millivolts, milliamperes
    ("0-0040", 0): [("VDD_SYS_GPU", 19152, 16), ("VDD_SYS_SOC", 19152, 40), ("VDD_4V0_WIFI", 4792, 8)],
    ("0-0041", 1): [("VDD_IN", 19136, 152), ("VDD_SYS_CPU", 19136, 24), ("VDD_SYS_DDR", 4784, 56)],
    ("0-0042", 2): [("VDD_MUX", 19136, 176), ("VDD_5V0_IO_SYS", 4976, 216), ("VDD_3V3_SYS", 3328, 24)],
    ("0-0043", 3): [("VDD_3V3_IO_SLP", 3328, 8), ("VDD_1V8_IO", 1808, 16), ("VDD_M2_IN", 3336, 0)],
}
HEAT = {  # millidegrees
    "BCPU-therm": 38500,
    "MCPU-therm": 38500,
    "GPU-therm": 37000,
    "PLL-therm": 38500,
    "Tboard_tegra": 34000,
    "Tdiode_tegra": 36250,
    "PMIC-Die": 100000,
    "thermal-fan-est": 38100,
}
CPU_CLOCK = {
    "scaling_governor": "schedutil",
    "scaling_min_freq": "345600",
    "scaling_max_freq": "2035200",
    "scaling_cur_freq": "1113600",
    "cpuinfo_min_freq": "345600",
    "cpuinfo_max_freq": "2035200",
    "cpuinfo_cur_freq": "1113600",
}
GPU_STEPS = "114750000 216750000 318750000 420750000 522750000 624750000 726750000 854250000 1300500000"
GPU_CLOCK = {
    "cur_freq": "1134750000",
    "max_freq": "1300500000",
    "min_freq": "114750000",
    "governor": "nvhost_podgov",
    "available_frequencies": GPU_STEPS,
}
ENGINES = {"nvenc": 115200000, "nvdec": 268800000, "vic": 115200000, "nvjpg": 115200000, "ape": 150000000, "se": 0}
MEMORY = {
    "MemTotal": 8042688,
    "MemFree": 5120000,
    "MemAvailable": 6400000,
    "Buffers": 51200,
    "Cached": 1228800,
    "SwapCached": 0,
    "SwapTotal": 4021344,
    "SwapFree": 4021344,
    "SReclaimable": 40960,
    "NvMapMemFree": 0,
    "NvMapMemUsed": 524288,
}
RELEASE = (
    "# R32 (release), REVISION: 7.1, GCID: 29818004, BOARD: t186ref, EABI: aarch64, DATE: Sat Feb 19 17:07:00 UTC 2022"
)
DEVICE_TREE = {
    "model": "quill\0",
    "serial-number": "0320718012345\0",
    "compatible": "nvidia,quill\0nvidia,p2597-0000+p3310-1000\0nvidia,tegra186\0",
    "nvidia,boardids": "3310:1000\0",
    "nvidia,dtsfilename": "/kernel/tegra186-quill-p3310-1000-c03-00-base.dts\0",
}
NVMAP = """CLIENT                        PROCESS      PID        SIZE
user                           python     {pid}      {kilobytes}K
total                                          {kilobytes}K
"""
NVPMODEL = """< POWER_MODEL ID=0 NAME=MAXN >
CPU_ONLINE CORE_0 1
< POWER_MODEL ID=3 NAME=MAXP_CORE_ARM >
CPU_ONLINE CORE_0 1
< PM_CONFIG DEFAULT=3 >
"""


@dataclass
class Wave:
    """The power of one rail, as it was really written: levels with the moments they began, by `time.time`."""

    moments: list[float] = field(default_factory=list)
    watts: list[float] = field(default_factory=list)

    def note(self, watts: float) -> None:
        self.moments.append(time.time())
        self.watts.append(watts)

    def joules(self, start: float, stop: float) -> float:
        """The energy between two moments, both after the first level."""
        edges = [start, *(moment for moment in self.moments if start < moment < stop), stop]
        return sum((b - a) * self.watts[bisect_right(self.moments, a) - 1] for a, b in pairwise(edges))


class SimulatedTx2:
    """The tree under `root`: `root`/sys, `root`/proc and `root`/etc."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.wave = Wave()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        for write in (self._rails, self._processor, self._gpu, self._memory, self._sensors, self._identity):
            write()
        self.power("VDD_IN", 2.9)

    def write(self, path: str, text: str) -> None:
        """A file of the tree, in place."""
        whole = self.root / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        ending = "" if text.endswith("\0") else "\n"
        with whole.open("r+" if whole.exists() else "w") as file:
            file.write(text + ending)

    def value(self, path: str, number: int) -> None:
        """A number that changes while others read it."""
        self.write(path, f"{number:<{WIDTH}d}")

    def power(self, rail: str, watts: float) -> None:
        """Set a rail's power; its voltage stays."""
        if rail == "VDD_IN":
            self.wave.note(watts)
        for (device, index), rails in RAILS.items():
            for channel, (name, millivolts, _) in enumerate(rails):
                if name == rail:
                    folder = f"sys/bus/i2c/devices/{device}/iio:device{index}"
                    self.value(f"{folder}/in_current{channel}_input", round(watts * 1e6 / millivolts))
                    self.value(f"{folder}/in_power{channel}_input", round(watts * 1000))

    def square(self, rail: str, levels: Sequence[float], half_period: float) -> None:
        """Play a square wave on a rail until `quiet`."""
        self._play(lambda turn: self.power(rail, levels[turn % len(levels)]), half_period)

    def tick(self) -> None:
        """Let the processor's counters grow, as they do on a living machine, until `quiet`."""
        self._play(self._count, 0.1)

    def quiet(self) -> None:
        """End whatever `square` and `tick` began."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._over.clear()

    def _play(self, step, period: float) -> None:
        def play() -> None:
            start, turn = time.monotonic(), 0
            while not self._over.wait(max(0.0, start + turn * period - time.monotonic())):
                step(turn)
                turn += 1

        thread = threading.Thread(target=play, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _count(self, turn: int) -> None:
        """A quarter of each of the six cores is at work."""
        cores = "".join(f"cpu{core} {10 * turn:09d} 0 0 {30 * turn:09d} 0 0 0 0 0 0\n" for core in range(6))
        self.write("proc/stat", f"cpu  {60 * turn:09d} 0 0 {180 * turn:09d} 0 0 0 0 0 0\n{cores}intr 0\nctxt 1")

    def _rails(self) -> None:
        for (device, index), rails in RAILS.items():
            folder = f"sys/bus/i2c/devices/{device}"
            self.write(f"{folder}/name", "ina3221x")
            for channel, (name, millivolts, milliamperes) in enumerate(rails):
                iio = f"{folder}/iio:device{index}"
                self.write(f"{iio}/rail_name_{channel}", name)
                self.value(f"{iio}/in_voltage{channel}_input", millivolts)
                self.value(f"{iio}/in_current{channel}_input", milliamperes)
                self.value(f"{iio}/in_power{channel}_input", millivolts * milliamperes // 1000)
                for limit in ("crit", "warn"):
                    self.write(f"{iio}/{limit}_current_limit_{channel}", "32760 ma")

    def _processor(self) -> None:
        """Cores 0 and 3 to 5 are Cortex-A57, 1 and 2 Denver2."""
        for core in range(6):
            folder = f"sys/devices/system/cpu/cpu{core}"
            self.write(f"{folder}/online", "1")
            for name, text in CPU_CLOCK.items():
                self.write(f"{folder}/cpufreq/{name}", text)
        self.write("sys/devices/system/cpu/online", "0-5")
        self._count(0)

    def _gpu(self) -> None:
        gpu = "sys/devices/gpu.0"
        self.write(f"{gpu}/of_node/name", "gp10b\0")
        self.value(f"{gpu}/load", 457)
        settings = {"railgate_enable": "0", "tpc_pg_mask": "0", "enable_3d_scaling": "1", "power/control": "auto"}
        for name, text in settings.items():
            self.write(f"{gpu}/{name}", text)
        for name, text in GPU_CLOCK.items():
            self.write(f"{gpu}/devfreq/17000000.gp10b/{name}", text)
        self._link(f"{gpu}/devfreq/17000000.gp10b/device", "../..")
        self._link("sys/class/devfreq/17000000.gp10b", "../../devices/gpu.0/devfreq/17000000.gp10b")

    def _memory(self) -> None:
        self.write("proc/meminfo", "\n".join(f"{name + ':':<16}{size:>8} kB" for name, size in MEMORY.items()))
        emc = {"rate": "1600000000", "max_rate": "1866000000", "min_rate": "40800000", "mrq_rate_locked": "0"}
        for name, text in emc.items():
            self.write(f"sys/kernel/debug/bpmp/debug/clk/emc/{name}", text)
        self.write("sys/kernel/actmon_avg_activity/mc_all", "32000000")
        for engine, rate in ENGINES.items():
            clock = {"clk_enable_count": "0", "clk_rate": str(rate), "clk_max_rate": "1203200000", "clk_min_rate": "0"}
            for name, text in clock.items():
                self.write(f"sys/kernel/debug/clk/{engine}/{name}", text)
        self.gpu_memory(1, 0)

    def gpu_memory(self, pid: int, kilobytes: int) -> None:
        """What the kernel's table of the GPU's memory says: one process, and what it holds."""
        path = self.root / "sys/kernel/debug/nvmap/iovmm/maps"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(NVMAP.format(pid=pid, kilobytes=kilobytes))
        (path.parent / "clients").write_text(path.read_text())

    def _sensors(self) -> None:
        for zone, (kind, millidegrees) in enumerate(HEAT.items()):
            folder = f"devices/virtual/thermal/thermal_zone{zone}"
            self.write(f"sys/{folder}/type", kind)
            self.value(f"sys/{folder}/temp", millidegrees)
            self._link(f"sys/class/thermal/thermal_zone{zone}", f"../../{folder}")
        fan = {"target_pwm": "80", "cur_pwm": "80", "rpm_measured": "0", "temp_control": "1", "tach_enable": "0"}
        for name, text in fan.items():
            self.write(f"sys/devices/pwm-fan/{name}", text)
        for folder in ("hwmon", "power_supply"):
            (self.root / "sys/class" / folder).mkdir(parents=True, exist_ok=True)

    def _identity(self) -> None:
        for name, text in DEVICE_TREE.items():
            self.write(f"sys/firmware/devicetree/base/{name}", text)
        self.write("sys/devices/virtual/dmi/id/board_vendor", "NVIDIA")
        self.write("etc/nv_tegra_release", RELEASE)
        self.write("etc/nvpmodel.conf", NVPMODEL)
        self.write("var/lib/nvpmodel/status", "pmode:0003")

    def _link(self, path: str, target: str) -> None:
        whole = self.root / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.symlink_to(target)
