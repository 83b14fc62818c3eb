"""Does the split by layer add up? The sum of a profiled pass's kernels beside the time of unprofiled runs.

    python tests/benchmarks/kernel_sums.py [NAME …] [--rounds 5] [--runs 15] [--warmup 3]

Two ways, nothing scaled to fit in either:

as the program profiles: a fresh process for each round, unprofiled runs first, then the profiled pass; the networks
take turns. On a machine that others use, the two passes fall on different spells of it.
in turn: one process holds a plain session and a profiled one, and they run alternately, so that slow spells fall on
both.

Printed for each network: medians of the rounds, the ratio (all kernels ÷ end to end) with its range, what of the
kernels belongs to no layer, what profiling itself cost, and what of the profiled pass lies between its kernels.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from devices import device
from profiler import zoo
from profiler.formats.onnx import read_onnx
from profiler.measurement import Profile, ProfileSettings
from profiler.network import save
from profiler.progress import drain
from profiler.trace import kernel_times, match, outline

NETWORKS = ("VGG-16", "ResNet-50", "LeNet-5")
NO_BAR = "LeNet-5"
LOW, HIGH = 0.95, 1.05


@dataclass(frozen=True)
class Round:
    """Milliseconds, each the median over a round's runs."""

    end_to_end: float
    profiled: float
    layers: float
    unmatched: float

    @property
    def ratio(self) -> float:
        return (self.layers + self.unmatched) / self.end_to_end


def taken(profile: Profile) -> Round:
    """A round of the program's own profile."""
    runs = range(len(profile.profiled_ms))
    layers = [sum(layer.microseconds[run] for layer in profile.layers) / 1000 for run in runs]
    unmatched = [us / 1000 for us in profile.unmatched_us] or [0.0]
    return Round(profile.median_ms, median(profile.profiled_ms), median(layers), median(unmatched))


def in_turn(path: Path, rounds: int, runs: int, warmup: int) -> list[Round]:
    """In this process: plain, profiled, plain, profiled …, with the agent's own sessions and inputs."""
    import onnxruntime

    from devices import agent

    request: dict[str, Any] = {"threads": 1, "batch": 1}
    with tempfile.TemporaryDirectory() as folder:
        plain = agent.load(onnxruntime, request, str(path))
        traced = agent.load(onnxruntime, request, str(path), trace=str(Path(folder, "trace")))
        feeds = agent.inputs_for(plain, request)
        for _ in range(warmup):
            agent.timed(plain, feeds)
            agent.timed(traced, feeds)
        times = [(agent.timed(plain, feeds), agent.timed(traced, feeds)) for _ in range(rounds * runs)]
        events = agent.kernel_events(json.loads(Path(traced.end_profiling()).read_text()), warmup)
    rows, unmatched = match(kernel_times(events), outline(read_onnx(path)))
    layers = [sum(row.microseconds[run] for row in rows) / 1000 for run in range(rounds * runs)]
    return [
        Round(
            median(each for each, _ in times[part]),
            median(each for _, each in times[part]),
            median(layers[part]),
            median(unmatched[part]) / 1000,
        )
        for part in (slice(number * runs, (number + 1) * runs) for number in range(rounds))
    ]


def fresh(path: Path, asked: argparse.Namespace, runs: int) -> list[Round]:
    """`in_turn` in a process of its own."""
    numbers = [str(each) for each in (asked.rounds, runs, asked.warmup)]
    found = subprocess.run(
        [sys.executable, __file__, "--one", str(path), *numbers], stdout=subprocess.PIPE, text=True, check=True
    )
    return [Round(**each) for each in json.loads(found.stdout)]


def report(title: str, found: dict[str, list[Round]]) -> None:
    print(f"\n{title}")
    head = ("network", "run, ms", "kernels", "ratio", "of the rounds", "no layer", "profiling", "between", "")
    print("{:12} {:>9} {:>9} {:>7}  {:16} {:>9} {:>10} {:>9}  {}".format(*head))
    for name, rounds in found.items():
        ratios = sorted(each.ratio for each in rounds)
        held = "" if name == NO_BAR else ("held" if LOW <= median(ratios) <= HIGH else "missed")
        kernels = [each.layers + each.unmatched for each in rounds]
        aside = median(100 * each.unmatched / whole for each, whole in zip(rounds, kernels, strict=True))
        between = median(100 * (1 - whole / each.profiled) for each, whole in zip(rounds, kernels, strict=True))
        overhead = median(100 * (each.profiled / each.end_to_end - 1) for each in rounds)
        print(
            f"{name:12} {median(each.end_to_end for each in rounds):9.3f} {median(kernels):9.3f} {median(ratios):7.3f}"
            f"  {f'{ratios[0]:.3f} to {ratios[-1]:.3f}':16} {aside:7.2f} % {overhead:8.1f} % {between:7.2f} %  {held}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=list(NETWORKS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--warmup", type=int, default=3)
    asked = parser.parse_args()
    here = device("cpu")
    runs = {name: asked.runs * (20 if name == NO_BAR else 1) for name in asked.networks}
    apart: dict[str, list[Round]] = {name: [] for name in asked.networks}
    paired: dict[str, list[Round]] = {}
    busy: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder, f"{name}.onnx") for name in asked.networks}
        for name, path in paths.items():
            save(zoo.build(name), path)
        for _ in range(asked.rounds):
            for name, path in paths.items():
                settings = ProfileSettings(runs=runs[name], warmup=asked.warmup)
                profile = drain(here.profile(path, outline(read_onnx(path)), settings, digest="0" * 64))
                busy += [] if profile.load.before is None else [profile.load.before]
                apart[name].append(taken(profile))
        for name, path in paths.items():
            paired[name] = fresh(path, asked, runs[name])
    facts = here.facts()
    print(f"{facts.cpu}, {facts.cores} cores, onnxruntime {facts.engines['onnxruntime']}, {asked.rounds} rounds")
    print(f"bar: a median ratio of {LOW} to {HIGH}; machine busy before a round: {100 * median(busy or [0]):.0f} %")
    report("As the program profiles, in a process for each round:", apart)
    report("Plain and profiled runs in turn, in one process:", paired)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps([asdict(each) for each in in_turn(Path(sys.argv[2]), *map(int, sys.argv[3:6]))]))
    else:
        main()
