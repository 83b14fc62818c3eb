"""Boards as they would speak: the values are chosen here, so that what is shown of them can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace

from profiler.measurement import BoardTrace, DeviceFacts, Profile
from profiler.power import PowerTrace, Rail
from tests.app.ui.pages_support import profile

TX2 = DeviceFacts(
    "tx2-lab", "Jetson TX2", "ARM Cortex-A57", 6, 7859.0, "Ubuntu 18.04", "3.6.9",
    {"trtexec": "8.2.1", "onnxruntime": "1.11.0"}, "MAXN", "2035 MHz", clocks_locked=True, gpu="GP10B", l4t="32.7.1",
    jetpack="4.6", cuda="10.2", meters=("jtop", "ina3221"),
)  # fmt: skip
TK1 = DeviceFacts(
    "tk1-desk", "Jetson TK1", "ARM Cortex-A15", 4, 1892.0, "Ubuntu 14.04", "2.7.6", {"caffe": "1.0"},
    clocks_locked=False, gpu="GK20A", l4t="21.5",
)  # fmt: skip


def power() -> PowerTrace:
    """One sample a second for ten seconds: 3 W, and 8 W from second 3 to second 7 in which 20 inferences ran."""
    seconds = tuple(float(second) for second in range(11))
    watts = tuple(8.0 if 3 <= second <= 7 else 3.0 for second in seconds)
    gpu = tuple(2.5 if 3 <= second <= 7 else 0.5 for second in seconds)
    return PowerTrace("jtop", "VDD_IN", seconds, watts, 3.0, 3.0, 7.0, 20, 3.0, (Rail("VDD_GPU", gpu),), 0.012)


def board() -> BoardTrace:
    """In the run: GPU at 60 %, CPU at 25 %, 2,500 MB, from 40 to 48 °C."""
    seconds = tuple(float(second) for second in range(11))
    inside = tuple(3 <= second <= 7 for second in seconds)
    return BoardTrace(
        seconds,
        {
            "gpu_load": tuple(0.6 if run else 0.0 for run in inside),
            "cpu_load": tuple(0.25 if run else 0.05 for run in inside),
            "memory_mb": tuple(2500.0 if run else 2000.0 for run in inside),
            "temperature_c": tuple(40.0 + 2 * min(max(second - 3, 0), 4) for second in seconds),
            "gpu_mhz": (1300.5,) * 11,
        },
        3.0,
        7.0,
    )


def on_tx2(scale: float = 0.5) -> Profile:
    """A profile on the TX2 with all that its board says."""
    made = profile(scale=scale)
    how = replace(made.settings, engine="trtexec", meter="jtop")
    return replace(made, device=TX2, settings=how, power=power(), board=board())
