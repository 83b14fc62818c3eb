"""Does the split by layer add up? The sum of a profiled pass's kernels beside the time of unprofiled runs.

    python tests/benchmarks/kernel_sums.py [NAME …] [--rounds 5] [--runs 15] [--warmup 3]

Each profile is a fresh process, as the program takes it: unprofiled runs first, then the profiled pass. The networks
take turns, round by round, so that a slow spell of the machine falls on all of them. Nothing is scaled to fit. Printed
for each network: the medians of the rounds, the ratio (all kernels ÷ end to end), what of the kernels belongs to
no layer, what profiling itself cost, and what of the profiled pass lies between its kernels.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[2]))

from devices import device
from profiler import zoo
from profiler.measurement import Profile, ProfileSettings
from profiler.network import save
from profiler.progress import drain
from profiler.trace import Outline, outline

NETWORKS = ("VGG-16", "ResNet-50", "LeNet-5")
LOW, HIGH = 0.95, 1.05


@dataclass(frozen=True)
class Round:
    """Milliseconds, each the median over a round's runs."""

    end_to_end: float
    profiled: float
    layers: float
    unmatched: float
    busy: float | None

    @property
    def ratio(self) -> float:
        return (self.layers + self.unmatched) / self.end_to_end


def taken(profile: Profile) -> Round:
    runs = range(len(profile.profiled_ms))
    layers = [sum(layer.microseconds[run] for layer in profile.layers) / 1000 for run in runs]
    unmatched = [us / 1000 for us in profile.unmatched_us] or [0.0]
    return Round(profile.median_ms, median(profile.profiled_ms), median(layers), median(unmatched), profile.load.before)


def report(name: str, rounds: list[Round]) -> None:
    def middle(key: str) -> float:
        return median(getattr(each, key) for each in rounds)

    ratios = sorted(each.ratio for each in rounds)
    spread = f"{ratios[0]:.3f} to {ratios[-1]:.3f}"
    held = "" if name.startswith("LeNet") else ("held" if LOW <= median(ratios) <= HIGH else "missed")
    overhead = median(100 * (each.profiled / each.end_to_end - 1) for each in rounds)
    between = median(100 * (1 - (each.layers + each.unmatched) / each.profiled) for each in rounds)
    aside = median(100 * each.unmatched / (each.layers + each.unmatched) for each in rounds)
    print(
        f"{name:12} {middle('end_to_end'):9.3f} {middle('layers') + middle('unmatched'):9.3f}  {median(ratios):6.3f}"
        f"  {spread:16} {aside:8.2f} % {overhead:8.1f} % {between:8.2f} %  {held}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=list(NETWORKS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--warmup", type=int, default=3)
    asked = parser.parse_args()
    here = device("cpu")
    found: dict[str, list[Round]] = {name: [] for name in asked.networks}
    with tempfile.TemporaryDirectory() as folder:
        files: dict[str, tuple[Path, Outline]] = {}
        for name in asked.networks:
            network, path = zoo.build(name), Path(folder, f"{name}.onnx")
            save(network, path)
            files[name] = (path, outline(network))
        for number in range(asked.rounds):
            for name, (path, names) in files.items():
                runs = asked.runs * 20 if name.startswith("LeNet") else asked.runs
                settings = ProfileSettings(runs=runs, warmup=asked.warmup)
                one = taken(drain(here.profile(path, names, settings, digest="0" * 64)))
                found[name].append(one)
                busy = "" if one.busy is None else f", machine {100 * one.busy:.0f} % busy before"
                print(f"round {number + 1} {name}: {one.ratio:.3f}{busy}", file=sys.stderr)
    facts = here.facts()
    print(
        f"{facts.cpu}, {facts.cores} cores, onnxruntime {facts.engines['onnxruntime']}, {asked.rounds} rounds in turn"
    )
    print(
        f"{'network':12} {'run, ms':>9} {'kernels':>9}  {'ratio':>6}  {'of the rounds':16} {'no layer':>10} "
        f"{'profiling':>10} {'between':>10}  {LOW} to {HIGH}"
    )
    for name, rounds in found.items():
        report(name, rounds)


if __name__ == "__main__":
    main()
