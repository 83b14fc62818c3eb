"""Opening and counting a network, beside the ordinary ONNX loader. Run: python tests/benchmarks/counting.py [NAME …]

Each line is a fresh process, so that memory is that of the one thing done; the file's pages are in the system's cache.
"""

import importlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NETWORKS = ("LeNet-5", "ResNet-8", "AlexNet", "VGG-16")


def open_and_count(path: Path) -> int:
    from profiler import formats
    from profiler.breakdown import breakdown

    return breakdown(formats.read(path)).totals().params


def ordinary_loader(path: Path) -> int:
    import math

    import onnx

    return sum(math.prod(tensor.dims) for tensor in onnx.load(str(path)).graph.initializer)


WAYS = {"open and count": open_and_count, "ordinary loader": ordinary_loader}


def peak_kb() -> int:
    """The most memory this process has had, in units of 1024 bytes (getrusage would add its parent's)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def measured(way: str, path: Path) -> None:
    """In the fresh process: imports first, then the work alone."""
    for module in ("onnx", "profiler.costs", "profiler.formats"):
        importlib.import_module(module)
    before = peak_kb()
    start = time.perf_counter()
    params = WAYS[way](path)
    took = time.perf_counter() - start
    grown = peak_kb() - before
    print(f"{1000 * took:10.1f} ms {grown * 1.024 / 1000:8.0f} MB {params:14,d}")


def main(names: list[str]) -> None:
    from profiler import zoo
    from profiler.network import save

    print(f"{'network':10} {'file':>10}  {'way':16} {'time':>13} {'memory':>11} {'parameters':>14}")
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            path = Path(folder) / f"{name}.onnx"
            save(zoo.build(name), path)
            for way in WAYS:
                found = subprocess.run(
                    [sys.executable, __file__, "--one", way, str(path)], capture_output=True, text=True, check=True
                )
                print(f"{name:10} {path.stat().st_size / 1e6:7.1f} MB  {way:16} {found.stdout.rstrip()}")
            path.unlink()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    if sys.argv[1:2] == ["--one"]:
        measured(sys.argv[2], Path(sys.argv[3]))
    else:
        main(sys.argv[1:] or list(NETWORKS))
