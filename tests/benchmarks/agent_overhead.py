"""What does watching cost? Processor time of the agent's monitor, as a share of one core.

    python tests/benchmarks/agent_overhead.py [--seconds 10] [--repeats 3]

The monitor samples a simulated TX2 about ten times a second, everything that it would on the board: twelve rails, load,
memory, temperatures and clocks. Printed: what the monitor says of its own thread, what it says of the program or the
service that it reads from, and, as a check from outside, all that the agent's process used, which holds the thread and
what Python does around it. Bar: the agent under 2 % of one core on the kernel's files (ina3221). The figures are this
machine's; a TX2's cores are several times slower, and its real power monitors are asked over a slow bus.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.devices.jetson_sim import harness

BAR = 0.02
POWER = 7.0


@contextmanager
def boards() -> Iterator[dict[str, harness.JtopBoard | harness.FileBoard]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found: dict[str, harness.JtopBoard | harness.FileBoard] = {"ina3221": harness.FileBoard(folder / "ina3221")}
        lines = harness.FileBoard(folder / "tegrastats")
        lines.with_tegrastats()
        found["tegrastats"] = lines
        if why := harness.missing():
            print(f"jtop is left out: {why}.")
        else:
            found["jtop"] = stack.enter_context(harness.jtop_board(folder / "jtop"))
        yield found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(f"{'source':<12}{'samples a second':>18}{'monitor':>10}{'source':>10}{'process':>10}   % of one core")
    with boards() as found:
        for meter, board in found.items():
            runs = []
            for _ in range(options.repeats):
                play = lambda tree=board.tree: tree.power("VDD_IN", POWER)  # noqa: E731
                runs.append(harness.measure(board, meter, play, idle=2.5, seconds=options.seconds))
            board.tree.quiet()
            own = median(run.report["cpu_s"] / run.report["seconds"] for run in runs)
            theirs = median(run.report["source_cpu_s"] / run.report["seconds"] for run in runs)
            process = median(run.report["process_cpu_s"] / run.report["seconds"] for run in runs)
            rate = median(run.power.rate_hz or 0.0 for run in runs)
            held = f"bar {100 * BAR:g}: {'held' if process < BAR else 'missed'}" if meter == "ina3221" else ""
            print(
                f"{meter:<12}{rate:>18.1f}{100 * own:>10.2f}{100 * theirs:>10.2f}{100 * process:>10.2f}   {held}",
                flush=True,
            )


if __name__ == "__main__":
    main()
