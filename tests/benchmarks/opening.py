"""Opening and counting beside other counters; what `netbonsai inspect` costs as a process. Prints tables.

    python tests/benchmarks/opening.py [--rounds 9] [NAME …]

Needs onnx-tool and torchinfo (development dependencies). The files are written with random weights, by the zoo.

First table, in one warm process, in turn: NetBonsai opens the file and counts it (without the digest, which is lazy);
onnx-tool loads the same file, follows its shapes and counts; torchinfo counts the equal module, which is in memory
already, by running it. Times are medians, ratios the median of each round's ratio; before each, garbage is collected
and the threads of the one before come to rest. Processor time is printed too: on a shared machine it says more.
Memory: how far a fresh process that does one thing rises, imports apart; torchinfo's module is there before.

Second table: the whole process `netbonsai inspect zoo:VGG-16` beside `python -c "import torchinfo, torch"`, in turn,
and what its imports take.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[2]
NETWORKS = ("ResNet-50", "VGG-16")
INSPECT = ("-m", "app", "inspect", "zoo:VGG-16")
TORCH = ("-c", "import torchinfo, torch")
PACKAGES = ("onnx_ir", "sympy", "onnx", "numpy", "ml_dtypes", "google.protobuf", "msgspec", "profiler", "app")


def netbonsai(path: Path) -> Callable[[], Any]:
    from profiler import formats
    from profiler.breakdown import breakdown

    return lambda: breakdown(formats.read(path)).totals().macs


def onnx_tool(path: Path) -> Callable[[], Any]:
    import numpy as np
    import onnx_tool as tool

    def work() -> Any:
        model = tool.Model(str(path), {"verbose": False})
        model.graph.shape_infer({"input": np.zeros(input_size(path), np.float32)})
        model.graph.profile()
        return model.graph.macs

    return work


def torchinfo(path: Path) -> Callable[[], Any]:
    import torchinfo as info

    from compressors.lift import lift
    from profiler import formats

    module = lift(formats.read(path)).eval()
    return lambda: info.summary(module, input_size=input_size(path), verbose=0).total_mult_adds


def input_size(path: Path) -> tuple[int, ...]:
    from profiler.zoo import entry

    return (1, *entry(path.stem).input_shape)


WAYS = {"NetBonsai": netbonsai, "onnx-tool": onnx_tool, "torchinfo": torchinfo}


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Milliseconds on the clock, and of processor time."""
    gc.collect()
    time.sleep(0.5)  # OpenMP's threads spin for a while after their work
    start, worked = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        work()
    return 1000 * (time.perf_counter() - start), 1000 * (time.process_time() - worked)


def peak_kb() -> int:
    """The most memory this process has had, in units of 1024 bytes (getrusage would add its parent's)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def grown_mb(way: str, path: Path) -> float:
    """In the fresh process: everything imported and made ready first, then the work alone."""
    work = WAYS[way](path)
    if way == "NetBonsai":
        import profiler.costs  # noqa: F401
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts from here
    before = peak_kb()
    with contextlib.redirect_stdout(io.StringIO()):
        work()
    return (peak_kb() - before) * 1.024 / 1000


def memory(way: str, path: Path) -> float:
    found = subprocess.run(
        [sys.executable, __file__, "--memory", way, str(path)], capture_output=True, text=True, check=True
    )
    return float(found.stdout)


def counters(names: list[str], rounds: int) -> None:
    print(
        f"{'network':10} {'file':>9}  {'way':10} {'median':>10} {'least':>10} {'processor':>11} {'times ours':>11}"
        f" {'memory':>8}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            compared(name, Path(folder) / f"{name}.onnx", rounds)


def compared(name: str, path: Path, rounds: int) -> None:
    from profiler import zoo
    from profiler.network import save

    save(zoo.build(name), path)
    ready = {way: make(path) for way, make in WAYS.items()}
    took: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for round_ in range(rounds + 1):  # the first is thrown away
        for way, work in ready.items():
            both = timed(work)
            if round_:
                took[way].append(both)
    for way, times in took.items():
        ratio = median(other[0] / ours[0] for other, ours in zip(times, took["NetBonsai"], strict=True))
        clock, processor = zip(*times, strict=True)
        print(
            f"{name:10} {path.stat().st_size / 1e6:6.1f} MB  {way:10} {median(clock):7.1f} ms {min(clock):7.1f} ms"
            f" {median(processor):8.1f} ms {ratio:10.1f}x {memory(way, path):5.0f} MB"
        )
    path.unlink()


def run(command: list[str]) -> None:
    subprocess.run(command, capture_output=True, check=True, cwd=ROOT)


def processes(rounds: int) -> None:
    took: dict[tuple[str, ...], list[float]] = {INSPECT: [], TORCH: []}
    for round_ in range(rounds + 1):
        for arguments, times in took.items():
            command = [sys.executable, *arguments]
            milliseconds, _ = timed(
                lambda given=command: subprocess.run(given, capture_output=True, check=True, cwd=ROOT)
            )
            if round_:
                times.append(milliseconds)
    print(f"\n{'process':34} {'median':>10} {'least':>10}")
    for title, arguments in (("netbonsai inspect zoo:VGG-16", INSPECT), ('python -c "import torchinfo, torch"', TORCH)):
        print(f"{title:34} {median(took[arguments]):7.0f} ms {min(took[arguments]):7.0f} ms")
    ratio = median(theirs / ours for ours, theirs in zip(took[INSPECT], took[TORCH], strict=True))
    print(f"The imports of torch and torchinfo alone take {ratio:.2f} times as long.")
    print("\nWhat the imports of inspect take, each with what it imports (python -X importtime):")
    for package, milliseconds in imports().items():
        print(f"{package:20} {milliseconds:7.0f} ms")


def imports() -> dict[str, float]:
    """Milliseconds, with everything within: the packages one would ask about, as they were imported."""
    found = subprocess.run(
        [sys.executable, "-X", "importtime", *INSPECT], capture_output=True, text=True, check=True, cwd=ROOT
    )
    lines = [line.removeprefix("import time:").split("|") for line in found.stderr.splitlines() if "|" in line]
    whole = {name.strip(): int(total) / 1000 for _, total, name in lines if total.strip().isdigit()}
    return {package: whole[package] for package in PACKAGES if package in whole}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", metavar="NAME", default=list(NETWORKS))
    parser.add_argument("--rounds", type=int, default=9)
    asked = parser.parse_args()
    counters(asked.networks, asked.rounds)
    processes(asked.rounds)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    if sys.argv[1:2] == ["--memory"]:
        print(grown_mb(sys.argv[2], Path(sys.argv[3])))
    else:
        main()
