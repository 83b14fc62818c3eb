"""Is the energy right? Joules through the agent's monitor beside what really flowed on a simulated TX2.

    python tests/benchmarks/energy.py [--seconds 8] [--repeats 3]

The rail VDD_IN plays a constant power or a square wave while the monitor watches a run of some seconds; what flowed is
worked out from the moments at which its levels were really written. Each source of power in turn: the real service of
jetson-stats in mount namespaces (as root; left out where that is not possible), lines in tegrastats' form, and the
files of the kernel's driver. Bars: 2 % for a constant power, 5 % for a square wave with a period of one second. Faster
waves are printed without a bar: ten samples a second do not resolve them, and a run has to be longer for them to even
out. None of this was seen on a real board.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.devices.jetson_sim import harness

IDLE = 2.5
LOW, HIGH = 4.0, 14.0
WAVES = {"constant 9 W": None, "square, 1 s": 0.5, "square, 0.5 s": 0.25, "square, 0.26 s": 0.13}
BARS = {"constant 9 W": 0.02, "square, 1 s": 0.05}


def player(board: harness.JtopBoard | harness.FileBoard, half_period: float | None) -> Callable[[], None]:
    if half_period is None:
        return lambda: board.tree.power("VDD_IN", 9.0)
    return lambda: board.tree.square("VDD_IN", (LOW, HIGH), half_period)


@contextmanager
def boards() -> Iterator[dict[str, harness.JtopBoard | harness.FileBoard]]:
    """The board for each meter that can be tried here."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found: dict[str, harness.JtopBoard | harness.FileBoard] = {}
        if why := harness.missing():
            print(f"jtop is left out: {why}.")
        else:
            found["jtop"] = stack.enter_context(harness.jtop_board(folder / "jtop"))
        for meter in ("tegrastats", "ina3221"):
            found[meter] = harness.FileBoard(folder / meter)
        found["tegrastats"].with_tegrastats()
        yield found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=8.0, help="how long the run lasts")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(f"Runs of {options.seconds:g} s, {options.repeats} of each; idle {IDLE} W; waves of {LOW:g} and {HIGH:g} W.")
    print(f"{'source':<12}{'power':<16}{'joules':>9}{'really':>9}{'errors in %':>26}{'samples':>9}  bar")
    with boards() as found:
        for meter, board in found.items():
            for wave, half_period in WAVES.items():
                runs = [
                    harness.measure(board, meter, player(board, half_period), idle=IDLE, seconds=options.seconds)
                    for _ in range(options.repeats)
                ]
                errors = "".join(f"{100 * run.error:+8.2f}" for run in runs)
                bar = BARS.get(wave)
                held = "" if bar is None else f"{100 * bar:g} %: " + ("held" if worst(runs) <= bar else "missed")
                joules, really = median(run.joules for run in runs), median(run.true_joules for run in runs)
                samples = median(run.power.samples for run in runs)
                print(
                    f"{meter:<12}{wave:<16}{joules:>9.2f}{really:>9.2f}{errors:>26}{samples:>9.0f}  {held}", flush=True
                )
            board.tree.quiet()


def worst(runs: list[harness.Measured]) -> float:
    return max(abs(run.error) for run in runs)


if __name__ == "__main__":
    main()
