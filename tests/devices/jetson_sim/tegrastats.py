#!/usr/bin/env python3
"""Stands in for NVIDIA's tegrastats, which is not to be passed on: lines in its form, over a simulated TX2's files.

Put where the agent looks for it, at TREE/usr/bin/tegrastats. Like the real one it takes --interval in milliseconds.
"""

import sys
import time
from pathlib import Path

tree = Path(__file__).parents[2]
interval = int(sys.argv[sys.argv.index("--interval") + 1]) / 1000 if "--interval" in sys.argv else 1.0
channels = [
    (path.read_text().strip(), path.with_name(f"in_power{path.name[-1]}_input"))
    for path in sorted(tree.glob("sys/bus/i2c/devices/*/iio:device*/rail_name_*"))
]
due = time.monotonic()
while True:
    rails = " ".join(f"{name} {power.read_text().strip()}/{power.read_text().strip()}" for name, power in channels)
    print(
        "RAM 1633/7853MB (lfb 1197x4MB) CPU [25%@1113,off,off,25%@1113,25%@1113,25%@1113] EMC_FREQ 8%@665 "
        f"GR3D_FREQ 45%@1134 APE 150 BCPU@38.5C MCPU@38.5C GPU@37C PMIC@100C thermal@38.1C {rails}",
        flush=True,
    )
    due += interval
    time.sleep(max(0.0, due - time.monotonic()))
