"""A process that opens, counts and writes one file after another, and tells what each took. Run by its path.

It reads a path a line and answers a line of JSON: `outcome` ("" or what was raised), `refused`, `grown_bytes` (how far
the resident memory rose above where it stood, file pages included) and `seconds`. Memory it gives back before each.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import resource
import sys
import time
import traceback
from pathlib import Path

ROOM = 1 << 30  # address space beyond what the warm process takes: what claims more gets a MemoryError


def figures() -> dict[str, int]:
    """VmRSS, VmHWM, VmSize in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return {line.split(":")[0]: 1024 * int(line.split()[1]) for line in lines if line.endswith("kB")}


def work(path: Path) -> None:
    from profiler import formats
    from profiler.breakdown import breakdown
    from profiler.errors import BadInput
    from profiler.network import Network
    from profiler.plain import to_json

    network = formats.read(path)
    with contextlib.suppress(BadInput):  # sizes are open, or there are too many of them
        to_json(breakdown(network))
    changed = Network.from_model(network.edit(), name="changed")
    sum(len(piece) for piece in changed.pieces())


def told(path: Path) -> dict[str, object]:
    from profiler.errors import BadInput

    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts from here
    before, start = figures()["VmRSS"], time.perf_counter()
    outcome, refused = "", False
    try:
        work(path)
    except BadInput as error:
        outcome, refused = str(error), True
    except BaseException:  # noqa: BLE001 - whatever it is, the test is to see it
        outcome = traceback.format_exc()
    seconds = time.perf_counter() - start
    return {
        "outcome": outcome,
        "refused": refused,
        "grown_bytes": figures()["VmHWM"] - before,
        "seconds": seconds,
    }


def main() -> None:
    warm = sys.stdin.readline().split()
    for path in warm:
        told(Path(path))
    import onnx.reference  # noqa: F401

    import profiler.plumbing  # noqa: F401

    gc.collect()
    gc.freeze()
    resource.setrlimit(resource.RLIMIT_AS, (figures()["VmSize"] + ROOM,) * 2)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(told(Path(line.strip()))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    main()
